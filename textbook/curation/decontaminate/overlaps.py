"""Which problems of one benchmark have their like in another: MBPP and HumanEval share some, and so do their scores.

Problems are compared as rows are with problems, each benchmark with the other, by words and syntax trees, and, if asked
for, by what their solutions do. The same task in other words may go unseen; exercises resemble one another, so what no
test has confirmed wants to be read.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from textbook.benchmarks import Problem, References
from textbook.curation.decontaminate.evidence import DETECTORS, Hit, gather
from textbook.curation.decontaminate.null import shipped
from textbook.curation.decontaminate.references import prepared
from textbook.curation.decontaminate.runnable import Suite, runnable, suite_of
from textbook.curation.decontaminate.verdict import Thresholds, Tier, tries
from textbook.report.contamination_rows import digest
from textbook.report.document import Document
from textbook.report.side_by_side import LINE_CHARS, MAX_LINES
from textbook.report.visible import cut, visible_line

if TYPE_CHECKING:
    from textbook.sandbox import Limits, Program

FAILED: Final = 0.89
"""How sure it is at most, where neither solution passes the other's tests: below what makes a row contaminated."""

Places = tuple[int, int]
"""The positions of two problems in their benchmarks."""


class Overlap(NamedTuple):
    """Two problems that are alike."""

    left: Problem
    right: Problem
    tier: Tier
    """What a row would be that is to one problem as the other one is: contaminated or suspect."""
    contamination: float
    """How sure it is, from 0 to 1."""
    scores: Mapping[str, float]
    """What each detector found."""


