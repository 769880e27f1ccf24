"""How common words, and concepts near one another, are in code at large and in exercises, neither of which leaks.

Both are needed: by code alone "write a function to find the number" would be rare, and every exercise a leak. Counted
by `scripts/fit_contamination_background.py`.
"""

import gzip
import math
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

ASSET: Final = Path(__file__).parents[2] / "assets" / "contamination-background-v2.tsv.gz"

Counts = tuple[int, int]
"""How many functions have something, and how many exercises."""


class Background(NamedTuple):
    """The commonest words and pairs of documented open-source functions and of exercises."""

    num_functions: int
    num_exercises: int
    words: Mapping[str, Counts]
    """By word in lower case."""

    pairs: Mapping[tuple[str, str], Counts]
    """By two concepts in alphabetical order."""

    def share(self, counts: Counts) -> float:
        """How common something is in a text that is code as likely as an exercise."""
        return (counts[0] / self.num_functions + counts[1] / self.num_exercises) / 2

    def idf(self, counts: Counts) -> float:
        """The logarithm of how rare something is (inverse document frequency)."""
        return -math.log(self.share(counts))

    def text(self) -> str:
        """What `read` reads: a line with the sizes, then lines of a word or two concepts and both counts."""
        lines = [f"{self.num_functions}\t{self.num_exercises}"]
        lines += [f"{word}\t{a}\t{b}" for word, (a, b) in sorted(self.words.items())]
        lines += [f"{left}\t{right}\t{a}\t{b}" for (left, right), (a, b) in sorted(self.pairs.items())]
        return "\n".join(lines) + "\n"

    @classmethod
    def read(cls, text: str) -> "Background":
        """Read what `text` wrote."""
        sizes, *lines = (line.split("\t") for line in text.splitlines())
        words = {line[0]: (int(line[1]), int(line[2])) for line in lines if len(line) == 3}
        pairs = {(line[0], line[1]): (int(line[2]), int(line[3])) for line in lines if len(line) == 4}
        return cls(int(sizes[0]), int(sizes[1]), words, pairs)


@cache
def background() -> Background:
    """What is shipped."""
    return Background.read(gzip.decompress(ASSET.read_bytes()).decode())
