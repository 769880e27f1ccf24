"""Duplicates side by side: which row stayed, which went for it, and where their texts differ.

Reads what the steps wrote (`near_duplicate_of` and the like); compares nothing anew but the lines of the few pairs that
it shows.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from textbook.folder import PARTS, DatasetFolder, Part
from textbook.operator import DROP_REASON, DROPPED_BY
from textbook.report.document import Document
from textbook.report.rows import fetch, locate, scan
from textbook.report.side_by_side import Line, side_by_side
from textbook.report.visible import visible_line

if TYPE_CHECKING:
    import datasets

    class Curated(Protocol):
        """What `curate` returned."""

        @property
        def dataset(self) -> datasets.Dataset: ...  # noqa: D102
        @property
        def dropped(self) -> datasets.Dataset: ...  # noqa: D102

    Rows: TypeAlias = str | Path | DatasetFolder | Curated

OF = {
    "duplicate_of": None,
    "near_duplicate_of": "near_duplicate_similarity",
    "semantic_duplicate_of": "semantic_similarity",
}
"""The columns in which a row names the one that stays for it, and how close they are."""
GONE = pa.schema([("id", pa.string()), ("kept", pa.string()), ("similarity", pa.float64()), ("step", pa.string())])
MEMBERS_SHOWN = 3


@dataclass(frozen=True)
class Pair:
    """A row that went, beside the one that stays. Rows are whole, as in the dataset."""

    gone: dict[str, Any]
    kept: dict[str, Any] | None
    """None where it is not in the dataset: a later run has left it out."""
    similarity: float | None
    reason: str

    @property
    def lines(self) -> list[Line]:
        """The two texts, line by line, with three equal lines around each difference; long ones are cut."""
        return side_by_side(None if self.kept is None else self.kept["text"], self.gone["text"])


class Cluster(NamedTuple):
    """The rows that went for one that stays: how many, and some of them."""

    kept: str
    size: int
    pairs: tuple[Pair, ...]


@dataclass(frozen=True, repr=False)
class DuplicateReport(Document):
    """Clusters of duplicates. Print it, save it as a page, or leave it as the last line of a cell."""

    frame_title = "Duplicates"

    step: str
    num_gone: int
    num_clusters: int
    clusters: tuple[Cluster, ...]

    def __str__(self) -> str:
        lines = [f"{visible_line(self.step)}: {self.num_gone:,} rows went for {self.num_clusters:,} that stayed"]
        for cluster in self.clusters:
            lines += ["", f"{_named(cluster.pairs[0].kept, cluster.kept)} stays; {cluster.size:,} went for it"]
            for pair in cluster.pairs:
                lines.append(f"  {_named(pair.gone, pair.gone['id'])}: {visible_line(pair.reason)}")
                lines += [f"    {mark}{line}" for mark, line in _unified(pair.lines)]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"DuplicateReport({self.step!r}, {self.num_gone:,} rows in {self.num_clusters:,} clusters)"

    def html(self) -> str:
        """See `Document`."""
        from textbook.report.page import template

        return template("duplicates.html").render(s=self)


def duplicate_report(
    rows: "Rows", row: str | None = None, step: str | None = None, num_clusters: int = 12
) -> DuplicateReport:
    """Which rows a step dropped as duplicates, beside those that stay for them.

    Without `row`, half of the clusters shown are the largest, half those whose rows are least alike.

    Args:
        rows: a finished dataset folder, or what `curate` returned.
        row: the id of a row that went, or its beginning: shows that row alone, and so why it was removed.
        step: the name of the step in the manifest; by default the last one that dropped duplicates.
        num_clusters: how many to show.

    Raises:
        ValueError: no step dropped duplicates, or not by that name; or no such row went as one.
    """
    opened = DatasetFolder.open(rows) if isinstance(rows, str | Path) else rows
    gone = pa.Table.from_batches(list(_gone(opened)), GONE)
    if row is not None:
        gone = gone.filter(pc.starts_with(gone["id"], row))
        if not len(gone):
            raise ValueError(f"no row {row!r} went as a duplicate; `textbook explain` tells the history of any row")
    steps = gone["step"].unique().to_pylist()
    if step is None and not steps:
        raise ValueError("no row went as a duplicate; expected a recipe with a step such as NearDuplicates()")
    if step is not None and step not in steps:
        raise ValueError(f"no step {step!r} dropped duplicates; those that did: {', '.join(steps) or 'none'}")
    step = steps[-1] if step is None else step
    gone = gone.filter(pc.equal(gone["step"], step))
    sizes = Counter(gone["kept"].to_pylist())
    clusters = _clusters(opened, gone, sizes, _chosen(gone, sizes, num_clusters))
    return DuplicateReport(step, len(gone), len(sizes), tuple(clusters))


def _gone(rows: Any) -> Iterator[pa.RecordBatch]:
    """The rows that went as duplicates, without their texts."""
    for batch in _batches(rows, "dropped", {"id", DROPPED_BY, *OF, *filter(None, OF.values())}):
        for column, similarity in OF.items():
            if column in batch.schema.names:
                close = batch[similarity] if similarity else pa.nulls(len(batch))
                columns = [batch["id"], batch[column], close, batch[DROPPED_BY]]
                cast = [column.cast(field.type) for column, field in zip(columns, GONE, strict=True)]
                yield pa.RecordBatch.from_arrays(cast, schema=GONE).filter(pc.is_valid(batch[column]))


def _chosen(gone: pa.Table, sizes: Mapping[str, int], num_clusters: int) -> list[str]:
    """The largest clusters, then those with the rows least alike; ties by id."""
    largest = sorted(sizes, key=lambda kept: (-sizes[kept], kept))[: -(-num_clusters // 2)]
    alike = gone.group_by("kept").aggregate([("similarity", "min")])
    alike = alike.sort_by([("similarity_min", "ascending"), ("kept", "ascending")])["kept"].to_pylist()
    return list(dict.fromkeys([*largest, *alike]))[:num_clusters]


def _clusters(rows: Any, gone: pa.Table, sizes: Mapping[str, int], chosen: list[str]) -> Iterator[Cluster]:
    """The clusters of the rows in `chosen`; of each the members least alike."""
    members = gone.filter(pc.is_in(gone["kept"], value_set=pa.array(chosen, pa.string())))
    members = members.sort_by([("similarity", "ascending"), ("id", "ascending")]).to_pylist()
    shown = {kept: [member for member in members if member["kept"] == kept][:MEMBERS_SHOWN] for kept in chosen}
    found = _rows_by_id(rows, [*chosen, *(member["id"] for some in shown.values() for member in some)])
    for kept, some in shown.items():
        pairs = [
            Pair(found[member["id"]], found.get(kept), member["similarity"], str(found[member["id"]][DROP_REASON]))
            for member in some
        ]
        yield Cluster(kept, sizes[kept], tuple(pairs))


def _batches(rows: Any, part: Part, columns: set[str] | None) -> Iterator[pa.RecordBatch]:
    if isinstance(rows, DatasetFolder):
        yield from (batch for _, batch in scan(rows, part, columns or ()))
        return
    table = (rows.dataset if part == "data" else rows.dropped).with_format("arrow")[:]
    names = [name for name in table.column_names if columns is None or name in columns]
    yield from table.select(names).to_batches()


def _rows_by_id(rows: Any, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The rows with these ids, whole."""
    if isinstance(rows, DatasetFolder):
        return {row["id"]: row for row in fetch(rows, locate(rows, ids)).values()}
    wanted = pa.array(ids, pa.string())
    both = (batch for part in PARTS for batch in _batches(rows, part, None))
    return {row["id"]: row for batch in both for row in batch.filter(pc.is_in(batch["id"], wanted)).to_pylist()}


def _unified(lines: Iterable[Line]) -> Iterator[tuple[str, str]]:
    for line in lines:
        if line.differs:
            yield from ((mark, visible_line(text)) for mark, text in (("- ", line.left), ("+ ", line.right)) if text)
        else:
            yield "  ", "..." if line.left is None else visible_line(line.left)


def _named(row: Mapping[str, Any] | None, row_id: str) -> str:
    return visible_line(str((row or {}).get("source") or row_id))
