"""A client of the first generation, written from the rows of its description alone, with the standard library alone.

Arguments: the service's address, the folder that its tools work in, and the rows, names or groups of the checks that
are wanted (all without any).
"""

import sys

import agents
import context
import delegate
import examples
import http_server
import sessions
import templates
import variables
from provider import Provider
from rows import World, run
from service import Service

done, failed = run(World(Service(sys.argv[1]), Provider(), sys.argv[2]), sys.argv[3:])
print(f"{done} checks, {failed} failed")
sys.exit(1 if failed or not done else 0)
