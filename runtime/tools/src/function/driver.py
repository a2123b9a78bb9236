"""Runs tool.py beside this file and writes what came of it to result.json, as {"result": ...} or {"error": "..."}."""

import inspect
import json
import os
import sys
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))


def plain(value):
    """What json does not know, as something that it does."""
    for name in ("model_dump", "_asdict", "tolist", "isoformat"):
        method = getattr(value, name, None)
        if callable(method):
            return method()
    if hasattr(value, "__dataclass_fields__"):
        return {name: getattr(value, name) for name in value.__dataclass_fields__}
    if isinstance(value, (set, frozenset)):
        return list(value)
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode("utf-8", "replace")
    return str(value)


def run(source, arguments, entrypoint):
    path = os.path.join(HERE, "tool.py")
    names = {"__name__": "tool", "__file__": path}
    if entrypoint is None:
        names["payload"] = arguments
    exec(compile(source, path, "exec"), names)
    if entrypoint is None:
        return names.get("result")
    if not callable(names.get(entrypoint)):
        raise NameError(f"the source defines no function {entrypoint!r}")
    result = names[entrypoint](**arguments)
    if inspect.iscoroutine(result):
        import asyncio

        result = asyncio.run(result)
    return result


def told(error):
    """The error and where in the tool's own source it came from."""
    lines = [f"{type(error).__name__}: {error}"]
    for frame in traceback.extract_tb(error.__traceback__):
        if os.path.basename(frame.filename) == "tool.py":
            lines.append(f"  line {frame.lineno}, in {frame.name}")
    return "\n".join(lines)


def main():
    with open(os.path.join(HERE, "tool.py"), encoding="utf-8") as file:
        source = file.read()
    with open(os.path.join(HERE, "arguments.json"), encoding="utf-8") as file:
        arguments = json.load(file)
    entrypoint = sys.argv[1] if len(sys.argv) > 1 else None
    sys.argv = ["tool.py"]
    try:
        result = run(source, arguments, entrypoint)
        written = json.dumps({"result": result}, default=plain, allow_nan=False, ensure_ascii=False)
    except (Exception, SystemExit) as error:
        written = json.dumps({"error": told(error)})
    sys.stdout.flush()
    # A lone surrogate has no place in UTF-8.
    with open(os.path.join(HERE, "result.json"), "w", encoding="utf-8", errors="replace") as file:
        file.write(written)


main()
