"""An LLM that can be left alone: it retries, keeps to a budget and to rates, and goes on where it was killed.

`Engine` is what every backend shares; `OpenAICompatible` and `Scripted` say where requests go. Between calls it holds
nothing open: no thread, no socket, no lock. So it can be pickled, copied into forked processes and kept in a notebook.

Does not move bytes, order results or decide on outcomes: see `runtime`, `ordered` and `outcome` beside this file.
"""

import logging
import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from textbook.llm.budget import Budget
from textbook.llm.endpoints import Endpoint, Pool
from textbook.llm.estimate import Estimate, Preview, estimated
from textbook.llm.journal import Journal
from textbook.llm.journal_read import open_or_none
from textbook.llm.key import Scope
from textbook.llm.ordered import Ordered, asks_again, blocks
from textbook.llm.outcome import Patience
from textbook.llm.prices import Price, price_of
from textbook.llm.progress import Summary, line
from textbook.llm.request import Completion, Request
from textbook.llm.runtime import Runtime
from textbook.llm.settings import Settings

log = logging.getLogger("textbook.llm")


class Engine(ABC):
    """What every backend shares. Subclasses give `_endpoints` and set `scope`."""

    def __init__(
        self,
        scope: Scope,
        *,
        concurrency: int,
        budget: Budget | None = None,
        prices: Mapping[str, Price] | None = None,
        rpm: float | None = None,
        tpm: float | None = None,
        journal: str | Path | None = None,
        timeout_s: float = 600.0,
        down_after_s: float = 300.0,
        patience: Patience | None = None,
        ask_again: Sequence[str] = ("error",),
        keep_prompts: bool = True,
        progress: bool = True,
        discount: float = 1.0,
    ) -> None:
        if concurrency < 1:
            raise ValueError(f"concurrency is {concurrency}; give 1 or more")
        self.scope = scope
        self.journal = None if journal is None else Path(journal)
        self.summary = Summary()
        price = price_of(scope.model, prices)
        self.price = None if price is None else price.scaled(discount)
        if budget is not None and budget.usd is not None and self.price is None:
            raise ValueError(
                f"no price is known for {scope.model!r}, so a budget in dollars can't be kept: give Budget(tokens=...) "
                f"or prices={{{scope.model!r}: Price(prompt=..., completion=...)}} in dollars per million tokens"
            )
        self.settings = Settings(
            model=scope.model,
            concurrency=concurrency,
            budget=budget,
            price=self.price,
            rpm=rpm,
            tpm=tpm,
            timeout_s=timeout_s,
            down_after_s=down_after_s,
            patience=patience or Patience(),
            keep_prompts=keep_prompts,
            scrub=self._scrub,
        )
        self._again = frozenset(ask_again)
        self._progress = progress
        self._running: tuple[Runtime, Journal, int] | None = None
        self._pid = os.getpid()
        self._lock = threading.Lock()

    @property
    def identity(self) -> str:
        """What the engine is in fingerprints: the model and who serves it, without key, path, limits or prices."""
        name = Path(self.scope.model).name if self.scope.model.startswith("/") else self.scope.model
        return f"llm:{name}@{self.scope.namespace}"

    def __eq__(self, other: object) -> bool:
        """Engines that give the same answers are equal: steps that hold them can be compared."""
        return type(self) is type(other) and self.identity == getattr(other, "identity", None)

    def __hash__(self) -> int:
        return hash(self.identity)

    @property
    def manifest(self) -> dict[str, Any]:
        """What a manifest keeps of the engine: the model, the prices used, and the figures of the last call."""
        price = self.price
        return {
            "model": self.scope.model,
            "namespace": self.scope.namespace,
            "price": None if price is None else {"prompt": price.prompt, "completion": price.completion,
                                                 "cached": price.cached, "as_of": price.as_of},
            "outcomes": dict(self.summary.outcomes),
            "cached": self.summary.cached,
            "usd": self.summary.usd,
            "prompt_tokens": self.summary.prompt_tokens,
            "completion_tokens": self.summary.completion_tokens,
        }  # fmt: skip

    @abstractmethod
    def _endpoints(self) -> list[Endpoint]:
        """Endpoints whose transports have not been opened."""

    def _scrub(self, text: str) -> str:
        """`text` without anything secret."""
        return text

    def generate(self, requests: Iterable[Request]) -> Iterator[Completion]:
        """Answer `requests`: one completion each, in their order, while later ones are at work.

        A request that fails is a completion that says so. Once the budget is used up, the rest come back as `left`.
        `summary` has the figures.

        Raises:
            LLMError: the endpoint refuses every request, or has been down too long. What is done is in the journal.
            ValueError: a request can't be sent, or the journal can't be used.
            OSError: the journal can't be written to.
        """
        self.summary = summary = Summary(total=len(requests) if isinstance(requests, Sequence) else None)
        with self._at_work() as runtime, line(summary, self._progress) as shown:
            ordered = Ordered(runtime, self.scope, requests, self._again, shown)
            num_yielded = 0
            try:
                for completion in ordered:
                    num_yielded += 1
                    yield completion
            except BaseException as error:
                reason = "interrupted" if isinstance(error, KeyboardInterrupt) else type(error).__name__
                runtime.cancel(ordered.call, reason)
                summary.stopped = reason
                if not isinstance(error, GeneratorExit):
                    log.warning("%s; run again to go on: what is done is in the journal", self._scrub(str(summary)))
                raise
            summary.stopped = ordered.call.stopped
        assert summary.requests == num_yielded, "every request ends once"
        if summary.left:
            log.warning("%s; `left(requests)` lists them", summary)

    @contextmanager
    def _at_work(self) -> Iterator[Runtime]:
        """The engine's thread and journal, shared by calls that overlap, and closed after the last one."""
        with self._lock:
            if self._running is None or self._pid != os.getpid():  # a forked child leaves its parent's to the parent
                self._inherited = self._running if self._pid != os.getpid() else None
                self._pid = os.getpid()
                self._running = (*self._start(), 0)
            runtime, journal, num_calls = self._running
            self._running = (runtime, journal, num_calls + 1)
            owner = self._pid
        try:
            yield runtime
        finally:
            if os.getpid() == owner:  # else a child was forked here, and what is open is the parent's
                self._leave_work()

    def _leave_work(self) -> None:
        with self._lock:
            assert self._running is not None
            runtime, journal, num_calls = self._running
            self._running = (runtime, journal, num_calls - 1) if num_calls > 1 else None
            if self._running is None:
                try:
                    runtime.close()
                finally:
                    journal.close()

    def _start(self) -> tuple[Runtime, Journal]:
        journal = Journal(self.journal)
        try:
            self._remember(journal)
            pool = Pool(self._endpoints(), self.settings.concurrency)
            return Runtime(self.settings, pool, journal), journal
        except BaseException:
            journal.close()
            raise

    def _remember(self, journal: Journal) -> None:
        """Note in the journal whose answers it holds, at which price."""
        journal.remember(f"scope:{self.identity}", {**self.scope._asdict(), "price": self.manifest["price"]})

    def left(self, requests: Iterable[Request]) -> Iterator[Request]:
        """Those of `requests` that would be sent: not done, and not failed in a way that stands. Sends nothing."""
        with open_or_none(self.journal) as journal:
            for block in blocks(requests, self.scope):
                known = {} if journal is None else journal.lookup([prepared.key for _, prepared in block])
                for request, prepared in block:
                    answer = known.get(prepared.key)
                    if answer is None or asks_again(answer, prepared.params.max_tokens, self._again):
                        yield request

    def estimate(self, requests: Iterable[Request]) -> Estimate:
        """What `requests` will use and cost, as an interval, before anything is spent."""
        with open_or_none(self.journal) as journal:
            return estimated(requests, self.scope, self.price, journal, self._again)

    def preview(self, requests: Iterable[Request], n: int = 5) -> Preview:
        """Answer the first `n` of `requests`; the result shows them, with their cost and what all would cost.

        They are in the journal afterwards: a run over all of them goes on from there.
        """
        total = len(requests) if isinstance(requests, Sequence) else None
        first = list(islice(requests, n))
        completions = list(self.generate(first))
        return Preview(first, completions, total)

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__ | {"_running": None}
        del state["_lock"]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__ |= state
        self._lock = threading.Lock()
