"""Functions with a docstring out of pinned packages: code that leaks no benchmark. Not a benchmark itself.

The packages are those of `scripts/contamination_packages.txt`, each unpacked in a folder of its own name:

    while read p; do
        pip install --no-deps --no-compile --target FOLDER/${p%%==*} $p
    done < scripts/contamination_packages.txt

They are parted in two by their names: what is shipped was counted on half 0, and half 1 is there to measure on.
"""

import ast
import hashlib
import random
from collections.abc import Iterable, Iterator
from pathlib import Path
from textwrap import dedent

from textbook.languages.python import ParseError, parse, plain_newlines

PACKAGES = Path(__file__).parents[1] / "scripts" / "contamination_packages.txt"
MAX_FILE_BYTES = 300_000
MAX_CHARS = 8_000
MAX_OF_A_FILE = 12
"""Files of generated code have thousands of functions that are alike."""


def packages(folder: Path, half: int) -> list[Path]:
    """The folders of the packages of a half; ends the program where one is missing or has another version."""
    pins = [line.split("==") for line in PACKAGES.read_text().split()]
    wrong = [f"{name}=={version}" for name, version in pins if not _unpacked(folder / name, name, version)]
    if wrong:
        raise SystemExit(
            f"{folder} lacks {len(wrong)} of {len(pins)} packages: {' '.join(wrong[:5])} ... see {__file__}"
        )
    return [folder / name for name, _ in pins if hashlib.sha256(name.encode()).digest()[0] % 2 == half]


def _unpacked(folder: Path, name: str, version: str) -> bool:
    return (folder / f"{name.replace('-', '_')}-{version}.dist-info").is_dir()


def documented_functions(folders: Iterable[Path], seed: int = 0) -> Iterator[str]:
    """Functions of the Python files below folders in an order that looks random, none twice."""
    files = [file for folder in folders for file in sorted(folder.rglob("*.py"))]
    random.Random(seed).shuffle(files)
    seen = set()
    for file in files:
        for text in _functions(file):
            digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
            if digest not in seen:
                seen.add(digest)
                yield text


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
