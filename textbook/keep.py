"""The two steps that decide: `Keep` by a bound on a column, `KeepTop` by a budget.

Neither scores anything: they read a column that a scorer added, so a threshold can be chosen again without scoring
again (see `textbook.curation.sources.Folder`).
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from textbook.operator import DROP_REASON, Batch, Fittable, Operator, num_rows

Value = str | int | float | bool


def shown(value: Any) -> str:
    """A value as it stands in a drop reason: floats to four digits, so that equal scores read the same."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


@dataclass(frozen=True)
class Keep(Operator):
    """Keep the rows whose value in `column` is within the bounds given; drop the others, and those without a value.

    Args (fields):
        column: the column to look at.
        at_least, at_most: inclusive bounds, for numbers (and strings, by code point).
        equals: the one value to keep, for instance `Keep("parses", equals=True)`.
        one_of: the values to keep, for instance `Keep("license", one_of=("MIT", "Apache-2.0"))`.
    """

    column: str
    at_least: float | None = None
    at_most: float | None = None
    equals: Value | None = None
    one_of: tuple[Value, ...] | None = None

    def __post_init__(self) -> None:
        """Refuse a step that would keep everything."""
        if all(bound is None for bound in (self.at_least, self.at_most, self.equals, self.one_of)):
            raise ValueError(f"Keep({self.column!r}) has no bound; give at_least=, at_most=, equals= or one_of=")

    @property
    def name(self) -> str:
        """`Keep(column)`."""
        return f"Keep({self.column})"

    @property
    def reads(self) -> tuple[str, ...]:
        """The column alone."""
        return (self.column,)

    def __call__(self, batch: Batch) -> Batch:
        """Write the reason beside each row that is to go."""
        return batch | {DROP_REASON: [self._reason(value) for value in batch[self.column]]}

    def _reason(self, value: Any) -> str | None:
        if value is None or value != value:
            return f"{self.column} is missing"
        if self.at_least is not None and value < self.at_least:
            return f"{self.column} {shown(value)} < {shown(self.at_least)}"
        if self.at_most is not None and value > self.at_most:
            return f"{self.column} {shown(value)} > {shown(self.at_most)}"
        if self.equals is not None and value != self.equals:
            return f"{self.column} is {shown(value)}, not {shown(self.equals)}"
        if self.one_of is not None and value not in self.one_of:
            return f"{self.column} is {shown(value)}, not one of {', '.join(map(shown, self.one_of))}"
        return None

    @classmethod
    def example(cls) -> tuple[Self, Batch]:
        """Three rows, of which one stays."""
        batch: Batch = {"id": ["a", "b", "c"], "text": ["1", "2", "3"], "edu_score": [4.5, 1.25, None]}
        return cls("edu_score", at_least=3.0), batch


class Cut(NamedTuple):
    """The last row that stays, best first: everything after it in the order (-score, id) goes."""

    score: float
    id: str


@dataclass(frozen=True)
class KeepAbove(Operator):
    """What `KeepTop` comes to once it has seen every row: keep down to one score, and at that score down to one id.

    `score=None` keeps nothing.
    """

    column: str
    score: float | None
    last_id: str = ""

    @property
    def name(self) -> str:
        """`KeepTop(column)`: the name of the step that it completes."""
        return f"KeepTop({self.column})"

    @property
    def reads(self) -> tuple[str, ...]:
        """The row's id, for ties, and the column."""
        return ("id", self.column)

    def __call__(self, batch: Batch) -> Batch:
        """Write the reason beside each row below the cut."""
        pairs = zip(batch[self.column], batch["id"], strict=True)
        return batch | {DROP_REASON: [self._reason(value, row) for value, row in pairs]}

    def _reason(self, value: Any, row: str) -> str | None:
        if value is None or value != value:
            return f"{self.column} is missing"
        if self.score is None:
            return f"{self.column} {shown(value)}: the budget has no room for any row"
        if (-value, row) <= (-self.score, self.last_id):
            return None
        return f"{self.column} {shown(value)} is below the cut at {shown(self.score)}"

    @classmethod
    def example(cls) -> tuple[Self, Batch]:
        """Three rows, of which two stay: the tie at 4.0 goes to the smaller id."""
        batch: Batch = {"id": ["a", "b", "c"], "text": ["1", "2", "3"], "edu_score": [4.0, 4.5, 4.0]}
        return cls("edu_score", score=4.0, last_id="a"), batch


