"""Calls into the C library that Python has no function for."""

import ctypes
import os
from typing import Final

LIBC: Final = ctypes.CDLL(None, use_errno=True)

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_SET_SECUREBITS = 1, 4, 24, 38, 28
_CAPABILITY_VERSION_3 = 0x20080522
_NOROOT_LOCKED = 0b1111
"""SECBIT_NOROOT and NO_SETUID_FIXUP, both locked: user id 0 means nothing any more."""


_PLAIN: Final = ctypes.PyDLL(None)
"""Without `errno`, and without letting other threads run meanwhile: less to do where a process has just been forked."""
_FORK, PRCTL, KILL = _PLAIN.fork, _PLAIN.prctl, _PLAIN.kill


def fork() -> int:
    """As `os.fork`, without the hooks that Python runs in the child: a third of what a short program costs.

    Those reset locks and threads, of which a zygote has none, and `random`, which the child has to seed itself.

    Raises:
        OSError: there can be no more processes.
    """
    child = int(_FORK())
    if child < 0:
        raise OSError("fork: there can be no more processes")
    return child


def check(result: int, what: str) -> int:
    """The result of a call.

    Raises:
        OSError: it is negative.
    """
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def prctl(option: int, value: int, what: str) -> None:
    """One of the calls with a single argument."""
    check(LIBC.prctl(option, value, 0, 0, 0), what)


def drop_capabilities() -> None:
    """Give up every capability, for good."""
    for number in range(64):
        LIBC.prctl(PR_CAPBSET_DROP, number, 0, 0, 0)  # EINVAL past the last, EPERM where there is none to drop
    LIBC.prctl(PR_SET_SECUREBITS, _NOROOT_LOCKED, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    nothing = (ctypes.c_uint32 * 6)()
    check(LIBC.capset(header, nothing), "capset")
