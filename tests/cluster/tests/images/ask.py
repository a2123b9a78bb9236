"""Prints the names of an MCP server's tools, asked for over streamable HTTP: ask.py URL."""

import json
import sys
import urllib.request

headers = {"content-type": "application/json", "accept": "application/json, text/event-stream"}


def post(message):
    request = urllib.request.Request(sys.argv[1], json.dumps({"jsonrpc": "2.0", **message}).encode(), headers)
    with urllib.request.urlopen(request, timeout=60) as response:
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
