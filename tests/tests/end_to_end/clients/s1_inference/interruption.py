"""Streams that are aborted, left and taken up again (S1-57 to S1-64)."""

import json
import threading

from client import call, equal, error, get, holds, inferring, model, post, resumed, row
from provider import Reply


@row("S1-61", "S1-62", "S1-63")
def aborting():
    for forced in (False, True):
        gate = threading.Event()
        name = model(Reply("Half of", " it", gate=gate))
        stream = inferring({"model_id": name, "text": "Hi", "session_id": "new"})
        frames = iter(stream)
        session = json.loads(next(frames)[2])["session_id"]
        stored = get("/v1/sessions/" + session).body["messages"]
        equal([one["content"] for one in stored], ["Hi"])
        said = ""
        while said != "Half of it":
            said += json.loads(next(frames)[2])["content"]
        body = {"session_id": session, "forced": True} if forced else {"session_id": session}
        answer = post("/v1/infer/abort", body)
        equal((answer.status, answer.body), (200, {"ok": True, "forced": True} if forced else {"ok": True}))
        rest = [data for _, _, data in frames]
        equal(rest[-1], "[DONE]", rest)
        gate.set()
        stored = get("/v1/sessions/" + session).body["messages"]
        holds(stored[-1]["content"], "Half of it")
        note = {"ok": True, "note": "session not found or already done"}
        equal(post("/v1/infer/abort", body).body, note)
        equal(post("/v1/infer/abort", {"session_id": "never-seen", "forced": forced}).body, note)
    error(post("/v1/infer/abort", {}), 400, "session_id")
    error(call("POST", "/v1/infer/abort", b""), 400)


@row("S1-62", "S1-63", "S1-145")
def aborted_sessions_are_unread():
    for forced, status in ((False, "done_success_unread"), (True, "done_error_unread")):
        gate = threading.Event()
        name = model(Reply("Half", gate=gate))
        frames = iter(inferring({"model_id": name, "text": "Hi", "session_id": "new"}))
        session = json.loads(next(frames)[2])["session_id"]
        next(frames)
        post("/v1/infer/abort", {"session_id": session, "forced": forced})
        equal([data for _, _, data in frames][-1], "[DONE]")
        gate.set()
        found = next(one for one in get("/v1/sessions").body["sessions"] if one["session_id"] == session)
        equal(found["status"], status, f"forced: {forced}")


@row("S1-57", "S1-59")
def a_stream_is_taken_up_where_it_was_left():
    gate = threading.Event()
    calls = [("c1", "bash", '{"command": "echo one"}'), ("c2", "bash", '{"command": "echo two"}')]
    name = model(Reply("Let me ", "look", calls=calls), Reply("A ", "B ", "C ", "D", gate=gate))
    stream = inferring({"model_id": name, "text": "Hi", "tool_ids": ["bash"], "session_id": "new"})
    had = []
    for frame in stream:
        had.append(frame)
        if '"B "' in frame[2]:
            break
    run = json.loads(had[0][2])["run_id"]
    stream.response.close()
    behind = iter(resumed(run, had[-1][1]))
    rest = [next(behind)]
    gate.set()
    rest += behind
    whole = list(resumed(run))
    equal(had + rest, whole)
    equal(whole[-1][2], "[DONE]")
    # From each frame on, the rest is the same.
    for place, frame in enumerate(whole):
        if frame[1]:
            equal(list(resumed(run, frame[1])), whole[place + 1 :], f"after {frame}")


@row("S1-64")
def a_session_goes_on_without_its_reader():
    gate = threading.Event()
    name = model(Reply("Half", gate=gate))
    stream = inferring({"model_id": name, "text": "Hi", "session_id": "new"})
    frames = iter(stream)
    init = json.loads(next(frames)[2])
    session, run = init["session_id"], init["run_id"]
    next(frames)
    stream.response.close()
    gate.set()
    answer = list(resumed(run))
    equal(answer[-1][2], "[DONE]")
    equal(get("/v1/sessions/" + session).body["messages"][-1]["content"], "Half")
