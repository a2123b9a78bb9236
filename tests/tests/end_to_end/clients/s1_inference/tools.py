"""Tools: functions, built-in ones, calls without a model (S1-17, S1-77 to S1-90)."""

import os
import sys

from client import call, equal, error, get, holds, infer, keys, model, post, row, workspace, write
from provider import BASE, Reply
from servers import SERVER

FIELDS = {
    "tool_id",
    "tool_type",
    "name",
    "description",
    "parameters",
    "mcp_server_name",
    "tool_name",
    "steps",
    "function_file_path",
    "function_name",
    "skill_dir",
    "builtin",
}

WEATHER = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


@row("S1-17", "S1-77", "S1-78")
def tools_are_listed():
    answer = get("/v1/tools")
    keys(answer.body, ["tools"])
    tools = {one["tool_id"]: one for one in answer.body["tools"]}
    for one in tools.values():
        assert {"tool_id", "tool_type", "name", "description", "parameters"} <= set(one) <= FIELDS, one
        assert one["tool_type"] in ("function", "mcp", "skill") and None not in one.values(), one
        assert one.get("builtin", True) is True, one
    for name in ("bash", "fetch", "delegate"):
        equal((tools[name]["name"], tools[name]["tool_type"], tools[name]["builtin"]), (name, "function", True))
    properties = lambda name: tools[name]["parameters"]["properties"]
    equal(set(properties("bash")), {"command", "cwd"})
    equal(tools["bash"]["parameters"]["required"], ["command"])
    assert {"url", "method", "body", "headers"} <= set(properties("fetch")), properties("fetch")
    equal(tools["fetch"]["parameters"]["required"], ["url"])
    assert {"model_id", "tool_names", "task", "context"} <= set(properties("delegate")), properties("delegate")


@row("S1-79", "S1-80", "S1-81", "S1-89")
def function_tools():
    path = write("tools/weather.py", "def get_weather(city):\n    return f'{city}: rain'\n")
    body = {
        "tool_type": "function",
        "name": "get_weather",
        "description": "Tells the weather",
        "parameters": WEATHER,
        "function_file_path": path,
        "function_name": "get_weather",
    }
    for field in ("tool_type", "name", "description", "parameters"):
        error(
            post("/v1/tools", {key: value for key, value in body.items() if key != field}),
            400,
            f"Missing required field: {field}",
        )
    error(post("/v1/tools", {**body, "function_file_path": "/no/such.py"}), 400)
    error(post("/v1/tools", {**body, "tool_type": "magic"}), 400, "tool_type")
    error(
        post("/v1/tools", {**body, "tool_type": "mcp", "mcp_server_name": "x", "mcp_command": "x"}),
        400,
        "Missing required field: tool_id",
    )
    answer = post("/v1/tools", body)
    equal((answer.status, answer.body), (201, {"status": "registered", "tool_id": "function-get_weather"}))
    listed = next(one for one in get("/v1/tools").body["tools"] if one["tool_id"] == "function-get_weather")
    keys(listed, ["tool_id", "tool_type", "name", "description", "parameters", "function_file_path", "function_name"])
    equal((listed["parameters"], listed["function_file_path"]), (WEATHER, path))
    name = model(Reply("", calls=[("c1", "get_weather", '{"city": "Oslo"}')]), Reply("done"))
    equal(infer(model_id=name, text="Hi", tool_ids=["function-get_weather"])["messages"][1]["content"], "Oslo: rain")
    # The file is read again when the tool is registered again.
    write("tools/weather.py", "def get_weather(city):\n    return f'{city}: sun'\n")
    updated = call("PUT", "/v1/tools/function-get_weather", {**listed, "name": "weather"})
    equal((updated.status, updated.body), (200, {"status": "updated", "tool_id": "function-weather"}))
    equal(post("/v1/tools/call", {"tool_id": "weather", "arguments": {"city": "Oslo"}}).body, {"result": "Oslo: sun"})
    error(call("PUT", "/v1/tools/function-get_weather", listed), 404)
    error(call("PUT", "/v1/tools/bash", listed), 403)
    error(call("DELETE", "/v1/tools/bash"), 403)
    gone = call("DELETE", "/v1/tools/function-weather")
    equal((gone.status, gone.body), (200, {"status": "deleted", "tool_id": "function-weather"}))
    error(call("DELETE", "/v1/tools/function-weather"), 404)


