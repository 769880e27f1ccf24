"""The memory of a zygote, laid out so that forking costs the kernel little.

It copies a record for each mapping, and each page that a forked process writes to: most of what a short program costs.
"""

import ctypes
from contextlib import suppress
from itertools import groupby, pairwise
from typing import Any, Final

from .libc import LIBC

SIZES: Final = range(32, 513, 16)
"""Those of the small objects that Python keeps in pools of one size, but for the smallest."""
MOST: Final = 1_000
"""Most objects of one size that are made in search of a new pool; there were up to 550 gaps."""
_POOL, _HEADER = 16 << 10, 48
_EMPTY: Final = b"".__sizeof__()
_WRITABLE, _EXECUTABLE = 3, 5
"""PROT_READ with PROT_WRITE, and with PROT_EXEC."""


def fill_gaps() -> list[Any]:
    """Objects in the gaps that others left: of each size, what is made next lies in a new pool. To be held on to."""
    fillers: list[Any] = []
    for size in SIZES:
        for i in range(MOST):
            filler: Any = bytes(size - _EMPTY) if size >= _EMPTY else float(i)
            fillers.append(filler)
            if id(filler) % _POOL == _HEADER:  # the first of a pool
                break
    return fillers


def join_mappings() -> None:
    """Have each shared library lie in two mappings, not five.

    What it only reads becomes executable or writable as well, which costs nothing: programs may map what they like.
    """
    with suppress(OSError), open("/proc/self/maps") as lines:  # noqa: PTH123 - a worker loads as little as it can
        mappings = [line.split(maxsplit=5) for line in lines]
        for name, parts in groupby(mappings, key=lambda each: each[5].strip() if len(each) > 5 else ""):
            if ".so" in name and "/ld-" not in name:
                for (place, mode, *_), (_, after, *_) in pairwise(parts):
                    first, last = (int(end, 16) for end in place.split("-"))
                    if mode == "r--p":
                        mode_bits = _WRITABLE if after == "rw-p" else _EXECUTABLE
                        LIBC.mprotect(ctypes.c_void_p(first), ctypes.c_size_t(last - first), mode_bits)
