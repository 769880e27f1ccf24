"""What a report of contamination says of rows: counts, the rows nearest to each problem, and those that are undecided.

Reads the columns that the steps wrote, in one pass; what is held grows with the problems, not with the rows. Compares
nothing, and judges nothing anew.
"""

import bisect
import hashlib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from textbook.operator import DROP_REASON, DROPPED_BY
from textbook.report.samples import excerpt, floats

COLUMNS: Final = ("contamination", "contamination_tier", "contaminated_by", "contamination_note")
READ: Final = ("id", "text", "language", "source", *COLUMNS, DROPPED_BY, DROP_REASON)
TIERS: Final = ("contaminated", "suspect", "undecided", "clear")

NEAREST_ROWS, MOST_ROWS, MOST_UNDECIDED = 3, 100, 50
"""So many rows are shown of a problem, of all by themselves, and of those undecided."""

TEXT_LINES, LINE_CHARS = 80, 200
NUM_BINS = 50

Fate = Literal["kept", "dropped"]
Evidence = Mapping[str, Any]


class Ranked(NamedTuple):
    """A row, or a row and a problem, that may be shown. The smallest are shown."""

    order: float
    id: str
    facts: dict[str, Any]


class First:
    """The `size` that come first by (order, id)."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._rows: list[Ranked] = []

    def takes(self, order: float, row_id: str) -> bool:
        """Whether a row would be among them."""
        return len(self._rows) < self._size or (order, row_id) < self._rows[-1][:2]

    def add(self, row: Ranked) -> None:
        """See a row."""
        bisect.insort(self._rows, row, key=lambda each: each[:2])
        del self._rows[self._size :]

    @property
    def facts(self) -> list[dict[str, Any]]:
        """What is known of them, the first one first."""
        return [row.facts for row in self._rows]


class Findings:
    """What a look at each row gives.

    Args:
        problems: the names of problems that evidence may have.
    """

    def __init__(self, problems: Collection[str]) -> None:
        self._known = frozenset(problems)
        self.tiers: dict[str, Counter[str]] = {tier: Counter() for tier in TIERS}
        """Tier -> how many rows were kept and dropped."""
        self.not_searched = 0
        """Rows that went before anyone looked for leaks in them."""
        self.unknown: Counter[str] = Counter()
        """How many rows have evidence for problems that are not among those given, by problem."""
        self.named: dict[str, Counter[str]] = defaultdict(Counter)
        """Problem -> how many rows leak it (by their tier), and how many are more like another one ("also")."""
        self.detectors: dict[str, Counter[str]] = defaultdict(Counter)
        """Detector -> how many rows it found something in of the problem that they are most like, by their tier."""
        self.nearest: dict[str, First] = defaultdict(lambda: First(NEAREST_ROWS))
        self.rows, self.undecided = First(MOST_ROWS), First(MOST_UNDECIDED)
        self.histogram = {fate: np.zeros(NUM_BINS, np.int64) for fate in ("kept", "dropped")}
        """Rows of some contamination, by it."""
        self.lowest: dict[str, float] = {}
        """Tier, contaminated or suspect -> the lowest contamination of its rows."""

    def add(self, batch: pa.Table, fate: Fate) -> None:
        """See some rows, with the columns of `READ` as far as there are any."""
        for tier, count in Counter(batch["contamination_tier"].to_pylist()).items():
            if tier is None:
                self.not_searched += count
            elif tier in self.tiers:
                self.tiers[tier][fate] += count
            else:
                raise ValueError(f"contamination_tier: got {tier!r}, expected one of {', '.join(TIERS)}")
        values = floats(batch["contamination"])
        self.histogram[fate] += np.histogram(values[values > 0], NUM_BINS, (0.0, 1.0))[0]
        telling = pc.is_in(batch["contamination_tier"], value_set=pa.array([t for t in TIERS if t != "clear"]))
        for row in batch.filter(telling).to_pylist():
            self._add(row, fate)

    def _add(self, row: dict[str, Any], fate: Fate) -> None:
        facts = {
            "id": row["id"],
            "source": row.get("source"),
            "tier": row["contamination_tier"],
            "contamination": float(row["contamination"] or 0.0),
            "fate": fate,
            "dropped_by": row.get(DROPPED_BY),
            "reason": row.get(DROP_REASON),
            "note": row["contamination_note"],
        }
        if row["contamination_tier"] == "undecided":
            self.undecided.add(Ranked(0.0, row["id"], facts))
            return
        by_problem = _by_problem(row["contaminated_by"] or (), self._known, self.unknown)
        if not by_problem:
            return
        self._count(facts["tier"], by_problem)
        tier, sure = facts["tier"], facts["contamination"]
        self.lowest[tier] = min(sure, self.lowest.get(tier, sure))
        order = -sure
        if self.rows.takes(order, row["id"]):
            problems = [{"problem": name, "evidence": evidence} for name, evidence in by_problem.items()]
            self.rows.add(Ranked(order, row["id"], facts | {"problems": problems}))
        most_like = next(iter(by_problem))
        for name, evidence in by_problem.items():
            order = -sum(each["score"] for each in evidence)
            if self.nearest[name].takes(order, row["id"]):
                part = part_of(row["text"], span(evidence))
                found = {"evidence": evidence, "part": part, "language": row.get("language")}
                found["most_like"] = None if name == most_like else most_like
                self.nearest[name].add(Ranked(order, row["id"], facts | found))

    def _count(self, tier: str, by_problem: Mapping[str, Sequence[Evidence]]) -> None:
        most_like, *others = by_problem
        self.named[most_like][tier] += 1
        for name in others:
            self.named[name]["also"] += 1
        detectors = {each["detector"] for each in by_problem[most_like]}
        for detector in detectors:
            self.detectors[detector][tier] += 1
            self.detectors[detector]["alone"] += len(detectors) == 1


def _by_problem(
    evidence: Iterable[dict[str, Any]], known: Collection[str], unknown: Counter[str]
) -> dict[str, list[dict[str, Any]]]:
    """The evidence by the problem's name, in its order: the problem that a row is most like comes first."""
    found: dict[str, list[dict[str, Any]]] = {}
    for each in evidence:
        found.setdefault(each["reference"], []).append({k: v for k, v in each.items() if k != "reference"})
    unknown.update(name for name in found if name not in known)
    return {name: some for name, some in found.items() if name in known}


