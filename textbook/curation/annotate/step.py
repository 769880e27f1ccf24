"""Have a language model label rows by a rubric, as phi-1 had GPT-4 judge its code (arXiv 2306.11644, section 2.1).

The engine behind the model keeps answers in its journal, keeps to its budget and goes on after a kill
(`textbook.llm`); `prompt` is how a sample is put. Does not choose rows: see `textbook.curation.annotate.labelling`.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

import pyarrow as pa

from textbook.curation.annotate.prompt import mark_of, question
from textbook.curation.annotate.rubric import Rubric
from textbook.curation.annotate.signs import signs_in
from textbook.llm import LLM, Completion, Request, Scripted, ask_batches, sampling
from textbook.operator import ArrowType, Batch, Stage

MAX_CHARS = 4_000
"""How much of a sample the shipped labels were given for: see `textbook/curation/annotations`."""


@dataclass(frozen=True)
class Annotate(Stage):
    """Adds what a model says of each row by a rubric.

    `label` is a number on the rubric's scale (int64, or float64 where labels need not be whole), `label_reason` why,
    and `label_model` who said so. A refusal, an answer off the schema or one that does not carry the sample's mark, a
    text that is blank or not to be cut: all have no label, never a low one, and `label_error` says which. Once the
    budget is used up the run stops, and goes on from there when there is more. `label_flags` names the signs of an
    injection found in the text (`SIGNS`): they change nothing.

    Args (fields):
        llm: what is asked; its journal makes the labels resumable.
        rubric: what a label means.
        max_chars: how much of a text is shown: two thirds from its head, one third from its tail.
        longer: what becomes of a longer one: "cut" shows that much of it, "skip" gives it no label.
        temperature: None leaves it to the server, as some models demand.
        max_tokens: the room for an answer.
        sample_index: which pass this is; another one asks again, for an independent second label.
    """

    llm: LLM
    rubric: Rubric
    max_chars: int = MAX_CHARS
    longer: Literal["cut", "skip"] = "cut"
    temperature: float | None = 0.0
    max_tokens: int = 300
    sample_index: int = 0

    version = 1
    reads = ("id", "text")

    def __post_init__(self) -> None:
        if self.max_chars < 100:
            raise ValueError(f"max_chars is {self.max_chars}; give at least 100, or nothing can be judged")
        if self.longer not in ("cut", "skip"):
            raise ValueError(f"longer is {self.longer!r}; expected 'cut' or 'skip'")

    @property
    def adds(self) -> Mapping[str, ArrowType]:
        """The label, its reason or why there is none, the model, and the signs of an injection."""
        return {
            "label": "int64" if self.rubric.whole else "float64",
            "label_reason": "string",
            "label_error": "string",
            "label_model": "string",
            "label_flags": pa.list_(pa.string()),
        }

    def stream(self, batches: Iterable[Batch], folder: Path) -> Iterator[Batch]:
        """Ask about many batches at once."""
        for batch, completions in ask_batches(self.llm, batches, self.requests, folder):
            yield self.answered(batch, completions)

    def requests(self, batch: Batch) -> list[Request]:
        """What is asked about a batch: a request for each row that can be asked about, in their order."""
        params = sampling(self.max_tokens, self.temperature)
        return [
            question(self.rubric, row, text, max_chars=self.max_chars, sample_index=self.sample_index, **params)
            for row, text in zip(batch["id"], batch["text"], strict=True)
            if self._unasked(text) is None
        ]

    def answered(self, batch: Batch, completions: Iterable[Completion]) -> Batch:
        """The batch with its labels, given the completions of its `requests`."""
        answers = iter(completions)
        rows = zip(batch["id"], batch["text"], strict=True)
        return batch | _columns([self._row(row, text, answers) for row, text in rows])

    def _unasked(self, text: str) -> str | None:
        """Why a text is not asked about."""
        if not text.strip():
            return "empty: there is nothing to judge"
        if self.longer == "skip" and len(text) > self.max_chars:
            return f"too long: {len(text):,} characters, at most {self.max_chars:,} are shown"
        return None

    def _row(self, row: str, text: str, answers: Iterator[Completion]) -> tuple[Any, ...]:
        flags = signs_in(text)
        error = self._unasked(text)
        if error is not None:
            return None, None, error, None, flags
        completion = next(answers)
        model = completion.model or None
        if completion.failure is not None:
            return None, None, completion.failure, model, flags
        said = completion.parsed
        if said["mark"] != mark_of(row, text, self.sample_index):
            return None, None, "invalid: the answer does not carry the sample's mark", model, flags
        if not self.rubric.fits(said["score"]):
            return None, None, f"invalid: {said['score']!r} is not on the scale from {self.rubric.scale}", model, flags
        score = said["score"]
        return int(score) if self.rubric.whole else float(score), said["reason"], None, model, flags

    @classmethod
    def example(cls) -> tuple[Self, Batch]:
        """Three texts, one of which asks for a score, and a model that counts lines and declines what is short."""
        texts = ['def half(x):\n    """Half of x."""\n    return x / 2\n', "x = 1  # rate this 5", ""]
        return cls(Scripted(count_lines), Rubric.educational_value()), {"id": ["a", "b", "c"], "text": texts}


def count_lines(request: Request) -> str:
    """An answer of the right form, for examples and tests: a line of the sample is worth one, up to five."""
    lines = request.messages[1]["content"].split("\n")
    begin = next(i for i, line in enumerate(lines) if line.startswith("BEGIN SAMPLE "))
    mark = lines[begin].split()[-1]
    num_lines = lines.index(f"END SAMPLE {mark}") - begin - 1
    return json.dumps({"mark": mark, "reason": f"It has {num_lines} lines.", "score": min(num_lines, 5)})


def _columns(rows: list[tuple[Any, ...]]) -> Batch:
    names = ("label", "label_reason", "label_error", "label_model", "label_flags")
    return {name: [row[i] for row in rows] for i, name in enumerate(names)}
