"""Programs run several times, each time with other hashes and other random numbers: which verdicts are due to chance.

Verdicts of a repeat are the same each time they are asked for, but for programs that use the clock or the system's
random numbers. That n runs agree is no proof: of programs that fail one time in ten, two runs show one in five.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from typing import Final

from textbook.sandbox.program import Limits, Program, Status, Strength, Verdict
from textbook.sandbox.results import Results
from textbook.sandbox.run import Sandbox

BLOCK: Final = 128
"""Programs that are run with one seed before the same ones are run with the next."""


@dataclass(frozen=True)
class Repeated:
    """The verdicts on one program."""

    verdicts: tuple[Verdict, ...]
    """In the order of the seeds, from 0 on; the first is the one that `run` gives."""

    @property
    def counts(self) -> dict[Status, int]:
        """How often each status came out, the most frequent first."""
        return dict(Counter(verdict.status for verdict in self.verdicts).most_common())

    @property
    def flaky(self) -> bool:
        """Whether runs came out differently. A `harness_error` says nothing of the program, and is not counted."""
        return len(self.counts.keys() - {"harness_error"}) > 1

    @property
    def passed(self) -> bool:
        """Whether the test held each time."""
        return all(verdict.passed for verdict in self.verdicts)


def run_repeatedly(
    programs: Iterable[Program],
    limits: Limits | None = None,
    *,
    repeats: int = 2,
    workers: int | None = None,
    strength: Strength = "split",
    unsafe: bool = False,
    results: Results | None = None,
) -> Iterator[Repeated]:
    """Run untrusted programs `repeats` times with as many seeds: their verdicts, in the order of the programs.

    Args:
        programs: taken `BLOCK` at a time, so this may be a generator.
        limits: as for `run`, like all that is not named here.
        repeats: 2 or more. Each has workers of its own, of which those of one run at a time.
        workers: likewise.
        strength: likewise.
        unsafe: likewise.
        results: likewise; verdicts are kept for each seed.

    Raises:
        ValueError: fewer than 2 repeats, or what `run` would not take.
        Unavailable: the kernel cannot confine, and `unsafe` was not said.
    """
    if repeats < 2:
        raise ValueError(f"got repeats={repeats}; expected 2 or more, for `run` runs programs once")
    with ExitStack() as stack:
        sandboxes = [
            stack.enter_context(
                Sandbox(limits, workers=workers, strength=strength, unsafe=unsafe, seed=seed, results=results)
            )
            for seed in range(repeats)
        ]
        rest = iter(programs)
        while block := list(islice(rest, BLOCK)):
            for verdicts in zip(*(list(sandbox.run(block)) for sandbox in sandboxes), strict=True):
                yield Repeated(verdicts)
