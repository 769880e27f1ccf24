"""The journal: what was asked, answered and spent, so that a killed run goes on where it was.

One SQLite file, written by one thread, which commits whatever has gathered since its last commit: a request costs a
share of an fsync. Rows are plain: any SQLite client reads them.

Does not decide what is asked again: see `textbook.llm.engine`.
"""

import json
import queue
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from textbook.llm.budget import Charge
from textbook.llm.journal_file import ANSWER_COLUMNS, check_place, connect, explained, explanation, locked
from textbook.llm.journal_read import Answer, Reader

MOST_A_COMMIT = 1024


class Attempt(NamedTuple):
    """A row of `attempts`: written before a request is sent, and again when its outcome is known."""

    id: int
    key: str
    at: float
    endpoint: str | None
    usd: float
    tokens: int
    outcome: str | None = None
    status: int | None = None
    seconds: float | None = None
    batch: str | None = None


class Entry(NamedTuple):
    """What is committed together, and what is called, in the writer's thread, with all entries of a commit."""

    attempt: Attempt
    answer: Answer | None
    done: Any


class Journal:
    """A journal opened for writing; the lock is held until `close`."""

    def __init__(self, path: str | Path | None) -> None:
        """Open or create `path`; with None, one that is removed when it is closed.

        Raises:
            ValueError: it lies on a network file system, is in use, damaged, or no journal.
            OSError: it can't be written to.
        """
        self._open = ExitStack()
        with ExitStack() as opening:
            if path is None:
                path = Path(opening.enter_context(tempfile.TemporaryDirectory(prefix="textbook-"))) / "journal.sqlite"
                synchronous = "OFF"
            else:
                synchronous = "FULL"
                Path(path).parent.mkdir(parents=True, exist_ok=True)
            self.path = Path(path)
            check_place(self.path)
            opening.enter_context(locked(self.path))
            self._db = connect(self.path, synchronous)
            opening.callback(self._db.close)
            self._reader = Reader(self.path)
            opening.callback(self._reader.close)
            with explained(self.path):
                self._settle_open_attempts()
                self.has_failed = bool(self._db.execute("SELECT 1 FROM failed LIMIT 1").fetchone())
                self.last_attempt = int(self._db.execute("SELECT coalesce(max(id), 0) FROM attempts").fetchone()[0])
            self._open = opening.pop_all()
        self._entries: queue.SimpleQueue[Entry | Callable[[sqlite3.Connection], None] | None] = queue.SimpleQueue()
        self._writer = threading.Thread(target=self._write, name="textbook-journal", daemon=True)
        self.on_commit: Callable[[Sequence[Entry]], None] = lambda entries: None
        self.on_error: Callable[[Exception], None] = lambda error: None
        self.error: Exception | None = None
        self._writer.start()

    def _settle_open_attempts(self) -> None:
        """What was on its way when an earlier run was killed may have been billed: it stays charged at its worst."""
        self._db.execute("UPDATE attempts SET outcome = 'unknown' WHERE outcome IS NULL AND batch IS NULL")

    def spent(self) -> Charge:
        """What all settled attempts came to, and what is set aside for batches that are on their way."""
        return Charge(*self._reader.rows("SELECT coalesce(sum(usd), 0), coalesce(sum(tokens), 0) FROM attempts")[0])

    def lookup(self, keys: Sequence[str]) -> dict[str, Answer]:
        """The rows for those of `keys` that are done or failed."""
        return self._reader.lookup(keys, ("done", "failed") if self.has_failed else ("done",))

    def rows(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows that `query` gives, committed ones only."""
        return self._reader.rows(query, values)

    def write(self, entry: Entry) -> None:
        """Have `entry` committed; `on_commit` is told when it is."""
        self._entries.put(entry)

    def run(self, action: Callable[[sqlite3.Connection], Any]) -> Any:
        """Run `action` in a transaction of its own in the writer's thread, and return what it returns, committed."""
        result: queue.SimpleQueue[tuple[Any, Exception | None]] = queue.SimpleQueue()

        def act(db: sqlite3.Connection) -> None:
            try:
                db.execute("BEGIN IMMEDIATE")
                value = action(db)
                db.execute("COMMIT")
            except Exception as error:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                result.put((None, explanation(error, self.path) if isinstance(error, sqlite3.Error) else error))
            else:
                result.put((value, None))

        self._entries.put(act)
        value, error = result.get()
        if error is not None:
            raise error
        return value

    def remember(self, name: str, value: Any) -> None:
        """Keep `value`, as JSON, under `name` in the table `meta`."""
        text = json.dumps(value, sort_keys=True)
        self.run(lambda db: db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, text)))

    def close(self) -> None:
        """Commit what is waiting, and give the journal up."""
        self._entries.put(None)
        self._writer.join()
        self._open.close()

    def _write(self) -> None:
        """The writer's thread: everything that has gathered goes into one transaction."""
        items: list[Any] = []
        while None not in items:
            items = [self._entries.get()]
            while not self._entries.empty() and len(items) < MOST_A_COMMIT:
                items.append(self._entries.get())
            for is_action, group in groupby((item for item in items if item is not None), callable):
                if is_action:
                    self._act(group)
                else:
                    self._commit(list(group))

    def _act(self, actions: Iterable[Callable[[sqlite3.Connection], None]]) -> None:
        for action in actions:
            action(self._db)

    def _commit(self, entries: list[Entry]) -> None:
        if self.error is not None:  # the first failure ends the run; what comes after it is not half-written
            return
        try:
            self._db.execute("BEGIN IMMEDIATE")
            self._put(entries)
            self._db.execute("COMMIT")
        except Exception as error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            self.error = explanation(error, self.path) if isinstance(error, sqlite3.Error) else error
            self.on_error(self.error)
        else:
            self.on_commit(entries)

    def _put(self, entries: list[Entry]) -> None:
        insert(self._db, "attempts", [entry.attempt for entry in entries])
        answers = [entry.answer for entry in entries if entry.answer is not None]
        done = [answer for answer in answers if answer.outcome == "ok"]
        failed = [answer for answer in answers if answer.outcome != "ok"]
        insert(self._db, f"done ({ANSWER_COLUMNS})", done)
        if done and self.has_failed:
            self._db.executemany("DELETE FROM failed WHERE key = ?", [(answer.key,) for answer in done])
        if failed:
            self.has_failed = True
            insert(self._db, f"failed ({ANSWER_COLUMNS})", failed)


def insert(db: sqlite3.Connection, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert or replace rows, many by one statement: each statement gives the interpreter's lock away and waits for it.

    Statements come in three sizes, so that each is compiled once.
    """
    start = 0
    for size in (64, 8, 1):
        while len(rows) - start >= size:
            block = rows[start : start + size]
            row = f"({','.join('?' * len(block[0]))})"
            values = [value for row in block for value in row]
            db.execute(f"INSERT OR REPLACE INTO {table} VALUES {','.join([row] * size)}", values)
            start += size
