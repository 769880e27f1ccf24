r"""The doctests of a program, as examples for the sandbox: found here, run there, compared out of the program's reach.

    >>> found = find_doctests("def f(x):\n    '''Add one.\n\n    >>> f(1)\n    2\n    '''\n    return x + 1\n")
    >>> found.examples
    (Example(source='f(1)\n', want='2\n', options=(), scope='f'),)

What counts as an example, and when its output is right, is as in the standard library's doctest: a traceback of which
the stack is ignored, `<BLANKLINE>`, directives. Each docstring is a scope of its own, which starts with the names of
the program. Otherwise than there: names come from the text, since nothing is run to find them, so a docstring that is
set while the program runs, `__test__`, and what stands inside functions or conditions are not found; `__name__` is
"solution"; `from __future__` imports have no effect on examples. A pass says that the program does what its docstrings
say, which the same author wrote: see `weakness`.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from textbook.languages.python import ParseError, parse
from textbook.sandbox.program import OPTIONS, Example

WITHOUT_EFFECT: Final = frozenset(
    {"FAIL_FAST", "REPORT_CDIFF", "REPORT_NDIFF", "REPORT_ONLY_FIRST_FAILURE", "REPORT_UDIFF"}
)
"""Options of doctest that concern its reports."""

_PROMPT: Final = re.compile(r"( *)>>>")
_CONTINUED: Final = re.compile(r" *\.\.\.")
_DIRECTIVE: Final = re.compile(r"#\s*doctest:")
_NOTHING: Final = re.compile(r"[ ]*(#.*)?$")


@dataclass(frozen=True)
class Doctests:
    """What was found in a program's docstrings."""

    examples: tuple[Example, ...]
    problems: tuple[str, ...] = ()
    """One line for each docstring that is ill-formed, and whose examples are left out; or that this is not Python."""


class _IllFormed(Exception):
    """A docstring that is no doctest. The message says in which of its lines, counted from 1, and why."""


def find_doctests(code: str, options: tuple[str, ...] = ()) -> Doctests:
    """The examples in the docstrings of a program: its own, and those of its functions, classes and methods.

    Args:
        code: a Python program, whatever the text.
        options: those of doctest that are on where no directive says otherwise, such as ("ELLIPSIS",).

    Raises:
        ValueError: an option that doctest does not have.
    """
    unknown = sorted(set(options) - OPTIONS)
    if unknown:
        raise ValueError(f"got the option {unknown[0]!r}; expected some of {', '.join(sorted(OPTIONS))}")
    try:
        tree = parse(code)
    except ParseError as error:
        return Doctests((), (str(error),))
    examples: list[Example] = []
    problems: list[str] = []
    for name, docstring in _docstrings(tree).items():
        try:
            examples += tuple(_examples(docstring, name, frozenset(options)))  # all of them or none
        except _IllFormed as error:
            problems.append(f"the docstring of {name}, {error}")
    return Doctests(tuple(examples), tuple(problems))


def _docstrings(tree: ast.Module) -> dict[str, str]:
    """Qualified name -> docstring, the last one of a name, in their order. The program's own is under "the program"."""
    found: dict[str, str] = {}
    waiting: list[tuple[str, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]] = [("", tree)]
    while waiting:
        name, node = waiting.pop()
        match node.body:
            case [ast.Expr(value=ast.Constant(value=str(docstring))), *_] if ">>>" in docstring:
                found[name or "the program"] = docstring
        if isinstance(node, ast.Module | ast.ClassDef):
            waiting += [
                (f"{name}.{each.name}" if name else each.name, each)
                for each in reversed(node.body)
                if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            ]
    return found


def _examples(docstring: str, scope: str, default: frozenset[str]) -> Iterator[Example]:
    """The examples of one docstring, but those to skip."""
    for number, source, want in _pairs(docstring.expandtabs().split("\n")):
        options, skip = _options(source, default, number)
        if not skip and not _NOTHING.match(source):
            yield Example(source.removesuffix("\n") + "\n", want, tuple(sorted(options)), scope)


def _pairs(lines: list[str]) -> Iterator[tuple[int, str, str]]:
    """Number of the line, source and wanted output of each example, without prompts and indentation."""
    at = 0
    while at < len(lines):
        prompt, start = _PROMPT.match(lines[at]), at
        at += 1
        if prompt is None:
            continue
        while at < len(lines) and _CONTINUED.match(lines[at]):
            at += 1
        middle = at
        while at < len(lines) and lines[at].strip(" ") and not _PROMPT.match(lines[at]):
            at += 1
        indent = prompt[1]
        for number, line in enumerate(lines[start:at], start):
            expected = indent if number >= middle else indent + (">>>" if number == start else "...")
            if not line.startswith(expected):
                raise _IllFormed(f"line {number + 1}: indented less than its example, or otherwise")
            if number < middle and line[len(expected) :][:1] not in ("", " "):
                raise _IllFormed(f"line {number + 1}: no space after {expected.strip()}")
        source = "\n".join(line[len(indent) + 4 :] for line in lines[start:middle])
        yield start + 1, source, "".join(f"{line[len(indent) :]}\n" for line in lines[middle:at])


def _options(source: str, default: frozenset[str], number: int) -> tuple[frozenset[str], bool]:
    """The options that are on for an example, and whether it is to be skipped."""
    options, skip, directed = default, False, False
    for line in source.split("\n"):
        after_strings = line[max(line.rfind("'"), line.rfind('"')) + 1 :]
        directive = _DIRECTIVE.search(after_strings)
        for word in after_strings[directive.end() :].replace(",", " ").split() if directive else ():
            name, on = word[1:], word[0] == "+"
            if word[0] not in "+-" or name not in OPTIONS | WITHOUT_EFFECT | {"SKIP"}:
                raise _IllFormed(f"line {number}: {word[:60]!r} is no option of doctest")
            directed = True
            if name == "SKIP":
                skip = on
            elif name in OPTIONS:
                options = options | {name} if on else options - {name}
    if directed and _NOTHING.match(source):
        raise _IllFormed(f"line {number}: a directive without an example")
    return options, skip
