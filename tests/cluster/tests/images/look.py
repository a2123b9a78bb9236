"""Prints whether Python has what tools rely on: authorities, time zones, and its own modules compiled."""

import json
import os
import sqlite3
import ssl
import zoneinfo

found = {
    "authorities": len(ssl.create_default_context().get_ca_certs()) > 100,
    "zone": zoneinfo.ZoneInfo("Europe/Berlin").key,
    "database": sqlite3.connect(":memory:").execute("select 1").fetchone()[0],
    "compiled": os.path.exists(json.__cached__),
}
print(json.dumps(found))
