"""`Decontaminate`: rows that hold problems of a benchmark, or something close to them, with the evidence."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, Self

import pyarrow as pa

from textbook.benchmarks import References
from textbook.curation.decontaminate.evidence import DETECTORS, Hit, RowEvidence, gather
from textbook.curation.decontaminate.null import Null, shipped
from textbook.curation.decontaminate.references import Prepared, prepared, several
from textbook.curation.decontaminate.verdict import Phi1, Thresholds, tries
from textbook.curation.encoders import Encoder
from textbook.operator import Batch, Operator

EVIDENCE: Final = pa.list_(
    pa.struct(
        [
            ("reference", pa.string()),
            ("detector", pa.string()),
            ("score", pa.float64()),
            ("chance", pa.float64()),
            ("start", pa.int64()),
            ("end", pa.int64()),
        ]
    )
)
"""The Arrow type of `contaminated_by`. No column holds what a benchmark says."""

MOST_REFERENCES: Final = 5
"""Of so many references a row shows the evidence, at most."""

NEAR_BEST: Final = 0.6
"""A reference is shown if a detector's score for it is at least this share of the highest for the row."""

PER_FUNCTIONS: Final = 64_000
"""Chance is told in hits for so many functions: a large code base, or the size of one run's sample."""


@dataclass(frozen=True)
class Decontaminate(Operator):
    """Finds rows that hold problems of benchmarks, or something close to them; drops those it is sure of.

    | column | holds |
    | --- | --- |
    | `contamination` | how sure it is, from 0 to 1: the same scale for all detectors |
    | `contamination_tier` | contaminated, suspect, clear or undecided: see `verdict` |
    | `contaminated_by` | the evidence for contaminated and suspect rows: reference, detector, score, chance, place |
    | `contamination_note` | why a row is undecided |

    A row is compared function by function, and in windows if it is long, so a leak in a long file counts as much as one
    alone. `chance` is the share of unrelated functions that score as high against this reference; None where nobody has
    counted. Needs `textbook-curation[decontaminate]` for the detector `ast`.

    With an encoder, what it says of a row depends on the encoder's vectors: those of a GPU, or of texts in another
    batch, may differ in the last digits. A cosine then does by less than 0.001, and a row that close to a threshold may
    fall on its other side.

    Attributes:
        references: the problems of one benchmark or of several.
        detectors: some of `ngram` (n-grams of words), `ast` (match rate of syntax trees), `lexical` (words and pairs
            of words) and `embedding` (vectors of the encoder). What each can see is said in its module. By default all;
            `embedding` if there is an encoder.
        verdict: how scores become a tier.
        null: rates of chance counted by `calibrate`; those shipped with the package for problems it does not have.
        drop: whether contaminated rows are dropped. Suspects stay, and are marked, in any case.
        encoder: any with `encode` and `identity`, see `textbook.curation.encoders`.
        embed: what goes to the encoder: what is `near` a problem by its words, or `all`, for whom a GPU makes it
            cheap. Where `embedding` is the only detector, all.
    """

    references: References | Sequence[References]
    detectors: tuple[str, ...] | None = None
    verdict: Thresholds | Phi1 = Thresholds()
    null: Null | None = None
    drop: bool = True
    encoder: Encoder | None = None
    embed: Literal["near", "all"] = "near"

    version = 2
    reads = ("id", "text", "language")
    adds = {
        "contamination": "float64",
        "contamination_tier": "string",
        "contaminated_by": EVIDENCE,
        "contamination_note": "string",
    }

    def __post_init__(self) -> None:
        """Refuse values without a meaning."""
        benchmarks = several(self.references)
        if not benchmarks or not all(isinstance(each, References) for each in benchmarks):
            raise ValueError(
                f"Decontaminate got references={self.references!r:.80}; expected one benchmark or more, such as"
                " References.humaneval()"
            )
        used = self._used
        if not used or not set(used) <= set(DETECTORS) or self.embed not in ("near", "all"):
            raise ValueError(
                f"Decontaminate got detectors={self.detectors!r}, embed={self.embed!r}; expected one or more of"
                f" {', '.join(DETECTORS)}, and near or all"
            )
        if ("embedding" in used) != (self.encoder is not None):
            raise ValueError(
                f"Decontaminate got detectors={self.detectors!r} and encoder={self.encoder!r}; `embedding` needs an"
                " encoder, such as SentenceEncoder(...), and an encoder is for `embedding`"
            )
        if self.encoder is not None and not (hasattr(self.encoder, "encode") and hasattr(self.encoder, "identity")):
            raise ValueError(
                f"Decontaminate got encoder={self.encoder!r:.80}; expected an object with `encode` and `identity`, such"
                " as SentenceEncoder(...)"
            )

    @classmethod
    def phi1(cls, references: References | Sequence[References], tau: float = 0.95) -> Self:
        """phi-1's rule: any function whose AST match rate is at least tau (0.95, 0.9, 0.85 or 0.8 in the paper)."""
        return cls(references, detectors=("ast",), verdict=Phi1(tau))

    @classmethod
    def example(cls) -> tuple[Self, Batch]:
        """A problem, and rows that copy it, disguise it, have nothing to do with it, and can't be read."""
        problem = {"id": "own/0", "prompt": EXAMPLE_PROMPT, "solution": _SOLUTION, "entry_point": "closest"}
        renamed = _SOLUTION.replace("pair", "p").replace("best", "b").replace("numbers", "xs")
        texts = [
            EXAMPLE_PROMPT + _SOLUTION,
            f"def nearest(xs):\n{renamed}",
            "def area(width, height):\n    return width * height\n",
            "def broken(:\n    pass\n",
            f"// {EXAMPLE_PROMPT.splitlines()[1].strip()}\nfunction closest(numbers) {{}}\n",
        ]
        languages = ["python"] * 4 + ["javascript"]
        return cls(References.of([problem])), {"id": list("abcde"), "text": texts, "language": languages}

    def __call__(self, batch: Batch) -> Batch:
        """Compare each row with all references."""
        against = prepared(several(self.references), self.verdict.lowest_rate, self.verdict.rich)
        vectors = None if self.encoder is None else against.vectors(self.encoder)
        if vectors is not None and self._null.encoder not in ("", vectors.encoder):
            raise ValueError(
                f"the rates of chance were counted with the encoder {self._null.encoder}, and this one is"
                f" {vectors.encoder}; give one for both"
            )
        embed_all = self.embed == "all" or self._used == ("embedding",)
        gathered = gather(batch["text"], batch["language"], against, self._used, vectors, embed_all)
        judged = [self._judged(row, against) for row in gathered]
        columns = {name: [row[name] for row in judged] for name in self.adds}
        reasons = [
            drop_reason(row["contaminated_by"]) if self.drop and row["contamination_tier"] == "contaminated" else None
            for row in judged
        ]
        return batch | columns | {"drop_reason": reasons}

    def _judged(self, row: RowEvidence, against: Prepared) -> dict[str, Any]:
        if not row.hits:
            tier = "clear" if row.problem is None else "undecided"
            return dict(zip(self.adds, (0.0, tier, None, row.problem), strict=True))
        null = self._null
        sure: dict[int, float] = {}
        hits: dict[int, dict[str, Hit]] = defaultdict(dict)
        for (_, _, reference), found in row.hits.items():
            often = tries(against.sizes[reference], row.num_chars)
            scored = null.scored(against.digests[reference], found, often)
            sure[reference] = max(self.verdict.contamination(scored), sure.get(reference, 0.0))
            own = hits[reference]
            for detector, hit in found.items():
                if detector not in own or _higher_or_earlier(hit) >= _higher_or_earlier(own[detector]):
                    own[detector] = hit
        best = max(sure.values())
        tier = self.verdict.tier(best)
        undecided = tier == "clear" and row.problem is not None
        shown = [reference for reference in _closest(hits) if self.verdict.tier(sure[reference]) != "clear"]
        shown = sorted(shown, key=lambda reference: (-sure[reference], reference))[:MOST_REFERENCES]
        evidence = [
            self._evidence(reference, detector, hit, against)
            for reference in shown
            for detector, hit in sorted(hits[reference].items())
        ]
        return {
            "contamination": best,
            "contamination_tier": "undecided" if undecided else tier,
            "contaminated_by": evidence or None,
            "contamination_note": row.problem if undecided else None,
        }

    def _evidence(self, reference: int, detector: str, hit: Hit, against: Prepared) -> dict[str, Any]:
        return {
            "reference": against.names[reference],
            "detector": detector,
            "score": hit.score,
            "chance": self._null.chance(against.digests[reference], detector, hit.score),
            "start": hit.start,
            "end": hit.end,
        }

    @property
    def _used(self) -> tuple[str, ...]:
        """The detectors that take part."""
        if self.detectors is not None:
            return self.detectors
        return tuple(each for each in DETECTORS if each != "embedding" or self.encoder is not None)

    @property
    def _null(self) -> Null:
        return self.null or shipped()


