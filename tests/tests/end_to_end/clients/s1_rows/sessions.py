"""Group L: sessions."""

import re
import threading

from provider import call, last, say
from rows import equal, keys, problem, row

ENTRY = ["created_at", "last_inference_at", "last_total_tokens", "session_id", "status", "title", "turn_count"]
# What the console knows of a session besides.
BESIDE = ["archived", "model_id", "pinned", "workspace"]
WHEN = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")


class Feed:
    """The feed of sessions, read up to its first event."""

    def __init__(self, world):
        self.stream = world.service.stream("GET", "/v1/sessions/events")
        equal(self.stream.status, 200)
        assert self.stream.headers["Content-Type"].startswith("text/event-stream"), self.stream.headers
        _, self.init = next(iter(self.stream))
        equal(self.init["event"], "init")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stream.close()

    def next_of(self, session, kind="message"):
        """The next event of a session."""
        return self.stream.until(lambda data: data.get("session_id") == session and data["event"] == kind)[1]


@row("S1-137", "S1-28", "S1-141")
def the_list_has_index_entries_the_latest_first(world):
    model = world.model(say("ok"))
    first = world.say(model, "A question that is much longer than thirty characters are")
    second = world.say(model, "short")
    world.say(model, "again", first)
    listed = world.service.get("/v1/sessions")
    equal(listed.status, 200)
    keys(listed.body, "sessions")
    order = [one["session_id"] for one in listed.body["sessions"]]
    assert order.index(first) < order.index(second), order
    entry = next(one for one in listed.body["sessions"] if one["session_id"] == first)
    keys(entry, *ENTRY, *BESIDE)
    equal((entry["turn_count"], entry["last_total_tokens"]), (4, 15))
    assert entry["title"].startswith("A question that is much longer"[:30]), entry
    assert len(entry["title"]) <= 32, entry
    assert WHEN.match(entry["created_at"]) and WHEN.match(entry["last_inference_at"]), entry
    times = [one["last_inference_at"] for one in listed.body["sessions"]]
    equal(times, sorted(times, reverse=True))


@row("S1-138", "S1-36", "S1-25")
def a_session_is_its_conversation(world):
    model = world.model(lambda request: say("done", thinking="hm") if last(request)["role"] == "tool" else call("bash", {"command": "echo hi"}))
    session = world.say(model, "go", tool_ids=["bash"])
    kept = world.conversation(session)
    keys(kept, "meta", "messages")
    meta = kept["meta"]
    for name in ("session_id", "created_at", "updated_at", "turn_count", "last_total_tokens", "tool_ids", "model_id"):
        assert name in meta, (name, meta)
    equal((meta["session_id"], meta["turn_count"], meta["model_id"], meta["tool_ids"]), (session, 4, model, ["bash"]))
    user, calling, told, said = kept["messages"]
    keys(user, "role", "content", "timestamp")
    equal((user["role"], user["content"]), ("user", "go"))
    equal(calling["tool_calls"][0]["name"], "bash")
    equal(calling["tool_calls"][0]["arguments"], '{"command": "echo hi"}')
    equal((told["role"], told["name"], told["tool_use_id"], told["content"].strip()), ("tool", "bash", "call_1", "hi"))
    equal((said["role"], said["content"], said["thinking"]), ("assistant", "done", "hm"))
    equal(said["stat"]["total_tokens"], 15)
    times = [turn["timestamp"] for turn in kept["messages"]]
    assert times == sorted(set(times)) and all(WHEN.match(time) for time in times), times


@row("S1-138", "S1-139", "S1-142", "S1-144", "S1-140")
def what_is_no_session_is_a_404_and_what_is_no_id_a_400(world):
    for path in ("/v1/sessions/nosuch",):
        problem(world.service.get(path), 404)
        problem(world.service.delete(path), 404)
        problem(world.service.post(path + "/revoke", {"timestamp": "2026-01-01T00:00:00"}), 404)
        problem(world.service.post(path + "/generate-title"), 404)
    for wrong in ("..%2F..%2Fetc", "a%2Fb", "..", "%2e%2e", "a%5Cb"):
        problem(world.service.delete(f"/v1/sessions/{wrong}"), 400)
        answer = world.service.get(f"/v1/sessions/{wrong}")
        assert answer.status in (400, 404), answer


@row("S1-139")
def a_deleted_session_is_gone(world):
    session = world.say(world.model(say("ok")), "hi")
    deleted = world.service.delete(f"/v1/sessions/{session}")
    equal((deleted.status, deleted.body), (200, {"status": "deleted", "session_id": session}))
    problem(world.service.get(f"/v1/sessions/{session}"), 404)
    problem(world.service.delete(f"/v1/sessions/{session}"), 404)
    assert session not in str(world.service.get("/v1/sessions").body)