@dataclass(frozen=True)
class KeepTop(Fittable):
    """Keep the best rows by `column` within one budget: exact, whatever the shards; ties go to the smaller id.

    Args (fields):
        column: the score, higher is better. Rows without one are dropped and count for nothing but `fraction`.
        tokens: at most so many tokens, summed over `num_tokens` (put `CountTokens()` before this step); it stops at the
            first row that does not fit.
        rows: at most so many rows.
        fraction: the share of all rows that arrive here, rounded down (phi-1 keeps about 6 of 35 billion tokens:
            arXiv 2306.11644, section 2.1).

    Memory: 16 bytes and one id a row while it decides.
    """

    column: str
    tokens: int | None = None
    rows: int | None = None
    fraction: float | None = None

    def __post_init__(self) -> None:
        """Refuse none or several budgets."""
        given = [budget for budget in (self.tokens, self.rows, self.fraction) if budget is not None]
        if len(given) != 1:
            raise ValueError(
                f"KeepTop({self.column!r}) needs exactly one of tokens=, rows= and fraction=; got {len(given)}"
            )
        if given[0] < 0 or (self.fraction or 0) > 1:
            raise ValueError(f"KeepTop({self.column!r}) got a budget of {given[0]}; expected >= 0, and fraction <= 1")

    @property
    def name(self) -> str:
        """`KeepTop(column)`."""
        return f"KeepTop({self.column})"

    @property
    def reads(self) -> tuple[str, ...]:
        """The id, the score, and the token counts where they are the budget."""
        return ("id", self.column) if self.tokens is None else ("id", self.column, "num_tokens")

    def partial(self, batches: Iterable[Batch]) -> pa.Table:
        """Id, score and tokens of each row of the shard."""
        schema = pa.schema([("id", pa.string()), ("score", pa.float64()), ("tokens", pa.int64())])
        tables = [pa.table(self._columns(batch), schema=schema) for batch in batches]
        return pa.concat_tables([schema.empty_table(), *tables])

    def _columns(self, batch: Batch) -> Mapping[str, Any]:
        scores = [None if value is None or value != value else float(value) for value in batch[self.column]]
        if self.tokens is None:
            return {"id": batch["id"], "score": scores, "tokens": [0] * num_rows(batch)}
        counted = zip(batch["num_tokens"], scores, strict=True)
        return {
            "id": batch["id"],
            "score": [s if n is not None else None for n, s in counted],
            "tokens": batch["num_tokens"],
        }

    def finish(self, tables: Iterable[pa.Table], folder: Path) -> KeepAbove:
        """Find the cut. Nothing goes into `folder`."""
        arrived = list(tables)
        num_arrived = sum(table.num_rows for table in arrived)
        cut = self._cut(pa.concat_tables(arrived).drop_null(), num_arrived) if num_arrived else None
        return KeepAbove(self.column, *(cut or (None,)))

    def _cut(self, table: pa.Table, num_arrived: int) -> Cut | None:
        order = pc.sort_indices(table, sort_keys=[("score", "descending"), ("id", "ascending")])
        if self.tokens is not None:
            total = np.cumsum(table["tokens"].take(order).to_numpy())
            num_kept = int(np.searchsorted(total, self.tokens, side="right"))
        elif self.rows is not None:
            num_kept = self.rows
        else:
            num_kept = math.floor(Fraction(str(self.fraction)) * num_arrived)
        num_kept = min(num_kept, table.num_rows)
        if num_kept == 0:
            return None
        last = order[num_kept - 1].as_py()
        return Cut(table["score"][last].as_py(), table["id"][last].as_py())

    @classmethod
    def example(cls) -> tuple[Self, Batch]:
        """Four rows, of which two fit into ten tokens."""
        batch: Batch = {
            "id": ["a", "b", "c", "d"],
            "text": ["1", "2", "3", "4"],
            "edu_score": [4.0, 4.5, 4.0, None],
            "num_tokens": [5, 5, 5, 5],
        }
        return cls("edu_score", tokens=10), batch
