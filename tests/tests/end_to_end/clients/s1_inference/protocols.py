"""Models and their wire formats (S1-02 to S1-52, S1-72 to S1-76)."""

import base64
import json
import os
import urllib.parse

from client import call, equal, error, get, infer, keys, model, post, row, seen, streamed, workspace, write
from provider import BASE, Provider, Reply

PNG = base64.b64encode(
    bytes.fromhex(
        "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
    )
).decode()


@row("S1-02", "S1-12", "S1-20", "S1-54")
def composed_per_request():
    name = model(Reply("Hel", "lo"))
    answer = infer(model_id=name, text="Hi")
    keys(answer, ["success", "messages", "stat", "run_id"])
    equal(answer["success"], True)
    equal(answer["messages"], [{"role": "assistant", "content": "Hello"}])
    # `messages` wins over `text`; an empty list of tools sends none.
    infer(model_id=name, text="no", messages=[{"role": "user", "content": "yes"}], tool_ids=[])
    sent = seen(name)[-1]
    equal(sent["messages"], [{"role": "user", "content": "yes"}])
    assert "tools" not in sent, sent


@row("S1-16", "S1-73")
def models_are_listed():
    name = model(Reply("x"), api_key="sk-secret", model_type="vlm", generate_params={"temperature": 0.5, "think": True})
    listed = get("/v1/models")
    equal(listed.status, 200)
    one = next(one for one in listed.body["models"] if one["model_id"] == name)
    keys(one, ["model_id", "api_base", "model_name", "api_key", "model_type", "api_protocol", "generate_params"])
    equal((one["model_name"], one["model_type"], one["api_protocol"]), (name, "vlm", "openai"))
    equal(one["generate_params"], {"temperature": 0.5, "think": True})
    assert one["api_key"] and "sk-secret" not in listed.raw.decode(), one
    plain = model(Reply("x"))
    one = next(one for one in get("/v1/models").body["models"] if one["model_id"] == plain)
    equal((one["api_key"], one["model_type"], one["api_protocol"], one["generate_params"]), ("", "llm", "openai", {}))


@row("S1-22", "S1-71")
def statistics():
    name = model(Reply("", calls=[("c1", "nothing_known", "{}")], usage=(10, 2)), Reply("done", usage=(20, 4)))
    answer = infer(model_id=name, text="Hi")
    stat = answer["stat"]
    tokens = {key: value for key, value in stat.items() if key.endswith("_tokens")}
    equal(
        tokens,
        {
            "prompt_tokens": 20,
            "completion_tokens": 4,
            "total_tokens": 24,
            "total_prompt_tokens": 30,
            "total_completion_tokens": 6,
            "total_all_tokens": 36,
        },
    )
    keys(stat, [*tokens, "ttft_ms", "net_ms", "total_ms", "overall_ms", "completed_at"])
    for key in ("ttft_ms", "net_ms", "total_ms", "overall_ms"):
        assert isinstance(stat[key], (int, float)) and round(stat[key], 1) == stat[key], stat
    _, frames = streamed(
        {"model_id": (again := model(Reply("", calls=[("c1", "nothing_known", "{}")]), Reply("done"))), "text": "Hi"}
    )
    usage = [frame for frame in frames if frame["role"] == "usage"]
    equal([frame["name"] for frame in usage], ["round", "round"], again)
    assert "overall_ms" not in json.loads(usage[0]["content"]) and "overall_ms" in json.loads(
        usage[1]["content"]
    ), usage


