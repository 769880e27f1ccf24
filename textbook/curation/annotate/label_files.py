"""Labels in files: what `Labels` writes and reads, and whether rows from elsewhere are labels at all.

A csv holds flags as JSON text and missing values as empty cells. The rubric lies beside: `labels.rubric.json`.
"""

import csv
import dataclasses
import difflib
import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from textbook.curation.annotate.groups import apart, group_of
from textbook.curation.annotate.labels import SPLITS, Label, Labels
from textbook.curation.annotate.rubric import Rubric
from textbook.lineage import content_hash, write_atomic

SUFFIXES = (".jsonl", ".csv", ".parquet")
PASS = "pass"
SCHEMA = pa.schema(
    [
        ("id", pa.string()), ("text", pa.string()), ("label", pa.float64()), ("reason", pa.string()),
        ("error", pa.string()), ("source", pa.string()), ("group", pa.string()), ("split", pa.string()),
        (PASS, pa.int64()), ("chosen_by", pa.string()), ("model", pa.string()), ("flags", pa.list_(pa.string())),
    ]
)  # fmt: skip
Row = Mapping[str, Any]


def write(labels: Labels, path: Path) -> Path:
    """Write a file, whole or not at all, and the rubric beside it.

    Raises:
        ValueError: the suffix is not of a format there is.
    """
    if path.suffix not in SUFFIXES:
        raise ValueError(f"{path} has the suffix {path.suffix!r}; expected one of {', '.join(SUFFIXES)}")
    rows = [as_row(label) for label in labels.rows]
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".jsonl":
        write_atomic(path, "".join(json.dumps(row) + "\n" for row in rows))
    elif path.suffix == ".csv":
        write_atomic(path, _as_csv(rows))
    else:
        sink = pa.BufferOutputStream()
        pq.write_table(pa.Table.from_pylist([_storable(row) for row in rows], schema=SCHEMA), sink)
        write_atomic(path, sink.getvalue().to_pybytes())
    fields = dataclasses.asdict(labels.rubric)
    write_atomic(beside(path), json.dumps(fields, indent=1, ensure_ascii=False) + "\n")
    return path


def beside(path: Path) -> Path:
    """Where the rubric of a file of labels lies."""
    return path.with_suffix(".rubric.json")


def as_row(label: Label) -> dict[str, Any]:
    """A label as the columns of a file."""
    row = dataclasses.asdict(label)
    row[PASS] = row.pop("pass_index")
    return {name: row[name] for name in SCHEMA.names} | {"flags": list(label.flags)}


def _storable(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
        for name, value in row.items()
    }


