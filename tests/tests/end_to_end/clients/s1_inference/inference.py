"""Inference: requests, answers, frames, sessions, limits (S1-18 to S1-22, S1-53 to S1-71, S1-113)."""

import json

from client import call, equal, error, get, holds, infer, inferring, keys, model, post, rebuilt, row, seen, streamed
from provider import Reply


@row("S1-53", "S1-187")
def wrong_requests():
    for path in ("/v1/infer", "/v1/infer/stream"):
        for body in (b"", b"{", b"[]", b'"x"'):
            error(call("POST", path, body), 400)
        error(post(path, {"text": "Hi"}), 400, "model_id")
        error(post(path, {"model_id": model(Reply("x"))}), 400, "messages")
        error(post(path, {"agent_id": "nobody", "text": "Hi"}), 400, "nobody")
        error(post(path, {"model_id": model(Reply("x")), "text": ""}), 400, "text")
        error(call("POST", path, b'{"text": "' + b"x" * 11_000_000 + b'"}'), 413)
        missing = post(path, {"model_id": "no such model", "text": "Hi"})
        error(missing, 400, "no such model")
        equal(missing.body["error_code"], "MODEL_NOT_FOUND")
    error(get("/v1/nothing"), 404)
    assert get("/v1/nothing").headers["content-type"].startswith("application/"), "JSON"
    # Clients grow: what is unknown is passed over, in messages too.
    infer(
        model_id=model(Reply("x")),
        messages=[{"role": "user", "content": "Hi", "later": 1}],
        stream=False,
        later={"a": 1},
    )


@row("S1-20", "S1-18", "S1-187")
def lenient_requests():
    name = model(Reply("x"))
    nothing = {
        field: None
        for field in (
            "tool_ids",
            "messages",
            "max_tool_rounds",
            "session_id",
            "agent_id",
            "workspace",
            "model",
            "model_config_override",
            "stream",
        )
    }
    infer(**nothing, model_id=name, text="Hi")
    message = {
        field: None
        for field in (
            "timestamp",
            "name",
            "tool_calls",
            "images",
            "audio",
            "thinking",
            "prompt_template",
            "arguments",
            "tool_id",
            "tool_use_id",
            "assistant_id",
        )
    }
    infer(model_id=name, messages=[{**message, "role": "user", "content": "Hi"}])
    infer(model_id=name, text="unused", messages=None)
    # Some post without a type, as curl does.
    for kind in ("application/x-www-form-urlencoded", "text/plain"):
        equal(call("POST", "/v1/infer", {"model_id": name, "text": "Hi"}, {"Content-Type": kind}).status, 200)
    for field, value in (
        ("tool_ids", "bash"),
        ("messages", "Hi"),
        ("max_tool_rounds", "many"),
        ("messages", [{"content": "x"}]),
        ("messages", [{"role": "robot", "content": "x"}]),
        ("text", 5),
    ):
        error(post("/v1/infer", {"model_id": name, "text": "Hi", field: value}), 400, field)


@row("S1-53")
def an_inline_model_overrides():
    name = model(Reply("x"), generate_params={"temperature": 0.1, "top_p": 0.3})
    infer(model_id=name, text="Hi", model={"generate_params": {"temperature": 0.9}})
    equal((seen(name)[0]["temperature"], seen(name)[0]["top_p"]), (0.9, 0.3))
    infer(model_id=name, text="Hi", model_config_override={"generate_params": {"max_tokens": 5}})
    equal(seen(name)[1]["max_tokens"], 5)


