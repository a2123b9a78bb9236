"""Skills: registered, disclosed step by step, with fixed steps (S1-101 to S1-108)."""

import json
import os

from client import call, equal, error, get, holds, infer, keys, model, post, row, seen, workspace, write
from provider import Reply


@row("S1-101", "S1-102", "S1-103", "S1-104", "S1-105", "S1-106")
def skills():
    folder = os.path.dirname(
        write(
            "skills/rows/SKILL.md",
            "---\nname: rows-skill\ndescription: Knows about rows\n  and columns.\n---\n# How to row\n\nRun ./row.sh\n",
        )
    )
    write("skills/rows/row.sh", "#!/bin/sh\necho rowed\n", 0o755)
    answer = post("/v1/tools/skill", {"skill_dir": folder})
    equal((answer.status, answer.body), (201, {"status": "registered", "tool_id": "skill-rows-skill"}))
    listed = next(one for one in get("/v1/tools").body["tools"] if one["tool_id"] == "skill-rows-skill")
    keys(listed, ["tool_id", "tool_type", "name", "description", "parameters", "skill_dir"])
    equal(
        (listed["tool_type"], listed["name"], listed["description"]),
        ("skill", "rows-skill", "Knows about rows and columns."),
    )
    equal((listed["parameters"], listed["skill_dir"]), ({"type": "object", "properties": {}}, folder))
    error(post("/v1/tools/call", {"tool_id": "skill-rows-skill"}), 400)
    select = Reply("", calls=[("c1", "rows-skill", "{}"), ("c2", "bash", '{"command": "echo dropped"}')])
    use = Reply("", calls=[("c3", "bash", '{"command": "./row.sh"}')])
    name = model(select, use, Reply("done"))
    answer = infer(model_id=name, text="Row", tool_ids=["skill-rows-skill"], max_tool_rounds=1)
    first, second, third = seen(name)
    offered = lambda sent: sorted(tool["function"]["name"] for tool in sent["tools"])
    equal(offered(first), ["rows-skill"])
    equal(first["tools"][0]["function"]["description"], "Knows about rows and columns.")
    assert "How to row" not in json.dumps(first), first
    equal(offered(second), ["bash", "fetch"])
    results = [one for one in answer["messages"] if one["role"] == "tool"]
    equal([one["name"] for one in results], ["rows-skill", "bash"])
    holds(results[0]["content"], "# How to row\n\nRun ./row.sh")
    holds(results[0]["content"], folder)
    assert "description:" not in results[0]["content"], results[0]
    equal(results[1]["content"].strip(), "rowed")
    equal(answer["messages"][-1]["content"], "done")
    assert "dropped" not in json.dumps(second["messages"]), second
    # An edit of the file counts at once.
    write("skills/rows/SKILL.md", "---\nname: rows-skill\ndescription: Knows\n---\nEdited")
    answer = infer(model_id=model(select, Reply("done")), text="Row", tool_ids=["skill-rows-skill"])
    holds(answer["messages"][1]["content"], "Edited")
    for text, part in (
        ("no front matter", "---"),
        ("---\nname: x\n---\nbody", "description"),
        ("---\ndescription: x\n---\nbody", "name"),
    ):
        bad = os.path.dirname(write("skills/bad/SKILL.md", text))
        error(post("/v1/tools/skill", {"skill_dir": bad}), 400, part)
    error(post("/v1/tools/skill", {"skill_dir": workspace + "/none"}), 400)
    error(post("/v1/tools/skill", {"skill_dir": os.path.join(workspace, "tools-none")}), 400)
    error(post("/v1/tools/skill", {}), 400, "skill_dir")
    equal(call("DELETE", "/v1/tools/skill-rows-skill").status, 200)


@row("S1-108")
def a_skill_keeps_its_steps():
    folder = os.path.dirname(write("skills/steps/SKILL.md", "---\nname: stepped\ndescription: Has steps\n---\nSteps\n"))
    name = model(Reply("x"))
    path = write("tools/step.py", "def step(text):\n    return text.upper()\n")
    post(
        "/v1/tools",
        {
            "tool_type": "function",
            "name": "step",
            "description": "Steps",
            "parameters": {"type": "object"},
            "function_file_path": path,
        },
    )
    steps = [
        {"type": "tool", "target": "function-step", "args_mapping": {"text": "{{prev_result}}"}},
        {"type": "inference", "model_id": name, "prompt_template": "Say {{prev_result}}"},
    ]
    body = {
        "tool_id": "skill-stepped",
        "tool_type": "skill",
        "name": "stepped",
        "description": "Has steps",
        "parameters": {"type": "object", "properties": {}},
        "skill_dir": folder,
        "steps": steps,
    }
    equal(post("/v1/tools", body).status, 201)
    listed = next(one for one in get("/v1/tools").body["tools"] if one["tool_id"] == "skill-stepped")
    equal(listed["steps"], steps)
