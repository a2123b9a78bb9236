"""A client of the first generation, with the standard library alone: what it puts together from the stream's frames must be
what /v1/infer answers. Arguments: the service's address, the request as JSON."""

import json
import sys
import urllib.request

address, request = sys.argv[1], sys.argv[2]


def post(path):
    headers = {"Content-Type": "application/json"}
    return urllib.request.urlopen(urllib.request.Request(address + path, request.encode(), headers), timeout=60)


def frames(response):
    """The data of each frame, up to the terminator, without which a stream is not whole."""
    for line in response:
        line = line.decode().rstrip("\r\n")
        if line.startswith("data:"):
            data = line[len("data:"):].strip()
            if data == "[DONE]":
                return
            yield json.loads(data)
    raise SystemExit("the stream ended without [DONE]")


def assistant(messages, frame):
    if not messages or messages[-1]["role"] != "assistant":
        who = {name: frame[name] for name in ("name", "assistant_id") if name in frame}
        messages.append({"role": "assistant", "content": "", **who})
    message = messages[-1]
    message["content"] += frame["content"]
    if "thinking" in frame:
        message["thinking"] = message.get("thinking", "") + frame["thinking"]
    for piece in frame.get("tool_calls", []):
        calls = message.setdefault("tool_calls", [])
        if piece["_index"] >= len(calls):
            calls.append({name: value for name, value in piece.items() if name != "_index"})
        else:
            calls[piece["_index"]]["arguments"] += piece["arguments"]


def delegate(messages, frame):
    # Some models count their calls anew in each round: only those behind the last assistant message are the same.
    last = max((place for place, message in enumerate(messages) if message["role"] == "assistant"), default=0)
    same = [message for message in messages[last:] if message.get("tool_use_id") == frame["tool_call_id"]]
    if same:
        same[-1]["content"] += frame.get("delta", "")
    else:
        message = {"role": "tool", "content": frame.get("delta", ""), "name": frame["name"]}
        messages.append({**message, "tool_id": "delegate", "tool_use_id": frame["tool_call_id"]})


def rebuilt(response):
    messages, stat, init = [], None, None
    for frame in frames(response):
        if frame.get("type") == "init":
            init = frame
        elif frame["role"] == "usage":
            stat = json.loads(frame["content"])
        elif frame["role"] == "tool" and "streaming" in frame:
            delegate(messages, frame)
        elif frame["role"] == "tool":
            messages.append(frame)
        else:
            assistant(messages, frame)
    assert init and init["run_id"], "a stream begins with an init frame"
    return messages, stat


def tokens(stat):
    return {name: value for name, value in stat.items() if name.endswith("_tokens")}


messages, stat = rebuilt(post("/v1/infer/stream"))
answer = json.load(post("/v1/infer"))
assert answer["success"], answer
assert messages == answer["messages"], json.dumps([messages, answer["messages"]], indent=1)
assert tokens(stat) == tokens(answer["stat"]) and len(tokens(stat)) == 6, [stat, answer["stat"]]
print(json.dumps(messages))
