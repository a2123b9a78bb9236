"""Group K: the context manager."""

from provider import say, text
from rows import equal, row

SUMMARY = """<summary>They spoke of Oslo.</summary>
<memory>[{"entry_type": "fact", "content": "Lives in Oslo", "source_turn_index": 0, "confidence": 0.9},
 {"entry_type": "preference", "content": "Maybe likes tea", "source_turn_index": 0, "confidence": 0.5}]</memory>"""


def told(request):
    return [(message["role"], text(message)) for message in request["messages"]]


@row("S1-127", "S1-54", "S1-55")
def a_new_session_has_an_id_of_its_own(world):
    model = world.model(say("ok"))
    answers = [world.service.post("/v1/infer", {"model_id": model, "text": "hi", "session_id": "new"}) for _ in range(3)]
    ids = [answer.body["session_id"] for answer in answers]
    equal(len(set(ids)), 3)
    equal([answer.headers["X-Session-Id"] for answer in answers], ids)
    assert all("/" not in one and one != "new" for one in ids), ids


@row("S1-128", "S1-135")
def the_whole_history_is_told(world):
    model = world.model(lambda request: say(f"answer {len(request['messages'])}"))
    session = world.say(model, "zero")
    for number in range(1, 14):
        world.say(model, f"words {number}", session)
    history = told(world.asked(model)[-1])
    equal(len(history), 27)
    equal(history[:3], [("user", "zero"), ("assistant", "answer 1"), ("user", "words 1")])
    equal(history[-1], ("user", "words 13"))


@row("S1-129", "S1-130", "S1-131", "S1-132", "S1-133")
def a_long_conversation_is_summarised(world):
    scribe = world.model(say(SUMMARY), stem="scribe")
    model = world.model(lambda request: say("yes", usage=(90, 20)))
    session = world.say(model, "turn 0")
    for number in range(1, 7):
        world.say(model, f"turn {number}", session)
    world.variable("SUMMARY_MODEL_ID", scribe)
    world.variable("MAX_TOKENS_IN_CONTEXT", "100")
    try:
        world.say(model, "turn 7", session)
        context = world.service.soon(f"/v1/sessions/{session}/context", lambda body: body.get("summary"))
        asked = str(world.asked(scribe)[0]["messages"])
        assert "<summary>" in asked and "<memory>" in asked and "turn 0" in asked, asked
        assert "turn 7" not in asked, asked
    finally:
        world.variable("SUMMARY_MODEL_ID", None)
        world.variable("MAX_TOKENS_IN_CONTEXT", None)
    assert "They spoke of Oslo." in str(context["summary"]), context
    world.say(model, "turn 8", session)
    history = told(world.asked(model)[-1])
    equal(history[:2], [("system", "## Summary\nThey spoke of Oslo."), ("system", "## Memory\nfact: Lives in Oslo")])
    equal(len(history), 2 + 10 + 1)
    equal(history[-1], ("user", "turn 8"))
    assert "tea" not in str(history), history
    kept = world.conversation(session)
    equal(len(kept["messages"]), 18)


@row("S1-130", "S1-135")
def below_the_threshold_nothing_is_summarised(world):
    scribe = world.model(say(SUMMARY), stem="scribe")
    model = world.model(say("yes", usage=(90, 5)))
    world.variable("SUMMARY_MODEL_ID", scribe)
    world.variable("MAX_TOKENS_IN_CONTEXT", "100")
    try:
        session = world.say(model, "one")
        for _ in range(3):
            world.say(model, "more", session)
    finally:
        world.variable("SUMMARY_MODEL_ID", None)
        world.variable("MAX_TOKENS_IN_CONTEXT", None)
    equal(world.asked(scribe), [])
