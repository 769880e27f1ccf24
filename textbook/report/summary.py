"""The summary of a dataset folder: everything the report shows, as plain data.

Two passes over the columns that matter, without texts, then the few rows to be shown are fetched; where a step decided
by a number, one more pass, texts too, finds what it changed. What is held does not grow with the number of rows.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from textbook.folder import PARTS, DatasetFolder, Part
from textbook.operator import DROP_REASON, DROPPED_BY
from textbook.report.composition import Shares, package
from textbook.report.decisions import Decision, find_decisions
from textbook.report.histogram import Axis, Spread, axis
from textbook.report.reasons import Pattern, Reasons
from textbook.report.rows import Place, fetch, scan
from textbook.report.samples import Samples, deciding, excerpt, floats
from textbook.report.shift import shift_of_step

MAX_HISTOGRAMS = 12
MAX_NUMBERS_TOLD = 8
"""Numbers told of a sample; where there are more, only those that steps decided on."""
PATTERNS_SHOWN = 12
"""Patterns of reasons listed for one step."""
MAX_SHIFTS = 12
"""Attributes shown of what the deciding step changed, beside all that are names."""
MAX_EXAMPLES = 100
"""Dropped rows quoted in all."""
SAMPLE_LINES, EXAMPLE_LINES, LINE_CHARS = 60, 12, 240


def summarise(folder: DatasetFolder) -> dict[str, Any]:
    """Everything the report shows of a finished folder."""
    manifest = folder.manifest
    decisions = find_decisions(manifest["steps"], folder.schema())
    schema = folder.schema()
    first = FirstPass(numeric_columns(schema, decisions), deciding(decisions, schema), named_columns(schema))
    for part in PARTS:
        for place, batch in scan(folder, part, first.columns):
            first.add(part, place, batch)
    by_step = first.reasons.by_step()
    order = [step["name"] for step in manifest["steps"]]
    shown_steps = sorted(by_step, key=lambda step: (order.index(step) if step in order else len(order), step))
    groups = first.samples.groups()
    decider = next(reversed(first.samples.steps), None)
    examples = choose_examples([(step, by_step[step]) for step in shown_steps])
    chosen = [place for group in groups for place in group["rows"]] + [place for _, place in examples]
    rows = fetch(folder, chosen)
    told = first.numbers if len(first.numbers) <= MAX_NUMBERS_TOLD else dict.fromkeys(d.column for d in decisions)
    return totals(manifest) | {
        "histograms": histograms(folder, first, decisions, by_step),
        "more_columns": first.more_columns,
        "deciding": {"step": decider, "column": first.samples.column},
        "samples": [
            group | {"rows": [describe(rows[at], at, told, SAMPLE_LINES) for at in group["rows"]]} for group in groups
        ],
        "reasons": [describe_reasons(step, by_step[step], dict(examples), rows) for step in shown_steps],
        "shift": None if decider is None else describe_shift(folder, decider),
        "composition": [shares.summary() for shares in first.shares.values()],
        "manifest": manifest,
    }


def totals(manifest: dict[str, Any]) -> dict[str, Any]:
    """The part of a summary that a manifest alone gives: the funnel."""
    return {
        "source": manifest["source"]["name"],
        "rows": count_rows(manifest),
        "tokens": count_tokens(manifest),
        "steps": [step | {"rows_per_second": rate(step)} for step in manifest["steps"]],
    }


def count_rows(manifest: dict[str, Any]) -> dict[str, int]:
    """Rows from the source and made since, kept and dropped."""
    source, *steps = manifest["steps"]
    return {
        "source": source["rows_out"] + source["rows_dropped"],
        "made": sum(step["rows_made"] for step in steps),
        "kept": manifest["rows"],
        "dropped": manifest["rows_dropped"],
    }


def count_tokens(manifest: dict[str, Any]) -> dict[str, Any]:
    """Tokens kept, and tokens that there were when they were first counted; None where nothing counted them."""
    counted = [step["tokens_out"] + lost(step) for step in manifest["steps"] if step["tokens_out"] is not None]
    return {"counted": counted[0] if counted else None, "kept": manifest["tokens"]}


def lost(step: dict[str, Any]) -> int:
    """Tokens that went in a step which had them counted before."""
    return int(max(0, step["tokens_in"] - step["tokens_out"])) if step["tokens_in"] is not None else 0


def rate(step: dict[str, Any]) -> float | None:
    """Rows a CPU-second; None where it took no time to speak of."""
    rows = step["rows_in"] or step["rows_out"] + step["rows_dropped"]
    return rows / step["cpu_seconds"] if rows and step["cpu_seconds"] >= 0.01 else None


def numeric_columns(schema: pa.Schema, decisions: list[Decision]) -> dict[str, bool]:
    """The columns to draw, those that decided first; whether each holds whole numbers."""
    floats = [f.name for f in schema if pa.types.is_floating(f.type)]
    names = dict.fromkeys([*(decision.column for decision in decisions), *floats])
    return {name: pa.types.is_integer(schema.field(name).type) for name in names}


def named_columns(schema: pa.Schema) -> dict[str, str]:
    """The columns by whose names rows are counted, and what these are."""
    columns = {"source": "Packages", "license": "Licences", "language": "Languages"}
    columns["contamination_tier"] = "Leaks of benchmarks"
    return {column: title for column, title in columns.items() if column in schema.names}


class FirstPass:
    """Everything that one look at each row gives."""

    def __init__(self, numbers: dict[str, bool], samples: Samples, named: dict[str, str]) -> None:
        names = list(numbers)
        self.numbers = {name: numbers[name] for name in names[:MAX_HISTOGRAMS]}
        self.more_columns = names[MAX_HISTOGRAMS:]
        self.spreads = {name: Spread() for name in self.numbers}
        self.missing = {name: [0, 0] for name in self.numbers}
        self.samples = samples
        self.reasons = Reasons()
        self.shares = {column: Shares(title) for column, title in named.items()}
        self.columns = {"id", DROPPED_BY, DROP_REASON, *self.numbers, *self.shares}
        if samples.column is not None:
            self.columns.add(samples.column)

    def add(self, part: Part, place: Place, batch: pa.RecordBatch) -> None:
        """See a batch."""
        for column, shares in self.shares.items():
            names = batch[column].to_pylist()
            shares.add(map(package, names) if column == "source" else names, kept=part == "data")
        for name, spread in self.spreads.items():
            values = floats(batch[name])
            there = ~np.isnan(values)
            spread.add(values[there])
            self.missing[name][PARTS.index(part)] += int((~there).sum())
        self.samples.add(part, place, batch)
        if part == "dropped":
            columns = [batch[name].to_pylist() for name in (DROPPED_BY, DROP_REASON, "id")]
            self.reasons.add(columns[0], columns[1], columns[2], place)


def histograms(
    folder: DatasetFolder, first: FirstPass, decisions: list[Decision], by_step: dict[str, list[Pattern]]
) -> list[dict[str, Any]]:
    """Kept and dropped rows by value, for each column that has values. The second pass."""
    lines = {
        name: [line for d in decisions if d.column == name for line in d.lines(by_step.get(d.step, ()))]
        for name in first.numbers
    }
    axes = {
        name: axis(spread, first.numbers[name], [line["value"] for line in lines[name]])
        for name, spread in first.spreads.items()
        if np.isfinite(spread.low)
    }
    counts = {name: [np.zeros(len(axes[name].edges) - 1, np.int64) for _ in PARTS] for name in axes}
    for number, part in enumerate(PARTS):
        for _, batch in scan(folder, part, axes):
            for name in axes:
                values = floats(batch[name])
                counts[name][number] += axes[name].histogram(values[~np.isnan(values)])
    return [
        drawing(axes[name], counts[name])
        | {"column": name, "decided": any(d.column == name for d in decisions)}
        | {"low": first.spreads[name].low, "high": first.spreads[name].high}
        | {"missing": dict(zip(("kept", "dropped"), first.missing[name], strict=True))}
        | {"lines": [line | {"at": axes[name].position(line["value"])} for line in lines[name]]}
        for name in axes
    ]


def describe_shift(folder: DatasetFolder, step: str) -> dict[str, Any]:
    """What a step changed: names, and of the numbers those that moved most."""
    facts = shift_of_step(folder, step).facts()
    moved = facts["attributes"]
    shown = [attribute for rank, attribute in enumerate(moved) if rank < MAX_SHIFTS or attribute["kind"] == "names"]
    return facts | {"attributes": shown, "num_more": len(moved) - len(shown)}


def is_finite(value: Any) -> bool:
    """Whether a number is there (JSON has no NaN)."""
    return value is not None and bool(np.isfinite(value))


def drawing(axis: Axis, counts: list[npt.NDArray[np.int64]]) -> dict[str, Any]:
    """The bins of a histogram and where its ticks go, from 0 to 1."""
    return {
        "edges": axis.edges,
        "kept": counts[0].tolist(),
        "dropped": counts[1].tolist(),
        "ticks": [{"value": tick, "at": axis.position(tick)} for tick in axis.ticks],
        "logarithmic": axis.logarithmic,
    }


def choose_examples(by_step: list[tuple[str, list[Pattern]]]) -> list[tuple[tuple[str, int, int], Place]]:
    """Places of rows to quote, keyed by step, pattern and number: first the first pattern of every step, and so on."""
    ranked = [
        (rank, number, (step, rank, number), place)
        for step, patterns in by_step
        for rank, pattern in enumerate(patterns[:PATTERNS_SHOWN])
        for number, (_, place) in enumerate(pattern.examples)
    ]
    ranked.sort(key=lambda item: item[:2])
    return [(key, place) for _, _, key, place in ranked[:MAX_EXAMPLES]]


def describe_reasons(
    step: str,
    patterns: list[Pattern],
    examples: dict[tuple[str, int, int], Place],
    rows: dict[Place, dict[str, Any]],
) -> dict[str, Any]:
    """The reasons of one step, the most frequent first, with examples."""
    shown = []
    for rank, pattern in enumerate(patterns[:PATTERNS_SHOWN]):
        places = [examples[step, rank, i] for i in range(len(pattern.examples)) if (step, rank, i) in examples]
        quoted = [describe(rows[place], place, {}, EXAMPLE_LINES) for place in places]
        shown.append({"pattern": str(pattern), "rows": pattern.rows, "examples": quoted})
    rest = patterns[PATTERNS_SHOWN:]
    return {
        "step": step,
        "rows": sum(pattern.rows for pattern in patterns),
        "patterns": shown,
        "rest": {"patterns": len(rest), "rows": sum(pattern.rows for pattern in rest)},
    }


def describe(row: dict[str, Any], place: Place, numbers: Iterable[str], max_lines: int) -> dict[str, Any]:
    """A row to be shown: where it comes from, its numbers, the beginning of its text, and its end if it was dropped."""
    facts = {name: row.get(name) for name in ("id", "source", "license", "language", "num_tokens")}
    facts |= {"kept": place.part == "data", "dropped_by": row.get(DROPPED_BY), "drop_reason": row.get(DROP_REASON)}
    values = {name: row.get(name) for name in numbers}
    facts["scores"] = [{"name": name, "value": value} for name, value in values.items() if is_finite(value)]
    return facts | excerpt(str(row.get("text") or ""), max_lines, LINE_CHARS)
