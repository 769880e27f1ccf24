"""Semantic duplicates: exact among few rows, nearly so among many, and always the same ones stay."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textbook.curation import semantic_duplicates
from textbook.curation.encoders import HashedWords, SentenceEncoder
from textbook.curation.semantic_duplicates import SemanticDuplicates, star
from textbook.engine import curate
from textbook.lineage import fingerprint


def planted(rows: int, copies: int, noise: float, seed: int = 0) -> np.ndarray:
    """Unit vectors of which the last `copies` are close to the first."""
    rng = np.random.default_rng(seed)
    vectors = rng.standard_normal((rows, 64)).astype(np.float32)
    vectors[rows - copies :] = vectors[:copies] + noise * rng.standard_normal((copies, 64)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def greedy(vectors: np.ndarray, threshold: float) -> set[int]:
    """Who goes, one row at a time."""
    kept: list[int] = []
    for i, vector in enumerate(vectors):
        if not kept or (vectors[kept] @ vector).max() < threshold:
            kept.append(i)
    return set(range(len(vectors))) - set(kept)


@given(st.integers(0, 60), st.integers(1, 7), st.sampled_from([0.3, 0.6, 0.9]), st.integers(0, 5))
def test_blocks_are_exact(rows, block_rows, threshold, seed):
    vectors = np.random.default_rng(seed).standard_normal((rows, 3)).astype(np.float32)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(semantic_duplicates, "BLOCK_ROWS", block_rows)
        matches = star(vectors, threshold)
    gone = np.flatnonzero(matches.kept != np.arange(rows))
    assert set(gone.tolist()) == greedy(vectors, threshold)
    for i in gone:
        stays = matches.kept[i]
        assert matches.kept[stays] == stays, "no chains"
        assert vectors[i] @ vectors[stays] == pytest.approx(matches.similarity[i], abs=1e-5)
        assert matches.similarity[i] >= threshold


def test_cells_find_nearly_all(monkeypatch):
    vectors = planted(3000, 500, 0.03)
    assert (star(vectors, 0.9).kept != np.arange(3000)).sum() == 500
    monkeypatch.setattr(semantic_duplicates, "CELL_ROWS", 300)
    found = (star(vectors, 0.9).kept != np.arange(3000)).sum()
    assert 480 <= found <= 500


TEXTS = [
    "A stack is last in, first out.",
    "a STACK is: first out, last in",
    "A queue keeps the order in which things came.",
    "A queue keeps the order in which things came!",
    "Recursion calls itself.",
    "",
    "",
]
ROWS = [{"id": f"r{i}", "text": text, "edu_score": float(i), "source": "s" * (9 - i)} for i, text in enumerate(TEXTS)]


def test_who_stays_is_named_and_does_not_depend_on_order():
    for rows in (ROWS, ROWS[::-1]):
        dropped = curate(rows, SemanticDuplicates(HashedWords(), 0.9)).dropped
        assert {row["id"]: row["semantic_duplicate_of"] for row in dropped.to_list()} == {"r0": "r1", "r2": "r3"}
        assert dropped[0]["drop_reason"].startswith("semantic duplicate of r")
        assert all(0.9 <= cosine <= 1 for cosine in dropped["semantic_similarity"])


def test_the_preferred_row_stays():
    prefer = SemanticDuplicates(HashedWords(), 0.9, prefer="edu_score")
    rows = [row | {"source": "s"} for row in ROWS]
    assert sorted(curate(rows, prefer).dropped["id"]) == ["r0", "r2"]
    worst_first = [row | {"edu_score": -row["edu_score"]} for row in rows]
    assert sorted(curate(worst_first, prefer).dropped["id"]) == ["r1", "r3"]


def test_a_row_without_a_preference_goes_first():
    rows = [row | {"edu_score": None if row["id"] in ("r1", "r3") else 0.0} for row in ROWS]
    prefer = SemanticDuplicates(HashedWords(), 0.9, prefer="edu_score")
    assert sorted(curate(rows, prefer).dropped["id"]) == ["r1", "r3"]


def test_no_rows(tmp_path):
    step = SemanticDuplicates(HashedWords())
    assert step.finish([], tmp_path).duplicates.read().num_rows == 0
    assert isinstance(step.partial([]), pa.Table)


def test_the_encoder_is_part_of_the_fingerprint():
    assert fingerprint(SemanticDuplicates(HashedWords(64))) != fingerprint(SemanticDuplicates(HashedWords(128)))


def test_an_encoder_without_an_identity_is_refused():
    class Plain:
        def encode(self, texts):
            return np.zeros((len(texts), 2))

    with pytest.raises(TypeError, match="attribute `identity: str`"):
        fingerprint(SemanticDuplicates(Plain()))


def test_a_model_is_known_by_its_files(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    before = SentenceEncoder(str(tmp_path)).identity
    assert SentenceEncoder(str(tmp_path), revision="abc").identity.endswith("@abc")
    assert before.startswith("folder:")
    with pytest.raises(ValueError, match="without a revision; give revision="):
        SentenceEncoder("someone/some-model")
