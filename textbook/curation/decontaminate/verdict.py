"""From the scores of the detectors to one score, and to a tier: plain rules, the same for all languages.

| tier | means |
| --- | --- |
| contaminated | a detector is sure, or one that reads trees and one that reads words agree |
| suspect | worth a second look, by running it, by a model or by a person |
| clear | neither |
| undecided | some of it could not be read, and the rest is clear |

Each detector's score is put on one scale, on which 0.5 makes a suspect and 0.9 a contaminated row.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import numpy as np

from textbook.curation.decontaminate.units import WHOLE_CHARS

Tier = Literal["contaminated", "suspect", "clear", "undecided"]

SUSPECT: Final = 0.5
CONTAMINATED: Final = 0.9
_BELOW = 0.999
_MOST_DEVIATIONS = 20.0

USUAL_PROBLEMS: Final = 164
"""The thresholds were chosen for so many, those of HumanEval."""


class Scored(NamedTuple):
    """What a detector found of a unit and a reference."""

    score: float

    common: float = 0.0
    """The share of unrelated functions that were seen to score as high."""

    nodes: int = 0
    """Of the smaller tree, if trees were compared."""

    deviations: float = 0.0
    """How far above those of strangers a cosine is, in standard deviations, if vectors were compared."""

    tries: float = 1.0
    """How often chance had its try, as against one benchmark of HumanEval's size in one short row: see `tries`."""


def tries(num_problems: int, num_chars: int) -> float:
    """How often chance has its try: by the size of a benchmark, and of a row."""
    return max(1.0, num_problems / USUAL_PROBLEMS) * max(1.0, num_chars / WHOLE_CHARS)


@dataclass(frozen=True)
class Thresholds:
    """The rule by default.

    Each detector has two thresholds: from the first a unit is suspect, from the second contaminated.

    Args:
        ngram: of the share of a reference's 5-grams, by weight.
        long_ngram: of the share of its 13-grams.
        ast: of the match rate, by rich labels.
        lexical: of the likeness of words and of pairs of words; for one try of chance.
        more: how much more of it is asked for, as a share, where chance has ten tries: the most alike of ten problems
            or of ten parts of a row is more alike than one.
        embedding: of how far the cosine of vectors is above those of strangers, in their standard deviations.
        both: of the likeness of words plus a hundredth of these deviations. It takes the place of the two before where
            words and vectors were compared.
        min_nodes: a tree with fewer nodes says nothing by itself, and something only if nearly all of it is the same.
        most_common: where more unrelated functions than the first number, as a share of all, score as high, a hit makes
            no suspect, and with more than the second nothing contaminated.
    """

    ngram: tuple[float, float] = (0.25, 0.8)
    long_ngram: tuple[float, float] = (0.001, 0.8)
    ast: tuple[float, float] = (0.8, 0.9)
    lexical: tuple[float, float] = (0.065, 0.1)
    more: float = 0.4
    embedding: tuple[float, float] = (6.0, 7.0)
    both: tuple[float, float] = (0.11, 0.145)
    min_nodes: int = 15
    most_common: tuple[float, float] = (1e-3, 1e-4)

    def contamination(self, found: Mapping[str, Scored]) -> float:
        """How sure it is that a unit leaks a reference, from 0 to 1, by what each detector found."""
        scaled = {detector: self.scaled(detector, scored) for detector, scored in found.items()}
        if "lexical" in found and "embedding" in found:
            words, vectors = found["lexical"], found["embedding"]
            del scaled["lexical"], scaled["embedding"]
            likeness = self._for_one_try(words) + vectors.deviations / 100
            scaled["both"] = self.scaled("both", Scored(likeness, max(words.common, vectors.common)))
        by_tree = scaled.pop("ast", 0.0)
        by_words = max(scaled.values(), default=0.0)
        if by_tree >= SUSPECT and by_words >= SUSPECT:
            return max(by_tree, by_words, CONTAMINATED)
        short = "ast" in found and found["ast"].nodes < self.min_nodes
        return by_words if short else max(by_tree, by_words)

    def scaled(self, detector: str, scored: Scored) -> float:
        """A score on the scale of all detectors, and no higher than it may be where so many reach it by chance."""
        score, common, nodes, deviations, _ = scored
        most = 1.0
        suspect, contaminated = getattr(self, detector)
        if detector == "ast" and nodes < self.min_nodes and score < contaminated:
            return 0.0
        if detector == "lexical":
            score = self._for_one_try(scored)
        elif detector == "embedding":
            score, most = deviations, _MOST_DEVIATIONS
        value = float(np.interp(score, (0.0, suspect, contaminated, most), (0.0, SUSPECT, CONTAMINATED, 1.0)))
        if common > self.most_common[0]:
            return min(value, _BELOW * SUSPECT)
        return min(value, _BELOW * CONTAMINATED) if common > self.most_common[1] else value

    def _for_one_try(self, scored: Scored) -> float:
        return scored.score / (1 + self.more * float(np.log10(scored.tries)))

    def tier(self, contamination: float) -> Tier:
        """What a row is whose unit with the highest score has this one."""
        if contamination >= CONTAMINATED:
            return "contaminated"
        return "suspect" if contamination >= SUSPECT else "clear"

    @property
    def lowest_rate(self) -> float:
        """The lowest match rate that matters."""
        return self.ast[0]

    @property
    def rich(self) -> bool:
        """Functions are compared by their rich labels."""
        return True


@dataclass(frozen=True)
class Phi1:
    """phi-1's rule (arXiv 2306.11644, section 5): a function of any length whose match rate is at least tau.

    The score is the rate. Nobody is a suspect, and nothing is said of chance, of which there is much: see `null`.
    """

    tau: float = 0.95

    def contamination(self, found: Mapping[str, Scored]) -> float:
        """The match rate."""
        return found["ast"].score if "ast" in found else 0.0

    def tier(self, contamination: float) -> Tier:
        """See `Thresholds.tier`."""
        return "contaminated" if contamination >= self.tau else "clear"

    @property
    def lowest_rate(self) -> float:
        """See `Thresholds.lowest_rate`."""
        return self.tau

    @property
    def rich(self) -> bool:
        """See `Thresholds.rich`."""
        return False
