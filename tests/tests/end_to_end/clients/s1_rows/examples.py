"""Group S: the examples, as acceptance scenarios."""

import os

from provider import call, last, say, text
from rows import equal, row

SEARCH = '''
def search(query: str, limit: int = 3) -> str:
    """Search the web.

    Args:
        query: what to look for
        limit: the most results
    """
    return f"found {limit} for {query}"
'''

SKILL = """---
name: release-notes
description: Writes release notes
---
# Release notes
Begin with "### Added".
"""


def once(name, arguments, finish="told: "):
    """A model that calls a tool once and then repeats what it was told."""
    def answer(request):
        if last(request)["role"] == "tool":
            return say(finish + text(last(request)))
        return call(name, arguments)
    return answer


@row("S1-211", "S1-79", "S1-89")
def a_function_tool_is_registered_and_called_by_the_model(world):
    name = "search_" + world.name("f").replace("-", "_")
    path = os.path.join(world.workspace, name + ".py")
    with open(path, "w") as file:
        file.write(SEARCH)
    registered = world.service.post("/v1/tools", {
        "tool_type": "function", "name": name, "description": "Search the web",
        "function_file_path": path, "function_name": "search",
        "parameters": {"type": "object", "properties": {"query": {"type": "string"}, "limit": {"type": "integer"}},
                       "required": ["query"]}})
    equal((registered.status, registered.body), (201, {"status": "registered", "tool_id": f"function-{name}"}))
    model = world.model(once(name, {"query": "troupe"}))
    answer = world.service.infer(model_id=model, tool_ids=[f"function-{name}"], text="Search for troupe", max_tool_rounds=10)
    equal(answer["messages"][-1]["content"], "told: found 3 for troupe")
    direct = world.service.post("/v1/tools/call", {"tool_id": name, "arguments": {"query": "x", "limit": 1}})
    equal((direct.status, direct.body), (200, {"result": "found 1 for x"}))


@row("S1-214", "S1-102", "S1-104", "S1-105")
def a_skill_is_disclosed_step_by_step(world):
    folder = os.path.join(world.workspace, world.name("skill"))
    os.mkdir(folder)
    name = world.name("release-notes")
    with open(os.path.join(folder, "SKILL.md"), "w") as file:
        file.write(SKILL.replace("name: release-notes", f"name: {name}"))
    registered = world.service.post("/v1/tools/skill", {"skill_dir": folder})
    equal((registered.status, registered.body), (201, {"status": "registered", "tool_id": f"skill-{name}"}))

    def answer(request):
        names = [tool["function"]["name"] for tool in request.get("tools", [])]
        if last(request)["role"] == "user":
            return call(names[0], {})
        return say("### Added")

    model = world.model(answer)
    frames = [data for _, data in world.service.inferring(model_id=model, tool_ids=[f"skill-{name}"], text="Write notes")]
    first, second = world.asked(model)
    equal(len(first["tools"]), 1)
    equal(first["tools"][0]["function"]["description"], "Writes release notes")
    assert "# Release notes" not in str(first), first
    assert "# Release notes" in text(last(second)), second
    equal(sorted(tool["function"]["name"] for tool in second["tools"]), ["bash", "fetch"])
    assert any(isinstance(data, dict) and data.get("content") == "### Added" for data in frames), frames


MCP_SERVER = '''
import json, sys
TOOLS = [{"name": name, "description": name, "inputSchema": {"type": "object", "properties": {"zone": {"type": "string"}}}}
         for name in ("get_time", "fetch_page")]
for line in sys.stdin:
    message = json.loads(line)
    if "id" not in message:
        continue
    if message["method"] == "initialize":
        result = {"protocolVersion": message["params"]["protocolVersion"], "capabilities": {"tools": {}},
                  "serverInfo": {"name": "time", "version": "1"}}
    elif message["method"] == "tools/list":
        result = {"tools": TOOLS}
    else:
        zone = message["params"]["arguments"].get("zone")
        result = {"content": [{"type": "text", "text": f"noon in {zone}"}, {"type": "text", "text": "sharp"}]}
    print("some noise of a library")
    print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)
'''


