"""Requests in, completions out in the same order, with bounded memory between.

Runs in the caller's thread. It reads ahead of what it yields: as far as the engine has work to do, and past a request
that takes long, whose successors wait for it in the journal and not in memory.

Does not send anything: see `textbook.llm.runtime`.
"""

import json
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from queue import Empty
from typing import Any

from textbook.llm.budget import Budget
from textbook.llm.job import Job
from textbook.llm.journal import Journal
from textbook.llm.journal_read import BLOCK, Answer
from textbook.llm.key import Prepared, Scope, schema_text
from textbook.llm.progress import Line
from textbook.llm.request import Completion, Request, Usage
from textbook.llm.runtime import Call, Runtime
from textbook.llm.structured import parse, validator

WINDOW = 50_000
"""Requests between the one that is to be yielded next and the last one read."""
HELD = 2_048
"""Completions that wait in memory for their turn; more wait in the journal."""
ASKED = 64
"""Requests read at once while some have to be asked: reading more would keep the engine's thread waiting."""
GATHER_S = 0.02
"""How long a block of requests is gathered from a slow iterator."""


class Slot:
    """A request's place in the order."""

    __slots__ = ("from_cache", "key", "result", "schema", "spilled")

    def __init__(self, key: str, schema: Any) -> None:
        self.key = key
        self.schema = schema
        self.result: Completion | None = None
        self.spilled = False
        self.from_cache = False


class Ordered:
    """One call of `generate`."""

    def __init__(
        self, runtime: Runtime, scope: Scope, requests: Iterable[Request], again: frozenset[str], line: Line
    ) -> None:
        self._runtime = runtime
        self._journal: Journal = runtime.journal
        self._scope = scope
        self._requests = iter(requests)
        self._again = again
        self._line = line
        self._window: deque[Slot] = deque()
        self._exhausted = False
        self._asked: dict[str, list[Slot]] = {}
        self._num_held = 0
        self._largest = ASKED
        self._block_size = 1
        """Requests that are read at once: a slow iterator must not hold up what it has given."""
        self._most_asked = 2 * runtime.settings.concurrency + BLOCK
        self.call = Call()

    def __iter__(self) -> Iterator[Completion]:
        while True:
            if self._wants_more():
                self._read_block()
            self._receive(wait=False)
            while self._window and self._head_is_ready():
                slot = self._window.popleft()
                assert slot.result is not None
                self._num_held -= 1
                yield slot.result
                if self._wants_more():
                    break
            else:
                if self._exhausted and not self._window:
                    return
                if not self._wants_more():
                    self._receive(wait=True)

    def _wants_more(self) -> bool:
        if self._exhausted or len(self._window) > WINDOW - BLOCK or len(self._asked) > self._most_asked - BLOCK:
            return False
        return self._num_held < HELD // 2 or not self._head_is_ready()  # what is ready goes first

    def _read_block(self) -> None:
        """Read some requests, look them up, and have the engine ask what is not known."""
        block = []
        deadline = time.monotonic() + GATHER_S
        for request in islice(self._requests, self._block_size):
            block.append((request, self._scope.prepare(request)))
            if time.monotonic() > deadline:
                self._block_size = 1
                break
        else:
            self._block_size = min(self._largest, 2 * self._block_size)
        self._exhausted = not block
        known = self._journal.lookup([prepared.key for _, prepared in block])
        jobs = []
        for request, prepared in block:
            slot = Slot(prepared.key, request.schema)
            self._window.append(slot)
            answer = known.get(prepared.key)
            if answer is not None and not asks_again(answer, prepared.params.max_tokens, self._again):
                self._take(slot, from_answer(answer, request.schema))
            elif prepared.key in self._asked:
                self._asked[prepared.key].append(slot)
            else:
                check(request, prepared, self._runtime.settings.budget)
                self._asked[prepared.key] = [slot]
                jobs.append(Job(self.call, request, prepared))
        self._largest = ASKED if jobs else BLOCK
        if jobs:
            self._runtime.submit(jobs)

    def _receive(self, wait: bool) -> None:
        """Take in results: those that are there, or at least one."""
        while True:
            try:
                results = self.call.results.get(block=wait, timeout=1.0 if wait else None)
            except Empty:
                if wait:
                    self._check_alive()
                    continue
                return
            for result in results:
                self._settle(result)
            if not results:
                self._check_alive()
            wait = False

    def _check_alive(self) -> None:
        if not self._runtime.alive:
            raise self._runtime.failure or RuntimeError("the engine's thread has ended")

    def _settle(self, result: Completion) -> None:
        first, *twins = self._asked.pop(result.key)
        self._take(first, result)
        for slot in twins:
            self._take(slot, twin_of(result, slot.schema))

    def _take(self, slot: Slot, result: Completion) -> None:
        self._line.add(result)
        if self._num_held >= HELD and result.outcome != "left" and slot is not self._window[0]:
            slot.spilled = True
            slot.from_cache = result.from_cache
        else:
            slot.result = result
            self._num_held += 1

    def _head_is_ready(self) -> bool:
        head = self._window[0]
        if head.spilled:
            self._fetch()
        if head.result is not None and head.result.outcome == "left" and self._runtime.failure is not None:
            raise self._runtime.failure
        return head.result is not None

    def _fetch(self) -> None:
        """Bring back what waits in the journal at the head of the window."""
        slots = [slot for slot in islice(self._window, BLOCK) if slot.spilled]
        answers = self._journal.lookup([slot.key for slot in slots])
        for slot in slots:
            slot.result = from_answer(answers[slot.key], slot.schema, slot.from_cache)
            slot.spilled = False
            self._num_held += 1