def _closest(hits: Mapping[int, Mapping[str, Hit]]) -> Iterator[int]:
    """The references that come near the highest score of some detector.

    Problems resemble one another: a row that leaks one is a little like its relatives too. Vectors tell these apart
    least, and have no say where words do.
    """
    asked = {
        reference: {name: hit.score for name, hit in found.items() if name != "embedding" or "lexical" not in found}
        for reference, found in hits.items()
    }
    best: dict[str, float] = defaultdict(float)
    for scores in asked.values():
        for detector, score in scores.items():
            best[detector] = max(best[detector], score)
    for reference, scores in asked.items():
        if any(score >= NEAR_BEST * best[detector] for detector, score in scores.items()):
            yield reference


def _higher_or_earlier(hit: Hit) -> tuple[float, int, int]:
    return hit.score, -hit.start, -hit.end


def drop_reason(evidence: Sequence[Mapping[str, Any]]) -> str:
    """Such as "contaminated: HumanEval/12 by ast 0.97 (by chance: at most 0.3 in 64k functions)"."""
    first = [item for item in evidence if item["reference"] == evidence[0]["reference"]]
    said = ", ".join(f"{item['detector']} {item['score']:.2f}" for item in first)
    chances = [item["chance"] for item in first if item["chance"] is not None]
    chance = f" (by chance: at most {min(chances) * PER_FUNCTIONS:.2g} in 64k functions)" if chances else ""
    return f"contaminated: {first[0]['reference']} by {said}{chance}"


EXAMPLE_PROMPT: Final = '''def closest(numbers):
    """Of a list of numbers, return the two that are closest to each other, the smaller one first.

    >>> closest([9, 1, 5, 6])
    (5, 6)
    """
'''

_SOLUTION = """    best = None
    numbers = sorted(numbers)
    for pair in zip(numbers, numbers[1:]):
        if best is None or pair[1] - pair[0] < best[1] - best[0]:
            best = pair
    return best
"""
