"""System calls that programs may make, with their numbers on x86-64 and arm64; None where there is no such call.

What is not listed is refused: it is an allow-list. Calls that may be made with some arguments only are in `RULES`.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

NUMBERS: Final[dict[str, tuple[int | None, int | None]]] = {
    "read": (0, 63),
    "write": (1, 64),
    "close": (3, 57),
    "openat": (257, 56),
    "open": (2, None),
    "newfstatat": (262, 79),
    "fstat": (5, 80),
    "stat": (4, None),
    "lstat": (6, None),
    "statx": (332, 291),
    "lseek": (8, 62),
    "mmap": (9, 222),
    "munmap": (11, 215),
    "mprotect": (10, 226),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "brk": (12, 214),
    "futex": (202, 98),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sigaltstack": (131, 132),
    "rt_sigtimedwait": (128, 137),
    "rt_sigpending": (127, 136),
    "rt_sigsuspend": (130, 133),
    "pread64": (17, 67),
    "pwrite64": (18, 68),
    "readv": (19, 65),
    "writev": (20, 66),
    "preadv": (295, 69),
    "pwritev": (296, 70),
    "access": (21, None),
    "faccessat": (269, 48),
    "faccessat2": (439, 439),
    "pipe": (22, None),
    "pipe2": (293, 59),
    "dup": (32, 23),
    "dup2": (33, None),
    "dup3": (292, 24),
    "fcntl": (72, 25),
    "ioctl": (16, 29),
    "flock": (73, 32),
    "fsync": (74, 82),
    "fdatasync": (75, 83),
    "truncate": (76, 45),
    "ftruncate": (77, 46),
    "fallocate": (285, 47),
    "fadvise64": (221, 223),
    "copy_file_range": (326, 285),
    "sendfile": (40, 71),
    "getdents": (78, None),
    "getdents64": (217, 61),
    "getcwd": (79, 17),
    "chdir": (80, 49),
    "fchdir": (81, 50),
    "rename": (82, None),
    "renameat": (264, 38),
    "renameat2": (316, 276),
    "mkdir": (83, None),
    "mkdirat": (258, 34),
    "rmdir": (84, None),
    "unlink": (87, None),
    "unlinkat": (263, 35),
    "symlink": (88, None),
    "symlinkat": (266, 36),
    "readlink": (89, None),
    "readlinkat": (267, 78),
    "creat": (85, None),
    "umask": (95, 166),
    "statfs": (137, 43),
    "fstatfs": (138, 44),
    "poll": (7, None),
    "ppoll": (271, 73),
    "select": (23, None),
    "pselect6": (270, 72),
    "epoll_create": (213, None),
    "epoll_create1": (291, 20),
    "epoll_ctl": (233, 21),
    "epoll_wait": (232, None),
    "epoll_pwait": (281, 22),
    "eventfd2": (290, 19),
    "timerfd_create": (283, 85),
    "timerfd_settime": (286, 86),
    "timerfd_gettime": (287, 87),
    "socketpair": (53, 199),
    "sendto": (44, 206),
    "recvfrom": (45, 207),
    "shutdown": (48, 210),
    "getsockopt": (55, 209),
    "setsockopt": (54, 208),
    "getsockname": (51, 204),
    "getpeername": (52, 205),
    "clone": (56, 220),
    "set_robust_list": (273, 99),
    "set_tid_address": (218, 96),
    "rseq": (334, 293),
    "arch_prctl": (158, None),
    "prctl": (157, 167),
    "sched_yield": (24, 124),
    "sched_getaffinity": (204, 123),
    "sched_getparam": (143, 121),
    "sched_getscheduler": (145, 120),
    "sched_get_priority_max": (146, 125),
    "sched_get_priority_min": (147, 126),
    "getcpu": (309, 168),
    "membarrier": (324, 283),
    "nanosleep": (35, 101),
    "clock_nanosleep": (230, 115),
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "gettimeofday": (96, 169),
    "time": (201, None),
    "times": (100, 153),
    "getitimer": (36, 102),
    "setitimer": (38, 103),
    "alarm": (37, None),
    "pause": (34, None),
    "restart_syscall": (219, 128),
    "getpid": (39, 172),
    "getppid": (110, 173),
    "gettid": (186, 178),
    "getuid": (102, 174),
    "geteuid": (107, 175),
    "getgid": (104, 176),
    "getegid": (108, 177),
    "getresuid": (118, 148),
    "getresgid": (120, 150),
    "getgroups": (115, 158),
    "getpgrp": (111, None),
    "getpgid": (121, 155),
    "getsid": (124, 156),
    "getpriority": (140, 141),
    "getrlimit": (97, 163),
    "prlimit64": (302, 261),
    "getrusage": (98, 165),
    "sysinfo": (99, 179),
    "uname": (63, 160),
    "getrandom": (318, 278),
    "wait4": (61, 260),
    "exit": (60, 93),
    "exit_group": (231, 94),
    "close_range": (436, 436),
}


class Rule(NamedTuple):
    """A condition on one argument of a call: its bits under `mask` are one of `values`.

    `wide` looks at all 64 bits of an argument that must be zero; the others are 32-bit in the kernel too.
    """

    argument: int
    values: tuple[int, ...]
    mask: int = 0xFFFFFFFF
    wide: bool = False


_THREAD_FLAGS = 0x00010000 | 0x00000800 | 0x00000100
_NEW_NAMESPACE = 0x7E020080 | 0x00001000
"""CLONE_THREAD, SIGHAND and VM; and all CLONE_NEW* together with CLONE_PIDFD."""

RULES: Final[dict[str, tuple[Rule, ...]]] = {
    # Threads, never processes.
    "clone": (Rule(0, (_THREAD_FLAGS,), _THREAD_FLAGS | _NEW_NAMESPACE),),
    # Its own limits only.
    "prlimit64": (Rule(0, (0,)),),
    # DUPFD, GETFD, SETFD, GETFL, SETFL, locks, DUPFD_CLOEXEC: not SETOWN, leases or pipe sizes.
    "fcntl": (Rule(1, (0, 1, 2, 3, 4, 5, 6, 7, 1030)),),
    # TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX.
    "ioctl": (Rule(1, (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)),),
    # A pair of connected streams, which asyncio needs, and nothing that has an address.
    "socketpair": (Rule(0, (1,)), Rule(1, (1,), 0xF)),
    "sendto": (Rule(4, (0,), wide=True),),
    # PR_SET_NAME and PR_GET_NAME.
    "prctl": (Rule(0, (15, 16)),),
    "getpriority": (Rule(1, (0,)),),
    "sched_getaffinity": (Rule(0, (0,)),),
    "sched_getparam": (Rule(0, (0,)),),
    "sched_getscheduler": (Rule(0, (0,)),),
    "getpgid": (Rule(0, (0,)),),
    "getsid": (Rule(0, (0,)),),
}

NODE_BINARY: Final = 5
"""The descriptor from which node is started, and which is closed by that."""


class Calls(NamedTuple):
    """An allow-list."""

    numbers: Mapping[str, tuple[int | None, int | None]]
    rules: Mapping[str, tuple[Rule, ...]]


PYTHON_CALLS: Final = Calls(NUMBERS, RULES)
NODE_CALLS: Final = Calls(
    {**NUMBERS, "execveat": (322, 281), "capget": (125, 90)},
    {
        # Threads ask for the scheduling of each other, and the C++ library complains where they may not.
        **{name: rules for name, rules in RULES.items() if name not in ("sched_getparam", "sched_getscheduler")},
        # Of that one descriptor, with AT_EMPTY_PATH.
        "execveat": (Rule(0, (NODE_BINARY,)), Rule(4, (0x1000,))),
        # MAP_PRIVATE: the limit on memory does not count what is shared.
        "mmap": (Rule(3, (2,), 0xF),),
    },
)

ZYGOTE_CALLS: Final = Calls(
    {
        "clone": NUMBERS["clone"],
        "prctl": NUMBERS["prctl"],
        "recvmsg": (47, 212),
        "kill": (62, 129),
        "pidfd_open": (434, 434),
        "chmod": (90, None),
        "fchmodat": (268, 53),
    },
    # Processes in no new namespaces; PR_SET_PDEATHSIG, PR_SET_NAME, PR_GET_NAME and PR_SET_SECCOMP.
    {"clone": (Rule(0, (0,), _NEW_NAMESPACE),), "prctl": (Rule(0, (1, 15, 16, 22)),)},
)
"""What a zygote may do, and what it forks may not, or not like this."""

NO_SUCH_CALL: Final = {"clone3": (435, 435)}
"""Answered ENOSYS, so that the C library falls back on a call whose arguments a filter can see."""
