"""How an engine works: what changes cost, speed and patience, and no answer."""

from collections.abc import Callable
from dataclasses import dataclass, field

from textbook.llm.budget import Budget
from textbook.llm.outcome import Patience
from textbook.llm.prices import Price


@dataclass(frozen=True)
class Settings:
    """How an engine works; nothing here is part of a request's identity."""

    model: str
    concurrency: int
    budget: Budget | None
    price: Price | None
    rpm: float | None
    tpm: float | None
    timeout_s: float
    down_after_s: float
    patience: Patience
    keep_prompts: bool
    scrub: Callable[[str], str] = field(repr=False, compare=False)
    """Takes secrets out of a text."""
