"""A model provider in this process that speaks OpenAI's and Ollama's protocols: every model answers with what a function
returns."""

import http.server
import json
import threading


def say(*pieces, thinking=None, calls=(), usage=(10, 5), status=None):
    """An answer: pieces of text (an Event among them is waited for), and calls as (id, name, arguments)."""
    return {"pieces": pieces, "thinking": thinking, "calls": calls, "usage": usage, "status": status}


def call(name, arguments, identifier="call_1"):
    """An answer that calls one tool."""
    return say(calls=[(identifier, name, arguments)])


def last(request):
    """The last message of a request."""
    return request["messages"][-1]


def text(message):
    """What a message says, whichever form its content has."""
    content = message["content"] or ""
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content)


class Provider:
    """Models by the name under which they are asked for, and what they were asked."""

    def __init__(self):
        self.models = {}
        self.asked = {}
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.server.daemon_threads = True
        self.root = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.url = self.root + "/v1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def add(self, name, answer):
        """A model that answers with what `answer` makes of the request."""
        self.models[name] = answer
        self.asked[name] = []

    def handler(provider):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                request = json.loads(self.rfile.read(int(self.headers["content-length"])))
                provider.asked[request["model"]].append(request)
                answer = provider.models[request["model"]](request)
                if answer["status"]:
                    return self.whole(answer["status"], {"error": {"message": "scripted failure", "type": "server_error"}})
                if self.path == "/api/chat":
                    return self.streamed("application/x-ndjson", (line + "\n" for line in lines(answer)))
                if not request.get("stream"):
                    return self.whole(200, completion(answer))
                self.streamed("text/event-stream", (f"data: {chunk}\n\n" for chunk in chunks(answer)))

            def whole(self, status, body):
                body = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def streamed(self, kind, parts):
                self.send_response(200)
                self.send_header("content-type", kind)
                self.send_header("connection", "close")
                self.end_headers()
                self.close_connection = True
                try:
                    for part in parts:
                        self.wfile.write(part.encode())
                        self.wfile.flush()
                except OSError:
                    pass  # The service ended the call.

            def log_message(self, *_):
                pass

        return Handler


def tool_calls(answer):
    return [
        {"index": index, "id": identifier, "type": "function",
         "function": {"name": name, "arguments": arguments if isinstance(arguments, str) else json.dumps(arguments)}}
        for index, (identifier, name, arguments) in enumerate(answer["calls"])
    ]


def counted(answer):
    prompt, completion_tokens = answer["usage"]
    return {"prompt_tokens": prompt, "completion_tokens": completion_tokens, "total_tokens": prompt + completion_tokens}


def completion(answer):
    said = "".join(piece for piece in answer["pieces"] if isinstance(piece, str))
    message = {"role": "assistant", "content": said or None}
    if answer["calls"]:
        message["tool_calls"] = tool_calls(answer)
    reason = "tool_calls" if answer["calls"] else "stop"
    choice = {"index": 0, "message": message, "finish_reason": reason}
    return {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": counted(answer)}


def chunks(answer):
    def chunk(delta, reason=None, **more):
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        base = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
        return json.dumps({**base, **more})

    yield chunk({"role": "assistant", "content": ""})
    if answer["thinking"]:
        yield chunk({"reasoning_content": answer["thinking"]})
    for piece in answer["pieces"]:
        if isinstance(piece, str):
            yield chunk({"content": piece})
        else:
            piece.wait(60)
    for part in tool_calls(answer):
        yield chunk({"tool_calls": [part]})
    yield chunk({}, "tool_calls" if answer["calls"] else "stop")
    yield json.dumps({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [],
                      "usage": counted(answer)})
    yield "[DONE]"


def lines(answer):
    """Ollama's lines."""
    def line(message, done=False, **more):
        return json.dumps({"model": "m", "created_at": "2026-01-01T00:00:00Z", "done": done,
                           "message": {"role": "assistant", "content": "", **message}, **more})

    if answer["thinking"]:
        yield line({"thinking": answer["thinking"]})
    for piece in answer["pieces"]:
        if isinstance(piece, str):
            yield line({"content": piece})
        else:
            piece.wait(60)
    for _, name, arguments in answer["calls"]:
        yield line({"tool_calls": [{"function": {"name": name, "arguments": arguments}}]})
    prompt, completion_tokens = answer["usage"]
    yield line({}, True, done_reason="stop", prompt_eval_count=prompt, eval_count=completion_tokens)
