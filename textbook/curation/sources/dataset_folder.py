"""A dataset folder that this library wrote, as the source of another run."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from textbook.curation.sources.batching import SHARD_BYTES, cut
from textbook.curation.sources.parquet import read_row_group, row_groups
from textbook.folder import DatasetFolder
from textbook.lineage import fingerprint
from textbook.operator import DROPPED_BY, SCHEMA, ArrowType, Batch, Listing, Source


@dataclass(frozen=True, eq=False)
class Folder(Source):
    """The rows that a run kept, with all their columns; then those that the steps in `include_dropped_by` dropped.

    So a threshold is chosen again without scoring again: `Folder(path, include_dropped_by="Keep")`.

    Args:
        path: the folder.
        include_dropped_by: a step by its name in the manifest ("Keep(edu_score)") or its class ("Keep": all), or
            several.
        shard_bytes: the size of a shard, about.
    """

    path: str | Path = field(compare=False)
    include_dropped_by: str | tuple[str, ...] = ()
    shard_bytes: int = field(default=SHARD_BYTES, compare=False)

    @property
    def adds(self) -> Mapping[str, ArrowType]:
        """The columns that the run added."""
        return {column.name: column.type for column in self._open().schema() if column.name not in SCHEMA.names}

    def listing(self) -> Listing:
        """List the row groups.

        Raises:
            ValueError: there is no such folder, its run has not finished, or the manifest has no step of that name.
        """
        folder = self._open()
        files = [("data", file) for file in folder.files("data")]
        files += [("dropped", file) for file in folder.files("dropped") if self._steps(folder)]
        groups = [(f"{part}/{file.name}", group) for part, file in files for group in row_groups(file)]
        shards = [
            [[name, group.number] for name, group in shard]
            for shard in cut(groups, lambda named: named[1].num_bytes, self.shard_bytes)
        ]
        return Listing(fingerprint(folder.manifest["fingerprint"], groups), shards)

    def read(self, shard: Any, batch_size: int) -> Iterator[Batch]:
        """Read the row groups of a shard, each given by its file and number."""
        columns = [*SCHEMA.names, *self.adds]
        steps = pa.array(self._steps(self._open()), pa.string())
        for name, number in shard:
            for rows in read_row_group(Path(self.path) / name, number, batch_size):
                if name.startswith("dropped/"):
                    rows = rows.filter(pc.is_in(rows[DROPPED_BY], steps))
                if rows.num_rows:
                    yield rows.select(columns).to_pydict()

    def _open(self) -> DatasetFolder:
        return DatasetFolder.open(self.path)

    def _steps(self, folder: DatasetFolder) -> list[str]:
        """The names of the steps in `include_dropped_by`."""
        asked = self.include_dropped_by
        names = {step["name"]: {step["name"], step["class"].rpartition(":")[2]} for step in folder.manifest["steps"]}
        found = []
        for name in (asked,) if isinstance(asked, str) else asked:
            meant = [step for step, called in names.items() if name in called]
            if not meant:
                raise ValueError(f"{folder.path} has no step {name!r}; it has {', '.join(map(repr, names))}")
            found += meant
        return found
