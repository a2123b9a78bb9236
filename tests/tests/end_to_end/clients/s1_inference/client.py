"""Requests of a client of the first generation, what it makes of frames, and the table of its checks."""

import http.client
import json
import os
import sys
import traceback
import urllib.parse

from provider import BASE, Provider

address, workspace = urllib.parse.urlsplit(sys.argv[1]), sys.argv[2]


class Answer:
    def __init__(self, response):
        self.status, self.headers, self.raw = response.status, response.headers, response.read()
        self.body = json.loads(self.raw) if self.raw else None

    def __repr__(self):
        return f"{self.status} {self.raw.decode()}"


def connect(method, path, body, headers=None):
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=60)
    data = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
    connection.request(method, path, data, {"Content-Type": "application/json", **(headers or {})})
    return connection.getresponse()


def call(method, path, body=None, headers=None):
    return Answer(connect(method, path, body, headers))


def get(path):
    return call("GET", path)


def post(path, body):
    return call("POST", path, body)


class Stream:
    """Frames as they come: (event, id, data as text)."""

    def __init__(self, response):
        self.response, self.status, self.headers = response, response.status, response.headers

    def __iter__(self):
        event = identity = data = None
        for line in self.response:
            line = line.decode().rstrip("\r\n")
            if line.startswith("event:"):
                event = line[6:].strip()
            elif line.startswith("data:"):
                data = line[5:].strip()
            elif line.startswith("id:"):
                identity = line[3:].strip()
            elif not line and data is not None:
                yield event, identity, data
                event = identity = data = None


def streamed(body):
    """The init frame, the other frames, and whether the terminator came last."""
    frames = list(inferring(body))
    assert frames and frames[-1][2] == "[DONE]", frames
    parsed = [(event, json.loads(data)) for event, _, data in frames[:-1]]
    assert parsed[0][0] == "init", parsed[0]
    return parsed[0][1], [frame for event, frame in parsed[1:] if event is None]


def rebuilt(frames):
    """What a client makes of the frames: it knows calls by `_index`, delegates by `tool_call_id`."""
    messages, stat = [], None
    for frame in frames:
        if frame.get("role") == "usage":
            stat = json.loads(frame["content"])
        elif frame.get("role") == "tool" and "streaming" in frame:
            ends = [place for place, one in enumerate(messages) if one["role"] == "assistant"][-1:]
            round = messages[ends[0] :] if ends else messages
            same = [one for one in round if one.get("tool_use_id") == frame["tool_call_id"]]
            if same:
                same[-1]["content"] += frame.get("delta", "")
            elif frame["depth"] == 1:
                messages.append(
                    {
                        "role": "tool",
                        "content": frame.get("delta", ""),
                        "name": frame["name"],
                        "tool_id": "delegate",
                        "tool_use_id": frame["tool_call_id"],
                    }
                )
        elif frame.get("role") == "tool":
            messages.append(frame)
        elif frame.get("role") == "assistant":
            if not messages or messages[-1]["role"] != "assistant":
                messages.append({"role": "assistant", "content": ""})
            message = messages[-1]
            message["content"] += frame["content"]
            for name in ("name", "assistant_id", "error_code"):
                if name in frame:
                    message[name] = frame[name]
            if "thinking" in frame:
                message["thinking"] = message.get("thinking", "") + frame["thinking"]
            for piece in frame.get("tool_calls", []):
                calls = message.setdefault("tool_calls", [])
                if piece["_index"] >= len(calls):
                    calls.append({name: value for name, value in piece.items() if name != "_index"})
                else:
                    calls[piece["_index"]]["arguments"] += piece["arguments"]
    return messages, stat


counter = iter(range(1, 10_000))


def model(*replies, protocol="openai", **more):
    """Registers a model of its own for a row; its id, and what it is called by the fake."""
    name = f"fake-{next(counter)}"
    Provider.replies[name] = list(replies)
    base = BASE if protocol == "ollama" else BASE + "/v1"
    answer = post(
        "/v1/models", {"model_id": name, "api_base": base, "model_name": name, "api_protocol": protocol, **more}
    )
    equal(answer.status, 201, answer)
    return name


def seen(name):
    """The bodies that the fake was sent for a model."""
    return [body for _, _, body in Provider.seen.get(name, [])]


def equal(found, wanted, about=""):
    assert found == wanted, f"found {found!r}, wanted {wanted!r} {about}"


def keys(found, wanted, about=""):
    equal(sorted(found), sorted(wanted), about)


def holds(found, part):
    assert part in found, f"{part!r} is not in {found!r}"


def error(answer, status, part=""):
    """A refusal in the first generation's shape."""
    equal(answer.status, status, answer)
    assert isinstance(answer.body["error"], str), answer
    holds(answer.body["error"], part)


def infer(status=200, **body):
    answer = post("/v1/infer", body)
    equal(answer.status, status, answer)
    return answer.body


rows = []


def row(*names):
    def named(check):
        rows.append((names, check))
        return check

    return named


def write(path, text, mode=0o644):
    path = os.path.join(workspace, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, mode)
    return path


def inferring(body, headers=None):
    """The frames of /v1/infer/stream."""
    return Stream(connect("POST", "/v1/infer/stream", body, headers))


def resumed(run, after=None):
    """The frames of a run from its beginning, or behind the one that a reader had last."""
    headers = {"Last-Event-ID": after} if after else {}
    stream = Stream(connect("GET", f"/v1/runs/{run}/events?format=s1", None, headers))
    equal(stream.status, 200)
    return stream


def run(wanted):
    """Runs the checks that are named, or all; how many failed."""
    failed = 0
    for names, check in rows:
        if wanted and not set(wanted) & {*names, check.__name__}:
            continue
        try:
            check()
        except Exception:  # A row's failure is told, and the others are looked at.
            failed += 1
            print(f"FAILED {' '.join(names)} {check.__name__}\n{traceback.format_exc(limit=-3)}", file=sys.stderr)
    return failed
