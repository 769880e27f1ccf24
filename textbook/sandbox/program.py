"""What goes into the sandbox and what comes out: `Program`, `Limits`, `Verdict`."""

import math
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

Status = Literal["pass", "wrong", "error", "timeout", "memory", "denied", "unencodable", "harness_error"]
"""`pass`: the test held. `wrong`: an assertion of the test, or an example, did not. `error`: something was raised, or
the program ended before it was judged. `timeout`, `memory`: a limit. `denied`: it failed for want of a permission.
`unencodable`: the test would need more than plain values. `harness_error`: the sandbox failed, and says nothing of the
program."""
Strength = Literal["split", "in_process"]
"""`split`: the program could not reach its test. `in_process`: it could, and a program that wants to can fool it."""
STATUSES: Final[tuple[Status, ...]] = get_args(Status)
MIN_MEMORY_BYTES: Final = 64 << 20
OPTIONS: Final = frozenset(
    {
        "DONT_ACCEPT_BLANKLINE",
        "DONT_ACCEPT_TRUE_FOR_1",
        "ELLIPSIS",
        "IGNORE_EXCEPTION_DETAIL",
        "NORMALIZE_WHITESPACE",
    }
)
"""The options of doctest that concern the comparison."""


class Unavailable(RuntimeError):
    """Programs cannot be confined, or not be run, here. The message says why and what to do."""


@dataclass(frozen=True)
class Example:
    """A statement and what an interactive session must print for it, as in a doctest.

    `options` are of `OPTIONS`. What examples of one `scope` set is seen among them alone; those without a scope share
    the names of the program.
    """

    source: str
    want: str
    options: tuple[str, ...] = ()
    scope: str = ""

    def __post_init__(self) -> None:
        """Refuse options that are none.

        Raises:
            ValueError: an option that is not of `OPTIONS`.
        """
        unknown = sorted(set(self.options) - OPTIONS)
        if unknown:
            raise ValueError(f"got the option {unknown[0]!r}; expected some of {', '.join(sorted(OPTIONS))}")


@dataclass(frozen=True)
class Program:
    """Code, and how it is judged.

    `test` is run by the judge, among whose names are those of the program that it mentions. With an `entry_point`, a
    function `check` in the test is then called with it, as in HumanEval. `examples` are judged after that. `key` is the
    caller's own, and is handed back. `language` is one of `textbook.languages` that has a runner: Python, or
    JavaScript, which is run as CommonJS.
    """

    code: str
    test: str = ""
    entry_point: str | None = None
    examples: tuple[Example, ...] = ()
    language: str = "python"
    key: Any = None


@dataclass(frozen=True)
class Limits:
    """What one program may use. The test has the same, apart from the program.

    CPU time decides, in whole seconds: `cpu_s` is rounded up. `wall_s` is a backstop for programs that wait.
    `processes` bounds threads, for programs may start no process. `memory_bytes` bounds the addresses of a Python
    process, and what a JavaScript process can write to; of both, node has some more for itself. `disk_bytes` bounds
    all files together where the sandbox has a private root, each file elsewhere.
    """

    cpu_s: float = 3.0
    wall_s: float = 15.0
    memory_bytes: int = 512 << 20
    output_bytes: int = 1 << 16
    processes: int = 32
    disk_bytes: int = 16 << 20

    def __post_init__(self) -> None:
        """Refuse what no program could run in.

        Raises:
            ValueError: a limit is not a number above zero, or memory is below `MIN_MEMORY_BYTES`.
        """
        for name, value in vars(self).items():
            if not (value > 0 and math.isfinite(value)):
                raise ValueError(f"got {name}={value}; expected a number above 0")
        if self.memory_bytes < MIN_MEMORY_BYTES:
            raise ValueError(f"got memory_bytes={self.memory_bytes}; Python needs {MIN_MEMORY_BYTES} or more")


@dataclass(frozen=True)
class Verdict:
    """What came of a program."""

    status: Status
    strength: Strength
    reason: str = ""
    """One line, empty for a pass. Parts of it may be the program's or the test's words."""
    cpu_s: float = 0.0
    """CPU seconds of the program's process, without its judge's."""
    wall_s: float = 0.0
    output: str = ""
    """What the program printed, `output_bytes` at most."""
    key: Any = None

    @property
    def passed(self) -> bool:
        """Whether the test held."""
        return self.status == "pass"
