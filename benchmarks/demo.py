"""What `textbook demo` costs on this machine: CPU seconds, peak memory of all its processes together, rows/s per step.

    python benchmarks/demo.py [WORKERS]

Targets: under 90 CPU seconds over at least 10,000 files, peak memory under 2 GB.
"""

import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path


def tree(root: int) -> list[int]:
    """A process and its descendants."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
    found = [root]
    for process in found:
        found += [child for child, parent in parents.items() if parent == process]
    return found


def resident(process: int) -> int:
    """Bytes of a process, its share of what it shares (PSS)."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def watch(root: int, peak: list[int], stopped: threading.Event) -> None:
    """Keep the peak of the memory of a process tree up to date."""
    while not stopped.wait(0.1):
        peak[0] = max(peak[0], sum(map(resident, tree(root))))


def main() -> None:
    workers = sys.argv[1] if len(sys.argv) > 1 else str(os.cpu_count())
    with tempfile.TemporaryDirectory() as temporary:
        out = Path(temporary) / "demo"
        command = [str(Path(sys.executable).parent / "textbook"), "demo", "--output", str(out), "--workers", workers]
        started = time.monotonic()
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        peak, stopped = [0], threading.Event()
        watcher = threading.Thread(target=watch, args=(process.pid, peak, stopped))
        watcher.start()
        printed, _ = process.communicate()
        stopped.set()
        watcher.join()
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        print(printed)
        print(f"{workers} workers: {used.ru_utime + used.ru_stime:.0f} CPU-s (target < 90)", end=", ")
        memory = f"peak {peak[0] / 2**20:,.0f} MB together (target < 2,048)"
        print(f"{time.monotonic() - started:.0f} s on the clock, {memory}")
        assert process.returncode == 0


if __name__ == "__main__":
    main()
