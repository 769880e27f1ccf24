"""What requests will cost: an interval before anything is spent, and a projection from the first answers.

Does not send anything.
"""

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from textbook.llm.budget import BYTES_A_TOKEN
from textbook.llm.job import DEFAULT_ROOM
from textbook.llm.journal_read import Reader
from textbook.llm.key import Scope
from textbook.llm.prices import Price
from textbook.llm.request import Completion, Request

MANY = 20
"""Answers in the journal from which on their mean says more than a rule of thumb."""


class Interval(NamedTuple):
    """At least `low`, at most `high`, and most likely about `likely`."""

    low: float
    likely: float
    high: float

    def show(self, form: str) -> str:
        """For people; `form` is a format of one number."""
        return f"about {form.format(self.likely)} ({form.format(self.low)} to {form.format(self.high)})"


@dataclass(frozen=True)
class Estimate:
    """What requests will use. `high` holds for one attempt each: retries of lost answers come on top."""

    requests: int
    cached: int
    """Of them, those that cost nothing: the journal has them."""
    prompt_tokens: Interval
    completion_tokens: Interval
    usd: Interval | None
    """None where no price is known."""

    def __str__(self) -> str:
        cost = "no price is known" if self.usd is None else self.usd.show("${:,.4f}")
        return (
            f"{self.requests:,} requests, {self.cached:,} of them in the journal: {cost}; "
            f"prompt tokens {self.prompt_tokens.show('{:,.0f}')}, of answers {self.completion_tokens.show('{:,.0f}')}"
        )


def estimated(
    requests: Iterable[Request], scope: Scope, price: Price | None, journal: Reader | None, again: frozenset[str]
) -> Estimate:
    """Add up the bounds of what would be sent."""
    from textbook.llm.ordered import asks_again, blocks

    num_requests = cached = num_bytes = bound = room = 0
    for block in blocks(requests, scope):
        known = {} if journal is None else journal.lookup([prepared.key for _, prepared in block])
        for _, prepared in block:
            num_requests += 1
            answer = known.get(prepared.key)
            if answer is not None and not asks_again(answer, prepared.params.max_tokens, again):
                cached += 1
                continue
            num_bytes += prepared.num_bytes
            bound += max(prepared.max_prompt_tokens, prepared.num_bytes)
            room += prepared.params.max_tokens or DEFAULT_ROOM
    asked = num_requests - cached
    mean_answer = mean_answer_tokens(journal)
    likely = min(room, asked * mean_answer) if mean_answer is not None else room / 2
    prompt = Interval(num_bytes // BYTES_A_TOKEN, num_bytes / 4, bound)
    answers = Interval(0, likely, room)
    usd = None
    if price is not None:
        usd = Interval(*(price.of(round(p), round(a)) for p, a in zip(prompt, answers, strict=True)))
    return Estimate(num_requests, cached, prompt, answers, usd)


def mean_answer_tokens(journal: Reader | None) -> float | None:
    """The mean length of the last answers in the journal, if there are enough."""
    if journal is None:
        return None
    number, mean = journal.rows(
        "SELECT count(*), avg(completion_tokens) FROM (SELECT completion_tokens FROM done ORDER BY id DESC LIMIT 1000)"
    )[0]
    return float(mean) if number >= MANY else None


@dataclass(frozen=True)
class Preview:
    """The first answers, to be looked at before the rest is paid for. It shows itself in a notebook."""

    requests: Sequence[Request]
    completions: Sequence[Completion]
    total: int | None
    """How many requests there are in all, where that is known."""

    @property
    def cost(self) -> float | None:
        """US dollars for the ones shown; None where no price is known."""
        costs = [completion.cost for completion in self.completions if completion.cost is not None]
        return sum(costs) if costs else None

    @property
    def projected(self) -> Interval | None:
        """US dollars for all: by the cheapest, the mean and the dearest of those shown."""
        costs = [completion.cost for completion in self.completions if completion.cost is not None]
        if not costs or self.total is None:
            return None
        return Interval(*(self.total * cost for cost in (min(costs), sum(costs) / len(costs), max(costs))))

    def _heading(self) -> str:
        cost = "no price is known" if self.cost is None else f"${self.cost:,.6f}"
        heading = f"{len(self.completions)} requests: {cost}"
        if self.projected is not None:
            heading += f"; all {self.total:,}: {self.projected.show('${:,.4f}')}"
        return heading

    def __str__(self) -> str:
        parts = [self._heading()]
        for request, completion in zip(self.requests, self.completions, strict=True):
            asked = shortened(str(request.messages[-1].get("content")))
            said = shortened(completion.text or completion.error or "")
            cost = "" if completion.cost is None else f", ${completion.cost:,.6f}"
            parts.append(f"> {asked}\n[{completion.outcome}{cost}] {said}")
        return "\n\n".join(parts)

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td><pre>{html.escape(str(request.messages[-1].get('content')))}</pre></td><td>{completion.outcome}</td>"
            f"<td><pre>{html.escape(completion.text or completion.error or '')}</pre></td></tr>"
            for request, completion in islice(zip(self.requests, self.completions, strict=True), 20)
        )
        return f"<p>{html.escape(self._heading())}</p><table>{rows}</table>"


def shortened(text: str, most: int = 300) -> str:
    """`text` on one line, at most so many characters."""
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[:most]}..."
