"""Which command of this machine runs a language.

Trusts what the PATH of this process names: the command is asked for its version before any program is seen.
"""

import os
import re
import shutil
import subprocess
from functools import cache
from typing import Final, NamedTuple

from textbook.languages import LANGUAGES, Runner, language
from textbook.sandbox.program import Unavailable

_SAYS: Final = {
    "node": (
        "-p",
        "const status = require('fs').readFileSync('/proc/self/status', 'latin1');"
        "[process.version, /VmData:\\s*(\\d+)/.exec(status)[1], process.execPath].join(' ')",
    )
}
"""The name of a runner -> how its command says its version, how many KiB it can write to before it runs anything, and
where it really is, whatever shim the PATH names."""
ANSWER_S: Final = 60.0


class Command(NamedTuple):
    """A command that is there."""

    path: str = ""
    """Empty for this Python."""
    version: str = ""
    own_bytes: int = 0
    """What it can write to before it runs anything: no program's memory, but counted with it."""


@cache
def command_for(name: str) -> Command:
    """What runs the programs of a language.

    Raises:
        ValueError: there is no such language, or it has no runner.
        Unavailable: its command is missing or too old.
    """
    runner = language(name).runner
    if runner is None:
        able = ", ".join(sorted(each.name for each in LANGUAGES.values() if each.runner))
        raise ValueError(f"got language={name!r}, which has no runner; expected one of {able}")
    return _found(runner) if runner.command else Command()


def _found(runner: Runner) -> Command:
    needed = f"{runner.command} {'.'.join(map(str, runner.min_version))} or later"
    path = shutil.which(runner.command)
    if path is None:
        raise Unavailable(f"got no `{runner.command}` on the PATH; expected {needed}: {runner.remedy}")
    environment = {name: value for name, value in os.environ.items() if name != "NODE_OPTIONS"}
    try:
        ran = subprocess.run(
            [path, *_SAYS[runner.name]], capture_output=True, text=True, timeout=ANSWER_S, env=environment
        )
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError) as error:
        raise Unavailable(f"got {str(error)[:200]!r} from {path}; expected {needed}: {runner.remedy}") from error
    if ran.returncode != 0:
        raise Unavailable(f"got exit status {ran.returncode} from {path}; expected {needed}: {runner.remedy}")
    match = re.fullmatch(r"v((\d+)(?:\.\d+)*\S*) (\d+) (/.+)\n", ran.stdout)
    if match is None or (int(match[2]),) < runner.min_version:
        raise Unavailable(f"got {ran.stdout.strip()[:100]!r} from {path}; expected {needed}: {runner.remedy}")
    return Command(os.path.realpath(match[4]), match[1], int(match[3]) << 10)