@row("S1-55")
def stream_headers():
    name = model(Reply("x"))
    plain, kept = inferring({"model_id": name, "text": "Hi"}), inferring(
        {"model_id": name, "text": "Hi", "session_id": "new"}
    )
    for stream in (plain, kept):
        equal(stream.status, 200)
        equal(stream.headers["content-type"], "text/event-stream; charset=utf-8")
        equal(stream.headers["cache-control"], "no-cache")
    assert plain.headers["x-session-id"] is None, dict(plain.headers)
    init = json.loads(next(iter(kept))[2])
    equal(kept.headers["x-session-id"], init["session_id"])
    list(plain)
    closing = inferring({"model_id": name, "text": "Hi"}, {"Connection": "close"})
    equal(closing.headers["connection"], "close")
    list(closing)


@row("S1-56")
def init_frame():
    name = model(Reply("x"))
    words = "A question that is much longer than thirty characters"
    init, _ = streamed({"model_id": name, "text": words, "session_id": "new"})
    keys(
        init,
        [
            "session_id",
            "type",
            "user_message_timestamp",
            "has_system_prompt",
            "agent_id",
            "agent_nickname",
            "title",
            "run_id",
        ],
    )
    equal(
        (init["type"], init["has_system_prompt"], init["agent_id"], init["agent_nickname"]), ("init", False, None, None)
    )
    equal(init["title"], words[:30] + "..")
    stored = get("/v1/sessions/" + init["session_id"]).body
    equal(stored["messages"][0]["timestamp"], init["user_message_timestamp"])
    again, _ = streamed(
        {
            "model_id": name,
            "messages": [{"role": "system", "content": "Be kind"}, {"role": "user", "content": "More"}],
            "session_id": init["session_id"],
        }
    )
    equal((again["title"], again["session_id"]), (init["title"], init["session_id"]))
    stateless, _ = streamed(
        {"model_id": name, "messages": [{"role": "system", "content": "Be kind"}, {"role": "user", "content": "Hi"}]}
    )
    equal((stateless["session_id"], stateless["has_system_prompt"]), (None, True))
    holds(stateless["title"], "Hi")


@row("S1-57", "S1-58", "S1-59")
def frames_are_what_infer_answers():
    replies = lambda: [
        Reply(
            "Let me ",
            "look",
            thinking=["Hm", "m"],
            calls=[("c1", "bash", '{"command": "sleep 0.3; echo one"}'), ("c2", "bash", '{"command": "echo two"}')],
        ),
        Reply("All ", "done"),
    ]
    first, second = model(*replies()), model(*replies())
    _, frames = streamed({"model_id": first, "text": "Hi", "tool_ids": ["bash"]})
    answer = infer(model_id=second, text="Hi", tool_ids=["bash"])
    messages, stat = rebuilt(frames)
    equal(messages, answer["messages"])
    equal({key for key in stat}, {key for key in answer["stat"]})
    equal([one["role"] for one in messages], ["assistant", "tool", "tool", "assistant"])
    # S1-65: the results of a round come in the order of its calls, whichever was done first.
    equal([one["content"].strip() for one in messages[1:3]], ["one", "two"])
    equal([one["tool_use_id"] for one in messages[1:3]], ["c1", "c2"])
    sent = [one["tool_call_id"] for one in seen(first)[1]["messages"] if one["role"] == "tool"]
    equal(sent, ["c1", "c2"])
    thinking = [frame for frame in frames if "thinking" in frame]
    assert thinking and all(frame["content"] == "" and frame["role"] == "assistant" for frame in thinking), thinking
    pieces = [piece for frame in frames for piece in frame.get("tool_calls", [])]
    equal({piece["_index"] for piece in pieces}, {0, 1})
    tool = [frame for frame in frames if frame["role"] == "tool"]
    for frame in tool:
        assert {"role", "name", "content"} <= set(frame), frame
    # Contradiction 6: usage comes before the results of its round.
    roles = [frame["role"] for frame in frames]
    assert roles.index("usage") < roles.index("tool"), roles
    # S1-25: the session keeps them in that order, too.
    kept = infer(model_id=model(*replies()), text="Hi", tool_ids=["bash"], session_id="new")
    stored = get("/v1/sessions/" + kept["session_id"]).body["messages"]
    equal([one["role"] for one in stored], ["user", "assistant", "tool", "tool", "assistant"])
    equal([one["content"].strip() for one in stored[2:4]], ["one", "two"])


