"""What of a language a text makes use of: classes, generators, exceptions and the like, told by their words.

For counting over many texts, in many languages: it looks for marks and does not parse, so one inside a string counts.
"""

import re
from typing import Final, NamedTuple

MAX_CHARS = 4_000
"""How much of a text is looked at."""


class _Concept(NamedTuple):
    gates: tuple[str, ...]
    """One of these stands in every text with the concept: to look for them is much cheaper."""
    mark: re.Pattern[str]


def _concept(gates: str, mark: str) -> _Concept:
    return _Concept(tuple(gates.split()), re.compile(mark, re.MULTILINE))


CONCEPTS: Final = {
    "assertions": _concept("assert", r"\bassert"),
    "asynchronous code": _concept("async await", r"\basync\b|\bawait\b"),
    "classes": _concept("class struct", r"^[ \t]*+(?:[a-z]+ )*(?:class|struct) \w"),
    "closures": _concept("lambda => |", r"\blambda\b|=>|\|\w[\w, ]*\| "),
    "comprehensions": _concept("for", r"[\[({][^\n\[\](){}]{1,200}? for \w[\w, ()]* in "),
    "context managers": _concept("with", r"^[ \t]*+(?:async )?with .*:"),
    "decorators": _concept("@", r"^[ \t]*+@\w"),
    "docstrings": _concept("\"\"\" ''' /**", r"^[ \t]*+(?:[rR]?\"\"\"|[rR]?'''|/\*\*)"),
    "exceptions": _concept("try catch raise throw", r"\btry\b *[:{]|\bcatch\b *[({]|\b(?:raise|throw)\b \w"),
    "files": _concept("open read", r"\bopen\(|\breadFile|\bPath\("),
    "functions": _concept("def func fn =>", r"^[ \t]*+(?:[a-z]+ )*(?:def|function|func|fn) \w"),
    "generators": _concept("yield", r"\byield\b"),
    "imports": _concept("import include require use", r"^[ \t]*+(?:import|from|#include|use|require)\b"),
    "loops": _concept("for while", r"^[ \t]*+(?:for|while)\b"),
    "pattern matching": _concept("match switch case", r"^[ \t]*+(?:match .*[:{]|switch *\(|case \w.*:)"),
    "printing": _concept("print console log", r"\bprint(?:f|ln)?[!(]|\bconsole\.log\b"),
    "regular expressions": _concept("re. RegExp regex", r"\bre\.\w|\bRegExp\b|\bregex\b"),
    "tests": _concept("test Test", r"^[ \t]*+def test_|^[ \t]*+(?:it|test|describe)\(|@Test\b|#\[test\]|\bfunc Test"),
    "threads": _concept("hread process goroutine", r"\b[Tt]hread|\bmultiprocessing\b|\bgoroutine\b"),
    "type hints": _concept("-> :", r"\) *-> |\bdef .*\w: ?\w|: (?:int|str|float|bool|number|string|boolean)\b"),
}


def concepts(text: str) -> list[str]:
    """The names of the concepts whose marks stand in the beginning of a text, in alphabetical order."""
    text = text[:MAX_CHARS]
    return [
        name
        for name, (gates, mark) in CONCEPTS.items()
        if any(gate in text for gate in gates) and mark.search(text) is not None
    ]