def check(request: Request, prepared: Prepared, budget: Budget | None) -> None:
    """Refuse what can't be sent as it is.

    Raises:
        ValueError: the schema is none; or there is a budget, and no limit to what the request may cost.
    """
    if isinstance(request.schema, Mapping):
        validator(schema_text(request.schema))
    if budget is None:
        return
    if prepared.params.max_tokens is None:
        raise ValueError("a budget needs max_tokens in the params of every request, to know what it costs at worst")
    if prepared.max_prompt_tokens < 0:
        raise ValueError("a budget can't bound messages that hold more than text (images, audio); leave it out")


def asks_again(answer: Answer, max_tokens: int | None, again: frozenset[str]) -> bool:
    """Whether a row of the journal does not settle a request: it was cut off and has more room now, or gave up."""
    if answer.outcome == "truncated" and answer.max_tokens is not None:
        return max_tokens is None or max_tokens > answer.max_tokens
    return answer.outcome in again


def from_answer(answer: Answer, schema: Any, from_cache: bool = True) -> Completion:
    """The completion that a row of the journal holds."""
    outcome: Any = answer.outcome
    parsed = None
    if schema is not None and outcome == "ok" and answer.text is not None:
        parsed, _ = parse(answer.text, schema)
    return Completion(
        outcome=outcome,
        text=answer.text,
        parsed=parsed,
        finish_reason=answer.finish_reason,
        usage=Usage(answer.prompt_tokens, answer.completion_tokens, answer.cached_tokens),
        cost=answer.cost,
        model=answer.model,
        attempts=answer.attempts,
        from_cache=from_cache,
        error=answer.error,
        key=answer.key,
        details=json.loads(answer.details) if answer.details else {},
    )


def twin_of(result: Completion, schema: Any) -> Completion:
    """The completion of a request that was already on its way when it came a second time."""
    parsed = result.parsed
    if schema is not None and result.ok and result.text is not None:
        parsed, _ = parse(result.text, schema)
    return replace(result, parsed=parsed, from_cache=result.outcome != "left")


def blocks(requests: Iterable[Request], scope: Scope) -> Iterator[Sequence[tuple[Request, Any]]]:
    """Requests with their keys, so many as are looked up at once."""
    iterator = iter(requests)
    while block := [(request, scope.prepare(request)) for request in islice(iterator, BLOCK)]:
        yield block
