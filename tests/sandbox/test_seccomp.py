"""The filter of system calls, run by an interpreter of BPF: for both architectures, whatever this machine is."""

import errno
import struct

import pytest

from textbook.sandbox.inside.seccomp import ALLOW, ARCHITECTURES, KILL, REFUSE, build
from textbook.sandbox.inside.syscalls import NODE_BINARY, NODE_CALLS, NUMBERS, PYTHON_CALLS

EPERM, ENOSYS = REFUSE | errno.EPERM, REFUSE | errno.ENOSYS
FORBIDDEN = {
    "execve": (59, 221), "fork": (57, None), "kill": (62, 129), "tgkill": (234, 131), "ptrace": (101, 117),
    "socket": (41, 198), "connect": (42, 203), "sendmsg": (46, 211), "mount": (165, 40), "unshare": (272, 97),
    "process_vm_readv": (310, 270), "memfd_create": (319, 279), "io_uring_setup": (425, 425), "bpf": (321, 280),
    "shmget": (29, 194), "chmod": (90, None), "fchmodat": (268, 53), "pidfd_open": (434, 434), "setuid": (105, 146),
}  # fmt: skip


def answer(machine, number, *arguments, audit=None, calls=PYTHON_CALLS):
    audit = audit if audit is not None else ARCHITECTURES[machine][0]
    padded = [*arguments, 0, 0, 0, 0, 0, 0][:6]
    data = struct.pack("<IIQ6Q", number, audit, 0, *padded)
    program = list(struct.iter_unpack("=HBBI", build(machine, calls)))
    at = register = 0
    for _ in range(len(program)):
        code, jump_true, jump_false, constant = program[at]
        at += 1
        if code == 0x20:
            (register,) = struct.unpack_from("<I", data, constant)
        elif code == 0x54:
            register &= constant
        elif code == 0x05:
            at += constant
        elif code == 0x15:
            at += jump_true if register == constant else jump_false
        elif code == 0x35:
            at += jump_true if register >= constant else jump_false
        elif code == 0x06:
            return constant
    raise AssertionError("the filter does not end")


@pytest.mark.parametrize("machine", ARCHITECTURES)
def test_every_number_is_allowed_or_refused_as_listed(machine):
    column = ARCHITECTURES[machine][1]
    listed = {numbers[column] for numbers in NUMBERS.values()} - {None}
    fine = {number for number in range(500) if answer(machine, number) != EPERM}
    assert fine - {435} <= listed
    assert answer(machine, 435) == ENOSYS
    for numbers in FORBIDDEN.values():
        if numbers[column] is not None:
            assert answer(machine, numbers[column]) == EPERM
    for name in ("read", "mmap", "openat", "exit_group", "futex"):
        assert answer(machine, NUMBERS[name][column]) == ALLOW


@pytest.mark.parametrize("machine", ARCHITECTURES)
def test_conditions_on_arguments(machine):
    column = ARCHITECTURES[machine][1]

    def ask(name, *arguments):
        return answer(machine, NUMBERS[name][column], *arguments) == ALLOW

    thread = 0x3D0F00
    assert ask("clone", thread)
    assert not ask("clone", 17) and not ask("clone", thread | 0x10000000) and not ask("clone", thread & ~0x100)
    assert ask("prlimit64", 0) and not ask("prlimit64", 1)
    assert ask("fcntl", 3, 1) and not ask("fcntl", 3, 8) and not ask("fcntl", 3, 1031)
    assert ask("ioctl", 1, 0x5401) and not ask("ioctl", 1, 0x5412)
    assert ask("socketpair", 1, 1 | 0o2000000) and not ask("socketpair", 1, 2) and not ask("socketpair", 2, 1)
    assert ask("sendto", 3, 1, 1, 0, 0) and not ask("sendto", 3, 1, 1, 0, 1) and not ask("sendto", 3, 1, 1, 0, 1 << 32)
    assert ask("prctl", 15) and not ask("prctl", 4)


@pytest.mark.parametrize("machine", ARCHITECTURES)
def test_node_may_be_started_once_and_map_no_shared_memory(machine):
    column = ARCHITECTURES[machine][1]

    def ask(name, *arguments, calls=NODE_CALLS):
        return answer(machine, NODE_CALLS.numbers[name][column], *arguments, calls=calls) == ALLOW

    assert ask("execveat", NODE_BINARY, 1, 1, 1, 0x1000) and not ask(
        "execveat", NODE_BINARY, 1, 1, 1, 0x1000, calls=PYTHON_CALLS
    )
    assert not ask("execveat", NODE_BINARY + 1, 1, 1, 1, 0x1000) and not ask("execveat", NODE_BINARY, 1, 1, 1, 0)
    assert ask("mmap", 0, 1, 1, 0x22) and not ask("mmap", 0, 1, 1, 0x21) and not ask("mmap", 0, 1, 1, 0x23)
    assert ask("mmap", 0, 1, 1, 0x21, calls=PYTHON_CALLS)
    for name, numbers in FORBIDDEN.items():
        if numbers[column] is not None:
            assert answer(machine, numbers[column], calls=NODE_CALLS) == EPERM, name
    assert not ask("clone", 17) and ask("clone", 0x3D0F00) and not ask("prlimit64", 1)


def test_other_architectures_die():
    assert answer("x86_64", 1, audit=0x40000003) == KILL
    assert answer("x86_64", 0x40000001) == KILL
    assert answer("aarch64", 64, audit=0x40000028) == KILL
    with pytest.raises(ValueError, match="riscv64"):
        build("riscv64")
