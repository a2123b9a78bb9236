"""The official client of OpenAI, unchanged. Argument: the service's address."""

import json
import sys

from openai import NotFoundError, OpenAI

client = OpenAI(base_url=sys.argv[1] + "/v1", api_key="unused", max_retries=0, timeout=60)
weather = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Tells the weather.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


def user(text):
    return {"role": "user", "content": text}


names = [model.id for model in client.models.list()]
assert "agent/looker" in names and "scripted" in names, names

# An agent's own tools run on the server and are not seen here.
answer = client.chat.completions.create(model="agent/looker", messages=[user("Look around")])
[choice] = answer.choices
assert (choice.message.content, choice.finish_reason) == ("I have looked.", "stop"), answer
assert not choice.message.tool_calls and answer.usage.total_tokens > 0, answer

stream = client.chat.completions.create(
    model="agent/looker", messages=[user("Look around")], stream=True, stream_options={"include_usage": True}
)
text, usage, endings = "", None, []
for chunk in stream:
    usage = chunk.usage or usage
    for choice in chunk.choices:
        text += choice.delta.content or ""
        endings += [choice.finish_reason] if choice.finish_reason else []
assert (text, endings) == ("I have looked.", ["stop"]) and usage.total_tokens > 0, (text, endings, usage)

# The caller's tools come back to the caller: of a model and of an agent.
for model in ("scripted", "agent/looker"):
    asked = [user("How is the weather?")]
    answer = client.chat.completions.create(model=model, messages=asked, tools=[weather])
    [choice] = answer.choices
    [call] = choice.message.tool_calls
    assert choice.finish_reason == "tool_calls" and call.function.name == "get_weather", answer
    assert json.loads(call.function.arguments) == {"city": "Oslo"}, answer
    asked += [choice.message, {"role": "tool", "tool_call_id": call.id, "content": "rain"}]
    answer = client.chat.completions.create(model=model, messages=asked, tools=[weather])
    assert answer.choices[0].message.content == "It is rain in Oslo.", answer

try:
    client.chat.completions.create(model="agent/nobody", messages=[user("Hello")])
    raise SystemExit("an agent that is not there answered")
except NotFoundError as error:
    assert "nobody" in str(error), error
print("done")
