"""The table of checks: each is named by the rows that it holds the service to."""

import itertools
import sys
import traceback

CHECKS = []


def row(*names):
    """Marks a check of these rows."""
    def keep(check):
        CHECKS.append((names, check))
        return check
    return keep


class World:
    """What a check has: the service, a provider whose models it scripts, and the folder that tools work in."""

    def __init__(self, service, provider, workspace):
        self.service, self.provider, self.workspace = service, provider, workspace
        self.numbers = itertools.count(1)

    def name(self, stem):
        """A name that no other check has."""
        return f"{stem}-{next(self.numbers)}"

    def model(self, answer, stem="model", **config):
        """Registers a model that answers with what `answer` makes of a request; its id."""
        name = self.name(stem)
        self.provider.add(name, answer if callable(answer) else lambda request: answer)
        config = {"model_id": name, "api_base": self.provider.url, "model_name": name, **config}
        registered = self.service.post("/v1/models", config)
        assert registered.status == 201, registered
        return name

    def asked(self, model):
        """What a model was asked so far."""
        return self.provider.asked[model]

    def variable(self, key, value):
        """Sets a variable; removes it where the value is None."""
        if value is None:
            answer = self.service.delete(f"/v1/env/{key}")
        else:
            answer = self.service.post("/v1/env", {"key": key, "value": value})
        assert answer.status == 200, answer

    def say(self, model, words, session="new", **more):
        """Says something in a session; its id."""
        return self.service.infer(model_id=model, text=words, session_id=session, **more)["session_id"]

    def conversation(self, session):
        """A session as it is kept."""
        answer = self.service.get(f"/v1/sessions/{session}")
        assert answer.status == 200, answer
        return answer.body


def equal(got, wanted):
    assert got == wanted, f"\n   got {got!r}\nwanted {wanted!r}"


def keys(value, *wanted):
    """The value has exactly these members."""
    equal(sorted(value), sorted(wanted))


def problem(answer, status, *words):
    """A refusal: its status, and `error` as a sentence that holds these words."""
    assert answer.status == status, f"wanted {status}: {answer}"
    assert isinstance(answer.body, dict) and isinstance(answer.body.get("error"), str), answer
    for word in words:
        assert word.lower() in answer.body["error"].lower(), f"wanted {word!r}: {answer}"


def run(world, wanted):
    """Runs the checks that are wanted, by row, name or group; how many there were, and how many failed."""
    done, failed = 0, 0
    for names, check in CHECKS:
        if wanted and not set(wanted) & {*names, check.__name__, check.__module__}:
            continue
        done += 1
        try:
            check(world)
        except Exception:
            failed += 1
            print(f"FAILED {' '.join(names)} {check.__name__}\n{traceback.format_exc(limit=-3)}", file=sys.stderr)
    return done, failed
