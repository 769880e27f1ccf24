"""Labels in hand: from a model, from people, from files; which are to fit on, and which are to measure with.

Does not ask for labels (`labelling`, `by_hand`) and fits nothing.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from textbook.curation.annotate.agreement import Agreement, agreement
from textbook.curation.annotate.outlook import Outlook
from textbook.curation.annotate.rubric import Rubric

Split = Literal["train", "evaluation"]
SPLITS: tuple[Split, Split] = ("train", "evaluation")


@dataclass(frozen=True, slots=True)
class Label:
    """What one pass of an annotator said of one sample."""

    id: str
    text: str | None
    """None where only a reference is kept: `source` says where the text is."""
    label: float | None
    """None where there is none: `error` says why."""
    reason: str | None = None
    error: str | None = None
    source: str | None = None
    group: str = ""
    """The repository or package: what a split must not cut through."""
    split: Split = "train"
    pass_index: int = 0
    """0 for the first label of a sample, 1 for the second, independent one. The column is called `pass`."""
    chosen_by: str = "random"
    """Why the sample was labelled: "random", "uncertain", "top", "given", "by hand"."""
    model: str | None = None
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, repr=False)
class Labels:
    """Labels with the rubric they follow.

    `train` and `evaluation` never share a group. From `label`, `evaluation` is a random draw, whatever the strategy:
    measure on it and on nothing else.
    """

    rows: tuple[Label, ...]
    rubric: Rubric
    outlook: Outlook | None = field(default=None, compare=False)
    """What more labels would cost and bring, where a model gave these."""
    notes: tuple[str, ...] = field(default=(), compare=False)
    """What the user should know: rows without groups, a strategy that had to give way."""

    def __post_init__(self) -> None:
        seen: dict[tuple[str, int], Label] = {}
        split_of: dict[str, str] = {}
        for row in self.rows:
            if row.label is not None:
                self.rubric.check(row.label, f"the row {row.id!r}")
            if (row.id, row.pass_index) in seen:
                raise ValueError(
                    f"the row {row.id!r} has two labels of pass {row.pass_index}; keep one, or number them by `pass`"
                )
            seen[row.id, row.pass_index] = row
            if split_of.setdefault(row.group, row.split) != row.split:
                raise ValueError(
                    f"the group {row.group!r} is in both splits; keep whole groups apart, or a scorer is measured "
                    "on code that it has seen"
                )

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        return f"Labels({len(self.rows):,} rows, {len(self.missing):,} of them without a label, {self.rubric.name!r})"

    def __str__(self) -> str:
        counts = sorted(Counter(row.label for row in self.rows if row.label is not None).items())
        spread = ", ".join(f"{count:,} with {label:g}" for label, count in counts) or "no label"
        return "\n".join(
            [
                f"{len(self.rows):,} rows by the rubric {self.rubric.name!r}: {spread}; {len(self.missing):,} without",
                f"{len(self.train):,} samples to fit on, {len(self.evaluation):,} to measure with; {self.agreement()}",
                *([] if self.outlook is None else [str(self.outlook)]),
                *(f"note: {note}" for note in self.notes),
            ]
        )

    @property
    def train(self) -> tuple[Label, ...]:
        """What to fit on: the first label of each sample outside the evaluation set, where there is one."""
        return self._of("train")

    @property
    def evaluation(self) -> tuple[Label, ...]:
        """What to measure with."""
        return self._of("evaluation")

    @property
    def missing(self) -> tuple[Label, ...]:
        """The rows without a label: refused, invalid, too long, left when the budget was used up."""
        return tuple(row for row in self.rows if row.label is None)

    def _of(self, split: Split) -> tuple[Label, ...]:
        return tuple(row for row in self.rows if row.split == split and row.pass_index == 0 and row.label is not None)

    def agreement(self) -> Agreement:
        """How far the first and the second label of the samples labelled twice agree: the ceiling for a scorer."""
        first = {row.id: row.label for row in self.rows if row.pass_index == 0 and row.label is not None}
        both = [
            (first[row.id], row.label)
            for row in self.rows
            if row.pass_index == 1 and row.label is not None and row.id in first
        ]
        return agreement([a for a, _ in both], [b for _, b in both])

    def without_texts(self) -> "Labels":
        """The same labels with references in place of texts, as code under other people's licences may need.

        Raises:
            ValueError: a row has no source to refer to.
        """
        lacking = next((row.id for row in self.rows if row.source is None), None)
        if lacking is not None:
            raise ValueError(
                f"the row {lacking!r} has no source, so nothing would say where its text is; keep the text"
            )
        return replace(self, rows=tuple(replace(row, text=None) for row in self.rows))

    def save(self, path: str | Path) -> Path:
        """Write a `.jsonl`, `.csv` or `.parquet` file, one row a label, and the rubric beside it (`.rubric.json`).

        Raises:
            ValueError: the suffix is none of these.
        """
        from textbook.curation.annotate.label_files import write

        return write(self, Path(path))

    @classmethod
    def load(cls, path: str | Path, rubric: Rubric | None = None) -> "Labels":
        """Read what `save` wrote; the rubric beside the file is taken, unless one is given.

        Raises:
            ValueError: see `from_rows`.
        """
        from textbook.curation.annotate.label_files import beside, labels_of, read

        path = Path(path)
        if rubric is None and beside(path).exists():
            rubric = Rubric.load(beside(path))
        rubric = rubric or Rubric.educational_value()
        columns = {"text": "text", "label": "label", "id": "id", "group": None}
        return cls(labels_of(read(path), columns, rubric, 0.2, 0, str(path), each_text_once=False), rubric)

    @classmethod
    def from_csv(cls, path: str | Path, **columns: Any) -> "Labels":
        """Labels from a csv file with a header; `columns` are those of `from_rows`.

        Raises:
            ValueError: see `from_rows`.
        """
        from textbook.curation.annotate.label_files import read_csv

        return cls.from_rows(read_csv(Path(path)), where=str(path), **columns)

    @classmethod
    def from_jsonl(cls, path: str | Path, **columns: Any) -> "Labels":
        """Labels from a file with one JSON object a line; `columns` are those of `from_rows`.

        Raises:
            ValueError: a line is no object; and see `from_rows`.
        """
        from textbook.curation.annotate.label_files import read_jsonl

        return cls.from_rows(read_jsonl(Path(path)), where=str(path), **columns)

    @classmethod
    def from_hub(cls, name: str, *, split: str = "train", revision: str | None = None, **columns: Any) -> "Labels":
        """Labels from a dataset of the Hugging Face Hub, or one on disk; `columns` are those of `from_rows`.

        Raises:
            ValueError: it can't be opened; and see `from_rows`.
        """
        from textbook.curation.annotate.label_files import read_hub

        return cls.from_rows(read_hub(name, split, revision), where=f"the dataset {name}", **columns)

    @classmethod
    def from_rows(
        cls,
        rows: Iterable[dict[str, Any]],
        *,
        text: str = "text",
        label: str = "label",
        id: str | None = None,
        group: str | None = None,
        rubric: Rubric | None = None,
        evaluation: float = 0.2,
        seed: int = 0,
        where: str = "the rows",
    ) -> "Labels":
        """Labels from rows in hand.

        Args:
            rows: each with a text and a label; an empty label is a missing one. What `save` writes is understood whole.
            text: the column of texts.
            label: the column of labels.
            id: the column of ids; None: `id` if there is one, else a hash of the text.
            group: the column of repositories or packages; None: `group`, `repository`, `repo_name` or `package` if
                there is one, else read off `source`, else each text is its own.
            rubric: the scale; None: educational value, 0 to 5.
            evaluation: the share of groups kept apart, where no column `split` says which.
            seed: for the choice of these.
            where: what errors call the rows.

        Raises:
            ValueError: a column is missing, a label is off the scale or no number, a text is there twice.
        """
        from textbook.curation.annotate.label_files import labels_of

        given = {"text": text, "label": label, "id": id, "group": group}
        rows, rubric = list(rows), rubric or Rubric.educational_value()
        return cls(labels_of(rows, given, rubric, evaluation, seed, where), rubric)


def texts_and_labels(rows: Sequence[Label]) -> tuple[list[str], list[float]]:
    """What a scorer is fitted on: texts and numbers of equal length.

    Raises:
        ValueError: a row holds a reference and no text.
    """
    lacking = next((row for row in rows if row.text is None), None)
    if lacking is not None:
        raise ValueError(
            f"the row {lacking.id!r} has no text, only the source {lacking.source!r}; bring the texts first"
        )
    return [row.text or "" for row in rows], [row.label for row in rows if row.label is not None]
