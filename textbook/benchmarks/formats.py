"""From the rows of each benchmark, or of your own, to problems.

Does not read files or look for them.
"""

import ast
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

from textbook.benchmarks.problem import Problem
from textbook.languages.python import ParseError, parse, plain_newlines

Prompt = Literal["docstring", "few_shot"]

OWN: Final = {
    "id": ("id", "task_id"),
    "prompt": ("prompt",),
    "solution": ("solution", "canonical_solution", "code"),
    "entry_point": ("entry_point",),
    "tests": ("tests", "test", "test_list"),
    "setup": ("setup", "test_setup_code"),
    "language": ("language",),
    "licence": ("licence", "license"),
}
"""What a problem of your own is made of -> the columns that hold it, the first one found."""

LANGUAGES: Final = {"python": "python", "javascript": "js", "java": "java", "cpp": "cpp", "go": "go", "rust": "rust"}
"""The languages of HumanEval-X -> how its files call them."""

_DEFINED: Final = {
    "python": r"^def\s+(\w+)",
    "javascript": r"^(?:const|let|var|function)\s+(\w+)",
    "java": r"^\s+public\s+[^(=;]*?(\w+)\s*\(",
    "cpp": r"^[A-Za-z][\w:<>,\s*&]*?[\s*&>](\w+)\s*\([^;]*\)\s*\{",
    "go": r"^func\s+(\w+)",
    "rust": r"^\s*(?:pub\s+)?fn\s+(\w+)",
}

_CPP_HEADER: Final = "".join(
    f"#include <{name}>\n"
    for name in ("algorithm", "climits", "cmath", "cstdio", "cstdlib", "cstring", "iostream", "map", "string", "vector")
)
_JS_SETUP: Final = (
    "console.assert = (holds, ...message) => {\n"
    "  if (holds) return\n"
    "  throw Object.assign(new Error(['assertion failed', ...message].join(' ')), { name: 'AssertionError' })\n"
    "}"
)
"""A failed `console.assert` of node only writes a line: the tests would pass."""

_FEW_SHOT_IDS: Final = ("2", "3", "4")
"""The tasks that Austin et al. (arXiv 2108.07732, section 3) show before the one that is asked."""


def humaneval(rows: Iterable[Mapping[str, Any]], licence: str) -> list[Problem]:
    """Problems of HumanEval (arXiv 2107.03374). Its tests define `check(candidate)`."""
    return [
        Problem(
            id=_text(row, "task_id", number),
            prompt=_text(row, "prompt", number),
            solution=_text(row, "canonical_solution", number),
            entry_point=(entry := _text(row, "entry_point", number)),
            tests=_text(row, "test", number),
            licence=licence,
            call=f"check({entry})",
        )
        for number, row in enumerate(rows)
    ]


def mbpp(rows: Iterable[Mapping[str, Any]], licence: str, style: Prompt) -> list[Problem]:
    """Problems of MBPP, full or sanitized: a sentence, a program, and tests one by one."""
    rows = list(rows)
    examples = _examples(rows) if style == "few_shot" else ""
    problems = []
    for number, row in enumerate(rows):
        sentence, assertions = _task(row, number)
        solution = _text(row, "code", number) + "\n"
        setup = row.get("test_setup_code") or "\n".join(_texts(row, "test_imports", number, required=False))
        docstring = f'"""\n{sentence}\n{assertions[0] if assertions else ""}\n"""\n'
        problems.append(
            Problem(
                id=f"MBPP/{_text(row, 'task_id', number)}",
                prompt=docstring if style == "docstring" else examples + _asked(sentence, assertions),
                solution=solution,
                entry_point=_called(assertions, solution),
                tests="\n".join(assertions),
                licence=licence,
                assertions=assertions,
                more_assertions=_texts(row, "challenge_test_list", number, required=False),
                setup=_checked(setup, "test_setup_code", number),
                statement=sentence,
                whole=style == "few_shot",
            )
        )
    return problems


def humaneval_x(rows: Iterable[Mapping[str, Any]], licence: str, language: str) -> list[Problem]:
    """Problems of HumanEval-X (arXiv 2303.17568). Its tests start themselves; a Rust prompt lacks the signature."""
    problems = []
    for number, row in enumerate(rows):
        prompt, tests = _text(row, "prompt", number), _text(row, "test", number)
        if language == "rust":
            prompt += _text(row, "declaration", number)
        names = re.findall(_DEFINED[language], prompt, re.MULTILINE)
        tested = [name for name in names if re.search(rf"\b{name}\b", tests)]
        header = {"cpp": _CPP_HEADER, "go": _text(row, "test_setup", number) if language == "go" else ""}
        problems.append(
            Problem(
                id=_text(row, "task_id", number),
                prompt=prompt,
                solution=_text(row, "canonical_solution", number),
                entry_point=(tested or names or [""])[-1],
                tests=tests,
                language=language,
                licence=licence,
                header=header.get(language, ""),
                setup=_JS_SETUP if language == "javascript" else "",
            )
        )
    return problems


