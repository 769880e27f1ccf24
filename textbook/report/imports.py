"""Which modules a text imports: the cheapest sign of what code is about, read off its lines without parsing.

Python, JavaScript, TypeScript, Java, Kotlin, C, C++ and Rust; other languages import nothing here. An import in a
string that stands like a line of code counts.
"""

import re
from typing import Final

IMPORT_CHARS: Final = 20_000
"""Imports are looked for in so much of a text, from its start."""

_JAVASCRIPT = re.compile(
    r"^(?:import|export)\b[^'\"\n;]*['\"]([^'\"\n]+)['\"]|\brequire\(['\"]([^'\"\n]+)['\"]\)", re.M
)
_JVM = re.compile(r"^import +(?:static +)?([a-z]\w*(?:\.\w+)?)", re.M)
_INCLUDE = re.compile(r"^[ \t]*#[ \t]*include[ \t]*[<\"]([^>\"\n]+)[>\"]", re.M)
_PATTERNS: Final = {
    "python": re.compile(r"^[ \t]*+(?:from[ \t]+(\w[\w.]*)[ \t]+import\b|import[ \t]+(\w[\w., \t]*))", re.M),
    "javascript": _JAVASCRIPT,
    "typescript": _JAVASCRIPT,
    "java": _JVM,
    "kotlin": _JVM,
    "c": _INCLUDE,
    "cpp": _INCLUDE,
    "rust": re.compile(r"^[ \t]*+(?:pub )?use (\w+)", re.M),
}


def imported(text: str, language: str | None) -> set[str]:
    """The modules that a text imports: top-level ones in Python and Rust, two levels on the JVM, files in C.

    Relative imports of Python and JavaScript are left out: they say nothing beyond the repository.
    """
    pattern = _PATTERNS.get(language or "")
    if pattern is None:
        return set()
    found = {first or second for first, second in _pairs(pattern, text[:IMPORT_CHARS])}
    if language == "python":
        names = [name.split()[0] for several in found for name in several.split(",") if name.strip()]
        return {name.split(".")[0] for name in names}
    return {name for name in found if not name.startswith(".")}


def _pairs(pattern: re.Pattern[str], text: str) -> list[tuple[str, str]]:
    return [(match[1] or "", match[2] or "" if pattern.groups == 2 else "") for match in pattern.finditer(text)]
