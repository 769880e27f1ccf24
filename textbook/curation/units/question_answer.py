"""Questions and their answers as one text, in the manner of the code-and-text pool of phi-1 (arXiv 2306.11644, 2.1).

Does not score answers: a column of votes is for `Keep`, before or after.
"""

from dataclasses import dataclass
from typing import Any, Self

from textbook.curation.units.html_text import html_to_text
from textbook.operator import DROP_REASON, Batch, Operator, num_rows


@dataclass(frozen=True)
class QuestionAnswer(Operator):
    """Makes `text` of a question and its answer, as Markdown with fenced code; drops a row that lacks either.

    ```text
    # How do I reverse a list?

    I have `x = [1, 2]` and ...

    ## Answer

    ...
    ```

    Where a row holds a list of answers, the accepted one is taken, else the one with the highest score, else the first.

    Attributes:
        question: the column with the body of the question. Where it is missing, the title alone is the question.
        answer: the column with the answer, or with a list of answers.
        title: the column with the title; None if there is none.
        score, accepted: columns of lists beside the answers: numbers, and whether each is accepted; None if there are
            none.
        html: whether bodies are HTML (see `html_text`); else they are Markdown or plain text and are left as they are.
    """

    question: str = "question"
    answer: str = "answer"
    title: str | None = "title"
    score: str | None = None
    accepted: str | None = None
    html: bool = True

    version = 1
    adds = {"text": "string"}

    @property
    def reads(self) -> tuple[str, ...]:
        """The columns that the fields name."""
        columns = (self.title, self.question, self.answer, self.score, self.accepted)
        return ("id", "text", *(column for column in columns if column is not None))

    def __call__(self, batch: Batch) -> Batch:
        """Rewrite `text`; a dropped row keeps its own."""
        texts: list[str] = list(batch["text"])
        reasons: list[str | None] = [None] * num_rows(batch)
        for i in range(num_rows(batch)):
            title = " ".join(_text(self._value(batch, self.title, i)).split())
            body, answer = self._body(self._value(batch, self.question, i)), self._body(self._answer(batch, i))
            if not answer:
                reasons[i] = "no answer"
            elif not title and not body:
                reasons[i] = "no question"
            else:
                parts = [f"# {title}" if title else "# Question", body, "## Answer", answer]
                texts[i] = "\n\n".join(part for part in parts if part) + "\n"
        return batch | {"text": texts, DROP_REASON: reasons}

    def _value(self, batch: Batch, column: str | None, i: int) -> Any:
        return batch[column][i] if column is not None else None

    def _body(self, value: Any) -> str:
        return html_to_text(_text(value)) if self.html else _text(value).strip()

    def _answer(self, batch: Batch, i: int) -> Any:
        answers = self._value(batch, self.answer, i)
        if not isinstance(answers, list):
            return answers
        scores = _padded(self._value(batch, self.score, i), len(answers))
        accepted = _padded(self._value(batch, self.accepted, i), len(answers))
        ranks = [
            (
                not _text(answer).strip(),
                not chosen,
                -score if isinstance(score, int | float) else float("inf"),
                position,
            )
            for position, (answer, chosen, score) in enumerate(zip(answers, accepted, scores, strict=True))
        ]
        return answers[min(ranks)[-1]] if ranks else None

    @classmethod
    def example(cls) -> tuple[Self, Batch]:
        """HTML with code, a question of a title alone, a row without an answer."""
        batch: Batch = {
            "id": ["a", "b", "c"],
            "text": ["", "", "unanswered"],
            "title": ["How do I reverse a list?", "What is None?", "Why?"],
            "question": [
                "<p>I have <code>x = [1, 2]</code> &amp; want it the other way round.</p>",
                None,
                "<p>Why?</p>",
            ],
            "answer": [
                '<p>Thus:</p>\n<pre class="lang-python"><code>x[::-1]  # a &lt;copy&gt;\n</code></pre>\n<p>Done.</p>',
                "<p>Nothing.</p>",
                None,
            ],
        }
        return cls(), batch


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _padded(values: Any, length: int) -> list[Any]:
    given = values[:length] if isinstance(values, list) else []
    return [*given, *[None] * (length - len(given))]
