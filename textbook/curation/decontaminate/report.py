"""The report of a dataset that went through `Decontaminate`: gathers what the page shows, in one pass over the rows.

The page itself is `textbook.report.contamination`. Judges nothing anew: tiers and evidence are those of the columns.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from textbook.benchmarks import Problem, References
from textbook.curation.decontaminate.overlaps import overlaps_of
from textbook.curation.decontaminate.references import by_name, several
from textbook.curation.decontaminate.similar import TAUS, Matched
from textbook.curation.decontaminate.step import PER_FUNCTIONS
from textbook.curation.sources.parquet import read_row_group, row_groups
from textbook.engine import Curated
from textbook.folder import PARTS, DatasetFolder, Part
from textbook.report.contamination import ContaminationReport
from textbook.report.contamination_rows import (
    COLUMNS,
    LINE_CHARS,
    NUM_BINS,
    READ,
    TEXT_LINES,
    Fate,
    Findings,
    digest,
)
from textbook.report.samples import excerpt
from textbook.require import require

BATCH_ROWS = 1_000
FATES: dict[Part, Fate] = {"data": "kept", "dropped": "dropped"}
MOST_SIDE_BY_SIDE = 60
"""Problems shown beside their nearest rows; the others that were found are listed."""
MOST_LISTED = 2_000
"""Problems listed by name, and cells in the picture of all problems."""
MOST_OVERLAPS = 40


def contamination_report(
    rows: str | Path | DatasetFolder | Curated,
    references: References | Sequence[References],
    taus: Sequence[float] = TAUS,
) -> ContaminationReport:
    """What was found of benchmarks in a dataset, kept rows and dropped ones, with the evidence side by side.

    Streams the rows: memory grows with the problems, not with the rows. Nearly all of the time goes into the match
    rates that `taus` ask for, about 0.13 ms of CPU time a function. These and the overlap of several benchmarks need
    `textbook-curation[decontaminate]`, and are left out without it.

    Args:
        rows: a finished dataset folder, or what `curate` returned, of a recipe with `Decontaminate`.
        references: the problems that it was given, of one benchmark or of several.
        taus: the AST match rates at which similar problems are counted, as in the paper's table 3 (arXiv 2306.11644);
            none to count none.

    Raises:
        ValueError: the rows did not go through `Decontaminate`, their evidence is for none of these problems, or a tau
            is not above 0 and up to 1.
    """
    opened = DatasetFolder.open(rows) if isinstance(rows, str | Path) else rows
    _check(opened)
    benchmarks = several(references)
    problems = by_name(benchmarks)
    findings = Findings(problems)
    compares = _compares_trees()
    matched: dict[Fate, Matched] | None = None
    if compares and taus:
        matched = {"kept": Matched(benchmarks, taus), "dropped": Matched(benchmarks, taus)}
    for part, batch in _batches(opened):
        findings.add(batch, FATES[part])
        if matched is not None:
            searched = batch.filter(batch["contamination_tier"].is_valid())
            matched[FATES[part]].add(searched["text"].to_pylist(), searched["language"].to_pylist())
    if findings.unknown and not findings.named:
        raise ValueError(
            f"references: got {', '.join(each.name for each in benchmarks)}, but the evidence is for "
            f"{', '.join(list(findings.unknown)[:3])}; give what Decontaminate was given"
        )
    return ContaminationReport(
        _of_rows(findings)
        | _of_problems(findings, problems)
        | {
            "published": False,
            "benchmarks": [{"name": each.name, "num": len(each), "identity": each.identity} for each in benchmarks],
            "taus": None if matched is None else _counted(matched, problems),
            "overlaps": [_overlap(each.facts()) for each in overlaps_of(benchmarks)] if compares else [],
            "per_functions": PER_FUNCTIONS,
        }
    )


def _check(rows: DatasetFolder | Curated) -> None:
    names = rows.schema().names if isinstance(rows, DatasetFolder) else rows.dataset.column_names
    missing = [name for name in COLUMNS if name not in names]
    if missing:
        raise ValueError(
            f"the rows have no column {', '.join(missing)}; expected those of a recipe with Decontaminate(references), "
            "such as `textbook decontaminate DATA --against humaneval --output DIR` runs"
        )


def _batches(rows: DatasetFolder | Curated) -> Iterator[tuple[Part, pa.Table]]:
    """All rows with what the report reads of them, kept ones first."""
    for part in PARTS:
        if isinstance(rows, DatasetFolder):
            for file in rows.files(part):
                for group in row_groups(file):
                    for batch in read_row_group(file, group.number, BATCH_ROWS):
                        yield part, _read(pa.Table.from_batches([batch]))
        else:
            data = (rows.dataset if part == "data" else rows.dropped).with_format("arrow")
            for start in range(0, len(data), BATCH_ROWS):
                yield part, _read(data[start : start + BATCH_ROWS])


def _read(table: pa.Table) -> pa.Table:
    return table.select([name for name in READ if name in table.column_names])


def _compares_trees() -> bool:
    try:
        require("rapidfuzz.process", "decontaminate")
    except ModuleNotFoundError:
        return False
    return True


def _counted(matched: Mapping[Fate, Matched], problems: Collection[str]) -> list[dict[str, Any]]:
    """At each tau how many problems have a similar function and how many rows hold one: in all rows, in those kept."""
    taus = sorted(matched["kept"].num_rows, reverse=True)
    sides = {"all": list(matched.values()), "kept": [matched["kept"]]}
    return [{"tau": tau} | {side: _at(tau, some, problems) for side, some in sides.items()} for tau in taus]


def _at(tau: float, some: Sequence[Matched], problems: Collection[str]) -> dict[str, Any]:
    similar = {name for each in some for name in each.similar(tau)}
    return {
        "similar": len(similar),
        "others": len(problems) - len(similar),
        "rows": sum(each.num_rows[tau] for each in some),
        "ids": [name for name in problems if name in similar],
    }


def _of_rows(findings: Findings) -> dict[str, Any]:
    detectors = [
        {"detector": name} | {key: counts[key] for key in ("contaminated", "suspect", "alone")}
        for name, counts in sorted(findings.detectors.items(), key=lambda item: (-item[1].total(), item[0]))
    ]
    return {
        "tiers": {tier: {fate: counts[fate] for fate in FATES.values()} for tier, counts in findings.tiers.items()},
        "not_searched": findings.not_searched,
        "unknown": [{"problem": name, "rows": count} for name, count in sorted(findings.unknown.items())[:MOST_LISTED]],
        "detectors": detectors,
        "histogram": _histogram(findings),
        "rows": findings.rows.facts,
        "undecided": findings.undecided.facts,
    }


def _histogram(findings: Findings) -> dict[str, Any] | None:
    """Rows by their contamination, those above 0, as the page draws it."""
    kept, dropped = (findings.histogram[fate].tolist() for fate in FATES.values())
    if not any(kept) and not any(dropped):
        return None
    lines = [
        {"says": f"{tier} from", "value": lowest, "at": lowest} for tier, lowest in sorted(findings.lowest.items())
    ]
    return {
        "column": "contamination",
        "edges": [number / NUM_BINS for number in range(NUM_BINS + 1)],
        "kept": kept,
        "dropped": dropped,
        "low": 0.0,
        "high": 1.0,
        "ticks": [{"value": number / 4, "at": number / 4} for number in range(5)],
        "lines": lines,
        "logarithmic": False,
        "missing": dict.fromkeys(FATES.values(), 0),
    }


def _of_problems(findings: Findings, problems: Mapping[str, Problem]) -> dict[str, Any]:
    """The problems, leaked ones first: of some their text and the nearest rows, of the others counts and names."""
    counts = {name: _state(findings, name) for name in problems}
    found = [name for name in problems if counts[name]["state"] != "clear"]
    order = ("contaminated", "suspect", "also")
    found.sort(key=lambda name: (order.index(counts[name]["state"]), -_nearness(findings, name)))
    shown = [
        counts[name] | _text(problems[name]) | {"nearest": findings.nearest[name].facts}
        for name in found[:MOST_SIDE_BY_SIDE]
    ]
    listed = [
        counts[name] | {"nearest": _without_text(findings.nearest[name].facts[0])}
        for name in found[MOST_SIDE_BY_SIDE : MOST_SIDE_BY_SIDE + MOST_LISTED]
    ]
    clear = [name for name in problems if counts[name]["state"] == "clear"]
    return {
        "num_problems": len(problems),
        "num_found": len(found),
        "all_problems": list(counts.values())[:MOST_LISTED],
        "problems": shown,
        "more_problems": listed,
        "clear_problems": clear[:MOST_LISTED],
        "num_clear": len(clear),
    }


def _state(findings: Findings, name: str) -> dict[str, Any]:
    counts: Mapping[str, int] = findings.named.get(name, {})
    numbers = {key: counts.get(key, 0) for key in ("contaminated", "suspect", "also")}
    return {"id": name, "state": next((key for key, count in numbers.items() if count), "clear")} | numbers


def _nearness(findings: Findings, name: str) -> float:
    """Of the nearest row, by the sum of what the detectors found."""
    return sum(float(each["score"]) for each in findings.nearest[name].facts[0]["evidence"])


def _without_text(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != "part"}


def _text(problem: Problem) -> dict[str, Any]:
    return {
        "sha256": digest(problem.text),
        "language": problem.language,
        **excerpt(problem.text.lstrip("\n"), TEXT_LINES, LINE_CHARS),
    }


def _overlap(facts: dict[str, Any]) -> dict[str, Any]:
    return facts | {"num_pairs": len(facts["pairs"]), "pairs": facts["pairs"][:MOST_OVERLAPS]}
