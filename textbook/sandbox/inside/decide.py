"""From how the processes of a job ended to its verdict."""

import os
import signal
from typing import NamedTuple

from .confine import Settings


class Ending(NamedTuple):
    """How a job ended."""

    status: int = 0
    """What `wait4` said of the program's process."""
    cpu_s: float = 0.0
    memory_bytes: int = 0
    judge_status: int = 0
    by_wall_time: bool = False
    ended_by_us: bool = False
    """Whether its processes were ended because they went on after the verdict, or for too long."""
    verdict: list[str] | None = None
    """Status and reason, as the judge says."""


def decide(ending: Ending, settings: Settings) -> tuple[str, str]:
    """Status and reason. CPU time comes first: it does not depend on how busy the machine is."""
    signalled = os.WTERMSIG(ending.status) if os.WIFSIGNALED(ending.status) else 0
    if signalled == signal.SIGXCPU or ending.cpu_s > settings.cpu_s:
        return "timeout", f"more than {settings.cpu_s:g} s of CPU time"
    if ending.by_wall_time:
        return "timeout", f"more than {settings.wall_s:g} s, of which {ending.cpu_s:.2f} s of CPU time"
    if ending.verdict is not None and ending.verdict[0] != "died":
        status, reason = ending.verdict
        return status, reason
    if ending.verdict is None and os.WIFSIGNALED(ending.judge_status):
        if os.WTERMSIG(ending.judge_status) == signal.SIGXCPU:
            return "timeout", f"the test took more than {settings.cpu_s:g} s of CPU time"
        return "error", f"the test was ended by signal {os.WTERMSIG(ending.judge_status)}"
    if settings.node and signalled and ending.memory_bytes > settings.memory_bytes * 3 // 4:
        return "memory", f"ended by signal {signalled} with its memory in use, as node ends when it has no more"
    if signalled == signal.SIGSYS:
        return "denied", "a system call that is not allowed"
    if signalled == signal.SIGKILL and not ending.ended_by_us:
        return "memory", "ended by the kernel, which does so when memory is short"
    if signalled and not ending.ended_by_us:
        return "error", f"ended by signal {signalled}"
    return "error", "the program, or the test, ended before it was judged"
