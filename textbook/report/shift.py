"""What a filter changes: packages, licences, languages, imports, concepts, lengths and scores, before and after.

A filter that was meant to take the bad and took a topic or a style with it is seen at once: each attribute gets one
number for how far it moved, what chance would give, and the names that moved most. Compares distributions, not rows;
says nothing of what models make of the change.
"""

import math
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from textbook.folder import DatasetFolder, Part
from textbook.languages.concepts import concepts
from textbook.operator import DROP_REASON, DROPPED_BY
from textbook.report import numbers
from textbook.report.composition import MAX_NAME_CHARS, MAX_NAMES, package
from textbook.report.document import Document
from textbook.report.histogram import Spread
from textbook.report.imports import imported
from textbook.report.samples import floats
from textbook.report.visible import visible_line

if TYPE_CHECKING:
    import datasets

    Rows: TypeAlias = str | Path | DatasetFolder | datasets.Dataset

READ_ROWS = 500
"""Rows decoded at a time, texts and all."""
MAX_CATEGORIES = 100
"""A text column that a step added is compared where it has no more distinct values than this: a kind, not an id."""
MOVERS = 5
NAMES_AT_A_GLANCE = 3
QUANTILES = {"10 %": 0.1, "median": 0.5, "90 %": 0.9}
TITLES = {"source": "Packages", "license": "Licences", "language": "Languages"}
IMPORTS, CONCEPTS, LENGTH = "Imports", "Concepts", "Characters"
NOT_COMPARED = frozenset({"id", "parents", DROPPED_BY, DROP_REASON})


class Mover(NamedTuple):
    """A name with its share of the rows (of all imports, of all concepts), or a quantile; before and after."""

    name: str | None
    before: float
    after: float


@dataclass(frozen=True)
class Moved:
    """How far one attribute moved.

    Attributes:
        name: "Packages", "Licences", "Languages", "Imports", "Concepts" (such as classes), "Characters" (of the text),
            or a column.
        kind: "names" or "numbers".
        distance: from 0, no change, to 1: total variation distance for names, Kolmogorov-Smirnov for numbers.
        by_chance: about what a filter that draws rows by chance would give.
        movers: names, the largest difference of shares first; or three quantiles.
    """

    name: str
    kind: str
    distance: float
    by_chance: float
    movers: tuple[Mover, ...]


@dataclass(frozen=True, repr=False)
class Shift(Document):
    """What changed between two datasets, the attribute that moved most first. Print it, or save it as a page."""

    frame_title = "What changed"
    frame_height_px = 480

    title: str
    rows_before: int
    rows_after: int
    attributes: tuple[Moved, ...]

    def __getitem__(self, name: str) -> Moved:
        """The attribute of that name.

        Raises:
            KeyError: it was not compared.
        """
        found = {attribute.name: attribute for attribute in self.attributes}
        if name not in found:
            raise KeyError(f"{name!r} was not compared; there are {', '.join(found) or 'none'}")
        return found[name]

    def __str__(self) -> str:
        head = f"{visible_line(self.title)}: {self.rows_before:,} rows before, {self.rows_after:,} after"
        if not self.attributes:
            return f"{head}\nNothing to compare: one side has no rows."
        width = max(len("attribute"), *(len(visible_line(attribute.name)) for attribute in self.attributes))
        lines = [
            f"{visible_line(a.name):<{width}}  {a.distance:>8.3f}  {a.by_chance:>9.3f}  {_glance(a)}"
            for a in self.attributes
        ]
        return "\n".join([head, f"{'attribute':<{width}}  distance  by chance  moved most", *lines])

    def __repr__(self) -> str:
        return f"Shift({self.title!r}, {self.rows_before:,} -> {self.rows_after:,} rows)"

    def html(self) -> str:
        """See `Document`."""
        from textbook.report.page import template

        return template("shift.html").render(s=self.facts())

    def facts(self) -> dict[str, Any]:
        """The same as plain JSON-able data, the only thing a page is drawn from."""
        attributes = [asdict(a) | {"movers": [m._asdict() for m in a.movers]} for a in self.attributes]
        rows = {"rows_before": self.rows_before, "rows_after": self.rows_after}
        return {"title": self.title, **rows, "attributes": attributes}


