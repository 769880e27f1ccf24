"""How often unrelated code reaches a score by chance: for each problem, detector and score.

`def add(x, y): return x + y` is in every code base, so a hit on it says little. Rates are counted over functions that
leak nothing, and each hit says how many of them score as high. What is shipped was counted over real functions by
`scripts/fit_contamination_null.py`; it knows problems by digests, and holds no text of theirs nor of those functions.

`calibrate` counts them for problems of your own, or over code that is like yours.
"""

import hashlib
import json
import sysconfig
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import islice, pairwise
from pathlib import Path
from typing import Final, Literal

import numpy as np

from textbook.benchmarks import References
from textbook.curation.decontaminate.evidence import DETECTORS, Hit, gather
from textbook.curation.decontaminate.functions import functions_of
from textbook.curation.decontaminate.references import Prepared, several
from textbook.curation.decontaminate.verdict import Scored
from textbook.curation.encoders import Encoder
from textbook.lineage import content_hash

ASSET: Final = Path(__file__).parents[2] / "assets" / "contamination-null-v2.npz"

GRIDS: Final[Mapping[str, tuple[float, ...]]] = {
    "ngram": tuple(step / 10 for step in range(1, 11)),
    "long_ngram": (0.0, 0.1, 0.25, 0.5),
    "ast": (0.8, 0.85, 0.9, 0.95, 1.0),
    "lexical": tuple(step / 200 for step in range(10, 61)),
    "embedding": tuple(step / 20 for step in range(6, 21)),
}
"""Detector -> the scores at which rates are counted."""

LOWEST_RATE: Final = GRIDS["ast"][0]
MOST: Final = 20_000
"""So many functions of the standard library are looked at."""

_AT_ONCE = 1000
_MOST_CHARS = 20_000


@dataclass(frozen=True, eq=False)
class Null:
    """How many of some unrelated functions reach each score, by problem.

    Args:
        num_functions: how many were looked at.
        counts: digest of a problem -> detector -> how many reach each score of `GRIDS`.
        encoder: the identity of that of the detector `embedding`; empty where it took no part.
    """

    num_functions: int
    counts: Mapping[bytes, Mapping[str, Sequence[int]]] = field(repr=False)
    encoder: str = ""

    @cached_property
    def identity(self) -> str:
        """A digest of it all."""
        content = {
            digest.hex(): {name: list(map(int, some)) for name, some in by.items()}
            for digest, by in self.counts.items()
        }
        text = json.dumps([self.num_functions, content, self.encoder], sort_keys=True)
        return f"null:{hashlib.sha256(text.encode()).hexdigest()[:32]}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Null) and other.identity == self.identity

    def __hash__(self) -> int:
        return hash(self.identity)

    def chance(self, digest: bytes, detector: str, score: float) -> float | None:
        """The share of unrelated functions that score as high: an upper bound, never 0. None where nobody has counted.

        The bound adds one function to those counted, and takes the next lower score at which they were.
        """
        count = self._count(digest, detector, score)
        return None if count is None else min((count + 1) / (self.num_functions + 1), 1.0)

    def share(self, digest: bytes, detector: str, score: float) -> float:
        """The share of the functions counted that score as high; 0 where nobody has counted."""
        return (self._count(digest, detector, score) or 0) / max(self.num_functions, 1)

    def scored(self, digest: bytes, hits: Mapping[str, Hit], tries: float) -> dict[str, Scored]:
        """What detectors found of a problem, as a verdict takes it."""
        return {
            name: Scored(hit.score, self.share(digest, name, hit.score), hit.nodes, hit.deviations, tries)
            for name, hit in hits.items()
        }

    def _count(self, digest: bytes, detector: str, score: float) -> int | None:
        counts = self.counts.get(digest, {}).get(detector)
        reached = _num_reached(detector, score)
        return None if counts is None or not reached else counts[reached - 1]

    def write(self, path: Path) -> None:
        """Write a file that `read` reads."""
        digests = sorted(self.counts)
        rows = [[count for name in GRIDS for count in self.counts[each].get(name, _missing(name))] for each in digests]
        np.savez_compressed(
            path,
            digests=np.frombuffer(b"".join(digests), np.uint8).reshape(-1, 16),
            counts=np.array(rows, np.int32).reshape(len(digests), -1),
            num_functions=np.int64(self.num_functions),
            encoder=np.frombuffer(self.encoder.encode(), np.uint8),
        )

    @classmethod
    def read(cls, path: Path) -> "Null":
        """Read what `write` wrote."""
        with np.load(path, allow_pickle=False) as arrays:
            digests, rows, num_functions, encoder = map(arrays.get, ("digests", "counts", "num_functions", "encoder"))
        edges = np.cumsum([0, *map(len, GRIDS.values())]).tolist()
        counts = {}
        for digest, row in zip(digests, rows.tolist(), strict=True):
            parts = {name: row[start:end] for name, (start, end) in zip(GRIDS, pairwise(edges), strict=True)}
            counts[digest.tobytes()] = {name: part for name, part in parts.items() if part[0] >= 0}
        return cls(int(num_functions), counts, encoder.tobytes().decode())


