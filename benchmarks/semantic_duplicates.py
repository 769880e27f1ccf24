"""Semantic duplicates among planted vectors: what is found, exactly and by cells, and what it costs; beside semhash.

    python benchmarks/semantic_duplicates.py

semhash takes part if it is installed.
"""

import importlib.util
import time

import numpy as np

from textbook.curation import semantic_duplicates
from textbook.curation.semantic_duplicates import star

ROWS, COPIES, DIMENSIONS, THRESHOLD = 20_000, 2_000, 256, 0.9


def planted(rows: int) -> np.ndarray:
    """Unit vectors around 50 topics; the last `COPIES` are near copies of the first."""
    rng = np.random.default_rng(0)
    topics = rng.standard_normal((50, DIMENSIONS))
    vectors = topics[rng.integers(0, 50, rows)] * 0.5 + rng.standard_normal((rows, DIMENSIONS))
    vectors[rows - COPIES :] = vectors[:COPIES] + 0.3 * rng.standard_normal((COPIES, DIMENSIONS))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def report(name: str, found: int, seconds: float) -> None:
    """One line."""
    print(f"  {name:<22} {found:>5} of {COPIES} found  {seconds:6.2f} CPU-s")


def with_semhash(vectors: np.ndarray) -> int:
    """The rows that semhash drops, given the same vectors."""
    from semhash import SemHash

    class Encoder:
        def encode(self, texts: list[str], **_: object) -> np.ndarray:
            return vectors[[int(text) for text in texts]]

    records = [str(i) for i in range(len(vectors))]
    result = SemHash.from_records(records, model=Encoder()).self_deduplicate(threshold=THRESHOLD)
    return len(records) - len(result.selected)


def main() -> None:
    vectors = planted(ROWS)
    print(f"{ROWS:,} vectors of {DIMENSIONS} dimensions, {COPIES:,} near copies planted, cosine >= {THRESHOLD}")
    for name, cell_rows in (("all pairs", 50_000), ("cells of 5,000 rows", 5_000), ("cells of 1,000 rows", 1_000)):
        semantic_duplicates.CELL_ROWS = cell_rows
        started = time.process_time()
        matches = star(vectors, THRESHOLD)
        report(name, int((matches.kept != np.arange(ROWS)).sum()), time.process_time() - started)
    if importlib.util.find_spec("semhash"):
        started = time.process_time()
        found = with_semhash(vectors)
        report("semhash", found, time.process_time() - started)
    else:
        print("  semhash is not installed")


if __name__ == "__main__":
    main()