@row("S1-58", "S1-21")
def a_failing_model():
    name = model(Reply(status=400))
    answer = infer(500, model_id=name, text="Hi")
    equal(answer["success"], False)
    assert isinstance(answer["error"], str) and answer["error"], answer
    equal(answer["error_code"], "400")
    holds(answer["messages"][-1]["content"], "Error:")
    _, frames = streamed({"model_id": name, "text": "Hi"})
    last = frames[-1]
    equal((last["role"], last["error_code"]), ("assistant", "400"))
    assert last["content"].startswith("Error:"), last
    unreachable = {"model_id": "dead", "api_base": "http://127.0.0.1:9/v1", "model_name": "dead"}
    equal(post("/v1/models", unreachable).status, 201)
    equal(infer(500, model_id="dead", text="Hi")["error_code"], "CONNECTION_ERROR")


@row("S1-60")
def session_ids():
    name = model(Reply("x"))
    before = len(get("/v1/sessions").body["sessions"])
    answer = infer(model_id=name, text="Hi", session_id="never-seen")
    assert "session_id" not in answer, answer
    equal(get("/v1/sessions/never-seen").status, 404)
    equal(len(get("/v1/sessions").body["sessions"]), before)
    new = infer(model_id=name, text="First", session_id="new")
    again = infer(model_id=name, text="Second", session_id=new["session_id"])
    equal(again["session_id"], new["session_id"])
    equal([one["content"] for one in seen(name)[-1]["messages"]], ["First", "x", "Second"])
    equal(again["messages"], [{"role": "assistant", "content": "x"}])
    infer(model_id=name, text="Hi", session_id="")
    infer(model_id=name, text="Hi", session_id=None)


@row("S1-66", "S1-70")
def round_limit():
    calls = [("c1", "bash", '{"command": "echo 1"}'), ("c2", "bash", '{"command": "echo 2"}')]
    answer = infer(model_id=(name := model(Reply("", calls=calls))), text="Hi", tool_ids=["bash"], max_tool_rounds=1)
    equal(answer["success"], True)
    results = [one for one in answer["messages"] if one["role"] == "tool"]
    equal([one["content"].strip() for one in results[:2]], ["1", "2"])
    wanted = "Error: maximum tool-call rounds (1) reached. Tool 'bash' was not executed."
    equal([one["content"] for one in results[2:]], [wanted, wanted])
    equal(len(seen(name)), 2)
    try:
        equal(post("/v1/env", {"key": "MAX_TOOL_ROUNDS", "value": 2}).status, 200)
        infer(model_id=(name := model(Reply("", calls=calls))), text="Hi", tool_ids=["bash"])
        equal(len(seen(name)), 3)
    finally:
        call("DELETE", "/v1/env/MAX_TOOL_ROUNDS")
    infer(model_id=(name := model(Reply("", calls=calls))), text="Hi", tool_ids=["bash"], max_tool_rounds=0)
    equal(len(seen(name)), 1)


@row("S1-67", "S1-68", "S1-69")
def tool_failures():
    calls = [("c1", "no_such_tool", "{}"), ("c2", "bash", "{not json"), ("c3", "bash", '{"command": "exit 3"}')]
    answer = infer(
        model_id=(name := model(Reply("", calls=calls), Reply("done"))), text="Hi", tool_ids=["bash", "no-such-id"]
    )
    offered = [tool["function"]["name"] for tool in seen(name)[0]["tools"]]
    equal(offered, ["bash"])
    results = [one["content"] for one in answer["messages"] if one["role"] == "tool"]
    assert results[0].startswith("Error:") and results[1].startswith("Error:"), results
    assert results[2].startswith("Exit code 3"), results
    holds(results[1], "command")
    equal((answer["success"], answer["messages"][-1]["content"]), (True, "done"))


