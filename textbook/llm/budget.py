"""A hard cap on spending, kept across kills: what a request may cost at worst is set aside before it is sent.

Does not store anything: the journal holds every attempt with what was set aside for it or what it came to, and the
ledger starts from their sum.
"""

from dataclasses import dataclass

from textbook.llm.prices import Price
from textbook.llm.request import Usage

MOST_TOKENS = 10**12
"""No answer has more; a count beyond is no count."""
BYTES_A_TOKEN = 16
"""More than text ever has on average; a server that counts fewer tokens is not believed."""


@dataclass(frozen=True)
class Budget:
    """The most that a journal may come to, over all runs that have written to it."""

    usd: float | None = None
    tokens: int | None = None
    """Prompt and completion tokens together."""

    def __post_init__(self) -> None:
        if self.usd is None and self.tokens is None:
            raise ValueError("an empty Budget caps nothing; give usd=..., tokens=... or both")
        for name, value in (("usd", self.usd), ("tokens", self.tokens)):
            if value is not None and not value >= 0:
                raise ValueError(f"Budget({name}={value}): give a number from 0 on")

    def __str__(self) -> str:
        caps = [f"${self.usd:,.2f}" if self.usd is not None else "", f"{self.tokens:,} tokens" if self.tokens else ""]
        return " and ".join(cap for cap in caps if cap) or "0 tokens"


class Charge:
    """US dollars and tokens: set aside, or spent."""

    __slots__ = ("tokens", "usd")

    def __init__(self, usd: float = 0.0, tokens: int = 0) -> None:
        self.usd = usd
        self.tokens = tokens


class Ledger:
    """What is spent and what is set aside, against the cap."""

    def __init__(self, budget: Budget | None, spent: Charge) -> None:
        self.budget = budget
        self.spent = spent
        self.reserved = Charge()
        self.num_reserved = 0

    def fits(self, worst: Charge) -> bool:
        """Whether the cap still holds if all that is set aside, and `worst`, are spent."""
        budget = self.budget
        if budget is None:
            return True
        usd = self.spent.usd + self.reserved.usd + worst.usd
        tokens = self.spent.tokens + self.reserved.tokens + worst.tokens
        return (budget.usd is None or usd <= budget.usd) and (budget.tokens is None or tokens <= budget.tokens)

    def reserve(self, worst: Charge) -> None:
        """Set `worst` aside."""
        self.reserved.usd += worst.usd
        self.reserved.tokens += worst.tokens
        self.num_reserved += 1

    def settle(self, worst: Charge, actual: Charge) -> None:
        """Replace what was set aside by what it came to."""
        self.num_reserved -= 1
        assert self.num_reserved >= 0, "settled more often than reserved"
        self.reserved.usd -= worst.usd
        self.reserved.tokens -= worst.tokens
        if self.num_reserved == 0:  # rounding must not add up over a million requests
            self.reserved = Charge()
        self.spent.usd += actual.usd
        self.spent.tokens += actual.tokens


def believed(reported: object, num_prompt_bytes: int, num_answer_bytes: int, bound: Usage) -> Usage:
    """The tokens that a server reports, or `bound` for each count that is missing, negative or too low to be true.

    A count that is too low but could be true is believed: nobody but the server knows its tokenizer.

    Args:
        reported: the member `usage` of the answer, whatever it is.
        num_prompt_bytes: UTF-8 bytes of the messages.
        num_answer_bytes: UTF-8 bytes of the answer.
        bound: the most that the request can have used.
    """
    usage = reported if isinstance(reported, dict) else {}
    prompt = _count(usage.get("prompt_tokens"))
    completion = _count(usage.get("completion_tokens"))
    total = _count(usage.get("total_tokens"))
    if prompt is not None and completion is not None and total is not None:
        completion = max(completion, total - prompt)  # some servers count the tokens of reasoning in the total alone
    if prompt is None or prompt * BYTES_A_TOKEN < num_prompt_bytes:
        prompt = bound.prompt_tokens
    if completion is None or completion * BYTES_A_TOKEN < num_answer_bytes:
        completion = bound.completion_tokens
    details = usage.get("prompt_tokens_details")
    cached = _count(details.get("cached_tokens")) if isinstance(details, dict) else 0
    return Usage(prompt, completion, min(cached or 0, prompt))


def _count(value: object) -> int | None:
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if 0 <= value <= MOST_TOKENS else None


def charge(usage: Usage, price: Price | None) -> Charge:
    """What `usage` costs; 0 dollars where no price is known."""
    usd = 0.0 if price is None else price.of(*usage)
    return Charge(usd, usage.prompt_tokens + usage.completion_tokens)
