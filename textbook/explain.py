"""The history of one row: where it came from, what each step found, why it stayed or went; then that of its parents.

Reads ids alone until it knows where the rows lie, so it is quick in large folders. Which step made a row is not stored:
it is told where only one step makes rows.
"""

import heapq
import html
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from textbook.folder import DatasetFolder
from textbook.operator import DROP_REASON, DROPPED_BY, SCHEMA
from textbook.report.numbers import number
from textbook.report.rows import Place, fetch, ids_of, locate, places
from textbook.report.visible import visible_line

MIN_PREFIX_CHARS = 6
MAX_ANCESTORS = 50
MAX_VALUE_CHARS = 200
NUM_SUGGESTIONS = 3


@dataclass(frozen=True)
class Explanation:
    """What became of a row. Print it."""

    rows: tuple[dict[str, Any], ...]
    """The row, whole, then those of its ancestors that are in the folder, nearest first (at most 50)."""

    manifest: dict[str, Any]
    """The manifest of the folder."""

    def __str__(self) -> str:
        here = {row["id"] for row in self.rows}
        return "\n\n".join("\n".join(self._history(row, here, first=i == 0)) for i, row in enumerate(self.rows))

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"

    def _history(self, row: dict[str, Any], here: set[str], first: bool) -> Iterator[str]:
        fate = f"dropped by {visible_line(row[DROPPED_BY])}" if row.get(DROPPED_BY) else "kept"
        yield f"{'row' if first else 'its ancestor'} {visible_line(row['id'])}: {fate}"
        for title, name in (("source", "source"), ("licence", "license"), ("language", "language")):
            yield f"  {title:9} {'not known' if row.get(name) is None else shown(row[name])}"
        yield f"  {'text':9} {len(row['text'] or ''):,} characters"
        absent = " (not in this folder)" if len(self.rows) < MAX_ANCESTORS else " (not shown)"
        for parent in row.get("parents") or ():
            yield f"  {'parent':9} {visible_line(parent)}{'' if parent in here else absent}"
        yield ""
        names = [visible_line(step["name"]) for step in self.manifest["steps"]]
        width = max(map(len, names))
        for i, (name, (says, values)) in enumerate(zip(names, self._steps(row), strict=False)):
            yield f"  {i:3}  {name:{width}}  {says}"
            yield from (
                f"  {'':3}  {'':{width}}    {visible_line(column)} = {value}" for column, value in values.items()
            )

    def _steps(self, row: dict[str, Any]) -> Iterator[tuple[str, dict[str, str]]]:
        """For each step that met the row: what it did, and the values it added. Ends where the row was dropped."""
        makers = [i for i, step in enumerate(self.manifest["steps"]) if step["rows_made"] and i]
        made_at = makers[0] if row.get("parents") and len(makers) == 1 else 0
        for i, step in enumerate(self.manifest["steps"]):
            if i < made_at:
                yield "before this row was made", {}
                continue
            added = {name: shown(row.get(name)) for name in step["adds"] if name not in SCHEMA.names}
            if step["name"] == row.get(DROPPED_BY):
                yield f"DROPPED: {shown(row[DROP_REASON])}", added
                return
            read = step["config"].get("column")
            passed = f"passed, {visible_line(str(read))} = {shown(row[read])}" if read in row else "passed"
            yield ("made here" if made_at else "read") if i == made_at else passed, added


def shown(value: Any) -> str:
    """A value of any type on one line."""
    if isinstance(value, float):
        return number(value)
    text = (
        value
        if isinstance(value, str)
        else "none"
        if value is None
        else json.dumps(value, default=str, ensure_ascii=False)
    )
    text = visible_line(text[: MAX_VALUE_CHARS + 1])
    return text if len(text) <= MAX_VALUE_CHARS else f"{text[:MAX_VALUE_CHARS]}…"


def explain(folder: DatasetFolder | str | Path, row_id: str) -> Explanation:
    """The history of a row, kept or dropped.

    Args:
        folder: a finished dataset folder.
        row_id: the row's id, or its first six characters or more if no other id starts so.

    Raises:
        ValueError: no id is or starts with `row_id`, or several do; the message names ids that come close.
    """
    folder = folder if isinstance(folder, DatasetFolder) else DatasetFolder.open(folder)
    row_id = row_id.strip().encode("utf-8", "replace").decode()
    rows = list(fetch(folder, [find(folder, row_id)]).values())
    known = {rows[0]["id"]}
    frontier = rows
    while frontier and len(rows) < MAX_ANCESTORS:
        parents = list(dict.fromkeys(parent for row in frontier for parent in row.get("parents") or ()))
        wanted = [parent for parent in parents if parent not in known][: MAX_ANCESTORS - len(rows)]
        known.update(wanted)
        frontier = list(fetch(folder, locate(folder, wanted)).values()) if wanted else []
        rows += sorted(frontier, key=lambda row: wanted.index(row["id"]))
    return Explanation(tuple(rows), folder.manifest)


def find(folder: DatasetFolder, row_id: str) -> Place:
    """Where the one row lies whose id is `row_id` or starts with it."""
    longer: list[tuple[str, Place]] = []
    near: list[tuple[int, str]] = []
    for first, batch in ids_of(folder):
        for place in places(first, pc.equal(batch, row_id)):
            return place
        if len(row_id) >= MIN_PREFIX_CHARS:
            found = places(first, pc.starts_with(batch, row_id))
            longer += [(batch[place.row - first.row].as_py(), place) for place in found]
        alike = batch.filter(pc.starts_with(batch, row_id[:2])).to_pylist()
        ranked = ((-len(os.path.commonprefix([row_id, other])), other) for other in alike)
        near = heapq.nsmallest(NUM_SUGGESTIONS, [*near, *ranked])
    if len(longer) == 1:
        return longer[0][1]
    if longer:
        candidates = ", ".join(visible_line(row) for row, _ in heapq.nsmallest(NUM_SUGGESTIONS, longer))
        raise ValueError(f"{len(longer)} rows have an id that starts with {row_id!r}: {candidates}; give more of it")
    short = f"; a beginning needs {MIN_PREFIX_CHARS} characters or more" if len(row_id) < MIN_PREFIX_CHARS else ""
    hint = ", ".join(visible_line(row) for _, row in near)
    close = f"ids that come close: {hint}" if near else "look ids up in its column `id`"
    raise ValueError(f"{folder.path} has no row {row_id!r}, kept or dropped{short}; {close}")
