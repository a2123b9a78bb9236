"""Group Q: the HTTP server."""

import http.client

from provider import say
from rows import equal, problem, row


@row("S1-187")
def errors_are_json_with_error(world):
    for method, path in (("GET", "/v1/nosuch"), ("POST", "/v1/nosuch/deeper"), ("DELETE", "/v1"), ("GET", "/v1/")):
        problem(world.service.send(method, path), 404)
    problem(world.service.delete("/v1/env"), 405)
    for body in ("{", "[1]", '"text"', "null", b"\xff\xfe"):
        for path in ("/v1/infer", "/v1/models", "/v1/tools", "/v1/agents", "/v1/env", "/v1/prompt-templates"):
            problem(world.service.post(path, body), 400)


@row("S1-187")
def json_is_utf8_and_needs_no_content_type(world):
    model = world.model(say("Grüße 你好 🎉"))
    answer = world.service.post("/v1/infer", {"model_id": model, "text": "é"})
    assert answer.headers["Content-Type"].startswith("application/json"), answer.headers
    equal(answer.body["messages"][0]["content"], "Grüße 你好 🎉")
    bare = http.client.HTTPConnection(world.service.host, timeout=60)
    bare.putrequest("POST", "/v1/infer")
    body = ('{"model_id": "%s", "text": "x"}' % model).encode()
    bare.putheader("Content-Length", str(len(body)))
    bare.endheaders(body)
    equal(bare.getresponse().status, 200)
    bare.close()


@row("S1-189")
def pages_of_other_sites_are_kept_out(world):
    # api.md: no CORS by default, because S1's `*` lets any web page drive bash.
    problem(world.service.get("/v1/models", Origin="https://evil.example"), 403, "--cors-origin")
    answer = world.service.get("/v1/models", Origin="http://localhost:5173")
    equal(answer.status, 200)
    problem(world.service.get("/v1/models", Host="evil.example"), 403)
    equal(world.service.send("OPTIONS", "/v1/models").status, 200)


@row("S1-187", "S1-55")
def a_stream_has_s1s_headers(world):
    stream = world.service.inferring(model_id=world.model(say("ok")), text="x", session_id="new")
    equal(stream.headers["Content-Type"], "text/event-stream; charset=utf-8")
    equal(stream.headers["Cache-Control"], "no-cache")
    session = stream.headers["X-Session-Id"]
    frames = list(stream)
    equal(frames[0][1]["session_id"], session)
    equal(frames[-1], (None, "[DONE]"))


@row("S1-187")
def request_ids_are_echoed(world):
    equal(world.service.get("/v1/models", **{"X-Request-Id": "mine-1"}).headers["X-Request-Id"], "mine-1")
    assert world.service.get("/v1/nosuch").headers["X-Request-Id"]


@row("S1-190")
def health_is_open(world):
    equal(world.service.get("/healthz").status, 200)
    equal(world.service.get("/readyz").status, 200)
