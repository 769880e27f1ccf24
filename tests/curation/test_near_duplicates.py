"""Near duplicates against a brute-force join; the same answers with numba, without it, and however rows are sharded."""

import itertools
import random
from pathlib import Path

import numpy as np
import pytest

from tests.contract import check_step
from textbook.curation.near_duplicates import DropNearDuplicates, NearDuplicates, buckets, kernels
from textbook.curation.near_duplicates.minhash import band_hashes, sketches
from textbook.curation.near_duplicates.shingles import shingle_sets, without_licence
from textbook.operator import Batch, num_rows, take

HEADER = "# Copyright 2024 The Authors\n# Licensed under the Apache License, Version 2.0\n" + "# some more words\n" * 30


def rows(*texts: str) -> Batch:
    return {"id": [f"r{i:03d}" for i in range(len(texts))], "text": list(texts), "source": [None] * len(texts)}


def variants(seed: int, count: int = 12, copies: int = 4) -> list[str]:
    """Texts of random words, and copies of each with some of its words replaced."""
    rng = random.Random(seed)
    texts = []
    for _ in range(count):
        words = [f"w{rng.randrange(5000)}" for _ in range(rng.randrange(20, 120))]
        texts.append(" ".join(words))
        for _ in range(copies):
            changed = [f"new{rng.randrange(5000)}" if rng.random() < 0.02 else word for word in words]
            texts.append(" ".join(changed))
    rng.shuffle(texts)
    return texts


def fitted(batch: Batch, folder: Path, step: NearDuplicates | None = None, shards: int = 1) -> DropNearDuplicates:
    step = step or NearDuplicates()
    parts = [take(batch, range(i, num_rows(batch), shards)) for i in range(shards)]
    return step.finish([step.partial([part]) for part in parts], folder)


def dropped(batch: Batch, folder: Path, step: NearDuplicates | None = None) -> dict[str, tuple[str, float]]:
    out = fitted(batch, folder, step)(batch)
    columns = zip(out["id"], out["near_duplicate_of"], out["near_duplicate_similarity"], strict=True)
    return {row: (kept, similarity) for row, kept, similarity in columns if kept is not None}


def word_sets(batch: Batch) -> dict[str, set[tuple[str, ...]]]:
    def shingles(text: str) -> set[tuple[str, ...]]:
        words = text.split()
        return {tuple(words[i : i + 5]) for i in range(len(words) - 4)}

    return {row: shingles(text) for row, text in zip(batch["id"], batch["text"], strict=True)}


def jaccard(a: set, b: set) -> float:
    return len(a & b) / len(a | b)


@pytest.fixture(params=["numba", "numpy"])
def kernel(request, monkeypatch):
    if request.param == "numpy":
        monkeypatch.setattr(kernels, "compiled", lambda: None)
    elif kernels.compiled() is None:
        pytest.skip("numba is not installed")


@pytest.mark.parametrize("cluster", ["connected", "star"])
def test_keeps_the_contract(kernel, cluster):
    check_step(NearDuplicates(cluster=cluster), NearDuplicates.example()[1])


def test_finds_the_components_of_a_brute_force_join(kernel, tmp_path):
    batch = rows(*variants(0))
    sets = word_sets(batch)
    component = {row: row for row in sets}
    for a, b in itertools.combinations(sets, 2):
        if jaccard(sets[a], sets[b]) >= 0.7:
            old, new = max(component[a], component[b]), min(component[a], component[b])
            component = {row: new if at == old else at for row, at in component.items()}
    expected = {row: (kept, jaccard(sets[row], sets[kept])) for row, kept in component.items() if row != kept}
    found = dropped(batch, tmp_path)
    assert len(expected) > 25
    assert {row: kept for row, (kept, _) in found.items()} == {row: kept for row, (kept, _) in expected.items()}
    assert all(similarity == pytest.approx(expected[row][1]) for row, (_, similarity) in found.items())


def test_numpy_and_numba_agree(monkeypatch, tmp_path):
    if kernels.compiled() is None:
        pytest.skip("numba is not installed")
    odd = [
        "z" * 255,
        "z" * 256,
        "z" * 257,
        "y" * 3000 + " a b c d e f",
        "",
        "x",
        "a b c d",
        "a b c d e",
        "a b c d e f",
        "a b c d e a b c d e",
        "é漢 \ud800 x",
        "\0",
        "b " * 999,
        "--",
    ]
    texts = [*variants(1), *odd, *odd]
    steps = [NearDuplicates(), NearDuplicates(0.5, 3, "star"), NearDuplicates(1.0, 1, bands=3, rows_per_band=2)]
    with_numba = [(s.partial([rows(*texts)]), fitted(rows(*texts), tmp_path / "a", s)) for s in steps]
    monkeypatch.setattr(kernels, "compiled", lambda: None)
    for step, (table, operator) in zip(steps, with_numba, strict=True):
        assert step.partial([rows(*texts)]).equals(table)
        assert fitted(rows(*texts), tmp_path / "b", step) == operator


@pytest.mark.parametrize("cluster", ["connected", "star"])
def test_neither_shards_nor_order_matter(tmp_path, cluster):
    batch, step = rows(*variants(2), *["same words again and again here"] * 3), NearDuplicates(cluster=cluster)
    whole = fitted(batch, tmp_path / "whole", step)
    for shards in (2, 7):
        shuffled = take(batch, random.Random(shards).sample(range(num_rows(batch)), num_rows(batch)))
        assert fitted(shuffled, tmp_path / str(shards), step, shards) == whole