def _as_csv(rows: Iterable[dict[str, Any]]) -> str:
    file = io.StringIO()
    writer = csv.DictWriter(file, SCHEMA.names, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow(_storable(row) | {"flags": json.dumps(row["flags"]) if row["flags"] else ""})
    return file.getvalue()


def read(path: Path) -> list[dict[str, Any]]:
    """The rows of a file by its suffix.

    Raises:
        ValueError: the suffix is not of a format there is, or the file is not of it.
    """
    if path.suffix == ".csv":
        return read_csv(path)
    if path.suffix == ".parquet":
        try:
            return [dict(row) for row in pq.read_table(path).to_pylist()]
        except pa.ArrowInvalid as error:
            raise ValueError(f"{path} is no parquet file: {error}") from None
    if path.suffix == ".jsonl":
        return read_jsonl(path)
    raise ValueError(f"{path} has the suffix {path.suffix!r}; expected one of {', '.join(SUFFIXES)}")


def read_csv(path: Path) -> list[dict[str, Any]]:
    """Rows of a csv file with a header; empty cells are None.

    Raises:
        ValueError: there is no header, or a row has more cells than it.
    """
    csv.field_size_limit(2**31 - 1)  # samples are longer than the 128 kB that a cell may have otherwise
    text = path.read_bytes().decode("utf-8-sig")
    reader = csv.DictReader(io.StringIO(text, newline=""))
    if not reader.fieldnames:
        raise ValueError(f"{path} is empty; expected a header such as text,label")
    rows = []
    for row in reader:
        if None in row:
            raise ValueError(f"{path}, line {reader.line_num}: more cells than the header has; quote texts with commas")
        rows.append({name: value or None for name, value in row.items()})
    return rows


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    """Rows of a file with one JSON object a line.

    Raises:
        ValueError: a line is none.
    """
    rows = []
    for number, line in enumerate(path.read_bytes().split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise ValueError(f"{path}, line {number}: no JSON ({error}); expected one object a line") from None
        if not isinstance(row, dict):
            raise ValueError(f"{path}, line {number}: a {type(row).__name__}; expected one object a line")
        rows.append(row)
    return rows


def read_hub(name: str, split: str, revision: str | None) -> list[dict[str, Any]]:
    """All rows of a dataset.

    Raises:
        ValueError: it can't be opened.
    """
    from textbook.curation.sources.hub import open_stream

    return [dict(row) for row in open_stream(name, None, None, split, revision).stream]


def labels_of(
    rows: Sequence[Row],
    given: Mapping[str, str | None],
    rubric: Rubric,
    evaluation: float,
    seed: int,
    where: str,
    *,
    each_text_once: bool = True,
) -> tuple[Label, ...]:
    """Rows from anywhere as labels; `given` names the columns of text, label, id and group.

    In what we wrote ourselves, two rows may have one text: `each_text_once` is for what comes from elsewhere.

    Raises:
        ValueError: a column is missing, a label is none on the scale, or a text is there twice.
    """
    _check_columns(rows, given, where)
    numbers = _numbers(rows, str(given["label"]), rubric, where)
    texts = [row.get(str(given["text"])) for row in rows]
    id_column = given["id"] or "id"
    ids = [str(row.get(id_column) or content_hash(str(text))) for row, text in zip(rows, texts, strict=True)]
    passes = [int(row.get(PASS) or 0) for row in rows]
    _check_once(ids, texts if each_text_once else [None] * len(texts), passes, numbers, where)
    groups = [group_of({**row, "id": name}, given["group"]) for row, name in zip(rows, ids, strict=True)]
    splits = _splits(rows, groups, evaluation, seed, where)
    return tuple(
        Label(
            name, None if text is None else str(text), number, _text(row, "reason"), _text(row, "error"),
            _text(row, "source"), group, splits[group], number_of_pass,
            _text(row, "chosen_by") or "given", _text(row, "model"), _flags(row.get("flags")),
        )
        for row, name, text, number, group, number_of_pass in zip(
            rows, ids, texts, numbers, groups, passes, strict=True
        )
    )  # fmt: skip


def _check_columns(rows: Sequence[Row], given: Mapping[str, str | None], where: str) -> None:
    if not rows:
        raise ValueError(f"{where} hold no rows; expected at least one with a text and a label")
    there = list(dict.fromkeys(name for row in rows for name in row))
    for argument, column in given.items():
        if column is not None and column not in there:
            close = difflib.get_close_matches(column, there, 1, 0.4)
            hint = f"; is it {close[0]!r}? Give {argument}={close[0]!r}" if close else f"; say which: {argument}=..."
            raise ValueError(f"{where}: no column {column!r}, there are {', '.join(map(repr, there))}{hint}")


def _numbers(rows: Sequence[Row], column: str, rubric: Rubric, where: str) -> list[float | None]:
    found, wrong = [], []
    for number, row in enumerate(rows, 1):
        label = _as_number(row.get(column))
        if label is not None and not rubric.fits(label):
            wrong.append(f"row {number} has {row[column]!r}")
        found.append(label)
    if wrong:
        kind = "whole numbers" if rubric.whole else "numbers"
        more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        raise ValueError(
            f"{where}: {', '.join(wrong[:3])}{more} in {column!r}, expected {kind} from {rubric.scale}; correct them, "
            "leave them empty, or give the Rubric whose scale they are on"
        )
    return found


def _as_number(value: Any) -> Any:
    """A number where the value is one, or reads like one; None for what is empty; else the value itself."""
    if isinstance(value, str):
        try:
            value = float(value) if value.strip() else None
        except ValueError:
            return value
    if isinstance(value, float) and math.isnan(value):
        return None
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _check_once(
    ids: Sequence[str], texts: Sequence[Any], passes: Sequence[int], numbers: Sequence[Any], where: str
) -> None:
    seen: dict[tuple[Any, int], int] = {}
    for i, (name, text, number_of_pass) in enumerate(zip(ids, texts, passes, strict=True)):
        for what in {("id", name), ("text", text)} - {("text", None)}:
            first = seen.setdefault((what, number_of_pass), i)
            if first != i:
                verdict = "another" if numbers[first] != numbers[i] else "the same"
                raise ValueError(
                    f"{where}: the {what[0]} of row {i + 1} is that of row {first + 1}, with {verdict} label; keep one "
                    "of them, or give a column `pass` with 0 and 1 if a sample was labelled twice"
                )


def _splits(rows: Sequence[Row], groups: Sequence[str], share: float, seed: int, where: str) -> dict[str, Any]:
    splits: dict[str, Any] = {}
    for number, (row, group) in enumerate(zip(rows, groups, strict=True), 1):
        if row.get("split") not in (None, *SPLITS):
            raise ValueError(f"{where}: row {number} has the split {row['split']!r}; expected {' or '.join(SPLITS)}")
        splits.setdefault(group, row.get("split"))
        if splits[group] != row.get("split"):
            raise ValueError(f"{where}: the group {group!r} is in two splits; keep groups whole")
    if not any(splits.values()):
        held = apart(splits, share, seed)
        return {group: SPLITS[group in held] for group in splits}
    return {group: split or SPLITS[0] for group, split in splits.items()}


def _text(row: Row, name: str) -> str | None:
    value = row.get(name)
    return str(value) if value is not None and value == value and value != "" else None


def _flags(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        value = json.loads(value) if value.startswith("[") else [value]
    return tuple(map(str, value or ()))
