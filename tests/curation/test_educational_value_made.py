"""Glue under borrowed docstrings: what it is made of, and who learns from it."""

import ast
from typing import ClassVar

import numpy as np
from sklearn.linear_model import Ridge

from textbook.curation.educational_value import ByteNgrams, CodeColumns, Concatenated, DualRidge, Stacked
from textbook.curation.educational_value.composed import fit_on
from textbook.curation.educational_value.examples import Examples
from textbook.curation.educational_value.fitting import read
from textbook.curation.educational_value.made import MIN_CHARS, documented_glue

EXPLAINED = '''def smallest(xs):
    """Find the smallest number of a list by going through it once, and remembering the one that was smallest so far."""
    return min(xs)
'''
GLUE = '''class Client:
    """A client."""

    def send(self, x):
        return self.session.send(x)

    @property
    def name(self): return self._name
'''


STACKED = Stacked(ByteNgrams(), DualRidge(), folds=2)


def glue(number):
    return GLUE.replace("send", f"send_{number}")


def made_of(texts, targets, groups, seed=0):
    return documented_glue(texts, np.array(targets, float), groups, 3.0, seed)


def test_poor_texts_wear_the_docstrings_of_good_ones_of_their_group_only():
    texts = [EXPLAINED, *(glue(n) for n in range(200)), EXPLAINED.replace("Find", "Search"), glue(300)]
    groups = ["a"] * 101 + ["b"] * 100 + ["c", "c"]
    made = made_of(texts, [5, *[1] * 200, 5, 2], groups)
    assert 5 < len(made) < 40
    for parent, text in made:
        assert groups[parent] != "b", "nothing of another group: it may be held out"
        tree = ast.parse(text)
        words = [ast.get_docstring(node) for node in ast.walk(tree) if isinstance(node, ast.ClassDef | ast.FunctionDef)]
        assert words[0].startswith("Find the smallest" if groups[parent] == "a" else "Search the smallest")
        assert len(set(words[:2])) == 1, "the class, and the function below it"
        code = [line for line in text.splitlines() if '"""' not in line and line.strip()]
        assert code == [line for line in texts[parent].splitlines() if '"""' not in line and line.strip()]


def test_the_same_texts_are_made_whatever_stands_beside_them():
    texts = [EXPLAINED, *(glue(n) for n in range(60))]
    whole = dict(made_of(texts, [5, *[1] * 60], ["a"] * 61))
    part = dict(made_of(texts[:31], [5, *[1] * 30], ["a"] * 31))
    assert part == {at: text for at, text in whole.items() if at < 31}
    assert whole != dict(made_of(texts, [5, *[1] * 60], ["a"] * 61, seed=1))


def test_nothing_is_made_of_what_is_no_code_or_has_no_words_to_lend():
    short = EXPLAINED.replace(ast.get_docstring(ast.parse(EXPLAINED).body[0]), "x" * (MIN_CHARS - 1))
    assert made_of([short, *(glue(n) for n in range(50))], [5, *[0] * 50], ["a"] * 51) == []
    odd = ["def broken(:", "\0", "x = 1\n", "", "\ud800", "def f(): 'a'; return 1\n", "class A: pass\n"] * 30
    hostile = EXPLAINED.replace("Find", 'r"""' + "\\\\N{}").replace('"""r', "'''r")
    for _, text in made_of([EXPLAINED, hostile, *odd], [5, 5, *[0] * 210], ["a"] * 212):
        ast.parse(text)


def test_made_examples_have_the_label_and_group_of_their_parent_and_can_be_left_out():
    examples = Examples.of(["a", "b", "c"], np.array([1.0, 2.0, 3.0]), ["g", "h", "g"], 3.0, 0, [(0, "A"), (1, "B")])
    both = examples.take(np.array([1, 2])).with_made()
    assert [both.heads[row] for row in both.rows] == ["b", "c", "B"]
    assert both.targets.tolist() == [2.0, 3.0, 2.0] and both.groups.tolist() == ["h", "g", "h"]
    assert both.real().rows.tolist() == [1, 2] and len(examples) == 3


def test_labelled_texts_bring_their_made_ones():
    texts = [EXPLAINED, *(glue(n) for n in range(60))]
    examples = read(texts, np.array([5.0, *[1.0] * 60]), ["a"] * 61, STACKED, 3.0, 0)
    assert len(examples) == 61 and len(examples.with_made()) > 64
    assert all("smallest number" in examples.heads[row] for row in examples.with_made().rows[61:])
    alone = read(texts, np.array([5.0, *[1.0] * 60]), ["a"] * 61, ByteNgrams(), 3.0, 0)
    assert len(alone.heads) == 61, "nothing is made that nobody would learn from"


class Noting(Ridge):
    seen: ClassVar[list[int]] = []

    def fit(self, rows, targets):
        self.seen.append(len(targets))
        return super().fit(rows, targets)


def test_only_a_head_above_others_learns_from_made_examples():
    texts = [EXPLAINED, *(glue(n) for n in range(60))]
    examples = read(texts, np.array([5.0, *[1.0] * 60]), [*("a" * 41), *("b" * 20)], STACKED, 3.0, 0)
    num_made = len(examples.with_made()) - 61
    Noting.seen.clear()
    fit_on(ByteNgrams(), Noting(), examples)
    assert Noting.seen == [61] and num_made > 5
    Noting.seen.clear()
    fit_on(Concatenated(CodeColumns(), Stacked(ByteNgrams(), Noting(), folds=2)), Ridge(), examples)
    assert sorted(Noting.seen) == [20, 41, 61], "two inner folds, and all of them"
    Noting.seen.clear()
    fit_on(Concatenated(CodeColumns(), Stacked(ByteNgrams(), DualRidge(), folds=2)), Noting(), examples)
    assert Noting.seen == [61 + num_made]