def _missing(detector: str) -> list[int]:
    return [-1] * len(GRIDS[detector])


@cache
def shipped() -> Null:
    """The rates that come with the package: of HumanEval, MBPP and HumanEval-X, over functions in Python."""
    return Null.read(ASSET)


def calibrate(
    references: References | Sequence[References],
    functions: Iterable[str] | None = None,
    language: str = "python",
    encoder: Encoder | None = None,
    embed: Literal["near", "all"] = "near",
) -> Null:
    """Count how often unrelated functions reach each score, for each problem.

    Args:
        references: the problems.
        functions: texts that leak none of them; by default those of Python's standard library. No chance is told below
            one in as many as there are, and a leak among them makes its problem look common.
        language: what the functions are written in; trees are counted for problems in this language only.
        encoder: that of the step, so that `embedding` is counted too.
        embed: as in the step.
    """
    against = Prepared(several(references), LOWEST_RATE, True)
    vectors = None if encoder is None else against.vectors(encoder)
    totals = {name: np.zeros((len(against.problems), len(grid)), np.int64) for name, grid in GRIDS.items()}
    texts = iter(functions_below([Path(sysconfig.get_path("stdlib"))], MOST) if functions is None else functions)
    num_functions = 0
    while batch := list(islice(texts, _AT_ONCE)):
        num_functions += len(batch)
        for row in gather(batch, [language] * len(batch), against, DETECTORS, vectors, embed == "all"):
            best: dict[tuple[str, int], float] = defaultdict(float)
            for (_, _, reference), hits in row.hits.items():
                for detector, hit in hits.items():
                    best[detector, reference] = max(hit.score, best[detector, reference])
            for (detector, reference), score in best.items():
                totals[detector][reference, : _num_reached(detector, score)] += 1
    names = [name for name in GRIDS if name != "embedding" or vectors is not None]
    seen = [[name for name in names if name != "ast" or each.language == language] for each in against.problems]
    counts = [{name: totals[name][i].tolist() for name in some} for i, some in enumerate(seen)]
    by_digest = dict(zip(against.digests, counts, strict=True))
    return Null(num_functions, by_digest, "" if vectors is None else vectors.encoder)


def _num_reached(detector: str, score: float) -> int:
    """How many of a detector's counted scores are not above this one."""
    return bisect_right(GRIDS[detector], score + 1e-9)


def functions_below(folders: Iterable[Path], count: int) -> Iterator[str]:
    """So many different functions, at most, of the Python files below folders, in an order that looks random."""
    names = {path: path.relative_to(folder).as_posix() for folder in folders for path in folder.rglob("*.py")}
    files = [path for path, name in names.items() if "site-packages" not in name.split("/")]
    seen: set[str] = set()
    for path in sorted(files, key=lambda path: (content_hash(names[path]), path)):
        text = path.read_text("utf-8", "replace")
        for function in functions_of(text, "python").found:
            part = text[function.start : function.end]
            digest = content_hash(part)
            if len(part) <= _MOST_CHARS and digest not in seen:
                seen.add(digest)
                yield part
                if len(seen) == count:
                    return
