"""What steps gave before, and what they give elsewhere: digests over time, over processes and over hash seeds.

`golden.json` holds, for each step class, its version and the digests of its example and of what it made of it. Record
them with

    python -m tests.golden --record [PACKAGE FILE]

which refuses a new output for the same example and version. Nothing else writes the file.
"""

import dataclasses
import importlib
import json
import os
import pkgutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dill

from tests.outcomes import digest, seen
from textbook.lineage import StateFile, canonical, class_path
from textbook.operator import Batch, Step

Example = tuple[Step, Batch]
GOLDEN = Path(__file__).with_suffix(".json")
RECORD = "`python -m tests.golden --record`"


def modules_in(package: str) -> list[str]:
    """The names of all modules of an importable package, itself first.

    A package within it that can't be imported is named too: whoever imports it is told why.
    """
    found = pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}.", onerror=lambda name: None)
    return [package, *(module.name for module in found)]


def examples_in(module: str) -> list[Example]:
    """The example of every concrete step class that a module defines.

    Raises:
        AssertionError: a class has none.
    """
    if module.endswith(".__main__"):
        return []
    found = [cls for cls in vars(importlib.import_module(module)).values() if isinstance(cls, type)]
    steps = [cls for cls in found if issubclass(cls, Step) and cls.__module__ == module and cls is not Step]
    return [example_of(cls) for cls in steps if cls.__abstractmethods__ <= {"example"}]


def example_of(cls: type[Step]) -> Example:
    """The example of a step class, if it is one."""
    remedy = "give it a classmethod example() that returns a ready instance and a small batch"
    assert "example" not in cls.__abstractmethods__, f"{class_path(cls)} has no example(); {remedy}"
    example = cls.example()
    good = isinstance(example, tuple) and [type(part) for part in example] == [cls, dict]
    assert good, f"{class_path(cls)}.example() returned {example!r:.80}; {remedy}"
    return example


def check_elsewhere(examples: list[Example]) -> None:
    """Check that fingerprints and outputs are the same in other processes, whatever PYTHONHASHSEED."""
    here = [seen(step, batch) for step, batch in examples]
    path = os.pathsep.join([str(Path(__file__).parents[1]), *filter(None, sys.path)])
    for seed in ("1", "2"):
        command = [sys.executable, "-m", "tests.golden", "--elsewhere"]
        environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": path}
        done = subprocess.run(command, input=dill.dumps(examples), capture_output=True, env=environment, check=False)
        assert done.returncode == 0, f"the steps can't run in another process:\n{done.stderr.decode()}"
        for (step, _), mine, theirs in zip(examples, here, json.loads(done.stdout), strict=True):
            for what, a, b in zip(("fingerprint", "fitted operator", "output"), mine, theirs, strict=True):
                assert a == b, (
                    f"{type(step).__qualname__}: the {what} differs in another process (PYTHONHASHSEED={seed}); sort "
                    "what comes from a set, and use neither hash() nor id() nor anything else that a process makes up"
                )


def check_golden(step: Step, batch: Batch, golden: Mapping[str, Any]) -> None:
    """Check what a step makes of its example against the entry of its class."""
    name, was, now = class_path(type(step)), golden.get(class_path(type(step))), entry(step, batch)
    assert was is not None, f"{name}: no golden digest yet; look at what it makes of its example, then run {RECORD}"
    assert was["version"] == now["version"], (
        f"{name}: `version` is {now['version']}, the golden digest is of {was['version']}; run {RECORD}"
    )
    assert was["input"] == now["input"], f"{name}: its example has changed; look at the new output, then run {RECORD}"
    assert was["output"] == now["output"], (
        f"{name}: the output changed for the same input; bump `version`, then run {RECORD}"
    )


def entry(step: Step, batch: Batch) -> dict[str, Any]:
    """What the golden file holds for a step. The bytes of a state file are left out: they depend on Arrow's release."""
    fields = {f.name: getattr(step, f.name) for f in dataclasses.fields(step)}
    config = {name: canonical(value) for name, value in fields.items() if not isinstance(value, StateFile)}
    return {"version": step.version, "input": digest([config, batch]), "output": seen(step, batch)[2]}


def record(package: str, file: Path) -> str:
    """Write the golden digests of every step in `package`, and say what changed.

    Raises:
        ValueError: an output changed while its input and version did not; nothing is written.
    """
    was = json.loads(file.read_text()) if file.exists() else {}
    examples = [example for module in modules_in(package) for example in examples_in(module)]
    now = {class_path(type(step)): entry(step, batch) for step, batch in examples}
    for name in now.keys() & was.keys():
        old, new = was[name], now[name]
        if old["output"] != new["output"] and (old["version"], old["input"]) == (new["version"], new["input"]):
            raise ValueError(
                f"{name}: the output changed for the same input; bump `version` first. Nothing was recorded"
            )
    file.write_text(json.dumps(now, indent=1, sort_keys=True) + "\n")
    changed = sorted(name for name in was.keys() | now.keys() if was.get(name) != now.get(name))
    return "".join(f"{'recorded' if name in now else 'removed'} {name}\n" for name in changed) or "no change\n"


def main(arguments: list[str]) -> None:
    """What `python -m tests.golden` does."""
    match arguments:
        case ["--elsewhere"]:
            examples = dill.loads(sys.stdin.buffer.read())
            sys.stdout.write(json.dumps([seen(step, batch) for step, batch in examples]))
        case ["--record"]:
            sys.stdout.write(record("textbook", GOLDEN))
        case ["--record", package, file]:
            sys.stdout.write(record(package, Path(file)))
        case _:
            sys.exit("usage: python -m tests.golden --record [PACKAGE FILE]")


if __name__ == "__main__":
    main(sys.argv[1:])
