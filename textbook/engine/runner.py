"""`run` and `curate`: a recipe over a source, from the first shard to the manifest.

`run` cuts the source into shards, fuses runs of operators into one pass (a `Segment`), and stops at each barrier: a
`Fittable` is finished once every shard has been summarised, a `Stage` gets all shards in one call. `curate` is the same
over a temporary folder, for notebooks.

Does not decide how shards are spread (`textbook.engine.workers`) nor what a step may do (`textbook.engine.apply`).
"""

import errno
import fcntl
import json
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import pyarrow as pa

from textbook.engine import ids
from textbook.engine.manifest import gather
from textbook.engine.plan import Pass, Plan, settle
from textbook.engine.progress import bar
from textbook.engine.shards import Segment, run_stage, segment_folder
from textbook.engine.state import load_fitted, save_fitted
from textbook.engine.workers import Executor, Local, Shard
from textbook.folder import DatasetFolder, write_manifest
from textbook.operator import Fittable, Operator, Source, Stage, Step
from textbook.recipes import checked

if TYPE_CHECKING:
    import datasets

    from textbook.report import Report


class Curated(NamedTuple):
    """What `curate` returns. It shows its report in a notebook."""

    dataset: "datasets.Dataset"
    """The rows that stay."""
    dropped: "datasets.Dataset"
    """The rows that went, whole, with `dropped_by` and `drop_reason`."""
    report: "Report"

    def _repr_html_(self) -> str:
        return str(self.report._repr_html_())

    def __repr__(self) -> str:
        return str(self.report)


def curate(data: Any, *steps: Step, executor: Executor | None = None, batch_size: int = 1000) -> Curated:
    """Run `steps` over data in hand; the result is held in memory (for more than fits there, see `run`).

    Args:
        data: a `Source`, or what `textbook.curation.sources.Rows` takes: a `datasets.Dataset` or `IterableDataset`, a
            pandas or Arrow table, a list of rows. It needs a column `text`.
        steps: the recipe.
        executor: how shards are spread; in this process by default.
        batch_size: rows a batch, at most. It does not change the result.
    """
    import datasets

    from textbook.report import Report

    with tempfile.TemporaryDirectory(prefix="textbook-") as temporary:
        plan = Plan.of(checked(steps), as_source(data))
        folder = make(plan, Path(temporary), executor or Local(), batch_size, progress=True)
        tables = [folder.table(part) for part in ("data", "dropped")]
        report = Report.of(folder)
    kept, dropped = map(datasets.Dataset, tables)
    return Curated(kept, dropped, report)


def as_source(data: Any) -> Source:
    """`data` itself if it is a source, else its rows."""
    if isinstance(data, Source):
        return data
    from textbook.curation.sources import Rows

    return Rows(data)


def run(
    recipe: Sequence[Step],
    source: Source,
    output: str | Path,
    executor: Executor | None = None,
    batch_size: int = 1000,
    progress: bool = True,
) -> DatasetFolder:
    """Run a recipe over a source into the dataset folder `output`.

    If it is interrupted or killed, the same call goes on at the last finished shard. A finished folder is returned as
    it is.

    Args:
        recipe: the steps, in order.
        source: where the rows come from.
        output: a folder, new or of this very run.
        executor: how shards are spread; `Local(workers=n)` for several processes.
        batch_size: rows a batch, at most. Neither it nor the executor changes the rows or their order.
        progress: whether to show a bar where someone is looking.

    Raises:
        ValueError: the recipe does not fit the source, the folder holds something else, or another process is at work
            in it.
        RuntimeError: a step failed; the message says which and where. Finished shards are kept.
        OSError: the disk is full or not writable. Finished shards are kept.
    """
    folder = make(Plan.of(checked(recipe), source), Path(output), executor or Local(), batch_size, progress)
    if not (folder.path / "report.html").exists():
        from textbook.report import Report

        Report.of(folder).save(folder.path / "report.html")
    return folder


def make(plan: Plan, output: Path, executor: Executor, batch_size: int, progress: bool) -> DatasetFolder:
    """Everything that `run` does but the report."""
    started = time.monotonic()
    with full_disk_explained(output), locked(output):
        shards = settle(plan, output)
        if not (output / "manifest.json").exists():
            Run(plan, output, shards, executor, batch_size, progress).all_passes()
            manifest = gather(plan, output, num_shards=len(shards), wall_seconds=time.monotonic() - started)
            publish(output, last=len(plan.passes) - 1)
            write_manifest(output, manifest, plan.schemas[-1])
        for segment in (output / ".work").glob("segment-*"):
            shutil.rmtree(segment)
    return DatasetFolder.open(output)


