"""Group J: delegate."""

import threading

from provider import call, last, say, text
from rows import equal, row
from service import quoted


def system(request):
    return "\n".join(text(message) for message in request["messages"] if message["role"] == "system")


def offered(request):
    return sorted(tool["function"]["name"] for tool in request.get("tools", []))


def parent(arguments, name="delegate"):
    """A model that delegates once and then repeats what it was told."""
    def answer(request):
        if last(request)["role"] == "tool":
            return say("told: " + text(last(request)))
        return call(name, arguments(request) if callable(arguments) else arguments)
    return answer


def result(answer):
    """The one tool result of an answer."""
    found = [message for message in answer["messages"] if message["role"] == "tool"]
    equal(len(found), 1)
    equal(found[0]["name"], "delegate")
    return found[0]["content"]


GIVEN = (([], []), (["bash"], ["bash"]), ("bash", ["bash"]), ("bash, fetch", ["bash", "fetch"]))


@row("S1-116", "S1-117")
def a_sub_agent_has_its_own_model_and_messages(world):
    for spelling in ("tool_names", "tools"):
        for names, _ in GIVEN:
            child = world.model(say("The answer", " is 4."))
            arguments = {"model_id": child, spelling: names, "task": "Add 2 and 2", "context": "You count."}
            model = world.model(parent(arguments))
            answer = world.service.infer(model_id=model, tool_ids=["delegate", "bash", "fetch"], text="secret words")
            equal(result(answer), "The answer is 4.")
            equal(answer["messages"][-1]["content"], "told: The answer is 4.")
            asked = world.asked(child)[0]
            equal(text(last(asked)), "Add 2 and 2")
            assert "You count." in system(asked) and "secret words" not in str(asked["messages"]), asked


@row("S1-118")
def a_sub_agent_is_offered_the_tools_that_it_was_given_under_either_spelling(world):
    for spelling in ("tool_names", "tools"):
        for names, wanted in GIVEN:
            child = world.model(say("ok"))
            model = world.model(parent({"model_id": child, spelling: names, "task": "x"}))
            world.service.infer(model_id=model, tool_ids=["delegate", "bash", "fetch"], text="go")
            equal(offered(world.asked(child)[0]), wanted)


@row("S1-117")
def without_context_the_sub_agent_has_only_its_task(world):
    child = world.model(say("ok"))
    model = world.model(parent({"model_id": child, "tool_names": [], "task": "Just this"}))
    world.service.infer(model_id=model, tool_ids=["delegate"], text="go")
    equal([(message["role"], text(message)) for message in world.asked(child)[0]["messages"]], [("user", "Just this")])


