"""Kept tokens against expected quality: exact counts, whatever the pool; thresholds, warnings, page."""

import json
import random
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from browser import dump_dom
from evaluation_rows import labels, rows, sample
from folders import folder_of
from hypothesis import given, settings
from hypothesis import strategies as st

from textbook.curation.annotate.labels import Labels
from textbook.curation.annotate.rubric import Rubric
from textbook.curation.educational_value import EducationalValue
from textbook.curation.educational_value.evaluation.calibration import Calibration
from textbook.curation.educational_value.evaluation.curve import Curve
from textbook.curation.educational_value.evaluation.pool import curve
from textbook.curation.educational_value.evaluation.score_counts import ScoreCounts
from textbook.keep import Keep
from textbook.tokens import count

pytest.importorskip("sklearn")


@pytest.fixture(scope="module")
def calibration() -> Calibration:
    """At each score the label is the score, of 30 groups of alike rows."""
    rng = np.random.default_rng(0)
    scores, groups = rng.uniform(0, 5, 3000), rng.integers(30, size=3000)
    found = np.clip(np.rint(scores + rng.normal(0, 0.4, 3000)), 0, 5)
    return Calibration.of(scores, found, found >= 3, groups, seed=0, num=200)


@pytest.fixture(scope="module")
def scorer() -> EducationalValue:
    return EducationalValue.fit(labels(), "fast")


def curve_of(calibration, scores, tokens) -> Curve:
    counts = ScoreCounts(0, 5)
    counts.add(np.float32(scores).tolist(), tokens)
    return Curve(counts, calibration, good=3.0, how="held out")


ROWS = st.lists(st.tuples(st.floats(0, 5, width=32), st.integers(0, 1000)), min_size=1, max_size=40)


@settings(max_examples=40)
@given(ROWS, st.integers(0, 9000))
def test_a_threshold_keeps_what_it_says(calibration, given_, budget):
    scores, tokens = zip(*given_, strict=True)
    found = curve_of(calibration, scores, tokens)
    threshold = found.threshold_for(tokens=budget)
    reasons = Keep("s", at_least=threshold)({"s": list(scores)})["drop_reason"]
    kept = [row for row, reason in zip(given_, reasons, strict=True) if reason is None]
    assert sum(size for _, size in kept) <= budget
    rest = [score for score, _ in given_ if score < threshold]
    if rest:  # the next bin below would take too many
        best = max(rest)
        more = sum(size for score, size in given_ if score >= best - found.counts.unit)
        assert more > budget
    if any(size for _, size in kept):
        point = found.at(tokens=budget)
        assert point.tokens == sum(size for _, size in kept)
        assert point.rows == len(kept)
        assert found.at(threshold=threshold).tokens == point.tokens


def test_expected_quality_is_that_of_the_labels(calibration):
    rng = np.random.default_rng(1)
    scores = rng.uniform(0, 5, 20_000)
    found = curve_of(calibration, scores, np.full(20_000, 7))
    point = found.at(share=0.2)
    assert point.share == pytest.approx(0.2, abs=0.001)
    assert point.threshold == pytest.approx(4, abs=0.05)
    assert point.label.value == pytest.approx(4.5, abs=0.15)
    assert point.label.low < point.label.value < point.label.high
    assert point.marginal_label.value == pytest.approx(4.05, abs=0.25)
    assert point.good.value > 0.98
    whole = found.at(share=1)
    assert whole.label.value == pytest.approx(2.5, abs=0.1)
    assert whole.marginal_label.value < 0.3
    assert found.good_threshold == pytest.approx(3, abs=0.15)
    assert found.good_tokens == pytest.approx(0.4 * found.tokens, rel=0.08)
    assert (np.diff([point.good.value for point in found.points]) < 1e-9).all()
    assert len(found.points) == 50


def test_long_texts_weigh_more(calibration):
    found = curve_of(calibration, [4.5, 0.5], [100, 900])
    assert found.at(share=1).good.value == pytest.approx(0.1, abs=0.02)
    assert found.at(tokens=999).rows == 1


def test_a_budget_beyond_what_is_good_is_warned_of(calibration):
    found = curve_of(calibration, np.linspace(0, 5, 1001), np.full(1001, 10))
    assert found.warning_for(share=0.3) is None
    warning = found.warning_for(share=0.6)
    assert warning.startswith("the last ")
    assert warning.endswith(" of these tokens are expected below 3")
    assert float(warning.split()[2]) == pytest.approx(100 * (1 - found.good_tokens / (0.6 * found.tokens)), abs=1)
    assert found.at(share=0.6).below == pytest.approx(1 / 3, abs=0.06)
    assert "more than the 10k there are" in found.warning_for(tokens=20_000)
    assert "no text fits" in found.warning_for(tokens=3)


def test_questions_that_make_no_sense(calibration):
    found = curve_of(calibration, [4.0], [10])
    for wrong in ({}, {"tokens": 1, "share": 1}, {"tokens": -1}, {"share": float("nan")}):
        with pytest.raises(ValueError, match="expected one of them"):
            found.threshold_for(**wrong)
    with pytest.raises(ValueError, match="one of tokens=, share= and threshold="):
        found.at(threshold=1, tokens=1)
    with pytest.raises(ValueError, match="nothing is kept"):
        found.at(tokens=5)
    with pytest.raises(ValueError, match="nothing is kept"):
        found.at(threshold=4.5)


