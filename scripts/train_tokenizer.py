"""Train the byte-level BPE that `textbook.tokens` ships, on the permissively licensed code installed here.

    python scripts/train_tokenizer.py textbook/assets

writes `tokenizer-v1.tiktoken` (one token a line, base64 and rank) and `tokenizer-v1.json` (its provenance), and prints
the digest to pin in `textbook/tokens.py`. The pool is the standard library of the running interpreter and the packages
of its environment and of its base installation whose metadata name permissive licences only; what is vendored inside a
package is left out, since that metadata does not speak for it. The same installed files give the same artefact.

A published artefact never changes: a better tokenizer gets a new name and a new file.
"""

import argparse
import base64
import hashlib
import json
import platform
import re
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

import tokenizers
from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

from textbook import tokens

PERMISSIVE = {
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CC0-1.0",
    "CNRI-Python",
    "ISC",
    "MIT",
    "MIT-0",
    "PSF-2.0",
    "Zlib",
}
CLASSIFIERS = {
    "License :: OSI Approved :: Apache Software License",
    "License :: OSI Approved :: BSD License",
    "License :: OSI Approved :: ISC License (ISCL)",
    "License :: OSI Approved :: MIT License",
    "License :: OSI Approved :: Python Software Foundation License",
}
SUFFIXES = {".c", ".cc", ".cpp", ".h", ".hpp", ".js", ".md", ".py", ".pyx", ".rst"}
BUNDLED = re.compile(r"vendor|third_party|extern|site-packages|dist-packages")
MAX_FILE_BYTES = 1 << 17  # larger ones are mostly tables and generated code
MAX_TABLE_SHARE = 0.1  # of bytes that are digits or not ASCII: beyond it a file is a table of numbers or of characters
MAX_PACKAGE_BYTES = 1_000_000  # so that no package's vocabulary rules the others'
MAX_STDLIB_BYTES = 15_000_000
MAX_TOKEN_BYTES = 48


@dataclass(frozen=True)
class Part:
    """What was taken from one package."""

    name: str
    version: str
    license: str
    files: int
    bytes: int


def license_of(package: metadata.Distribution) -> str | None:
    """The licence of a package if its metadata name permissive ones only, else None."""
    fields = package.metadata
    expression: str = (fields.get_all("License-Expression") or fields.get_all("License") or [""])[0]
    names = {name.strip() for name in re.split(r" AND | OR | WITH |[()]", expression)} - {""}
    if names and names <= PERMISSIVE:
        return expression
    if "License-Expression" in fields:
        return None
    classifiers = [c for c in fields.get_all("Classifier") or [] if c.startswith("License :: OSI Approved")]
    if classifiers and CLASSIFIERS.issuperset(classifiers):
        return " AND ".join(c.rsplit(" :: ", 1)[1] for c in classifiers)
    return None


def readable(paths: Iterable[Path]) -> Iterator[tuple[str, str]]:
    """The digest and the text of each file that is code or prose, UTF-8, not too large and not a table."""
    for path in paths:
        if path.suffix not in SUFFIXES or not path.is_file() or path.stat().st_size > MAX_FILE_BYTES:
            continue
        data = path.read_bytes()
        if len(re.findall(rb"[0-9\x80-\xff]", data)) > MAX_TABLE_SHARE * len(data):
            continue
        try:
            yield hashlib.sha256(data).hexdigest(), data.decode()
        except UnicodeDecodeError:
            continue


def choose(files: Iterable[tuple[str, str]], pool: dict[str, str], max_bytes: int) -> tuple[int, int]:
    """Add files to `pool` in the order of their digests, none twice, up to `max_bytes`; return how many, how large."""
    count = size = 0
    for digest, text in sorted(dict(files).items()):
        length = len(text.encode())
        if digest in pool or size + length > max_bytes:
            continue
        pool[digest] = text
        count, size = count + 1, size + length
    return count, size


def packages() -> list[metadata.Distribution]:
    """The installed packages by name, those of the environment before those of the base installation."""
    base = sysconfig.get_path("purelib", vars={"base": sys.base_prefix, "platbase": sys.base_prefix})
    found: dict[str, metadata.Distribution] = {}
    for folder in (sysconfig.get_path("purelib"), base):
        for package in metadata.distributions(path=[folder]):
            found.setdefault(re.sub(r"[-_.]+", "-", package.metadata["Name"]).lower(), package)
    return [found[name] for name in sorted(found) if name != "textbook-curation"]


def gather() -> tuple[dict[str, str], list[Part]]:
    """The training texts by digest, and what was taken from where."""
    pool: dict[str, str] = {}
    stdlib = Path(sysconfig.get_path("stdlib"))
    own = (path for path in stdlib.rglob("*") if not BUNDLED.search(str(path.relative_to(stdlib))))
    parts = [Part("python", platform.python_version(), "PSF-2.0", *choose(readable(own), pool, MAX_STDLIB_BYTES))]
    for package in packages():
        name = package.metadata["Name"]
        license = license_of(package)
        if license is None:
            print(f"left out: {name} {package.version}, no permissive licence in its metadata")
            continue
        listed = (Path(str(package.locate_file(f))) for f in package.files or [] if not BUNDLED.search(str(f)))
        part = Part(name, package.version, license, *choose(readable(listed), pool, MAX_PACKAGE_BYTES))
        if part.files:
            parts.append(part)
    return pool, parts


def byte_of_char() -> dict[str, int]:
    """The byte behind each character in which a byte-level model of `tokenizers` writes its vocabulary (as GPT-2's)."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(256 + i): byte for i, byte in enumerate(others)}


def train(texts: Sequence[str]) -> dict[bytes, int]:
    """Learn the merges; the rank of a token is its id."""
    model = Tokenizer(models.BPE())
    model.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(tokens.PATTERN), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    alphabet = byte_of_char()
    trainer = trainers.BpeTrainer(
        vocab_size=tokens.VOCABULARY_SIZE,
        initial_alphabet=sorted(alphabet),
        max_token_length=MAX_TOKEN_BYTES,
        show_progress=False,
    )
    model.train_from_iterator(texts, trainer)
    return {bytes(alphabet[char] for char in token): rank for token, rank in model.get_vocab().items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=Path, help="the folder to write into")
    output = parser.parse_args().output
    pool, parts = gather()
    for part in parts:
        print(f"took {part.files:5} files {part.bytes / 1e6:6.2f} MB: {part.name} {part.version} ({part.license})")
    digests = sorted(pool)
    ranks = train([pool[digest] for digest in digests])
    lines = [base64.b64encode(token) + b" %d\n" % rank for token, rank in sorted(ranks.items(), key=lambda x: x[1])]
    data = b"".join(lines)
    provenance = {
        "sha256": tokens.digest(data),
        "pattern": tokens.PATTERN,
        "vocabulary_size": len(ranks),
        "tokenizers": tokenizers.__version__,
        "pool_sha256": hashlib.sha256("\n".join(digests).encode()).hexdigest(),
        "pool_files": len(pool),
        "pool_bytes": sum(part.bytes for part in parts),
        "pool": [asdict(part) for part in parts],
    }
    (output / tokens.ARTEFACT).write_bytes(data)
    (output / tokens.ARTEFACT).with_suffix(".json").write_text(json.dumps(provenance, indent=1) + "\n")
    print(f"{len(ranks)} tokens, {len(data)} bytes, from {len(pool)} files, pool {provenance['pool_sha256']}")
    print(f"DIGEST = {provenance['sha256']!r}")


if __name__ == "__main__":
    main()
