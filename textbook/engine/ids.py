"""Ids are unique over all rows of a run, kept and dropped: checked on what was written, in bounded memory."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

ROWS_AT_ONCE = 20_000_000
"""16 bytes each, and as much again while they are sorted."""


def check_unique(files: Sequence[Path], rows_at_once: int = ROWS_AT_ONCE) -> None:
    """Look for an id that stands twice in parquet `files`, comparing 128-bit keys.

    Raises:
        ValueError: there is one.
    """
    total = sum(pq.read_metadata(file).num_rows for file in files)
    num_parts = -(-total // rows_at_once) or 1
    for part in range(num_parts):
        keys = [key[key[:, 0] % np.uint64(num_parts) == part] for file in files for key in keys_of(file)]
        repeated = first_repeated(np.concatenate(keys)) if keys else None
        if repeated is not None:
            row = find(files, repeated)
            raise ValueError(
                f"the id {row!r} stands for more than one row; ids must be unique. "
                "Leave the id column out, so that ids are made from the source and the text"
            )


def keys_of(file: Path) -> Iterator[npt.NDArray[np.uint64]]:
    """A 128-bit key for each id, shape (n, 2): the id itself where it is 32 hex digits, else its hash."""
    with pq.ParquetFile(file) as parquet:
        for record_batch in parquet.iter_batches(100_000, columns=["id"]):
            yield keys(record_batch["id"])


def keys(column: pa.Array) -> npt.NDArray[np.uint64]:
    """The keys of one column of ids."""
    ids = column.to_pylist()
    joined = "".join(ids)
    if len(joined) == 32 * len(ids) and all(len(row) == 32 for row in ids):
        try:
            return np.frombuffer(bytes.fromhex(joined), ">u8").astype(np.uint64).reshape(-1, 2)
        except ValueError:
            pass  # 32 characters, but not hex digits
    hashes = b"".join(hashlib.blake2b(row.encode(), digest_size=16).digest() for row in ids)
    return np.frombuffer(hashes, ">u8").astype(np.uint64).reshape(-1, 2)


def first_repeated(keys: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64] | None:
    """A key that stands twice, shape (2,), or None."""
    ordered = keys[np.lexsort((keys[:, 1], keys[:, 0]))]
    same = np.flatnonzero((ordered[1:] == ordered[:-1]).all(axis=1))
    return ordered[same[0]] if len(same) else None


def find(files: Sequence[Path], key: npt.NDArray[np.uint64]) -> str:
    """The id behind a key."""
    for file in files:
        column = pq.read_table(file, columns=["id"])["id"].combine_chunks()
        positions = np.flatnonzero((keys(column) == key).all(axis=1))
        if len(positions):
            return str(column[int(positions[0])].as_py())
    raise AssertionError("a key without a row")
