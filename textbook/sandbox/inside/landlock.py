"""Landlock: which files a process and all it starts may still reach.

It does not hide that a file exists; the private root of `namespaces` does, where it can be had.
"""

import os
import struct
from collections.abc import Iterable

from .libc import LIBC, check

_CREATE, _ADD, _RESTRICT = 444, 445, 446
"""The same numbers on x86-64 and arm64."""
_ASK_VERSION = 1
_PATH_BENEATH = 1
_EXECUTE, _WRITE, _READ, _READ_DIR, _TRUNCATE = 1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 14
_MAKE_SOCKET_OR_DEVICE = 1 << 6 | 1 << 9 | 1 << 10 | 1 << 11
_SCRATCH = (1 << 15) - 1 & ~(_EXECUTE | _MAKE_SOCKET_OR_DEVICE)
_ON_FILES = _EXECUTE | _WRITE | _READ | _TRUNCATE
_RIGHTS_OF_VERSION = (0, 13, 14, 15, 15, 16)
"""How many rights on files the kernel knows; version 5 adds the one on devices."""


def version() -> int:
    """The version of Landlock that the kernel has, 0 for none."""
    return max(0, int(LIBC.syscall(_CREATE, None, 0, _ASK_VERSION)))


def restrict(readable: Iterable[str], writable: Iterable[str], executable: Iterable[str]) -> None:
    """Let this process, from here on, read below `readable`, read and write below `writable`, run `executable`.

    Paths that do not exist are passed over. TCP and signals to other processes are refused too where the kernel can.

    Raises:
        OSError: there is no Landlock, or it refuses.
    """
    abi = version()
    handled = (1 << _RIGHTS_OF_VERSION[min(abi, 5)]) - 1
    network, scope = (3 if abi >= 4 else 0), (3 if abi >= 6 else 0)
    attributes = struct.pack("=QQQ", handled, network, scope)[: 24 if abi >= 6 else 16 if abi >= 4 else 8]
    rules = check(LIBC.syscall(_CREATE, attributes, len(attributes), 0), "landlock")
    try:
        for paths, rights in ((readable, _READ | _READ_DIR), (writable, _SCRATCH), (executable, _READ | _EXECUTE)):
            for path in paths:
                if os.path.exists(path):  # noqa: PTH110 - a worker loads as little as it can
                    _allow(rules, path, rights & handled)
        check(LIBC.syscall(_RESTRICT, rules, 0), "landlock")
    finally:
        os.close(rules)


def _allow(rules: int, path: str, rights: int) -> None:
    target = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        if not os.path.isdir(path):  # noqa: PTH112
            rights &= _ON_FILES
        check(LIBC.syscall(_ADD, rules, _PATH_BENEATH, struct.pack("=Qi", rights, target), 0), f"landlock: {path}")
    finally:
        os.close(target)
