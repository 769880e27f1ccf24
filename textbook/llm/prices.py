"""What models cost, in US dollars per million tokens, as published on the day in `AS_OF`.

Does not look prices up: give `prices=` for other models, other providers, or when a price has changed. What a run used
is recorded with its figures.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

AS_OF = "2025-08-07"
BATCH_DISCOUNT = 0.5
"""What the Batch API charges, as a part of the price."""
_SNAPSHOT = re.compile(r"-20\d\d-\d\d-\d\d$")


@dataclass(frozen=True)
class Price:
    """US dollars per million tokens."""

    prompt: float
    completion: float
    cached: float | None = None
    """Of prompt tokens that the server had in its cache; the full price where None."""
    as_of: str = ""

    def of(self, prompt_tokens: int, completion_tokens: int, cached_tokens: int = 0) -> float:
        """US dollars for so many tokens, `cached_tokens` being part of `prompt_tokens`."""
        cached = min(cached_tokens, prompt_tokens)
        cached_price = self.prompt if self.cached is None else self.cached
        fresh = (prompt_tokens - cached) * self.prompt
        return (fresh + cached * cached_price + completion_tokens * self.completion) / 1e6

    def scaled(self, factor: float) -> "Price":
        """The price times `factor`."""
        cached = None if self.cached is None else self.cached * factor
        return Price(self.prompt * factor, self.completion * factor, cached, self.as_of)


PRICES: Mapping[str, Price] = {
    name: Price(prompt, completion, cached, AS_OF)
    for name, prompt, completion, cached in [
        ("gpt-5", 1.25, 10.0, 0.125),
        ("gpt-5-mini", 0.25, 2.0, 0.025),
        ("gpt-5-nano", 0.05, 0.4, 0.005),
        ("gpt-4.1", 2.0, 8.0, 0.5),
        ("gpt-4.1-mini", 0.4, 1.6, 0.1),
        ("gpt-4.1-nano", 0.1, 0.4, 0.025),
        ("gpt-4o", 2.5, 10.0, 1.25),
        ("gpt-4o-2024-05-13", 5.0, 15.0, None),
        ("gpt-4o-mini", 0.15, 0.6, 0.075),
        ("gpt-4-turbo", 10.0, 30.0, None),
        ("gpt-3.5-turbo", 0.5, 1.5, None),
        ("o3", 2.0, 8.0, 0.5),
        ("o4-mini", 1.1, 4.4, 0.275),
    ]
}
"""The table that ships. A snapshot's name, `gpt-4o-mini-2024-07-18`, stands for its model unless it is listed."""


def price_of(model: str, prices: Mapping[str, Price] | None = None) -> Price | None:
    """The price of `model` in `prices`, else in the table that ships; None if neither knows it."""
    for table in (prices or {}, PRICES):
        found = table.get(model) or table.get(_SNAPSHOT.sub("", model))
        if found is not None:
            return found
    return None
