"""Heads: arrays that say what scikit-learn says, exactly, and features that are what they claim to be."""

import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.ensemble import (
    AdaBoostRegressor,
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
    VotingRegressor,
)
from sklearn.linear_model import (
    BayesianRidge,
    ElasticNet,
    HuberRegressor,
    Lasso,
    LinearRegression,
    LogisticRegression,
    PoissonRegressor,
    Ridge,
    RidgeClassifier,
    RidgeCV,
    SGDClassifier,
)
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from textbook.curation.byte_ngrams import ByteNgramHash
from textbook.curation.educational_value import ByteNgrams, DualRidge, Standardised
from textbook.curation.educational_value.examples import Examples
from textbook.curation.educational_value.featurisers import transformed
from textbook.curation.educational_value.fitting import platt
from textbook.curation.educational_value.heads import Estimator, LinearModel, TreeEnsemble, fit_head
from textbook.curation.educational_value.matrix import Dense, Matrix

RNG = np.random.default_rng(0)
COLUMNS = (RNG.integers(0, 9, (300, 6)) / 7).astype(np.float32)  # values that thresholds fall on
COLUMNS[:, 5] *= 1_000
TARGETS = np.clip(np.round(COLUMNS[:, 0] * 2 + np.sin(COLUMNS[:, 1] * 9) + RNG.normal(0, 0.3, 300) + 1), 0, 5)
TESTED = np.concatenate([COLUMNS[:50], RNG.normal(0, 1, (100, 6)).astype(np.float32)])

GBR, RFR = GradientBoostingRegressor, RandomForestRegressor
TREES = [
    DecisionTreeRegressor(),
    DecisionTreeClassifier(),
    RFR(20),
    RFR(20, max_leaf_nodes=8),
    RandomForestClassifier(20),
    ExtraTreesRegressor(20),
    ExtraTreesClassifier(20),
    GBR(n_estimators=40),
    GBR(n_estimators=40, init="zero", loss="huber"),
    GradientBoostingClassifier(n_estimators=40),
    HistGradientBoostingRegressor(max_iter=30),
    HistGradientBoostingClassifier(max_iter=30),
    VotingRegressor([("a", GBR(n_estimators=20)), ("b", RFR(10))], weights=[3, 1]),
]
LINEAR = [
    Ridge(),
    RidgeCV(),
    LinearRegression(),
    Lasso(0.1),
    ElasticNet(0.1),
    BayesianRidge(),
    HuberRegressor(max_iter=2_000),
    LogisticRegression(max_iter=9_999),
    SGDClassifier(loss="log_loss"),
    make_pipeline(StandardScaler(), Ridge()),
    make_pipeline(StandardScaler(), LogisticRegression()),
]
OTHERS = [
    SVR(),
    AdaBoostRegressor(n_estimators=5),
    PoissonRegressor(max_iter=9_999),
    HistGradientBoostingRegressor(loss="poisson", max_iter=5),
    GradientBoostingClassifier(loss="exponential", n_estimators=5),
    GBR(init=DecisionTreeRegressor(max_depth=1), n_estimators=5),
    make_pipeline(StandardScaler(), RFR(5)),
    VotingRegressor([("a", RFR(5)), ("b", Ridge())]),
    MLPRegressor(hidden_layer_sizes=(4,), max_iter=3_000, tol=0.01),
]


def named(heads):
    return [pytest.param(head, id=f"{number} {' '.join(str(head).split())[:40]}") for number, head in enumerate(heads)]


def dense(columns) -> Matrix:
    return Matrix((Dense(np.asarray(columns, np.float32)),))


def both_say(head):
    """The head as fitted here, and what scikit-learn says of the tested rows."""
    fitted = fit_head(head, dense(COLUMNS), TARGETS, 3.0, seed=0)
    twin = clone(head)
    seeds = sorted(name for name, value in twin.get_params().items() if name.endswith("random_state") and value is None)
    twin.set_params(**{name: number for number, name in enumerate(seeds)})
    with warnings.catch_warnings(action="ignore"):
        twin.fit(COLUMNS, TARGETS >= 3 if fitted.gives_probability else TARGETS)
    return fitted, twin.predict_proba(TESTED)[:, 1] if fitted.gives_probability else twin.predict(TESTED)


@pytest.mark.parametrize("head", named(TREES))
def test_trees_become_arrays_that_say_the_same(head):
    fitted, expected = both_say(head)
    assert isinstance(fitted.model, TreeEnsemble)
    assert np.abs(fitted.predict(dense(TESTED)) - expected).max() < 2e-4


@pytest.mark.parametrize("head", named(LINEAR))
def test_linear_models_become_arrays_that_say_the_same(head):
    fitted, expected = both_say(head)
    assert isinstance(fitted.model, LinearModel)
    assert np.abs(fitted.predict(dense(TESTED)) - expected).max() < 1e-4


@pytest.mark.parametrize("head", named(OTHERS))
def test_other_estimators_score_as_they_are(head):
    fitted, expected = both_say(head)
    assert isinstance(fitted.model, Estimator)
    assert np.allclose(fitted.predict(dense(TESTED)), expected, atol=1e-5)


