"""Python source code: the one place where text is parsed."""

import ast
import warnings

MAX_BYTES = 2_000_000


class ParseError(ValueError):
    """The text is not Python, or too hostile to be parsed.

    `line` is the 1-based line of the fault, where there is one.
    """

    def __init__(self, reason: str, line: int | None = None) -> None:
        super().__init__(reason if line is None else f"line {line}: {reason}")
        self.line = line


def parse(text: str) -> ast.Module:
    """Parse a module. (First version: the guard is being written.)"""
    if len(text) > MAX_BYTES:
        raise ParseError("larger than 2 MB")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except SyntaxError as error:
        raise ParseError(error.msg, error.lineno) from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise ParseError(str(error) or type(error).__name__) from None