@row("S1-140", "S1-150", "S1-146")
def a_title_is_made_and_told(world):
    session = world.say(world.model(say("ok")), "hi")
    problem(world.service.post(f"/v1/sessions/{session}/generate-title"), 500)
    scribe = world.model(say('"Talk of ' + "x" * 200 + '"'), stem="scribe")
    world.variable("SUMMARY_MODEL_ID", scribe)
    try:
        with Feed(world) as feed:
            made = world.service.post(f"/v1/sessions/{session}/generate-title")
            equal(made.status, 200)
            keys(made.body, "status", "session_id", "title")
            equal((made.body["status"], made.body["session_id"]), ("success", session))
            title = made.body["title"]
            assert title.startswith("Talk of") and len(title) <= 100, title
            equal(feed.next_of(session, "title_update"), {"event": "title_update", "session_id": session, "title": title})
        asked = str(world.asked(scribe)[-1]["messages"])
        assert "hi" in asked, asked
    finally:
        world.variable("SUMMARY_MODEL_ID", None)
    listed = {one["session_id"]: one["title"] for one in world.service.get("/v1/sessions").body["sessions"]}
    equal(listed[session], title)


@row("S1-140")
def a_title_that_cannot_be_made_is_a_500(world):
    session = world.say(world.model(say("ok")), "hi")
    world.variable("SUMMARY_MODEL_ID", world.model(say(status=400), stem="scribe"))
    try:
        answer = world.service.post(f"/v1/sessions/{session}/generate-title")
        assert answer.status in (500, 502) and answer.body["error"], answer
    finally:
        world.variable("SUMMARY_MODEL_ID", None)


@row("S1-141")
def after_a_long_inference_the_title_is_made_anew(world):
    scribe = world.model(say("A new title"), stem="scribe")
    model = world.model(say("ok", usage=(10_000, 1)))
    world.variable("SUMMARY_MODEL_ID", scribe)
    try:
        with Feed(world) as feed:
            session = world.say(model, "hi")
            equal(feed.next_of(session, "title_update")["title"], "A new title")
    finally:
        world.variable("SUMMARY_MODEL_ID", None)


@row("S1-142", "S1-56")
def revoking_takes_a_message_and_what_follows(world):
    model = world.model(say("ok"))
    session = world.say(model, "first")
    stream = world.service.inferring(model_id=model, text="second", session_id=session)
    frames = list(stream)
    event, init = frames[0]
    equal((event, init["type"], init["session_id"]), ("init", "init", session))
    kept = world.conversation(session)["messages"]
    equal(init["user_message_timestamp"], kept[2]["timestamp"])
    path = f"/v1/sessions/{session}/revoke"
    problem(world.service.post(path, {}), 400, "timestamp")
    problem(world.service.post(path, ""), 400)
    problem(world.service.post(path, {"timestamp": "2020-01-01T00:00:00"}), 400, "timestamp")
    problem(world.service.post(path, {"timestamp": "nonsense"}), 400, "timestamp")
    problem(world.service.post(path, {"timestamp": kept[3]["timestamp"]}), 400)
    revoked = world.service.post(path, {"timestamp": init["user_message_timestamp"], "forced": True, "keep_files": True})
    equal((revoked.status, revoked.body), (200, {"status": "success", "session_id": session, "removed_count": 2}))
    equal([turn["content"] for turn in world.conversation(session)["messages"]], ["first", "ok"])
    world.say(model, "third", session)
    equal([message["content"] for message in world.asked(model)[-1]["messages"]], ["first", "ok", "third"])


@row("S1-143")
def revoking_into_the_summary_drops_it(world):
    summary = '<summary>Old.</summary><memory>[{"entry_type":"fact","content":"x","source_turn_index":0,"confidence":1}]</memory>'
    scribe, model = world.model(say(summary), stem="scribe"), world.model(say("yes", usage=(90, 20)))
    session = world.say(model, "turn 0")
    for number in range(1, 7):
        world.say(model, f"turn {number}", session)
    world.variable("SUMMARY_MODEL_ID", scribe)
    world.variable("MAX_TOKENS_IN_CONTEXT", "100")
    try:
        world.say(model, "turn 7", session)
        world.service.soon(f"/v1/sessions/{session}/context", lambda body: body.get("summary"))
    finally:
        world.variable("SUMMARY_MODEL_ID", None)
        world.variable("MAX_TOKENS_IN_CONTEXT", None)
    first = world.conversation(session)["messages"][2]["timestamp"]
    equal(world.service.post(f"/v1/sessions/{session}/revoke", {"timestamp": first}).status, 200)
    context = world.service.get(f"/v1/sessions/{session}/context").body
    assert not context.get("summary") and not context.get("memories"), context


