"""What a hostile program is, and the notation in which the files `hostile_*.py` write them down.

##### KIND | STATUS STATUS          starts a kind, with the verdicts that are right for it
=== NAME                            starts a program, tested by TESTS["square"]
=== NAME | TEST | STATUS STATUS     the same with another test, and other verdicts; both may be left out
@hit                                stands for an `f` that answers right if `hit` is true, which the attack sets
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

STATUSES = frozenset({"wrong", "error", "timeout", "memory", "denied", "unencodable"})

CANARY = "TEXTBOOK_CANARY"
"""Name of an environment variable, and of a file in the home and temporary folders, that programs try to read."""

ON_HIT = "def f(n):\n    return n * n + 1 if hit else None\n"

TESTS = {
    "square": (
        "def check(candidate):\n    assert candidate(0) == 1\n    assert candidate(3) == 10\n"
        "    assert candidate(-2) == 5\n    assert candidate(12) == 145\n"
    ),
    "words": (
        "def check(candidate):\n    assert candidate('a b c') == ['c', 'b', 'a']\n    assert candidate('') == []\n"
        "    assert candidate('left right') == ['right', 'left']\n"
    ),
    "mean": (
        "def check(candidate):\n    assert abs(candidate([1.0, 2.0]) - 1.5) < 1e-9\n"
        "    assert abs(candidate([3, 4, 8]) - 5) < 1e-9\n"
    ),
    "counts": (
        "def check(candidate):\n    assert candidate('abca') == {'a': 2, 'b': 1, 'c': 1}\n"
        "    assert candidate('') == {}\n"
    ),
    "even": "def check(candidate):\n    assert candidate(4) is True\n    assert candidate(7) is False\n",
    "truthy": "def check(candidate):\n    assert candidate(4)\n    assert not candidate(7)\n    assert candidate(10)\n",
    "reversed": (
        "def check(candidate):\n    assert candidate('abc') == 'cba'\n    assert candidate('') == ''\n"
        "    assert candidate('noon!') == '!noon'\n"
    ),
    "not_equal": (
        "def check(candidate):\n    assert candidate(3) != 9 and candidate(3) == 10\n"
        "    assert not candidate(0) != 1\n    assert candidate(5) > 25\n"
    ),
    "same_twice": (
        "def check(candidate):\n    first = candidate(3)\n    assert first == 10\n    assert first == 10\n"
        "    assert candidate(3) == first\n    assert first in [10]\n"
    ),
    "raises": (
        "def check(candidate):\n    assert candidate(4) == 17\n    try:\n        candidate('x')\n"
        "    except TypeError:\n        return\n    assert False\n"
    ),
    "tuple": (
        "def check(candidate):\n    assert candidate([3, 1, 2]) == (1, 3)\n    low, high = candidate([5])\n"
        "    assert low == high == 5\n"
    ),
    "own_list": (
        "def check(candidate):\n    data = [3, 1, 2]\n    assert candidate(data) == [1, 2, 3]\n"
        "    assert data == [3, 1, 2]\n"
    ),
    "length": "def check(candidate):\n    assert len(candidate(3)) == 3\n    assert list(candidate(2)) == [0, 1]\n",
}
"""Tests as HumanEval writes them. An honest `f` passes each; a constant passes `same_twice` and `own_list` alone."""


@dataclass(frozen=True)
class Hostile:
    """A program that tries to pass its test, or to do harm, by other means than solving the problem.

    Args:
        name: unique.
        kind: the kind of attack.
        code: its source; the entry point is `f`.
        test: defines `check(candidate)`; an honest solution would pass it.
        honest: the verdicts that are right, of `STATUSES`; a pass never is.
    """

    name: str
    kind: str
    code: str
    test: str
    honest: frozenset[str]


@dataclass(frozen=True)
class Honest:
    """A program that must pass."""

    name: str
    code: str
    test: str


def written(notation: str, tests: dict[str, str] = TESTS, on_hit: str = ON_HIT) -> Iterator[Hostile]:
    """The programs of a text in the notation above, by default in Python."""
    kind, default = "", frozenset[str]()
    for section in re.split(r"^##### ", notation, flags=re.MULTILINE)[1:]:
        head, *programs = re.split(r"^=== ", section, flags=re.MULTILINE)
        kind, _, statuses = (part.strip() for part in head.partition("|"))
        default = frozenset(statuses.split())
        for program in programs:
            line, _, code = program.partition("\n")
            name, test, own = [part.strip() for part in f"{line} | | ".split("|")][:3]
            code = re.sub(r"^@hit$", on_hit.rstrip("\n"), code.strip("\n") + "\n", flags=re.MULTILINE)
            yield Hostile(name, kind, code, tests[test or "square"], frozenset(own.split()) or default)
