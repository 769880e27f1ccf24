"""A recipe with a step of its own: keep documented code, then the best 200,000 tokens of it.

textbook run examples/well_documented.py --source installed --output documented
"""

from dataclasses import dataclass
from typing import Self

import textbook as tb
from textbook import Batch


@dataclass(frozen=True)
class LongestLine(tb.Operator):
    """Adds the length of the longest line, in characters."""

    adds = {"longest_line": "int64"}

    def __call__(self, batch: Batch) -> Batch:
        """Measure each text."""
        return batch | {"longest_line": [max(map(len, text.splitlines()), default=0) for text in batch["text"]]}

    @classmethod
    def example(cls) -> tuple[Self, Batch]:
        """Two texts."""
        return cls(), {"id": ["a", "b"], "text": ["one", "one\nthree"]}


def recipe() -> tuple[tb.Operator | tb.Fittable, ...]:
    """The steps, in order."""
    return (
        tb.CountTokens(),
        tb.ExactDuplicates(),
        LongestLine(),
        tb.Keep("longest_line", at_most=200),
        tb.CodeFeatures(),
        tb.Keep("docstring_share", at_least=0.05),
        tb.EducationalValue.pretrained("python"),
        tb.KeepTop("edu_score", tokens=200_000),
    )
