"""The functions of installed packages that have a docstring: code that leaks no benchmark. Not a benchmark itself."""

import ast
import hashlib
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from textwrap import dedent

from textbook.languages.python import ParseError, parse, plain_newlines

MAX_FILE_BYTES = 300_000
MAX_CHARS = 8_000
MAX_OF_A_FILE = 12
"""Files of generated code have thousands of functions that are alike."""


def documented_functions(folders: Sequence[Path], half: int | None = None, seed: int = 0) -> Iterator[str]:
    """Functions in an order that looks random, none twice.

    Args:
        folders: a package is a file or folder in one of them.
        half: 0 or 1 takes every other package, chosen by the hash of its name.
        seed: of the order of files.
    """
    found = ((folder, file) for folder in folders for file in sorted(folder.rglob("*.py")))
    files = [file for folder, file in found if half is None or _half(folder, file) == half]
    random.Random(seed).shuffle(files)
    seen = set()
    for file in files:
        for text in _functions(file):
            digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
            if digest not in seen:
                seen.add(digest)
                yield text


def _half(folder: Path, file: Path) -> int:
    return hashlib.sha256(file.relative_to(folder).parts[0].encode()).digest()[0] % 2


def _functions(file: Path) -> Iterator[str]:
    try:
        if file.stat().st_size > MAX_FILE_BYTES:
            return
        text = plain_newlines(file.read_text("utf-8"))
        tree = parse(text)
    except (OSError, UnicodeDecodeError, ParseError):
        return
    lines, number = text.split("\n"), 0
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and ast.get_docstring(node, clean=False):
            function = dedent("\n".join(lines[node.lineno - 1 : node.end_lineno]))
            if len(function) <= MAX_CHARS:
                number += 1
                yield function
            if number == MAX_OF_A_FILE:
                return
