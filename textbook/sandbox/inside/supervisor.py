"""The trusted process of a worker: takes jobs, has zygotes fork for them, and says what came of each.

It runs no program and no test, and nothing is forked from it once it has seen one: what it knows, no program can find
in its own memory.
"""

import json
import os
import socket
import time
from typing import Any, Final

from . import preload
from .confine import Settings
from .decide import decide
from .frames import Closed, frame, read_frame, write_all
from .job_run import InProcess, Split, Wires, ZygoteLost
from .rehearse import rehearse
from .zygote import start

MAX_JOB: Final = 64 << 20


def main() -> None:
    """Serve until the other side ends. The settings are the first message, features or a failure the first answer."""
    settings = Settings(**json.loads(read_frame(0, MAX_JOB)))
    if not settings.node:
        preload.load()
        rehearse()
    number = os.getpid() % 1_000_000 * 2
    wires = [start(settings, number), start(settings, number + 1)]
    hello = [_line(wire) for wire in wires]
    write_all(1, frame(json.dumps(hello).encode()))
    if any(line.startswith("!") for line in hello):
        return
    supervisor = Supervisor(settings, *wires)
    try:
        while True:
            job = json.loads(read_frame(0, MAX_JOB))
            write_all(1, frame(json.dumps(supervisor.run(job)).encode()))
    except (Closed, ZygoteLost):
        pass
    finally:
        for wire in wires:
            wire.close()
        _wait_for_all()


def _line(wire: socket.socket) -> str:
    text = b""
    while not text.endswith(b"\n"):
        part = wire.recv(4096)
        if not part:
            return "!the zygote ended"
        text += part
    return text.decode().strip()


def _wait_for_all() -> None:
    try:
        while True:
            os.waitpid(-1, 0)
    except ChildProcessError:
        pass


class Supervisor:
    """Runs one job at a time."""

    def __init__(self, settings: Settings, programs: socket.socket, judges: socket.socket) -> None:
        self.settings = settings
        self.programs = programs
        self.judges = judges
        self.job = 0

    def run(self, job: dict[str, Any]) -> list[Any]:
        """Status, reason, CPU seconds, wall seconds and output.

        Raises:
            ZygoteLost: the job has no verdict.
        """
        self.job = (self.job + 1) & 0xFFFFFFFF
        started = time.monotonic()
        wires = Wires(self.programs, self.judges, self.job, self.settings.output_bytes)
        run = InProcess(wires, job) if job["mode"] == "in_process" else Split(wires, job)
        try:
            ending = run.loop(started + self.settings.wall_s)
        finally:
            run.close()
        status, reason = decide(ending, self.settings)
        output = run.output.decode("utf-8", "replace")
        return [status, reason, ending.cpu_s, time.monotonic() - started, output]
