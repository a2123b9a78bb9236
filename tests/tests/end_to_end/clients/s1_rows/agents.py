"""Group M: saved agents."""

import re

from provider import say, text
from rows import equal, keys, problem, row

FIELDS = ["agent_id", "avatar", "description", "group", "last_modified", "model_id", "myself_view", "nickname",
          "system_prompt", "template_arguments", "template_id", "tool_ids"]


def created(world, **fields):
    """Creates an agent; its id."""
    answer = world.service.post("/v1/agents", fields)
    equal(answer.status, 201)
    keys(answer.body, "status", "agent_id")
    equal(answer.body["status"], "created")
    return answer.body["agent_id"]


def systems(request):
    return [text(message) for message in request["messages"] if message["role"] == "system"]


@row("S1-23", "S1-152", "S1-153")
def an_agent_is_created_and_shown(world):
    model = world.model(say("ok"))
    least = created(world, model_id=model, nickname="Least")
    assert re.match(r"\d{6}_\d{6}", least), least
    shown = world.service.get(f"/v1/agents/{least}")
    equal(shown.status, 200)
    keys(shown.body, *FIELDS)
    last_modified = shown.body.pop("last_modified")
    assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", last_modified), last_modified
    equal(shown.body, {"agent_id": least, "model_id": model, "nickname": "Least", "tool_ids": [], "template_id": None,
                       "template_arguments": {}, "system_prompt": "", "myself_view": "", "description": "",
                       "avatar": "", "group": ""})
    template = world.name("agent template")
    world.service.post("/v1/prompt-templates", {"template_id": template, "content": "Be {{mood}}."})
    whole = {"model_id": model, "nickname": "小助手", "tool_ids": ["bash", "fetch"], "template_id": template,
             "template_arguments": {"mood": "kind"}, "system_prompt": "Say yes.", "myself_view": "I am me.",
             "description": "Does all.", "avatar": "data:image/png;base64,AAAA", "group": "helpers"}
    identifier = created(world, **whole, something_newer=1)
    shown = world.service.get(f"/v1/agents/{identifier}").body
    equal({name: shown[name] for name in whole}, whole)


@row("S1-153")
def what_an_agent_needs_is_asked_for(world):
    model = world.model(say("ok"))
    problem(world.service.post("/v1/agents", {"nickname": "x"}), 400, "Missing required field", "model_id")
    problem(world.service.post("/v1/agents", {"model_id": model}), 400, "Missing required field", "nickname")
    problem(world.service.post("/v1/agents", ""), 400)
    problem(world.service.post("/v1/agents", {"model_id": model, "nickname": "x", "tool_ids": "bash"}), 400, "tool_ids")


@row("S1-153", "S1-154", "S1-69")
def an_agent_names_what_is_not_there_yet(world):
    model, tool, template = world.name("later/qwen:9b"), world.name("function-get_weather"), world.name("Vorlage 1")
    tools = ["bash", tool, "mcp-later-devtools-new_page"]
    identifier = created(world, model_id=model, nickname="early", tool_ids=tools, template_id=template)
    shown = world.service.get(f"/v1/agents/{identifier}").body
    equal((shown["model_id"], shown["tool_ids"], shown["template_id"]), (model, tools, template))
    problem(world.service.post("/v1/infer", {"agent_id": identifier, "text": "x"}), 400)
    keys = {"nickname", "model_id", "tool_ids", "template_id"}
    whole = {name: shown[name] for name in keys}
    equal(world.service.put(f"/v1/agents/{identifier}", {**whole, "nickname": "late", "tool_ids": tools[:2]}).status, 200)
    shown = world.service.get(f"/v1/agents/{identifier}").body
    equal((shown["nickname"], shown["model_id"], shown["tool_ids"]), ("late", model, tools[:2]))
    world.provider.add("later", lambda request: say("here"))
    world.service.post("/v1/models", {"model_id": model, "api_base": world.provider.url, "model_name": "later"})
    world.service.post("/v1/prompt-templates", {"template_id": template, "content": "Be."})
    world.service.put(f"/v1/agents/{identifier}", {"tool_ids": ["bash"]})
    equal(world.service.infer(agent_id=identifier, text="x")["messages"][0]["content"], "here")


