"""Features of code read off its characters and words, without parsing it.

The lexer is one regular expression for the strings and comments of Python. In other languages and in prose it misreads
apostrophes and `//`: the features then say less, but they are there. Every pattern takes linear time on any text.
"""

import re
from collections import Counter
from typing import Final

from textbook.languages.python import STRING_OR_COMMENT

_NOT_WORD = str.maketrans({code: " " for code in range(128) if not (chr(code).isalnum() or chr(code) == "_")})
_PART = re.compile(r"[A-Z]?[a-z]++|[A-Z]+(?![a-z])")
_VOWEL = re.compile(r"\b\w*?[aeiouyAEIOUY]\w*")
_GENERATED = re.compile(
    r"do not edit|do not modify|@generated|auto-?generated|automatically generated"
    r"|generated (?:by|from|with|using|code|file|on|automatically)\b"
)
GENERATED_CHARS = 2_000
"""A mark of generated code is looked for in the first characters only: further down it is about something else."""

_KEYWORDS = """
False None True and as assert async await break class continue def del elif else except finally for from global if
import in is lambda nonlocal not or pass raise return try while with yield
"""
KEYWORDS: Final = frozenset(_KEYWORDS.split())

_EXPLAINING_WORDS = """
because since therefore thus hence example examples note algorithm complexity step steps given means first then next
finally otherwise whether each explain explains where why how compute computes calculate calculates iterate iterates
"""
EXPLAINING_WORDS: Final = frozenset(_EXPLAINING_WORDS.split())
"""Words of comments and docstrings that explain rather than name. Chosen by hand."""


def ratio(part: float, whole: float) -> float:
    """`part / whole`, and 0 where there is no whole."""
    return part / whole if whole else 0.0


def _line_features(head: str) -> dict[str, float]:
    lines = list(map(str.rstrip, head.split("\n")))
    stripped = list(map(str.lstrip, lines))
    filled = [line for line in stripped if line]
    indent = sum(map(len, lines)) - sum(map(len, stripped))
    doctests = sum(line.startswith(">>>") for line in filled) if ">>>" in head else 0
    return {
        "blank_share": ratio(len(lines) - len(filled), len(lines)),
        "mean_indent": ratio(indent, len(filled)),
        "repeated_line_share": ratio(len(filled) - len(set(filled)), len(filled)),
        "doctest_lines": doctests,
    }


def _identifier_features(code: str) -> dict[str, float]:
    words = code.translate(_NOT_WORD).split()
    counts = Counter(words)
    numbers = sum(count for word, count in counts.items() if word[0].isdigit())
    names = {word: count for word, count in counts.items() if not word[0].isdigit() and word not in KEYWORDS}
    num_names = sum(names.values())
    parts = {part for part in _PART.findall(" ".join(names)) if len(part) > 2}
    return {
        "keyword_share": ratio(len(words) - numbers - num_names, len(words)),
        "number_share": ratio(numbers, len(words)),
        "identifier_length": ratio(sum(map(len, names)), len(names)),
        "distinct_identifier_share": ratio(len(names), num_names),
        "one_letter_share": ratio(sum(count for word, count in names.items() if len(word) == 1), num_names),
        "constant_name_share": ratio(sum(len(name) > 1 and name.isupper() for name in names), len(names)),
        "word_like_share": ratio(len(_VOWEL.findall(" ".join(parts))), len(parts)),
        "operator_density": ratio(sum(map(code.count, "+-*/%<>")), len(words)),
        "bracket_density": ratio(sum(map(code.count, "([{")), len(words)),
        "dot_density": ratio(code.count("."), len(words)),
    }


def _prose_features(literals: list[str], num_chars: int, num_lines: int) -> dict[str, float]:
    comments = [literal for literal in literals if literal[0] == "#"]
    strings = [literal for literal in literals if literal[0] != "#"]
    blocks = [string for string in strings if string.startswith(('"""', "'''"))]
    prose = Counter("\n".join(comments + blocks).lower().translate(_NOT_WORD).split())
    string_chars = sum(map(len, strings))
    return {
        "comment_share": ratio(sum(map(len, comments)), num_chars),
        "comments_per_line": ratio(len(comments), num_lines),
        "string_share": ratio(string_chars, num_chars),
        "mean_string_length": ratio(string_chars, len(strings)),
        "block_string_share": ratio(sum(map(len, blocks)), num_chars),
        "prose_words_per_line": ratio(sum(prose.values()), num_lines),
        "explanation_density": ratio(sum(prose[word] for word in EXPLAINING_WORDS if word in prose), num_lines),
    }


def _has_generated_mark(head: str) -> bool:
    start = head[:GENERATED_CHARS].lower()
    return ("generated" in start or "do not" in start) and _GENERATED.search(start) is not None


def lexical_features(head: str) -> dict[str, float]:
    """The lexical features of `head`; `textbook.curation.features.COLUMNS` says what each means."""
    pieces = STRING_OR_COMMENT.split(head)
    code = '"'.join(pieces[::2])
    for prefix in ('f"', 'r"', 'b"'):  # the prefix of a string is not a name
        code = code.replace(prefix, " ")
    num_lines = head.count("\n") + 1
    return {
        **_line_features(head),
        **_identifier_features(code),
        **_prose_features(pieces[1::2], len(head), num_lines),
        "non_ascii_share": 0.0 if head.isascii() else 1 - len(head.encode("ascii", "ignore")) / len(head),
        "generated_mark": _has_generated_mark(head),
    }
