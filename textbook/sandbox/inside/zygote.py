"""A process that has loaded what programs need, and forks one for each. It sees neither programs nor tests.

A job comes as one letter, a number and file descriptors; the forked process reads its part from those itself.
The report on its end goes back the same way.
"""

import gc
import math
import os
import random
import resource
import select
import signal
import socket
import struct
from collections.abc import Callable
from typing import Final, NoReturn

from . import candidate, in_process, judge, node
from .confine import NUM_FILES, Confined, Settings, confine
from .libc import fork
from .namespaces import can_enter, enter
from .scratch import clear

ORDER: Final = struct.Struct("<cxxxI")
"""A letter and the job's number."""
REPORT: Final = struct.Struct("<IidqI")
"""The job's number, the status of `wait4`, CPU seconds, most memory in bytes, whether all went well here."""
KILL: Final = b"K"
ROLES: Final[dict[bytes, Callable[[], None]]] = {b"C": candidate.main, b"J": judge.main, b"I": in_process.main}
"""What a forked process is to do. Its first descriptor is 0 (and 1 and 2, unless it is a judge), its second is 3."""


def start(settings: Settings, number: int) -> socket.socket:
    """Fork a zygote; its end of the wire. The first message on it is a line of features, or what went wrong."""
    ours, theirs = socket.socketpair()
    if os.fork() == 0:
        status = 1
        try:
            _keep_only(theirs.fileno())
            _main(theirs, settings, number)
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


def _main(wire: socket.socket, settings: Settings, number: int) -> None:
    """Enter the namespaces, in which only the next process is inside, and wait for that one."""
    os.setsid()
    namespace = enter() if can_enter() else ""
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
        wire.sendall((", ".join(confined.features) + "\n").encode())
        gc.collect()
        gc.freeze()
        gc.disable()
        _serve(wire, confined, settings)
    finally:
        os._exit(0)  # the supervisor sees the end of the wire


def _serve(wire: socket.socket, confined: Confined, settings: Settings) -> None:
    while True:
        order, descriptors, _, _ = socket.recv_fds(wire, ORDER.size, 3)
        if len(order) < ORDER.size:
            return
        role, job = ORDER.unpack(order)
        if role == KILL:
            continue  # it ended by itself
        child = fork()
        if child == 0:
            _become(role, descriptors, confined, settings)
        for descriptor in descriptors:
            os.close(descriptor)
        wire.sendall(_watch(wire, child, job, confined))


def _watch(wire: socket.socket, child: int, job: int, confined: Confined) -> bytes:
    """Wait for the end of a process, or end it when told to; nothing of it is left afterwards."""
    watched = os.pidfd_open(child)
    poll = select.poll()
    poll.register(watched, select.POLLIN)
    poll.register(wire, select.POLLIN)
    while True:
        ready = {descriptor for descriptor, _ in poll.poll()}
        if watched in ready:
            break
        order = wire.recv(ORDER.size)
        if len(order) < ORDER.size or ORDER.unpack(order) == (KILL, job):
            os.kill(child, signal.SIGKILL)
            poll.unregister(wire)
    os.close(watched)
    _, status, usage = os.wait4(child, 0)
    if confined.private:
        _end_all()
    cleared = clear(confined.scratch)
    cpu_s = usage.ru_utime + usage.ru_stime
    return REPORT.pack(job, status, cpu_s, usage.ru_maxrss << 10, cleared)


def _end_all() -> None:
    """End every other process of this namespace, whose first one this is."""
    try:
        os.kill(-1, signal.SIGKILL)
        while True:
            os.waitpid(-1, 0)
    except (ProcessLookupError, ChildProcessError):
        pass


def _become(role: bytes, descriptors: list[int], confined: Confined, settings: Settings) -> NoReturn:
    status = 1
    try:
        first, second = descriptors
        os.dup2(first, 0)
        if role != b"J":
            os.dup2(first, 1)
            os.dup2(first, 2)
        os.dup2(second, 3)  # 0, 1 and 2 were in use, so this one is not among them
        os.closerange(4, NUM_FILES)
        seconds = math.ceil(settings.cpu_s)
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
        if settings.node:
            node.become(role, settings.node, settings.memory_bytes, settings.seed, confined.filter)
        if confined.filter is not None:
            confined.filter.install()
        random.seed(settings.seed)
        ROLES[role]()
        status = 0
    finally:
        os._exit(status)
