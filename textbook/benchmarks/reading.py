"""Rows of a benchmark's file: JSON Lines (also .gz), a JSON array, or parquet. The file is not trusted.

Does not know the benchmarks: see `textbook.benchmarks.formats`.
"""

import gzip
import io
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NoReturn

MAX_BYTES: Final = 256_000_000
"""Largest file, uncompressed. The largest benchmark here has 0.6 MB."""

MAX_LINE_BYTES: Final = 16_000_000

Row = dict[str, Any]


def read_rows(path: Path) -> list[Row]:
    """The objects in a file, in order.

    Raises:
        ValueError: the file is missing, damaged, empty, too large, not UTF-8 or not JSON.
    """
    try:
        data = _read(path)
    except OSError as error:
        _refuse(path, error.strerror or str(error), "a file that can be read")
    if data.startswith(b"PAR1"):
        rows = _parquet(path, data)
    elif data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"["):
        rows = _array(path, data)
    else:
        rows = list(_lines(path, data))
    if not rows:
        _refuse(path, "no rows", "at least one problem")
    return rows


def _refuse(path: Path, got: str, expected: str) -> NoReturn:
    raise ValueError(f"{path}: got {got}, expected {expected}. Fetch the file again, or give the path of another one")


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        is_gzip = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        stream = gzip.GzipFile(fileobj=file) if is_gzip else file
        try:
            data = stream.read(MAX_BYTES + 1)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            _refuse(path, f"a damaged or cut gzip file ({error})".replace("\n", " "), "a whole one")
    if path.suffix == ".gz" and not is_gzip:
        _refuse(path, "no gzip file" if data else "an empty file", "one, from its name")
    if len(data) > MAX_BYTES:
        _refuse(path, f"more than {MAX_BYTES:,} bytes", "fewer")
    return data


def _parquet(path: Path, data: bytes) -> list[Row]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(io.BytesIO(data)) as file:
            meta = file.metadata
            size = sum(meta.row_group(i).total_byte_size for i in range(meta.num_row_groups))
            if size > MAX_BYTES:
                _refuse(path, f"{size:,} bytes of columns", f"at most {MAX_BYTES:,}")
            rows: list[Row] = file.read().to_pylist()
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        _refuse(path, f"a damaged parquet file ({next(iter(str(error).splitlines()), '')})", "a whole one")
    return rows


def _array(path: Path, data: bytes) -> list[Row]:
    rows = _json(path, data, "an array of objects")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        _refuse(path, "an array with something other than objects", "an array of objects")
    return rows


def _lines(path: Path, data: bytes) -> Iterator[Row]:
    for number, line in enumerate(data.split(b"\n"), 1):
        if not line.strip():
            continue
        where = Path(f"{path}, line {number}")
        if len(line) > MAX_LINE_BYTES:
            _refuse(where, f"a line of {len(line):,} bytes", f"at most {MAX_LINE_BYTES:,}")
        row = _json(where, line, "one JSON object a line")
        if not isinstance(row, dict):
            _refuse(where, f"JSON of type {type(row).__name__}", "one JSON object a line")
        yield row


def _json(where: Path, data: bytes, expected: str) -> Any:
    try:
        return json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        _refuse(where, f"bytes that are not UTF-8 ({error.reason} at byte {error.start:,})", "UTF-8")
    except ValueError as error:
        _refuse(where, f"no JSON ({error})", expected)
    except RecursionError:
        _refuse(where, "JSON nested too deeply", expected)
