"""Leaks by what they do: a row's functions are run against the tests of problems, in the sandbox.

A leak is one however it is worded. Tried are the problems in a row's language that share words with it or are in its
evidence, and the functions that take as many arguments as a problem's. Tests that a trivial function passes, such as
`return len(x)`, say nothing, and what passes them is left as it was.

Python and JavaScript, each against problems whose tests are in it. Does not see leaks that do not work, and of methods
only those of classes that can be made without arguments. Whoever solves the same problem in similar words is taken for
a leak, with or without having seen it.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final, Self

from textbook.benchmarks import References
from textbook.curation.decontaminate import javascript
from textbook.curation.decontaminate.functions import PYTHON
from textbook.curation.decontaminate.javascript import JAVASCRIPT
from textbook.curation.decontaminate.references import Prepared, prepared, several
from textbook.curation.decontaminate.runnable import Suite
from textbook.curation.decontaminate.step import EXAMPLE_PROMPT, Decontaminate
from textbook.curation.decontaminate.trials import Trial, suite_of, trials_of
from textbook.curation.decontaminate.verdict import Thresholds
from textbook.operator import Batch, Stage, num_rows
from textbook.sandbox import Limits, Program, Results, Sandbox, Unavailable, Verdict, run, weakness
from textbook.sandbox.commands import command_for
from textbook.sandbox.weak_tests import BODIES

PASSED: Final = 0.95
"""The contamination of a row that passes the tests of a problem."""

UNCLEAR: Final = {
    "timeout": "runs too long",
    "memory": "takes too much memory",
    "denied": "needs what is not allowed",
    "harness_error": "could not be judged",
}
"""Verdicts that leave open whether a function solves a problem."""

TRIVIAL: Final = (
    "a", "len(a)", "sum(a)", "max(a)", "min(a)", "sorted(a)", "list(a)", "set(a)", "sorted(set(a))", "len(set(a))",
    "str(a)", "int(a)", "abs(a)", "-a", "not a", "a + 1", "a * 2", "a * a", "a % 2 == 0", "bin(a)[2:]", "a[0]", "a[-1]",
    "a[::-1]", "a.lower()", "a.upper()", "a.swapcase()", "a.split()", "''.join(a)", "a + b", "a - b", "a * b", "a / b",
    "a // b", "a % b", "a ** b", "max(a, b)", "min(a, b)", "a == b", "a < b", "a > b", "a in b", "b in a",
    "set(a) & set(b)", "set(a) == set(b)", "sorted(a) == sorted(b)",
)  # fmt: skip
"""What everybody writes, of the first argument and the second: code that does no more leaks nothing."""

COLUMNS: Final = ("contamination", "contamination_tier", "contaminated_by", "contamination_note")


@dataclass
class _Waiting:
    """A batch whose functions are being run."""

    batch: Batch
    trials: list[Trial]
    not_run: list[Trial]
    verdicts: list[Verdict] = field(default_factory=list)


@dataclass(frozen=True)
class LeaksByBehaviour(Stage):
    """Runs suspects, and what shares words with a problem, against its tests; what passes is contaminated.

    Comes after `Decontaminate`, whose columns it updates: the evidence is of the detector `behaviour`. A row that was
    clear and has a function that hangs, could not be judged, or is in JavaScript where there is no Node.js, is
    undecided. Rows in a language in which no problem has tests stay as they are. Linux only, see `textbook.sandbox`.

    Attributes:
        references: the problems of one benchmark or of several; those in Python and JavaScript that have tests are
            used, such as `References.humaneval()` and `References.humaneval_x("javascript")`.
        limits: of one function against the tests of one problem.
        drop: whether contaminated rows are dropped.
    """

    references: References | Sequence[References]
    limits: Limits = Limits(cpu_s=2.0, wall_s=10.0)
    drop: bool = True

    version = 2
    reads = ("id", "text", "language", *COLUMNS)
    adds = Decontaminate.adds

    def stream(self, batches: Iterable[Batch], folder: Path) -> Iterator[Batch]:
        """Run the functions of many batches at once; verdicts are kept in the folder."""
        against = prepared(several(self.references), Thresholds().lowest_rate, Thresholds().rich)
        suites = [suite_of(problem) for problem in against.problems]
        missing = _missing({suite.language for suite in suites if suite is not None})
        waiting: deque[_Waiting] = deque()

        def programs() -> Iterator[Program]:
            for batch in batches:
                trials = list(trials_of(batch, against, suites))
                able = [trial for trial in trials if trial.program.language not in missing]
                waiting.append(_Waiting(batch, able, [trial for trial in trials if trial.program.language in missing]))
                yield from (trial.program for trial in waiting[-1].trials)

        folder.mkdir(parents=True, exist_ok=True)
        with Results(folder / "verdicts.sqlite") as results, Sandbox(self.limits, results=results) as sandbox:
            judge = _Judge(against, suites, self.limits, self.drop, missing)
            for verdict in sandbox.run(programs()):
                while not waiting[0].trials:
                    yield judge.batch(waiting.popleft())
                waiting[0].verdicts.append(verdict)
                if len(waiting[0].verdicts) == len(waiting[0].trials):
                    yield judge.batch(waiting.popleft())
            for each in waiting:
                yield judge.batch(each)

    @classmethod
    def example(cls) -> tuple[Self, Batch]:
        """A problem, and rows that solve it in other words, do not, need too much, or have nothing to do with it."""
        problem = {"id": "own/0", "prompt": EXAMPLE_PROMPT, "solution": _SOLUTION, "tests": _TESTS}
        references = References.of([problem | {"entry_point": "closest"}])
        texts = [
            _REWORDED,
            _REWORDED.replace("<", ">"),
            _HUGE,
            "def area(width, height):\n    return width * height\n",
        ]
        batch = {"id": list("abcd"), "text": texts, "language": [PYTHON] * 4}
        columns = Decontaminate(references, drop=False)(batch)
        return cls(references, Limits(cpu_s=1.0)), batch | {name: columns[name] for name in COLUMNS}


def _missing(languages: Iterable[str]) -> dict[str, str]:
    """The languages of which programs can't be run here, and why."""
    reasons = {}
    for language in languages:
        try:
            command_for(language)
        except Unavailable as error:
            reasons[language] = str(error)
    return reasons