def test_an_empty_pool(scorer, tmp_path):
    counts = ScoreCounts(0, 5)
    found = Curve(counts, curve(scorer.model, [{"text": "x = 1"}]).calibration, 3.0, "held out")
    assert (found.tokens, found.rows, found.points) == (0, 0, ())
    assert found.warning_for(share=0.5) == "there are no tokens to keep"
    assert "no tokens to choose from" in found.html()
    str(found)


def test_scores_that_are_missing_or_off_the_scale(calibration):
    counts = ScoreCounts(0, 5)
    counts.add([None, float("nan"), 7.0, -1.0, 3.0], [1, 1, 2, None, 4])
    assert (counts.num_missing, counts.num_outside) == (2, 2)
    assert counts.rows.sum() == 3
    assert counts.tokens.sum() == 6
    assert Curve(counts, calibration, 3.0, "held out").at(threshold=5).tokens == 2


def pool(num: int) -> list[dict]:
    rng = random.Random(0)
    return [{"id": str(i), "text": sample(i % 4, rng), "source": f"p=={i}:a.py"} for i in range(num)]


def test_rows_are_scored_and_counted(scorer):
    given_ = pool(60)
    found = scorer.curve(given_)
    texts = [row["text"] for row in given_]
    assert found.rows == 60
    assert found.tokens == sum(count(texts))
    scores, sizes = scorer.score(texts).scores, np.array(count(texts))
    threshold = found.threshold_for(share=0.4)
    assert found.at(threshold=threshold).tokens == sizes[scores >= threshold].sum()
    assert any("which are few" in warning for warning in found.warnings)


def test_a_folder_gives_the_same_without_scoring_again(scorer, tmp_path):
    given_ = pool(40)
    texts = [row["text"] for row in given_]
    scored = [
        row | {"edu_score": float(score), "num_tokens": size}
        for row, score, size in zip(given_, scorer.score(texts).scores, count(texts), strict=True)
    ]
    folder = folder_of(tmp_path / "out", scored, edu_score="float32", num_tokens="int64")
    expected = scorer.curve(given_).to_dict()
    del expected["warnings"]
    for data in (folder, folder.path, str(folder.path), scored):
        found = scorer.curve(data).to_dict()
        assert {name: value for name, value in found.items() if name != "warnings"} == expected


def test_scores_of_another_scorer_are_told(scorer, tmp_path):
    from textbook.curation.sources import Rows
    from textbook.engine import run

    other = EducationalValue.fit(labels(seed=7), "fast")
    for step, warned in ((scorer, False), (other, True)):
        folder = run((step,), Rows(pool(12)), tmp_path / str(warned), progress=False)
        found = scorer.curve(folder)
        assert any("by another scorer" in warning for warning in found.warnings) is warned
        assert found.rows == 12


def test_a_pool_of_texts_fitted_on_is_told(scorer):
    fitted_on = [{"text": row.text} for row in labels().train[:9]]
    assert any("9 texts of the pool are among those" in warning for warning in scorer.curve(fitted_on).warnings)
    assert not any("of the pool are among" in warning for warning in scorer.curve(pool(20)).warnings)


def test_labels_say_what_scores_are_worth(scorer):
    own, given_ = scorer.curve(pool(20)), scorer.curve(pool(20), labels())
    assert own.calibration.num_rows == len(labels().train)
    assert given_.calibration.num_rows == len(labels().evaluation)
    assert (own.how, given_.how) == ("cross-validated", "held out")
    train = Labels.from_rows([row for row in rows() if row["split"] == "train"])
    assert scorer.curve(pool(20), train).calibration.num_rows == len(train.train)
    forgetful = replace(scorer.model, held_out=None)
    with pytest.raises(ValueError, match="fitted on all of these labels"):
        curve(forgetful, pool(20), train, fitted_on=scorer.model.held_out.seen)
    with pytest.raises(ValueError, match="give labels="):
        curve(forgetful, pool(20))
    other = Rubric("other", "Another scale.", low=1, high=7)
    with pytest.raises(ValueError, match="follow the rubric 'other', the scorer another"):
        scorer.curve(pool(20), Labels.from_rows([{"text": "x", "label": 3}], rubric=other))


def test_memory_does_not_grow_with_the_pool(calibration):
    counts = ScoreCounts(0, 5)
    rng = np.random.default_rng(0)
    counts.add(rng.uniform(0, 5, 1000).tolist(), [1] * 1000)
    tracemalloc.start()
    for _ in range(20):
        counts.add(rng.uniform(0, 5, 5000).tolist(), [1] * 5000)
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size < 100_000
    assert counts.rows.sum() == 101_000


def test_the_page(calibration, tmp_path):
    found = curve_of(calibration, np.linspace(0, 5, 501), np.full(501, 10))
    json.dumps(found.to_dict(), allow_nan=False)
    dom = dump_dom(found.save(tmp_path / "curve.html"))
    assert dom.count("<polyline") == 4
    assert dom.count("<polygon") == 4
    assert "expected below 3 from here on" in dom
    assert "<iframe sandbox" in found._repr_html_()
    assert "good at the margin" in str(found)
    assert repr(found).startswith("Curve(501 rows, 5,010 tokens")