@pytest.mark.parametrize("head", [Ridge(), LogisticRegression(max_iter=9_999), RFR(20), GBR(n_estimators=20)])
def test_what_arrays_say_does_not_depend_on_the_rows_beside(head):
    fitted = fit_head(head, dense(COLUMNS), TARGETS, 3.0, seed=0)
    together = fitted.predict(dense(TESTED))
    assert [fitted.predict(dense(TESTED[at : at + 1]))[0] for at in range(len(TESTED))] == together.tolist()
    assert (fitted.predict(dense(TESTED[::-1]))[::-1] == together).all()


@pytest.mark.parametrize("head", [SVC(), RidgeClassifier(), "forest", Ridge, None, object()])
def test_what_is_no_head_is_refused(head):
    with pytest.raises(ValueError, match=r"expected DualRidge or|has no predict_proba; give a regressor"):
        fit_head(head, dense(COLUMNS), TARGETS, 3.0, seed=0)


def test_an_estimator_that_takes_no_sparse_features_says_so():
    matrix = transformed(ByteNgrams(), [f"text {at}" for at in range(300)])
    with pytest.raises(ValueError, match="HistGradientBoostingRegressor can't be fitted on these features"):
        fit_head(HistGradientBoostingRegressor(), matrix, TARGETS, 3.0, seed=0)


TEXTS = [f"def f{at}(x):\n    return x + {at}\n" * (at % 5) + "# " + "word " * at for at in range(40)]
NGRAMS = ByteNgrams(ByteNgramHash((1, 3), (3,), 8))


def test_a_dual_ridge_is_a_ridge():
    matrix, targets = transformed(NGRAMS, TEXTS), np.arange(40) % 6 + 0.0
    ours = fit_head(DualRidge(0.3), matrix, targets, 3.0, 0).predict(matrix)
    rows = matrix.for_sklearn().toarray()
    theirs = Ridge(0.3, fit_intercept=False).fit(rows, targets - targets.mean()).predict(rows) + targets.mean()
    assert np.abs(ours - theirs).max() < 0.02, "weights are rounded"


def test_sums_over_ngrams_are_those_over_their_matrix():
    matrix = transformed(NGRAMS, TEXTS)
    weights = RNG.integers(-255, 256, matrix.width).astype(np.int16)
    rows = matrix.for_sklearn().toarray()
    (hashed,) = matrix.parts
    assert np.allclose(hashed.dot(weights), rows @ weights)
    assert (hashed.dot(weights) == hashed.take(np.arange(40)).dot(weights)).all(), "bags give the same, to the last bit"
    assert np.allclose(matrix.gram, rows @ rows.T)
    some = np.array([7, 3, 3, 0])
    assert np.allclose(matrix.take(some).for_sklearn().toarray(), rows[some])
    assert np.allclose(matrix.take(some).gram, (rows @ rows.T)[np.ix_(some, some)])
    assert np.allclose(matrix.columns(np.array([0, 5, 300])), rows[:, [0, 5, 300]])
    assert np.linalg.norm(rows, axis=1).max() < 1 + 1e-9


def test_standardised_columns_have_no_mean_and_one_spread():
    class Lengths:
        identity = "lengths"

        def transform(self, heads):
            return np.array([[len(head), 3.0, head.count(" ")] for head in heads])

    examples = Examples.of(TEXTS, np.zeros(40), [""] * 40, 0.0, 0)
    fitted, matrix = Standardised(Lengths()).fit(examples)
    columns = matrix.columns(np.arange(3)) * np.sqrt(3)
    assert np.abs(columns.mean(axis=0)).max() < 0.2 and columns[:, 1].std() == 0
    assert np.allclose(columns[:, [0, 2]].std(axis=0), 1, atol=0.25), "far ones are held to three spreads"
    far = fitted.transform(["x" * 10**6, ""]).columns(np.arange(3)) * np.sqrt(3)
    assert np.abs(far).max() <= 3 + 1e-5


def test_folds_are_of_whole_groups_and_of_like_size():
    groups = [f"g{at % 7}" for at in range(98)] + ["large"] * 30
    examples = Examples.of([""] * 128, np.zeros(128), groups, 0.0, seed=4)
    folds = examples.folds(4)
    assert sorted(row for _, test in folds for row in test) == list(range(128))
    assert max(len(test) for _, test in folds) < 50
    for train, test in folds:
        assert not {groups[row] for row in train} & {groups[row] for row in test}
    assert len(Examples.of([""] * 3, np.zeros(3), ["a", "b", "b"], 0.0, 0).folds(5)) == 2


def test_platt_finds_the_function_that_labels_were_drawn_from():
    scores = RNG.uniform(0, 5, 20_000)
    good = RNG.random(20_000) < 1 / (1 + np.exp(-(2 * scores - 6)))
    slope, offset = platt(scores, good)
    assert (slope, offset) == (pytest.approx(2, abs=0.1), pytest.approx(-6, abs=0.3))


@pytest.mark.parametrize("scores", [np.zeros(40), np.r_[np.zeros(20), np.ones(20) * 5], np.linspace(5, 0, 40)])
def test_platt_of_scores_that_tell_nothing_or_everything_or_the_wrong_way_is_finite(scores):
    slope, offset = platt(scores, np.arange(40) >= 20)
    assert np.isfinite([slope, offset]).all() and slope >= 0