@row("S1-116")
def images_go_to_the_sub_agent(world):
    pixel = ("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
    child = world.model(say("a pixel"), model_type="vlm")
    model = world.model(parent({"model_id": child, "tool_names": [], "task": "Look", "images": [pixel]}))
    equal(result(world.service.infer(model_id=model, tool_ids=["delegate"], text="go")), "a pixel")
    assert pixel in str(world.asked(child)[0]["messages"]), world.asked(child)


@row("S1-119")
def beside_delegate_nothing_else_is_offered(world):
    model = world.model(say("ok"))
    world.service.infer(model_id=model, tool_ids=["bash", "delegate", "fetch"], text="go")
    equal(offered(world.asked(model)[0]), ["delegate"])
    schema = world.asked(model)[0]["tools"][0]["function"]["parameters"]
    assert {"model_id", "tool_names", "task"} <= set(schema["required"]), schema
    assert {"context", "images"} <= set(schema["properties"]), schema


@row("S1-120", "S1-122")
def the_table_of_tools_is_in_the_first_system_message_unless_it_is_set(world):
    template = world.name("planner")
    world.service.post("/v1/prompt-templates", {"template_id": template, "content": "Use:\n{{TOOLS}}\nEnd"})
    model = world.model(say("ok"))

    def told(arguments=None):
        message = {"role": "system", "content": "", "prompt_template": template, **({"arguments": arguments} if arguments else {})}
        user = {"role": "user", "content": "go"}
        world.service.infer(model_id=model, tool_ids=["delegate", "bash"], messages=[message, user])
        return system(world.asked(model)[-1])

    table = told()
    assert "| Tool(s) | Description |" in table and "| bash |" in table and "| delegate |" in table, table
    assert "mine" in told({"TOOLS": "mine"}) and "| bash |" not in told({"TOOLS": "mine"})
    world.variable("DISABLE_NESTED_DELEGATE", "true")
    try:
        table = told()
        assert "| bash |" in table and "| delegate |" not in table, table
        child = world.model(say("ok"))
        nesting = world.model(parent({"model_id": child, "tool_names": ["delegate"], "task": "x"}))
        equal(result(world.service.infer(model_id=nesting, tool_ids=["delegate", "bash"], text="go")), "ok")
    finally:
        world.variable("DISABLE_NESTED_DELEGATE", None)


@row("S1-120", "S1-156")
def a_saved_agents_template_gets_the_table_too(world):
    template = world.name("plan")
    world.service.post("/v1/prompt-templates", {"template_id": template, "content": "Use:\n{{TOOLS}}\nEnd"})
    model = world.model(say("ok"))
    agent = {"model_id": model, "nickname": "P", "tool_ids": ["delegate", "bash"], "template_id": template}
    identifier = world.service.post("/v1/agents", agent).body["agent_id"]
    world.service.infer(agent_id=identifier, text="go")
    assert "| bash |" in system(world.asked(model)[-1]), world.asked(model)
    equal(offered(world.asked(model)[-1]), ["delegate"])
    own = world.service.put(f"/v1/agents/{identifier}", {"template_arguments": {"TOOLS": "mine"}})
    equal(own.status, 200)
    world.service.infer(agent_id=identifier, text="go")
    assert "mine" in system(world.asked(model)[-1]) and "| bash |" not in system(world.asked(model)[-1])


@row("S1-121", "S1-57")
def a_sub_agents_words_are_streamed(world):
    child = world.model(say("one ", "two ", "three"))
    model = world.model(parent({"model_id": child, "tool_names": [], "task": "count"}))
    frames = [data for event, data in world.service.inferring(model_id=model, tool_ids=["delegate"], text="go")]
    tools = [frame for frame in frames if isinstance(frame, dict) and frame.get("role") == "tool"]
    assert all(frame["name"] == "delegate" and "streaming" in frame for frame in tools), tools
    for frame in tools[:-1]:
        equal(sorted(frame), ["content", "delta", "depth", "name", "role", "streaming", "tool_call_id"])
        equal((frame["streaming"], frame["depth"], frame["tool_call_id"]), (True, 1, "call_1"))
    equal("".join(frame["delta"] for frame in tools[:-1]), "one two three")
    equal((tools[-1]["streaming"], tools[-1]["content"], tools[-1]["depth"]), (False, "", 1))
    assert "delta" not in tools[-1], tools[-1]


@row("S1-122")
def delegates_nest_and_count_their_depth(world):
    leaf = world.model(say("leaf"))
    middle = world.model(parent({"model_id": leaf, "tool_names": [], "task": "deep"}))
    top = world.model(parent({"model_id": middle, "tool_names": ["delegate"], "task": "less deep"}))
    stream = world.service.inferring(model_id=top, tool_ids=["delegate"], text="go")
    frames = [data for _, data in stream if isinstance(data, dict) and "depth" in data]
    equal(sorted({frame["depth"] for frame in frames}), [1, 2])
    said = "".join(frame.get("delta", "") for frame in frames if frame["depth"] == 1)
    equal(said, "told: leaf")


@row("S1-118", "S1-125", "S1-68")
def what_goes_wrong_is_the_calls_result(world):
    child, broken = world.model(say("ok")), world.model(say(status=400))
    for arguments, words in (
        ({"model_id": child, "tool_names": ["nosuch"], "task": "x"}, "nosuch"),
        ({"model_id": "no such model", "tool_names": [], "task": "x"}, "no such model"),
        ({"tool_names": [], "task": "x"}, "model_id"),
        ({"model_id": child, "tool_names": []}, "task"),
        ({"model_id": broken, "tool_names": [], "task": "x"}, "scripted failure"),
        ("{no json", "task"),
    ):
        answer = world.service.infer(model_id=world.model(parent(arguments)), tool_ids=["delegate"], text="go")
        said = result(answer)
        assert answer["success"] and said.startswith("Error: delegate failed: ") and words in said, (arguments, said)


@row("S1-123", "S1-137")
def a_sub_agents_conversation_is_kept_below_its_parents(world):
    child = world.model(say("kept"))
    model = world.model(parent({"model_id": child, "tool_names": [], "task": "remember", "context": "You keep."}))
    answer = world.service.infer(model_id=model, text="go", tool_ids=["delegate"], session_id="new")
    session = answer["session_id"]
    listed = [one["session_id"] for one in world.service.get("/v1/sessions").body["sessions"]]
    assert session in listed and not any(one.startswith(session + "/") for one in listed), listed
    events = world.service.get(f"/v1/runs/{answer['run_id']}/events?after=0").body["events"]
    below = [event["session_id"] for event in events if event["type"] == "run_accepted" and event.get("parent_run_id")]
    equal(len(below), 1)
    assert below[0].startswith(session + "/sub_"), below
    kept = world.conversation(quoted(below[0]))
    equal(kept["meta"]["parent_session_id"], session)
    equal([(turn["role"], turn["content"]) for turn in kept["messages"] if turn["role"] != "system"],
          [("user", "remember"), ("assistant", "kept")])


@row("S1-124")
def a_sub_agent_is_continued(world):
    child = world.model(lambda request: say(f"heard {sum(message['role'] == 'user' for message in request['messages'])}"))
    contexts = iter(["You keep.", "[continue]"])
    model = world.model(parent(lambda _: {"model_id": child, "tool_names": [], "task": "next", "context": next(contexts)}))
    session = world.say(model, "first", tool_ids=["delegate"])
    answer = world.service.infer(model_id=model, text="second", tool_ids=["delegate"], session_id=session)
    equal(result(answer), "heard 2")
    assert "[continue]" not in str(world.asked(child)), world.asked(child)


@row("S1-125")
def aborting_ends_the_sub_agent_too(world):
    released = threading.Event()
    child = world.model(say("begun", released, "never"))
    model = world.model(parent({"model_id": child, "tool_names": [], "task": "wait"}))
    stream = world.service.inferring(model_id=model, tool_ids=["delegate"], text="go", session_id="new")
    _, init = stream.until(lambda data: isinstance(data, dict) and data.get("type") == "init")
    stream.until(lambda data: isinstance(data, dict) and data.get("delta") == "begun")
    equal(world.service.post("/v1/infer/abort", {"session_id": init["session_id"]}).body, {"ok": True})
    rest = [data for _, data in stream]
    released.set()
    equal(rest[-1], "[DONE]")
    assert "never" not in str(rest), rest
    events = world.service.get(f"/v1/runs/{init['run_id']}/events?after=0").body["events"]
    equal([event["status"] for event in events if event["type"] == "run_finished"], ["cancelled", "cancelled"])