class _Judge:
    """Turns verdicts into the columns of a batch."""

    def __init__(
        self,
        against: Prepared,
        suites: Sequence[Suite | None],
        limits: Limits,
        drop: bool,
        missing: Mapping[str, str],
    ) -> None:
        self._against, self._suites, self._limits, self._drop = against, suites, limits, drop
        self._missing = missing

    def batch(self, done: _Waiting) -> Batch:
        """The batch with what the verdicts say."""
        given = done.batch
        columns = {name: list(given[name]) for name in COLUMNS} | {"drop_reason": [None] * num_rows(given)}
        for trial in done.not_run:
            self._leave_open(columns, trial.row, f"not run: {self._missing[trial.program.language]}")
        trials = defaultdict(list)
        for trial, verdict in zip(done.trials, done.verdicts, strict=True):
            trials[trial.row].append((trial, verdict))
        for row, some in trials.items():
            passed = {trial.reference: trial for trial, verdict in some[::-1] if verdict.passed}
            leaks = [trial for _, trial in sorted(passed.items()) if not self._is_weak(trial.reference)]
            unclear = [each for each in some if each[1].status in UNCLEAR]
            if leaks:
                self._contaminate(columns, row, leaks)
            elif unclear:
                self._leave_open(columns, row, self._note(*unclear[0]))
        return given | columns

    def _leave_open(self, columns: Batch, row: int, note: str) -> None:
        columns["contamination_note"][row] = note
        if columns["contamination_tier"][row] == "clear":
            columns["contamination_tier"][row] = "undecided"

    def _contaminate(self, columns: Batch, row: int, leaks: Sequence[Trial]) -> None:
        names = [self._against.names[trial.reference] for trial in leaks]
        evidence = [
            {"reference": name, "detector": "behaviour", "score": 1.0, "chance": None, "start": start, "end": end}
            for name, (_, _, start, end, *_) in zip(names, leaks, strict=True)
        ]
        columns["contamination"][row] = max(columns["contamination"][row] or 0.0, PASSED)
        columns["contamination_tier"][row] = "contaminated"
        columns["contaminated_by"][row] = evidence + list(columns["contaminated_by"][row] or [])
        columns["contamination_note"][row] = None
        if self._drop:
            reason = f"contaminated: {names[0]} by behaviour: {leaks[0].function} passes its tests"
            columns["drop_reason"][row] = reason

    def _note(self, trial: Trial, verdict: Verdict) -> str:
        name = self._against.names[trial.reference]
        return f"{trial.function} {UNCLEAR[verdict.status]} in the tests of {name}"

    def _is_weak(self, reference: int) -> bool:
        suite = self._suites[reference]
        assert suite is not None
        return is_weak(suite, self._limits)


@cache
def is_weak(suite: Suite, limits: Limits) -> bool:
    """Whether a trivial function passes the tests of a problem. Found out once it matters."""
    if suite.language == JAVASCRIPT:
        return next(run([javascript.trivial(suite)], limits)).passed
    name = suite.entry.name
    bodies = [f"a, b = (*args, None, None)[:2]; return {value}" for value in TRIVIAL]
    return any(weakness([Program("", suite.of(name), name)], limits, bodies=(*BODIES, *bodies)))


_SOLUTION = """    numbers = sorted(numbers)
    return min(zip(numbers, numbers[1:]), key=lambda pair: pair[1] - pair[0])
"""

_TESTS = [
    "assert closest([9, 1, 5, 6]) == (5, 6)",
    "assert closest([0.5, 10.0, 0.25]) == (0.25, 0.5)",
    "assert closest([-4, 3, 20, -9]) == (-9, -4)",
]

_REWORDED = '''def nearest_pair(values):
    """Which two of these lie nearest to one another? Gives the smaller one first."""
    best = None
    for i, first in enumerate(values):
        for second in values[:i] + values[i + 1 :]:
            if first <= second and (best is None or second - first < best[1] - best[0]):
                best = (first, second)
    return best
'''

_HUGE = '''def neighbours(values):
    """Which two of these lie nearest to one another? Gives the smaller one first."""
    distances = [[0] * 10**12 for _ in values]
    return distances
'''