@dataclass(frozen=True)
class Run:
    """One call of `run` at work. Nothing beyond `plan` and `shards` changes the rows."""

    plan: Plan
    output: Path
    shards: Sequence[Any]
    executor: Executor
    batch_size: int
    progress: bool

    def all_passes(self) -> None:
        """The passes of the plan in order; what an earlier call has finished is passed over."""
        fitted: dict[int, Operator] = {}
        num_rows = self.plan.listing.num_rows
        for index, part in enumerate(self.plan.passes):
            segment = self.segment(index, part, fitted)
            self.run_pass(segment, part, num_rows)
            if part.barrier is not None:
                fitted[part.barrier] = self.finish(segment, part.barrier)
            if index == 0:
                ids.check_unique(sorted(segment.folder.glob("*.parquet")))
            num_rows = sum(json.loads(segment.marker(i).read_bytes())["num_kept"] for i in range(len(self.shards)))
        if any(step.makes_rows for step in self.plan.steps):
            ids.check_unique(self.written(index))

    def segment(self, index: int, part: Pass, fitted: dict[int, Operator]) -> Segment:
        """What a shard needs to know of a pass."""
        steps = (fitted.get(i, self.plan.steps[i]) for i in part.steps)
        return Segment(
            index=index,
            output=str(self.output),
            schema=self.plan.schemas[part.steps.stop],
            final_schema=self.plan.schemas[-1],
            steps=tuple(step for step in steps if isinstance(step, Operator)),
            names=tuple(self.plan.names[i + 1] for i in part.steps),
            barrier=None if part.barrier is None else cast(Fittable, self.plan.steps[part.barrier]),
            barrier_name="" if part.barrier is None else self.plan.names[part.barrier + 1],
            source=self.plan.source if index == 0 else None,
            source_name=self.plan.names[0] if index == 0 else "",
            batch_size=self.batch_size,
        )

    def run_pass(self, segment: Segment, part: Pass, num_rows: int | None) -> None:
        """Every unfinished shard; then the rows that the pass before wrote are no longer needed."""
        todo = [(i, spec) for i, spec in enumerate(self.shards) if not segment.is_done(i)]
        if todo:
            self.run_shards(segment, part, todo, num_rows)
        if segment.index:
            for file in segment_folder(self.output, segment.index - 1).glob("??????.parquet"):
                file.unlink()

    def run_shards(self, segment: Segment, part: Pass, todo: Sequence[Shard], num_rows: int | None) -> None:
        """The shards in `todo`, of `num_rows` rows with those that are done, behind a bar."""
        segment.folder.mkdir(parents=True, exist_ok=True)
        finished = set(range(len(self.shards))) - {i for i, _ in todo}
        num_done = sum(json.loads(segment.marker(i).read_bytes())["num_read"] for i in finished)
        *_, last = (name for name in (segment.source_name, *segment.names, segment.barrier_name) if name)
        title = f"{segment.index + 1}/{len(self.plan.passes)} to {last}"
        with bar(title, num_rows, num_done, self.progress) as advance:
            step = self.plan.steps[part.steps[0]] if part.steps else None
            if isinstance(step, Stage):
                state = self.output / "state" / self.plan.fingerprints[part.steps.stop]
                state.mkdir(parents=True, exist_ok=True)
                run_stage(segment, step, todo, state, advance)
            else:
                self.executor(segment, todo, advance)
        left = [i for i, _ in todo if not segment.is_done(i)]
        if left:
            raise RuntimeError(f"{len(left)} shards did not finish, the first is {left[0]}; run again to go on")

    def finish(self, segment: Segment, position: int) -> Operator:
        """The operator that a `Fittable` becomes once every shard is summarised: fitted once, then read back."""
        step = self.plan.steps[position]
        assert isinstance(step, Fittable)
        state = self.output / "state"
        file = state / f"{self.plan.fingerprints[position + 1]}.json"
        if not file.exists():
            started = time.process_time()
            operator = step.finish(Summaries([segment.partial(i) for i in range(len(self.shards))]), state)
            assert dict(operator.adds) == dict(step.adds), (
                f"{step.name} declares other `adds` than the operator it became"
            )
            save_fitted(operator, file, time.process_time() - started)
        return load_fitted(file, step)

    def written(self, last: int) -> list[Path]:
        """The parquet files in which each row of the run stands once, some of which may have been published already."""
        kept = [*segment_folder(self.output, last).glob("??????.parquet"), *self.output.glob("data/*.parquet")]
        dropped = self.output.glob(".work/segment-*/*.dropped.parquet")
        return sorted([*kept, *dropped, *self.output.glob("dropped/*.parquet")])


@dataclass(frozen=True)
class Summaries(Sequence[pa.Table]):
    """What a `Fittable` summarised of each shard: a table is mapped when it is asked for, and not held."""

    files: Sequence[Path]

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return Summaries(self.files[index])
        return pa.ipc.open_file(pa.memory_map(str(self.files[index]))).read_all()


def publish(output: Path, last: int) -> None:
    """Move the rows that stay and those that went to their places: each move is atomic and is done once."""
    for part in ("data", "dropped"):
        (output / part).mkdir(exist_ok=True)
    for file in segment_folder(output, last).glob("??????.parquet"):
        file.replace(output / "data" / file.name)
    for file in output.glob(".work/segment-*/*.dropped.parquet"):
        file.replace(output / "dropped" / f"{file.parent.name}-{file.name.replace('.dropped', '')}")


@contextmanager
def full_disk_explained(output: Path) -> Iterator[None]:
    """Say what to do when the disk is full."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        remedy = "free some space and run again: finished shards are kept"
        raise OSError(error.errno, f"the disk is full: {remedy}", str(output)) from error


@contextmanager
def locked(output: Path) -> Iterator[None]:
    """The folder, for this process alone."""
    work = output / ".work"
    work.mkdir(parents=True, exist_ok=True)
    with (work / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ValueError(f"another process is at work in {output}; wait for it, or give a new folder") from None
        yield
