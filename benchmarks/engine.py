"""What the engine itself costs, beside `datasets.map`, and how it grows.

    python benchmarks/engine.py

Five steps that do nearly nothing, over rows of 1 kB: what is left is the engine. Each figure is from a process of its
own, after a small run that has paid for the imports. Targets: at most 10 us a row; CPU seconds linear in the rows;
memory flat.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import datasets
import pyarrow as pa
import pyarrow.parquet as pq

from textbook import Batch, Local, Operator, Parquet, Rows, curate, run

NUM_STEPS = 5
ROWS = 80_000
TEXT = ("the quick brown fox jumps over the lazy dog and then some " * 20)[:1000]


@dataclass(frozen=True)
class Length(Operator):
    """Adds the length of the text."""

    column: str

    @property
    def adds(self) -> dict[str, str]:
        """One column."""
        return {self.column: "int64"}

    def __call__(self, batch: Batch) -> Batch:
        """Measure."""
        return batch | {self.column: [len(text) for text in batch["text"]]}

    @classmethod
    def example(cls) -> tuple[Self, Batch]:
        """One text."""
        return cls("length"), {"id": ["a"], "text": ["x"]}


STEPS = tuple(Length(f"length_{i}") for i in range(NUM_STEPS))


def texts(num_rows: int) -> dict[str, list[str]]:
    """Rows of 1 kB, all different."""
    return {"text": [f"{TEXT}{i:08d}" for i in range(num_rows)]}


def with_map(data: datasets.Dataset, folder: Path) -> None:
    """The same five columns by five calls of `Dataset.map`, then to parquet, as `run` does."""
    for i in range(NUM_STEPS):
        name = f"length_{i}"
        data = data.map(
            lambda batch, name=name: batch | {name: [len(text) for text in batch["text"]]},
            batched=True,
            cache_file_name=str(folder / f"{i}.arrow"),
        )
    data.to_parquet(str(folder / "out.parquet"))


def with_run(data: datasets.Dataset, folder: Path) -> None:
    """Five steps through `run`, from the same dataset."""
    run(STEPS, Rows(data), folder / "out", progress=False)


def with_curate(data: datasets.Dataset, folder: Path) -> None:
    """Five steps through `curate`."""
    curate(data, *STEPS)


def from_parquet(data: None, folder: Path) -> None:
    """Five steps through `run`, from a parquet file."""
    run(STEPS, Parquet(folder / "pool.parquet"), folder / "out", Local(), progress=False)


def write_pool(num_rows: int, folder: Path) -> None:
    """A pool of `num_rows` rows, never whole in memory."""
    schema = pa.schema([("text", pa.string())])
    with pq.ParquetWriter(folder / "pool.parquet", schema) as writer:
        for start in range(0, num_rows, 10_000):
            rows = range(start, min(start + 10_000, num_rows))
            writer.write_table(pa.table({"text": [f"{TEXT}{i:08d}" for i in rows]}, schema=schema))


WAYS = {function.__name__: function for function in (with_map, with_run, with_curate, from_parquet)}


def measure(way: str, num_rows: int) -> dict[str, Any]:
    """CPU seconds and peak memory of one way, in a process of its own."""
    command = [sys.executable, __file__, way, str(num_rows)]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    result: dict[str, Any] = json.loads(printed.splitlines()[-1])
    return result


def child(way: str, num_rows: int) -> None:
    """Measure in this process: a small run first, for the imports, then the one that counts."""
    datasets.disable_progress_bars()
    with tempfile.TemporaryDirectory() as temporary:
        for count in (1_000, num_rows):
            folder = Path(temporary) / str(count)
            folder.mkdir()
            data = None
            if way == "from_parquet":
                write_pool(count, folder)
            else:
                data = datasets.Dataset.from_dict(texts(count))
            started = time.process_time()
            WAYS[way](data, folder)
            seconds = time.process_time() - started
        manifest = folder / "out" / "manifest.json"
        reading = json.loads(manifest.read_text())["steps"][0]["cpu_seconds"] if manifest.exists() else 0.0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"cpu_seconds": seconds, "reading": reading, "us": seconds / num_rows * 1e6, "peak_mb": peak}))


def main() -> None:
    """Print the comparison, then the growth."""
    print(f"{NUM_STEPS} trivial steps, {ROWS:,} rows of 1 kB, one process; best of 3")
    best = {}
    for way in ("with_map", "with_run", "with_curate", "from_parquet"):
        best[way] = min((measure(way, ROWS) for _ in range(3)), key=lambda result: result["cpu_seconds"])
    for way, result in best.items():
        ratio = result["cpu_seconds"] / best["with_map"]["cpu_seconds"]
        own = result["us"] - result["reading"] / ROWS * 1e6
        engine = f"   {own:4.1f} without reading the source" if result["reading"] else ""
        print(f"  {way:<14} {result['us']:5.1f} us/row   {ratio:4.2f} x map{engine}")
    print("growth of `run` from parquet")
    for factor in (1, 4, 16):
        result = measure("from_parquet", 20_000 * factor)
        cost = f"{result['cpu_seconds']:6.2f} CPU-s  {result['us']:5.1f} us/row"
        print(f"  {factor:>2}x  {20_000 * factor:>7,} rows  {cost}  peak {result['peak_mb']:5.0f} MB")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        child(sys.argv[1], int(sys.argv[2]))
    else:
        main()
