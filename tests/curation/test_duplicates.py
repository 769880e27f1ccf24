"""Of rows with the same text one stays: which one, whatever the order, and what counts as the same."""

import itertools
import random
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textbook.curation.duplicates import DropExactDuplicates, ExactDuplicates, normalized
from textbook.operator import Batch, num_rows, take


def rows(*given: tuple[str, str, str | None]) -> Batch:
    """A batch of (id, text, source)."""
    return {name: [row[i] for row in given] for i, name in enumerate(("id", "text", "source"))}


def fitted(batch: Batch, folder: Path, step: ExactDuplicates | None = None, shards: int = 1) -> DropExactDuplicates:
    step = step or ExactDuplicates()
    parts = [take(batch, range(i, num_rows(batch), shards)) for i in range(shards)]
    return step.finish([step.partial([part]) for part in parts], folder)


def dropped(batch: Batch, folder: Path, step: ExactDuplicates | None = None) -> dict[str, str]:
    """Which row is dropped for which."""
    out = fitted(batch, folder, step)(batch)
    return {row: other for row, other in zip(out["id"], out["duplicate_of"], strict=True) if other is not None}


def expected(batch: Batch) -> dict[str, str]:
    """The rule, spelt out."""
    groups: dict[str, list[tuple[float, str]]] = {}
    for row, text, source in zip(batch["id"], batch["text"], batch["source"], strict=True):
        groups.setdefault(text, []).append((float("inf") if source is None else len(source), row))
    return {row: min(group)[1] for group in groups.values() for _, row in group if row != min(group)[1]}


def test_the_shortest_source_stays_then_the_smallest_id(tmp_path):
    vendored = rows(
        ("a", "x", "app/_vendor/lib.py"),
        ("b", "x", "lib.py"),
        ("c", "y", "2.py"),
        ("d", "x", None),
        ("e", "x", "bib.py"),
    )
    out = fitted(vendored, tmp_path)(vendored)
    assert out["duplicate_of"] == ["b", None, None, "b", "b"]
    assert out["drop_reason"] == ["exact duplicate of b (lib.py)", None, None, *["exact duplicate of b (lib.py)"] * 2]
    assert dropped(rows(("b", "x", None), ("a", "x", None)), tmp_path) == {"b": "a"}
    reasons = fitted(rows(("b", "x", None), ("a", "x", None)), tmp_path)(rows(("b", "x", None)))["drop_reason"]
    assert reasons == ["exact duplicate of a"]


def test_source_length_is_in_characters(tmp_path):
    assert dropped(rows(("a", "x", "abcd"), ("b", "x", "日本語")), tmp_path) == {"a": "b"}


def test_empty_texts_are_duplicates(tmp_path):
    assert dropped(rows(("b", "", "2"), ("a", "", "1"), ("c", " ", "3")), tmp_path) == {"b": "a"}


names = st.text(st.characters(exclude_categories=["Cs"]), max_size=3)
pools = st.lists(
    st.tuples(names, st.sampled_from(["", "x", "y", "\ud800", "\0"]), st.none() | names), unique_by=lambda r: r[0]
)


@given(pool=pools, seed=st.integers(0, 100), shards=st.integers(1, 4))
def test_agrees_with_the_rule_in_any_order(tmp_path_factory, pool, seed, shards):
    batch, folder = rows(*pool), tmp_path_factory.mktemp("state")
    shuffled = take(batch, random.Random(seed).sample(range(len(pool)), len(pool)))
    assert dropped(batch, folder) == expected(batch)
    assert fitted(shuffled, folder / "other", shards=shards) == fitted(batch, folder)


def test_all_bits_of_the_hash_count(tmp_path):
    batch = rows(*((str(i), text, str(i)) for i, text in enumerate(["x", "y", "x", "z", "y", "x"])))
    table = ExactDuplicates().partial([batch])
    same_half = table.set_column(0, "hash", pa.array([7] * len(table), pa.uint64()))
    assert ExactDuplicates().finish([same_half], tmp_path / "a") == fitted(batch, tmp_path / "b")


def test_rows_never_seen_stay(tmp_path):
    operator = fitted(rows(("a", "x", "1"), ("b", "x", "2")), tmp_path)
    out = operator(rows(("b", "x", "2"), ("new", "x", "3"), ("", "", None)))
    assert out["duplicate_of"] == ["a", None, None]


def test_nothing_to_drop(tmp_path):
    assert dropped(rows(("a", "x", "1"), ("b", "y", "2")), tmp_path) == {}
    assert fitted(rows(), tmp_path)(rows()) == rows() | {"duplicate_of": [], "drop_reason": []}


def test_every_text_of_a_pool_survives_once(tmp_path):
    batch = rows(*((f"id {i}", str(i % 37), "s" * (i % 11 + 1)) for i in range(500)))
    out = fitted(batch, tmp_path, shards=7)(batch)
    kept = [text for text, other in zip(out["text"], out["duplicate_of"], strict=True) if other is None]
    assert sorted(kept) == sorted({str(i) for i in range(37)})


EQUAL = [
    ("x = 1\n", "x = 1"),
    ("x = 1\r\ny\r\n", "x = 1\ny\n"),
    ("x = 1\ry", "x = 1\ny"),
    ("x = 1 \t\n", "x = 1\n"),
    ("\n\nx\n \t\n\f\ny\n\n", "x\ny"),
    ("x   =\t1  # one", "x = 1 # one"),
    (" \n\t\n", ""),
]
DIFFERENT = [
    ("  x", "x"),
    ("\tx", "        x"),
    ("if x:\n  y", "if x:\n    y"),
    ("x=1", "x = 1"),
    ("x\u00a0y", "x y"),
    ("xy", "x y"),
    ("x\ny", "x y"),
    ("X", "x"),
]


@pytest.mark.parametrize(("a", "b"), EQUAL)
def test_white_space_that_does_not_count(a, b, tmp_path):
    batch = rows(("a", a, "1"), ("b", b, "2"))
    assert dropped(batch, tmp_path) == {}
    assert dropped(batch, tmp_path, ExactDuplicates(normalize_whitespace=True)) == {"b": "a"}


@pytest.mark.parametrize(("a", "b"), DIFFERENT)
def test_white_space_that_counts(a, b, tmp_path):
    assert dropped(rows(("a", a, "1"), ("b", b, "2")), tmp_path, ExactDuplicates(normalize_whitespace=True)) == {}


@given(st.text(st.sampled_from(" \t\f\r\nxy"), max_size=30))
def test_normalizing_twice_changes_nothing(text):
    assert normalized(normalized(text)) == normalized(text)


@pytest.mark.parametrize("unit", [" ", "\t", "\n", "\r\n", " x", "x  ", "\f\n "])
def test_normalizing_is_linear(unit):
    """A quadratic pattern would take minutes here; this takes about 0.1 s."""
    started = time.process_time()
    normalized(unit * 300_000)
    assert time.process_time() - started < 10


def test_many_rows_share_one_text_across_batches(tmp_path):
    batches = [rows(*((f"{i}-{j}", "x", "source") for j in range(100))) for i in range(5)]
    step = ExactDuplicates()
    operator = step.finish([step.partial(batches)], tmp_path)
    kept: list[Any] = list(itertools.chain(*(operator(batch)["duplicate_of"] for batch in batches)))
    assert kept == [None] + ["0-0"] * 499
