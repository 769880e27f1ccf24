"""One job: the processes that are forked for it, what is written to them, and what comes back."""

import json
import os
import select
import socket
import struct
import time
from contextlib import suppress
from typing import Any, Final, NamedTuple

from .decide import Ending
from .frames import frame
from .zygote import KILL, ORDER, REPORT

MAX_VERDICT: Final = 1 << 16
GRACE_S: Final = 0.5
"""How long a program may take to write what it has printed, once it is judged."""
LOST_S: Final = 60.0
"""How long a zygote may take to end a process it was told to end."""
NONCE: Final = 16


class ZygoteLost(Exception):
    """A zygote is gone, or could not clean up: this worker has to be replaced."""


class Wires(NamedTuple):
    """What a job needs to know of its worker."""

    programs: socket.socket
    """The zygote of programs."""
    judges: socket.socket
    """The zygote of judges."""
    job: int
    output_bytes: int


class Run:
    """The descriptors of one job, and what has come over them so far."""

    def __init__(self, wires: Wires) -> None:
        self.wires = wires
        self.output = bytearray()
        self.verdict = bytearray()
        self.sending: dict[socket.socket, memoryview] = {}
        self.ending = Ending()
        self.open: set[socket.socket] = set()
        self.waiting: dict[socket.socket, bytes] = {}
        """Zygotes that have not reported yet, with what has come of their reports."""
        self.printed, self.wire = self._pair(), self._pair()

    def _pair(self) -> tuple[socket.socket, socket.socket]:
        return socket.socketpair()

    def begin(self, zygote: socket.socket, role: bytes, first: socket.socket, second: socket.socket) -> None:
        """Have a process forked that is given two descriptors, which are closed here."""
        try:
            socket.send_fds(zygote, [ORDER.pack(role, self.wires.job)], [first.fileno(), second.fileno()])
        except OSError as error:
            raise ZygoteLost from error
        self.waiting[zygote] = b""

    def send(self, target: socket.socket, data: bytes) -> None:
        """Queue what is to be written; reading from `target` begins with it."""
        target.setblocking(False)
        self.open.add(target)
        self.sending[target] = memoryview(data)
        self._write(target)

    def _write(self, target: socket.socket) -> None:
        rest = self.sending[target]
        try:
            rest = rest[target.send(rest) :]
        except BlockingIOError:
            return
        except OSError:
            rest = rest[:0]
        if rest:
            self.sending[target] = rest
        else:
            del self.sending[target]
            self.sent(target)

    def sent(self, target: socket.socket) -> None:
        """All is written: a program finds the end of its input."""
        if target is self.printed[0]:
            with suppress(OSError):
                target.shutdown(socket.SHUT_WR)

    def loop(self, deadline: float) -> Ending:
        """Carry bytes until every process of the job has ended."""
        settled = killed = False
        while self.waiting:
            left = deadline - time.monotonic()
            if left <= 0 and killed:
                raise ZygoteLost
            if left <= 0:
                killed = True
                self.ending = self.ending._replace(by_wall_time=self.ending.by_wall_time or not settled)
                self._kill()
                left = LOST_S
                deadline = time.monotonic() + LOST_S
            self._step(left)
            if not settled and self.settled():
                settled = True
                deadline = min(deadline, time.monotonic() + GRACE_S)
        self._drain()
        return self.ending._replace(verdict=self.unpack())

    def settled(self) -> bool:
        """Whether nothing more can change the verdict."""
        return self.judged()

    def judged(self) -> bool:
        """Whether the verdict is here, whole."""
        return len(self.verdict) >= 4 and len(self.verdict) - 4 >= struct.unpack("<I", self.verdict[:4])[0]

    def unpack(self) -> list[str] | None:
        """The verdict, if it is one."""
        if not self.judged():
            return None
        body = self.body(bytes(self.verdict[4:]))
        try:
            found = json.loads(body) if body is not None else None
        except (ValueError, RecursionError):
            return None
        return found if isinstance(found, list) and [type(part) for part in found] == [str, str] else None

    def body(self, verdict: bytes) -> bytes | None:
        """What a verdict says."""
        return verdict

    def _step(self, timeout_s: float) -> None:
        poll = select.poll()
        by_number: dict[int, socket.socket] = {}
        for each in self.open:
            poll.register(each, select.POLLIN | (select.POLLOUT if each in self.sending else 0))
            by_number[each.fileno()] = each
        for zygote in self.waiting:
            poll.register(zygote, select.POLLIN)
            by_number[zygote.fileno()] = zygote
        poll.register(0, 0)
        for number, event in poll.poll(timeout_s * 1000):
            if number == 0:
                raise ZygoteLost  # nobody waits for the verdict any more
            source = by_number[number]
            if source in self.waiting:
                self._report(source)
                continue
            if event & select.POLLOUT and source in self.sending:
                self._write(source)
            if event & (select.POLLIN | select.POLLHUP | select.POLLERR):
                self._read(source)

    def _read(self, source: socket.socket) -> None:
        try:
            part = source.recv(1 << 16)
        except BlockingIOError:
            return
        except OSError:
            part = b""
        if not part:
            self.open.discard(source)
            self.sending.pop(source, None)
            return
        kept, most = (
            (self.output, self.wires.output_bytes) if source is self.printed[0] else (self.verdict, MAX_VERDICT)
        )
        kept += part[: max(0, most - len(kept))]

    def _drain(self) -> None:
        """What was written before the end, and not read yet."""
        for source in list(self.open):
            while source in self.open:
                before = len(self.output), len(self.verdict)
                self._read(source)
                if (len(self.output), len(self.verdict)) == before:
                    break

    def _report(self, zygote: socket.socket) -> None:
        try:
            part = zygote.recv(REPORT.size - len(self.waiting[zygote]))
        except OSError as error:
            raise ZygoteLost from error
        if not part:
            raise ZygoteLost
        self.waiting[zygote] += part
        if len(self.waiting[zygote]) < REPORT.size:
            return
        _, status, cpu_s, memory, cleared = REPORT.unpack(self.waiting.pop(zygote))
        if not cleared:
            raise ZygoteLost
        if zygote is self.wires.programs:
            self.ending = self.ending._replace(status=status, cpu_s=cpu_s, memory_bytes=memory)
        else:
            self.ending = self.ending._replace(judge_status=status)

    def _kill(self) -> None:
        for zygote in self.waiting:
            try:
                zygote.sendall(ORDER.pack(KILL, self.wires.job))
            except OSError as error:
                raise ZygoteLost from error

    def close(self) -> None:
        """Close what is open."""
        for pair in (self.printed, self.wire):
            for each in pair:
                each.close()


