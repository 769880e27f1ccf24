"""`run`: programs in, verdicts out, in the order of the programs, whatever the number of workers."""

import os
import selectors
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

from textbook.sandbox.program import Limits, Program, Strength, Verdict
from textbook.sandbox.worker import Unavailable, Worker

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
    attempts: int = 0

    def job(self, strength: Strength) -> dict[str, Any]:
        program = self.program
        examples = [[example.source, example.want] for example in program.examples]
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
    ) -> None:
        """Start nothing yet; workers start with the first programs.

        Raises:
            ValueError: fewer than one worker, or no such strength.
        """
        num_workers = workers if workers is not None else len(os.sched_getaffinity(0))
        if num_workers < 1:
            raise ValueError(f"got workers={workers}; expected 1 or more")
        if strength not in ("split", "in_process"):
            raise ValueError(f"got strength={strength!r}; expected 'split' or 'in_process'")
        self.limits = limits or Limits()
        self.num_workers = num_workers
        self.strength: Strength = strength
        self.unsafe = unsafe
        self.num_replaced = 0
        """Workers that were lost and replaced."""
        self._workers: list[Worker] = []
        self._selector = selectors.DefaultSelector()
        self._busy = False

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
                    ready.append(_Task(taken, _checked(program)))
                    taken += 1
            if taken == given and not more:
                return
            if given not in done:
                self._hand_out(ready)
                self._collect(ready, done)
            while given in done:
                yield done.pop(given)
                given += 1

    def _hand_out(self, ready: deque[_Task]) -> None:
        """The least busy worker first; a new one before a second job for any."""
        while ready:
            worker = min(self._workers, key=lambda each: len(each.jobs), default=None)
            if (worker is None or worker.jobs) and len(self._workers) < self.num_workers:
                worker = Worker(self.limits, self.unsafe)
                self._workers.append(worker)
                self._selector.register(worker, selectors.EVENT_READ)
            if worker is None or len(worker.jobs) >= DEPTH:
                return
            task = ready.popleft()
            worker.submit(task, task.job(self.strength))

    def _collect(self, ready: deque[_Task], done: dict[int, Verdict]) -> None:
        for key, _ in self._selector.select(timeout=1.0):
            worker = key.fileobj
            assert isinstance(worker, Worker)
            try:
                answers = worker.receive()
            except Unavailable:
                self.close()
                raise
            if answers is None:
                self._replace(worker, ready, done)
                continue
            for task, (status, reason, cpu_s, wall_s, output) in answers:
                done[task.number] = Verdict(status, self.strength, reason, cpu_s, wall_s, output, task.program.key)
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
    if program.language != "python":
        raise ValueError(f"got language={program.language!r}; expected 'python', the only one with a runner")
    return program


def run(
    programs: Iterable[Program],
    limits: Limits | None = None,
    *,
    workers: int | None = None,
    strength: Strength = "split",
    unsafe: bool = False,
) -> Iterator[Verdict]:
    """Run untrusted programs: one verdict for each, in their order.

    Args:
        programs: taken as they are needed, so this may be a generator.
        limits: for each program; `Limits()` by default.
        workers: how many run at once, as many as there are cores by default. Verdicts do not depend on it.
        strength: "split", where the test is out of the program's reach, or "in_process", the weaker.
        unsafe: go on where the kernel cannot confine programs. What they do then is up to them.

    Raises:
        Unavailable: the kernel cannot confine, and `unsafe` was not said.
        ValueError: an argument, or a program's language.
    """
    with Sandbox(limits, workers=workers, strength=strength, unsafe=unsafe) as sandbox:
        yield from sandbox.run(programs)