@row("S1-41", "S1-42", "S1-44", "S1-50")
def openai():
    name = model(
        Reply("Let me ", "see", thinking=["Hm", "m."], calls=[("call_1", "bash", '{"command": "echo hi"}')]),
        Reply("done", thinking=["Ah"], field="thinking"),
        api_key="sk-1",
        generate_params={"temperature": 0.5, "top_p": 0.9},
    )
    answer = infer(model_id=name, text="Hi", tool_ids=["bash"])
    (path, headers, first), (_, _, second) = Provider.seen[name]
    equal(path, "/v1/chat/completions")
    lower = {key.lower(): value for key, value in headers.items()}
    equal(lower["authorization"], "Bearer sk-1")
    equal((first["temperature"], first["top_p"], first["stream"]), (0.5, 0.9, True))
    tool = first["tools"][0]
    keys(tool, ["type", "function"])
    equal(tool["type"], "function")
    assert {"name", "description", "parameters"} <= set(tool["function"]), tool
    assistant, result = second["messages"][-2:]
    equal(
        assistant["tool_calls"],
        [{"id": "call_1", "type": "function", "function": {"name": "bash", "arguments": '{"command": "echo hi"}'}}],
    )
    equal((result["role"], result["tool_call_id"], result["content"].strip()), ("tool", "call_1", "hi"))
    messages = answer["messages"]
    equal([one["role"] for one in messages], ["assistant", "tool", "assistant"])
    equal((messages[0]["content"], messages[0]["thinking"]), ("Let me see", "Hmm."))
    equal(messages[0]["tool_calls"], [{"id": "call_1", "name": "bash", "arguments": '{"command": "echo hi"}'}])
    equal((messages[2]["content"], messages[2]["thinking"]), ("done", "Ah"))
    keys(messages[1], ["role", "content", "name", "tool_id", "tool_use_id"])
    equal((messages[1]["name"], messages[1]["tool_id"], messages[1]["tool_use_id"]), ("bash", "bash", "call_1"))
    without = model(Reply("x"))
    infer(model_id=without, text="Hi")
    assert "authorization" not in {key.lower() for key in Provider.seen[without][0][1]}


@row("S1-11", "S1-45", "S1-46", "S1-50", "S1-19")
def ollama():
    name = model(
        Reply("Hm", thinking=["thi", "nk"], calls=[(None, "bash", '{"command": "echo hi"}')], usage=(11, 5)),
        Reply("do", "ne", usage=(12, 6)),
        protocol="ollama",
        model_type="vlm",
        generate_params={"temperature": 0.5, "think": True},
    )
    answer = infer(model_id=name, tool_ids=["bash"], messages=[{"role": "user", "content": "Look", "images": [PNG]}])
    (path, _, first), (_, _, second) = Provider.seen[name]
    equal(path, "/api/chat")
    equal((first["think"], first["options"]), (True, {"temperature": 0.5}))
    equal(first["messages"][0], {"role": "user", "content": "Look", "images": [PNG]})
    calls = second["messages"][-2]["tool_calls"]
    equal(calls[0]["function"]["name"], "bash")
    equal(calls[0]["function"]["arguments"], {"command": "echo hi"})
    equal(second["messages"][-1]["role"], "tool")
    messages = answer["messages"]
    equal((messages[0]["content"], messages[0]["thinking"]), ("Hm", "think"))
    equal(json.loads(messages[0]["tool_calls"][0]["arguments"]), {"command": "echo hi"})
    equal(messages[2]["content"], "done")
    equal((answer["stat"]["prompt_tokens"], answer["stat"]["completion_tokens"]), (12, 6))


@row("S1-47", "S1-48")
def anthropic():
    name = model(
        Reply("Hm", calls=[("tu_1", "bash", '{"command": "echo hi"}')]),
        Reply("done", usage=(9, 4)),
        protocol="anthropic",
        model_type="vlm",
        api_key="sk-a",
        generate_params={"max_completion_tokens": 77},
    )
    system = [{"role": "system", "content": "Be kind."}, {"role": "system", "content": "Be brief."}]
    answer = infer(
        model_id=name, tool_ids=["bash"], messages=[*system, {"role": "user", "content": "Look", "images": [PNG]}]
    )
    (path, headers, first), (_, _, second) = Provider.seen[name]
    equal(path, "/v1/messages")
    lower = {key.lower(): value for key, value in headers.items()}
    equal(lower["x-api-key"], "sk-a")
    assert lower["anthropic-version"], headers
    system = (
        first["system"] if isinstance(first["system"], str) else "\n\n".join(block["text"] for block in first["system"])
    )
    equal(system, "Be kind.\n\nBe brief.")
    equal(first["max_tokens"], 77)
    assert "max_completion_tokens" not in first, first
    tool = first["tools"][0]
    assert {"name", "description", "input_schema"} <= set(tool), tool
    blocks = first["messages"][0]["content"]
    image = next(block for block in blocks if block["type"] == "image")
    equal(image["source"], {"type": "base64", "media_type": "image/png", "data": PNG})
    result = second["messages"][-1]
    equal(
        (result["role"], result["content"][0]["type"], result["content"][0]["tool_use_id"]),
        ("user", "tool_result", "tu_1"),
    )
    equal([one["role"] for one in answer["messages"]], ["assistant", "tool", "assistant"])
    equal((answer["stat"]["prompt_tokens"], answer["stat"]["completion_tokens"]), (9, 4))


