"""What of a row is run against which problems: see `behaviour`. Runs nothing."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from heapq import nsmallest
from itertools import islice
from math import inf
from typing import Final, NamedTuple

from textbook.benchmarks import Problem
from textbook.curation.decontaminate import javascript, runnable
from textbook.curation.decontaminate.evidence import gather
from textbook.curation.decontaminate.functions import PROSE, PYTHON
from textbook.curation.decontaminate.javascript import JAVASCRIPT
from textbook.curation.decontaminate.references import Prepared
from textbook.curation.decontaminate.runnable import Runnable, Signature, Suite
from textbook.operator import Batch
from textbook.sandbox import Program

MOST_TRIALS: Final = {PYTHON: 10, JAVASCRIPT: 8}
"""So often a row is run: its functions against the tests of the problems whose words are nearest. A run costs 1 ms of
CPU time in Python and 70 in JavaScript, where two processes are started for it."""

MOST_PLACES: Final = 4
"""In so many places of a row, where it is nearest to a problem, the functions to be tried first are looked for."""

_READERS: Final = {
    PYTHON: (runnable.runnable, runnable.suite_of),
    JAVASCRIPT: (javascript.runnable, javascript.suite_of),
}
"""Language -> what can be run of a text, and the tests of a problem."""

_Place = tuple[float, int, int]
"""Where a row is near a problem: less for what is nearer, start, end."""


class Trial(NamedTuple):
    """A function of a row, to be run against the tests of a problem."""

    row: int
    reference: int
    start: int
    """The part of the row whose words are near the problem's, in characters."""

    end: int
    function: str
    """Its name in the text."""

    program: Program


def suite_of(problem: Problem) -> Suite | None:
    """The tests of a problem; None if it has none, or they are in a language that can't be run."""
    reader = _READERS.get(problem.language)
    return None if reader is None else reader[1](problem)


def trials_of(batch: Batch, against: Prepared, suites: Sequence[Suite | None]) -> Iterator[Trial]:
    """The functions of a batch with the problems that they are run against."""
    tested = {suite.language for suite in suites if suite is not None}
    rows = {
        row: [each for each in _READERS if each in tested and language in (None, each, *PROSE)]
        for row, (language, tier) in enumerate(zip(batch["language"], batch["contamination_tier"], strict=True))
        if tier != "contaminated"
    }
    rows = {row: languages for row, languages in rows.items() if languages}
    spoken = [JAVASCRIPT if languages == [JAVASCRIPT] else None for languages in rows.values()]
    gathered = gather([batch["text"][row] for row in rows], spoken, against, ("lexical",))
    places = {name: reference for reference, name in enumerate(against.names)}
    for (row, languages), evidence in zip(rows.items(), gathered, strict=True):
        # What made a row a suspect comes first: the scores of other detectors than `lexical` have another scale.
        found = [
            (places[each["reference"]], (-1 - each["score"], each["start"], each["end"]))
            for each in batch["contaminated_by"][row] or ()
            if each["reference"] in places
        ]
        found += [
            (reference, (-hits["lexical"].score, start, end)) for (start, end, reference), hits in evidence.hits.items()
        ]
        for language in languages:
            yield from _of_row(row, batch["text"][row], language, found, suites)


def _of_row(
    row: int, text: str, language: str, found: Iterable[tuple[int, _Place]], suites: Sequence[Suite | None]
) -> Iterator[Trial]:
    """The trials of a row's functions in one language."""
    near: dict[int, list[_Place]] = defaultdict(list)
    for reference, place in found:
        suite = suites[reference]
        if suite is not None and suite.language == language:
            near[reference].append(place)
    candidate = _READERS[language][0](text) if near else None
    if candidate is not None:
        nearest = {reference: nsmallest(MOST_PLACES, places) for reference, places in near.items()}
        yield from islice(_fitting(row, text, language, candidate, nearest, suites), MOST_TRIALS[language])


def _fitting(
    row: int,
    text: str,
    language: str,
    candidate: Runnable,
    nearest: Mapping[int, Sequence[_Place]],
    suites: Sequence[Suite | None],
) -> Iterator[Trial]:
    """The functions that can be called as the tests call: those that stand where a problem is near, then all others."""
    order = sorted(nearest, key=lambda each: (nearest[each], each))
    for is_there in (True, False):
        for reference in order:
            _, start, end = nearest[reference][0]
            suite = suites[reference]
            assert suite is not None
            sizes = _sizes(filter(suite.fits, candidate.functions), text, nearest[reference])
            for function, size in sorted(sizes, key=lambda each: each[1]):
                if (size < inf) == is_there:
                    program = Program(candidate.code, suite.of(function.name), function.name, language=language)
                    yield Trial(row, reference, start, end, function.shown or function.name, program)


def _sizes(functions: Iterable[Signature], text: str, places: Sequence[_Place]) -> Iterator[tuple[Signature, float]]:
    """Functions, each with the size of the smallest place that names it: that is where it stands, or is called."""
    parts = sorted((text[start:end] for _, start, end in places), key=len)
    for function in functions:
        name = (function.shown or function.name).rpartition(".")[2]
        yield function, next((len(part) for part in parts if name in part), inf)
