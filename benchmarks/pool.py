"""The documents that the cleaning benchmarks work on: real Python code, and copies of it with planted changes.

Not a benchmark itself. Any folders of code will do; the figures in the README were measured on the installed files of
about 110 packages from PyPI, unpacked with `pip install --no-deps --target FOLDER PACKAGE`, sixteen of them SDKs.
"""

import random
import re
import sysconfig
from collections.abc import Iterable, Iterator
from pathlib import Path

WORD = re.compile(r"(?:[A-Za-z0-9_]|[^\x00-\x7f])+")
TOP_LEVEL = re.compile(r"^(?=(?:async )?def |class )", re.MULTILINE)
MIN_CHARS, MAX_CHARS = 200, 60_000
MAX_FILES = 1_200
"""Of one folder, so that no SDK of 30,000 files makes the pool."""


def installed() -> list[Path]:
    """Where this interpreter's own packages lie."""
    return [Path(sysconfig.get_path(name)) for name in ("stdlib", "purelib")]


def files(folders: Iterable[Path], at_most: int | None = None, seed: int = 0) -> list[Path]:
    """The Python files of a usual size, `at_most` so many of each folder."""
    rng = random.Random(seed)
    chosen = []
    for folder in folders:
        found = sorted(file for file in folder.rglob("*.py") if MIN_CHARS < file.stat().st_size < MAX_CHARS)
        chosen += found if at_most is None else rng.sample(found, min(at_most, len(found)))
    return list(dict.fromkeys(chosen))


def documents(folders: Iterable[Path], count: int, seed: int = 0) -> list[str]:
    """Real files (six of ten), functions and classes cut from others (three), and planted copies of files (one)."""
    rng = random.Random(seed)
    paths = files(folders, MAX_FILES, seed)
    rng.shuffle(paths)
    whole = [path.read_text("utf-8", "ignore") for path in paths[: count * 6 // 10]]
    parts: list[str] = []
    for path in paths[::-1]:
        if len(parts) >= count * 3 // 10:
            break
        parts += [part for part in TOP_LEVEL.split(path.read_text("utf-8", "ignore"))[1:] if len(part) >= MIN_CHARS]
    texts = whole + parts[: count * 3 // 10]
    texts += [planted(text, rng) for text in rng.choices(whole, k=count - len(texts))]
    rng.shuffle(texts)
    return texts


def planted(text: str, rng: random.Random) -> str:
    """`text` with words replaced, words inserted, one name changed, or a block of lines deleted."""
    kind, share = rng.choice(["replace", "insert", "rename", "delete"]), rng.uniform(0.002, 0.05)
    if kind == "delete":
        lines = text.splitlines()
        start, length = rng.randrange(len(lines)), int(len(lines) * share * 6)
        return "\n".join(lines[:start] + lines[start + length :])
    if kind == "rename":
        name = rng.choice(WORD.findall(text) or ["x"])
        return re.sub(rf"\b{re.escape(name)}\b", "another_name", text)
    new = "{} planted" if kind == "insert" else "planted"
    return WORD.sub(lambda word: new.format(word.group()) if rng.random() < share else word.group(), text)


def multiplied(texts: list[str], times: int, seed: int = 0) -> Iterator[str]:
    """The documents `times` over, each time with the letters permuted: near duplicates stay within one copy."""
    letters = bytes(range(65, 91)) + bytes(range(97, 123))
    encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
    for copy in range(times):
        mixed = bytes(random.Random(seed + copy).sample(letters, len(letters)))
        table = bytes.maketrans(letters, mixed if copy else letters)
        yield from (text.translate(table).decode("utf-8", "surrogatepass") for text in encoded)
