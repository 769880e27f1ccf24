"""Rows in JSON Lines files, plain or compressed (.gz, .zst, .bz2)."""

import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from textbook.curation.sources.batching import BATCH_BYTES
from textbook.curation.sources.intake import refused
from textbook.curation.sources.paths import Paths, named_file, named_files, sizes
from textbook.curation.sources.tabular import RESERVED, Tabular
from textbook.curation.sources.values import MAX_DEPTH, arrow_of, as_kind, is_deeper, join, kind_of, storable
from textbook.lineage import fingerprint
from textbook.operator import ArrowType, Batch, Listing

LINE_BYTES = 16
"""A line may hold this many times `max_bytes`: six for text written in escapes, and other columns."""

MAX_COLUMNS = 1_000
TOO_DEEP = f"JSON nested more than {MAX_DEPTH} deep"


@dataclass(frozen=True, eq=False)
class JsonLines(Tabular):
    """The rows of JSON Lines files, in the order of their names; see `Tabular` for which column is which.

    A line that is no JSON object is a dropped row that shows it. The types of columns carried along are found by
    reading the files once more, while they are listed; objects, and columns of mixed types, are carried as JSON text.
    A compressed file is one shard, whatever its size.

    Args:
        paths: one or several files or globs.
    """

    paths: Paths = field(compare=False)

    @property
    def adds(self) -> Mapping[str, ArrowType]:
        """The columns carried along."""
        kinds = self._kinds(self._scans(named_files(self.paths, "JSON Lines")))
        return self._carried(pa.schema([(name, arrow_of(kind)) for name, kind in kinds.items()]))

    def listing(self) -> Listing:
        """Find the columns, their types, and where to cut.

        Raises:
            ValueError: a file is missing, or a column asked for is in no row, or there are too many columns.
        """
        files = named_files(self.paths, "JSON Lines")
        scans = self._scans(files)
        kinds = self._kinds(scans)
        if kinds:
            self._check(kinds, ", ".join(files))
        carried = self._carried(pa.schema([(name, arrow_of(kind)) for name, kind in kinds.items()]))
        kinds = {name: kinds[name] for name in carried}
        shards = [
            {"file": name, "start": start, "stop": stop, "kinds": kinds}
            for name, scan in scans.items()
            for start, stop in scan.cuts
        ]
        return Listing(fingerprint(sizes(files)), shards, sum(scan.num_rows for scan in scans.values()))

    def read(self, shard: Any, batch_size: int) -> Iterator[Batch]:
        """Read the lines of a shard: a file, the offsets between which they begin, and the kinds of their columns."""
        path = named_file(self.paths, "JSON Lines", shard["file"])
        kinds = shard["kinds"]
        rows: list[tuple[int, dict[str, Any] | Broken]] = []
        num_bytes = 0
        for offset, line in read_lines(path, shard["start"], shard["stop"], LINE_BYTES * self.max_bytes):
            rows.append((offset, parse(line, self.text)))
            num_bytes += len(line.data)
            if len(rows) >= batch_size or num_bytes >= BATCH_BYTES:
                yield self._json_batch(rows, kinds, shard["file"])
                rows, num_bytes = [], 0
        if rows:
            yield self._json_batch(rows, kinds, shard["file"])

    def _json_batch(
        self, rows: list[tuple[int, "dict[str, Any] | Broken"]], kinds: Mapping[str, str], name: str
    ) -> Batch:
        objects = [row if isinstance(row, dict) else {} for _, row in rows]
        used = RESERVED.union({self.text, *self.columns.values()}, {self.id} if self.id else ())
        values = {column: [row.get(column) for row in objects] for column in used}
        values |= {column: [as_kind(row.get(column), kind) for row in objects] for column, kind in kinds.items()}
        broken = {i: row for i, (_, row) in enumerate(rows) if isinstance(row, Broken)}
        values[self.text] = [broken[i].text if i in broken else value for i, value in enumerate(values[self.text])]
        problems = {i: row.reason for i, row in broken.items()}
        return self._batch(values, kinds, [f"{name}#{offset}" for offset, _ in rows], problems)

    def _scans(self, files: Mapping[str, Path]) -> dict[str, "Scan"]:
        scans = {}
        for name, path in files.items():
            found = path.stat()
            scans[name] = scan(
                path, found.st_size, found.st_mtime_ns, self.text, self.shard_bytes, LINE_BYTES * self.max_bytes
            )
        return scans

    def _kinds(self, scans: Mapping[str, "Scan"]) -> dict[str, str]:
        kinds: dict[str, str] = {}
        for found in scans.values():
            merge(kinds, found.kinds)
        return kinds


