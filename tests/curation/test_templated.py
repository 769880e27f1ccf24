"""Code out of one template is told by its skeleton, whatever its names, strings and numbers are."""

import random
from pathlib import Path

import pytest

from textbook.curation.near_duplicates import TagTemplated, Templated, kernels
from textbook.curation.near_duplicates.skeletons import skeleton
from textbook.operator import Batch, num_rows, take

NOUNS = ["order", "user", "invoice", "ticket", "device", "volume", "region", "policy"]


def model(noun: str) -> str:
    """A class as an SDK's generator writes it."""
    title, number = noun.title(), len(noun)
    fields = [f"{noun}_{part}" for part in ("id", "name", "state", "size")]
    head = f'"""The {noun} model. {"Words " * number}"""\n\nclass {title}Model:\n    LIMIT = {number}\n\n'
    init = f"    def __init__(self, {', '.join(fields)}):\n" + "".join(f"        self._{f} = {f}\n" for f in fields)
    rest = [
        f'    @property\n    def {f}(self):\n        # gets {f}\n        return self._{f} or "{noun}"\n' for f in fields
    ]
    return head + init + "".join(rest)


def own(seed: int) -> str:
    """Lines that no template would give."""
    rng = random.Random(seed)
    kinds = ["x = f({0})", "for {0} in y:", "    return {0} + 1", "if {0}: pass", "while not {0}: break", "import {0}"]
    kinds += ["try: g({0}, 1, 'a')", "except {0} as e: raise", "with {0} as h: yield", "lambda {0}: {0} and None"]
    return "\n".join(rng.choice(kinds).format(f"name{rng.randrange(99)}") for _ in range(60))


def rows(texts: list[str]) -> Batch:
    return {
        "id": [f"r{i:02d}" for i in range(len(texts))],
        "text": texts,
        "source": [f"f{i}.py" for i in range(len(texts))],
    }


def fitted(batch: Batch, folder: Path, step: Templated | None = None, shards: int = 1) -> TagTemplated:
    step = step or Templated()
    parts = [take(batch, range(i, num_rows(batch), shards)) for i in range(shards)]
    return step.finish([step.partial([part]) for part in parts], folder)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('def f(x):\n    """Doc."""\n    # why\n    return x + 1.5 * "a" "b"', "def V V S return V N N S"),
        ("const a = `b ${c}`; // d\nif (a) { return null; }", "const V S S if V return null"),
        ("/* a * b */ int f() { return 'c'; }", "S V V return S"),
        ("'never closed\nx = 1", "S V N"),
        ('"""never closed\nx = 1', "S"),
        ("", ""),
        ("naïve = 漢 + ٣", "V V N"),
    ],
)
def test_skeletons(text, words):
    assert skeleton(text) == words


@pytest.mark.parametrize("unit", ['\\"', "'", '"""', "/*", "`a", '" ', "x", "/", "# ", "'\\'"])
def test_skeletons_are_linear(unit):
    skeleton(unit * 400_000)


def test_tags_the_template_and_nothing_else(tmp_path):
    batch = rows([*map(model, NOUNS), *map(own, range(8))])
    out = fitted(batch, tmp_path)(batch)
    assert out["templated"] == [True] * 8 + [False] * 8
    assert out["templated_reason"][0] == "one of 8 alike but for names, strings and numbers, such as f1.py"
    assert set(out["templated_reason"][1:8]) == {
        "one of 8 alike but for names, strings and numbers, such as f0.py",
    }
    assert out["templated_reason"][8:] == [None] * 8


def test_few_or_short_rows_are_no_template(tmp_path):
    few, short = rows([model(noun) for noun in NOUNS[:4]]), rows([f"import {noun}\n" for noun in NOUNS])
    assert not any(fitted(few, tmp_path)(few)["templated"])
    assert not any(fitted(short, tmp_path)(short)["templated"])
    assert all(fitted(few, tmp_path, Templated(min_rows=4))(few)["templated"])


def test_neither_shards_nor_order_nor_numba_matter(tmp_path, monkeypatch):
    batch = rows([*map(model, NOUNS), *map(own, range(8)), model("order")])
    whole = fitted(batch, tmp_path / "whole")
    shuffled = take(batch, random.Random(0).sample(range(num_rows(batch)), num_rows(batch)))
    assert fitted(shuffled, tmp_path / "parts", shards=3) == whole
    monkeypatch.setattr(kernels, "compiled", lambda: None)
    assert fitted(batch, tmp_path / "numpy") == whole


@pytest.mark.parametrize("wrong", [{"threshold": 0}, {"threshold": 1.5}, {"min_rows": 1}, {"shingle": 0}])
def test_refuses_values_without_a_meaning(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Templated(**wrong)
