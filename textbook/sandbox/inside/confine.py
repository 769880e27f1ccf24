"""Confining a zygote, once, before its first program: what it forks inherits everything but the filters."""

import os
import resource
import signal
import stat
import sys
from typing import NamedTuple

from . import landlock, node
from .libc import LIBC, PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS, PR_SET_PDEATHSIG, drop_capabilities, prctl
from .namespaces import SCRATCH, make_root
from .seccomp import Filters
from .syscalls import NODE_CALLS, PYTHON_CALLS

LIBRARY = os.path.dirname(os.__file__)  # noqa: PTH120 - a worker loads as little as it can
NUM_FILES = 64
"""Most open files of a program."""
FIRST_USER = 1_900_000_000
"""Programs of a root user run as users from here on, which nobody else is."""
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
SYSTEM = ("/usr/lib", "/usr/lib64", "/lib", "/lib64", "/usr/share/zoneinfo", "/etc/localtime")


class Settings(NamedTuple):
    """What a worker is told when it starts."""

    base: str
    """An empty folder of its own, which whoever started it removes."""
    cpu_s: float
    wall_s: float
    memory_bytes: int
    output_bytes: int
    processes: int
    disk_bytes: int
    unsafe: bool
    """Go on where the kernel cannot confine."""
    seed: int
    """Of the random numbers of each program and each test."""
    node: str
    """What runs JavaScript; empty where Python is run."""
    own_bytes: int
    """Memory that node has before it runs anything."""
    core: int | None
    """The processor core to stay on, if that has been chosen."""
    wrapped: bool
    """bwrap has made the root folder, processes and network of this worker already."""


class Confined(NamedTuple):
    """What came of it."""

    scratch: str
    filters: Filters | None
    """Still to be installed: one in the zygote, one in what it forks."""
    private: bool
    """Whether this is the first process of a namespace, so that all others in it can be ended at once."""
    features: list[str]


def readable(node_path: str) -> tuple[str, ...]:
    """What programs may read: the system's libraries and what their language needs."""
    own = node.readable(node_path) if node_path else (LIBRARY, sys.base_prefix + "/lib")
    return (*own, *SYSTEM, *DEVICES)


def confine(settings: Settings, namespace: str, number: int) -> Confined:
    """Confine this process; `namespace` is what `enter` said, `number` one that no other zygote has.

    Raises:
        OSError: the kernel lacks what is needed, and `settings.unsafe` is not set.
    """
    features = [f"namespaces ({namespace})"] if namespace else []
    features += ["bubblewrap"] if settings.wrapped else []
    root = os.geteuid() == 0
    user = FIRST_USER + number if root and namespace != "user" else os.geteuid()
    if namespace and _rooted(settings, user):
        scratch, features = SCRATCH, [*features, "private root"]
    else:
        scratch = f"{settings.base}/{number}"
        if settings.wrapped:
            scratch = _hidden(scratch, settings.base)
        else:
            os.mkdir(scratch, mode=0o700)  # noqa: PTH102
        needed = (settings.base, LIBRARY, *((node.FOLDER, os.path.dirname(settings.node)) if settings.node else ()))  # noqa: PTH120
        if not (all(map(_open_to_all, needed)) and _given(scratch, user)):
            user = os.geteuid()
    if user != os.geteuid():
        features += _become(user)
    os.chdir(scratch)
    filters = _restrict(settings, scratch, features)
    _limit(settings, bool(namespace) or (root and os.geteuid() != 0))
    os.environ.clear()
    os.environ.update(HOME=scratch, TMPDIR=scratch, LANG="C.UTF-8", PATH="/nonexistent")
    return Confined(scratch, filters, bool(namespace) and os.getpid() == 1, features)


def _rooted(settings: Settings, user: int) -> bool:
    try:
        make_root(settings.base, readable(settings.node), settings.disk_bytes, user)
    except OSError:
        return False
    return True


def _hidden(scratch: str, base: str) -> str:
    """A scratch folder beside that of the other zygote, which is the same user here and cannot find it."""
    scratch += f"-{os.urandom(16).hex()}"
    os.chmod(base, 0o311)  # noqa: PTH101 - which no program may do
    os.mkdir(scratch, mode=0o700)  # noqa: PTH102
    os.chmod(base, 0o111)  # noqa: PTH101
    return scratch


def _given(folder: str, user: int) -> bool:
    try:
        os.chown(folder, user, user)
    except OSError:
        return False
    return True


def _open_to_all(folder: str) -> bool:
    while folder != "/":
        if not os.stat(folder).st_mode & stat.S_IXOTH:  # noqa: PTH116
            return False
        folder = os.path.dirname(folder)  # noqa: PTH120
    return True


def _become(user: int) -> list[str]:
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    return ["own user"]


def _restrict(settings: Settings, scratch: str, features: list[str]) -> Filters | None:
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL, "death signal")
    prctl(PR_SET_NO_NEW_PRIVS, 1, "no new privileges")
    filters = None
    private = settings.wrapped or scratch == SCRATCH
    try:
        shown = ("/",) if private else readable(settings.node)
        runnable = node.executable(settings.node) if settings.node else ()
        landlock.restrict(shown, (scratch, "/dev/null"), runnable)
        features.append("landlock")
    except OSError:
        if not settings.unsafe and not private:
            raise
    try:
        filters = Filters(NODE_CALLS if settings.node else PYTHON_CALLS)
        filters.rehearse()
        features.append("seccomp")
    except (OSError, ValueError):
        filters = None
        if not settings.unsafe:
            raise
    drop_capabilities()
    prctl(PR_SET_DUMPABLE, 0, "not dumpable")
    LIBC.umask(0o077)
    return filters


def _limit(settings: Settings, counted_apart: bool) -> None:
    """Limits that a zygote can live with itself; the one on CPU time is set in each process."""
    limits = [
        *(
            node.limits(settings.memory_bytes, settings.own_bytes)
            if settings.node
            else [(resource.RLIMIT_AS, settings.memory_bytes)]
        ),
        (resource.RLIMIT_FSIZE, settings.disk_bytes),
        (resource.RLIMIT_NOFILE, NUM_FILES),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
    ]
    if counted_apart:  # else the processes of the same user elsewhere would count
        own = node.OWN_THREADS if settings.node else 0
        limits.append((resource.RLIMIT_NPROC, settings.processes + 2 + own))
    for kind, value in limits:
        hard = resource.getrlimit(kind)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (value, value))
