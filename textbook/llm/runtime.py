"""The engine at work: an event loop in a thread of its own, through which every request goes.

A request is taken from the queue once an endpoint, the rates and the budget allow it; what it may cost is committed to
the journal before it is sent; its place is given to the next one once its outcome is committed too. So at most
`concurrency` requests are paid for and not in the journal, whenever the process is killed.

Does not order anything: see `textbook.llm.ordered`.
"""

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from queue import SimpleQueue
from typing import Any

from textbook.llm.budget import Charge, Ledger, charge
from textbook.llm.ending import answer_row, completion, remedy_for
from textbook.llm.endpoints import Endpoint, Pool
from textbook.llm.http_connection import Reply, SendError
from textbook.llm.job import Job
from textbook.llm.journal import Attempt, Entry, Journal
from textbook.llm.limiter import Rates
from textbook.llm.outcome import LLMError, Verdict, judge
from textbook.llm.request import Completion
from textbook.llm.settings import Settings

DRAIN_S = 30.0
"""How long a stopped run waits for answers that are on their way: they are paid for."""
ARMED_AHEAD = 4
"""One part in so many of the concurrency is ready to be sent before there is room for it."""
log = logging.getLogger("textbook.llm")


class Call:
    """One call of `generate`: where its results go, and whether it still wants any."""

    def __init__(self) -> None:
        self.results: SimpleQueue[list[Completion]] = SimpleQueue()
        self.outbox: list[Completion] = []
        self.stopped: str | None = None
        """Why what has not been sent is left."""


