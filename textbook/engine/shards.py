"""One shard through one segment: the unit of work, of resuming and of every executor.

A segment is a run of operators fused into one pass, up to the next barrier. For shard i it writes, in this order,
`i.parquet` (rows that stay), `i.dropped.parquet`, `i.partial.arrow` (what a `Fittable` that follows needs), and last
the marker `i.json` with its counts: a shard with a marker is finished, one without is done again from its input.
"""

import dataclasses
import json
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import xxhash

from textbook.engine.apply import Split, bounded, part, split
from textbook.engine.counts import Count
from textbook.engine.parquet_file import ParquetFile
from textbook.folder import read_parquet, with_reasons
from textbook.lineage import write_atomic
from textbook.operator import DROP_REASON, Batch, Fittable, Operator, Source, Stage, Step, num_rows

MAX_BATCH_CHARS = 16_000_000
"""Text in one batch, at most: bounds the memory of a process, whatever the batch size."""

Tick = Callable[[int], object]
"""Called with a number of rows as they are read."""


@dataclass(frozen=True)
class Segment:
    """A pass over the shards: `steps` in order, then what the `Fittable` in `barrier` wants to know of each shard."""

    index: int
    output: str
    schema: pa.Schema
    """The columns after the last step of this segment."""
    final_schema: pa.Schema
    """The columns after the last step of the recipe: dropped rows of all segments share them."""
    steps: tuple[Operator, ...] = ()
    names: tuple[str, ...] = ()
    barrier: Fittable | None = None
    barrier_name: str = ""
    source: Source | None = None
    """Given for the first segment; the others read what the one before wrote."""
    source_name: str = ""
    batch_size: int = 1000

    @property
    def folder(self) -> Path:
        """Where the segment's files lie."""
        return segment_folder(self.output, self.index)

    def marker(self, shard: int) -> Path:
        """The file that says the shard is finished."""
        return self.folder / f"{shard:06d}.json"

    def partial(self, shard: int) -> Path:
        """The file with what `barrier` summarised of the shard."""
        return self.folder / f"{shard:06d}.partial.arrow"

    def is_done(self, shard: int) -> bool:
        """Whether the shard is finished."""
        return self.marker(shard).exists()

    def read(self, shard: int, spec: Any) -> Iterator[Batch]:
        """The shard's input. A source's rows may carry `drop_reason`."""
        if self.source is not None:
            return iter(bounded(self.source.read(spec, self.batch_size), MAX_BATCH_CHARS))
        path = segment_folder(self.output, self.index - 1) / f"{shard:06d}.parquet"
        return iter(bounded(read_parquet(path, self.batch_size), MAX_BATCH_CHARS)) if path.exists() else iter(())

    def run_shard(self, shard: int, spec: Any, tick: Tick) -> None:
        """Do one shard, unless it is done."""
        if self.is_done(shard):
            return
        with ShardWriter(self, shard) as writer:
            for batch in writer.timed(self.read(shard, spec)):
                tick(num_rows(batch))
                kept = writer.take_in(batch)
                for step, name in zip(self.steps, self.names, strict=True):
                    if not num_rows(kept):
                        break
                    kept = writer.step(step, name, kept)
                writer.keep(kept)
            writer.finish()


def segment_folder(output: str | Path, index: int) -> Path:
    """Where the files of a segment lie."""
    return Path(output) / ".work" / f"segment-{index:03d}"


