"""Fingerprints are canonical or an error; fitted operators survive as JSON."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tests.toys import Listed, Score
from textbook.engine.state import load_fitted, save_fitted
from textbook.keep import Keep, KeepAbove
from textbook.lineage import StateFile, canonical, fingerprint, row_id
from textbook.operator import Batch, Operator, append_rows, row_rng


class Colour(Enum):
    RED = "red"


@dataclass(frozen=True)
class Holds(Operator):
    """Holds anything."""

    value: Any

    def __call__(self, batch: Batch) -> Batch:
        return dict(batch)

    @classmethod
    def example(cls):
        return cls(1), {"id": [], "text": []}


def test_equal_values_are_one():
    assert fingerprint(Holds(3)) == fingerprint(Holds(3.0))
    assert fingerprint(Holds((1, 2))) == fingerprint(Holds([1, 2]))
    assert fingerprint(Holds({"a": 1, "b": 2})) == fingerprint(Holds({"b": 2, "a": 1}))
    assert fingerprint(Holds({"b", "a", "c"})) == fingerprint(Holds(frozenset({"c", "a", "b"})))
    assert fingerprint(Holds(Colour.RED)) == fingerprint(Holds("red"))


def test_different_values_differ():
    values = [0, 1, True, None, "1", 1.5, (), (1,), ((1,),), {"a": 1}, {"a": 2}, pa.string(), pa.int64()]
    assert len({fingerprint(Holds(value)) for value in values}) == len(values)


@pytest.mark.parametrize("value", [object(), lambda: 1, {1: 2}, Path("x"), b"x"])
def test_a_value_without_a_canonical_form_is_refused(value):
    with pytest.raises(TypeError, match="no canonical form"):
        fingerprint(Holds(value))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_json_lacks_are_refused(value):
    with pytest.raises(ValueError, match="no canonical form"):
        canonical(value)


def test_the_version_is_part_of_the_fingerprint(monkeypatch):
    before = fingerprint(Score())
    monkeypatch.setattr(Score, "version", 2)
    assert fingerprint(Score()) != before


def test_row_ids_depend_on_source_and_text():
    assert len({row_id("a", "b"), row_id("a", "c"), row_id("b", "b"), row_id("ab", ""), row_id("", "ab")}) == 5
    assert row_id("a\ud800", "b\udfff") == row_id("a\ud800", "b\udfff")


def test_draws_do_not_depend_on_the_process():
    script = "from textbook.operator import row_rng; print(row_rng(7, 'é').random())"
    for seed in ("0", "1"):
        env = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(__file__).parent.parent)}
        printed = subprocess.run([sys.executable, "-c", script], env=env, check=True, capture_output=True, text=True)
        assert float(printed.stdout) == row_rng(7, "é").random()
    assert row_rng(7, "a").random() != row_rng(8, "a").random() != row_rng(8, "b").random()


def test_append_rows_fills_what_is_not_given():
    batch = append_rows({"id": ["a"], "text": ["x"]}, [{"id": "b", "text": "y", "parents": ["a"]}])
    assert batch == {"id": ["a", "b"], "text": ["x", "y"], "parents": [None, ["a"]]}


def test_a_fitted_operator_comes_back_equal(tmp_path):
    file = tmp_path / "one.json"
    for operator in (KeepAbove("x", 1.5, "id"), KeepAbove("x", None), Listed(("a", "b"))):
        save_fitted(operator, file, 0.0)
        assert load_fitted(file, operator) == operator


def test_a_state_file_is_found_again_when_the_folder_has_moved(tmp_path):
    (tmp_path / "old").mkdir()
    state = StateFile.write(pa.table({"x": [1, 2]}), tmp_path / "old")
    save_fitted(Holds(state), tmp_path / "old" / "one.json", 0.0)
    (tmp_path / "old").rename(tmp_path / "new")
    back = load_fitted(tmp_path / "new" / "one.json", Holds(None))
    assert back.value.read().to_pydict() == {"x": [1, 2]}
    assert fingerprint(back) == fingerprint(Holds(state))


def test_a_fitted_operator_with_other_fields_is_refused(tmp_path):
    with pytest.raises(TypeError, match=r"Holds\.value is dict"):
        save_fitted(Holds({}), tmp_path / "one.json", 0.0)


@pytest.mark.parametrize("name", ["os:system", "textbook.keep:Keep.name", "textbook.keep:shown", "tests.toys:Nothing"])
def test_state_names_operators_only(tmp_path, name):
    file = tmp_path / "one.json"
    file.write_text(json.dumps({"class": name, "fields": {}}))
    with pytest.raises(ValueError, match="not from|no operator"):
        load_fitted(file, Keep("x", equals=1) if name.startswith("textbook") else Score())
