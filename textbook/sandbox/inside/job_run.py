"""One job: the processes that are forked for it, what is written to them, and what comes back."""

import json
import os
import select
import socket
import struct
import time
from contextlib import suppress
from typing import Any, Final

from .decide import Ending
from .frames import frame
from .wires import Wires, Zygote, ZygoteLost
from .zygote import DESCRIPTORS, END_PROCESS, ORDER, REPORT

MAX_VERDICT: Final = 1 << 16
GRACE_S: Final = 0.5
"""How long a program may take to write what it has printed, once it is judged."""
AGAIN_S: Final = 0.1
"""After what time it is told again: it may have been told before it had begun."""
LOST_S: Final = 60.0
"""How long a zygote may take to end a process it was told to end."""
NONCE: Final = 16


class Run:
    """The descriptors of one job, and what has come over them so far."""

    def __init__(self, wires: Wires, kind: socket.SocketKind = socket.SOCK_STREAM) -> None:
        self.wires = wires
        self.output = bytearray()
        self.verdict = bytearray()
        self.sending: dict[socket.socket, memoryview] = {}
        self.ending = Ending()
        self.open: set[socket.socket] = set()
        """What is read from."""
        self.waiting: dict[Zygote, bytes] = {}
        """Zygotes that have not reported yet, with what has come of their reports."""
        self.printed, self.wire = socket.socketpair(), socket.socketpair(type=kind)
        self.lost_at = 0.0
        """When the zygotes are given up, once they have been told to end their processes."""
        self.poll = select.poll()
        self.poll.register(0, 0)
        self.polled: dict[int, socket.socket | Zygote] = {}

    def begin(self, zygote: Zygote, role: bytes, first: socket.socket, second: socket.socket) -> None:
        """Have a process forked that is given two descriptors, which are closed here."""
        try:
            rights = DESCRIPTORS.pack(first.fileno(), second.fileno())
            zygote.wire.sendmsg([ORDER.pack(role, self.wires.job)], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
        except OSError as error:
            raise ZygoteLost from error
        self.waiting[zygote] = b""
        self._watch(zygote.wire.fileno(), zygote)

    def _watch(self, number: int, source: socket.socket | Zygote) -> None:
        self.polled[number] = source
        self.poll.register(number, select.POLLIN)

    def _unwatch(self, number: int) -> None:
        del self.polled[number]
        self.poll.unregister(number)

    def listen(self, source: socket.socket) -> None:
        """Read what comes from here."""
        self.open.add(source)
        self._watch(source.fileno(), source)

    def stop(self, source: socket.socket) -> None:
        """Neither read from here any more, nor write to it."""
        if source in self.open:
            self.open.discard(source)
            self.sending.pop(source, None)
            self._unwatch(source.fileno())

    def send(self, target: socket.socket, data: bytes) -> None:
        """Queue what is to be written; reading from `target` begins with it."""
        self.listen(target)
        self.sending[target] = memoryview(data)
        self._write(target)

    def _write(self, target: socket.socket) -> None:
        rest = self.sending[target]
        try:
            rest = rest[target.send(rest, socket.MSG_DONTWAIT) :]
        except BlockingIOError:
            pass
        except OSError:
            rest = rest[:0]
        self.sending[target] = rest
        self.poll.modify(target.fileno(), select.POLLIN | (select.POLLOUT if rest else 0))
        if not rest:
            del self.sending[target]
            self.sent(target)

    def sent(self, target: socket.socket) -> None:
        """All is written: a program finds the end of its input."""
        if target is self.printed[0]:
            with suppress(OSError):
                target.shutdown(socket.SHUT_WR)

    def loop(self, deadline: float) -> Ending:
        """Carry bytes until every process of the job has ended."""
        settled = False
        if self.settled():
            with suppress(BlockingIOError):
                for zygote in list(self.waiting):
                    self._report(zygote)
        while self.waiting:
            if not settled and self.settled():
                settled = True
                deadline = min(deadline, time.monotonic() + GRACE_S)
            left = deadline - time.monotonic()
            if left <= 0:
                left = self._end_processes(by_wall_time=not settled)
                deadline = time.monotonic() + left
            self.step(left)
        self._drain()
        return self.ending._replace(verdict=self.unpack())

    def _end_processes(self, by_wall_time: bool) -> float:
        """Have the processes ended, and say after how many seconds that is to be asked for again."""
        now = time.monotonic()
        if not self.ending.ended_by_us:
            self.ending = self.ending._replace(by_wall_time=by_wall_time, ended_by_us=True)
            self.lost_at = now + LOST_S
        if now > self.lost_at:
            raise ZygoteLost
        for zygote in self.waiting:
            zygote.signal(END_PROCESS)
        return AGAIN_S

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

    def step(self, timeout_s: float) -> None:
        """Wait until something can be read or written, and do that."""
        for number, event in self.poll.poll(timeout_s * 1000):
            if number == 0:
                raise ZygoteLost  # nobody waits for the verdict any more
            source = self.polled.get(number)
            if isinstance(source, Zygote):
                self._report(source)
            if not isinstance(source, socket.socket):
                continue
            if event & select.POLLOUT and source in self.sending:
                self._write(source)
            if event & (select.POLLIN | select.POLLHUP | select.POLLERR):
                self._read(source)

    def _read(self, source: socket.socket) -> None:
        try:
            part = source.recv(1 << 16, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        except OSError:
            part = b""
        if part:
            self.take(source, part)
        else:
            self.stop(source)

    def take(self, source: socket.socket, part: bytes) -> None:
        """Keep what has come."""
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

    def _report(self, zygote: Zygote) -> None:
        try:
            part = zygote.wire.recv(REPORT.size - len(self.waiting[zygote]))
        except BlockingIOError:
            raise
        except OSError as error:
            raise ZygoteLost from error
        if not part:
            raise ZygoteLost
        self.waiting[zygote] += part
        if len(self.waiting[zygote]) < REPORT.size:
            return
        _, status, cpu_s, memory, cleared = REPORT.unpack(self.waiting.pop(zygote))
        self._unwatch(zygote.wire.fileno())
        if not cleared:
            raise ZygoteLost
        if zygote is self.wires.programs:
            self.ending = self.ending._replace(status=status, cpu_s=cpu_s, memory_bytes=memory)
        else:
            self.ending = self.ending._replace(judge_status=status)

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