def _glance(moved: Moved) -> str:
    def shown(value: float) -> str:
        return numbers.percent(value, 1) if moved.kind == "names" else numbers.short(value)

    parts = [
        f"{'not known' if m.name is None else visible_line(m.name)[:40]} {shown(m.before)} -> {shown(m.after)}"
        for m in moved.movers[:NAMES_AT_A_GLANCE]
    ]
    return ", ".join(parts)


def shift(before: "Rows", after: "Rows") -> Shift:
    """What changed from one dataset to another.

    Columns that both have are compared; of those that steps added, missing values are left out. Rows are streamed:
    memory grows neither with rows nor with names.

    Args:
        before: the path of a dataset folder (the rows that stayed), a `DatasetFolder` or a `datasets.Dataset`.
        after: the same of the other side.

    Raises:
        ValueError: neither of these.
    """
    return compare("before and after", _profile(_batches(before)), _profile(_batches(after)), nested=False)


def shift_of_step(folder: str | Path | DatasetFolder, step: str) -> Shift:
    """What one step of a finished run changed: the rows that reached it beside those that went on.

    Rows that a later step made are on both sides: which step made a row is not stored.

    Args:
        folder: the dataset folder of the run.
        step: the name of the step in the manifest, such as "Keep(edu_score)".

    Raises:
        ValueError: the run has no such step.
    """
    opened = folder if isinstance(folder, DatasetFolder) else DatasetFolder.open(folder)
    names = [entry["name"] for entry in opened.manifest["steps"]]
    if step not in names:
        raise ValueError(f"{opened.path} has no step {step!r}; there are {', '.join(names)}")
    later = pa.array(names[names.index(step) + 1 :], pa.string())
    stayed = _profile(_of_folder(opened, "data"))
    left = Profile()
    for batch in _of_folder(opened, "dropped"):
        stayed.add(batch.filter(pc.is_in(batch[DROPPED_BY], value_set=later)))
        left.add(batch.filter(pc.equal(batch[DROPPED_BY], step)))
    return compare(step, stayed.plus(left), stayed, nested=True)


def _of_folder(folder: DatasetFolder, part: Part) -> Iterator[pa.RecordBatch]:
    for path in folder.files(part):
        with pq.ParquetFile(path) as file:
            yield from file.iter_batches(READ_ROWS, use_threads=False)


def _batches(rows: Any) -> Iterator[pa.RecordBatch]:
    if isinstance(rows, str | Path | DatasetFolder):
        return _of_folder(rows if isinstance(rows, DatasetFolder) else DatasetFolder.open(rows), "data")
    datasets = sys.modules.get("datasets")  # without it there is no such object; importing it takes a second
    if datasets is not None and isinstance(rows, datasets.Dataset):
        tables = rows.with_format("arrow").iter(READ_ROWS)
        return (batch for table in tables for batch in table.combine_chunks().to_batches())
    raise ValueError(
        f"got a {type(rows).__name__}; expected a dataset folder or a datasets.Dataset. Run a recipe over anything "
        "else first: textbook.curate(rows).dataset"
    )


