"""Group N: environment variables. api.md: names and masks, never values."""

from provider import call, last, say
from rows import equal, keys, problem, row

KNOWN = ["SUMMARY_MODEL_ID", "MAX_TOKENS_IN_CONTEXT", "MAX_TOOL_ROUNDS", "BASH_EXEC_TIMEOUT", "FETCH_MAX_SIZE",
         "AGENT_WORKSPACE", "UPLOAD_PARALLEL_SIZE", "UPLOAD_PARALLEL_MAX_THREADS", "SEARCH_MAX_RESULTS",
         "DISABLE_NESTED_DELEGATE", "AGENTS_RUNTIME_DIR"]


@row("S1-158", "S1-159", "S1-161")
def a_variable_is_set_listed_and_removed(world):
    key = world.name("MY_KEY").replace("-", "_")
    for value in ("secret value", 42, True, None, {"a": [1]}):
        answer = world.service.post("/v1/env", {"key": key, "value": value})
        equal(answer.status, 200)
        keys(answer.body, "env")
        assert isinstance(answer.body["env"][key], str), answer
    assert "secret value" not in str(world.service.get("/v1/env").body)
    listed = world.service.get("/v1/env")
    keys(listed.body, "env")
    assert key in listed.body["env"] and all(isinstance(value, str) for value in listed.body["env"].values()), listed
    for _ in range(2):
        removed = world.service.delete(f"/v1/env/{key}")
        equal(removed.status, 200)
        keys(removed.body, "env")
        assert key not in removed.body["env"], removed


@row("S1-159")
def a_variable_needs_a_key(world):
    problem(world.service.post("/v1/env", {"value": "x"}), 400, "key")
    problem(world.service.post("/v1/env", {"key": "", "value": "x"}), 400, "key")
    problem(world.service.post("/v1/env", {"key": 5, "value": "x"}), 400, "key")
    problem(world.service.post("/v1/env", ""), 400)


@row("S1-160", "S1-162")
def the_known_variables_are_found_and_every_one_is_taken(world):
    found = world.service.post("/v1/env/detect")
    equal(found.status, 200)
    keys(found.body, "keys")
    equal(len(found.body["keys"]), len(set(found.body["keys"])))
    assert set(KNOWN) <= set(found.body["keys"]), found
    equal(world.service.post("/v1/env/detect", {}).status, 200)
    for key in ("UPLOAD_PARALLEL_SIZE", "UPLOAD_PARALLEL_MAX_THREADS", "SEARCH_MAX_RESULTS", "AGENTS_RUNTIME_DIR"):
        world.variable(key, "50")
        assert key in world.service.get("/v1/env").body["env"]
        world.variable(key, None)


@row("S1-159", "S1-70")
def rounds_count_at_once(world):
    model = world.model(lambda request: call("bash", {"command": "echo hi"}))
    world.variable("MAX_TOOL_ROUNDS", 1)
    try:
        answer = world.service.infer(model_id=model, tool_ids=["bash"], text="go")
    finally:
        world.variable("MAX_TOOL_ROUNDS", None)
    results = [message["content"] for message in answer["messages"] if message["role"] == "tool"]
    assert results[-1] == "Error: maximum tool-call rounds (1) reached. Tool 'bash' was not executed.", results
    equal(len(results), 2)


@row("S1-159", "S1-90")
def the_time_of_a_command_counts_at_once(world):
    world.variable("BASH_EXEC_TIMEOUT", "1")
    try:
        answer = world.service.post("/v1/tools/call", {"tool_id": "bash", "arguments": {"command": "sleep 30"}})
        problem(answer, 400, "Error:")
    finally:
        world.variable("BASH_EXEC_TIMEOUT", None)
    answer = world.service.post("/v1/tools/call", {"tool_id": "bash", "arguments": {"command": "sleep 1.2; echo done"}})
    equal((answer.status, answer.body["result"].strip()), (200, "done"))


@row("S1-159", "S1-163")
def the_workspace_counts_at_once(world):
    import os
    folder = os.path.join(world.workspace, world.name("place"))
    os.mkdir(folder)
    world.variable("AGENT_WORKSPACE", folder)
    try:
        model = world.model(lambda request: say("done") if last(request)["role"] == "tool" else call("bash", {"command": "pwd"}))
        answer = world.service.infer(model_id=model, tool_ids=["bash"], text="where")
    finally:
        world.variable("AGENT_WORKSPACE", None)
    equal(answer["messages"][1]["content"].strip(), os.path.realpath(folder))
