"""Reading a journal: looking answers up, adding it up, checking it, and writing it out.

Does not write to it: a run may be at work in it.
"""

import json
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from textbook.llm.journal_file import ANSWER_COLUMNS, connect_to_read, explained

BLOCK = 256
"""Keys looked up at once."""


class Answer(NamedTuple):
    """A row of `done` (where `outcome` is ok) or of `failed`. Fields are the columns of both tables."""

    key: str
    name: str | None
    outcome: str
    error: str | None
    model: str
    text: str | None
    finish_reason: str | None
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    cost: float | None
    attempts: int
    max_tokens: int | None
    details: str | None
    at: float
    request: str | None = None


_NEEDED = ANSWER_COLUMNS.removesuffix(", request")  # prompts are long, and whoever looks up has them
_SELECT = {
    table: f"SELECT {_NEEDED} FROM {table} WHERE key IN ({','.join('?' * BLOCK)})" for table in ("done", "failed")
}


class Reader:
    """A journal opened for reading."""

    def __init__(self, path: str | Path) -> None:
        """Open `path`.

        Raises:
            ValueError: there is none, it is damaged, or no journal.
        """
        self.path = Path(path)
        self._db = connect_to_read(self.path)
        self._lock = threading.Lock()

    def close(self) -> None:
        """Give the file up."""
        self._db.close()

    def rows(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows that `query` gives."""
        with self._lock, explained(self.path):
            return self._db.execute(query, values).fetchall()

    def lookup(self, keys: Sequence[str], tables: Sequence[str] = ("done", "failed")) -> dict[str, Answer]:
        """The rows for those of `keys` that are done or failed."""
        found: dict[str, Answer] = {}
        with self._lock, explained(self.path):
            for start in range(0, len(keys), BLOCK):
                block = [*keys[start : start + BLOCK]]
                block += [""] * (BLOCK - len(block))  # one statement, compiled once
                for table in tables:
                    for row in self._db.execute(_SELECT[table], block):
                        found.setdefault(row[0], Answer(*row))
        return found


@contextmanager
def open_or_none(path: Path | None) -> Iterator[Reader | None]:
    """The journal at `path` for reading; None where there is none yet."""
    if path is None or not path.exists():
        yield None
        return
    with closing(Reader(path)) as reader:
        yield reader


class Stats(NamedTuple):
    """A journal in figures."""

    outcomes: dict[str, int]
    attempts: dict[str, int]
    """By how they ended; `on their way` is what a run at work, or one that was killed, has sent."""
    usd: float
    """Of all attempts; what a killed run had on its way is charged at its worst."""
    tokens: int
    models: dict[str, int]
    batches: dict[str, int]

    def __str__(self) -> str:
        def counts(title: str, numbers: dict[str, int]) -> str:
            return "\n".join([title, *(f"  {name:<16}{number:>12,}" for name, number in numbers.items())])

        parts = [counts("requests", self.outcomes), counts("attempts", self.attempts), counts("models", self.models)]
        if self.batches:
            parts.append(counts("batches", self.batches))
        parts.append(f"spent\n  ${self.usd:,.4f}, {self.tokens:,} tokens")
        return "\n".join(parts)


def stats(path: str | Path) -> Stats:
    """Add a journal up.

    Raises:
        ValueError: there is none, it is damaged, or no journal.
    """
    with closing(Reader(path)) as reader:

        def counted(query: str) -> dict[str, int]:
            return dict(reader.rows(query))

        usd, tokens = reader.rows("SELECT coalesce(sum(usd), 0), coalesce(sum(tokens), 0) FROM attempts")[0]
        ended = "SELECT coalesce(outcome, 'on their way'), count(*) FROM attempts GROUP BY 1 ORDER BY 2 DESC"
        both = "SELECT outcome FROM done UNION ALL SELECT outcome FROM failed"
        return Stats(
            outcomes=counted(f"SELECT outcome, count(*) FROM ({both}) GROUP BY 1 ORDER BY 2 DESC"),
            attempts=counted(ended),
            usd=usd,
            tokens=tokens,
            models=counted("SELECT model, count(*) FROM done GROUP BY 1 ORDER BY 2 DESC"),
            batches=counted("SELECT state, count(*) FROM batches GROUP BY 1"),
        )


def export(path: str | Path) -> Iterator[dict[str, Any]]:
    """Every answer in a journal as plain data, done ones first: the columns of its tables, JSON read."""
    with closing(Reader(path)) as reader:
        for table in ("done", "failed"):
            last = 0
            while rows := reader.rows(
                f"SELECT id, {ANSWER_COLUMNS} FROM {table} WHERE id > {last:d} ORDER BY id LIMIT 1000"
            ):
                last = rows[-1][0]
                for _, *values in rows:
                    row = Answer._make(values)._asdict()
                    yield row | {name: json.loads(row[name]) for name in ("details", "request") if row[name]}


_ANSWERS = "(SELECT key, cost, outcome FROM done UNION ALL SELECT key, cost, outcome FROM failed)"
_PER_KEY = "(SELECT key, sum(usd) AS usd FROM attempts GROUP BY key)"
_LIVE = "(SELECT tag FROM batches WHERE state NOT IN ('finished', 'abandoned'))"
_CHECKS = {
    "keys are both done and failed": "done JOIN failed USING (key)",
    "rows of done are not ok": "done WHERE outcome != 'ok'",
    "rows of failed are ok": "failed WHERE outcome = 'ok'",
    "answers have no attempt": f"{_ANSWERS} WHERE key NOT IN (SELECT key FROM attempts)",
    "answers cost more than their attempts": f"{_ANSWERS} a JOIN {_PER_KEY} b USING (key) WHERE a.cost > b.usd + 1e-9",
    "attempts are charged less than nothing": "attempts WHERE usd < 0 OR tokens < 0",
    "keys are in batches that are no more": f"batch_requests WHERE tag != '' AND tag NOT IN {_LIVE}",
}


def verify(path: str | Path) -> list[str]:
    """What is wrong with a journal: SQLite's own check, then its sums. Empty if nothing is.

    Raises:
        ValueError: there is none, or it is no journal.
    """
    try:
        with closing(Reader(path)) as reader:
            found = [row[0] for row in reader.rows("PRAGMA quick_check")]
            problems = [] if found == ["ok"] else found
            for what, rows in _CHECKS.items():
                number = reader.rows(f"SELECT count(*) FROM {rows}")[0][0]
                if number:
                    problems.append(f"{number} {what}")
            return problems
    except ValueError as error:
        if not isinstance(error.__cause__, sqlite3.Error):
            raise
        return [str(error)]
