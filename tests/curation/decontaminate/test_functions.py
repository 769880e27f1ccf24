"""The functions of a row are found where they stand, in whatever surrounds them."""

import time

import pytest

from tests.hostile import NESTED
from textbook.curation.decontaminate.functions import MAX_SALVAGED, functions_of
from textbook.curation.decontaminate.units import BLOCK_CHARS, WHOLE_CHARS, units_of
from textbook.curation.decontaminate.words import Vocabulary

FILE = '''import math


# Of a circle.
@cache
def area(radius):
    """The area."""
    return math.pi * radius**2


class Shape:
    # Not yet.
    async def draw(self):
        def line(): return 1
        return line
'''


def found_in(text: str, language: str | None = "python") -> dict[str, str]:
    parts = [text[each.start : each.end] for each in functions_of(text, language).found]
    return {part.partition("def ")[2].partition("(")[0]: part for part in parts}


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_functions_are_whole_lines_with_decorators_and_the_comment_above(line_end: str, mark: str):
    found = found_in(mark + FILE.replace("\n", line_end))
    lines = FILE.splitlines(keepends=True)
    assert found == {
        "area": "".join(lines[3:8]).replace("\n", line_end),
        "draw": "".join(lines[11:15]).replace("\n", line_end),
        "line": lines[13].replace("\n", line_end),
    }


PROSE = f"""Here is how to do it:

```python
{FILE}
```

And one that is broken:

    def twice(x:
        return 2 * x

    def thrice(x):
        return 3 * x
"""


def test_functions_in_prose_are_found_and_what_fails_is_told():
    for language in (None, "python", "markdown"):
        found = functions_of(PROSE, language)
        names = [PROSE[each.start : each.end].strip().partition("(")[0].split()[-1] for each in found.found]
        assert sorted(names) == ["area", "draw", "line", "thrice"]
        assert "never closed" in found.problem
    assert functions_of(PROSE, "ruby") == ([], "ruby", None)


def test_labels_do_not_depend_on_what_is_around():
    alone = functions_of("def thrice(x):\n    return 3 * x\n", "python").found[0]
    within = functions_of(PROSE, None).found[-1]
    assert within.labels == alone.labels and within.rich() == alone.rich()
    method = functions_of(
        "class A:\n\n    def thrice(x):\n        '''\nNot indented.\n'''\n        return 3 * x\n" * 4, None
    )
    assert {(each.labels, each.rich()) for each in method.found} == {(alone.labels, alone.rich())}


def test_a_method_alone_is_read_even_if_its_docstring_is_not_indented():
    text = '    @cache\n    def thrice(self, x):\n        """Say it.\n\nThree times.\n"""\n        return 3 * x\n'
    (function,), _, problem = functions_of(text, "python")
    assert problem is None and text[function.start : function.end] == text
    assert function.labels == functions_of("def thrice(self, x):\n    return 3 * x\n", "python").found[0].labels
    assert functions_of(f"{text}    def broken(:\n", "python").problem


def test_rich_labels_of_long_functions_are_those_of_the_whole():
    body = "".join(f"        x = len(x) + {i % 5}\n" for i in range(30))
    text = f"class A:\n    def f(x):\n{body}        return x\n"
    function = functions_of(text, None).found[0]
    assert function.rich()[:6] == ("FunctionDef", "arguments", "arg", "Assign", "Name", "BinOp")
    assert len(function.rich()) == len(function.labels)


def test_prose_is_no_problem_and_broken_python_is_one():
    assert functions_of("The quick brown fox jumps over the lazy dog.", None) == ([], "python", None)
    assert functions_of("The quick brown fox.", "python").problem == "line 1: invalid syntax"
    assert functions_of("def broken(:\n    pass\n", None).problem == "line 1: invalid syntax"


def test_javascript_is_read_where_it_is_asked_for():
    text = "// Twice.\nconst twice = (x) => {\n  return 2 * x;\n};\n"
    assert functions_of(text, "javascript").found == []
    (function,) = functions_of(text, "javascript", ["javascript"]).found
    assert (function.start, function.end) == (0, len(text.rstrip("\n"))) or text[function.start :].startswith("//")
    assert "Constant" not in function.labels and len(function.rich()) == len(function.labels)


@pytest.mark.parametrize("kind", NESTED)
def test_hostile_texts_are_read_in_bounded_time(kind: str):
    for size in (1000, 300_000):
        started = time.process_time()
        functions_of(NESTED[kind](size), "python")
        assert time.process_time() - started < 3


HOSTILE = {
    "broken at every level": "".join(" " * i + "def f(:\n" for i in range(3000)),
    "broken many times": "def f(:\n" * 300_000,
    "one of 50 MB": "def f(\n" + "a" * 50_000_000,
    "many functions in what is too large": "x = 1\n" * 400_000 + "def f(x):\n    return [y for y in x]\n\n" * 400_000,
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_texts_that_do_not_parse_are_salvaged_in_bounded_time(kind: str):
    started = time.process_time()
    found = functions_of(HOSTILE[kind], "python")
    assert time.process_time() - started < 8
    assert found.problem and len(found.found) <= MAX_SALVAGED


def units(text: str, language: str | None = "python") -> list[str]:
    found = list(units_of(7, text, functions_of(text, language).found, Vocabulary([])))
    assert {unit.row for unit in found} == {7}
    return [text[unit.start : unit.end] for unit in found]


def test_a_short_row_is_a_unit_and_so_are_its_functions():
    one, two = "def f():\n    return 1\n", "def g():\n    return 2\n"
    assert units(one) == [one]
    assert units(one + two) == [one + two, one, two]
    assert units("Some prose.", None) == ["Some prose."]
    assert units("") == [""]


@pytest.mark.parametrize("text", ["word " * 3000, "x" * 20_000, "a line\n" * 3000, "\n" * 9000])
def test_a_long_row_is_covered_by_windows_that_overlap(text: str):
    found = list(units_of(0, text, [], Vocabulary([])))
    assert len(text) > WHOLE_CHARS and found[0].start == 0 and found[-1].end == len(text)
    for before, after in zip(found, found[1:], strict=False):
        assert before.start < after.start < before.end < after.end
    assert max(unit.end - unit.start for unit in found) <= 2 * BLOCK_CHARS
