"""Match rates are those of comparing all pairs, also where a rate is exactly tau; sequences leave out what is style."""

import ast
import copy
import inspect
import random
import textwrap
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

from textbook.curation.decontaminate import linearise as linearise_module
from textbook.curation.decontaminate.linearise import NAMES, linearise, rich_labels
from textbook.curation.decontaminate.match_rate import MatchRates
from textbook.languages.python import parse

LEFT_OUT = {"annotation", "decorator_list", "returns", "type_params"}


def by_all_pairs(sequences, references, tau):
    found = []
    for i, mine in enumerate(sequences):
        for j, theirs in enumerate(references):
            longer = max(len(mine), len(theirs))
            if mine and theirs and Fraction(longer - Levenshtein.distance(mine, theirs), longer) >= Fraction(str(tau)):
                found.append((i, j))
    return found


SEQUENCES = st.lists(st.text("abc", max_size=24), max_size=30)


@given(SEQUENCES, SEQUENCES, st.sampled_from([1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7]))
def test_matches_are_those_of_all_pairs(sequences, references, tau):
    found = MatchRates(references, tau).matches(sequences)
    assert [(match.sequence, match.reference) for match in found] == by_all_pairs(sequences, references, tau)


def test_a_pair_that_is_exactly_tau_matches():
    pairs = {
        0.8: ("aaaaaaaaaa", "aaaaaaaa"),
        0.9: ("a" * 20, "a" * 18),
        0.95: ("a" * 40, "a" * 38),
        0.85: ("a" * 20, "a" * 17),
    }
    for tau, (long, short) in pairs.items():
        for mine, theirs in ((long, short), (short, long)):
            assert [match.rate for match in MatchRates([theirs], tau).matches([mine])] == [tau]
        assert MatchRates([short], tau).matches([long + "a"]) == []


def test_near_copies_of_many_lengths_are_found():
    rng = random.Random(0)
    references = ["".join(rng.choices("abcdefgh", k=rng.randrange(5, 300))) for _ in range(60)]
    mine = []
    for reference in references:
        changed = list(reference)
        for _ in range(len(changed) // 8):
            changed[rng.randrange(len(changed))] = rng.choice("abcdefgh")
        mine.append("".join(changed))
    for tau in (0.95, 0.9, 0.85, 0.8):
        found = [(match.sequence, match.reference) for match in MatchRates(references, tau).matches(mine)]
        assert found == by_all_pairs(mine, references, tau)
    assert len(found) > 30


def labels(code: str) -> str:
    return linearise(parse(textwrap.dedent(code)))[-1].labels


PLAIN = """
def f(a, b=1):
    for x in a:
        b += x
    return b
"""


@pytest.mark.parametrize(
    "same",
    [
        'def other(items, total=7):\n    """Words."""\n    for one in items:\n        total += one\n    return total',
        "@cache\n@app.get('/')\ndef f(a: list[int], b: int = 1) -> int:\n    for x in a:\n        b += x\n    return b",
        "def f(a, b=1):\n    ...\n    for x in a:\n        pass\n        b += x\n        'a note'\n    return b",
        "def f(a, b=1):\n    for x in a:\n        b = b + x\n    outcome = b\n    return outcome",
    ],
)
def test_names_types_decorators_docstrings_and_spelling_change_nothing(same: str):
    assert labels(same) == labels(PLAIN)


@pytest.mark.parametrize("other", ["b -= x", "b = x + b.c", "b += x.y"])
def test_what_is_done_changes_something(other: str):
    assert labels(PLAIN.replace("b += x", other)) != labels(PLAIN)


def test_an_annotated_assignment_is_an_assignment():
    assert labels("def f():\n    x: int = 1") == labels("def f():\n    x = 1")


class Plain(ast.NodeTransformer):
    """`x += 1` spelt out, and no result named only to be returned."""

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:  # noqa: N802
        self.generic_visit(node)
        return ast.Assign([node.target], ast.BinOp(node.target, node.op, node.value))

    def generic_visit(self, node: ast.AST) -> ast.AST:
        for name in ("body", "orelse", "finalbody"):
            match getattr(node, name, None):
                case [*_, ast.Assign([ast.Name(first)], value), ast.Return(ast.Name(second))] if first == second:
                    getattr(node, name)[-2:] = [ast.Return(value)]
        return super().generic_visit(node)


def by_recursion(node: ast.AST) -> list[str]:
    """The same as `linearise` in other words."""
    name = type(node).__name__
    if isinstance(node, ast.expr_context | ast.Pass) or (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    ):
        return []
    children = [child for field, child in ast.iter_fields(node) if field not in LEFT_OUT and name != "arg"]
    nodes = [each for child in children for each in (child if isinstance(child, list) else [child])]
    below = [label for each in nodes if isinstance(each, ast.AST) for label in by_recursion(each)]
    return ["Assign" if name == "AnnAssign" else name, *below]


MODULES = ("bisect", "heapq", "textwrap", "fractions", "queue", "shlex", "dataclasses", "asyncio.tasks", "typing")


@pytest.mark.parametrize("module", MODULES)
def test_every_function_of_real_files_is_in_preorder(module: str):
    tree = parse(inspect.getsource(__import__(module, fromlist=["x"])))
    found = {each.node: each.labels for each in linearise(tree)}
    wanted = {node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    assert set(found) == wanted
    for node, sequence in found.items():
        expected = by_recursion(Plain().visit(copy.deepcopy(node)))
        assert [NAMES[label] for label in sequence] == expected
        assert [label.split()[0] for label in rich_labels(node)] == expected


def test_deep_trees_have_the_same_sequences():
    code = "def f(x):\n    def g():\n        return " + "-" * 950 + "x\n    return g" + "\ndef h():\n    return 1"
    tree = parse(code)
    deep = {each.node.name: [NAMES[label] for label in each.labels] for each in linearise(tree)}
    assert deep["g"] == ["FunctionDef", "arguments", "Return", *["UnaryOp", "USub"] * 950, "Name"]
    assert deep["f"][:3] == ["FunctionDef", "arguments", "arg"] and len(deep["f"]) == len(deep["g"]) + 5
    assert deep["h"] == ["FunctionDef", "arguments", "Return", "Constant"]


def test_both_walks_agree(monkeypatch):
    tree = parse(inspect.getsource(inspect))
    fast = {each.node: each.labels for each in linearise(tree)}

    def fails(*_: object) -> str:
        raise RecursionError

    monkeypatch.setitem(linearise_module._VISIT, ast.Module, fails)
    assert {each.node: each.labels for each in linearise(tree)} == fast


def test_code_without_a_function_is_one():
    body = "total = 0\nfor x in xs:\n    total += x\nreturn total\n"
    function = "def f():\n" + textwrap.indent(body, "    ")
    assert labels(body) == labels(function)
    assert linearise(parse("")) == []


def test_rich_labels_know_what_is_called():
    def rich(code: str) -> tuple[str, ...]:
        return rich_labels(parse(code).body[0])

    assert rich("def f(x):\n    return len(x.rows) + 2")[3:] == (
        *("Return", "BinOp", "Call", "Name len", "Attribute rows", "Name", "Add", "Constant 2"),
    )
    assert rich("def f(s):\n    return s * 'ab'")[-1] == "Constant str"
    assert rich("def f(s):\n    return s * 11")[-1] == "Constant int"
    assert rich("def f(s):\n    return s is None")[-1] == "Constant None"
