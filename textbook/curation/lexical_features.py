"""Features of code read off its characters and words, without parsing it.

The lexer is one regular expression for the strings and comments of Python. In other languages and in prose it misreads
apostrophes and `//`; the features then mean less, but they are always there.
"""

import re

_STRING_OR_COMMENT = re.compile(
    r"""(\#[^\n]*+
    |\"{3}(?:[^"\\]++|\\.?|"(?!""))*+(?:\"{3})?
    |'{3}(?:[^'\\]++|\\.?|'(?!''))*+(?:'{3})?
    |"(?:[^"\\\n]++|\\.?)*+"?
    |'(?:[^'\\\n]++|\\.?)*+'?)""",
    re.VERBOSE | re.DOTALL,
)
# A word before a quote is the prefix of a string, as in f"".
_WORD = re.compile(r'\b[^\W\d]\w*+(?!")')
_NUMBER = re.compile(r"\b\d[\w.]*+")
_PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_PROSE_WORD = re.compile(r"[a-z]{2,}+", re.IGNORECASE)
_WORD_LIKE = re.compile(r"(?!.*[b-df-hj-np-tv-xz]{5})(?=.*[aeiouy])[a-z]{3,14}", re.IGNORECASE)
_EXPLAINS = re.compile(
    r"\b(?:because|since|so that|in order to|for example|e\.g\.|i\.e\.|that is|note that|algorithm|complexity|step"
    r"|example|given|returns?|means|first|then|finally|otherwise)\b",
    re.IGNORECASE,
)
_GENERATED = re.compile(
    r"\bdo not edit\b|\b(?:auto[- ]?generated|automatically generated|generated (?:by|from|with|using|code|file|on))\b"
    r"|@generated",
    re.IGNORECASE,
)
_KEYWORDS = frozenset(
    "False None True and as assert async await break class continue def del elif else except finally for from global if "
    "import in is lambda nonlocal not or pass raise return try while with yield".split()
)
GENERATED_HEAD_CHARS = 2_000
"""Where a mark of generated code is looked for: the first characters."""


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _line_features(lines: list[str]) -> dict[str, float]:
    filled = [line for line in lines if line and not line.isspace()]
    stripped = [line.lstrip() for line in filled]
    return {
        "blank_share": 1 - _ratio(len(filled), len(lines)),
        "mean_indent": _ratio(sum(map(len, filled)) - sum(map(len, stripped)), len(filled)),
        "repeated_line_share": 1 - _ratio(len(set(stripped)), len(stripped)) if stripped else 0.0,
        "doctest_lines": sum(line.startswith(">>>") for line in stripped),
        "comment_line_share": _ratio(sum(line.startswith("#") for line in stripped), len(stripped)),
    }


def _identifier_features(words: list[str], num_numbers: int) -> dict[str, float]:
    names = [word for word in words if word not in _KEYWORDS]
    distinct = set(names)
    parts = {part for part in _PART.findall(" ".join(distinct).replace("_", " ")) if len(part) > 1}
    return {
        "keyword_share": 1 - _ratio(len(names), len(words)) if words else 0.0,
        "number_share": _ratio(num_numbers, len(words) + num_numbers),
        "identifier_length": _ratio(sum(map(len, distinct)), len(distinct)),
        "distinct_identifier_share": _ratio(len(distinct), len(names)),
        "short_identifier_share": _ratio(sum(len(name) == 1 for name in names), len(names)),
        "constant_identifier_share": _ratio(sum(name.isupper() and len(name) > 1 for name in distinct), len(distinct)),
        "word_like_share": _ratio(sum(_WORD_LIKE.fullmatch(part) is not None for part in parts), len(parts)),
    }


def _prose_features(strings: list[str], comments: list[str], num_chars: int, num_lines: int) -> dict[str, float]:
    blocks = [string for string in strings if string.startswith(('"""', "'''"))]
    prose = "\n".join(comments + blocks)
    num_words = len(_PROSE_WORD.findall(prose))
    string_chars = sum(map(len, strings))
    return {
        "comment_share": _ratio(sum(map(len, comments)), num_chars),
        "string_share": _ratio(string_chars, num_chars),
        "string_length": min(_ratio(string_chars, len(strings)), 1_000.0),
        "block_string_share": _ratio(sum(map(len, blocks)), num_chars),
        "prose_words_per_line": _ratio(num_words, num_lines),
        "explanation_density": _ratio(len(_EXPLAINS.findall(prose)), num_lines),
    }


def lexical_features(head: str) -> dict[str, float]:
    """The lexical features of `head`; see `textbook.curation.features.COLUMNS` for what each says."""
    pieces = _STRING_OR_COMMENT.split(head)
    literals = pieces[1::2]
    comments = [piece for piece in literals if piece[0] == "#"]
    strings = [piece for piece in literals if piece[0] != "#"]
    code = '"'.join(pieces[::2])
    words = _WORD.findall(code)
    lines = head.split("\n")
    num_words = len(words) or 1
    return {
        **_line_features(lines),
        **_identifier_features(words, len(_NUMBER.findall(code))),
        **_prose_features(strings, comments, len(head), len(lines)),
        "bracket_density": (code.count("(") + code.count("[") + code.count("{")) / num_words,
        "dot_density": code.count(".") / num_words,
        "operator_density": sum(code.count(sign) for sign in "+-*/%<>") / num_words,
        "non_ascii_share": 0.0 if head.isascii() else _ratio(sum(char > "\x7f" for char in head), len(head)),
        "generated_mark": float(_GENERATED.search(head[:GENERATED_HEAD_CHARS]) is not None),
    }
