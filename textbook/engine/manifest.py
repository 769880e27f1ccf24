"""The manifest of a run: what went in, what each step was and did, and with which versions.

Does not write it: see `textbook.folder`.
"""

import dataclasses
import json
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from textbook.engine.counts import Count
from textbook.engine.plan import Plan, describe_source
from textbook.lineage import describe
from textbook.operator import Fittable, Operator, Step

LIBRARIES = ("datasets", "numpy", "pyarrow", "tiktoken")


def gather(plan: Plan, output: Path, num_shards: int, wall_seconds: float) -> dict[str, Any]:
    """The manifest of a run whose every shard is finished; the counts come from the markers."""
    counts = {name: Count() for name in plan.names}
    content = 0
    cpu_seconds = 0.0
    for marker in sorted(output.glob(".work/segment-*/*.json")):
        shard = json.loads(marker.read_bytes())
        content += int(shard["content"], 16)
        cpu_seconds += shard["cpu_seconds"]
        for name, count in shard["steps"].items():
            counts[name].add(Count(**count))
    for i, step in enumerate(plan.steps):
        if isinstance(step, Fittable):
            saved = json.loads((output / "state" / f"{plan.fingerprints[i + 1]}.json").read_bytes())
            counts[plan.names[i + 1]].cpu_seconds += saved["cpu_seconds"]
            cpu_seconds += saved["cpu_seconds"]
    last = counts[plan.names[-1]]
    return {
        "format": 1,
        "textbook": version("textbook-curation"),
        "created": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "fingerprint": plan.fingerprints[-1],
        "source": {
            "name": plan.names[0],
            **describe_source(plan.source),
            "listing": plan.listing.digest,
            "content": f"{content % 2**128:032x}",
            "fingerprint": plan.fingerprints[0],
        },
        "steps": [_entry(plan, i, counts[name]) | _facts(plan, i, output) for i, name in enumerate(plan.names)],
        "rows": last.rows_out,
        "rows_dropped": sum(count.rows_dropped for count in counts.values()),
        "tokens": last.tokens_out,
        "cpu_seconds": round(cpu_seconds, 3),
        "wall_seconds": round(wall_seconds, 3),
        "num_shards": num_shards,
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in LIBRARIES},
    }


def _entry(plan: Plan, position: int, count: Count) -> dict[str, Any]:
    """One line of the funnel: the source at position 0, then the steps."""
    described = describe_source(plan.source) | {"version": 1}
    adds, kind = plan.source.adds, "source"
    if position:
        step = plan.steps[position - 1]
        described, adds, kind = describe(step), step.adds, kind_of(step)
    counted = dataclasses.asdict(count) | {"cpu_seconds": round(count.cpu_seconds, 3)}
    return {
        "name": plan.names[position],
        "kind": kind,
        **described,
        "fingerprint": plan.fingerprints[position],
        "adds": {column: str(declared) for column, declared in adds.items()},
        **counted,
    }


def _facts(plan: Plan, position: int, output: Path) -> dict[str, Any]:
    """What a stage has to say of its run."""
    file = output / "state" / plan.fingerprints[position] / "facts.json"
    return {"facts": json.loads(file.read_bytes())} if file.exists() else {}


def kind_of(step: Step) -> str:
    """Which of the three kinds a step is."""
    return "operator" if isinstance(step, Operator) else "fittable" if isinstance(step, Fittable) else "stage"
