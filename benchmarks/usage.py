"""What a process has used. Not a benchmark itself."""

import resource
from pathlib import Path


def cpu_s() -> float:
    """CPU seconds of this process, and of those of its children that have ended."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def peak_mb() -> float:
    """The most memory that this process has had, mapped files and all. Linux only.

    What getrusage says may be that of the process that started it.
    """
    return int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) / 1000