@row("S1-144", "S1-145", "S1-146", "S1-149")
def statuses_are_told_and_reading_makes_idle(world):
    released = threading.Event()
    model = world.model(say("a", released, "b"))
    with Feed(world) as feed:
        assert isinstance(feed.init["sessions"], dict), feed.init
        stream = world.service.inferring(model_id=model, text="go", session_id="new")
        session = stream.headers["X-Session-Id"]
        equal(feed.next_of(session), {"event": "message", "session_id": session, "status": "streaming"})
        with Feed(world) as other:
            equal(other.init["sessions"][session], "streaming")
        released.set()
        list(stream)
        equal(feed.next_of(session)["status"], "done_success_unread")
        equal(world.conversation(session)["meta"]["session_id"], session)
        with Feed(world) as other:
            equal(other.init["sessions"][session], "done_success_unread")
        for _ in range(2):
            read = world.service.post(f"/v1/sessions/{session}/read")
            equal((read.status, read.body), (200, {"ok": True}))
        equal(feed.next_of(session)["status"], "idle")
        broken = world.model(say(status=400))
        world.service.post("/v1/infer", {"model_id": broken, "text": "x", "session_id": session})
        equal([feed.next_of(session)["status"] for _ in range(2)], ["streaming", "done_error_unread"])


@row("S1-144")
def there_is_nothing_to_read_where_there_is_no_session(world):
    answer = world.service.post("/v1/sessions/nosuch/read")
    equal((answer.status, answer.body), (200, {"ok": True}))


@row("S1-148", "S1-64")
def conversations_run_at_once_and_survive_their_readers(world):
    released = threading.Event()
    model = world.model(say("begun", released, " done"))
    streams = [world.service.inferring(model_id=model, text=f"go {n}", session_id="new") for n in range(3)]
    sessions = [stream.headers["X-Session-Id"] for stream in streams]
    for stream in streams:
        stream.until(lambda data: isinstance(data, dict) and data.get("content") == "begun")
    statuses = {one["session_id"]: one["status"] for one in world.service.get("/v1/sessions").body["sessions"]}
    equal([statuses[session] for session in sessions], ["streaming"] * 3)
    equal(world.conversation(sessions[0])["messages"][0]["content"], "go 0")
    streams[0].close()
    released.set()
    for stream in streams[1:]:
        equal(list(stream)[-1][1], "[DONE]")
    for session in sessions:
        kept = world.service.soon(f"/v1/sessions/{session}", lambda body: body["meta"]["turn_count"] == 2)
        equal(kept["messages"][1]["content"], "begun done")


@row("S1-64", "S1-60")
def a_stateless_call_ends_with_its_reader(world):
    released = threading.Event()
    model = world.model(say("begun", released, " never"))
    stream = world.service.inferring(model_id=model, text="go")
    assert not stream.headers.get("X-Session-Id"), stream.headers
    stream.until(lambda data: isinstance(data, dict) and data.get("content") == "begun")
    before = world.service.get("/readyz").body["running"]
    stream.close()
    world.service.soon("/readyz", lambda body: body["running"] < before)
    released.set()


@row("S1-60")
def an_unknown_session_is_stateless(world):
    model = world.model(say("ok"))
    answer = world.service.infer(model_id=model, text="hi", session_id="made-up")
    assert "session_id" not in answer, answer
    problem(world.service.get("/v1/sessions/made-up"), 404)


@row("S1-62", "S1-63", "S1-61")
def aborting_keeps_what_was_said(world):
    released = threading.Event()
    model = world.model(say("begun", released, " never"))
    problem(world.service.post("/v1/infer/abort", {}), 400, "session_id")
    equal(world.service.post("/v1/infer/abort", {"session_id": "nosuch"}).body,
          {"ok": True, "note": "session not found or already done"})
    for forced in (False, True):
        stream = world.service.inferring(model_id=model, text="go", session_id="new")
        session = stream.headers["X-Session-Id"]
        stream.until(lambda data: isinstance(data, dict) and data.get("content") == "begun")
        equal(world.conversation(session)["messages"][0]["content"], "go")
        aborted = world.service.post("/v1/infer/abort", {"session_id": session, "forced": forced})
        equal(aborted.body, {"ok": True, "forced": True} if forced else {"ok": True})
        equal(list(stream)[-1][1], "[DONE]")
        kept = world.conversation(session)
        equal([turn["content"] for turn in kept["messages"]], ["go", "begun"])
        status = {one["session_id"]: one["status"] for one in world.service.get("/v1/sessions").body["sessions"]}[session]
        equal(status, "done_error_unread" if forced else "done_success_unread")
        again = world.service.post("/v1/infer/abort", {"session_id": session})
        equal(again.body, {"ok": True, "note": "session not found or already done"})
    released.set()
