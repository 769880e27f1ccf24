"""Answering requests through the Batch API: half the price, within a day, over any number of kills.

The order of steps is what keeps a batch from being paid twice: its requests are written down, its file is uploaded and
written down, the batch is made with a tag in its metadata and written down. A run that finds a file without a batch
looks for the tag before it makes one.

Does not judge answers: see `textbook.llm.outcome`.
"""

import logging
import shutil
import tempfile
import time
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from textbook.llm.batch_service import DONE, ENDPOINT, Line, QueueFullError, Service
from textbook.llm.batch_store import Batch, Sent, Settled, Store
from textbook.llm.budget import Charge, Ledger, charge
from textbook.llm.ending import answer_row
from textbook.llm.job import Dialect, Job
from textbook.llm.journal import Journal
from textbook.llm.journal_read import BLOCK
from textbook.llm.key import Scope, schema_text
from textbook.llm.ordered import asks_again, blocks, check, from_answer
from textbook.llm.outcome import LLMError, Verdict, judge
from textbook.llm.progress import Line as ProgressLine
from textbook.llm.request import Completion, Request, Usage
from textbook.llm.settings import Settings

log = logging.getLogger("textbook.llm")
MOST_EXPIRED = 10
"""How often a request that the server did not come to is put into another batch."""


@dataclass(frozen=True)
class Limits:
    """Of a server's Batch API."""

    max_requests: int = 50_000
    max_bytes: int = 200_000_000
    poll_s: float = 30.0
    list_lag_s: float = 60.0
    """Seconds after which a batch that is not listed is taken not to exist."""


