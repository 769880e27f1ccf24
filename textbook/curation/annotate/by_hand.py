"""Label by hand, in a terminal or a notebook: one sample at a time, a file that is whole after each answer.

No windows, no widgets: in a terminal a key is enough, elsewhere `input` is asked. Shows samples by their head only.
"""

import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from textbook.curation.annotate.groups import GroupOf, apart, group_of
from textbook.curation.annotate.labels import SPLITS, Label, Labels
from textbook.curation.annotate.pool import read_rows, source_of
from textbook.curation.annotate.rubric import Rubric
from textbook.report.visible import cut, visible, visible_line

MAX_LINES = 60
MAX_LINE_CHARS = 160
SKIPPED = "skipped"
HELP = "{scale}: label, s: skip, b: back to the one before, q: save and quit"


def label_by_hand(
    rows: Any,
    rubric: Rubric | None = None,
    path: str | Path = "labels-by-hand.jsonl",
    *,
    group: GroupOf = None,
    evaluation: float = 0.2,
    seed: int = 0,
    ask: Callable[[str], str] | None = None,
    show: Callable[[str], Any] | None = None,
) -> Labels:
    """Ask a person for the label of each row; go on where the file at `path` ends.

    The keys are the steps of the scale, `s` to skip, `b` to go back to the row before, `q` to stop; what is on file
    stays. Characters that would steer a terminal are shown by name.

    Args:
        rows: as for `label`: a source, a path, a dataset folder, or rows in hand.
        rubric: what a label means; None: educational value.
        path: the `.jsonl` file of labels, written after each answer; `Labels.load` reads it.
        group: a column or function that says what a row belongs to; None: see `group_of`.
        evaluation: the share of groups that are for measuring.
        seed: for the choice of these.
        ask: gets a prompt and returns the answer; None: a key in a terminal, else `input`.
        show: gets what is to be shown; None: standard output.

    Raises:
        ValueError: `path` is no .jsonl file, or holds other labels: of another rubric or with another split.
    """
    rubric, path = rubric or Rubric.educational_value(), Path(path)
    if path.suffix != ".jsonl":
        raise ValueError(f"{path} has the suffix {path.suffix!r}; expected .jsonl")
    given = list(read_rows(source_of(rows)))
    groups = [group_of(row, group) for row in given]
    held = apart(groups, evaluation, seed)
    todo = [
        Label(row["id"], row["text"], None, source=row.get("source"), group=name, split=SPLITS[name in held],
              chosen_by="by hand")
        for row, name in zip(given, groups, strict=True)
    ]  # fmt: skip
    by_key = rubric.whole and rubric.low >= 0 and rubric.high <= 9
    session = _Session(todo, rubric, path, ask or (ask_key if by_key else ask_line), show or to_stdout)
    return session.run()


@dataclass
class _Session:
    """One sitting."""

    todo: list[Label]
    rubric: Rubric
    path: Path
    ask: Callable[[str], str]
    show: Callable[[str], Any]
    done: dict[str, Label] = field(default_factory=dict)

    def run(self) -> Labels:
        if self.path.exists() and self.path.stat().st_size:
            earlier = Labels.load(self.path)
            if earlier.rubric.identity != self.rubric.identity:
                raise ValueError(
                    f"{self.path} holds labels by the rubric {earlier.rubric.name!r}, expected {self.rubric.name!r} as "
                    "it is now; give another path"
                )
            self.done = {row.id: row for row in earlier.rows}
        self.show(f"{self.rubric.text.strip()}\n")
        at = self._next(-1)
        while at < len(self.todo):
            answer = self._answer(at)
            if answer == "q":
                break
            if answer == "b":
                at = max(0, at - 1)
                continue
            self._keep(at, None if answer == "s" else self.rubric.check(float(answer), "the answer"))
            at = self._next(at)
        num_labelled = sum(row.label is not None for row in self.done.values())
        self.show(f"{num_labelled} labelled, {len(self.todo) - len(self.done)} to go: {self.path}")
        return Labels(tuple(self.done.values()), self.rubric)

    def _next(self, at: int) -> int:
        """The next row that has no answer yet."""
        at += 1
        while at < len(self.todo) and self.todo[at].id in self.done:
            at += 1
        return at

    def _answer(self, at: int) -> str:
        row = self.todo[at]
        text = visible(row.text or "")
        head = cut(text, MAX_LINES, MAX_LINE_CHARS)
        num_more = text.count("\n") - head.count("\n")
        more = f"\n... {num_more:,} lines more" if num_more > 0 else ""
        where = visible_line(row.source or row.id)
        before = self.done.get(row.id)
        was = "" if before is None or before.label is None else f" (so far {before.label:g})"
        self.show(f"\n--- {at + 1} of {len(self.todo)}: {where}\n{head}{more}\n")
        while True:
            keys = HELP.format(scale=self.rubric.scale)
            answer = self.ask(f"{keys}{was}> ").strip().lower()
            if answer in ("s", "b", "q") or self._is_label(answer):
                return answer
            self.show(f"{visible_line(answer)!r} is none of these")

    def _is_label(self, answer: str) -> bool:
        try:
            return self.rubric.fits(float(answer))
        except ValueError:
            return False

    def _keep(self, at: int, label: float | None) -> None:
        row = self.todo[at]
        error = SKIPPED if label is None else None
        self.done[row.id] = replace(row, label=label, error=error, model="by hand")
        Labels(tuple(self.done.values()), self.rubric).save(self.path)


def to_stdout(text: str) -> None:
    """Show a text."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def ask_line(prompt: str) -> str:
    """A line from the user; the end of input means to quit."""
    try:
        return input(prompt)
    except EOFError:
        return "q"


def ask_key(prompt: str) -> str:
    """A key where standard input is a terminal that gives single keys; else a line."""
    try:
        import termios
        import tty

        descriptor = sys.stdin.fileno()
        settings = termios.tcgetattr(descriptor)
    except (ImportError, OSError, ValueError, AttributeError):  # no terminal: a notebook, a pipe, Windows
        return ask_line(prompt)
    sys.stdout.write(prompt)
    sys.stdout.flush()
    try:
        tty.setcbreak(descriptor, termios.TCSANOW)  # keeps what was typed ahead
        key = os.read(descriptor, 1).decode("ascii", "replace")
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, settings)
    sys.stdout.write(f"{visible_line(key)}\n")
    return "q" if key in ("", "\x04", "\x1b") else key


def rows_of(labels: Iterable[Label]) -> list[dict[str, Any]]:
    """Labels as rows that `label_by_hand` takes: to have a person look at what a model said."""
    return [{"id": row.id, "text": row.text, "source": row.source, "group": row.group} for row in labels]