@row("S1-18", "S1-113")
def messages_from_templates():
    equal(
        post(
            "/v1/prompt-templates", {"template_id": "rows-template", "content": "You are {{who}} of {{what}}."}
        ).status,
        201,
    )
    name = model(Reply("x"))
    messages = [
        {"role": "system", "content": "", "prompt_template": "rows-template", "arguments": {"who": "king"}},
        {"role": "user", "content": "Hi", "prompt_template": "rows-template"},
    ]
    answer = infer(model_id=name, session_id="new", messages=messages)
    equal([one["content"] for one in seen(name)[0]["messages"]], ["You are king of {{what}}.", "Hi"])
    stored = get("/v1/sessions/" + answer["session_id"]).body["messages"][0]
    equal((stored["prompt_template"], stored["arguments"]), ("rows-template", {"who": "king"}))
    infer(
        model_id=name,
        messages=[{"role": "user", "content": "", "prompt_template": "no such"}, {"role": "user", "content": "Hi"}],
    )
    # Turns of an earlier conversation are taken as they were answered.
    turns = [
        {"role": "user", "content": "Hi"},
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [{"id": "c1", "name": "bash", "arguments": '{"command": "ls"}'}],
        },
        {"role": "tool", "content": "files", "name": "bash", "tool_use_id": "c1"},
        {"role": "usage", "name": "round", "content": "{}"},
        {"role": "assistant", "content": "Files", "thinking": "Hm", "timestamp": "2026-01-01T00:00:00"},
        {"role": "user", "content": "Thanks"},
    ]
    infer(model_id=name, messages=turns)
    sent = seen(name)[-1]["messages"]
    equal([one["role"] for one in sent], ["user", "assistant", "tool", "assistant", "user"])
    equal((sent[1]["tool_calls"][0]["id"], sent[2]["tool_call_id"]), ("c1", "c1"))
    # An older one matched results by the tool's name.
    older = [
        turns[0],
        {"role": "assistant", "content": "", "tool_calls": [{"name": "bash", "arguments": {"command": "ls"}}]},
        {"role": "tool", "content": "files", "name": "bash"},
        turns[-1],
    ]
    infer(model_id=name, messages=older)
    sent = seen(name)[-1]["messages"]
    equal(sent[1]["tool_calls"][0]["id"], sent[2]["tool_call_id"])
    equal(sent[1]["tool_calls"][0]["function"]["arguments"], '{"command":"ls"}')


@row("S1-19", "S1-42")
def calls_without_an_id_get_one():
    for protocol in ("openai", "ollama"):
        name = model(
            Reply("", calls=[(None, "bash", '{"command": "echo 1"}'), (None, "bash", '{"command": "echo 2"}')]),
            Reply("done"),
            protocol=protocol,
        )
        messages = infer(model_id=name, text="Hi", tool_ids=["bash"])["messages"]
        ids = [one["id"] for one in messages[0]["tool_calls"]]
        assert all(ids) and len(set(ids)) == 2, messages
        equal([one["tool_use_id"] for one in messages[1:3]], ids)


@row("S1-59", "S1-121")
def a_model_that_counts_its_calls_anew_in_each_round():
    small = model(Reply("small ", "says"))
    delegating = Reply("", calls=[("c1", "delegate", json.dumps({"model_id": small, "tool_names": [], "task": "go"}))])
    request = {"text": "Hi", "tool_ids": ["delegate"]}
    answer = infer(model_id=model(delegating, delegating, Reply("done")), **request)
    equal([one["role"] for one in answer["messages"]], ["assistant", "tool", "assistant", "tool", "assistant"])
    equal([one["content"] for one in answer["messages"][1::2]], ["small says", "small says"])
    _, frames = streamed({"model_id": model(delegating, delegating, Reply("done")), **request})
    equal(rebuilt(frames)[0], answer["messages"])
