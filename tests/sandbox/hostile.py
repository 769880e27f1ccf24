"""A corpus of hostile programs for sandboxes that run Python, and of honest ones that must pass beside them.

It was written without looking at any sandbox's code. All of it is text: importing this module runs none of it. Most
programs solve their test only if the attack succeeds, so a pass is an attack that succeeded; what else a program may
have done (processes, files, connections left; a worker dead; a next program that fails) is for the caller to see.

The caller sets the environment variable `CANARY` in the process that starts the sandbox, and puts a file of that name
into the home folder and beside the scratch folders, if those attacks are to have something to find.

Run by mistake without a sandbox, a program harms no more than its kind needs: children end within half a minute, memory
ends at 8 GiB and disk at 512 MB, signals to others are signal 0, connections stay on this machine.
"""

from collections.abc import Iterator
from itertools import chain

from tests.sandbox import (
    hostile_answers,
    hostile_exits,
    hostile_files,
    hostile_interpreter,
    hostile_judging,
    hostile_lies,
    hostile_native,
    hostile_neighbours,
    hostile_outside,
    hostile_processes,
    hostile_resources,
    hostile_source,
    hostile_time_and_memory,
)
from tests.sandbox.hostile_base import CANARY, STATUSES, TESTS, Honest, Hostile, written
from tests.sandbox.hostile_honest import HONEST

__all__ = ["CANARY", "STATUSES", "TESTS", "Honest", "Hostile", "honest_programs", "programs"]

_WRITTEN = (
    hostile_processes,
    hostile_neighbours,
    hostile_time_and_memory,
    hostile_resources,
    hostile_lies,
    hostile_answers,
    hostile_judging,
    hostile_interpreter,
    hostile_native,
    hostile_files,
    hostile_outside,
)


def programs() -> Iterator[Hostile]:
    """All hostile programs, in a fixed order."""
    by_hand = chain.from_iterable(written(module.PROGRAMS) for module in _WRITTEN)
    yield from chain(by_hand, hostile_exits.programs(), hostile_source.programs())


def honest_programs() -> Iterator[Honest]:
    """All honest programs, in a fixed order. Each must pass."""
    yield from HONEST
