"""A dataset on disk: what every command that writes a dataset writes, and every command that reads one takes.

    data/*.parquet      the rows that stay
    dropped/*.parquet   the rows that went, whole, with `dropped_by` and `drop_reason`
    state/              what fitted steps found
    manifest.json       where it all came from; written last, so a folder without one is unfinished
    report.html         the same for people
    README.md           the dataset card; its YAML lets `datasets.load_dataset(FOLDER)` find the rows that stay
    .work/              work in progress

Does not run recipes (`textbook.engine`) and does not read foreign data (`textbook.curation.sources`).
"""

import base64
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from textbook.lineage import write_atomic
from textbook.operator import DROP_REASON, DROPPED_BY, Batch

Part = Literal["data", "dropped"]
PARTS: tuple[Part, Part] = ("data", "dropped")


def with_reasons(schema: pa.Schema) -> pa.Schema:
    """The schema of `dropped/`: that of `data/` plus who dropped the row, and why."""
    return schema.append(pa.field(DROPPED_BY, pa.string())).append(pa.field(DROP_REASON, pa.string()))


@dataclass(frozen=True)
class DatasetFolder:
    """A finished dataset folder, for reading."""

    path: Path

    @classmethod
    def open(cls, path: str | Path) -> "DatasetFolder":
        """The folder at `path`.

        Raises:
            ValueError: it is no dataset folder, or its run has not finished.
        """
        path = Path(path)
        if not (path / "manifest.json").is_file():
            unfinished = (path / ".work").is_dir()
            remedy = (
                "run the same command again to finish it" if unfinished else "expected a folder that `textbook` wrote"
            )
            raise ValueError(f"{path} has no manifest.json: {remedy}")
        return cls(path)

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """What `manifest.json` says.

        Raises:
            ValueError: it is no JSON.
        """
        try:
            manifest: dict[str, Any] = json.loads((self.path / "manifest.json").read_bytes())
        except ValueError as error:
            raise ValueError(
                f"{self.path / 'manifest.json'} is damaged ({error}); run the recipe into a new folder"
            ) from None
        return manifest

    def schema(self, part: Part = "data") -> pa.Schema:
        """The columns of a part; known even where it has no rows and so no files."""
        schema = pa.ipc.read_schema(pa.py_buffer(base64.b64decode(self.manifest["arrow_schema"])))
        return schema if part == "data" else with_reasons(schema)

    def files(self, part: Part = "data") -> list[Path]:
        """The parquet files of a part, in row order; none where it has no rows."""
        return sorted((self.path / part).glob("*.parquet"))

    def batches(
        self, part: Part = "data", columns: Sequence[str] | None = None, batch_size: int = 1000
    ) -> Iterator[Batch]:
        """The rows of a part in order, at most `batch_size` a batch."""
        for file in self.files(part):
            yield from read_parquet(file, batch_size, columns)

    def table(self, part: Part = "data") -> pa.Table:
        """A whole part as one Arrow table in memory."""
        schema = self.schema(part)
        return pa.concat_tables([schema.empty_table(), *(pq.read_table(f, schema=schema) for f in self.files(part))])


def read_parquet(path: Path, batch_size: int, columns: Sequence[str] | None = None) -> Iterator[Batch]:
    """The rows of one file in order, at most `batch_size` a batch."""
    with pq.ParquetFile(path) as file:
        for record_batch in file.iter_batches(batch_size, columns=None if columns is None else list(columns)):
            yield record_batch.to_pydict()


def write_manifest(folder: Path, manifest: dict[str, Any], schema: pa.Schema) -> None:
    """Finish a folder: the card, then the manifest."""
    manifest = manifest | {
        "columns": {field.name: str(field.type) for field in schema},
        "arrow_schema": base64.b64encode(schema.serialize().to_pybytes()).decode(),
    }
    write_atomic(folder / "README.md", card(folder, manifest))
    write_atomic(folder / "manifest.json", json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")


def card(folder: Path, manifest: dict[str, Any]) -> str:
    """The dataset card. Its YAML names the parts that have rows: a pattern without a file is an error to `datasets`."""
    parts = {"default": "data", "dropped": "dropped"}
    configs = [
        f"- config_name: {name}\n  data_files: {part}/*.parquet"
        for name, part in parts.items()
        if any((folder / part).glob("*.parquet"))
    ]
    yaml = "configs:\n" + "\n".join(configs) + "\n" if configs else ""
    steps = "\n".join(
        f"| {cell(step['name'])} | {step['rows_in']:,} | {step['rows_made']:,} | {step['rows_dropped']:,} "
        f"| {step['rows_out']:,} |"
        for step in manifest["steps"]
    )
    return (
        f"---\n{yaml}tags:\n- textbook-curation\n---\n\n# {cell(folder.resolve().name)}\n\n"
        f"{manifest['rows']:,} rows, curated by `textbook-curation` {manifest['textbook']}. "
        f"{manifest['rows_dropped']:,} more were dropped: each is in the configuration `dropped`, with its reason.\n\n"
        f"| step | rows in | made | dropped | rows out |\n| --- | --- | --- | --- | --- |\n{steps}\n\n"
        f"`manifest.json` holds each step's configuration; `report.html` shows it. "
        f"Fingerprint: `{manifest['fingerprint']}`.\n"
    )


def cell(text: str) -> str:
    """Text that a Markdown table can hold."""
    return text.replace("|", "\\|").replace("\n", " ")
