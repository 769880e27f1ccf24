"""Hostile texts run in child processes with bounded memory and time, so that a crash or a hang fails one test."""

import ast
import resource
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from textbook.languages.python import MAX_BYTES, MAX_DEPTH, ParseError, parse, parse_head

MEMORY = 1_500 * 2**20
SECONDS_PER_TEXT = 3.0


def _blocks(header: str, depth: int) -> str:
    return "".join(" " * level + header + "\n" for level in range(depth)) + " " * depth + "pass\n"


def _nested(opening: str, closing: str, depth: int) -> Callable[[int], str]:
    return lambda size: opening * depth + "x" + closing * depth + "\n"


def _many(unit: str, end: str = "") -> Callable[[int], str]:
    return lambda size: unit * (size // len(unit)) + end


HOSTILE: dict[str, list[Callable[[int], str]]] = {
    "brackets": [
        lambda size: "(" * size,
        lambda size: "[" * (size // 2) + "]" * (size // 2),
        lambda size: "{1:" * (size // 3),
        lambda size: ")" * size,
        _many("[" * 90 + "]" * 90 + "\n"),
        _many("(" * 199 + ")" * 199 + "\n"),
        _nested("(", ")", 199),
        _nested("[", "]", 201),
        _nested("{1:", "}", 150),
        _nested("f(a=", ")", 150),
        _nested("[a for a in ", "]", 150),
        _nested("(lambda x=(", "))", 90),
        _nested("{a:{**", "", 60),
        _nested("(a if b else ", "", 90),
        _nested("with (", ")", 90),
        lambda size: "x" + "()" * (size // 2),
        lambda size: "x" + "[0]" * (size // 3),
    ],
    "operators": [
        _many("-", "1"),
        _many("not ", "1"),
        _many("await ", "x"),
        _many("2**", "2"),
        _many("1+", "1"),
        _many("a.", "a"),
        _many("a<", "a"),
        _many("a and b or ", "c"),
        _many("a if b else ", "c"),
        _many("lambda:", "1"),
        _many("lambda x=", "1"),
        _many("a=", "1"),
        _many("(a:=", "1"),
        _many("*", "a"),
        _many("a+\\\n", "a"),
        _many("a,"),
    ],
    "statements": [
        _many("if a:\n pass\nel", "se:\n pass\n"),
        _many("@a\n", "def f(): pass\n"),
        _many("a;"),
        _many("a\n"),
        _many("match "),
        _many("async "),
        lambda size: _blocks("if a:", 99),
        lambda size: _blocks("try:", 99),
        lambda size: _blocks("def f():", 1_000),
        lambda size: " " * size + "a",
        lambda size: "import " + "a." * (size // 2) + "a",
        lambda size: "import " + "a.\\\n" * (size // 4) + "a",
        lambda size: "#\rimport " + "a.\\\r\n" * (size // 5) + "a",
        lambda size: "from " + "." * size + " import a",
        lambda size: "with " + "a," * (size // 2) + "a: pass",
        lambda size: "f(" + "a=1," * (size // 4) + "b)",
        lambda size: "def f(" + "".join(f"a{i}=1," for i in range(size // 10)) + "b): pass",
        lambda size: "match a:\n case " + "[" * 90 + "b" + "]" * 89 + ": pass",
    ],
    "strings and numbers": [
        lambda size: "f'" + "{a}" * (size // 3) + "'",
        lambda size: "f'''" + "\n" * (size // 2) + "{a}" * (size // 6) + "'''",
        lambda size: "f'" + "{a:{b}}" * (size // 7) + "'",
        lambda size: "f'" + "{" * size,
        lambda size: "f'{" + "-" * size + "1}'",
        lambda size: "f'{" + "(" * 199 + ")" * 199 + "}'",
        _many("f'{a}'"),
        _many("''"),
        _many("'\""),
        _many("'\\d'\n"),
        lambda size: "'" + "\\N{DIGIT ONE}" * (size // 13) + "'",
        lambda size: '"""' + "a\n" * (size // 2),
        lambda size: "9" * size,
        lambda size: "0x" + "f" * size,
        lambda size: "1_" * (size // 2) + "1",
        lambda size: "1." + "1" * size,
        lambda size: "1e" + "9" * size,
        _many("1if 2else "),
    ],
    "characters": [
        lambda size: "a\0" * (size // 2),
        lambda size: "a = '\ud800'\n" * (size // 8),
        lambda size: "\ufeff" * size,
        lambda size: "\ufdfa" * (size // 3),
        lambda size: "変数 = 1\n" * (size // 11),
        lambda size: "\f" * size,
        lambda size: "\\" * size,
        lambda size: "\\\n" * (size // 2),
        lambda size: "a\r" * (size // 2),
        lambda size: "\r\n" * (size // 2),
        lambda size: "\x1a\v\xa0\u2028" * (size // 7),
        lambda size: "# -*- coding: utf-16 -*-\n" + "a = 1\n" * (size // 6),
        lambda size: "#" * size,
    ],
}


def _parse_all(group: str, size: int) -> None:
    """What the child process does."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (120, 120))
    for number, make in enumerate(HOSTILE[group]):
        text = make(size)
        start = time.process_time()
        try:
            assert _depth(parse(text)) <= MAX_DEPTH
        except ParseError as error:
            assert "\n" not in str(error) and len(str(error)) < 300, error
        seconds = time.process_time() - start
        assert seconds < SECONDS_PER_TEXT, f"{group} {number}: {seconds:.1f} s"


def _depth(tree: ast.Module) -> int:
    leaves = (ast.expr_context, ast.operator, ast.unaryop, ast.cmpop, ast.boolop)
    level: list[ast.AST] = [tree]
    depth = 0
    while level:
        depth += 1
        level = [child for node in level for child in ast.iter_child_nodes(node) if not isinstance(child, leaves)]
    return depth


@pytest.mark.parametrize("size", [10_000, 100_000, pytest.param(990_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("group", list(HOSTILE))
def test_hostile_text_neither_crashes_nor_hangs(group, size):
    child = subprocess.run([sys.executable, __file__, group, str(size)], capture_output=True, text=True)
    assert child.returncode == 0, child.stderr[-2_000:]


@pytest.mark.parametrize(
    "text, reason",
    [
        ("x = (\n", "line 1: '(' was never closed"),
        ("def f():\nreturn 1\n", "line 2: expected an indented block after function definition on line 1"),
        ("a = 1\nb = '\0'\n", "line 2: null character"),
        ("a = 1\n\nb = '\udc80'\n", "line 3: lone surrogate U+DC80"),
        ("a" * (MAX_BYTES + 1), "larger than 1,000,000 bytes"),
        ("é" * MAX_BYTES, "larger than 1,000,000 bytes"),
        ("a;" * 250_000, "more than 200,000 operators and words"),
        ("1+" * 1_500 + "1", "nested deeper than 1,000"),
        ("1+" * 100_000 + "1", "nested deeper than 1,000"),
        ("-" * 10_000 + "1", "nested too deeply for the parser"),
        ("import " + "a." * 10_000 + "a", "a dotted name of 250 parts or more"),
        ("x = " + "9" * 4_000, "a number of more than 3,500 characters"),
        ("x = 0x" + "f" * 4_000, "a number of more than 3,500 characters"),
        ("f'" + "{a}" * 30_000 + "'", "f-strings that are too long"),
    ],
)
def test_the_reason_is_one_readable_line(text, reason):
    with pytest.raises(ParseError) as caught:
        parse(text)
    assert str(caught.value) == reason


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "# nothing",
        "x = 1",
        "\ufeffx = 1\n",
        "def f():\r\n    return 1\r\n",
        "x = 1\ry = 2\r",
        "\fx = 1\n",
        "# -*- coding: nope -*-\nx = 'é'\n",
        "변수 = '漢字'\n",
        "x = '" + "9" * 5_000 + "'  # digits in a string are no number\n",
        "x = 0x" + "f" * 3_400,
        "x = 'import " + "a." * 1_000 + "a'",
        "x = [" + "a.b.c, " * 1_000 + "]",
        "f'{a}'\n" * 5_000,
        "x = '''" + "{a} " * 40_000 + "'''  # no f-string\n",
    ],
)
def test_honest_text_parses(text):
    assert ast.dump(parse(text)) == ast.dump(ast.parse(text.removeprefix("\ufeff")))


def test_depth_is_bounded_exactly():
    def deep(depth: int) -> str:
        return "1+" * (depth - 3) + "1"  # with the module, the statement and the last number

    assert _depth(parse(deep(MAX_DEPTH))) == MAX_DEPTH
    with pytest.raises(ParseError, match="nested deeper than"):
        parse(deep(MAX_DEPTH + 1))


@pytest.mark.parametrize(
    "opening, closing",
    [("f(a=b in ", ")"), ("a[b,c:d in ", "]"), ("f(x for x in a in ", ")"), ("f(a=(yield b, c or d and e in ", "))")],
)
def test_no_construct_slips_under_the_depth_bound(opening, closing):
    chained = "+".join(["1"] * 500)
    for repeats in range(20, 190, 10):
        text = opening * repeats + f"({chained})" + closing * repeats
        try:
            assert _depth(parse(text)) <= MAX_DEPTH
        except ParseError as error:
            assert "nested" in str(error)


def test_the_verdict_does_not_depend_on_the_depth_of_the_caller():
    def at(depth: int, text: str) -> str:
        if depth:
            return at(depth - 1, text)
        try:
            return f"{sum(1 for _ in ast.walk(parse(text)))} nodes"
        except ParseError as error:
            return str(error)

    for text in ("[" * 150 + "]" * 150, "1+" * 900 + "1", "1+" * 1_200 + "1", "1+" * 2_900 + "1", "x = (\n"):
        assert at(500, text) == at(0, text)


def test_parser_warnings_reach_nobody_and_others_still_do():
    text = "x = '\\d'\ny = 1if x else 2\n"
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        parse(text)
        warnings.warn("mine", DeprecationWarning, stacklevel=1)
    assert [str(warning.message) for warning in caught] == ["mine"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        parse(text)
        with pytest.raises(UserWarning):
            warnings.warn("mine", UserWarning, stacklevel=1)


def test_threads_may_parse_at_once():
    texts = [f"x{i} = '\\d' + {i}\n" * 50 for i in range(40)]
    expected = [ast.dump(parse(text)) for text in texts]
    with ThreadPoolExecutor(8) as pool:
        assert [ast.dump(tree) for tree in pool.map(parse, texts)] == expected


def test_one_megabyte_of_stack_is_enough():
    child = subprocess.run([sys.executable, __file__, "operators", "50000", "thread"], capture_output=True, text=True)
    assert child.returncode == 0, child.stderr[-2_000:]
    assert child.stdout == "done\n"


CLASS = 'class A:\n    """A."""\n\n    def f(self):\n        return 1\n\n    def g(self):\n        return [\n'


@pytest.mark.parametrize(
    "text, names",
    [
        ("def f():\n    return 1\n\ndef g():\n    return (1,\n", ["f"]),
        ("def f():\n    return 1\n\ndef g(:\n    pass\n\ndef h():\n    pass\n", ["f"]),
        ("    def f(self):\n        return self.x\n", ["f"]),
        (CLASS, ["A", "f"]),
        ("def f():\n    a = 1\n    try:\n        g()\n", ["f"]),
        ("@decorated\n", []),
        ("It's prose, not code.\n", []),
    ],
)
def test_as_much_as_parses_is_parsed(text, names):
    tree, share = parse_head(text)
    found = [node.name for node in ast.walk(tree) if hasattr(node, "name")] if tree else []
    assert sorted(found)[: len(names)] == sorted(names)
    assert (share > 0) == bool(names)


def test_a_head_known_to_be_cut_loses_its_last_definition_only():
    tree, share = parse_head("import os\n\ndef f():\n    return 1\n\ndef g():\n    return os", cut=True)
    assert [getattr(node, "name", "") for node in tree.body] == ["", "f"]
    assert 0.5 < share < 1


def _parse_all_in_a_small_thread(group: str, size: int) -> None:
    threading.stack_size(2**20)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(_parse_all, group, size).result()


if __name__ == "__main__":
    run = _parse_all_in_a_small_thread if sys.argv[3:] else _parse_all
    run(sys.argv[1], int(sys.argv[2]))
    sys.stdout.write("done\n")