class Runtime:
    """Made for the time of one or more calls of `generate`, and closed after them."""

    def __init__(self, settings: Settings, pool: Pool, journal: Journal) -> None:
        self.settings = settings
        self.pool = pool
        self.journal = journal
        self.failure: Exception | None = None
        self.broken = False
        """Whether results that are waited for may never come."""
        self._ledger = Ledger(settings.budget, journal.spent())
        (num_batched,) = journal.rows("SELECT count(*) FROM batch_requests WHERE tag != ''")[0]
        if num_batched:
            log.warning("%d requests are on their way in batches; collect them with batch=True first", num_batched)
        self._next_attempt = journal.last_attempt + 1
        self._rates = Rates(settings.rpm, settings.tpm)
        self._ready: deque[Job] = deque()
        self._armed: deque[tuple[Job, Charge, Attempt]] = deque()
        self._num_armed = 0
        """Those in `_armed`, and those whose intent is being committed."""
        self._waiting: dict[Job, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._calls: set[Call] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._outboxes: set[Call] = set()
        started = threading.Event()
        self._thread = threading.Thread(target=self._main, args=(started,), name="textbook-llm", daemon=True)
        self._thread.start()
        started.wait()
        if self.failure is not None:
            self._thread.join()
            raise self.failure

    # The caller's side

    def submit(self, jobs: Sequence[Job]) -> None:
        """Have requests answered; each gives exactly one result to its call."""
        self._loop.call_soon_threadsafe(self._enqueue, jobs)

    def cancel(self, call: Call, reason: str) -> None:
        """Send nothing more for `call`; what is on its way still comes to the journal."""
        self._loop.call_soon_threadsafe(self._stop, call, reason)

    @property
    def alive(self) -> bool:
        """Whether results can still come."""
        return self._thread.is_alive() and not self.broken

    def close(self, drain_s: float = DRAIN_S) -> None:
        """Wait for what is on its way, `drain_s` seconds at most, then end."""
        self._loop.call_soon_threadsafe(self._closing.set_result, drain_s)
        self._thread.join()

    # The loop's side

    def _main(self, started: threading.Event) -> None:
        try:
            with asyncio.Runner(loop_factory=loop_factory()) as runner:
                runner.run(self._serve(started))
        except Exception as error:
            self.failure = self.failure or error
        finally:
            started.set()
            for call in self._calls:
                call.results.put([])

    async def _serve(self, started: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(self._crashed)
        self._closing: asyncio.Future[float] = self._loop.create_future()
        self.journal.on_commit = lambda entries: self._tell(self._committed, entries)
        self.journal.on_error = lambda error: self._tell(self._fail, error)
        opened = []
        try:
            for endpoint in self.pool.endpoints:
                await endpoint.transport.open()
                opened.append(endpoint)
            started.set()
            drain_s = await self._closing
            await self._drain(drain_s)
        finally:
            for endpoint in opened:
                await endpoint.transport.close()
            await asyncio.sleep(0)

    def _tell(self, function: Callable[[Any], None], argument: Any) -> None:
        """From the journal's thread."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(function, argument)

    async def _drain(self, drain_s: float) -> None:
        for call in list(self._calls):
            self._stop(call, "the run was ended")
        deadline = self._loop.time() + drain_s
        while (self.pool.num_active or self._num_armed) and not self.broken and self._loop.time() < deadline:
            await asyncio.sleep(0.005)
        if self.pool.num_active:
            log.warning("%d requests were given up on their way: charged at their worst", self.pool.num_active)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _crashed(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """An error of ours: what is on its way will give no results."""
        error = context.get("exception")
        self.broken = True
        self._fail(error if isinstance(error, Exception) else RuntimeError(str(context.get("message"))))

    def _fail(self, error: Exception) -> None:
        """End all calls because of `error`."""
        self.failure = self.failure or error
        for call in list(self._calls):
            self._stop(call, str(error))
        self.broken = self.broken or self.journal.error is not None  # nothing more will be committed
        if self.broken:
            for call in self._calls:
                call.results.put([])

    def _enqueue(self, jobs: Iterable[Job]) -> None:
        for job in jobs:
            self._calls.add(job.call)
            if self.failure is not None and job.call.stopped is None:
                job.call.stopped = str(self.failure)
            self._ready.append(job)
        self._pump()

    def _stop(self, call: Call, reason: str) -> None:
        call.stopped = call.stopped or reason
        for job, timer in [item for item in self._waiting.items() if item[0].call is call]:
            timer.cancel()
            del self._waiting[job]
            self._ready.append(job)
        self._pump()

    def _pump(self) -> None:
        """Do what can be done now."""
        self._arm()
        self._dispatch(self._loop.time())
        self._flush()

    def _arm(self) -> None:
        """Set aside what the next requests may cost, a few more than can be sent, so that none waits for a commit."""
        settings = self.settings
        most = self.pool.limit + settings.concurrency // ARMED_AHEAD
        while self._ready and self.pool.num_active + self._num_armed < most:
            job = self._ready[0]
            if job.call.stopped is not None:
                self._leave(self._ready.popleft())
                continue
            worst = charge(job.worst, settings.price)
            if not self._ledger.fits(worst):
                if self._ledger.num_reserved:
                    break  # until something is settled
                self._stop(job.call, f"the budget of {settings.budget} is used up")
                break
            self._ready.popleft()
            self._ledger.reserve(worst)
            self._num_armed += 1
            attempt = Attempt(self._next_attempt, job.prepared.key, time.time(), None, worst.usd, worst.tokens)
            self._next_attempt += 1
            self.journal.write(Entry(attempt, None, (self._armed.append, (job, worst, attempt))))

    def _dispatch(self, now: float) -> None:
        """Send what endpoints and rates let through."""
        while self._armed:
            job, worst, attempt = self._armed[0]
            if job.call.stopped is not None:
                self._armed.popleft()
                self._num_armed -= 1
                unsent = attempt._replace(usd=0.0, tokens=0, outcome="unsent")
                self.journal.write(Entry(unsent, None, (self._unsent, job, worst)))
                continue
            choice = self.pool.choose(now)
            if choice.endpoint is None:
                if choice.wait_s is not None and not self._given_up(now):
                    self._pump_in(min(choice.wait_s, self.settings.down_after_s + 0.001))
                return
            wait_s = self._rates.wait_s(job.likely_tokens, now)
            if wait_s > 0:
                self._pump_in(wait_s)
                return
            self._armed.popleft()
            self._num_armed -= 1
            self._send(job, choice.endpoint, worst, attempt._replace(endpoint=choice.endpoint.name), now)

    def _unsent(self, job: Job, worst: Charge) -> None:
        self._ledger.settle(worst, Charge())
        self._leave(job)

    def _pump_in(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(max(0.001, seconds), self._pump)

    def _given_up(self, now: float) -> bool:
        """Whether all endpoints have been down for so long that the run ends."""
        down_s = self.pool.down_s(now)
        if down_s <= self.settings.down_after_s:
            return False
        names = ", ".join(endpoint.name for endpoint in self.pool.endpoints)
        last = self.settings.scrub(self.pool.endpoints[0].breaker.last_error)
        remedy = "see that the server runs and can be reached, and run again: what is done is kept"
        self._fail(LLMError(f"{names} has been down for {down_s:.0f} s, the last error: {last}; {remedy}"))
        return True

    def _committed(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            function, *arguments = entry.done
            function(*arguments)
        self._pump()

    def _send(self, job: Job, endpoint: Endpoint, worst: Charge, attempt: Attempt, now: float) -> None:
        self.pool.take(endpoint, now, self.settings.timeout_s)
        self._rates.take(job.likely_tokens)
        task = self._loop.create_task(self._exchange(job, endpoint, worst, attempt))
        self._tasks.add(task)
        task.add_done_callback(self._sent)

    def _sent(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._crashed(self._loop, {"exception": task.exception()})

    async def _exchange(self, job: Job, endpoint: Endpoint, worst: Charge, attempt: Attempt) -> None:
        begun = self._loop.time()
        body = job.body(self.settings.model, endpoint.dialect)
        reply: Reply | SendError
        try:
            reply = await endpoint.transport.post(body, self.settings.timeout_s)
        except SendError as error:
            reply = error
        now = self._loop.time()
        job.attempts += 1
        verdict = judge(reply, job, self.settings.patience)
        if verdict.error is not None:
            verdict.error = self.settings.scrub(verdict.error)
        endpoint.learn(verdict, now)
        if isinstance(reply, Reply):
            endpoint.heard(reply, now)
            self._rates.correct(reply.headers)
        actual = charge(verdict.charged, self.settings.price)
        job.charged_usd += actual.usd
        job.charged_tokens += actual.tokens
        settled = attempt._replace(
            usd=actual.usd, tokens=actual.tokens, outcome=verdict.label, status=verdict.status, seconds=now - begun
        )
        answer = None
        if verdict.next == "end":
            answer = answer_row(job, verdict, self._cost(job), self.settings.keep_prompts)
        self.journal.write(Entry(settled, answer, (self._settle, job, endpoint, worst, actual, verdict)))

    def _settle(self, job: Job, endpoint: Endpoint, worst: Charge, actual: Charge, verdict: Verdict) -> None:
        self.pool.give_back(endpoint)
        self._ledger.settle(worst, actual)
        if verdict.status == 200:
            self._rates.settle(job.likely_tokens, actual.tokens)
        if verdict.next == "end":
            self._deliver(job, completion(job, verdict, self._cost(job)))
        elif verdict.next == "stop":
            self._refused(endpoint, verdict)
            self._ready.appendleft(job)
        elif verdict.wait_s > 0 and job.call.stopped is None:
            self._waiting[job] = self._loop.call_later(verdict.wait_s, self._again, job)
        else:
            self._ready.appendleft(job)

    def _again(self, job: Job) -> None:
        del self._waiting[job]
        self._ready.appendleft(job)
        self._pump()

    def _refused(self, endpoint: Endpoint, verdict: Verdict) -> None:
        """An endpoint that will not answer any request: the others go on, if there are any."""
        if endpoint.refusal is None:
            endpoint.refusal = verdict.error or "refused"
            if all(other.refusal is not None for other in self.pool.endpoints):
                remedy = remedy_for(verdict.status or 0, self.settings.model)
                self._fail(LLMError(f"{endpoint.name} said {verdict.error}; {remedy}"))
            else:
                log.warning("%s is left out: %s", endpoint.name, verdict.error)

    def _leave(self, job: Job) -> None:
        reason = f"not asked: {job.call.stopped}"
        cost = self._cost(job) if job.attempts else None
        left = Completion("left", error=reason, key=job.prepared.key, attempts=job.attempts, cost=cost)
        self._deliver(job, left)

    def _deliver(self, job: Job, result: Completion) -> None:
        job.call.outbox.append(result)
        self._outboxes.add(job.call)

    def _flush(self) -> None:
        """Hand over results, all of a commit at once."""
        for call in self._outboxes:
            call.results.put(call.outbox)
            call.outbox = []
        self._outboxes.clear()

    def _cost(self, job: Job) -> float | None:
        return None if self.settings.price is None else job.charged_usd


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's, where it is installed."""
    try:
        import uvloop
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory
