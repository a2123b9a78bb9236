"""A client of the first generation, written from the rows of its description alone, with the standard library alone.

Arguments: the service's address, the folder that its tools work in, and rows or checks to run (all without any).
"""

import sys

import inference
import interruption
import protocols
import servers
import skills
import tools
from client import rows, run

failed = run(sys.argv[3:])
print(f"{len(rows)} checks, {failed} failed")
sys.exit(1 if failed else 0)