@dataclass(frozen=True, repr=False)
class Overlaps(Document):
    """The problems that two benchmarks share, the surest first: iterate, print, or look at them side by side."""

    frame_title = "Overlap of benchmarks"

    left: str
    right: str
    pairs: tuple[Overlap, ...]

    def __len__(self) -> int:
        return len(self.pairs)

    def __iter__(self) -> Iterator[Overlap]:
        return iter(self.pairs)

    def __getitem__(self, place: int) -> Overlap:
        return self.pairs[place]

    def __str__(self) -> str:
        lines = [f"{visible_line(self.left)} and {visible_line(self.right)}: {len(self):,} pairs of problems are alike"]
        for pair in self.pairs:
            scores = ", ".join(f"{name} {score:.2f}" for name, score in pair.scores.items())
            names = f"{visible_line(pair.left.id)}  {visible_line(pair.right.id)}"
            lines.append(f"{pair.tier:<12}  {pair.contamination:.2f}  {names}  {scores}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"Overlaps({self.left!r}, {self.right!r}, {len(self):,} pairs)"

    def html(self) -> str:
        """See `Document`."""
        from textbook.report.contamination import overlaps_page

        return overlaps_page(self.facts())

    def facts(self) -> dict[str, Any]:
        """The same as plain JSON-able data, the only thing a page is drawn from."""
        pairs = [
            {"left": _facts(pair.left), "right": _facts(pair.right)}
            | {"tier": pair.tier, "contamination": pair.contamination}
            | {"scores": [{"detector": name, "score": score} for name, score in pair.scores.items()]}
            for pair in self.pairs
        ]
        return {"left": self.left, "right": self.right, "pairs": pairs}


def overlaps(left: References, right: References, limits: "Limits | None" = None) -> Overlaps:
    """The problems of two benchmarks that are alike, the surest first.

    How sure it is of two problems is the mean of both ways: one found in a row that holds the other. With `limits`, the
    solutions of those listed are run against one another's tests: who passes is surely alike, unless a trivial function
    passes, too, and who fails is suspect at most. About a second for HumanEval and MBPP; with tests, 15 seconds.

    Args:
        left: a benchmark.
        right: another one.
        limits: of one solution against the tests of one problem, in the sandbox; None: nothing is run.
    """
    verdict = Thresholds()
    sure: dict[Places, float] = defaultdict(float)
    scores: dict[Places, dict[str, float]] = defaultdict(dict)
    for rows, references, turned in ((left, right, False), (right, left, True)):
        for row, problem, each, hits in _alike(rows, references, verdict):
            places = (problem, row) if turned else (row, problem)
            sure[places] += each / 2
            for detector, hit in sorted(hits.items()):
                scores[places][detector] = max(hit.score, scores[places].get(detector, 0.0))
    pairs = {
        places: Overlap(left[places[0]], right[places[1]], verdict.tier(each), each, scores[places])
        for places, each in sure.items()
        if verdict.tier(each) != "clear"
    }
    if limits is not None:
        pairs = _tried(pairs, limits, verdict)
    ordered = sorted(pairs, key=lambda places: (-pairs[places].contamination, places))
    return Overlaps(left.name, right.name, tuple(pairs[places] for places in ordered))


def _alike(
    rows: References, references: References, verdict: Thresholds
) -> Iterator[tuple[int, int, float, Mapping[str, Hit]]]:
    """How sure it is that a row with a problem of one benchmark holds one of the other, by their positions, and why."""
    against = prepared((references,), verdict.lowest_rate, verdict.rich)
    gathered = gather(rows.texts, [problem.language for problem in rows], against, DETECTORS)
    for row, evidence in enumerate(gathered):
        best: dict[int, tuple[float, Mapping[str, Hit]]] = {}
        for (_, _, reference), hits in evidence.hits.items():
            often = tries(len(references), evidence.num_chars)
            sure = verdict.contamination(shipped().scored(against.digests[reference], hits, often))
            if reference not in best or sure > best[reference][0]:
                best[reference] = sure, hits
        yield from ((row, reference, *found) for reference, found in best.items())


def _tried(pairs: Mapping[Places, Overlap], limits: "Limits", verdict: Thresholds) -> dict[Places, Overlap]:
    """The pairs after their solutions have been run against one another's tests."""
    from textbook.curation.decontaminate.behaviour import PASSED, UNCLEAR, is_weak
    from textbook.sandbox import Sandbox

    trials = [(places, *trial) for places, pair in pairs.items() for trial in _trials(pair)]
    with Sandbox(limits) as sandbox:
        verdicts = list(sandbox.run(program for _, _, program in trials))
    passed: dict[Places, bool] = {}
    for (places, suite, _), found in zip(trials, verdicts, strict=True):
        weak = found.passed and is_weak(suite, limits)
        if not weak and found.status not in UNCLEAR:
            passed[places] = found.passed or passed.get(places, False)
    tried = dict(pairs)
    for places, passes in passed.items():
        pair = pairs[places]
        sure = max(pair.contamination, PASSED) if passes else min(pair.contamination, FAILED)
        scores = {"behaviour": float(passes), **pair.scores}
        tried[places] = pair._replace(contamination=sure, tier=verdict.tier(sure), scores=scores)
    return tried


def _trials(pair: Overlap) -> Iterator[tuple[Suite, "Program"]]:
    """The functions of either problem that can be called as the other one's tests call."""
    from textbook.sandbox import Program

    for one, other in ((pair.left, pair.right), (pair.right, pair.left)):
        suite, candidate = suite_of(other), runnable(one.text)
        if suite is not None and candidate is not None:
            for function in filter(suite.fits, candidate.functions):
                yield suite, Program(candidate.code, suite.of(function.name), function.name)


def _facts(problem: Problem) -> dict[str, Any]:
    shown = cut(problem.text.lstrip("\n"), MAX_LINES, LINE_CHARS)
    return {"id": problem.id, "text": shown, "language": problem.language, "sha256": digest(problem.text)}


def overlaps_of(references: Sequence[References]) -> list[Overlaps]:
    """The overlaps of each two of several benchmarks."""
    return [overlaps(left, right) for i, left in enumerate(references) for right in references[i + 1 :]]
