"""JavaScript: a forked process becomes node, which runs a script of `textbook/sandbox/javascript`.

node starts threads, and reserves many times the addresses that it uses: its limits differ, and `RLIMIT_DATA` stands for
`RLIMIT_AS`. The filter lets it be started, from a descriptor that is closed by that; no program can start it again by
what JavaScript offers, and Landlock lets nothing else be started by whoever has broken out of JavaScript.
"""

import ctypes
import os
import platform
import resource
from typing import Final, NoReturn

from .libc import LIBC, check
from .seccomp import Filter
from .syscalls import NODE_BINARY

SCRIPTS: Final = {b"C": "candidate.cjs", b"J": "judge.cjs", b"I": "in_process.cjs"}
FOLDER: Final = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + "/javascript"  # noqa: PTH100, PTH120
JUDGE_WIRE: Final = 4
"""Where a judge finds the wire to the supervisor, away from its test's standard input."""
MORE_BYTES: Final = 64 << 20
"""For what node starts as it runs: its pool of threads has 33 MB."""
OWN_THREADS: Final = 16
STACK_BYTES: Final = 4 << 20
_EXECVEAT: Final = {"x86_64": 322, "aarch64": 281}
_AT_EMPTY_PATH: Final = 0x1000


def readable(node: str) -> tuple[str, ...]:
    """What node needs to read besides the system's libraries."""
    return (node, os.path.dirname(os.path.dirname(node)) + "/lib", FOLDER)  # noqa: PTH120


def executable(node: str) -> tuple[str, ...]:
    """node, and what the kernel starts it with."""
    found = [node]
    for folder in ("/lib64", "/lib"):
        if os.path.isdir(folder):  # noqa: PTH112 - a worker loads as little as it can
            found += [f"{folder}/{name}" for name in os.listdir(folder) if name.startswith("ld-")]  # noqa: PTH208
    return tuple(found)


def limits(memory_bytes: int, own_bytes: int) -> list[tuple[int, int]]:
    """In place of the limit on addresses; `own_bytes` is what node can write to before it runs anything."""
    return [(resource.RLIMIT_DATA, memory_bytes + own_bytes + MORE_BYTES), (resource.RLIMIT_STACK, STACK_BYTES)]


def become(role: bytes, node: str, memory_bytes: int, seed: int, filter_: Filter | None) -> NoReturn:
    """Be node from here on, with the environment of this process, which is that of a zygote.

    Raises:
        OSError: it could not be started.
    """
    if role == b"J":
        os.dup2(0, JUDGE_WIRE)
        os.dup2(1, 0)  # nothing
    binary = os.open(node, os.O_PATH)
    if binary != NODE_BINARY:
        os.dup2(binary, NODE_BINARY, inheritable=False)
        os.close(binary)
    options = [f"--max-old-space-size={memory_bytes >> 20}", f"--random-seed={seed % (2**31 - 1) + 1}"]
    options += ["--no-warnings", "--openssl-config=/dev/null"]  # the usual one may not be read
    arguments = ["node", *options, f"{FOLDER}/{SCRIPTS[role]}"]
    variables = [f"{name}={value}" for name, value in os.environ.items()]
    argv, environment = (
        (ctypes.c_char_p * (len(texts) + 1))(*map(os.fsencode, texts), None) for texts in (arguments, variables)
    )
    call = _EXECVEAT[platform.machine()]
    if filter_ is not None:
        filter_.install()
    check(LIBC.syscall(call, NODE_BINARY, b"", argv, environment, _AT_EMPTY_PATH), "starting node")
    raise AssertionError("node was started, and yet this goes on")
