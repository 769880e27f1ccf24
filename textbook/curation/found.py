"""What a fitted step found, by row id: a mapped table sorted by a hash of the id, which processes share."""

import atexit
import functools
import hashlib
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from textbook.operator import Fittable, Operator

Keys = npt.NDArray[np.uint64]

NO_SOURCE = 2**31 - 1
"""Stands for the length of a missing source: longer than any."""


class Found(NamedTuple):
    """A state table: `rows` with a column `key`, by which they are sorted, and that column."""

    keys: Keys
    rows: pa.RecordBatch


def id_keys(ids: Iterable[str]) -> Keys:
    """A 64-bit hash of each id: sorted numbers are searched in a mapped file, which processes share, unlike a dict."""
    digests = (hashlib.blake2b(i.encode("utf-8", "surrogatepass"), digest_size=8).digest() for i in ids)
    return np.frombuffer(b"".join(digests), dtype="<u8")


@functools.lru_cache(maxsize=8)
def load_found(path: str) -> Found:
    """Map a state file, whose name is its digest. Few are kept, since a notebook fits many."""
    table = pa.ipc.open_file(pa.memory_map(path)).read_all()
    # The columns of a table are chunked, and making one array of them would copy it into memory.
    rows = next(iter(table.to_batches()), pa.RecordBatch.from_pylist([], table.schema))
    return Found(rows["key"].to_numpy(), rows)


@functools.cache
def fitted_example(step: type[Fittable]) -> Any:
    """The operator that the example of `step` becomes, with its state in a folder that goes with the process."""
    instance, batch = step.example()
    folder = Path(tempfile.mkdtemp(prefix="textbook-example-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    operator: Operator = instance.finish([instance.partial([batch])], folder)
    return operator
