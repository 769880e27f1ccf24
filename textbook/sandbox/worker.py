"""A worker as its owner sees it: a fresh interpreter that takes jobs over a pipe and answers in their order."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import deque
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from textbook.sandbox.bubblewrap import PYTHON, wrapped
from textbook.sandbox.commands import Command
from textbook.sandbox.inside.frames import frame
from textbook.sandbox.program import Limits, Unavailable

PARENT: Final = str(Path(__file__).parent)
_START = "import sys; sys.path.insert(0, {parent!r}); from inside.supervisor import main; sys.path.pop(0); main()"
ENVIRONMENT: Final = {"LANG": "C.UTF-8", "MALLOC_ARENA_MAX": "2", "PATH": "/nonexistent"}
"""All that a worker has of an environment, but for the hash seed: a set's order then depends on no worker."""
SLACK_S: Final = 60.0
"""How long a worker may take to answer past twice the wall limit, for some programs run twice, before it is lost."""
_MOST = 32 << 20


class Worker:
    """Started at once; ends with `close`, or with its owner."""

    def __init__(
        self, limits: Limits, unsafe: bool, seed: int, command: Command, bwrap: str | None, core: int | None
    ) -> None:
        self.limits = limits
        self.command = command
        self.core = core
        self.jobs: deque[Any] = deque()
        """What has been sent and not answered, oldest first: that one is running."""
        self.since = time.monotonic()
        """When the one that is running began, at the earliest."""
        self.base = tempfile.mkdtemp(prefix="textbook-sandbox-")
        Path(self.base).chmod(0o711)  # programs of a root user run as others, who must get to their scratch folder
        self._buffer = bytearray()
        # -E would ignore the hash seed; this environment holds nothing else that Python reads.
        line = [sys.executable, "-s", "-S", "-P", "-c", _START.format(parent=PARENT)]
        if bwrap is not None:
            line = [*wrapped(bwrap, self.base, command.path, limits.disk_bytes), PYTHON, *line[1:]]
        try:
            self._process = subprocess.Popen(
                line,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**ENVIRONMENT, "PYTHONHASHSEED": str(seed)},
                cwd="/",
                start_new_session=True,
                bufsize=0,
            )
        except BaseException:
            shutil.rmtree(self.base, ignore_errors=True)
            raise
        how: dict[str, Any] = {"unsafe": unsafe, "seed": seed, "wrapped": bwrap is not None, "core": core}
        how |= {"node": command.path, "own_bytes": command.own_bytes}
        self._send({"base": self.base, **how, **asdict(limits)})
        self.features: list[str] | None = None

    def fileno(self) -> int:
        """What to wait for with a selector."""
        assert self._process.stdout is not None
        return self._process.stdout.fileno()

    def submit(self, token: Any, job: dict[str, Any]) -> None:
        """Have a job done; `token` comes back with its answer."""
        if not self.jobs:
            self.since = time.monotonic()
        self.jobs.append(token)
        self._send(job)

    def receive(self) -> list[tuple[Any, list[Any]]] | None:
        """Answers that are there, each with its token; None where the worker has ended. Waits for the first byte.

        Raises:
            Unavailable: the worker says that it cannot confine.
        """
        part = os.read(self.fileno(), 1 << 18)
        if not part:
            return None
        self._buffer += part
        answers = []
        while len(self._buffer) >= 4:
            length = int.from_bytes(self._buffer[:4], "little")
            if length > _MOST or len(self._buffer) < 4 + length:
                break
            body = json.loads(bytes(self._buffer[4 : 4 + length]))
            del self._buffer[: 4 + length]
            if self.features is None:
                self.features = _features(body)
                continue
            answers.append((self.jobs.popleft(), body))
            self.since = time.monotonic()
        return answers

    @property
    def overdue(self) -> bool:
        """Whether an answer should have come long ago."""
        waiting = bool(self.jobs) or self.features is None
        return waiting and time.monotonic() > self.since + 2 * self.limits.wall_s + SLACK_S

    def close(self) -> None:
        """End the worker and all it started, and remove its folder."""
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()
        try:
            self._process.wait(timeout=2.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self.base, ignore_errors=True)

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        data = memoryview(frame(json.dumps(message).encode()))
        try:
            while data:
                data = data[self._process.stdin.write(data) or 0 :]
        except OSError:
            pass  # it has ended, which `receive` will say


def _features(hello: list[str]) -> list[str]:
    for line in hello:
        if line.startswith("!"):
            remedy = (
                "run on Linux 5.13 or later with Landlock and seccomp (in Docker: version 23 or later, whose default"
                " profile lets them through), or install bubblewrap, or say unsafe=True to run programs with what"
                " protection there is"
            )
            raise Unavailable(f"programs cannot be confined here: {line[1:]}; {remedy}")
    return sorted({feature for line in hello for feature in line.split(", ") if feature})
