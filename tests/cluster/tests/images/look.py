"""Prints whether Python has what tools rely on: authorities, time zones, and its own modules compiled."""

import contextlib
import json
import sqlite3
import ssl
import zoneinfo

found = {
    "authorities": len(ssl.create_default_context().get_ca_certs()) > 100,
    "zone": zoneinfo.ZoneInfo("Europe/Berlin").key,
    "database": sqlite3.connect(":memory:").execute("select 1").fetchone()[0],
    # By the hash of its source, which nobody compares: times are not kept.
    "compiled": all(open(module.__cached__, "rb").read(5)[4] == 1 for module in (contextlib, json)),
}
print(json.dumps(found))
