"""What a fitted step found, by row id: a mapped table sorted by a hash of the id, which processes share."""

import atexit
import functools
import hashlib
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from textbook.lineage import StateFile
from textbook.operator import Batch, Fittable, Operator

Keys = npt.NDArray[np.uint64]

NO_SOURCE = 2**31 - 1
"""Stands for the length of a missing source: longer than any."""


def priority_columns(batch: Batch, prefer: str | None) -> dict[str, list[Any]]:
    """What decides who stays: `preference`, the highest first, then the `length` of the source, the least first.

    A missing preference is the lowest, a missing source the longest.
    """
    preferred = [None] * len(batch["id"]) if prefer is None else batch[prefer]
    return {
        "preference": [float("-inf") if value is None or value != value else float(value) for value in preferred],
        "length": [NO_SOURCE if source is None else len(source) for source in batch["source"]],
    }


class Found(NamedTuple):
    """A state table: `rows` with the columns `id` and `key`, by which they are sorted, and that column."""

    keys: Keys
    rows: pa.Table


def id_keys(ids: Iterable[str]) -> Keys:
    """A 64-bit hash of each id: sorted numbers are searched in a mapped file, which processes share, unlike a dict."""
    digests = (hashlib.blake2b(i.encode("utf-8", "surrogatepass"), digest_size=8).digest() for i in ids)
    return np.frombuffer(b"".join(digests), dtype="<u8")


@functools.lru_cache(maxsize=8)
def load_found(path: str) -> Found:
    """Map a state file, whose name is its digest; its keys are held. Few are kept, since a notebook fits many."""
    rows = pa.ipc.open_file(pa.memory_map(path)).read_all()
    return Found(rows["key"].to_numpy(), rows)


def look_up(state: StateFile, ids: Sequence[str]) -> list[dict[str, Any] | None]:
    """For each id the row of a state table with it, None where there is none."""
    found = load_found(str(state.path))
    keys = id_keys(ids)
    starts, ends = found.keys.searchsorted(keys), found.keys.searchsorted(keys, side="right")
    rows: list[dict[str, Any] | None] = [None] * len(ids)
    for row in np.flatnonzero(starts < ends).tolist():
        same_key = found.rows.slice(starts[row], ends[row] - starts[row]).to_pylist()
        rows[row] = next((other for other in same_key if other["id"] == ids[row]), None)
    return rows


@functools.cache
def fitted_example(step: type[Fittable]) -> Any:
    """The operator that the example of `step` becomes, with its state in a folder that goes with the process."""
    instance, batch = step.example()
    folder = Path(tempfile.mkdtemp(prefix="textbook-example-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    operator: Operator = instance.finish([instance.partial([batch])], folder)
    return operator
