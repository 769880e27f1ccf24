"""The trusted process of a worker: takes jobs, has zygotes fork for them, and says what came of each.

It runs no program and no test, and nothing is forked from it once it has seen one: what it knows, no program can find
in its own memory.
"""

import gc
import json
import os
import signal
import time
from contextlib import closing, suppress
from typing import Any, Final

from . import preload
from .confine import Settings
from .decide import Ending, decide
from .frames import Closed, frame, read_frame, write_all
from .heap import join_mappings
from .job_run import InProcess, Run, Split
from .plain import read
from .plain_candidate import MAX_PACKET
from .plain_run import PlainRun
from .rehearse import rehearse
from .wires import Wires, Zygote, ZygoteLost, meet
from .zygote import start

MAX_JOB: Final = 64 << 20


def main() -> None:
    """Serve until the other side ends. The settings are the first message, features or a failure the first answer."""
    settings = Settings(**json.loads(read_frame(0, MAX_JOB)))
    if settings.core is not None:
        with suppress(OSError):  # taken away meanwhile
            os.sched_setaffinity(0, {settings.core})
    if not settings.node:
        preload.load()
        rehearse()
    gc.collect()
    gc.freeze()  # for the zygotes too
    join_mappings()  # before forking, after which they are not alike any more
    number = os.getpid() % 1_000_000 * 2
    wires = [start(settings, number), start(settings, number + 1)]
    met = [meet(wire) for wire in wires]
    write_all(1, frame(json.dumps([line for line, _ in met]).encode()))
    zygotes = [zygote for _, zygote in met if zygote is not None]
    if len(zygotes) == len(met):
        _serve(Supervisor(settings, *zygotes))
    for zygote in zygotes:
        with suppress(ZygoteLost):
            zygote.signal(signal.SIGKILL)
    _wait_for_all()


def _serve(supervisor: "Supervisor") -> None:
    try:
        while True:
            job = json.loads(read_frame(0, MAX_JOB))
            write_all(1, frame(json.dumps(supervisor.run(job)).encode()))
    except (Closed, ZygoteLost):
        pass


def _wait_for_all() -> None:
    try:
        while True:
            os.waitpid(-1, 0)
    except ChildProcessError:
        pass


class Supervisor:
    """Runs one job at a time."""

    def __init__(self, settings: Settings, programs: Zygote, judges: Zygote) -> None:
        self.settings = settings
        self.programs = programs
        self.judges = judges
        self.job = 0

    def run(self, job: dict[str, Any]) -> list[Any]:
        """Status, reason, CPU seconds, wall seconds and output.

        Raises:
            ZygoteLost: the job has no verdict.
        """
        started = time.monotonic()
        run, ending = self._plainly(job) or self._fully(job)
        status, reason = decide(ending, self.settings)
        output = run.output.decode("utf-8", "replace")
        return [status, reason, ending.cpu_s, time.monotonic() - started, output]

    def _plainly(self, job: dict[str, Any]) -> tuple[Run, Ending] | None:
        """Without a judge, if the test allows that; None where it has to be done otherwise."""
        plain = None if job["mode"] == "in_process" or self.settings.node else read(job["test"], job["entry"])
        if plain is None or sum(len(text) for example in job["examples"] for text in example[:2]) > MAX_PACKET:
            return None
        deadline = time.monotonic() + self.settings.wall_s
        with closing(PlainRun(self._wires(), deadline)) as run:
            run.judge(plain, job)
            ending = run.loop(deadline)
        return None if run.given_up else (run, ending)

    def _fully(self, job: dict[str, Any]) -> tuple[Run, Ending]:
        """With a judge, or with all in one process."""
        kind = InProcess if job["mode"] == "in_process" else Split
        deadline = time.monotonic() + self.settings.wall_s
        with closing(kind(self._wires(), job)) as run:
            return run, run.loop(deadline)

    def _wires(self) -> Wires:
        self.job = (self.job + 1) & 0xFFFFFFFF
        return Wires(self.programs, self.judges, self.job, self.settings.output_bytes)
