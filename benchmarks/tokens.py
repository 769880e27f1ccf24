"""Counting tokens: MB per CPU-second on one thread and bytes per token, side by side over the same installed files.

    python benchmarks/tokens.py

Three ways to count: `textbook-16k` as shipped, the same vocabulary run by the library `tokenizers`, and the same
vocabulary run by `tiktoken` behind GPT-2's pattern (which needs look-around). The vocabulary was learnt behind our
pattern, so the bytes per token of the third say little of GPT-2's. The files: Python of installed packages that gave
files to the training (its provenance names them), Python of packages that gave none, and hostile texts of 1 MB.
"""

import base64
import json
import os
import random
import time
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path

os.environ |= {"RAYON_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}

import tiktoken
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers

from textbook import tokens

MAX_BYTES = 6_000_000
REPEATS = 3
GPT2_PATTERN = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s"
Count = Callable[[list[str]], list[int]]


def ranks() -> dict[bytes, int]:
    lines = (Path(tokens.__file__).parent / "assets" / tokens.ARTEFACT).read_bytes().splitlines()
    return {base64.b64decode(token): int(rank) for token, rank in map(bytes.split, lines)}


def merge_of(token: bytes, ranks: dict[bytes, int]) -> tuple[bytes, bytes]:
    """The two parts that were merged into a token: where merging its bytes stops without its own rank."""
    parts = [token[i : i + 1] for i in range(len(token))]
    while len(parts) > 2:
        best = min(range(len(parts) - 1), key=lambda i: ranks.get(parts[i] + parts[i + 1], len(ranks)))
        parts[best : best + 2] = [parts[best] + parts[best + 1]]
    return parts[0], parts[1]


def hugging_face(ranks: dict[bytes, int]) -> tokens.HuggingFace:
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    char = {byte: chr(byte) for byte in printable}
    char |= {byte: chr(256 + i) for i, byte in enumerate(b for b in range(256) if b not in char)}

    def spell(token: bytes) -> str:
        return "".join(char[byte] for byte in token)

    merges = [merge_of(token, ranks) for token in sorted(ranks, key=ranks.__getitem__) if len(token) > 1]
    vocabulary = {spell(token): rank for token, rank in ranks.items()}
    model = Tokenizer(models.BPE(vocabulary, [(spell(left), spell(right)) for left, right in merges]))
    split = pre_tokenizers.Split(Regex(tokens.PATTERN), "isolated")
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    model.pre_tokenizer = pre_tokenizers.Sequence([split, byte_level])
    model.decoder = decoders.ByteLevel()
    return tokens.HuggingFace(model.to_str())


def installed() -> tuple[list[str], list[str]]:
    """Python files of packages in the training pool, and of packages outside it."""
    provenance = (Path(tokens.__file__).parent / "assets" / tokens.ARTEFACT).with_suffix(".json").read_text()
    pool = {part["name"] for part in json.loads(provenance)["pool"]}
    inside: list[Path] = []
    outside: list[Path] = []
    for package in metadata.distributions():
        paths = (Path(str(package.locate_file(f))) for f in package.files or [] if f.suffix == ".py")
        (inside if package.metadata["Name"] in pool else outside).extend(paths)
    return sample(inside), sample(outside)


def sample(paths: list[Path]) -> list[str]:
    texts: list[str] = []
    size = 0
    for path in random.Random(0).sample(sorted(set(paths)), len(set(paths))):
        data = path.read_bytes() if path.is_file() else b""
        if 0 < len(data) <= MAX_BYTES - size:
            texts.append(data.decode("utf-8", "replace"))
            size += len(data)
    return texts


def hostile() -> dict[str, str]:
    draw = random.Random(0)
    size = 1_000_000
    return {
        "one letter": "a" * size,
        "spaces": " " * size,
        "line breaks": "\n" * size,
        "one bracket": "(" * size,
        "random letters": "".join(draw.choices("abcdefghijklmnopqrstuvwxyz", k=size)),
        "random whitespace": "".join(draw.choices(" \t\r\n", k=size)),
        "CJK": "".join(chr(draw.randrange(0x4E00, 0x9FFF)) for _ in range(size // 3)),
        "NUL": "\0" * size,
        "lone surrogates": "\ud800" * (size // 3),
    }


def measure(count: Count, texts: list[str]) -> tuple[float, Sequence[int]]:
    """The least CPU-seconds of several runs, and the counts."""
    seconds = []
    for _ in range(REPEATS):
        start = time.process_time()
        counts = count(texts)
        seconds.append(time.process_time() - start)
    return min(seconds), counts


def main() -> None:
    start = time.process_time()
    tokens.count([""])
    print(f"loading {tokens.DEFAULT}: {(time.process_time() - start) * 1e3:.0f} CPU-ms")
    learnt = ranks()
    same = hugging_face(learnt)
    gpt2 = tiktoken.Encoding("gpt2-pattern", pat_str=GPT2_PATTERN, mergeable_ranks=learnt, special_tokens={})
    rows: dict[str, Count] = {
        tokens.DEFAULT: tokens.count,
        "tokenizers, same vocabulary": lambda texts: tokens.count(texts, same),
        "tiktoken, GPT-2's pattern": lambda texts: [len(gpt2.encode_ordinary(text)) for text in texts],
    }
    for title, texts in zip(("packages in the pool", "other packages"), installed(), strict=True):
        size = sum(len(text.encode()) for text in texts)
        print(f"\n{title}: {len(texts)} files, {size / 1e6:.1f} MB")
        if not texts:
            continue
        for name, count in rows.items():
            seconds, counts = measure(count, texts)
            print(f"  {name:28} {size / 1e6 / seconds:6.1f} MB/CPU-s  {size / sum(counts):5.2f} bytes/token")
        differing = sum(
            a != b for a, b in zip(tokens.load().encode_batch(texts), same.encode_batch(texts), strict=True)
        )
        print(f"  {differing} of {len(texts)} files get other ids from tokenizers")
    print(f"\nhostile texts, {tokens.DEFAULT}")
    for kind, text in hostile().items():
        seconds, (num_tokens,) = measure(tokens.count, [text])
        size = len(text.encode("utf-8", "surrogatepass"))
        print(f"  {kind:28} {size / 1e6 / seconds:6.1f} MB/CPU-s  {size / num_tokens:5.2f} bytes/token")


if __name__ == "__main__":
    main()
