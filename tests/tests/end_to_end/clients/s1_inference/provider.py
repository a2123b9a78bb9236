"""Models in this process that speak the three wire formats, so that what is sent to them can be looked at."""

import http.server
import json
import threading


class Reply:
    """One answer of a model. `calls` are (id, name, arguments as text); `gate` holds the end back until it is set."""

    def __init__(self, *text, thinking=(), calls=(), usage=(7, 3), status=200, gate=None, field="reasoning_content"):
        self.text, self.thinking, self.calls, self.usage = text, thinking, calls, usage
        self.status, self.gate, self.field = status, gate, field


class Provider(http.server.BaseHTTPRequestHandler):
    """Speaks the three wire formats; which replies a model gives is in `replies`, what it was asked in `seen`."""

    protocol_version = "HTTP/1.1"
    replies, seen, lock = {}, {}, threading.Lock()

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        with self.lock:
            self.seen.setdefault(body["model"], []).append((self.path, dict(self.headers.items()), body))
            queue = self.replies.get(body["model"]) or [Reply("no reply is scripted")]
            reply = queue.pop(0) if len(queue) > 1 else queue[0]
        if reply.status != 200:
            return self.answer(reply.status, "application/json", b'{"error": {"message": "the fake fails"}}')
        kind = "application/x-ndjson" if self.path.endswith("/api/chat") else "text/event-stream"
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("connection", "close")
        self.end_headers()
        self.close_connection = True
        speak = {"/api/chat": self.ollama, "/v1/messages": self.anthropic}.get(self.path, self.openai)
        try:
            speak(reply)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def answer(self, status, kind, body):
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def line(self, text):
        self.wfile.write(text.encode())
        self.wfile.flush()

    def openai(self, reply):
        def chunk(delta, finish=None):
            choice = {"index": 0, "delta": delta, "finish_reason": finish}
            self.line(
                "data: "
                + json.dumps(
                    {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
                )
                + "\n\n"
            )

        chunk({"role": "assistant", "content": ""})
        for piece in reply.thinking:
            chunk({reply.field: piece})
        for piece in reply.text:
            chunk({"content": piece})
        for index, (call, name, arguments) in enumerate(reply.calls):
            head = {"index": index, "type": "function", "function": {"name": name, "arguments": ""}}
            if call:
                head["id"] = call
            chunk({"tool_calls": [head]})
            half = len(arguments) // 2
            for piece in (arguments[:half], arguments[half:]):
                chunk({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
        if reply.gate:
            reply.gate.wait(60)
        chunk({}, "tool_calls" if reply.calls else "stop")
        usage = {"prompt_tokens": reply.usage[0], "completion_tokens": reply.usage[1], "total_tokens": sum(reply.usage)}
        self.line(
            "data: "
            + json.dumps(
                {
                    "id": "c",
                    "object": "chat.completion.chunk",
                    "created": 1,
                    "model": "m",
                    "choices": [],
                    "usage": usage,
                }
            )
            + "\n\n"
        )
        self.line("data: [DONE]\n\n")

    def ollama(self, reply):
        def chunk(message, **more):
            self.line(
                json.dumps(
                    {
                        "model": "m",
                        "created_at": "2026-01-01T00:00:00Z",
                        "message": {"role": "assistant", "content": "", **message},
                        "done": False,
                        **more,
                    }
                )
                + "\n"
            )

        for piece in reply.thinking:
            chunk({"thinking": piece})
        for piece in reply.text:
            chunk({"content": piece})
        for _, name, arguments in reply.calls:
            chunk({"tool_calls": [{"function": {"name": name, "arguments": json.loads(arguments)}}]})
        chunk({}, done=True, done_reason="stop", prompt_eval_count=reply.usage[0], eval_count=reply.usage[1])

    def anthropic(self, reply):
        def event(kind, **more):
            self.line(f"event: {kind}\ndata: {json.dumps({'type': kind, **more})}\n\n")

        usage = {"input_tokens": reply.usage[0], "output_tokens": 1}
        event(
            "message_start",
            message={
                "id": "m",
                "type": "message",
                "role": "assistant",
                "content": [],
                "model": "m",
                "stop_reason": None,
                "stop_sequence": None,
                "usage": usage,
            },
        )
        index = 0
        for kind, pieces in (("thinking", reply.thinking), ("text", reply.text)):
            if pieces:
                event("content_block_start", index=index, content_block={"type": kind, kind: ""})
                for piece in pieces:
                    event("content_block_delta", index=index, delta={"type": f"{kind}_delta", kind: piece})
                event("content_block_stop", index=index)
                index += 1
        for call, name, arguments in reply.calls:
            event(
                "content_block_start",
                index=index,
                content_block={"type": "tool_use", "id": call, "name": name, "input": {}},
            )
            event("content_block_delta", index=index, delta={"type": "input_json_delta", "partial_json": arguments})
            event("content_block_stop", index=index)
            index += 1
        event(
            "message_delta",
            delta={"stop_reason": "tool_use" if reply.calls else "end_turn", "stop_sequence": None},
            usage={"output_tokens": reply.usage[1]},
        )
        event("message_stop")


class Fakes(http.server.ThreadingHTTPServer):
    daemon_threads = True


fakes = Fakes(("127.0.0.1", 0), Provider)
threading.Thread(target=fakes.serve_forever, daemon=True).start()
BASE = f"http://127.0.0.1:{fakes.server_port}"
