"""Recipes are found by path or module, and everything that is none is refused with a remedy."""

import pytest

from tests.toys import Score, Texts
from textbook.engine import run
from textbook.engine.workers import Local
from textbook.keep import Keep
from textbook.lineage import fingerprint
from textbook.recipes import checked, load_recipe

FILE = """
from dataclasses import dataclass
from textbook.keep import Keep
from textbook.operator import Operator

@dataclass(frozen=True)
class Letters(Operator):
    "Counts letters."
    adds = {"letters": "int64"}
    def __call__(self, batch):
        return batch | {"letters": [sum(map(str.isalpha, text)) for text in batch["text"]]}
    @classmethod
    def example(cls):
        return cls(), {"id": ["a"], "text": ["x"]}

def recipe():
    return Letters(), Keep("letters", at_least=100)
"""


def test_a_file_works_with_several_workers_and_whatever_its_folder(tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    for folder in ("one", "two"):
        (tmp_path / folder / "tokenize.py").write_text(FILE)
    first = load_recipe(str(tmp_path / "one" / "tokenize.py"))
    folder = run(first, Texts(200), tmp_path / "out", Local(2))
    assert folder.manifest["steps"][1]["class"] == "local:Letters"
    assert min(folder.table()["letters"].to_pylist()) >= 100
    second = load_recipe(str(tmp_path / "two" / "tokenize.py"))
    assert fingerprint(*first) == fingerprint(*second)


def test_a_file_may_import_what_lies_beside_it(tmp_path):
    (tmp_path / "letter_steps.py").write_text(FILE)
    (tmp_path / "queue.py").write_text("raise ImportError('hides the standard library')")
    (tmp_path / "mine.py").write_text("from letter_steps import recipe")
    folder = run(load_recipe(str(tmp_path / "mine.py")), Texts(200), tmp_path / "out", Local(2))
    assert folder.manifest["steps"][1]["class"] == "letter_steps:Letters"


def test_a_module():
    assert [step.name for step in load_recipe("textbook.demo")][-1] == "Keep(parses)"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("x = 1", r"has no function recipe\(\)"),
        ("def recipe(): return 3", "a recipe is a tuple of steps; got int"),
        ("1 / 0", "cannot be loaded: ZeroDivisionError"),
        ("def recipe(:", "cannot be loaded: SyntaxError"),
    ],
)
def test_a_broken_file(tmp_path, content, message):
    (tmp_path / "broken.py").write_text(content)
    with pytest.raises(ValueError, match=message):
        load_recipe(str(tmp_path / "broken.py"))


def test_no_file_and_no_module(tmp_path):
    with pytest.raises(ValueError, match="there is no recipe file"):
        load_recipe(str(tmp_path / "none.py"))
    with pytest.raises(ValueError, match="there is no recipe 'no.such.module'"):
        load_recipe("no.such.module")


def test_a_class_in_place_of_a_step():
    with pytest.raises(ValueError, match=r"got the class Score: write Score\(\)"):
        checked((Score,))
    with pytest.raises(ValueError, match="a recipe holds steps.*got function"):
        checked((lambda batch: batch,))


def test_a_single_step_is_a_recipe():
    assert checked(Keep("x", equals=1)) == (Keep("x", equals=1),)
