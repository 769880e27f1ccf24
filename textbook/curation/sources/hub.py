"""Datasets of the Hugging Face Hub, streamed: nothing is downloaded beyond the shards that are read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

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

    name: str = field(compare=False)
    config: str | None = None
    split: str = "train"
    revision: str | None = field(default=None, compare=False)
    data_dir: str | None = None
    text: str = field(default="content", kw_only=True)

    @property
    def adds(self) -> Mapping[str, ArrowType]:
        """The columns carried along."""
        return self._carried(schema_of(self._open(self.revision)[0])[0])

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
        stream, _ = self._open(shard["commit"])
        name = Path(self.name).name if self._is_folder() else self.name
        where = "/".join(filter(None, (name, self.config, self.data_dir, self.split)))
        yield from self._read_stream(stream, shard, batch_size, where)

    def _is_folder(self) -> bool:
        return Path(self.name).is_dir()

    def _open(self, revision: str | None) -> "tuple[datasets.IterableDataset, str | None]":
        """The stream, and the commit it is of; None for a folder."""
        import datasets

        try:
            builder = datasets.load_dataset_builder(
                self.name, self.config, data_dir=self.data_dir, revision=None if self._is_folder() else revision
            )
            stream = builder.as_streaming_dataset(split=self.split)
        except (
            OSError,
            ValueError,
            RuntimeError,
        ) as error:  # RuntimeError: it is a script, which `datasets` runs no more
            reason = f"{type(error).__name__}: {next(iter(str(error).splitlines()), '')}"
            raise ValueError(
                f"{self.name!r}, split {self.split!r}, can't be opened ({reason}). Check the name, the split and the "
                "network; a dataset on disk is opened by its folder"
            ) from None
        return stream, None if self._is_folder() else builder.hash
