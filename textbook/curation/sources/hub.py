"""Datasets of the Hugging Face Hub, streamed: nothing is downloaded beyond the shards that are read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from textbook.curation.sources.files import walk
from textbook.curation.sources.streaming import Streaming, schema_of
from textbook.lineage import fingerprint
from textbook.operator import ArrowType, Batch, Listing

if TYPE_CHECKING:
    import datasets


@dataclass(frozen=True, eq=False)
class Hub(Streaming):
    """A dataset by its name on the Hub, or in a local folder that `datasets.load_dataset` can read.

    Its own files are the shards. The revision is settled when the dataset is listed: its commit is in the digest and in
    the shards, so what is read is of that commit even if the dataset changes during a run. Needs the network, unless it
    is a folder.

    Args:
        name: such as "codeparrot/codeparrot-clean".
        config: the configuration, where it has several.
        split: the split.
        revision: a branch, tag or commit.
        data_dir: a folder of the dataset, such as "data/python" of The Stack.
        text: the column that holds the text; see `Tabular` for the others.
    """

    name: str
    config: str | None = None
    split: str = "train"
    revision: str | None = None
    data_dir: str | None = None
    text: str = field(default="content", kw_only=True)

    @property
    def adds(self) -> Mapping[str, ArrowType]:
        """The columns carried along."""
        return self._carried(schema_of(self._open(self.revision).stream)[0])

    def listing(self) -> Listing:
        """Ask the Hub for the commit and the files.

        Raises:
            ValueError: there is no such dataset, configuration, split or column, or the Hub can't be reached.
        """
        stream, commit = self._open(self.revision)
        held = sorted(walk(Path(self.name).resolve(), {})) if self._is_folder() else [self.name, commit]
        shards = self._stream_shards(stream, repr(self.name))
        return Listing(fingerprint(held), [shard | {"commit": commit} for shard in shards])

    def read(self, shard: Any, batch_size: int) -> Iterator[Batch]:
        """Read one of the dataset's own files, at the commit that was listed."""
        how = open_stream if shard["commit"] is None else open_commit
        stream = how(self.name, self.config, self.data_dir, self.split, shard["commit"]).stream
        name = Path(self.name).name if self._is_folder() else self.name
        where = "/".join(filter(None, (name, self.config, self.data_dir, self.split)))
        yield from self._read_stream(stream, shard, batch_size, where)

    def _is_folder(self) -> bool:
        return Path(self.name).is_dir()

    def _open(self, revision: str | None) -> "Opened":
        return open_stream(self.name, self.config, self.data_dir, self.split, None if self._is_folder() else revision)


class Opened(NamedTuple):
    """A stream, and the commit it is of; None for a folder."""

    stream: "datasets.IterableDataset"
    commit: str | None


def open_stream(name: str, config: str | None, data_dir: str | None, split: str, revision: str | None) -> Opened:
    """Open a dataset.

    Raises:
        ValueError: there is no such dataset, configuration or split, or the Hub can't be reached.
    """
    import datasets

    try:
        builder = datasets.load_dataset_builder(name, config, data_dir=data_dir, revision=revision)
        stream = builder.as_streaming_dataset(split=split)
    except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: it is a script, which `datasets` runs no more
        reason = f"{type(error).__name__}: {next(iter(str(error).splitlines()), '')}"
        raise ValueError(
            f"{name!r}, split {split!r}, can't be opened ({reason}). Check the name, the split and the network; "
            "a dataset on disk is opened by its folder"
        ) from None
    return Opened(stream, None if Path(name).is_dir() else builder.hash)


open_commit = lru_cache(maxsize=4)(open_stream)
"""A commit does not change, and opening it asks the Hub several questions: once in a process is enough."""
