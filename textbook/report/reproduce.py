"""The recipe behind a manifest, written as Python that can be run again.

Nothing in a manifest is trusted: a class path or field name that is no plain name becomes an ellipsis, never code.
"""

import re
from collections.abc import Iterator
from keyword import iskeyword
from typing import Any

MAX_VALUE_CHARS = 2000
"""A configuration value longer than this becomes an ellipsis; `manifest.json` has it in full."""

_CLASS = re.compile(r"(?P<module>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*):(?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)", re.ASCII)


def recipe(manifest: dict[str, Any]) -> str:
    """A Python program that runs the recipe of `manifest` over its source into a new folder."""
    source, *steps = manifest["steps"]
    modules: dict[str, set[str]] = {"textbook.engine": {"run"}}
    for match in filter(None, map(_CLASS.fullmatch, _classes(manifest["steps"]))):
        modules.setdefault(match["module"], set()).add(match["name"].split(".")[0])
    own = modules.pop("local", set())
    imports = [f"from {module} import {', '.join(sorted(names))}" for module, names in sorted(modules.items())]
    notes = [f"# {name} comes with no package: have it at hand" for name in sorted(own)]
    calls = [f"    {_call(step)}," for step in steps]
    return "\n".join([*imports, *notes, "", "recipe = (", *calls, ")", f'run(recipe, {_call(source)}, "curated")'])


def _classes(value: Any) -> Iterator[str]:
    """The class paths in a description, however deep."""
    if isinstance(value, dict):
        if {"class", "config"} <= set(value):
            yield value["class"]
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from _classes(inner)


def _call(described: dict[str, Any]) -> str:
    match = _CLASS.fullmatch(described["class"])
    if not match:
        return "..."
    if not all(name.isidentifier() and not iskeyword(name) for name in described["config"]):
        return f"{match['name']}(...)"
    fields = [f"{name}={_value(value)}" for name, value in described["config"].items() if value is not None]
    return f"{match['name']}({', '.join(fields)})"


def _value(value: Any) -> str:
    written = _written(value)
    return written if len(written) <= MAX_VALUE_CHARS else "..."


def _written(value: Any) -> str:
    if isinstance(value, dict) and set(value) == {"class", "config"}:
        return _call(value)
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key!r}: {_value(v)}' for key, v in value.items())}}}"
    if isinstance(value, list):
        return f"({', '.join(map(_value, value))}{',' if len(value) == 1 else ''})"
    return repr(value)
