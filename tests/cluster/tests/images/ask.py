"""Prints the names of an MCP server's tools, asked for over streamable HTTP: ask.py URL."""

import json
import sys
import time
import urllib.error
import urllib.request

headers = {"content-type": "application/json", "accept": "application/json, text/event-stream"}


def opened(request):
    # The node's proxy learns of a ready pod a moment after the test.
    for _ in range(300):
        try:
            return urllib.request.urlopen(request, timeout=60)
        except urllib.error.URLError as error:
            if not isinstance(error.reason, ConnectionRefusedError):
                raise
            time.sleep(0.1)
    raise SystemExit("nobody listens at " + sys.argv[1])


def post(message):
    request = urllib.request.Request(sys.argv[1], json.dumps({"jsonrpc": "2.0", **message}).encode(), headers)
    with opened(request) as response:
        session = response.headers.get("mcp-session-id")
        if session:
            headers["mcp-session-id"] = session
        body = response.read().decode()
    # Either one object or the one event of a stream.
    lines = [line.removeprefix("data:").strip() for line in body.splitlines() if line.startswith(("data:", "{"))]
    return next((json.loads(line) for line in lines if line), {})


client = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
post({"id": 1, "method": "initialize", "params": client})
post({"method": "notifications/initialized"})
answer = post({"id": 2, "method": "tools/list"})
print(json.dumps([tool["name"] for tool in answer["result"]["tools"]]))
