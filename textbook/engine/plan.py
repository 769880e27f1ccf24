"""What a run is going to do: checked against the source before anything is read, and written down so that it can go on.

Does not run anything: see `textbook.engine`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from textbook.engine.apply import schema_after
from textbook.lineage import class_path, config, describe, fingerprint, write_atomic
from textbook.operator import DROP_REASON, DROPPED_BY, SCHEMA, Fittable, Listing, Source, Stage
from textbook.recipes import Recipe


class OtherRunError(ValueError):
    """A folder holds a run of another recipe or source."""


class Pass(NamedTuple):
    """One pass over all shards."""

    steps: range
    """Positions in the recipe of the steps applied; in place of a `Fittable`, the operator that it became."""
    barrier: int | None
    """Position of the `Fittable` for which each shard is summarised at the end of the pass."""


@dataclass(frozen=True)
class Plan:
    """A recipe over a source, checked."""

    source: Source
    listing: Listing
    steps: Recipe
    names: tuple[str, ...]
    """The name of the source, then of each step: unique."""
    schemas: tuple[pa.Schema, ...]
    """The columns of the source, then after each step."""
    fingerprints: tuple[str, ...]
    """Of the source, then after each step; each depends on all before it."""

    @classmethod
    def of(cls, steps: Recipe, source: Source) -> "Plan":
        """Check a recipe against a source.

        Raises:
            ValueError: a step reads a column that is not there, or adds one of an earlier step without reading it, or a
                maker of rows stands where its rows would lack a score.
        """
        listing = source.listing()
        schemas = [schema_after(SCHEMA, source.adds)]
        fingerprints = [fingerprint(listing.digest, describe_source(source))]
        for step in steps:
            schemas.append(schema_after(schemas[-1], step.adds))
            fingerprints.append(fingerprint(fingerprints[-1], step))
        names = unique([type(source).__name__, *(step.name for step in steps)])
        plan = cls(source, listing, steps, names, tuple(schemas), tuple(fingerprints))
        plan._check_columns()
        plan._check_makers()
        return plan

    @property
    def passes(self) -> list[Pass]:
        """The recipe cut at its barriers; a `Stage` is a pass of its own."""
        passes: list[Pass] = []
        begin = 0
        for i, step in enumerate(self.steps):
            if isinstance(step, Fittable):
                passes.append(Pass(range(begin, i), barrier=i))
                begin = i
            elif isinstance(step, Stage):
                if i > begin or not passes:
                    passes.append(Pass(range(begin, i), barrier=None))
                passes.append(Pass(range(i, i + 1), barrier=None))
                begin = i + 1
        if begin < len(self.steps) or not passes:
            passes.append(Pass(range(begin, len(self.steps)), barrier=None))
        return passes

    def _check_columns(self) -> None:
        added: dict[str, str] = {}
        for step, name, schema in zip(self.steps, self.names[1:], self.schemas[:-1], strict=True):
            missing = [column for column in step.reads if column not in schema.names]
            if missing:
                raise ValueError(
                    f"{name} reads {', '.join(map(repr, missing))}, which no earlier step adds; there are "
                    f"{', '.join(schema.names)}. Put the step that adds it before {name}"
                )
            for column in step.adds:
                if column in ("id", "parents", DROP_REASON, DROPPED_BY):
                    raise ValueError(f"{name} declares the reserved column {column!r} in `adds`")
                if column in added and column not in (*SCHEMA.names, *step.reads):
                    raise ValueError(f"{added[column]} and {name} both add {column!r}; leave one of them out")
                added[column] = name

    def _check_makers(self) -> None:
        for i, step in enumerate(self.steps):
            if not step.makes_rows:
                continue
            scored = {
                column: name for s, name in zip(self.steps[:i], self.names[1:], strict=False) for column in s.adds
            }
            provided = set(step.adds) | set(SCHEMA.names)
            for later, later_name in zip(self.steps[i + 1 :], self.names[i + 2 :], strict=True):
                lacking = [column for column in later.reads if column in scored and column not in provided]
                if lacking:
                    maker, column, scorer = self.names[i + 1], lacking[0], scored[lacking[0]]
                    raise ValueError(
                        f"{maker} makes rows, which would lack {column!r}: {scorer} adds it before, and {later_name} "
                        f"reads it after. Put {scorer} after {maker}"
                    )
                provided |= set(later.adds)


def describe_source(source: Source) -> dict[str, Any]:
    """A source as the fingerprint and the manifest know it; what it holds is in its listing."""
    return {"class": class_path(type(source)), "config": config(source)}


def unique(names: list[str]) -> tuple[str, ...]:
    """The names, with a number behind each that has been there before."""
    seen: dict[str, int] = {}
    result = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        result.append(name if seen[name] == 1 else f"{name} #{seen[name]}")
    return tuple(result)


def settle(plan: Plan, output: Path) -> list[Any]:
    """Write the plan into `output`, or check that the plan there is this one; return its shards.

    Raises:
        OtherRunError: the folder holds a run of another recipe or source.
        ValueError: it holds something else.
    """
    file = output / ".work" / "plan.json"
    described = {
        "source": describe_source(plan.source) | {"listing": plan.listing.digest},
        "steps": [describe(step) for step in plan.steps],
    }
    if not file.exists():
        others = [path.name for path in output.iterdir() if path.name != ".work"]
        if others:
            raise ValueError(f"{output} is not empty and holds no run of this recipe ({others[0]}); give a new folder")
        write_atomic(file, json.dumps(described | {"shards": plan.listing.shards}))
        return plan.listing.shards
    found = json.loads(file.read_bytes())
    shards: list[Any] = found.pop("shards")
    difference = first_difference(found, json.loads(json.dumps(described)))
    if difference:
        raise OtherRunError(
            f"{output} holds another run: {difference}. Give a new folder, or remove this one to start again"
        )
    return shards


def first_difference(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    """What differs between two described plans, in words; empty where nothing does."""
    if found["source"] != wanted["source"]:
        same_kind = found["source"]["config"] == wanted["source"]["config"]
        return "its source has changed since" if same_kind else "its source was another"
    if len(found["steps"]) != len(wanted["steps"]):
        return f"its recipe has {len(found['steps'])} steps, this one {len(wanted['steps'])}"
    for i, (old, new) in enumerate(zip(found["steps"], wanted["steps"], strict=True), start=1):
        if old != new:
            return f"step {i} was {json.dumps(old)}, and is now {json.dumps(new)}"
    return ""