def own(
    rows: Iterable[Mapping[str, Any]], columns: Mapping[str, str], language: str, licence: str, name: str
) -> list[Problem]:
    """Problems of your own; see `References.of`."""
    unknown = sorted(set(columns) - set(OWN))
    if unknown:
        raise ValueError(f"columns: got {', '.join(map(repr, unknown))}, expected some of {', '.join(OWN)}")
    problems = []
    for number, row in enumerate(rows):
        if not isinstance(row, Mapping):
            raise ValueError(f"row {number}: got a {type(row).__name__}, expected a dict of a problem's columns")
        got = {part: _own_column(row, part, columns, number) for part in OWN}
        if got["prompt"] is None and got["solution"] is None:
            raise ValueError(
                f"row {number}: got the columns {_names(row)}, expected a prompt or a solution; say which columns "
                'hold them, such as columns={"prompt": "question"}'
            )
        assertions = got["tests"] if isinstance(got["tests"], tuple) else ()
        entry = got["entry_point"] or _called(assertions, got["solution"] or "")
        tests = "\n".join(assertions) or got["tests"] or ""
        spoken = got["language"] or language
        needs_call = spoken == "python" and bool(entry) and re.search(r"^def check\(", tests, re.MULTILINE)
        calls_itself = re.search(r"^check\(", tests, re.MULTILINE)
        problems.append(
            Problem(
                id=got["id"] if got["id"] is not None else f"{name}/{number}",
                prompt=got["prompt"] or "",
                solution=got["solution"] or "",
                entry_point=entry,
                tests=tests,
                language=spoken,
                licence=got["licence"] or licence,
                assertions=assertions,
                setup=got["setup"] or "",
                call=f"check({entry})" if needs_call and not calls_itself else "",
            )
        )
    return problems


def _own_column(row: Mapping[str, Any], part: str, columns: Mapping[str, str], number: int) -> Any:
    if part in columns:
        names: tuple[str, ...] = (columns[part],)
        _text_or_texts(row, columns[part], number, part)
    else:
        names = tuple(name for name in OWN[part] if row.get(name) is not None)
    return _text_or_texts(row, names[0], number, part) if names else None


def _text_or_texts(row: Mapping[str, Any], name: str, number: int, part: str) -> str | tuple[str, ...]:
    several = part == "tests" and isinstance(row.get(name), list | tuple)
    return _texts(row, name, number) if several else _text(row, name, number)


def _task(row: Mapping[str, Any], number: int) -> tuple[str, tuple[str, ...]]:
    """The sentence, which the sanitized version calls a prompt, and the tests."""
    return _text(row, "text" if "text" in row else "prompt", number), _texts(row, "test_list", number)


def _examples(rows: Iterable[Mapping[str, Any]]) -> str:
    """What stands before the task in a few-shot prompt."""
    solved = {
        _text(row, "task_id", number): f"{_asked(*_task(row, number))}{_text(row, 'code', number)}\n[DONE]\n\n"
        for number, row in enumerate(rows)
    }
    missing = [name for name in _FEW_SHOT_IDS if name not in solved]
    if missing:
        raise ValueError(
            f"got no task {', '.join(missing)}, expected the tasks {', '.join(_FEW_SHOT_IDS)}: they are the examples "
            'of a few-shot prompt. Give the whole benchmark, or prompt="docstring"'
        )
    return "".join(solved[name] for name in _FEW_SHOT_IDS)


def _asked(sentence: str, assertions: tuple[str, ...]) -> str:
    """How Austin et al. ask."""
    tests = "\n".join(assertions)
    return (
        f"You are an expert Python programmer, and here is your task: {sentence} "
        f"Your code should pass these tests:\n\n{tests}\n[BEGIN]\n"
    )


def _called(assertions: Iterable[str], solution: str) -> str:
    """The function of the solution that the tests call first; empty where that can't be told."""
    try:
        defined = {node.name for node in parse(solution).body if isinstance(node, ast.FunctionDef)}
        trees = [parse(text.strip()) for text in assertions]
    except ParseError:
        return ""
    calls = (node.func for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call))
    return next((func.id for func in calls if isinstance(func, ast.Name) and func.id in defined), "")


def _names(row: Mapping[str, Any]) -> str:
    return ", ".join(repr(str(name))[:40] for name in list(row)[:20]) or "none"


def _text(row: Mapping[str, Any], name: str, number: int) -> str:
    if name not in row:
        raise ValueError(f"row {number}: got the columns {_names(row)}, expected {name!r} among them")
    value = row[name]
    return _checked(str(value) if type(value) is int else value, name, number)


def _texts(row: Mapping[str, Any], name: str, number: int, required: bool = True) -> tuple[str, ...]:
    if not required and row.get(name) is None:
        return ()
    if name not in row:
        raise ValueError(f"row {number}: got the columns {_names(row)}, expected {name!r} among them")
    values = row[name]
    if not isinstance(values, list | tuple):
        raise ValueError(f"row {number}, column {name!r}: got a {type(values).__name__}, expected a list of texts")
    return tuple(_checked(value, name, number) for value in values)


def _checked(value: Any, name: str, number: int) -> str:
    """The text with plain newlines, if it is one that a file can hold."""
    if not isinstance(value, str):
        raise ValueError(f"row {number}, column {name!r}: got a {type(value).__name__}, expected text")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise ValueError(
            f"row {number}, column {name!r}: got the lone surrogate U+{ord(value[error.start]):04X}, expected text "
            "that UTF-8 can hold; repair or leave out the row"
        ) from None
    return plain_newlines(value)
