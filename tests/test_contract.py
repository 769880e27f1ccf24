"""Every step of the package keeps the contract and gives what it gave; processes and digests are told apart."""

import json
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.contract import check_step
from tests.golden import GOLDEN, check_elsewhere, check_golden, entry, example_of, examples_in, modules_in, record
from tests.good_steps import BATCH, Lengths
from textbook.lineage import class_path
from textbook.operator import Batch, Step

MODULES = modules_in("textbook")


def all_examples() -> list[tuple[Step, Batch]]:
    return [example for module in MODULES for example in examples_in(module)]


@pytest.mark.parametrize("module", MODULES)
def test_every_step_keeps_the_contract(module: str):
    golden = json.loads(GOLDEN.read_text())
    for step, batch in examples_in(module):
        check_step(step, batch)
        check_golden(step, batch, golden)


def test_every_step_is_the_same_elsewhere():
    check_elsewhere(all_examples())


def test_golden_digests_are_of_steps_that_exist():
    assert set(json.loads(GOLDEN.read_text())) <= {class_path(type(step)) for step, _ in all_examples()}


@dataclass(frozen=True)
class Hashes(Lengths):
    """Depends on PYTHONHASHSEED."""

    def __call__(self, batch: Batch) -> Batch:
        return batch | {"length": [float(hash(text) % 1000) for text in batch["text"]]}


class Names:
    """Has an identity that a process makes up."""

    @property
    def identity(self) -> str:
        return str(hash("names"))


@dataclass(frozen=True)
class Named(Lengths):
    """Has another fingerprint in each process."""

    names: Names = field(default_factory=Names)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (Hashes, "Hashes: the output differs in another process"),
        (Named, "Named: the fingerprint differs in another process"),
    ],
)
def test_what_a_process_makes_up_is_caught(kind: type[Step], message: str):
    with pytest.raises(AssertionError, match=re.escape(message)):
        check_elsewhere([Lengths.example(), kind.example()])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({}, "no golden digest yet"),
        ({"version": 2}, "`version` is 1, the golden digest is of 2"),
        ({"input": "0"}, "its example has changed"),
        (
            {"output": "0"},
            "the output changed for the same input; bump `version`, then run `python -m tests.golden --record`",
        ),
    ],
)
def test_a_golden_digest_that_differs_is_caught(changed: dict[str, Any], message: str):
    step, batch = Lengths.example()
    golden = {class_path(Lengths): entry(step, batch) | changed} if changed else {}
    with pytest.raises(AssertionError, match=re.escape(message)):
        check_golden(step, batch, golden)


PACKAGE = '''
from dataclasses import dataclass
from textbook.operator import Operator

@dataclass(frozen=True)
class Constant(Operator):
    """Adds a constant."""

    version = {version}
    adds = {{"constant": "int64"}}

    def __call__(self, batch):
        return batch | {{"constant": [{value}] * len(batch["id"])}}

    @classmethod
    def example(cls):
        return cls(), {{"id": ["a", "b"], "text": [{text!r}, ""]}}
'''


def test_recording_refuses_a_new_output_under_the_same_version(tmp_path: Path, monkeypatch):
    file = tmp_path / "golden.json"

    def recorded(name: str, **values: Any) -> str:
        """Record a package of one step; its path must not change, so it is loaded afresh."""
        (tmp_path / name / "constants").mkdir(parents=True)
        (tmp_path / name / "constants" / "__init__.py").write_text(PACKAGE.format(**values))
        with monkeypatch.context() as patch:
            patch.syspath_prepend(tmp_path / name)
            patch.delitem(sys.modules, "constants", raising=False)
            return record("constants", file)

    assert recorded("1", version=1, value=1, text="x") == "recorded constants:Constant\n"
    assert recorded("2", version=1, value=1, text="x") == "no change\n"
    before = file.read_text()
    with pytest.raises(ValueError, match="bump `version` first. Nothing was recorded"):
        recorded("3", version=1, value=2, text="x")
    assert file.read_text() == before
    assert recorded("4", version=2, value=2, text="x") == "recorded constants:Constant\n"
    assert recorded("5", version=2, value=2, text="y") == "recorded constants:Constant\n"
    assert json.loads(file.read_text())["constants:Constant"]["version"] == 2


WITHOUT_EXAMPLE = """
from abc import abstractmethod
from dataclasses import dataclass
from textbook.operator import Operator

class Partly(Operator):
    @abstractmethod
    def score(self, text): ...
    def __call__(self, batch):
        return batch

@dataclass(frozen=True)
class Nameless(Partly):
    def score(self, text): ...
"""


def test_a_class_without_an_example_is_found_and_named(tmp_path: Path, monkeypatch):
    (tmp_path / "nameless").mkdir()
    (tmp_path / "nameless" / "__init__.py").touch()
    (tmp_path / "nameless" / "deeper.py").write_text(WITHOUT_EXAMPLE)
    monkeypatch.syspath_prepend(tmp_path)
    assert modules_in("nameless") == ["nameless", "nameless.deeper"]
    with pytest.raises(AssertionError, match=re.escape("nameless.deeper:Nameless has no example(); give it a classm")):
        examples_in("nameless.deeper")


def test_an_example_of_another_shape_is_named():
    wrong = type("Wrong", (Lengths,), {"example": classmethod(lambda cls: BATCH)})
    with pytest.raises(AssertionError, match=re.escape("Wrong.example() returned {")):
        example_of(wrong)
