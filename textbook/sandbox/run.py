"""`run`: programs in, verdicts out, in the order of the programs, whatever the number of workers."""

import os
import selectors
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

from textbook.sandbox import bubblewrap
from textbook.sandbox.commands import Command, command_for
from textbook.sandbox.program import Limits, Program, Strength, Unavailable, Verdict
from textbook.sandbox.results import Results, conditions
from textbook.sandbox.worker import Worker

DEPTH: Final = 2
"""Jobs a worker has at once: the one it runs, and the next."""
AHEAD: Final = 64
"""Programs taken per worker while an earlier verdict is still waited for."""
ATTEMPTS: Final = 2
"""How many workers may be lost over one program before it is given up as a harness error."""


@dataclass
class _Task:
    """A program on its way."""

    number: int
    program: Program
    command: Command
    attempts: int = 0

    def job(self, strength: Strength) -> dict[str, Any]:
        program = self.program
        examples = [[each.source, each.want, each.options, each.scope] for each in program.examples]
        return {
            "mode": strength,
            "code": program.code,
            "test": program.test,
            "entry": program.entry_point,
            "examples": examples,
        }


class Sandbox:
    """Workers that stay for several calls of `run`. Close it, or use it in a `with`."""

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        workers: int | None = None,
        strength: Strength = "split",
        unsafe: bool = False,
        seed: int = 0,
        results: Results | None = None,
    ) -> None:
        """Start nothing yet; workers start with the first programs.

        Args:
            limits: as for `run`, like the other arguments that it has.
            workers: likewise.
            strength: likewise.
            unsafe: likewise.
            seed: of the programs' hashes and random numbers, from 0 to 2**32 - 1.
            results: where verdicts are looked for before a program is run, and kept after.

        Raises:
            ValueError: fewer than one worker, no such strength, or no such seed.
        """
        num_workers = workers if workers is not None else len(os.sched_getaffinity(0))
        if num_workers < 1:
            raise ValueError(f"got workers={workers}; expected 1 or more")
        if strength not in ("split", "in_process"):
            raise ValueError(f"got strength={strength!r}; expected 'split' or 'in_process'")
        if type(seed) is not int or not 0 <= seed < 1 << 32:
            raise ValueError(f"got seed={seed!r}; expected 0 to 2**32 - 1")
        self.limits = limits or Limits()
        self.num_workers = num_workers
        self.strength: Strength = strength
        self.unsafe = unsafe
        self.seed = seed
        self.results = results
        self._conditions = conditions(self.limits, strength, seed, unsafe)
        self.num_replaced = 0
        """Workers that were lost and replaced."""
        self._workers: list[Worker] = []
        self._selector = selectors.PollSelector()  # has no file of its own to be closed
        self._busy = False
        self._bwrap: str | None = None
        """What is put around workers, once one has said that it cannot confine."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the workers. `run` starts new ones if it is called again."""
        for worker in self._workers:
            self._selector.unregister(worker)
            worker.close()
        self._workers.clear()

    def run(self, programs: Iterable[Program]) -> Iterator[Verdict]:
        """One verdict for each program, in order. Programs are taken as workers are free, `AHEAD` at most.

        Raises:
            Unavailable: the kernel lacks what confining needs, and `unsafe=True` was not said.
            ValueError: a language that has no runner.
            RuntimeError: the verdicts of an earlier call have not been read to the end.
        """
        if self._busy:
            raise RuntimeError("this sandbox is running programs already; make another one")
        self._busy = True
        finished = False
        try:
            yield from self._run(iter(programs))
            finished = True
        finally:
            self._busy = False
            if not finished:
                self.close()  # jobs are on their way, whose verdicts nobody will read
            if self.results is not None:
                self.results.flush()

    def _run(self, programs: Iterator[Program]) -> Iterator[Verdict]:
        ready: deque[_Task] = deque()
        done: dict[int, Verdict] = {}
        taken = given = 0
        more = True
        while True:
            while more and len(ready) < DEPTH * self.num_workers and taken - given < AHEAD * self.num_workers:
                program = next(programs, None)
                if program is None:
                    more = False
                else:
                    task = _Task(taken, _checked(program), command_for(program.language))
                    known = self.results.get(program, self._of(task)) if self.results is not None else None
                    if known is None:
                        ready.append(task)
                    else:
                        done[taken] = known
                    taken += 1
            if taken == given and not more:
                return
            if given not in done:
                self._hand_out(ready)
                self._collect(ready, done)
            while given in done:
                yield done.pop(given)
                given += 1

    def _of(self, task: _Task) -> str:
        """What its verdict depends on but the program."""
        return self._conditions + task.command.version

    def _hand_out(self, ready: deque[_Task]) -> None:
        """The least busy worker of the language first; a new one before a second job for any."""
        while ready:
            command = ready[0].command
            able = [each for each in self._workers if each.command == command]
            worker = min(able, key=lambda each: len(each.jobs), default=None)
            if (worker is None or worker.jobs) and len(able) < self.num_workers:
                core = None if command.path else self._core(able)
                worker = Worker(self.limits, self.unsafe, self.seed, command, self._bwrap, core)
                self._workers.append(worker)
                self._selector.register(worker, selectors.EVENT_READ)
            if worker is None or len(worker.jobs) >= DEPTH:
                return
            task = ready.popleft()
            worker.submit(task, task.job(self.strength))

    def _core(self, others: list[Worker]) -> int | None:
        """The core for one more worker, if there is one for each: its processes wait for each other, turn by turn."""
        cores = sorted(os.sched_getaffinity(0))
        if self.num_workers < len(cores):
            return None
        return min(cores, key=lambda core: sum(worker.core == core for worker in others))

    def _collect(self, ready: deque[_Task], done: dict[int, Verdict]) -> None:
        for key, _ in self._selector.select(timeout=1.0):
            worker = key.fileobj
            assert isinstance(worker, Worker)
            try:
                answers = worker.receive()
            except Unavailable:
                self._bwrap = None if self._bwrap or self.unsafe else bubblewrap.find()
                tasks = sorted((task for each in self._workers for task in each.jobs), key=lambda task: task.number)
                self.close()
                if self._bwrap is None:
                    raise
                ready.extendleft(reversed(tasks))
                return
            if answers is None:
                self._replace(worker, ready, done)
                continue
            for task, (status, reason, cpu_s, wall_s, output) in answers:
                verdict = Verdict(status, self.strength, reason, cpu_s, wall_s, output, task.program.key)
                done[task.number] = verdict
                if self.results is not None:
                    self.results.put(task.program, self._of(task), self.limits, verdict)
        for worker in [each for each in self._workers if each.overdue]:
            self._replace(worker, ready, done)

    def _replace(self, worker: Worker, ready: deque[_Task], done: dict[int, Verdict]) -> None:
        """A lost worker's programs go to others; the one it was running is tried once more."""
        self._workers.remove(worker)
        self._selector.unregister(worker)
        started = worker.features is not None
        worker.close()
        self.num_replaced += 1
        if not started and self.num_replaced > ATTEMPTS * self.num_workers:
            raise Unavailable(
                f"workers end before they have started: see that this Python runs with -S and that"
                f" {os.fsdecode(worker.base)!r} can be made"
            )
        tasks: list[_Task] = list(worker.jobs)
        if tasks:
            tasks[0].attempts += 1
        for task in reversed(tasks):
            if task.attempts >= ATTEMPTS:
                reason = f"{ATTEMPTS} workers were lost while they ran this program"
                done[task.number] = Verdict("harness_error", self.strength, reason, key=task.program.key)
            else:
                ready.appendleft(task)


def _checked(program: Program) -> Program:
    if program.examples and program.language != "python":
        raise ValueError(f"got examples in {program.language}; expected a test, for there are examples in Python alone")
    return program


def run(
    programs: Iterable[Program],
    limits: Limits | None = None,
    *,
    workers: int | None = None,
    strength: Strength = "split",
    unsafe: bool = False,
    results: Results | None = None,
) -> Iterator[Verdict]:
    """Run untrusted programs: one verdict for each, in their order.

    Args:
        programs: taken as they are needed, so this may be a generator.
        limits: for each program; `Limits()` by default.
        workers: how many run at once, of each language, as many as there are cores by default. Verdicts do not depend
            on it.
        strength: "split", where the test is out of the program's reach, or "in_process", the weaker.
        unsafe: go on where the kernel cannot confine programs. What they do then is up to them.
        results: where verdicts are looked for before a program is run, and kept after.

    Raises:
        Unavailable: the kernel cannot confine, and `unsafe` was not said; or what runs a language is not installed.
        ValueError: an argument, or a program's language.
    """
    with Sandbox(limits, workers=workers, strength=strength, unsafe=unsafe, results=results) as sandbox:
        yield from sandbox.run(programs)
