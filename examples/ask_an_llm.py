"""A recipe that asks a language model: what each piece of code teaches, in one line; then what no answer came for goes.

textbook run examples/ask_an_llm.py --source ~/code --output explained

It asks nobody as it stands: `teacher` says where a model would be. Answers and what they cost are kept in a journal, so
that a run that is killed, or run again with other steps, asks for nothing twice.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import textbook as tb
from textbook.llm import LLM, Request, Scripted, ask_batches

QUESTION = "In one line of plain English: what does a student learn from this code?\n\n{text}"
MAX_CHARS = 4_000


@dataclass(frozen=True)
class Lesson(tb.Stage):
    """Adds `lesson`, what a model says the code teaches, and where there is none, why: `lesson_error`."""

    llm: LLM

    adds = {"lesson": "string", "lesson_error": "string"}

    def stream(self, batches: Iterable[tb.Batch], folder: Path) -> Iterator[tb.Batch]:
        """Ask about many batches at once."""
        for batch, completions in ask_batches(self.llm, batches, self._requests, folder):
            lessons = [completion.text if completion.ok else None for completion in completions]
            errors = [
                None if completion.ok else f"{completion.outcome}: {completion.error}" for completion in completions
            ]
            yield batch | {"lesson": lessons, "lesson_error": errors}

    def _requests(self, batch: tb.Batch) -> list[Request]:
        return [
            Request.of(QUESTION.format(text=text[:MAX_CHARS]), key=row, max_tokens=60, temperature=0)
            for row, text in zip(batch["id"], batch["text"], strict=True)
        ]

    @classmethod
    def example(cls) -> tuple[Self, tb.Batch]:
        """Two texts, and a model that says how long they are."""
        return cls(teacher()), {"id": ["a", "b"], "text": ["x = 1", "def f():\n    return 1"]}


def teacher() -> LLM:
    """A stand-in, which counts lines.

    For a real model: `OpenAICompatible("gpt-4o-mini", budget=Budget(usd=5), journal="runs/lessons.sqlite")`; with
    `base_url="http://localhost:8000/v1"`, a server of your own, such as `textbook serve MODEL_DIR` starts.
    """
    return Scripted(count_lines)


def count_lines(request: Request) -> str:
    """What the stand-in says."""
    return f"It has {len(request.messages[-1]['content'].splitlines()) - 2} lines."


def recipe() -> tuple[tb.Operator | tb.Fittable | tb.Stage, ...]:
    """The steps, in order."""
    return (
        tb.ExactDuplicates(),
        tb.EducationalValue.pretrained("python"),
        tb.KeepTop("edu_score", rows=50),
        Lesson(teacher()),
    )
