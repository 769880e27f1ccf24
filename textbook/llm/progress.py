"""What a run has come to, as figures and as a line on a terminal or in a notebook.

Does not count requests twice: each one is counted once, when its completion is handed over.
"""

import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tqdm.std import tqdm

from textbook.llm.request import OUTCOMES, Completion

REDRAWN_S = 0.5


@dataclass
class Summary:
    """One call of `generate` in figures. `str()` of it is a line for people."""

    total: int | None = None
    """Requests, where their number is known beforehand."""
    outcomes: Counter[str] = field(default_factory=Counter)
    cached: int = 0
    """Of them, those that the journal had."""
    attempts: int = 0
    """How often something was sent for requests that have ended."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    usd: float | None = None
    """What this call has cost, for requests that have ended; None where no price is known."""
    seconds: float = 0.0
    stopped: str | None = None
    """Why requests are left."""

    @property
    def requests(self) -> int:
        """Requests that have ended, in whatever way, or are left."""
        return sum(self.outcomes.values())

    @property
    def done(self) -> int:
        """Requests answered as asked."""
        return self.outcomes["ok"]

    @property
    def left(self) -> int:
        """Requests that were not asked; ask again, the rest costs nothing then."""
        return self.outcomes["left"]

    @property
    def failed(self) -> int:
        """Requests that ended otherwise than well."""
        return self.requests - self.done - self.left

    def add(self, completion: Completion) -> None:
        """Count one completion."""
        self.outcomes[completion.outcome] += 1
        if completion.from_cache:
            self.cached += 1
            return
        self.attempts += completion.attempts
        self.prompt_tokens += completion.usage.prompt_tokens
        self.completion_tokens += completion.usage.completion_tokens
        if completion.cost is not None:
            self.usd = (self.usd or 0.0) + completion.cost

    def __str__(self) -> str:
        counts = ", ".join(f"{self.outcomes[name]:,} {name}" for name in OUTCOMES if self.outcomes[name])
        cost = "" if self.usd is None else f", ${self.usd:,.4f}"
        tokens = self.prompt_tokens + self.completion_tokens
        stopped = f"; stopped: {self.stopped}" if self.stopped else ""
        return (
            f"{self.requests:,} requests: {counts or 'none'} ({self.cached:,} from the journal); "
            f"{tokens:,} tokens{cost} in {self.seconds:,.1f} s{stopped}"
        )


class Line:
    """The progress line. It shows nothing where nobody looks."""

    def __init__(self, summary: Summary, shown: tqdm | None) -> None:
        self._summary = summary
        self._bar = shown
        self._began = time.monotonic()
        self._drawn = 0.0

    def add(self, completion: Completion) -> None:
        """Count one completion, and say so now and then."""
        self._summary.add(completion)
        now = time.monotonic()
        self._summary.seconds = now - self._began
        if self._bar is not None and now - self._drawn > REDRAWN_S:
            self._drawn = now
            self.draw()

    def note(self, text: str) -> None:
        """Show `text` in place of the figures."""
        if self._bar is not None:
            self._bar.set_postfix_str(text, refresh=True)

    def draw(self) -> None:
        """Bring the line up to date."""
        if self._bar is not None:
            self._bar.n = self._summary.requests
            self._bar.set_postfix_str(figures(self._summary), refresh=True)


def figures(summary: Summary) -> str:
    """The part of the line behind the bar: failed, cached, tokens a second, cost so far and for all."""
    tokens = (summary.prompt_tokens + summary.completion_tokens) / max(summary.seconds, 1e-9)
    counts = {"done": summary.done, "failed": summary.failed, "cached": summary.cached, "tokens/s": tokens}
    parts = [f"{number:,.0f} {name}" for name, number in counts.items()]
    if summary.usd is not None:
        parts.append(f"${summary.usd:,.2f}{projected(summary)}")
    return ", ".join(parts)


def projected(summary: Summary) -> str:
    """What the whole call is going to cost, if the rest is like what has been answered."""
    asked = summary.requests - summary.cached - summary.left
    if summary.total is None or summary.usd is None or not asked:
        return ""
    rest = max(0, summary.total - summary.requests)
    return f" of about ${summary.usd * (1 + rest / asked):,.2f}"


@contextmanager
def line(summary: Summary, enabled: bool) -> Iterator[Line]:
    """A progress line for one call of `generate`."""
    on_terminal = sys.stderr.isatty()
    if not enabled or not (on_terminal or "ipykernel" in sys.modules):
        yield Line(summary, None)
        return
    # The plain text bar, in notebooks too: the other one asks for a package that many do not have.
    with tqdm(total=summary.total, desc="llm", unit=" requests", leave=on_terminal, delay=REDRAWN_S) as bar:
        drawn = Line(summary, bar)
        try:
            yield drawn
        finally:
            drawn.draw()