@row("S1-49")
def unknown_protocol():
    answer = post("/v1/models", {"model_id": "x", "api_base": BASE, "model_name": "x", "api_protocol": "smoke"})
    error(answer, 400, "Unsupported api_protocol")
    equal(answer.body["error_code"], "PROTOCOL_NOT_FOUND")
    answer = post(
        "/v1/infer", {"model_id": model(Reply("x")), "text": "Hi", "model_config_override": {"api_protocol": "smoke"}}
    )
    error(answer, 400, "Unsupported api_protocol")
    equal((answer.body["error_code"], answer.body["success"]), ("PROTOCOL_NOT_FOUND", False))


@row("S1-43", "S1-51", "S1-52", "S1-72")
def images_and_audio():
    name = model(Reply("I see"), model_type="vlm")
    write("picture.png", "")
    with open(os.path.join(workspace, "picture.png"), "wb") as file:
        file.write(base64.b64decode(PNG))
    images = [PNG, "data:image/png;base64," + PNG, "picture.png", os.path.join(workspace, "picture.png")]
    sound = base64.b64encode(b"RIFF\x24\0\0\0WAVEfmt ").decode()
    answer = infer(
        model_id=name,
        session_id="new",
        messages=[{"role": "user", "content": "Look", "images": images, "audio": sound}],
    )
    parts = seen(name)[0]["messages"][0]["content"]
    equal(parts[0], {"type": "text", "text": "Look"})
    pictures = [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]
    equal(pictures, ["data:image/png;base64," + PNG] * 4)
    recordings = [part["input_audio"] for part in parts if part["type"] == "input_audio"]
    equal(recordings, [{"data": sound, "format": "wav"}])
    stored = get("/v1/sessions/" + answer["session_id"]).body["messages"][0]
    assert stored["images"] and stored["audio"], stored
    error(
        post("/v1/infer", {"model_id": name, "messages": [{"role": "user", "content": "x", "images": ["gone.png"]}]}),
        400,
        "images[0]",
    )


@row("S1-74", "S1-75", "S1-76", "S1-29")
def models_are_written():
    body = {"model_id": "rows/model 一", "api_base": BASE, "model_name": "m"}
    for field in body:
        error(
            post("/v1/models", {key: value for key, value in body.items() if key != field}),
            400,
            f"Missing required field: {field}",
        )
    equal((answer := post("/v1/models", body)).status, 201)
    equal(answer.body, {"status": "registered", "model_id": body["model_id"]})
    equal(post("/v1/models", {**body, "model_name": "m2"}).status, 201)
    found = [one for one in get("/v1/models").body["models"] if one["model_id"] == body["model_id"]]
    equal([one["model_name"] for one in found], ["m2"])
    path = "/v1/models/" + urllib.parse.quote(body["model_id"], safe="")
    error(call("PUT", path, {"model_id": body["model_id"]}), 400, "Missing required field: api_base")
    renamed = call("PUT", path, {**body, "model_id": "rows-renamed"})
    equal((renamed.status, renamed.body), (200, {"status": "updated", "model_id": "rows-renamed"}))
    ids = [one["model_id"] for one in get("/v1/models").body["models"]]
    assert "rows-renamed" in ids and body["model_id"] not in ids, ids
    error(call("PUT", path, body), 404)
    gone = call("DELETE", "/v1/models/rows-renamed")
    equal((gone.status, gone.body), (200, {"status": "deleted", "model_id": "rows-renamed"}))
    error(call("DELETE", "/v1/models/rows-renamed"), 404)
    for wrong in (b"", b"{", b"[]"):
        error(call("POST", "/v1/models", wrong), 400)