class ShardWriter:
    """Writes one shard of one segment and counts what happened to its rows; left early, it leaves no marker."""

    def __init__(self, segment: Segment, shard: int) -> None:
        self.segment = segment
        self.counts = {name: Count() for name in (segment.source_name, *segment.names, segment.barrier_name) if name}
        self.content = 0
        self.num_read = self.num_kept = self.num_dropped = self.num_made = 0
        self._started = time.process_time()
        self._marker = segment.marker(shard)
        self._files = ExitStack()
        self._data = ParquetFile(self._marker.with_suffix(".parquet"), segment.schema)
        self._dropped = ParquetFile(self._marker.with_suffix(".dropped.parquet"), with_reasons(segment.final_schema))

    def __enter__(self) -> "ShardWriter":
        self.segment.folder.mkdir(parents=True, exist_ok=True)
        self._files.callback(self._data.abandon)
        self._files.callback(self._dropped.abandon)
        return self

    def __exit__(self, *_: object) -> None:
        self._files.close()

    def timed(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        """The same batches; where they come from a source, the time it takes to read them is counted as its own."""
        count = self.counts.get(self.segment.source_name, Count())
        while True:
            started = time.process_time()
            batch = next(batches, None)
            count.cpu_seconds += time.process_time() - started
            if batch is None:
                return
            yield batch

    def take_in(self, batch: Batch) -> Batch:
        """Count the rows of a batch as they arrive; part those that the source could not read as text."""
        self.num_read += num_rows(batch)
        if self.segment.source is None:
            return batch
        started = time.process_time()
        rows = {name: values for name, values in batch.items() if name != DROP_REASON}
        self.content += sum(digest(row, text) for row, text in zip(rows["id"], rows["text"], strict=True))
        name = self.segment.source_name
        return self._settle(name, rows, part(name, rows, batch.get(DROP_REASON)), started)

    def step(self, step: Step, name: str, batch: Batch) -> Batch:
        """Apply an operator and return the rows that stay.

        Raises:
            RuntimeError: the operator failed; the message names it and the batch.
        """
        assert isinstance(step, Operator)
        started = time.process_time()
        try:
            result = split(step, name, batch, step(batch))
        except Exception as error:
            raise failure(name, batch, error) from error
        return self._settle(name, batch, result, started)

    def settle(self, step: Step, name: str, given: Batch, returned: Batch, started: float) -> Batch:
        """Like `step`, for a batch that a `Stage` has already worked on."""
        try:
            result = split(step, name, given, returned)
        except Exception as error:
            raise failure(name, given, error) from error
        return self._settle(name, given, result, started)

    def _settle(self, name: str, given: Batch, result: Split, started: float) -> Batch:
        if result.dropped:
            self._dropped.write(result.dropped)
            self.num_dropped += num_rows(result.dropped)
        self.num_made += result.num_made
        self.counts[name].see(given, result, time.process_time() - started)
        return result.kept

    def keep(self, batch: Batch) -> None:
        """Write the rows that passed every step."""
        if num_rows(batch):
            self._data.write(batch)
            self.num_kept += num_rows(batch)

    def finish(self) -> None:
        """Close the files, summarise the shard for the barrier, and write the marker."""
        assert self.num_read + self.num_made == self.num_kept + self.num_dropped, (
            f"rows read {self.num_read} + made {self.num_made} != kept {self.num_kept} + dropped {self.num_dropped}"
        )
        self._data.close()
        self._dropped.close()
        if self.segment.barrier is not None:
            self._write_partial(self.segment.barrier)
        marker = {
            "num_read": self.num_read,
            "num_kept": self.num_kept,
            "num_dropped": self.num_dropped,
            "cpu_seconds": time.process_time() - self._started,
            "content": f"{self.content % 2**128:032x}",
            "steps": {name: dataclasses.asdict(count) for name, count in self.counts.items()},
        }
        write_atomic(self._marker, json.dumps(marker))

    def _write_partial(self, barrier: Fittable) -> None:
        started = time.process_time()
        columns = list(dict.fromkeys(("id", *barrier.reads)))
        path = self._data.path
        batches = read_parquet(path, self.segment.batch_size, columns) if path.exists() else iter(())
        table = barrier.partial(batches)
        partial = self._marker.with_suffix(".partial.arrow")
        temporary = partial.with_suffix(".tmp")
        with pa.OSFile(str(temporary), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
        temporary.replace(partial)
        self.counts[self.segment.barrier_name].cpu_seconds += time.process_time() - started


def digest(row: str, text: str) -> int:
    """A hash of a row; their sum names a content, whatever its order and shards."""
    return xxhash.xxh3_128_intdigest(f"{row}\0{text}".encode("utf-8", "surrogatepass"))


def failure(name: str, batch: Batch, error: Exception) -> RuntimeError:
    """The error a user sees when a step raises: which step, where, and what to do."""
    where = f"{batch['id'][0]}" + (f" ({batch['source'][0]})" if batch.get("source") else "")
    return RuntimeError(
        f"{name} failed on a batch of {num_rows(batch)} rows that starts with {where}: {type(error).__name__}: "
        f"{error}. Finished shards are kept; mend the step and run again"
    )


def run_stage(segment: Segment, stage: Stage, shards: Sequence[tuple[int, Any]], state: Path, tick: Tick) -> None:
    """Stream all unfinished shards through one call of a stage, finishing each as its last batch comes back."""
    name = segment.names[0]
    waiting: deque[tuple[int, Batch | None]] = deque()
    writers: dict[int, ShardWriter] = {}

    def feed() -> Iterator[Batch]:
        for shard, spec in shards:
            for batch in segment.read(shard, spec):
                tick(num_rows(batch))
                waiting.append((shard, batch))
                yield batch
            waiting.append((shard, None))

    with ExitStack() as stack:

        def writer_of(shard: int) -> ShardWriter:
            if shard not in writers:
                writers[shard] = stack.enter_context(ShardWriter(segment, shard))
            return writers[shard]

        def finish_ended() -> None:
            while waiting and waiting[0][1] is None:
                shard, _ = waiting.popleft()
                writer_of(shard).finish()

        started = time.process_time()
        for returned in stage.stream(feed(), state):
            finish_ended()
            assert waiting, f"{name} returned more batches than it was given"
            shard, given = waiting.popleft()
            assert given is not None
            writer = writer_of(shard)
            writer.keep(writer.settle(stage, name, writer.take_in(given), returned, started))
            started = time.process_time()
        finish_ended()
        assert not waiting, f"{name} ended before it had returned every batch"
