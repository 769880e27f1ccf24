"""What every source promises, checked on one instance; its rows as a list; files to read."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import dill
import pyarrow as pa

from textbook.engine.apply import arrow_type
from textbook.operator import SCHEMA, Source

MAX_BYTES = 1_000_000

MIT = """MIT License

Copyright (c) 2020 Somebody

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and
associated documentation files (the "Software"), to deal in the Software without restriction,
including without limitation the rights to use, copy, modify, merge, publish, distribute,
sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial
portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT
NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND
NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES
OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN
CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""


def read(source: Source, batch_size: int = 1000) -> list[dict[str, Any]]:
    """The rows of a source in order, read as a worker reads them: from shards that went through JSON."""
    rows = []
    for shard in json.loads(json.dumps(source.listing().shards)):
        for batch in source.read(shard, batch_size):
            lengths = {len(values) for values in batch.values()}
            assert lengths <= set(range(1, batch_size + 1)) and len(lengths) == 1
            rows += [dict(zip(batch, values, strict=True)) for values in zip(*batch.values(), strict=True)]
    return rows


def check_source(source: Source) -> list[dict[str, Any]]:
    """Check the promises and return the rows."""
    rows = read(source)
    listing = source.listing()
    assert source.listing() == listing
    assert listing.num_rows in (None, len(rows))
    columns = {f.name: f.type for f in SCHEMA} | dict(source.adds)
    for row in rows:
        assert set(row) - {"drop_reason"} == set(columns)
        row["text"].encode()
        if not row.get("drop_reason"):
            assert "\0" not in row["text"]
            assert len(row["text"].encode()) <= MAX_BYTES
    for name, declared in columns.items():
        pa.array([row[name] for row in rows], arrow_type(declared))
    ids = [row["id"] for row in rows]
    assert len(set(ids)) == len(ids)
    for batch_size in (1, 7):
        assert read(source, batch_size) == rows
    assert read(dill.loads(dill.dumps(source))) == rows
    for shard_bytes in (1, 5_000):
        cut = dataclasses.replace(source, shard_bytes=shard_bytes)
        assert cut.listing().digest == listing.digest
        assert read(cut) == rows
    return rows


def reasons(rows: list[dict[str, Any]], key: str = "source") -> dict[str, str | None]:
    """Why each row is dropped, by source."""
    return {row[key]: row["drop_reason"] for row in rows}


def write(root: Path, files: dict[str, str | bytes]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return root
