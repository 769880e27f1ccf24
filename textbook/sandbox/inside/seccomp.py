"""The filter of system calls, as the classic BPF program that the kernel takes.

Built for x86-64 and for arm64, whatever this machine is, so that both can be tested on either.
"""

import ctypes
import errno
import os
import platform
import struct
from typing import Final

from .libc import LIBC, check
from .syscalls import NO_SUCH_CALL, PYTHON_CALLS, Calls, Rule

ARCHITECTURES: Final = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
"""`platform.machine()` -> AUDIT_ARCH and the column of `NUMBERS`."""

KILL: Final = 0x80000000
ALLOW: Final = 0x7FFF0000
REFUSE: Final = 0x00050000
"""SECCOMP_RET_KILL_PROCESS, _ALLOW, and _ERRNO, to which the number is added."""

_LOAD, _AND, _JUMP, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x54, 0x05, 0x15, 0x35, 0x06
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16
"""Offsets in `struct seccomp_data`."""
LEAF: Final = 3
"""So many numbers are compared one after the other."""
_X32_CALLS = 0x40000000
_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 22, 2
Instruction = tuple[int, int, int, int]
"""code, jump if true, jump if false, constant."""


def build(machine: str, calls: Calls = PYTHON_CALLS) -> bytes:
    """The filter for a machine: EPERM for what is not allowed, death for another architecture's calls.

    Raises:
        ValueError: no table for this machine.
    """
    if machine not in ARCHITECTURES:
        raise ValueError(f"got a {machine} machine; expected one of {', '.join(ARCHITECTURES)}")
    audit, column = ARCHITECTURES[machine]
    program: list[Instruction] = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, audit),
        (_RETURN, 0, 0, KILL),
        (_LOAD, 0, 0, _NUMBER),
    ]
    if machine == "x86_64":
        program += [(_AT_LEAST, 0, 1, _X32_CALLS), (_RETURN, 0, 0, KILL)]
    cases: list[tuple[int, list[Instruction]]] = []
    for name, numbers in calls.numbers.items():
        number = numbers[column]
        if number is not None:
            checks = [line for rule in calls.rules.get(name, ()) for line in _check(rule)]
            cases.append((number, [*checks, (_RETURN, 0, 0, ALLOW)]))
    for numbers in NO_SUCH_CALL.values():
        cases.append((numbers[column], [(_RETURN, 0, 0, REFUSE | errno.ENOSYS)]))
    program += _search(sorted(cases))
    return b"".join(struct.pack("=HBBI", *line) for line in program)


def _search(cases: list[tuple[int, list[Instruction]]]) -> list[Instruction]:
    """Instructions that look a number up by halves: the kernel tries all numbers when a filter is installed."""
    if len(cases) <= LEAF:
        lines: list[Instruction] = []
        for number, body in cases:
            lines += [(_EQUAL, 0, len(body), number), *body]
        return [*lines, (_RETURN, 0, 0, REFUSE | errno.EPERM)]
    middle = len(cases) // 2
    below, above = _search(cases[:middle]), _search(cases[middle:])
    return [(_AT_LEAST, 0, 1, cases[middle][0]), (_JUMP, 0, 0, len(below)), *below, *above]


def _check(rule: Rule) -> list[Instruction]:
    """Instructions that refuse unless the rule holds, and go on otherwise. Both machines are little-endian."""
    offset = _ARGUMENTS + 8 * rule.argument
    refuse = (_RETURN, 0, 0, REFUSE | errno.EPERM)
    lines: list[Instruction] = [(_LOAD, 0, 0, offset), (_AND, 0, 0, rule.mask)]
    for i, value in enumerate(rule.values):
        lines.append((_EQUAL, len(rule.values) - i, 0, value))
    lines.append(refuse)
    if rule.wide:
        lines += [(_LOAD, 0, 0, offset + 4), (_EQUAL, 1, 0, 0), refuse]
    return lines


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))


class Filter:
    """The filter of this machine, ready to be installed in a process that has `no_new_privs`."""

    def __init__(self, calls: Calls) -> None:
        self._code = ctypes.create_string_buffer(build(platform.machine(), calls))
        length = (len(self._code) - 1) // 8
        self._program = _Program(length, ctypes.addressof(self._code))
        self._pointer = ctypes.byref(self._program)

    def install(self) -> None:
        """From here on, for this process and its threads, for good.

        Raises:
            OSError: the kernel does not take it.
        """
        check(LIBC.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, self._pointer, 0, 0), "seccomp")

    def rehearse(self) -> None:
        """Install it in a process that ends at once.

        Raises:
            OSError: the kernel does not take it.
        """
        child = os.fork()
        if child == 0:
            try:
                self.install()
            except OSError as error:
                os._exit(error.errno or errno.EINVAL)
            os._exit(0)
        number = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if number != 0:
            raise OSError(number, f"seccomp: {os.strerror(number) if number > 0 else 'ended by a signal'}")