@pytest.mark.parametrize("cluster", ["connected", "star"])
def test_a_bucket_too_large_to_compare_all(kernel, monkeypatch, tmp_path, cluster):
    batch, step = rows(*variants(8, 3, 25), *variants(9, 12, 1)), NearDuplicates(cluster=cluster)
    without_limit = len(dropped(batch, tmp_path / "without", step))
    monkeypatch.setattr(buckets, "WINDOW", 3)
    whole = fitted(batch, tmp_path / "whole", step)
    shuffled = take(batch, random.Random(0).sample(range(num_rows(batch)), num_rows(batch)))
    assert fitted(shuffled, tmp_path / "parts", step, 5) == whole
    assert sum(kept is not None for kept in whole(batch)["near_duplicate_of"]) > 0.9 * without_limit


def test_large_buckets_are_compared_alike_with_and_without_numba(monkeypatch, tmp_path):
    if kernels.compiled() is None:
        pytest.skip("numba is not installed")
    monkeypatch.setattr(buckets, "WINDOW", 3)
    monkeypatch.setattr(buckets, "PAIRS_HELD", 5)
    batch = rows(*variants(8, 3, 25))
    compiled = fitted(batch, tmp_path / "a")
    monkeypatch.setattr(kernels, "compiled", lambda: None)
    assert fitted(batch, tmp_path / "b") == compiled


def test_leaves_no_scratch_behind(tmp_path):
    left_by_a_kill = tmp_path / ".near-duplicates" / "sets"
    left_by_a_kill.parent.mkdir()
    left_by_a_kill.write_bytes(b"half")
    operator = fitted(rows(*CHAIN), tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == [operator.duplicates.name]


def test_unrelated_texts_share_no_band(kernel):
    rng = random.Random(3)
    texts = [" ".join(f"w{rng.randrange(10**6)}" for _ in range(50)) for _ in range(40)]
    sketch = sketches(shingle_sets(texts, 5), 24, 5)
    for band in range(24):
        assert len(np.unique(band_hashes(sketch, band, 5))) == len(texts)


CHAIN = [" ".join(f"w{i}" for i in range(start, start + 100)) for start in (0, 12, 24)]


def test_a_chain_is_named_or_cut(tmp_path):
    chain = rows(*CHAIN)
    out = fitted(chain, tmp_path)(chain)
    assert out["near_duplicate_of"] == [None, "r000", "r000"]
    assert out["drop_reason"][1:] == [
        "near duplicate of r000 (0.78)",
        "near duplicate of r000 (0.60), by way of r001 (0.78)",
    ]
    assert set(dropped(chain, tmp_path, NearDuplicates(cluster="star"))) == {"r001"}


def test_every_row_of_a_star_is_close_to_one_that_stays(tmp_path):
    batch = rows(*variants(4), *CHAIN)
    sets, found = word_sets(batch), dropped(batch, tmp_path, NearDuplicates(cluster="star"))
    assert len(found) > 25
    for row, (kept, similarity) in found.items():
        assert kept not in found
        assert similarity == pytest.approx(jaccard(sets[row], sets[kept]))
        assert similarity >= 0.7


def test_who_stays(tmp_path):
    batch = rows(*[variants(5, 1, 0)[0]] * 4)
    batch |= {"source": ["long/name", "name", None, "name"], "score": [1.0, 2.0, None, 2.0]}
    assert set(dropped(batch, tmp_path)) == {"r000", "r002", "r003"}
    out = fitted(batch, tmp_path)(batch)
    assert out["drop_reason"][0] == "near duplicate of r001 (1.00, name)"
    scored = batch | {"score": [3, float("nan"), None, 2.0]}
    assert set(dropped(scored, tmp_path, NearDuplicates(prefer="score"))) == {"r001", "r002", "r003"}


def test_a_licence_makes_no_duplicates(tmp_path):
    one, other = variants(6, 2, 0)
    assert not dropped(rows(HEADER + one, HEADER + other, HEADER, HEADER.replace("2024", "2025")), tmp_path)
    assert set(dropped(rows(HEADER + one, one), tmp_path)) == {"r001"}


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (HEADER + "x = 1", "\nx = 1"),
        ("#!/bin/sh\n\n# SPDX-License-Identifier: MIT\necho", "\necho"),
        ("/* Copyright\n * me */\n#include <a.h>\nint x;", "\n#include <a.h>\nint x;"),
        ("// licence: none\n// more\ncode // copyright", "\ncode // copyright"),
        ("<!-- Copyright -->\n<p>", "\n<p>"),
        ("# a heading\nx = 1", "# a heading\nx = 1"),
        ("x = 1\n# copyright", "x = 1\n# copyright"),
        ("/* copyright never closed", "/* copyright never closed"),
    ],
)
def test_what_counts_as_a_licence(text, left):
    assert without_licence(text).strip() == left.strip()


def test_short_texts(kernel, tmp_path):
    batch = rows("a b c", "a, b; c", "a b", "", "", "()", "a b c d e", "a b c d e")
    assert {row: kept for row, (kept, _) in dropped(batch, tmp_path).items()} == {
        "r001": "r000",
        "r004": "r003",
        "r007": "r006",
    }


def test_many_equal_rows_cost_no_square(kernel, tmp_path):
    texts = variants(7, 1, 0) * 5000
    assert len(dropped(rows(*texts), tmp_path)) == 4999


@pytest.mark.parametrize("wrong", [{"threshold": 0}, {"threshold": 1.1}, {"shingle": 0}, {"cluster": "stars"}])
def test_refuses_values_without_a_meaning(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        NearDuplicates(**wrong)
