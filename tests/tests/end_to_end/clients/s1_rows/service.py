"""The service as a client of the first generation sees it: JSON, and server-sent events cut at `data:`."""

import http.client
import json
import threading
import urllib.parse


class Answer:
    """A status, the headers, and the body as JSON; a text where it is none."""

    def __init__(self, response):
        self.status, self.headers = response.status, response.headers
        body = response.read()
        try:
            self.body = json.loads(body)
        except ValueError:
            self.body = body.decode(errors="replace")

    def __repr__(self):
        return f"{self.status} {json.dumps(self.body, ensure_ascii=False)[:600]}"


class Stream:
    """Server-sent events as they come: `(event, data)`, the data as JSON or the text `[DONE]`."""

    def __init__(self, connection, response):
        self.connection, self.response = connection, response
        self.status, self.headers = response.status, response.headers

    def __iter__(self):
        event = None
        for line in self.response:
            line = line.decode().rstrip("\r\n")
            if line.startswith("event:"):
                event = line[6:].strip()
            elif line.startswith("data:"):
                data = line[5:].strip()
                yield event, data if data == "[DONE]" else json.loads(data)
            elif not line:
                event = None

    def until(self, wanted):
        """Reads up to the first data for which `wanted` holds."""
        for event, data in self:
            if wanted(data):
                return event, data
        raise AssertionError("the stream ended before")

    def close(self):
        # The response holds the socket open beside the connection.
        self.response.close()
        self.connection.close()


class Service:
    """Requests to the service."""

    def __init__(self, url):
        self.host = urllib.parse.urlsplit(url).netloc

    def open(self, method, path, body=None, headers=None):
        """Sends a request; the connection and its response, whose body is unread."""
        connection = http.client.HTTPConnection(self.host, timeout=60)
        if body is not None and not isinstance(body, (str, bytes)):
            body = json.dumps(body)
        connection.request(method, path, body, {"Content-Type": "application/json", **(headers or {})})
        return connection, connection.getresponse()

    def send(self, method, path, body=None, headers=None):
        connection, response = self.open(method, path, body, headers)
        with connection.sock or response:
            return Answer(response)

    def get(self, path, **headers):
        return self.send("GET", path, None, headers)

    def post(self, path, body=None, **headers):
        return self.send("POST", path, body, headers)

    def put(self, path, body=None, **headers):
        return self.send("PUT", path, body, headers)

    def delete(self, path, body=None, **headers):
        return self.send("DELETE", path, body, headers)

    def stream(self, method, path, body=None, headers=None):
        return Stream(*self.open(method, path, body, headers))

    def infer(self, **request):
        """The answer of /v1/infer."""
        answer = self.post("/v1/infer", request)
        assert answer.status == 200, answer
        return answer.body

    def inferring(self, **request):
        """The stream of /v1/infer/stream."""
        stream = self.stream("POST", "/v1/infer/stream", request)
        assert stream.status == 200, Answer(stream.response)
        return stream

    def soon(self, path, fits):
        """Reads until the answer fits: what goes on in the background tells nobody when it is done."""
        pause = threading.Event()
        for _ in range(600):
            answer = self.get(path)
            if fits(answer.body):
                return answer.body
            pause.wait(0.05)
        raise AssertionError(f"{path} never became what was awaited: {answer}")


def quoted(identifier):
    """An identifier as a segment of a path."""
    return urllib.parse.quote(identifier, safe="")
