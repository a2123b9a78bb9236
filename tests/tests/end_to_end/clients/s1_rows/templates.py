"""Group I: prompt templates."""

from provider import say, text
from rows import equal, keys, problem, row
from service import quoted

PATH = "/v1/prompt-templates"


@row("S1-109")
def the_list_has_exactly_id_and_content(world):
    name = world.name("Plain template")
    world.service.post(PATH, {"template_id": name, "content": "Be {{mood}}"})
    listed = world.service.get(PATH)
    equal(listed.status, 200)
    keys(listed.body, "templates")
    mine = [template for template in listed.body["templates"] if template["template_id"] == name]
    equal(mine, [{"template_id": name, "content": "Be {{mood}}"}])


@row("S1-110", "S1-24")
def a_template_is_created_and_created_again(world):
    for name in (world.name("t"), world.name("Über/模板 {x}"), world.name("a.b:c")):
        created = world.service.post(PATH, {"template_id": name, "content": "one", "later_field": 1})
        equal((created.status, created.body), (201, {"status": "created", "template_id": name}))
        equal(world.service.post(PATH, {"template_id": name, "content": "two"}).status, 201)
        listed = world.service.get(PATH).body["templates"]
        equal([one["content"] for one in listed if one["template_id"] == name], ["two"])
    other = world.name("by-name")
    equal(world.service.post(PATH, {"name": other, "content": "x"}).body, {"status": "created", "template_id": other})


@row("S1-110")
def what_a_template_needs_is_asked_for(world):
    problem(world.service.post(PATH, {"content": "x"}), 400, "Missing required field", "template_id")
    problem(world.service.post(PATH, {"template_id": "x"}), 400, "Missing required field", "content")
    problem(world.service.post(PATH, {"template_id": 5, "content": "x"}), 400, "template_id")
    problem(world.service.post(PATH, {"template_id": "x", "content": ["x"]}), 400, "content")
    for body in (None, "", "{", "[]", "null", "5"):
        problem(world.service.post(PATH, body), 400)


@row("S1-111")
def a_template_is_changed_and_renamed(world):
    old, new = world.name("old"), world.name("Neu/neu")
    world.service.post(PATH, {"template_id": old, "content": "one"})
    changed = world.service.put(f"{PATH}/{quoted(old)}", {"content": "two"})
    equal((changed.status, changed.body), (200, {"status": "updated", "template_id": old}))
    renamed = world.service.put(f"{PATH}/{quoted(old)}", {"template_id": new, "content": "three"})
    equal((renamed.status, renamed.body), (200, {"status": "updated", "template_id": new}))
    listed = {one["template_id"]: one["content"] for one in world.service.get(PATH).body["templates"]}
    assert old not in listed and listed[new] == "three", listed
    problem(world.service.put(f"{PATH}/{quoted(old)}", {"content": "x"}), 404, old)
    again = world.service.put(f"{PATH}/{quoted(new)}", {"template_id": old})
    equal((again.status, again.body), (200, {"status": "updated", "template_id": old}))


@row("S1-112")
def a_template_is_deleted_once(world):
    name = world.name("gone / for ever")
    world.service.post(PATH, {"template_id": name, "content": "x"})
    deleted = world.service.delete(f"{PATH}/{quoted(name)}")
    equal((deleted.status, deleted.body), (200, {"status": "deleted", "template_id": name}))
    problem(world.service.delete(f"{PATH}/{quoted(name)}"), 404, name)


@row("S1-113", "S1-114")
def empty_messages_take_their_template(world):
    name = world.name("persona")
    body = "You are {{who}} of {{town}}; {{who}} counts to {{n}}. {{unknown}} {not} {{}} {{a-b}}"
    world.service.post(PATH, {"template_id": name, "content": body})
    model = world.model(say("ok"))
    arguments = {"who": "Ada {{town}}", "town": "Zürich", "n": 3, "a-b": "dash"}
    world.service.infer(model_id=model, messages=[
        {"role": "system", "content": "", "prompt_template": name, "arguments": arguments},
        {"role": "user", "prompt_template": name, "arguments": {"who": "B"}},
        {"role": "user", "content": "own words", "prompt_template": name, "arguments": arguments},
    ])
    told = [text(message) for message in world.asked(model)[0]["messages"]]
    assert told[0].startswith("You are Ada"), told
    assert "Zürich; Ada" in told[0] and "counts to 3. {{unknown}} {not} {{}}" in told[0], told
    assert "You are B of {{town}}" in told[1] and "own words" in "".join(told[1:]), told
    assert not any("You are Ada" in one for one in told[1:]), told


@row("S1-113")
def an_unknown_template_leaves_the_message_as_it_is(world):
    model = world.model(say("ok"))
    world.service.infer(model_id=model, messages=[
        {"role": "system", "content": "", "prompt_template": "no such template", "arguments": {"a": "b"}},
        {"role": "user", "content": "hello", "prompt_template": "no such template"},
    ])
    told = world.asked(model)[0]["messages"]
    equal([text(message) for message in told if text(message)], ["hello"])


@row("S1-113", "S1-25")
def a_turn_of_a_session_keeps_its_template_and_arguments(world):
    name = world.name("kept")
    world.service.post(PATH, {"template_id": name, "content": "Hi {{who}}"})
    model = world.model(say("ok"))
    message = {"role": "user", "content": "", "prompt_template": name, "arguments": {"who": "Bo"}}
    session = world.service.infer(model_id=model, messages=[message], session_id="new")["session_id"]
    turn = world.conversation(session)["messages"][0]
    equal((turn["prompt_template"], turn["arguments"], turn["content"]), (name, {"who": "Bo"}, "Hi Bo"))
