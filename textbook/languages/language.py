"""`Language`: what the rest of the package knows of one programming language.

Holds no parser yet: that of Python is `textbook.languages.python.parse`.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Runner:
    """How the sandbox runs a language: by the means of this name, with a command of the machine if it needs one."""

    name: str
    command: str = ""
    """Looked up on the PATH; empty where the interpreter is the one that runs this."""
    min_version: tuple[int, ...] = ()
    remedy: str = ""
    """What to do where the command is missing or too old."""


@dataclass(frozen=True)
class Language:
    """A programming language.

    Args:
        name: in lower case, as in the column `language`.
        files: extensions, with their dot, and whole names of its files.
        line_comments: what a comment begins with that ends with its line.
        block_comments: what comments begin and end with that may go over several lines.
        runner: how the sandbox runs its programs; None where it does not.
    """

    name: str
    files: tuple[str, ...]
    line_comments: tuple[str, ...] = ()
    block_comments: tuple[tuple[str, str], ...] = ()
    runner: Runner | None = None