@row("S1-151", "S1-154")
def the_list_has_whole_agents_the_last_changed_first(world):
    model = world.model(say("ok"))
    first, second = created(world, model_id=model, nickname="one"), created(world, model_id=model, nickname="two")
    updated = world.service.put(f"/v1/agents/{first}", {"nickname": "newer"})
    equal((updated.status, updated.body), (200, {"status": "updated", "agent_id": first}))
    listed = world.service.get("/v1/agents")
    keys(listed.body, "agents")
    order = [agent["agent_id"] for agent in listed.body["agents"]]
    assert order.index(first) < order.index(second), order
    for agent in listed.body["agents"]:
        keys(agent, *FIELDS)
    equal(next(agent for agent in listed.body["agents"] if agent["agent_id"] == first)["nickname"], "newer")


@row("S1-154", "S1-155")
def an_agent_is_changed_in_part_and_deleted_once(world):
    model = world.model(say("ok"))
    identifier = created(world, model_id=model, nickname="kept", tool_ids=["bash"], system_prompt="Old.")
    world.service.put(f"/v1/agents/{identifier}", {"system_prompt": "New.", "tool_ids": []})
    shown = world.service.get(f"/v1/agents/{identifier}").body
    equal((shown["nickname"], shown["system_prompt"], shown["tool_ids"]), ("kept", "New.", []))
    deleted = world.service.delete(f"/v1/agents/{identifier}")
    equal((deleted.status, deleted.body), (200, {"status": "deleted", "agent_id": identifier}))
    problem(world.service.get(f"/v1/agents/{identifier}"), 404)
    problem(world.service.put(f"/v1/agents/{identifier}", {"nickname": "x"}), 404)
    problem(world.service.delete(f"/v1/agents/{identifier}"), 404)


@row("S1-156")
def an_agent_overrides_model_and_tools_and_speaks_under_its_name(world):
    own, other = world.model(say("mine")), world.model(say("theirs"))
    identifier = created(world, model_id=own, nickname="Bo", tool_ids=["bash"], system_prompt="Be Bo.")
    answer = world.service.infer(agent_id=identifier, model_id=other, tool_ids=["fetch"], messages=[
        {"role": "system", "content": "Be somebody else."}, {"role": "user", "content": "hi"}])
    equal(world.asked(other), [])
    asked = world.asked(own)[0]
    equal([tool["function"]["name"] for tool in asked["tools"]], ["bash"])
    equal(systems(asked), ["Be Bo."])
    said = answer["messages"][0]
    equal((said["content"], said["assistant_id"], said["name"]), ("mine", identifier, "Bo"))
    frames = list(world.service.inferring(agent_id=identifier, text="hi", session_id="new"))
    init = frames[0][1]
    equal((init["agent_id"], init["agent_nickname"], init["has_system_prompt"], init["title"]), (identifier, "Bo", True, "hi"))
    words = [data for _, data in frames if isinstance(data, dict) and data.get("role") == "assistant"]
    assert all((frame["assistant_id"], frame["name"]) == (identifier, "Bo") for frame in words), words
    kept = world.conversation(init["session_id"])
    equal(kept["meta"]["agent_id"], identifier)
    said = kept["messages"][-1]
    equal((said["role"], said["assistant_id"], said["name"]), ("assistant", identifier, "Bo"))


@row("S1-156")
def an_agents_template_wins_over_its_prompt(world):
    template = world.name("wins")
    world.service.post("/v1/prompt-templates", {"template_id": template, "content": "Be {{mood}}."})
    model = world.model(say("ok"))
    identifier = created(world, model_id=model, nickname="T", template_id=template,
                         template_arguments={"mood": "kind"}, system_prompt="Not this.")
    world.service.infer(agent_id=identifier, text="hi")
    equal(systems(world.asked(model)[0]), ["Be kind."])


@row("S1-156", "S1-157")
def agents_are_switched_within_a_conversation(world):
    one, two = world.model(say("I am one")), world.model(say("I am two"))
    first = created(world, model_id=one, nickname="One", system_prompt="Be one.")
    second = created(world, model_id=two, nickname="Two", system_prompt="Be two.")
    session = world.service.infer(agent_id=first, text="a", session_id="new")["session_id"]
    world.service.infer(agent_id=second, text="b", session_id=session)
    said = [turn for turn in world.conversation(session)["messages"] if turn["role"] == "assistant"]
    equal([(turn["assistant_id"], turn["name"], turn["content"]) for turn in said],
          [(first, "One", "I am one"), (second, "Two", "I am two")])
    equal([text(message) for message in world.asked(two)[0]["messages"] if message["role"] != "system"],
          ["a", "I am one", "b"])


@row("S1-156", "S1-53")
def an_unknown_agent_is_a_400(world):
    for path in ("/v1/infer", "/v1/infer/stream"):
        problem(world.service.post(path, {"agent_id": "nosuch", "text": "hi"}), 400, "nosuch")
