"""Glue under the docstrings of better code: examples made to teach that words about code are not the code.

The rubric says that a polished docstring on trivial glue leaves it what it is, and few glue is so well documented
that labels alone could teach that. Made texts are fitted on by heads that see what other fits say of a text
(`Stacked`), and are never measured on. A head that sees nothing but n-grams learns from them to distrust docstrings.
"""

import ast
import re
from collections.abc import Sequence
from typing import Any

from textbook.curation.annotate.groups import key
from textbook.curation.educational_value.bare_code import Code, Edit, code_of, edited, is_string
from textbook.curation.educational_value.matrix import Floats

VERSION = 1
"""Rises with what is made, and with it the digest of what a scorer is made of."""
SHARE = 0.15
"""Of the poor texts, that are made into others."""
MIN_CHARS = 80
"""Of a docstring worth borrowing."""
SENTENCE_CHARS = range(16, 100)

_HOLDERS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_UNSAID = (*_HOLDERS, ast.Import, ast.ImportFrom)
_SENTENCE_END = re.compile(r"(?<=\.)\s+|\n\s*\n")


def documented_glue(
    texts: Sequence[str], targets: Floats, groups: Sequence[str], good: float, seed: int
) -> list[tuple[int, str]]:
    """Poor texts, by their place, each under docstrings of good texts of its own group in the place of its own.

    Every other one has sentences of these before its statements too, as comments. What a fold is fitted on holds no
    word of the groups held out. Texts that do not parse, and those that define nothing, are passed over.
    """
    codes = {at: code for at, text in enumerate(texts) if (code := code_of(text)) is not None}
    docstrings: dict[str, list[str]] = {}
    for at, code in codes.items():
        if targets[at] >= good:
            docstrings.setdefault(groups[at], []).extend(_explanations(code))
    made = []
    for at, code in codes.items():
        borrowed, draw = docstrings.get(groups[at]), key(seed, "glue", texts[at])
        if targets[at] < good and borrowed and draw < SHARE * 2**64:
            words = sorted(borrowed, key=lambda words: (key(seed, texts[at], words), words))
            edits = _docstrings(code, words) + (_comments(code, words) if draw % 2 else [])
            text = edited(code.text, edits)
            if text != code.text:
                made.append((at, text))
    return made


def _explanations(code: Code) -> list[str]:
    return [words for node in code.docstrings if len(words := node.value.value) >= MIN_CHARS]


def _docstrings(code: Code, borrowed: Sequence[str]) -> list[Edit]:
    """One for each function and class in turn, in the place of its own."""
    edits = []
    holders = [node for node in code.nodes if isinstance(node, _HOLDERS)]
    for number, node in enumerate(sorted(holders, key=lambda node: node.lineno)):
        words = borrowed[number % len(borrowed)].replace("\\", "/").replace('"""', "'''").rstrip('"')
        first = node.body[0]
        start, end = code.span(first)
        if is_string(first):
            edits.append(Edit(start, end, f'"""{words}"""'))
        elif (indent := _indent(code, first)) is not None:
            edits.append(Edit(start, start, f'"""{words}"""\n{indent}'))
    return edits


def _comments(code: Code, borrowed: Sequence[str]) -> list[Edit]:
    """A sentence before each statement that has a line of its own."""
    sentences = [" ".join(part.split()) for words in borrowed for part in _SENTENCE_END.split(words)]
    sentences = [sentence for sentence in sentences if len(sentence) in SENTENCE_CHARS]
    if not sentences:
        return []
    statements = [node for node in code.nodes if isinstance(node, ast.stmt) and not isinstance(node, _UNSAID)]
    edits = []
    for number, node in enumerate(sorted(statements, key=lambda node: node.lineno)):
        indent = _indent(code, node)
        if indent is not None and not is_string(node):
            line = code.line_start(node.lineno)
            edits.append(Edit(line, line, f"{indent}# {sentences[number % len(sentences)]}\n"))
    return edits


def _indent(code: Code, node: Any) -> str | None:
    """What stands before a statement on its line, if that is nothing but blanks and it has no decorator."""
    before = code.text[code.line_start(node.lineno) : code.span(node)[0]]
    return None if before.strip() or getattr(node, "decorator_list", None) else before
