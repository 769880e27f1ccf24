"""Batches in the journal: which requests wait, which are on their way in which batch, and how far each batch is.

A request is in `batch_requests` from being asked until it has ended; `tag` is empty while it waits. Each function is
one transaction, so that a kill leaves the state before it or after it.

Does not talk to a server: see `textbook.llm.batch_service`.
"""

import json
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from textbook.llm.budget import Charge
from textbook.llm.job import Job
from textbook.llm.journal import Attempt, Journal, insert
from textbook.llm.journal_file import ANSWER_COLUMNS
from textbook.llm.journal_read import Answer
from textbook.llm.key import Scope, schema_text
from textbook.llm.request import Request

STATE = ("room", "grown", "reasks", "feedback", "attempts", "num_lost", "num_limited", "charged_usd", "charged_tokens")


class Batch(NamedTuple):
    """A row of `batches`."""

    tag: str
    state: str
    file_id: str | None
    batch_id: str | None
    at: float


class Sent(NamedTuple):
    """A request on its way: what is needed to judge its answer."""

    key: str
    attempt: Attempt
    job: Job


class Settled(NamedTuple):
    """What became of one request of a batch."""

    attempt: Attempt
    answer: Answer | None
    """None: it waits again, as `job` says."""
    job: Job


class Store:
    """The batches of one engine in its journal."""

    def __init__(self, journal: Journal, scope: Scope, schemas: dict[str, Any]) -> None:
        self._journal = journal
        self._scope = scope
        self._name = f"{scope.model}@{scope.namespace}"
        self._schemas = schemas
        """The schemas of this call's requests by their text: a pydantic class checks more than its JSON schema."""

    def begin(self) -> None:
        """No request is asked for yet."""
        self._journal.run(lambda db: db.execute("UPDATE batch_requests SET wanted = 0"))

    def want(self, jobs: Sequence[Job]) -> None:
        """Requests that this call asks for; one that waits or is on its way since an earlier call stays as it is."""
        rows = [(job.prepared.key, self._written(job)) for job in jobs]

        def act(db: sqlite3.Connection) -> None:
            db.executemany("UPDATE batch_requests SET wanted = 1 WHERE key = ?", [(key,) for key, _ in rows])
            db.executemany(
                "INSERT OR IGNORE INTO batch_requests (key, tag, attempt, job, wanted) VALUES (?, '', 0, ?, 1)", rows
            )

        self._journal.run(act)

    def waiting(self) -> Iterator[Job]:
        """Requests that this call asks for and that are not on their way, oldest first."""
        last = 0
        while rows := self._journal.rows(
            "SELECT id, job FROM batch_requests WHERE tag = '' AND wanted = 1 AND id > ? ORDER BY id LIMIT 500",
            (last,),
        ):
            last = rows[-1][0]
            yield from (self._read(text) for _, text in rows)

    def unended(self, keys: Sequence[str]) -> set[str]:
        """Those of `keys` that wait or are on their way."""
        marks = ",".join("?" * len(keys))
        return {row[0] for row in self._journal.rows(f"SELECT key FROM batch_requests WHERE key IN ({marks})", keys)}

    def live(self) -> list[Batch]:
        """Batches of this engine that are neither finished nor abandoned, oldest first."""
        query = (
            "SELECT tag, state, file_id, batch_id, at FROM batches WHERE state NOT IN ('finished', 'abandoned') "
            "AND scope = ? ORDER BY at"
        )
        return [Batch._make(row) for row in self._journal.rows(query, (self._name,))]

    def intend(self, tag: str, jobs: Sequence[tuple[Job, Charge]]) -> None:
        """Before anything is uploaded: these requests are going to be in the batch `tag`."""
        now = time.time()

        def act(db: sqlite3.Connection) -> None:
            (last,) = db.execute("SELECT coalesce(max(id), 0) FROM attempts").fetchone()
            attempts = [
                Attempt(last + i, job.prepared.key, now, self._scope.namespace, worst.usd, worst.tokens, batch=tag)
                for i, (job, worst) in enumerate(jobs, 1)
            ]
            insert(db, "attempts", attempts)
            db.executemany(
                "UPDATE batch_requests SET tag = ?, attempt = ? WHERE key = ? AND tag = ''",
                [(tag, attempt.id, attempt.key) for attempt in attempts],
            )
            db.execute(
                "INSERT INTO batches (tag, state, scope, num_requests, at) VALUES (?, 'intent', ?, ?, ?)",
                (tag, self._name, len(jobs), now),
            )

        self._journal.run(act)

    def set(self, tag: str, **columns: Any) -> None:
        """Change columns of a batch's row."""
        names = ", ".join(f"{name} = ?" for name in columns)
        values = (*columns.values(), tag)
        self._journal.run(lambda db: db.execute(f"UPDATE batches SET {names} WHERE tag = ?", values))

    def abandon(self, tag: str, outcome: str = "unsent") -> None:
        """The batch does not exist, or did nothing: its requests wait again, and nothing is charged."""

        def act(db: sqlite3.Connection) -> None:
            db.execute(
                "UPDATE attempts SET usd = 0, tokens = 0, outcome = ? WHERE outcome IS NULL AND batch = ?",
                (outcome, tag),
            )
            db.execute("UPDATE batch_requests SET tag = '', attempt = 0 WHERE tag = ?", (tag,))
            db.execute("UPDATE batches SET state = 'abandoned' WHERE tag = ?", (tag,))

        self._journal.run(act)

    def sent(self, tag: str, keys: Sequence[str]) -> dict[str, Sent]:
        """Those of `keys` that are still on their way in the batch `tag`."""
        marks = ",".join("?" * len(keys))
        rows = self._journal.rows(
            "SELECT a.*, r.job FROM batch_requests r JOIN attempts a ON a.id = r.attempt "
            f"WHERE r.tag = ? AND r.key IN ({marks})",
            (tag, *keys),
        )
        return {row[1]: Sent(row[1], Attempt._make(row[:-1]), self._read(row[-1])) for row in rows}

    def unanswered(self, tag: str) -> list[str]:
        """Keys that are on their way in the batch `tag`."""
        return [row[0] for row in self._journal.rows("SELECT key FROM batch_requests WHERE tag = ?", (tag,))]

    def settle(self, settled: Iterable[Settled]) -> None:
        """Write down what became of some requests of a batch."""
        items = list(settled)
        ended = [item.answer for item in items if item.answer is not None]
        again = [(self._written(item.job), item.job.prepared.key) for item in items if item.answer is None]

        def act(db: sqlite3.Connection) -> None:
            insert(db, "attempts", [item.attempt for item in items])
            for table, ok in (("done", True), ("failed", False)):
                insert(db, f"{table} ({ANSWER_COLUMNS})", [row for row in ended if (row.outcome == "ok") is ok])
            db.executemany("DELETE FROM batch_requests WHERE key = ?", [(row.key,) for row in ended])
            db.executemany("DELETE FROM failed WHERE key = ?", [(row.key,) for row in ended if row.outcome == "ok"])
            db.executemany("UPDATE batch_requests SET tag = '', attempt = 0, job = ? WHERE key = ?", again)

        self._journal.has_failed = True
        self._journal.run(act)

    def _written(self, job: Job) -> str:
        request = job.request
        asked = [request.messages, dict(request.params), schema_text(request.schema), request.sample_index, request.key]
        return json.dumps({"asked": asked, "state": {name: getattr(job, name) for name in STATE}})

    def _read(self, text: str) -> Job:
        content = json.loads(text)
        messages, params, schema, sample_index, key = content["asked"]
        known = self._schemas[schema] if schema in self._schemas else json.loads(schema)
        request = Request(messages, params, known, sample_index, key)
        job = Job(None, request, self._scope.prepare(request))
        for name, value in content["state"].items():
            setattr(job, name, value)
        if job.feedback is not None:
            job.feedback = (job.feedback[0], job.feedback[1])
        return job
