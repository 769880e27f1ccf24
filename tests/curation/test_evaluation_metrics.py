"""Metrics beside scikit-learn's and scipy's, on rows repeated as often as they weigh; intervals; calibration."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textbook.curation import metrics
from textbook.curation.annotate import agreement
from textbook.curation.educational_value.evaluation.bootstrap import Estimate, draws, estimates, numbered
from textbook.curation.educational_value.evaluation.calibration import (
    Calibration,
    expected_calibration_error,
    reliability,
    rising,
)
from textbook.curation.educational_value.evaluation.keeping import kept_shares

sklearn_metrics = pytest.importorskip("sklearn.metrics")

ROWS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 8), st.integers(0, 3)),
    min_size=2,
    max_size=40,
)


def arrays(rows):
    labels, scores, weights = (np.array(column, float) for column in zip(*rows, strict=True))
    repeated = np.repeat(np.arange(len(rows)), weights.astype(int))
    return labels, scores / 2, weights, repeated


@given(ROWS)
def test_metrics_are_those_of_rows_repeated(rows):
    labels, scores, weights, at = arrays(rows)
    good = labels >= 3
    found = {
        "auc": metrics.auc(good, scores, weights),
        "average_precision": metrics.average_precision(good, scores, weights),
        "f1": metrics.f1(good, scores >= 2, weights),
    }
    if len(at) and 0 < good[at].sum() < len(at):
        assert found["auc"] == pytest.approx(sklearn_metrics.roc_auc_score(good[at], scores[at]))
        expected = sklearn_metrics.average_precision_score(good[at], scores[at])
        assert found["average_precision"] == pytest.approx(expected)
        assert found["f1"] == pytest.approx(sklearn_metrics.f1_score(good[at], scores[at] >= 2, zero_division=0))
    else:
        assert np.isnan(found["auc"])
    stats = pytest.importorskip("scipy.stats")
    spearman = metrics.spearman(labels, scores, weights)
    if len(at) and np.ptp(labels[at]) and np.ptp(scores[at]):
        assert spearman == pytest.approx(stats.spearmanr(labels[at], scores[at])[0], abs=1e-9)
    else:
        assert np.isnan(spearman)


@given(ROWS)
def test_kappa_is_that_of_two_annotators(rows):
    labels, scores, weights, at = arrays(rows)
    rounded = np.rint(scores)
    expected = agreement.kappa(labels[at], rounded[at]) if len(at) else None
    found = metrics.kappa(labels, rounded, weights)
    assert np.isnan(found) if expected is None else found == pytest.approx(expected, abs=1e-9)


@given(ROWS)
def test_many_draws_at_once_are_one_after_another(rows):
    labels, scores, weights, _ = arrays(rows)
    several = np.array([weights, np.ones(len(weights)), weights[::-1]])
    for metric in (metrics.spearman, metrics.kappa):
        apart = [metric(labels, scores, each) for each in several]
        np.testing.assert_allclose(metric(labels, scores, several), apart, rtol=1e-9, atol=1e-9)
    for metric in (metrics.auc, metrics.average_precision, lambda g, s, w: metrics.f1(g, s > 1, w)):
        apart = [metric(labels >= 3, scores, each) for each in several]
        np.testing.assert_allclose(metric(labels >= 3, scores, several), apart, rtol=1e-9, atol=1e-9)


@given(ROWS)
def test_no_threshold_has_a_better_f1(rows):
    labels, scores, _, _ = arrays(rows)
    good, ones = labels >= 3, np.ones(len(labels))
    best = metrics.best_threshold(good, scores)
    if best is None:
        assert good.all() or not good.any()
        return
    every = [float(metrics.f1(good, scores >= value, ones)) for value in set(scores)]
    assert float(metrics.f1(good, scores >= best, ones)) == pytest.approx(max(every))


def test_one_class_is_no_crash():
    ones = np.ones(5)
    for good in (np.zeros(5, bool), np.ones(5, bool)):
        assert np.isnan(metrics.auc(good, np.arange(5.0), ones))
        assert metrics.best_threshold(good, np.arange(5.0)) is None
    none = np.zeros(5, bool)
    found = estimates({"auc": lambda w: metrics.auc(none, np.arange(5.0), w)}, np.arange(5), 0)
    assert found == {"auc": Estimate(None)}
    found = estimates({"mean": lambda w: metrics.mean(np.ones(0), np.ones(0, bool), w)}, np.zeros(0, int), 0)
    assert found == {"mean": Estimate(None)}


def test_groups_are_drawn_whole_and_alike_every_time():
    groups = numbered(["b", "a", "b", "c"])
    assert groups.tolist() == [1, 0, 1, 2]
    drawn = np.concatenate(list(draws(groups, seed=1)))
    assert drawn.shape == (1000, 4)
    assert (drawn[:, 0] == drawn[:, 2]).all()
    assert set((drawn[:, 0] + drawn[:, 1] + drawn[:, 3]).tolist()) == {3.0}
    np.testing.assert_array_equal(drawn, np.concatenate(list(draws(groups, seed=1))))
    assert (drawn != np.concatenate(list(draws(groups, seed=2)))).any()


def test_rows_alike_within_groups_make_the_interval_wide():
    """Twenty groups of fifty equal rows tell no more than twenty rows."""
    values = np.repeat(np.random.default_rng(0).normal(size=20), 50)
    among = np.ones(1000, bool)

    def width(groups):
        found = estimates({"mean": lambda w: metrics.mean(values, among, w)}, groups, 0)["mean"]
        return found.high - found.low

    by_group, by_row = width(np.repeat(np.arange(20), 50)), width(np.arange(1000))
    assert by_group == pytest.approx(2 * 1.96 * values.std() / np.sqrt(20), rel=0.2)
    assert by_group > 5 * by_row


def test_one_group_has_no_interval():
    found = estimates({"mean": lambda w: metrics.mean(np.arange(4.0), np.ones(4, bool), w)}, np.zeros(4, int), 0)
    assert found["mean"] == Estimate(1.5, None, None)
    assert str(found["mean"]) == "1.500"


@given(st.lists(st.tuples(st.floats(-9, 9), st.floats(0.1, 5)), min_size=1, max_size=30))
def test_what_rises_is_closest(pairs):
    sklearn = pytest.importorskip("sklearn.isotonic")
    values, weights = (np.array(column) for column in zip(*pairs, strict=True))
    expected = sklearn.IsotonicRegression().fit(np.arange(len(values)), values, sample_weight=weights)
    np.testing.assert_allclose(rising(values, weights), expected.predict(np.arange(len(values))), atol=1e-6)


def test_calibration_error_of_claims_that_are_off():
    good = np.array([True] * 6 + [False] * 4)
    assert float(expected_calibration_error(np.full(10, 0.9), good, np.ones(10))) == pytest.approx(0.3)
    assert float(expected_calibration_error(good.astype(float), good, np.ones(10))) == 0
    bins = reliability(np.array([0.0, 0.04, 1.0, 0.95]), np.array([False, True, True, True]))
    assert [bin.num for bin in bins] == [2, 2]
    assert bins[0].claimed == pytest.approx(0.02)
    assert bins[0].found == 0.5


def test_a_calibration_rises_and_finds_what_was_put_in():
    rng = np.random.default_rng(0)
    scores = rng.uniform(0, 5, 3000)
    labels = np.clip(np.rint(scores - 1 + rng.normal(0, 0.7, 3000)), 0, 5)
    groups = rng.integers(40, size=3000)
    found = Calibration.of(scores, labels, labels >= 3, groups, seed=0, num=200)
    assert (np.diff(found.label) >= 0).all()
    assert (np.diff(found.good_draws, axis=1) >= -1e-12).all()
    at = np.array([2.0, 3.0, 4.5])
    np.testing.assert_allclose(found.expected_label(at), at - 1, atol=0.15)
    with pytest.raises(ValueError, match="got none"):
        Calibration.of(np.zeros(0), np.zeros(0), np.zeros(0, bool), np.zeros(0, int), 0)


def test_kept_by_rows_and_by_tokens():
    """Ten texts, the best five good; the third is as long as all others together."""
    scores, good = np.arange(10.0)[::-1], np.arange(10) < 5
    tokens = np.where(np.arange(10) == 2, 90.0, 10.0)
    (kept,) = kept_shares(good * 5.0, scores, good, tokens, np.arange(10), 0, shares=(0.5,))
    assert kept.num_rows == 3
    assert kept.threshold == 7
    assert kept.precision.value == 1
    (kept,) = kept_shares(good * 5.0, scores, good, tokens, np.arange(10), 0, shares=(0.85,))
    assert (kept.num_rows, kept.precision.value) == (8, 5 / 8)
    assert kept.token_precision.value == pytest.approx(130 / 160)
    assert kept.marginal_precision.value < kept.precision.value
    assert kept.mean_label.value == pytest.approx(25 / 8)
