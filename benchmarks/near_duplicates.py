"""Near duplicates among installed files with planted variations: recall, precision, and documents per CPU second.

    python benchmarks/near_duplicates.py [DOCUMENTS]

The truth is an exact join (prefix filter, then Python's own sets), which shares no code with the step. rensa and
datatrove take part where they are installed; both get the same documents and the same words.
"""

import importlib.util
import random
import re
import sys
import sysconfig
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path

import pyarrow as pa

from textbook.curation.near_duplicates import NearDuplicates, loops
from textbook.curation.near_duplicates.shingles import without_licence
from textbook.operator import Batch

THRESHOLD, WIDTH, BATCH_ROWS = 0.7, 5, 1000
WORD = re.compile(r"(?:[A-Za-z0-9_]|[^\x00-\x7f])+")
Pairs = dict[tuple[int, int], float]


def documents(count: int) -> list[str]:
    """Installed Python files, and for every seventh a copy with planted changes."""
    rng = random.Random(0)
    roots = {Path(sysconfig.get_path(name)) for name in ("stdlib", "purelib")}
    files = sorted({file for root in roots for file in root.rglob("*.py") if 200 < file.stat().st_size < 60_000})
    texts = [file.read_text("utf-8", "ignore") for file in rng.sample(files, min(count * 7 // 8, len(files)))]
    return texts + [planted(text, rng) for text in texts[::7]]


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


def exact_pairs(texts: list[str]) -> Pairs:
    """All pairs at or above the threshold: a pair shares a shingle among the rarest of both (Chaudhuri 2006)."""
    sets = []
    for text in texts:
        words = WORD.findall(without_licence(text))
        windows = range(len(words) - WIDTH + 1) if len(words) > WIDTH else ()
        short = {hash((len(words), *words))} if words else {hash(text)}
        sets.append({hash(tuple(words[i : i + WIDTH])) for i in windows} or short)
    frequency: dict[int, int] = defaultdict(int)
    for shingles in sets:
        for shingle in shingles:
            frequency[shingle] += 1
    postings: dict[int, list[int]] = defaultdict(list)
    pairs: Pairs = {}
    for row, shingles in enumerate(sets):
        rarest = sorted(shingles, key=lambda shingle: (frequency[shingle], shingle))
        prefix = [s for s in rarest[: len(rarest) - int(THRESHOLD * len(rarest) + 0.999999) + 1] if frequency[s] > 1]
        for other in {other for shingle in prefix for other in postings[shingle]}:
            shared = len(shingles & sets[other])
            similarity = shared / (len(shingles) + len(sets[other]) - shared)
            if similarity >= THRESHOLD:
                pairs[other, row] = similarity
        for shingle in prefix:
            postings[shingle].append(row)
    return pairs


class Union:
    """Union-find over row numbers."""

    def __init__(self, count: int) -> None:
        self.parent = list(range(count))

    def find(self, row: int) -> int:
        """The root of a row."""
        while self.parent[row] != row:
            self.parent[row] = self.parent[self.parent[row]]
            row = self.parent[row]
        return row

    def join(self, pairs: Iterable[tuple[int, int]]) -> list[int]:
        """Join all pairs, then give the root of every row."""
        for first, second in pairs:
            self.parent[self.find(first)] = self.find(second)
        return [self.find(row) for row in range(len(self.parent))]


def ours(texts: list[str]) -> list[int]:
    """The cluster of each document."""
    step, tables = NearDuplicates(THRESHOLD, WIDTH), []
    batches: list[Batch] = []
    for start in range(0, len(texts), BATCH_ROWS):
        some = texts[start : start + BATCH_ROWS]
        ids = [str(row) for row in range(start, start + len(some))]
        batches.append({"id": ids, "text": some, "source": [None] * len(some)})
    with tempfile.TemporaryDirectory() as folder:
        tables.append(step.partial(batches))
        found: pa.Table = step.finish(tables, Path(folder)).duplicates.read()
        links = [(int(a), int(b)) for a, b in zip(*(found[c].to_pylist() for c in ("id", "kept")), strict=True)]
    return Union(len(texts)).join(links)


def with_rensa(texts: list[str]) -> list[int]:
    """rensa, 128 permutations, 32 bands; its candidates are filtered by its own estimate, since it keeps no sets."""
    from rensa import RMinHash, RMinHashLSH

    lsh, hashes = RMinHashLSH(threshold=THRESHOLD, num_perm=128, num_bands=32), []
    for row, text in enumerate(texts):
        words = WORD.findall(without_licence(text))
        minhash = RMinHash(num_perm=128, seed=42)
        minhash.update([" ".join(words[i : i + WIDTH]) for i in range(max(1, len(words) - WIDTH + 1))])
        hashes.append(minhash)
        lsh.insert(row, minhash)
    links = []
    for row, minhash in enumerate(hashes):
        links += [
            (row, other) for other in lsh.query(minhash) if other < row and minhash.jaccard(hashes[other]) >= THRESHOLD
        ]
    return Union(len(texts)).join(links)


def with_datatrove(texts: list[str]) -> list[int]:
    """MinHash by datatrove: 14 buckets of 8, its fastest hash, no normalisation, our words."""
    import struct

    from datatrove.data import Document
    from datatrove.pipeline.dedup import MinhashConfig, MinhashDedupBuckets, MinhashDedupSignature
    from datatrove.utils.hashing import HashConfig
    from datatrove.utils.text import TextNormConfig

    class Words:
        def word_tokenize(self, text: str) -> list[str]:
            return WORD.findall(text)

    plain = TextNormConfig(*[False] * len(TextNormConfig.__dataclass_fields__))
    hashing = HashConfig(precision=64, hash_fc="xxhash")
    config = MinhashConfig(n_grams=WIDTH, num_buckets=14, hashes_per_bucket=8, hash_config=hashing, norm_config=plain)
    with tempfile.TemporaryDirectory() as folder:
        signature = MinhashDedupSignature(f"{folder}/signatures", config=config)
        signature.word_tokenizer = Words()
        signature.run((Document(without_licence(text), str(row)) for row, text in enumerate(texts)), 0, 1)
        for bucket in range(config.num_buckets):
            MinhashDedupBuckets(f"{folder}/signatures", f"{folder}/buckets", config=config).run(
                None, bucket, config.num_buckets
            )
        links = []
        for file in Path(folder, "buckets").glob("*.dups"):
            links += [(a, b) for _, a, _, b in struct.iter_unpack("<4I", file.read_bytes())]
    return Union(len(texts)).join(links)


def report(name: str, method: Callable[[list[str]], list[int]], texts: list[str], truth: Pairs) -> None:
    """One line: the share of true pairs in one cluster, and of rows removed that have a true duplicate."""
    started = time.process_time()
    cluster = method(texts)
    seconds = time.process_time() - started
    real = {row for pair in truth for row in pair}
    together = {pair: cluster[pair[0]] == cluster[pair[1]] for pair in truth}
    near = [together[pair] for pair, similarity in truth.items() if similarity < 0.75]
    rows = sorted(range(len(texts)), key=lambda row: (cluster[row], row))
    removed = [b for a, b in pairwise(rows) if cluster[a] == cluster[b]]
    print(
        f"  {name:<14} {len(texts) / seconds:>8,.0f} docs/CPU-s   pair recall {sum(together.values()) / len(truth):.4f}"
        f" (.70 to .75: {sum(near) / max(1, len(near)):.3f})   removed {len(removed):>5}, "
        f"{sum(row in real for row in removed) / max(1, len(removed)):.3f} of them with a true duplicate"
    )


def main() -> None:
    texts = documents(int(sys.argv[1]) if len(sys.argv) > 1 else 4000)
    truth = exact_pairs(texts)
    near = sum(similarity < 0.75 for similarity in truth.values())
    size = sum(map(len, texts)) / 1e6
    print(f"{len(texts):,} documents, {size:.0f} MB; {len(truth):,} true pairs, {near:,} of them below .75")
    compiled = loops.compiled
    if compiled() is not None:
        ours(texts[:BATCH_ROWS] * 2)  # compiles
        report("numba", ours, texts, truth)
    loops.compiled = lambda: None
    report("numpy", ours, texts, truth)
    loops.compiled = compiled
    for name, method in (("rensa", with_rensa), ("datatrove", with_datatrove)):
        if importlib.util.find_spec(name):
            report(name, method, texts, truth)
        else:
            print(f"  {name} is not installed")


if __name__ == "__main__":
    main()
