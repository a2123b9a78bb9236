"""MCP servers and their tools (S1-31, S1-67, S1-79, S1-85 to S1-97)."""

import concurrent.futures
import sys

from client import call, equal, error, get, holds, infer, keys, model, post, row, write
from provider import Reply

SERVER = r"""
import json, os, sys
print("this line is no JSON", flush=True)
def text(*parts):
    return {"content": [{"type": "text", "text": part} for part in parts]}
for line in sys.stdin:
    message = json.loads(line)
    if "id" not in message:
        continue
    params = message.get("params") or {}
    print(json.dumps({"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info", "data": "x"}}), flush=True)
    if message["method"] == "initialize":
        result = {"protocolVersion": "2024-11-05", "capabilities": {"tools": {}}, "serverInfo": {"name": "rows", "version": "1"}}
    elif message["method"] == "tools/list":
        schema = {"type": "object", "properties": {"size": {"type": "integer"}}}
        result = {"tools": [{"name": name, "description": "Tells " + name, "inputSchema": schema} for name in ("pid", "parts", "large", "secret", "fail")]}
    else:
        size = params.get("arguments", {}).get("size", 0)
        result = {
            "pid": lambda: text(str(os.getpid())),
            "parts": lambda: text("one", "two"),
            "large": lambda: text("x" * size),
            "secret": lambda: text(os.environ.get("ROWS_SECRET", "none")[:4]),
            "fail": lambda: {**text("it broke"), "isError": True},
        }[params["name"]]()
    print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)
"""


@row("S1-85", "S1-86", "S1-93", "S1-94", "S1-95", "S1-96", "S1-97", "S1-31", "S1-87")
def mcp_servers():
    path = write("servers/rows.py", SERVER)
    server = {"command": sys.executable, "args": [path], "env": {"ROWS_SECRET": "very-secret"}}
    answer = post("/v1/tools/mcp", {"mcpServers": {"rows": server, "off": {**server, "disabled": True}}})
    equal(answer.status, 200, answer)
    names = ["pid", "parts", "large", "secret", "fail"]
    equal(answer.body["registered_servers"], ["rows"])
    equal(sorted(answer.body["registered_tools"]), sorted("mcp-rows-" + name for name in names))
    assert not answer.body.get("errors"), answer
    listed = next(one for one in get("/v1/tools").body["tools"] if one["tool_id"] == "mcp-rows-parts")
    keys(listed, ["tool_id", "tool_type", "name", "description", "parameters", "mcp_server_name", "tool_name"])
    equal(
        (listed["tool_type"], listed["name"], listed["tool_name"], listed["mcp_server_name"]),
        ("mcp", "parts", "parts", "rows"),
    )
    equal(listed["parameters"]["properties"], {"size": {"type": "integer"}})
    servers = get("/v1/mcp-servers")
    keys(servers.body, ["mcpServers"])
    shown = servers.body["mcpServers"]["rows"]
    equal((shown["command"], shown["args"], list(shown["env"])), (sys.executable, [path], ["ROWS_SECRET"]))
    assert "very-secret" not in servers.raw.decode()
    run = lambda name, **arguments: post("/v1/tools/call", {"tool_id": name, "arguments": arguments})
    equal(run("mcp-rows-parts").body, {"result": "one\ntwo"})
    equal(run("parts").body, {"result": "one\ntwo"})
    equal(run("mcp-rows-secret").body, {"result": "very"})
    error(run("mcp-rows-fail"), 400, "it broke")
    equal(len(run("mcp-rows-large", size=3_000_000).body["result"]), 3_000_000)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        pids = {answer.body["result"] for answer in pool.map(lambda _: run("mcp-rows-pid"), range(8))}
    equal(len(pids), 1, pids)
    name = model(Reply("", calls=[("c1", "parts", "{}")]), Reply("done"))
    tool = infer(model_id=name, text="Hi", tool_ids=["mcp-rows-parts"])["messages"][1]
    equal((tool["name"], tool["content"], tool["tool_id"]), ("parts", "one\ntwo", "mcp-rows-parts"))
    failed = post("/v1/tools/mcp", {"mcpServers": {"broken": {"command": "/no/such/program"}}})
    error(failed, 400)
    equal((failed.body["registered_servers"], failed.body["registered_tools"]), ([], []))
    assert failed.body["errors"] and "broken" not in get("/v1/mcp-servers").body["mcpServers"], failed
    both = post("/v1/tools/mcp", {"mcpServers": {"broken": {"command": "/no/such/program"}, "rows": server}})
    equal((both.status, both.body["registered_servers"], len(both.body["errors"])), (200, ["rows"], 1))
    for wrong in ({}, {"mcpServers": []}, {"mcpServers": {}}):
        error(post("/v1/tools/mcp", wrong), 400, "mcpServers")
    gone = call("DELETE", "/v1/mcp-servers/rows")
    keys(gone.body, ["status", "server_name", "deleted_tools"])
    equal((gone.status, gone.body["status"], gone.body["server_name"]), (200, "deleted", "rows"))
    equal(sorted(gone.body["deleted_tools"]), sorted("mcp-rows-" + name for name in names))
    assert not [one for one in get("/v1/tools").body["tools"] if one["tool_id"].startswith("mcp-rows")]
    error(call("DELETE", "/v1/mcp-servers/rows"), 404)


@row("S1-79", "S1-67")
def an_mcp_tool_brings_its_server():
    path = write("servers/rows.py", SERVER)
    body = {
        "tool_id": "my-parts",
        "tool_type": "mcp",
        "name": "my_parts",
        "description": "Mine",
        "parameters": {"type": "object", "properties": {}},
        "mcp_server_name": "brought",
        "tool_name": "parts",
        "mcp_command": sys.executable,
        "mcp_args": [path],
    }
    answer = post("/v1/tools", body)
    equal((answer.status, answer.body), (201, {"status": "registered", "tool_id": "my-parts"}))
    listed = next(one for one in get("/v1/tools").body["tools"] if one["tool_id"] == "my-parts")
    equal((listed["mcp_server_name"], listed["tool_name"], listed["name"]), ("brought", "parts", "my_parts"))
    equal(post("/v1/tools/call", {"tool_id": "my-parts"}).body, {"result": "one\ntwo"})
    # Names that two servers share: the request's own tools come first.
    equal(post("/v1/tools/mcp", {"mcpServers": {"other": {"command": sys.executable, "args": [path]}}}).status, 200)
    name = model(Reply("", calls=[("c1", "pid", "{}")]), Reply("done"))
    tool = infer(model_id=name, text="Hi", tool_ids=["mcp-other-pid"])["messages"][1]
    equal(tool["tool_id"], "mcp-other-pid")
    holds(call("DELETE", "/v1/mcp-servers/brought").body["deleted_tools"], "my-parts")
    equal(call("DELETE", "/v1/mcp-servers/other").status, 200)