class Line(NamedTuple):
    """A line of a file; `reason` says why it can't be used."""

    data: bytes
    reason: str | None = None


class Broken(NamedTuple):
    """What stands for a line that is no JSON object."""

    text: str
    reason: str


class Scan(NamedTuple):
    """What a first reading of a file finds."""

    kinds: dict[str, str]
    cuts: list[tuple[int, int | None]]
    """Offsets between which the lines of a shard begin."""
    num_rows: int


@lru_cache(maxsize=1_000)
def scan(path: Path, num_bytes: int, _modified_ns: int, text: str, shard_bytes: int, line_bytes: int) -> Scan:
    """Read a file of `num_bytes` once for its columns and where to cut it; when it last changed is for the cache."""
    kinds: dict[str, str] = {}
    starts: list[int] = []
    num_rows = 0
    for offset, line in read_lines(path, 0, None, line_bytes):
        num_rows += 1
        if not starts or (is_plain(path) and offset - starts[-1] >= shard_bytes):
            starts.append(offset)
        row = parse(line, text)
        if isinstance(row, dict):
            merge(kinds, {name: kind_of(value) for name, value in row.items()})
    stops = [*starts[1:], num_bytes if is_plain(path) else None]
    return Scan(kinds, list(zip(starts, stops, strict=False)), num_rows)


def merge(kinds: dict[str, str], found: Mapping[str, str]) -> None:
    """Widen `kinds` so that they hold what was found too.

    Raises:
        ValueError: there are more than `MAX_COLUMNS` columns.
    """
    for name, kind in found.items():
        kinds[name] = join(kinds[name], kind) if name in kinds else kind
    if len(kinds) > MAX_COLUMNS:
        raise ValueError(
            f"more than {MAX_COLUMNS} different keys in JSON Lines; expected objects that share their keys. Put the "
            "rare ones into an object of their own, under one key"
        )


def is_plain(path: Path) -> bool:
    """Whether a file is not compressed."""
    return path.suffix not in (".gz", ".zst", ".bz2")


def read_lines(path: Path, start: int, stop: int | None, max_bytes: int) -> Iterator[tuple[int, Line]]:
    """The lines that begin in [start, stop) of a file, uncompressed, with their offsets; blank ones are left out."""
    with path.open("rb") if is_plain(path) else io.BufferedReader(pa.input_stream(str(path))) as stream:
        if start:
            stream.seek(start)
        offset = start
        while stop is None or offset < stop:
            try:
                data = part = stream.readline(max_bytes)
                num_bytes = len(data)
                while len(part) == max_bytes and not part.endswith(b"\n"):
                    part = stream.readline(max_bytes)
                    num_bytes += len(part)
            except OSError as error:
                yield offset, Line(b"", f"damaged file: {str(error).lower()}")
                return
            if not num_bytes:
                return
            if data.strip():
                yield offset, Line(data, f"line longer than {max_bytes:,} bytes" if num_bytes > len(data) else None)
            offset += num_bytes


def parse(line: Line, text: str) -> dict[str, Any] | Broken:
    """The object in a line. What UTF-8 can't hold is replaced, but for the column `text`: the intake is to see that."""
    if line.reason is not None:
        return broken(line.data, line.reason)
    try:
        # NaN and the infinities, which JSON does not know, are missing values.
        row = json.loads(line.data.decode("utf-8-sig"), parse_constant=lambda _: None)
    except UnicodeDecodeError:
        return broken(line.data, "not UTF-8")
    except ValueError:
        return broken(line.data, "not JSON")
    except RecursionError:
        return broken(line.data, TOO_DEEP)
    if line.data.count(b"[") + line.data.count(b"{") > MAX_DEPTH and is_deeper(row, MAX_DEPTH):
        return broken(line.data, TOO_DEEP)
    if not isinstance(row, dict):
        return broken(line.data, "not a JSON object")
    if b"\\ud" in line.data or b"\\uD" in line.data:
        return {name if name == text else storable(name): v if name == text else storable(v) for name, v in row.items()}
    return row


def broken(data: bytes, reason: str) -> Broken:
    """What stands for a line that can't be used."""
    intake = refused(data.rstrip(b"\r\n"), reason)
    return Broken(intake.text, reason)
