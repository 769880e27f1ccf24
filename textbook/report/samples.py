"""Rows to look at: the best, those at the threshold, the worst; chosen by score, ties by id, never by chance."""

import heapq
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from textbook.folder import Part
from textbook.operator import DROPPED_BY
from textbook.report.decisions import Decision
from textbook.report.rows import Place
from textbook.report.visible import cut

SAMPLES_A_GROUP = 4

Numbers = npt.NDArray[np.float64]


class Candidate(NamedTuple):
    """A row that may be shown. The smallest are shown first."""

    order: float
    id: str
    place: Place


class Lowest:
    """The `size` rows that come first by (sign * score, id)."""

    def __init__(self, size: int, sign: int) -> None:
        self._size, self._sign = size, sign
        self.rows: list[Candidate] = []

    def add(self, scores: Numbers, ids: pa.Array, first: Place) -> None:
        """See a batch; rows whose score is NaN don't take part."""
        order = self._sign * scores
        limit = self.rows[-1].order if len(self.rows) == self._size else np.inf
        if len(order) > self._size:
            limit = min(limit, np.partition(order, self._size - 1)[self._size - 1])
        near = np.flatnonzero(order <= limit)
        if len(near) > self._size:  # many rows at one score
            tied = pa.table({"order": order[near], "id": ids.take(pa.array(near))})
            keys = [("order", "ascending"), ("id", "ascending")]
            near = near[pc.select_k_unstable(tied, self._size, sort_keys=keys).to_numpy()]
        new = [Candidate(float(order[i]), str(ids[i]), first._replace(row=first.row + int(i))) for i in near]
        self.rows = heapq.nsmallest(self._size, [*self.rows, *new])


class Samples:
    """The rows to look at, found in one pass. Without a score they are the first by id.

    Args:
        column: what to choose by.
        sign: 1 where high is good, -1 where low is.
        steps: those that dropped rows by this column, the deciding one last.
    """

    def __init__(self, column: str | None, sign: int = 1, steps: Sequence[str] = ()) -> None:
        self.column, self.steps = column, list(steps)
        self._best, self._nearest = Lowest(SAMPLES_A_GROUP, -sign), Lowest(SAMPLES_A_GROUP, -sign)
        self._last, self._worst = Lowest(SAMPLES_A_GROUP, sign), Lowest(SAMPLES_A_GROUP, sign)

    def add(self, part: Part, place: Place, batch: pa.RecordBatch) -> None:
        """See a batch."""
        ids = batch["id"]
        scores = floats(batch[self.column]) if self.column is not None else np.zeros(len(ids))
        if part == "data":
            self._best.add(scores, ids, place)
            self._last.add(scores, ids, place)
        else:
            self._nearest.add(only(scores, batch, self.steps[-1:]), ids, place)
            self._worst.add(only(scores, batch, self.steps), ids, place)

    def groups(self) -> list[dict[str, Any]]:
        """The groups that have rows, as places; no row is shown twice."""
        column, half = self.column, SAMPLES_A_GROUP // 2
        if column is None:
            named = [("A few kept rows", "the first by id", self._best.rows)]
        elif not self._worst.rows:
            named = [
                ("Best", f"kept, with the best {column}", self._best.rows),
                ("Last", f"kept, with the least favourable {column}", self._last.rows),
            ]
        else:
            threshold = [*reversed(self._last.rows[:half]), *self._nearest.rows[:half]]
            named = [
                ("Best", f"kept, with the best {column}", self._best.rows),
                ("At the threshold", f"the last to stay and the first to go by {column}", threshold),
                ("Worst", f"dropped, with the worst {column}", self._worst.rows),
            ]
        seen: set[Place] = set()
        groups = []
        for title, note, rows in named:
            new = [row.place for row in rows if row.place not in seen]
            seen.update(new)
            groups.append({"title": title, "note": note, "rows": new})
        return [group for group in groups if group["rows"]]


def only(scores: Numbers, batch: pa.RecordBatch, steps: Sequence[str]) -> Numbers:
    """The scores of the rows that one of `steps` dropped; NaN for the others."""
    by_them = pc.is_in(batch[DROPPED_BY], value_set=pa.array(steps, pa.string()))
    return np.where(by_them.to_numpy(zero_copy_only=False), scores, np.nan)


def deciding(decisions: list[Decision], schema: pa.Schema) -> Samples:
    """What samples are chosen by: the last decision on a fractional number, else on any, else a score, else the id."""
    for is_float in (True, False):
        for decision in reversed(decisions):
            if decision.is_float is is_float:
                others = [other.step for other in decisions if other.column == decision.column]
                return Samples(decision.column, decision.sign, [*others, decision.step])
    scores = [f.name for f in schema if pa.types.is_floating(f.type) and f.name.endswith("score")]
    return Samples(scores[0] if scores else None)


def floats(array: pa.Array) -> Numbers:
    """Numbers as float64; what is missing or infinite is NaN."""
    values = np.asarray(array.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), np.float64)
    return np.where(np.isfinite(values), values, np.nan)


def excerpt(text: str, max_lines: int, max_chars: int) -> dict[str, Any]:
    """The beginning of a text, and how much there is of it."""
    text = text.replace("\r\n", "\n").rstrip("\n")
    shown = cut(text, max_lines, max_chars)
    num_lines = text.count("\n") + 1 if text else 0
    num_shown = shown.count("\n") + 1 if text else 0
    return {
        "text": shown,
        "num_shown": num_shown,
        "num_lines": num_lines,
        "num_chars": len(text),
        "is_cut": shown != text,
    }
