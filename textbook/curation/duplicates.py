"""Exact duplicates: of all rows with the same text one stays, always the same one.

Does not cover texts that are merely alike (near duplicates), nor texts that mean the same.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from textbook.curation.found import NO_SOURCE, fitted_example, id_keys, look_up
from textbook.lineage import StateFile, content_hash
from textbook.operator import Batch, Fittable, Operator

Words = np.ndarray[Any, np.dtype[np.uint64]]

PARTIAL = pa.schema(
    [("hash", pa.uint64()), ("hash_rest", pa.uint64()), ("id", pa.string()), ("source", pa.string())],
)

BLANKS = " \t\f"
INNER_RUN = re.compile(r"[ \t]+")


def normalized(text: str) -> str:
    """`text` without the white space that seldom means anything; what indents a line stays as it is.

    CRLF and CR count as LF. Blanks (space, tab, form feed) at the end of a line, lines of nothing but blanks, and the
    line end that closes the file do not count. A run of spaces and tabs further inside a line counts as one space, in
    string literals too. All other white space, such as the no-break space, is content.
    """
    lines = []
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        body = line.strip(BLANKS)
        if body:
            indent = line[: line.index(body[0])]
            runs = "  " in body or "\t" in body
            lines.append(indent + (INNER_RUN.sub(" ", body) if runs else body))
    return "\n".join(lines)


@dataclass(frozen=True)
class ExactDuplicates(Fittable):
    """Drops every row whose text equals that of another that stays, and names that one in `duplicate_of`.

    The one that stays has the shortest `source` (in characters; a missing one counts as the longest), so that an
    original beats its vendored copy, then the smallest id. It never depends on the order of the rows. Empty texts are
    duplicates like any other.

    Texts are compared by 128-bit BLAKE2b hashes. `partial` keeps 24 bytes a row and the characters of its id and
    source, about 110 bytes as a rule. `finish` needs 33 bytes a row beside the tables, which may be memory-mapped, and
    about 600 bytes more for each row that shares its text. The state takes about 150 bytes a duplicate, mapped.

    Attributes:
        normalize_whitespace: whether texts count as equal that differ in white space only, other than what indents a
            line; `normalized` says which.
    """

    normalize_whitespace: bool = False

    version = 1
    reads = ("id", "text", "source")
    adds = {"duplicate_of": "string"}

    @classmethod
    def example(cls) -> tuple[Self, Batch]:
        """Three equal texts and one that is equal but for white space, two empty ones, one of its own."""
        texts = ["x = 1\n", "x = 1\n", "x  = 1 \r\n\r\n", "", "", "def f():\n    return 1\n", "x = 1\n"]
        sources = ["app/_vendor/b.py", "b.py", "c.py", None, "empty.py", "f.py", "a.py"]
        return cls(), {"id": [f"row {i}" for i in range(len(texts))], "text": texts, "source": sources}

    def partial(self, batches: Iterable[Batch]) -> pa.Table:
        """The hash of each text, with its id and source."""
        parts = [self._hashed(batch) for batch in batches]
        return pa.Table.from_batches(parts, PARTIAL).combine_chunks()

    def _hashed(self, batch: Batch) -> pa.RecordBatch:
        texts = map(normalized, batch["text"]) if self.normalize_whitespace else batch["text"]
        words = np.frombuffer(bytes.fromhex("".join(map(content_hash, texts))), dtype="<u8").reshape(-1, 2)
        columns = [words[:, 0], words[:, 1], batch["id"], batch["source"]]
        arrays = [pa.array(column, type=kind) for column, kind in zip(columns, PARTIAL.types, strict=True)]
        return pa.RecordBatch.from_arrays(arrays, schema=PARTIAL)

    def finish(self, tables: Iterable[pa.Table], folder: Path) -> "DropExactDuplicates":
        """Choose who stays among equal hashes, and write down the others."""
        table = pa.concat_tables([PARTIAL.empty_table(), *tables])
        return DropExactDuplicates(StateFile.write(_duplicates(table), folder))


@dataclass(frozen=True)
class DropExactDuplicates(Operator):
    """Drops the rows that a fitted `ExactDuplicates` has found; rows it has not seen stay.

    Attributes:
        duplicates: `key` (64-bit hash of the id, sorted), `id`, `duplicate_of` and the `source` of the row that stays.
    """

    duplicates: StateFile

    version = 1
    reads = ("id",)
    adds = {"duplicate_of": "string"}

    @classmethod
    def example(cls) -> tuple[Self, Batch]:
        """Fitted on the example of `ExactDuplicates`."""
        return cls(fitted_example(ExactDuplicates).duplicates), ExactDuplicates.example()[1]

    def __call__(self, batch: Batch) -> Batch:
        """Add `duplicate_of` and, for a duplicate, `drop_reason`."""
        found = look_up(self.duplicates, batch["id"])
        duplicate_of = [row and row["duplicate_of"] for row in found]
        return batch | {"duplicate_of": duplicate_of, "drop_reason": [row and _reason(row) for row in found]}


def _reason(row: dict[str, Any]) -> str:
    source = f" ({row['source']})" if row["source"] else ""
    return f"exact duplicate of {row['duplicate_of']}{source}"


def _duplicates(table: pa.Table) -> pa.Table:
    """The rows of `PARTIAL` that do not stay, each with the one that does, sorted by `key`."""
    # Most rows share their text with no other: only those that share a hash are worth sorting by more than a number.
    # Large strings, because all of them together may pass 2 GiB.
    shared = table.filter(pa.array(_shared(table["hash"].to_numpy())))
    shared = shared.set_column(2, "id", shared["id"].cast(pa.large_string()))
    shared = shared.set_column(3, "source", shared["source"].cast(pa.large_string()))
    shared = shared.append_column("length", pc.fill_null(pc.utf8_length(shared["source"]), NO_SOURCE))
    shared = shared.sort_by([(name, "ascending") for name in ("hash", "hash_rest", "length", "id")])

    hashes, rest = shared["hash"].to_numpy(), shared["hash_rest"].to_numpy()
    stays = np.ones(len(shared), dtype=bool)
    stays[1:] = (hashes[1:] != hashes[:-1]) | (rest[1:] != rest[:-1])
    first = np.maximum.accumulate(np.where(stays, np.arange(len(shared)), 0))
    dropped, kept = shared.filter(pa.array(~stays)), shared.take(pa.array(first[~stays]))

    columns = {"id": dropped["id"], "duplicate_of": kept["id"], "source": kept["source"]}
    keys = [id_keys(part["id"].to_pylist()) for part in dropped.to_batches(max_chunksize=65_536)]
    columns = {"key": np.concatenate([id_keys([]), *keys])} | columns
    return pa.table(columns).sort_by([("key", "ascending"), ("id", "ascending")])


def _shared(hashes: Words) -> "np.ndarray[Any, np.dtype[np.bool_]]":
    """Which hashes occur more than once."""
    order = np.argsort(hashes)
    ranked = hashes[order]
    equal = np.flatnonzero(ranked[1:] == ranked[:-1])
    shared = np.zeros(len(hashes), dtype=bool)
    shared[order[equal]] = True
    shared[order[equal + 1]] = True
    return shared