def span(evidence: Iterable[Evidence]) -> tuple[int, int]:
    """Where in a row the evidence for a problem stands: where the highest score does, with what overlaps it."""
    best, *others = sorted(evidence, key=lambda each: (-each["score"], each["start"], each["end"]))
    start, end = best["start"], best["end"]
    for other in others:
        if other["start"] < best["end"] and best["start"] < other["end"]:
            start, end = min(start, other["start"]), max(end, other["end"])
    return start, end


def part_of(text: str, place: tuple[int, int]) -> dict[str, Any]:
    """A part of a text to be shown, in whole lines unless these are long, with its digest and its first line's number.

    Steps may have changed a text after leaks were looked for in it, so a place may lie beyond its end.
    """
    start, end = (min(max(each, 0), len(text)) for each in place)
    start = max(text.rfind("\n", 0, start) + 1, start - LINE_CHARS)
    stop = text.find("\n", end, end + LINE_CHARS) if end and text[end - 1] != "\n" else end
    end = stop if stop >= 0 else end
    start += len(text[start:end]) - len(text[start:end].lstrip("\n"))
    part = text[start:end]
    return {
        "start": start,
        "end": end,
        "line": text.count("\n", 0, start) + 1,
        "sha256": digest(part),
        **excerpt(part, TEXT_LINES, LINE_CHARS),
    }


def digest(text: str) -> str:
    """The SHA-256 of a text in UTF-8."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