class Batches:
    """One call of `generate` by batch."""

    def __init__(
        self,
        service: Service,
        journal: Journal,
        scope: Scope,
        settings: Settings,
        limits: Limits,
        again: frozenset[str],
        line: ProgressLine,
    ) -> None:
        self._service = service
        self._journal = journal
        self._scope = scope
        self._settings = settings
        self._limits = limits
        self._again = again
        self._line = line
        self._schemas: dict[str, Any] = {}
        self._store = Store(journal, scope, self._schemas)
        self._dialect = Dialect.of(scope.model)
        self.stopped: str | None = None

    def run(self, requests: Iterable[Request]) -> Iterator[Completion]:
        """Yield a completion a request, in order, as batches come back."""
        folder = Path(tempfile.mkdtemp(prefix="textbook-"))
        try:
            self._read(requests, folder / "order")
            self._resume()
            with (folder / "order").open() as keys:
                waiting: list[tuple[str, str]] = []
                while True:
                    is_over = self._round(folder)
                    yield from self._settled(keys, waiting, is_over)
                    if is_over:
                        return
                    time.sleep(self._limits.poll_s)
        finally:
            shutil.rmtree(folder)

    def _read(self, requests: Iterable[Request], order: Path) -> None:
        """Write down the order of the requests, and those whose answers are not known."""
        self._store.begin()
        with order.open("w") as file:
            for block in blocks(requests, self._scope):
                known = self._journal.lookup([prepared.key for _, prepared in block])
                jobs = []
                for request, prepared in block:
                    schema = schema_text(request.schema)
                    self._schemas[schema] = request.schema
                    answer = known.get(prepared.key)
                    unknown = answer is None or asks_again(answer, prepared.params.max_tokens, self._again)
                    if unknown:
                        check(request, prepared, self._settings.budget)
                        jobs.append(Job(None, request, prepared))
                    file.write(f"{prepared.key}{'?' if unknown else '!'}{schema}\n")
                self._store.want(jobs)

    def _settled(self, keys: Any, waiting: list[tuple[str, str]], is_over: bool) -> Iterator[Completion]:
        """Yield what has ended, from where it was left to the first request that has not."""
        while True:
            while len(waiting) < BLOCK and (text := keys.readline()):
                waiting.append((text[:33], text[33:-1]))
            if not waiting:
                return
            known = self._journal.lookup([key[:32] for key, _ in waiting])
            on_their_way = self._store.unended([key[:32] for key, _ in waiting])
            while waiting:
                marked, schema = waiting[0]
                key, was_unknown = marked[:32], marked[32] == "?"
                if was_unknown and key in on_their_way:
                    if not is_over:
                        return
                    completion = Completion("left", error=f"not asked: {self.stopped}", key=key)
                else:
                    completion = from_answer(known[key], self._schemas[schema], from_cache=not was_unknown)
                waiting.pop(0)
                self._line.add(completion)
                yield completion

    def _resume(self) -> None:
        """Batches of an earlier run: one that was not made is made, or given up if its file is not known."""
        for batch in self._store.live():
            if batch.state == "intent":
                self._store.abandon(batch.tag)
            elif batch.state == "uploaded":
                self._make(batch.tag, str(batch.file_id), since=batch.at, may_exist=True)

    def _round(self, folder: Path) -> bool:
        """Collect what is done and send what waits; whether nothing is left to be done."""
        for batch in self._store.live():
            if batch.state == "created":
                self._collect(batch)
            elif batch.state == "uploaded":
                self._make(batch.tag, str(batch.file_id), since=batch.at, may_exist=False)
        if not any(batch.state == "uploaded" for batch in self._store.live()):  # else the server's queue is full
            self._send_waiting(folder)
        return not self._store.live()

    def _send_waiting(self, folder: Path) -> None:
        self.stopped = None
        ledger = Ledger(self._settings.budget, self._journal.spent())
        jobs = self._store.waiting()
        while True:
            tag = uuid.uuid4().hex
            path = folder / f"{tag}.jsonl"
            chosen = self._fill(path, jobs, ledger)
            if not chosen:
                return
            self._store.intend(tag, chosen)
            file_id = self._service.upload(path)
            path.unlink()
            self._store.set(tag, state="uploaded", file_id=file_id, at=time.time())
            if not self._make(tag, file_id, since=time.time(), may_exist=False):
                return
            jobs = self._store.waiting()

    def _fill(self, path: Path, jobs: Iterator[Job], ledger: Ledger) -> list[tuple[Job, Charge]]:
        """Write requests into a file, as many as the limits and the budget allow."""
        chosen: list[tuple[Job, Charge]] = []
        num_bytes = 0
        with path.open("wb") as file:
            for job in jobs:
                body = job.body(self._scope.model, self._dialect)
                line = b'{"custom_id":"%s","method":"POST","url":"%s","body":%s}\n' % (
                    job.prepared.key.encode(), ENDPOINT.encode(), body,
                )  # fmt: skip
                worst = charge(job.worst, self._settings.price)
                if not ledger.fits(worst):
                    self.stopped = f"the budget of {self._settings.budget} is used up"
                    break
                num_bytes += len(line)
                if num_bytes > self._limits.max_bytes and chosen:
                    break
                ledger.reserve(worst)
                file.write(line)
                chosen.append((job, worst))
                if len(chosen) == self._limits.max_requests:
                    break
        return chosen

    def _make(self, tag: str, file_id: str, since: float, may_exist: bool) -> bool:
        """Make the batch `tag` from its file, unless the server has it; whether there is one now."""
        while True:
            if may_exist:
                batch_id = self._service.find(tag)
                wait_s = since + self._limits.list_lag_s - time.time()
                if batch_id is None and wait_s > 0:
                    time.sleep(min(wait_s, self._limits.poll_s))
                    continue
            else:
                batch_id = None
            try:
                batch_id = batch_id or self._service.create(file_id, tag)
            except QueueFullError as error:
                log.info("waiting for the server's queue of batches: %s", error)
                return False
            if batch_id is not None:
                self._store.set(tag, state="created", batch_id=batch_id)
                return True
            may_exist, since = True, time.time()
            self._store.set(tag, at=since)

    def _collect(self, batch: Batch) -> None:
        """Take in a batch that is done, or say how it is doing."""
        found = self._service.look(str(batch.batch_id))
        self._store.set(batch.tag, status=found.status)
        counts = found.request_counts
        if found.status not in DONE:
            if counts is not None:
                self._line.note(f"a batch is {found.status}: {counts.completed:,} of {counts.total:,} done")
            return
        lines = self._service.results(found)
        while block := list(islice(lines, 500)):
            sent = self._store.sent(batch.tag, [line.key for line in block])
            self._store.settle(self._judged(sent[line.key], line) for line in block if line.key in sent)
        self._finish(batch, found)

    def _finish(self, batch: Batch, found: Any) -> None:
        """Requests of which the files say nothing were not come to, unless the server says that all is done."""
        missing = self._store.unanswered(batch.tag)
        for start in range(0, len(missing), 500):
            sent = self._store.sent(batch.tag, missing[start : start + 500])
            lost = Line("", None, "lost" if found.status == "completed" else found.status)
            self._store.settle(self._judged(one, lost) for one in sent.values())
        self._store.set(batch.tag, state="finished")
        if found.status == "failed":
            errors = [f"{error.code}: {error.message}" for error in (found.errors.data if found.errors else None) or []]
            if not any("token_limit_exceeded" in error for error in errors):
                raise LLMError(f"the server could not read batch {found.id}: {'; '.join(errors[:3])}")
        if found.status == "cancelled":
            raise LLMError(f"batch {found.id} was cancelled at the server; run again to ask what it has not answered")

    def _judged(self, sent: Sent, line: Line) -> Settled:
        """What a line of a result says of its request."""
        job = sent.job
        if line.reply is None:
            return self._passed_over(sent, line.error)
        job.attempts += 1
        job.dialect = self._dialect
        verdict = judge(line.reply, job, self._settings.patience)
        if verdict.error is not None:
            verdict.error = self._settings.scrub(verdict.error)
        if verdict.dialect is not None:
            self._dialect = self._dialect.and_also(verdict.dialect)
        if verdict.next == "stop":
            verdict.next, verdict.outcome = "end", "rejected"
        return self._charged(sent, verdict.charged, verdict.label, line.reply.status, verdict)

    def _passed_over(self, sent: Sent, error: str) -> Settled:
        """A request that the server did not come to costs nothing; one whose answer is lost may have cost all."""
        job = sent.job
        job.num_limited += 1
        charged = job.worst if error == "lost" else Usage()
        ends = job.num_limited >= MOST_EXPIRED
        verdict = Verdict(
            "end" if ends else "again", error, error=f"not answered by {job.num_limited} batches: {error}"
        )
        return self._charged(sent, charged, error, None, verdict)

    def _charged(self, sent: Sent, usage: Usage, label: str, status: int | None, verdict: Verdict) -> Settled:
        job, price = sent.job, self._settings.price
        actual = charge(usage, price)
        job.charged_usd += actual.usd
        job.charged_tokens += actual.tokens
        attempt = sent.attempt._replace(usd=actual.usd, tokens=actual.tokens, outcome=label, status=status)
        answer = None
        if verdict.next == "end":
            cost = None if price is None else job.charged_usd
            answer = answer_row(job, verdict, cost, self._settings.keep_prompts)
        return Settled(attempt, answer, job)
