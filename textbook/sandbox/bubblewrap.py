"""bwrap (bubblewrap) around a worker, where the kernel lets this user have neither Landlock nor namespaces of its own.

bwrap then makes the root folder with nothing else in it, and keeps processes and the network apart; the filter of
system calls is the worker's own as ever. It is started without an environment, for a program could read that of the
first process. A probe says whether it does all of this here.
"""

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Final

INSIDE: Final = str(Path(__file__).parent / "inside")
PYTHON: Final = os.path.realpath(sys.executable)
PROBE_S: Final = 60.0
_PROBE: Final = """
import os, socket, sys
base = sys.argv[1]
open(base + "/file", "w").close()
try:
    open("/file", "w").close()
except OSError:
    writable = False
else:
    writable = True
alone = os.getpid() < 10 and [name for _, name in socket.if_nameindex()] in ([], ["lo"])
hidden = not any(map(os.path.exists, ("/proc", "/sys", "/etc/passwd", "/var")))
print("confined" if alone and hidden and not writable else "not confined")
"""


def wrapped(bwrap: str, base: str, node: str, disk_bytes: int) -> list[str]:
    """What goes before the command of a worker whose folder is `base`, an absolute path."""
    from textbook.sandbox.inside import confine  # loads ctypes, which those who need no bwrap need not

    line = [bwrap, "--unshare-all", "--die-with-parent", "--cap-drop", "ALL", "--hostname", "sandbox"]
    shown = dict.fromkeys((*confine.readable(""), *(confine.readable(node) if node else ()), PYTHON, INSIDE))
    for path in sorted(shown):  # a folder before what lies in it
        bind = "--dev-bind-try" if path in confine.DEVICES else "--ro-bind-try"
        line += [bind, path, path]
    return [*line, "--size", str(2 * disk_bytes), "--tmpfs", base, "--remount-ro", "/", "--chdir", "/", "--"]


@cache
def find() -> str | None:
    """The bwrap of this machine, if there is one and its probe passes."""
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        return None
    base = "/textbook-sandbox-probe"
    command = [*wrapped(bwrap, base, "", 1 << 20), PYTHON, "-I", "-S", "-c", _PROBE, base]
    try:
        ran = subprocess.run(command, capture_output=True, env={}, timeout=PROBE_S, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.SubprocessError):
        return None
    return bwrap if ran.returncode == 0 and ran.stdout == b"confined\n" else None
