#!/usr/bin/env python3
"""Rebuilds the JSON answer of /v1/infer from the stream of /v1/infer/stream; standard library only.

    stream_as_infer.py AGENT QUESTION [--url URL] [--compare]

With --compare it asks /v1/infer the same question and says whether both have the same shape and the same turns (times,
ids and token counts apart); the exit status is 1 if they do not. TROUPE_TOKEN is sent where it is set.
"""

import argparse
import json
import os
import sys
import urllib.request


def post(url, path, body):
    """Opens a POST of JSON."""
    headers = {"content-type": "application/json"}
    if os.environ.get("TROUPE_TOKEN"):
        headers["authorization"] = "Bearer " + os.environ["TROUPE_TOKEN"]
    data = json.dumps(body).encode()
    return urllib.request.urlopen(urllib.request.Request(url + path, data, headers))


def events(response):
    """Yields (event, data) of a stream of server-sent events."""
    event, data = "message", []
    for line in response:
        line = line.decode().rstrip("\r\n")
        if not line:
            if data:
                yield event, "\n".join(data)
            event, data = "message", []
        elif line.startswith("event:"):
            event = line[6:].strip()
        elif line.startswith("data:"):
            data.append(line[5:].removeprefix(" "))


class Answer:
    """Puts the turns together as their pieces come."""

    def __init__(self):
        self.messages, self.stat, self.error = [], None, None
        self.session = self.run = None

    def take(self, event, data):
        """Takes in one frame."""
        if data == "[DONE]":
            return
        frame = json.loads(data)
        if event == "init":
            self.session, self.run = frame.get("session_id"), frame.get("run_id")
        elif event != "message":
            return
        elif "role" not in frame:
            self.error = frame.get("error")
        elif frame["role"] == "usage":
            self.stat = json.loads(frame["content"])
        elif frame["role"] == "tool":
            self.take_tool(frame)
        else:
            self.take_assistant(frame)

    def take_tool(self, frame):
        """A tool's result comes whole, a sub-agent's in pieces; deeper ones speak to their own parents."""
        if "streaming" not in frame:
            self.messages.append(frame)
            return
        if frame.get("depth", 1) > 1:
            return
        call = frame.get("tool_call_id")
        for message in reversed(self.messages):
            if message["role"] == "assistant":
                break  # Some models count their calls anew in each round.
            if message.get("tool_use_id") == call:
                message["content"] += frame.get("delta") or ""
                return
        message = {"role": "tool", "content": frame.get("delta") or "", "name": frame.get("name")}
        self.messages.append({**message, "tool_id": "delegate", "tool_use_id": call})

    def take_assistant(self, frame):
        """Deltas of one message follow each other."""
        if "error_code" in frame:
            self.error = frame["content"].removeprefix("Error: ")
        if not self.messages or self.messages[-1]["role"] != "assistant":
            self.messages.append({"role": "assistant", "content": ""})
        message = self.messages[-1]
        message["content"] += frame["content"]
        for name in ("name", "assistant_id"):
            if name in frame:
                message[name] = frame[name]
        if frame.get("thinking"):
            message["thinking"] = message.get("thinking", "") + frame["thinking"]
        for piece in frame.get("tool_calls") or []:
            calls = message.setdefault("tool_calls", [])
            index = piece.pop("_index", len(calls))
            if index >= len(calls):
                calls.append(piece)
            else:
                calls[index]["arguments"] += piece.get("arguments", "")

    def json(self):
        """The answer as /v1/infer gives it."""
        answer = {"success": self.error is None, "messages": self.messages, "run_id": self.run}
        optional = {"session_id": self.session, "stat": self.stat, "error": self.error}
        return answer | {name: value for name, value in optional.items() if value is not None}


def essence(answer):
    """What two answers to one question have in common: who said what, and which tools were called with what."""
    def turn(message):
        calls = [(call["name"], call["arguments"]) for call in message.get("tool_calls", [])]
        return message["role"], message["content"], message.get("thinking"), calls

    return answer["success"], [turn(message) for message in answer["messages"]], sorted(answer.get("stat") or {})


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("agent")
    parser.add_argument("question")
    parser.add_argument("--url", default=os.environ.get("TROUPE_URL", "http://127.0.0.1:7988"))
    parser.add_argument("--compare", action="store_true")
    arguments = parser.parse_args()
    body = {"agent_id": arguments.agent, "text": arguments.question}

    answer = Answer()
    with post(arguments.url, "/v1/infer/stream", body) as response:
        for event, data in events(response):
            answer.take(event, data)
    rebuilt = answer.json()
    print(json.dumps(rebuilt, indent=2, ensure_ascii=False))
    if not arguments.compare:
        return 0
    with post(arguments.url, "/v1/infer", body) as response:
        whole = json.load(response)
    if essence(rebuilt) == essence(whole):
        print("the same as /v1/infer", file=sys.stderr)
        return 0
    print("different from /v1/infer:", json.dumps(whole, indent=2, ensure_ascii=False), sep="\n", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
