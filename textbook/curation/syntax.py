"""Whether a row's text is well-formed in its language, and why not.

Python only, so far. Being well-formed says nothing of whether the code would run.
"""

from dataclasses import dataclass
from typing import Self

from textbook.languages.python import ParseError, parse
from textbook.operator import Batch, Operator


@dataclass(frozen=True)
class Syntax(Operator):
    """Adds `parses` and `syntax_error`.

    | the row | `parses` | `syntax_error` |
    | --- | --- | --- |
    | Python, or of no known language, and parses as Python | True | None |
    | Python and does not parse | False | one line, such as "line 3: invalid syntax" |
    | of no known language and does not parse | None | the same |
    | of another language | None | "no parser for rust" |

    So `parses` is False only for what claims to be Python and is not, and None where that can't be told. "Does not
    parse" includes what is refused for its cost: see `textbook.languages.python.parse`.
    """

    version = 1
    reads = ("text", "language")
    adds = {"parses": "bool", "syntax_error": "string"}

    def __call__(self, batch: Batch) -> Batch:
        """Parse the rows one by one."""
        verdicts = [_verdict(text, language) for text, language in zip(batch["text"], batch["language"], strict=True)]
        return batch | {"parses": [parses for parses, _ in verdicts], "syntax_error": [error for _, error in verdicts]}

    @classmethod
    def example(cls) -> tuple[Self, Batch]:
        """Python that parses, Python that does not, and another language."""
        texts = ["answer = 42\n", "def broken(:\n", "fn main() {}\n"]
        return cls(), {"id": ["a", "b", "c"], "text": texts, "language": ["python", "python", "rust"]}


def _verdict(text: str, language: str | None) -> tuple[bool | None, str | None]:
    if language not in (None, "python"):
        return None, f"no parser for {language}"
    try:
        parse(text)
    except ParseError as error:
        return (False if language else None), str(error)
    return True, None