@row("S1-82")
def tools_are_deleted_together():
    path = write("tools/one.py", "def one():\n    return 1\n")
    post(
        "/v1/tools",
        {
            "tool_type": "function",
            "name": "one",
            "description": "One",
            "parameters": {"type": "object"},
            "function_file_path": path,
        },
    )
    answer = call("DELETE", "/v1/tools/batch", {"tool_ids": ["function-one", "nothing", "bash"]})
    equal(
        (answer.status, answer.body),
        (200, {"deleted": ["function-one"], "not_found": ["nothing"], "skipped": ["bash"]}),
    )
    error(call("DELETE", "/v1/tools/batch", {"tool_ids": "bash"}), 400, "tool_ids")
    error(call("DELETE", "/v1/tools/batch", {}), 400, "tool_ids")
    equal(call("DELETE", "/v1/tools/batch", {"tool_ids": []}).body, {"deleted": [], "not_found": [], "skipped": []})


@row("S1-83", "S1-84", "S1-90")
def tools_are_called():
    run = lambda command, **more: post("/v1/tools/call", {"tool_id": "bash", "arguments": {"command": command}, **more})
    answer = run("echo hello")
    equal(answer.status, 200, answer)
    keys(answer.body, ["result"])
    equal(answer.body["result"].strip(), "hello")
    equal(run("true").body["result"], "(empty output)")
    failed = run("echo out; exit 4")
    equal(failed.status, 200, failed)
    assert failed.body["result"].startswith("Exit code 4\n") and "out" in failed.body["result"], failed
    holds(run("stty size; tput cols 2>/dev/null; printf '\\033[31mred\\033[0m'").body["result"], "24 80")
    assert "\x1b" not in run("printf '\\033[31mred\\033[0m'").body["result"]
    os.makedirs(os.path.join(workspace, "sub"), exist_ok=True)
    placed = post("/v1/tools/call", {"tool_id": "bash", "arguments": {"command": "pwd", "cwd": "sub"}})
    holds(placed.body["result"], "/sub")
    equal(run("echo '{\"a\": [1]}'", format="json").body, {"result": {"a": [1]}})
    equal(run("echo '[1, 2]'", format="json").body, {"result": [1, 2]})
    equal(
        run("printf 'So:\\n```json\\n{\"b\": 2}\\n```\\n```json\\n{}\\n```\\n'", format="json").body,
        {"result": {"b": 2}},
    )
    said = "Result is not valid JSON and no embedded JSON could be extracted"
    for text in ("hello", "5", "null", "```json {oops} ```"):
        error(run(f"echo '{text}'", format="json"), 400, said)
    error(post("/v1/tools/call", {"tool_id": "bash", "arguments": {}}), 400, "Error:")
    error(post("/v1/tools/call", {"tool_id": "bash", "arguments": ["x"]}), 400, "arguments")
    error(post("/v1/tools/call", {"arguments": {}}), 400, "tool_id")
    answer = post("/v1/tools/call", {"tool_id": "nothing"})
    assert answer.status in (400, 404) and answer.body["error"], answer
    error(post("/v1/tools/call", {"tool_id": "fetch", "arguments": {"url": BASE}}), 400, "Error:")


@row("S1-68", "S1-83")
def errors_of_tools_say_so():
    path = write(
        "tools/broken.py",
        "def broken(kind=''):\n    if kind == 'none':\n        return None\n    return {}['missing']\n",
    )
    post(
        "/v1/tools",
        {
            "tool_type": "function",
            "name": "broken",
            "description": "Breaks",
            "parameters": {"type": "object", "properties": {"kind": {"type": "string"}}},
            "function_file_path": path,
        },
    )
    failed = post("/v1/tools/call", {"tool_id": "function-broken"})
    error(failed, 400, "KeyError")
    assert failed.body["error"].startswith("Error:"), failed
    name = model(Reply("", calls=[("c1", "broken", "{}"), ("c2", "broken", '{"kind": "none"}')]), Reply("done"))
    results = infer(model_id=name, text="Hi", tool_ids=["function-broken"])["messages"]
    assert results[1]["content"].startswith("Error: KeyError"), results
    assert not results[2]["content"].startswith("Error"), results
    server = write("servers/rows.py", SERVER)
    post("/v1/tools/mcp", {"mcpServers": {"failing": {"command": sys.executable, "args": [server]}}})
    failed = post("/v1/tools/call", {"tool_id": "mcp-failing-fail"})
    error(failed, 400, "it broke")
    assert failed.body["error"].startswith("Error:"), failed
    call("DELETE", "/v1/mcp-servers/failing")
