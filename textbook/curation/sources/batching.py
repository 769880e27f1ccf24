"""Rows into batches, and what a source lists into shards: both bounded in bytes, whatever the size of a row."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from textbook.operator import Batch

T = TypeVar("T")

BATCH_BYTES = 16_000_000
"""Text that a source holds at once, about; a batch is cut short rather than hold more."""

SHARD_BYTES = 8_000_000
"""The default size of a shard: some seconds of work, so that little is lost when a run is killed."""

ROW_BYTES = 1_000
"""What a row costs beside its text, so that a million empty files are more than one shard."""


def cut(items: Iterable[T], num_bytes: Callable[[T], int], shard_bytes: int) -> list[list[T]]:
    """Cut `items`, in order, into runs that hold `shard_bytes` each or a little more."""
    shards: list[list[T]] = []
    room = 0
    for item in items:
        if room <= 0:
            shards.append([])
            room = shard_bytes
        shards[-1].append(item)
        room -= max(num_bytes(item), 0)
    return shards


def batched(rows: Iterable[dict[str, Any]], batch_size: int) -> Iterator[Batch]:
    """Rows with the same keys into batches of at most `batch_size` rows and about `BATCH_BYTES` characters."""
    batch: Batch = {}
    length = chars = 0
    for row in rows:
        if not length:
            batch = {name: [] for name in row}
        for name, value in row.items():
            batch[name].append(value)
        length += 1
        chars += len(row["text"])
        if length >= batch_size or chars >= BATCH_BYTES:
            yield batch
            length = chars = 0
    if length:
        yield batch
