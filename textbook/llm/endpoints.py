"""The endpoints that serve a model: which one gets the next request.

Does not send: see `textbook.llm.transport`.
"""

from collections.abc import Sequence
from typing import NamedTuple

from textbook.llm.http_connection import Reply
from textbook.llm.job import Dialect
from textbook.llm.limiter import Breaker, Concurrency, exhausted_s
from textbook.llm.outcome import Verdict
from textbook.llm.transport import Transport


class Endpoint:
    """One endpoint, and how it is doing."""

    def __init__(self, name: str, transport: Transport, concurrency: int, weight: float, dialect: Dialect) -> None:
        self.name = name
        """Its address, without anything secret."""
        self.transport = transport
        self.weight = weight
        self.dialect = dialect
        self.concurrency = Concurrency(concurrency)
        self.breaker = Breaker()
        self.num_active = 0
        self.paused_until = 0.0
        self.refusal: str | None = None
        """Why it is out for good."""

    def wait_s(self, now: float) -> float:
        """Seconds until it may get a request, as far as rates and failures go."""
        return max(self.breaker.wait_s(now), self.paused_until - now, 0.0)

    def learn(self, verdict: Verdict, now: float) -> None:
        """Take in how an attempt went."""
        if verdict.overloaded:
            self.concurrency.overloaded(now)
        elif verdict.healthy:
            self.concurrency.succeeded(self.num_active)
        if verdict.healthy:
            self.breaker.succeeded()
        else:
            self.breaker.failed(now, verdict.error or "")
        if verdict.dialect is not None:
            self.dialect = self.dialect.and_also(verdict.dialect)

    def heard(self, reply: Reply, now: float) -> None:
        """Take in what the headers of an answer say of the endpoint's limits."""
        pause = exhausted_s(reply.headers)
        if pause:
            self.paused_until = max(self.paused_until, now + pause)


class Choice(NamedTuple):
    """The endpoint for the next request, or none, and when there may be one."""

    endpoint: Endpoint | None
    wait_s: float | None = None
    """Seconds; None: once a request on its way has ended."""


class Pool:
    """Several endpoints of one model."""

    def __init__(self, endpoints: Sequence[Endpoint], concurrency: int) -> None:
        self.endpoints = endpoints
        self.concurrency = concurrency
        self.num_active = 0

    @property
    def limit(self) -> int:
        """How many requests the endpoints bear together, as far as is known."""
        return min(self.concurrency, sum(int(e.concurrency.limit) for e in self.endpoints if e.refusal is None))

    def choose(self, now: float) -> Choice:
        """The endpoint with the fewest requests for its weight, of those that work and have room."""
        if self.num_active >= self.concurrency:
            return Choice(None)
        best, soonest = None, None
        for endpoint in self.endpoints:
            if endpoint.refusal is not None:
                continue
            wait = endpoint.wait_s(now)
            if wait > 0:
                soonest = wait if soonest is None else min(wait, soonest)
            elif endpoint.num_active < int(endpoint.concurrency.limit) or (
                endpoint.breaker.tripped and endpoint.num_active == 0
            ):
                load = endpoint.num_active / endpoint.weight
                if best is None or load < best.num_active / best.weight:
                    best = endpoint
        return Choice(best, None if best is not None else soonest)

    def take(self, endpoint: Endpoint, now: float, timeout_s: float) -> None:
        """A request goes to `endpoint`."""
        self.num_active += 1
        endpoint.num_active += 1
        if endpoint.breaker.tripped:
            endpoint.breaker.probing(now, timeout_s)

    def give_back(self, endpoint: Endpoint) -> None:
        """A request to `endpoint` has ended, and is in the journal."""
        self.num_active -= 1
        endpoint.num_active -= 1

    def down_s(self, now: float) -> float:
        """Seconds for which every endpoint has been down; 0 while one works."""
        since = [e.breaker.failing_since for e in self.endpoints if e.refusal is None]
        down = all(e.breaker.tripped for e in self.endpoints if e.refusal is None)
        return min((now - at for at in since if at is not None), default=0.0) if down else 0.0

    def reset(self) -> None:
        """Forget what was on its way in an event loop that is gone, and what held at its time."""
        self.num_active = 0
        for endpoint in self.endpoints:
            endpoint.num_active = 0
            endpoint.paused_until = 0.0
            endpoint.breaker = Breaker()