@dataclass
class Profile:
    """Distributions of rows seen: names counted, numbers spread. What is held is bounded."""

    rows: int = 0
    names: dict[str, Counter[str | None]] = field(default_factory=dict)
    spreads: dict[str, Spread] = field(default_factory=dict)

    def add(self, batch: pa.RecordBatch) -> None:
        """See a batch."""
        self.rows += batch.num_rows
        for column in batch.schema:
            values = batch[column.name]
            if column.name in NOT_COMPARED:
                continue
            if column.name == "text":
                self._see_texts(batch)
            elif column.name in TITLES:
                found = values.to_pylist()
                self._count(TITLES[column.name], map(package, found) if column.name == "source" else found)
            elif pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
                self._spread(column.name, values)
            elif _is_category(column.type):
                self._count(column.name, values.drop_null().to_pylist(), MAX_CATEGORIES + 1)

    def _see_texts(self, batch: pa.RecordBatch) -> None:
        texts = batch["text"].cast(pa.large_string())
        self._spread(LENGTH, pc.utf8_length(texts))
        languages = batch["language"].to_pylist() if "language" in batch.schema.names else [None] * batch.num_rows
        given = [text or "" for text in texts.to_pylist()]
        pairs = zip(given, languages, strict=True)
        self._count(IMPORTS, (name for text, language in pairs for name in imported(text, language)))
        self._count(CONCEPTS, (name for text in given for name in concepts(text)))

    def _spread(self, name: str, values: pa.Array) -> None:
        found = floats(values)
        self.spreads.setdefault(name, Spread()).add(found[~np.isnan(found)])

    def _count(self, title: str, names: Iterable[Any], most: int = MAX_NAMES) -> None:
        counts = self.names.setdefault(title, Counter())
        for value, rows in Counter(names).items():
            name = None if value is None or value == "" else str(value)[:MAX_NAME_CHARS]
            if name in counts or len(counts) < most:
                counts[name] += rows

    def plus(self, other: "Profile") -> "Profile":
        """What both have seen."""
        names, spreads = dict(self.names), dict(self.spreads)
        for title, counts in other.names.items():
            names[title] = names.get(title, Counter()) + counts
        for name, spread in other.spreads.items():
            spreads[name] = spread.plus(spreads[name]) if name in spreads else spread
        return Profile(self.rows + other.rows, names, spreads)


def _is_category(kind: pa.DataType) -> bool:
    return bool(pa.types.is_boolean(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _profile(batches: Iterable[pa.RecordBatch]) -> Profile:
    profile = Profile()
    for batch in batches:
        profile.add(batch)
    return profile


def compare(title: str, before: Profile, after: Profile, nested: bool) -> Shift:
    """What changed from one profile to another; `nested` where the rows of `after` are among those of `before`."""
    special = {*TITLES.values(), IMPORTS, CONCEPTS}
    found = [
        _moved_names(name, counts, after.names[name], nested)
        for name, counts in before.names.items()
        if counts.total()
        and after.names.get(name)
        and (name in special or len(counts | after.names[name]) <= MAX_CATEGORIES)
    ]
    found += [
        _moved_numbers(name, spread, after.spreads[name], nested)
        for name, spread in before.spreads.items()
        if spread.total and name in after.spreads and after.spreads[name].total
    ]
    found.sort(key=lambda moved: (-moved.distance, moved.name))
    return Shift(title, before.rows, after.rows, tuple(found))


def _moved_names(name: str, before: Counter[str | None], after: Counter[str | None], nested: bool) -> Moved:
    total, rest = before.total(), after.total()
    movers = [Mover(key, before[key] / total, after[key] / rest) for key in before | after]
    movers.sort(key=lambda m: (-abs(m.after - m.before), m.name or ""))
    noise = _noise(total, rest, nested)
    # The mean of |x| is sqrt(2 / pi) of the deviation of a normal x.
    chance = sum(math.sqrt(2 / math.pi * m.before * (1 - m.before)) for m in movers if m.before < 1) / 2 * noise
    distance = sum(abs(m.after - m.before) for m in movers) / 2
    shown = tuple(m for m in movers[:MOVERS] if m.after != m.before)
    return Moved(name, "names", distance, min(chance, 1.0), shown)


def _moved_numbers(name: str, before: Spread, after: Spread, nested: bool) -> Moved:
    # 0.869 is the mean of Kolmogorov's distribution, sqrt(pi / 2) * ln 2.
    chance = 0.869 * _noise(before.total, after.total, nested)
    movers = tuple(Mover(label, before.quantile(share), after.quantile(share)) for label, share in QUANTILES.items())
    return Moved(name, "numbers", before.distance(after), min(chance, 1.0), movers)


def _noise(before: int, after: int, nested: bool) -> float:
    """The deviation of the difference of two shares p, by sqrt(p (1 - p)): of a part and its whole, or of two parts."""
    return math.sqrt(max(0.0, 1 / after - 1 / before if nested else 1 / after + 1 / before))