@row("S1-212", "S1-213", "S1-85", "S1-95")
def tools_of_an_mcp_server_are_called_over_both_protocols(world):
    server = world.name("clock")
    config = {server: {"command": "python3", "args": ["-c", MCP_SERVER]}}
    registered = world.service.post("/v1/tools/mcp", {"mcpServers": config})
    tools = [f"mcp-{server}-get_time", f"mcp-{server}-fetch_page"]
    equal(registered.status, 200)
    equal((registered.body["registered_servers"], sorted(registered.body["registered_tools"])), ([server], sorted(tools)))
    for protocol, base in (("openai", world.provider.url), ("ollama", world.provider.root)):
        model = world.model(once("get_time", {"zone": "Oslo"}), api_protocol=protocol, api_base=base)
        stream = world.service.inferring(model_id=model, tool_ids=tools, text="What time is it?")
        frames = [data for _, data in stream if isinstance(data, dict)]
        told = [frame for frame in frames if frame.get("role") == "tool"]
        equal([(frame["name"], frame["content"]) for frame in told], [("get_time", "noon in Oslo\nsharp")])
        said = "".join(frame["content"] for frame in frames if frame.get("role") == "assistant")
        equal(said, "told: noon in Oslo\nsharp")
        names = [tool["function"]["name"] for tool in world.asked(model)[0]["tools"]]
        equal(sorted(names), ["fetch_page", "get_time"])


@row("S1-217", "S1-59")
def the_answer_is_rebuilt_from_the_stream(world):
    model = world.model(once("bash", {"command": "echo hi"}))
    request = {"model_id": model, "tool_ids": ["bash"], "text": "go"}
    whole = world.service.infer(**request)
    messages, stat = [], None
    for event, frame in world.service.inferring(**request):
        if event or frame == "[DONE]":
            continue
        if frame["role"] == "usage":
            equal(frame["name"], "round")
            stat = frame["content"]
        elif frame["role"] == "tool":
            messages.append(frame)
        else:
            if not messages or messages[-1]["role"] != "assistant":
                messages.append({"role": "assistant", "content": ""})
            messages[-1]["content"] += frame["content"]
            for piece in frame.get("tool_calls", []):
                calls = messages[-1].setdefault("tool_calls", [])
                index = piece.pop("_index")
                if index == len(calls):
                    calls.append(piece)
                else:
                    calls[index]["arguments"] += piece["arguments"]
    equal(messages, whole["messages"])
    assert stat and whole["stat"] and whole["success"] is True, whole


@row("S1-218", "S1-126")
def a_plan_agent_delegates_to_a_main_agent(world):
    template = world.name("plan_agent")
    world.service.post("/v1/prompt-templates", {
        "template_id": template, "content": "Plan for {{user}}. Models: {{models}}.\n{{TOOLS}}"})
    small = world.model(once("bash", {"command": "echo 4"}, "sum "), stem="small")

    def plan(request):
        if last(request)["role"] == "tool":
            return say("plan done: " + text(last(request)))
        return call("delegate", {"model_id": small, "tool_names": ["bash"], "task": "Add", "context": "MainAgent"})

    planner = world.model(plan, stem="planner")
    messages = [
        {"role": "system", "content": "", "prompt_template": template, "arguments": {"user": "Ada", "models": small}},
        {"role": "user", "content": "Add 2 and 2"},
    ]
    session = world.service.infer(model_id=planner, tool_ids=["delegate", "bash", "fetch"], messages=messages,
                                  session_id="new", max_tool_rounds=20)
    equal(session["messages"][-1]["content"].strip(), "plan done: sum 4")
    told = world.asked(planner)[0]
    prompt = text(told["messages"][0])
    assert prompt.startswith(f"Plan for Ada. Models: {small}.") and "| bash |" in prompt and "| fetch |" in prompt, prompt
    equal([tool["function"]["name"] for tool in told["tools"]], ["delegate"])
    equal([tool["function"]["name"] for tool in world.asked(small)[0]["tools"]], ["bash"])
    assert "MainAgent" in text(world.asked(small)[0]["messages"][0]), world.asked(small)[0]
