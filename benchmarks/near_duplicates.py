"""Near duplicates among real code with planted variations: recall, precision, documents per CPU second.

    python benchmarks/near_duplicates.py [--documents 50000] [FOLDER ...]     (default: the installed files)

The truth is an exact join that shares no code with the step (`exact_join.py`). rensa, datatrove and datasketch take
part where they are installed, the method of text-dedup always. One thread, documents in memory.
"""

import argparse
import importlib.util
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
from exact_join import exact_pairs
from near_duplicates_peers import PEERS, THRESHOLD, WIDTH, Clusters, Union
from pool import WORD, documents, installed

from textbook.curation.near_duplicates import NearDuplicates, kernels
from textbook.curation.near_duplicates.buckets import candidates
from textbook.curation.near_duplicates.shingles import without_licence
from textbook.curation.near_duplicates.summary import distinct
from textbook.operator import Batch

BATCH_ROWS = 1000
STEP = NearDuplicates(THRESHOLD, WIDTH)


def batches(texts: list[str]) -> list[Batch]:
    """The documents as a step gets them."""
    some = [range(start, min(start + BATCH_ROWS, len(texts))) for start in range(0, len(texts), BATCH_ROWS)]
    return [
        {"id": list(map(str, rows)), "text": [texts[row] for row in rows], "source": [None] * len(rows)}
        for rows in some
    ]


def ours(texts: list[str]) -> Clusters:
    """The cluster of each document."""
    with tempfile.TemporaryDirectory() as folder:
        found = STEP.finish([STEP.partial(batches(texts))], Path(folder)).duplicates.read()
        links = [(int(a), int(b)) for a, b in zip(*(found[c].to_pylist() for c in ("id", "kept")), strict=True)]
    return Union(len(texts)).join(links)


def pairs_proposed(texts: list[str]) -> set[tuple[int, int]]:
    """Every pair that shares a band and passes the sketch test; those of equal sets count for each other."""
    with tempfile.TemporaryDirectory() as folder:
        given = distinct([STEP.partial(batches(texts))], STEP.shape, Path(folder))
        alone = np.arange(len(given.sets.starts))
        pairs = np.concatenate([pairs.copy() for pairs in candidates(given.sketched, alone)])
    rows: list[list[int]] = [[] for _ in alone]
    for row, number in zip(given.rows.tolist(), given.number.tolist(), strict=True):
        rows[number].append(row)
    both = {(min(a, b), max(a, b)) for x, y in pairs.tolist() for a in rows[x] for b in rows[y]}
    return both | {(a, b) for equal in rows for a in equal for b in equal if a < b}


def report(name: str, method: Callable[[list[str]], Clusters], texts: list[str], truth: np.ndarray) -> float:
    """One line: the share of true pairs in one cluster, and of rows removed that have a true duplicate."""
    started = time.process_time()
    cluster = np.array(method(texts))
    rate = len(texts) / (time.process_time() - started)
    real = np.zeros(len(texts), bool)
    real[truth] = True
    together = (cluster[truth[:, 0]] == cluster[truth[:, 1]]).mean()
    rows = np.lexsort((np.arange(len(texts)), cluster)).tolist()
    removed = [b for a, b in pairwise(rows) if cluster[a] == cluster[b]]
    print(
        f"  {name:<12} {rate:>8,.0f} docs/CPU-s   true pairs in one cluster {together:.4f}   "
        f"removed {len(removed):>6,}, "
        f"{real[removed].mean():.4f} of them with a true duplicate",
        flush=True,
    )
    return rate


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--documents", type=int, default=50_000)
    parser.add_argument("folders", type=Path, nargs="*", default=installed())
    arguments = parser.parse_args()
    texts = documents(arguments.folders, arguments.documents)
    texts = [text for text in texts if WORD.search(without_licence(text))]
    bare = [without_licence(text) for text in texts]
    truth, similarity = exact_pairs(bare, WIDTH, THRESHOLD)
    removable = len(texts) - len(set(Union(len(texts)).join(map(tuple, truth.tolist()))))
    size = sum(len(text.encode("utf-8", "ignore")) for text in texts) / 1e6
    print(f"{len(texts):,} documents, {size:.0f} MB; {len(truth):,} true pairs, {removable:,} rows to remove")

    proposed = pairs_proposed(texts)
    found = np.array([pair in proposed for pair in map(tuple, truth.tolist())])
    near = similarity < THRESHOLD + 0.02
    print(
        f"  true pairs proposed by the bands and sketches: {found.mean():.4f} of all, "
        f"{found[near].mean():.4f} of the {near.sum():,} below {THRESHOLD + 0.02:.2f}"
    )
    del proposed
    rates, compiled = {}, kernels.compiled
    if compiled() is not None:
        ours(texts[:BATCH_ROWS] * 2)  # compiles
        rates["numba"] = report("numba", ours, texts, truth)
    kernels.compiled = lambda: None
    rates["numpy"] = report("numpy", ours, texts, truth)
    kernels.compiled = compiled
    for name, method in PEERS.items():
        if name == "text-dedup" or importlib.util.find_spec(name):
            rate = report(name, method, bare, truth)
            print("  " + ", ".join(f"{own} is {rates[own] / rate:.1f} times as fast as {name}" for own in rates))
        else:
            print(f"  {name} is not installed")


if __name__ == "__main__":
    main()
