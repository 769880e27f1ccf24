"""Secrets and personal data: what is found of what was planted, what is found in real files, and how fast.

    python benchmarks/secrets_found.py                 the files installed beside this Python
    python benchmarks/secrets_found.py FOLDER ...      the files of other folders, such as unpacked packages
    python benchmarks/secrets_found.py --list          and where each alarm is: kind, file and line, never the value

Planted are 200 of each kind, every one in a real file of its own, by `tests/curation/planted_secrets.py`, whose
generators were written before the rules. Megabytes are of UTF-8 text in memory, seconds of CPU, in one thread.
"""

import random
import sys
import sysconfig
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))

from tests.curation.planted_secrets import GENERATORS, UNSEEN, planted
from textbook.curation.personal_data import PersonalData
from textbook.curation.secret_rules import RULES
from textbook.curation.secrets import Secrets, find_secrets, scanned, spans_by
from textbook.curation.spans import Span

NUM_FILES = 10_000
NUM_PLANTED = 200
MAX_HOST_CHARS = 20_000
MAX_FILE_BYTES = 1_000_000
SEED = 1
SUFFIXES = {
    ".py",
    ".js",
    ".ts",
    ".json",
    ".yaml",
    ".yml",
    ".toml",
    ".md",
    ".rst",
    ".c",
    ".h",
    ".sh",
    ".cfg",
    ".ini",
    ".html",
}


def real_files(folders: list[str]) -> dict[Path, str]:
    """A sample of the files that are text: of `folders`, or the standard library's and installed packages' Python."""
    suffixes = SUFFIXES if folders else {".py"}
    folders = folders or [sysconfig.get_path(name) for name in ("stdlib", "purelib")]
    paths = sorted({path for folder in folders for path in Path(folder).rglob("*.*") if path.suffix in suffixes})
    texts = {}
    for path in random.Random(SEED).sample(paths, len(paths)):
        try:
            if path.stat().st_size <= MAX_FILE_BYTES:
                texts[path] = path.read_text()
        except (UnicodeDecodeError, OSError):
            continue
        if len(texts) == NUM_FILES:
            break
    return texts


def recall(kind: str, hosts: list[str]) -> float:
    """The share of planted secrets that are found, whatever they are taken for."""
    rng, found = random.Random(kind), 0
    for piece in planted(kind, NUM_PLANTED, SEED):
        host = rng.choice(hosts).splitlines(keepends=True)
        line = rng.randrange(len(host) + 1)
        before = "".join(host[:line])
        spans = find_secrets(before + piece + "".join(host[line:]))
        found += any(span.start < len(before) + len(piece) and span.end > len(before) for span in spans)
    return found / NUM_PLANTED


def speed(look: Callable[[str], object], texts: Iterable[str], num_bytes: int) -> float:
    """Megabytes per CPU-second."""
    start = time.process_time()
    for text in texts:
        look(text)
    return num_bytes / 1e6 / (time.process_time() - start)


def print_alarms(files: dict[Path, str], found: dict[Path, list[Span]]) -> None:
    for path, spans in found.items():
        for span in spans:
            print(f"  {span.kind:24} {'/'.join(path.parts[-4:])}:{files[path].count(chr(10), 0, span.start) + 1}")


def main() -> None:
    files = real_files([argument for argument in sys.argv[1:] if argument != "--list"])
    texts = list(files.values())
    num_bytes = sum(len(text.encode()) for text in texts)
    print(f"{len(texts):,} files, {num_bytes / 1e6:.1f} MB")
    hosts = [text for text in texts if 500 < len(text) < MAX_HOST_CHARS and not find_secrets(text)]
    for kind in (*GENERATORS, *UNSEEN):
        print(f"  recall {recall(kind, hosts):.3f}  {kind}{' (no rule of its own)' if kind in UNSEEN else ''}")
    find_secrets("")
    secrets, personal = Secrets(), PersonalData()
    print(f"gate alone                  {speed(scanned, texts, num_bytes):6.1f} MB/CPU-s")
    print(f"secrets, by Hyperscan       {speed(lambda t: secrets({'text': [t]}), texts, num_bytes):6.1f} MB/CPU-s")
    print(f"secrets, by keywords alone  {speed(lambda t: spans_by(RULES, t), texts, num_bytes):6.1f} MB/CPU-s")
    print(f"personal data               {speed(lambda t: personal({'text': [t]}), texts, num_bytes):6.1f} MB/CPU-s")
    found = {path: find_secrets(text) for path, text in files.items()}
    kinds = Counter(span.kind for spans in found.values() for span in spans)
    num_files = sum(bool(spans) for spans in found.values())
    print(f"alarms: {kinds.total()} in {num_files} files; {dict(kinds.most_common())}")
    if "--list" in sys.argv[1:]:
        print_alarms(files, found)


if __name__ == "__main__":
    main()
