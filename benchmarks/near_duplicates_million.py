"""Near duplicates among a million rows: CPU seconds, peak memory with mapped files, disk; and any sharding alike.

    python benchmarks/near_duplicates_million.py [--documents 50000] [--times 20] [FOLDER ...]

The rows are real code with planted variations, `times` over under permuted letters (`pool.py`). One process writes
them to parquet; a second one summarises file after file and decides, as the engine does, and is what is measured.
Reading parquet is counted apart.
"""

import argparse
import contextlib
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pool import documents, installed, multiplied
from usage import peak_mb

from textbook.curation.near_duplicates import NearDuplicates
from textbook.engine.runner import Summaries
from textbook.folder import read_parquet
from textbook.operator import Batch

SHARD_ROWS, BATCH_ROWS = 20_000, 1000
SCHEMA = pa.schema([("id", pa.string()), ("text", pa.string()), ("source", pa.string())])
SUMMARY = "*.partial.arrow"


def write_rows(texts: list[str], times: int, folder: Path) -> None:
    """The rows, in parquet files."""
    writer, ids, some = None, 0, []
    for text in multiplied(texts, times):
        some.append(text.encode("utf-8", "replace").decode())
        if len(some) == BATCH_ROWS or ids + len(some) == times * len(texts):
            if ids % SHARD_ROWS == 0:
                if writer is not None:
                    writer.close()
                writer = pq.ParquetWriter(folder / f"{ids // SHARD_ROWS:06d}.parquet", SCHEMA)
            names = [f"{row:032x}" for row in range(ids, ids + len(some))]
            writer.write_table(pa.table([names, some, [None] * len(some)], schema=SCHEMA))
            ids, some = ids + len(some), []
    writer.close()


class Timed:
    """Batches of a file, and the CPU seconds that reading them took."""

    def __init__(self, file: Path) -> None:
        self.batches = read_parquet(file, BATCH_ROWS)
        self.seconds = 0.0

    def __iter__(self) -> Iterator[Batch]:
        while True:
            started = time.process_time()
            batch = next(self.batches, None)
            self.seconds += time.process_time() - started
            if batch is None:
                return
            yield batch


class LargestSize(threading.Thread):
    """Watches how much a folder holds while files come and go, in bytes."""

    def __init__(self, folder: Path) -> None:
        super().__init__(daemon=True)
        self.folder, self.bytes, self.done = folder, 0, threading.Event()

    def run(self) -> None:
        """Look five times a second."""
        while not self.done.wait(0.2):
            with contextlib.suppress(FileNotFoundError):
                self.bytes = max(self.bytes, sum(file.stat().st_size for file in self.folder.rglob("*")))


def decide(folder: Path) -> None:
    """Summarise every file, then decide; what `run` does for the step."""
    step = NearDuplicates()
    step.finish([step.partial([step.example()[1]])], folder / "compiles")
    started, reading = time.process_time(), 0.0
    for file in sorted(folder.glob("*.parquet")):
        batches = Timed(file)
        table = step.partial(batches)
        reading += batches.seconds
        with pa.ipc.new_file(str(file.with_suffix(".partial.arrow")), table.schema) as writer:
            writer.write_table(table)
    del table
    summarised = time.process_time()
    watch = LargestSize(folder / "state")
    watch.start()
    found = step.finish(Summaries(sorted(folder.glob(SUMMARY))), folder / "state").duplicates
    watch.done.set()
    decided = time.process_time()
    rows = sum(pq.read_metadata(file).num_rows for file in folder.glob("*.parquet"))
    total = decided - started - reading
    print(f"{rows:,} rows, {found.read().num_rows:,} of them dropped")
    print(
        f"  {total:.1f} CPU-s: {summarised - started - reading:.1f} to summarise, {decided - summarised:.1f} to decide"
    )
    print(f"  {rows / total:,.0f} rows/CPU-s; reading parquet took {reading:.1f} more")
    print(f"  peak memory {peak_mb() / 1000:.2f} GB, mapped files and all")
    summaries = sum(file.stat().st_size for file in folder.glob(SUMMARY))
    print(f"  on disk {summaries / 1e9:.2f} GB of summaries, {watch.bytes / 1e9:.2f} GB more while it decides")
    halves = sorted(folder.glob(SUMMARY))[::-1]
    again = step.finish(Summaries(halves), folder / "again").duplicates
    print(f"  shards in another order: {'the same answers' if again == found else 'OTHER ANSWERS'}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--documents", type=int, default=50_000)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("folders", type=Path, nargs="*", default=installed())
    parser.add_argument("--decide", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.decide:
        decide(arguments.decide)
        return
    with tempfile.TemporaryDirectory() as folder:
        write_rows(documents(arguments.folders, arguments.documents), arguments.times, Path(folder))
        subprocess.run([sys.executable, __file__, "--decide", folder], check=True)


if __name__ == "__main__":
    main()