class Split(Run):
    """A program and its judge, which talk to each other over a channel that this process does not hold."""

    def __init__(self, wires: Wires, job: dict[str, Any]) -> None:
        super().__init__(wires)
        for_program, for_judge = socket.socketpair()
        try:
            self.begin(wires.programs, b"C", self.printed[1], for_program)
            self.begin(wires.judges, b"J", self.wire[1], for_judge)
        finally:
            for each in (self.printed[1], self.wire[1], for_program, for_judge):
                each.close()
        self.send(self.printed[0], frame(job["code"].encode("utf-8", "surrogatepass")))
        rest = {name: job[name] for name in ("test", "entry", "examples")}
        self.send(self.wire[0], frame(json.dumps(rest).encode()))

    def settled(self) -> bool:
        """The judge has spoken, or has ended without."""
        return self.judged() or self.wires.judges not in self.waiting


class InProcess(Run):
    """One process for both."""

    def __init__(self, wires: Wires, job: dict[str, Any]) -> None:
        super().__init__(wires)
        self.nonce = os.urandom(NONCE)
        try:
            self.begin(wires.programs, b"I", self.printed[1], self.wire[1])
        finally:
            self.printed[1].close()
            self.wire[1].close()
        self.send(self.printed[0], b"")
        rest = {name: job[name] for name in ("code", "test", "entry", "examples")}
        self.send(self.wire[0], frame(json.dumps(rest).encode()) + self.nonce)

    def body(self, verdict: bytes) -> bytes | None:
        """Tied to this job by the number that came last."""
        return verdict[NONCE:] if verdict[:NONCE] == self.nonce else None
