"""Counting what a step did to the rows, batch by batch and shard by shard."""

import dataclasses
from dataclasses import dataclass

from textbook.engine.apply import Split
from textbook.operator import Batch, num_rows


@dataclass
class Count:
    """What one step did, over a shard or over all. Tokens are None where no step has counted them yet."""

    rows_in: int = 0
    rows_made: int = 0
    rows_dropped: int = 0
    rows_out: int = 0
    tokens_in: int | None = None
    tokens_out: int | None = None
    cpu_seconds: float = 0.0

    def add(self, other: "Count") -> None:
        """Add the figures of another part of the data."""
        for field in dataclasses.fields(self):
            ours, theirs = getattr(self, field.name), getattr(other, field.name)
            setattr(self, field.name, theirs if ours is None else ours if theirs is None else ours + theirs)

    def see(self, given: Batch, result: Split, cpu_seconds: float) -> None:
        """Count one batch."""
        kept, dropped = num_rows(result.kept), num_rows(result.dropped) if result.dropped else 0
        self.add(
            Count(
                rows_in=num_rows(given),
                rows_made=result.num_made,
                rows_dropped=dropped,
                rows_out=kept,
                tokens_in=num_tokens(given),
                tokens_out=num_tokens(result.kept),
                cpu_seconds=cpu_seconds,
            )
        )


def num_tokens(batch: Batch) -> int | None:
    """The tokens of a batch, where a step has counted them."""
    counts = batch.get("num_tokens")
    return None if counts is None else sum(count or 0 for count in counts)
