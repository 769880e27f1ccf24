"""A process that has loaded what programs need, and forks one for each. It sees neither programs nor tests.

A job comes as one letter, a number and file descriptors; the forked process reads its part from those itself.
The report on its end goes back the same way.
"""

import gc
import math
import os
import random
import resource
import signal
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, NoReturn

from . import candidate, in_process, judge, node, plain_candidate
from .confine import NUM_FILES, Confined, Settings, confine
from .heap import fill_gaps
from .libc import KILL, PR_SET_PDEATHSIG, fork, prctl
from .namespaces import can_enter, enter
from .scratch import clear

ORDER: Final = struct.Struct("<cxxxI")
"""A letter and the job's number."""
REPORT: Final = struct.Struct("<IidqI")
"""The job's number, the status of `wait4`, CPU seconds, most memory in bytes, whether all went well here."""
DESCRIPTORS: Final = struct.Struct("=ii")
END_PROCESS: Final = signal.SIGUSR1
"""Has a zygote end the process that it has forked."""
ROLES: Final[dict[bytes, Callable[[], None]]] = {
    b"C": candidate.main,
    b"P": plain_candidate.main,
    b"J": judge.main,
    b"I": in_process.main,
}
"""What a forked process is to do."""
_ROOM: Final = socket.CMSG_SPACE(DESCRIPTORS.size)


def start(settings: Settings, number: int) -> socket.socket:
    """Fork a zygote; its end of the wire.

    The first message on it is a line: of features, with a descriptor that stands for the zygote's process, or `!` and
    what went wrong.
    """
    ours, theirs = socket.socketpair()
    parent = os.getpid()
    if os.fork() == 0:
        status = 1
        try:
            _keep_only(theirs.fileno())
            _main(theirs, settings, number, parent)
            status = 0
        except Exception as error:
            theirs.sendall(f"!{error}\n".encode())
        finally:
            os._exit(status)
    theirs.close()
    return ours


def _keep_only(descriptor: int) -> None:
    """Close all but one, with nothing to read and nowhere to write on 0, 1 and 2."""
    os.closerange(3, descriptor)
    os.closerange(descriptor + 1, 256)
    nothing = os.open("/dev/null", os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    os.close(nothing)


def _main(wire: socket.socket, settings: Settings, number: int, parent: int) -> None:
    """Enter the namespaces, in which only the next process is inside, and wait for that one."""
    os.setsid()
    namespace = enter() if can_enter() else ""
    _end_with(parent)
    parent = os.getpid()
    child = os.fork()
    if child != 0:
        wire.close()
        os.waitpid(child, 0)
        return
    try:
        confined = confine(settings, namespace, number)
        if not namespace and os.getppid() != parent:
            os._exit(1)  # it ended before it could be watched
    except Exception as error:
        wire.sendall(f"!{error}\n".encode())
        os._exit(0)
    try:
        features = (", ".join(confined.features) + "\n").encode()
        socket.send_fds(wire, [features], [os.pidfd_open(os.getpid())])
        if confined.filters is not None:
            confined.filters.zygote.install()
        random.seed(settings.seed)
        plain_candidate.prepare()
        gc.collect()
        gc.freeze()
        gc.disable()
        fillers = fill_gaps()
        _Server(wire, confined, settings).serve()
        del fillers
    finally:
        os._exit(0)  # the supervisor sees the end of the wire


def _end_with(parent: int) -> None:
    """End when the parent does.

    Raises:
        OSError: it has ended.
    """
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL, "death signal")
    if os.getppid() != parent:
        raise OSError("the parent has ended")


class _Server:
    """Forks, and waits. Does and touches little on the way: after each fork, each page written to costs a copy."""

    def __init__(self, wire: socket.socket, confined: Confined, settings: Settings) -> None:
        self.wire = wire
        self.confined = confined
        self.settings = settings
        self.process = os.getpid()
        self.child = 0
        """The process that has been forked and not waited for."""
        self.to_end = False
        """Whether it is to be ended."""
        seconds = math.ceil(settings.cpu_s)
        self.cpu_limit = seconds, seconds + 1
        signal.signal(END_PROCESS, self._end)

    def _end(self, *_: Any) -> None:
        self.to_end = True
        if self.child:
            with suppress(ProcessLookupError):  # it has ended just now
                os.kill(self.child, signal.SIGKILL)

    def serve(self) -> None:
        """Fork for each order, until there are no more."""
        wire, confined = self.wire, self.confined
        while True:
            order, ancillary, _, _ = wire.recvmsg(ORDER.size, _ROOM)
            if len(order) < ORDER.size:
                return
            role, job = ORDER.unpack(order)
            first, second = DESCRIPTORS.unpack(ancillary[0][2])
            self.to_end = False
            child = fork()
            if child == 0:
                self._become(role, first, second)
            self.child = child
            if self.to_end:
                os.kill(child, signal.SIGKILL)
            os.close(first)
            os.close(second)
            _, status, usage = os.wait4(child, 0)
            self.child = 0
            if confined.private:
                _end_all()
            cpu_s = usage.ru_utime + usage.ru_stime
            wire.sendall(REPORT.pack(job, status, cpu_s, usage.ru_maxrss << 10, clear(confined.scratch)))

    def _become(self, role: bytes, first: int, second: int) -> NoReturn:
        """What the forked process does: its first descriptor is 0, and 1 and 2 but for a judge; its second is 3."""
        status = 1
        try:
            os.dup2(first, 0)
            if role != b"J":
                os.dup2(first, 1)
                os.dup2(first, 2)
            os.dup2(second, 3)  # 0, 1 and 2 were in use, so this one is not among them
            os.closerange(4, NUM_FILES)
            resource.setrlimit(resource.RLIMIT_CPU, self.cpu_limit)
            if not self.confined.private:
                _end_with(self.process)
            rest = self.confined.filters.rest if self.confined.filters is not None else None
            if self.settings.node:
                node.become(role, self.settings.node, self.settings.memory_bytes, self.settings.seed, rest)
            if rest is not None:
                rest.install()
            ROLES[role]()
            status = 0
        finally:
            os._exit(status)


def _end_all() -> None:
    """End every other process of this namespace, whose first one this is."""
    while KILL(-1, signal.SIGKILL) == 0:
        os.waitpid(-1, 0)
