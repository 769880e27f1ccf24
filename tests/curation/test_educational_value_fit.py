"""Fit, score, save and load: what a user does with labels of their own."""

import dataclasses
import pickle
import subprocess
import sys

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsRegressor

from tests.contract import ODD_TEXTS, UNSTORABLE_TEXTS, check_step
from tests.curation.labelled_programs import explained, labelled, table
from textbook.curation.annotate import Labels, Rubric
from textbook.curation.educational_value import (
    ByteNgrams,
    CodeColumns,
    Concatenated,
    DualRidge,
    EducationalValue,
    Embedded,
    Stacked,
    Standardised,
    out_of_fold,
)
from textbook.curation.encoders import HashedWords
from textbook.lineage import fingerprint

WORDS = Embedded(HashedWords(64))
STACK = Concatenated(Stacked(ByteNgrams(), DualRidge(), folds=3), CodeColumns())
WAYS = {
    "n-grams": (ByteNgrams(), DualRidge()),
    "n-grams and features": (Concatenated(ByteNgrams(), Standardised(CodeColumns(), 0.3)), DualRidge()),
    "sparse features, sklearn": (ByteNgrams(), Ridge()),
    "stack": (STACK, RandomForestRegressor(20)),
    "classifier": (CodeColumns(), RandomForestClassifier(20)),
    "encoder": (WORDS, LogisticRegression()),
    "trees on n-grams": (Concatenated(ByteNgrams(), WORDS), RandomForestRegressor(5, max_features=0.02)),
}


@pytest.fixture(scope="module")
def labels() -> Labels:
    return labelled(evaluation=30)


@pytest.fixture(scope="module")
def fast(labels) -> EducationalValue:
    return EducationalValue.fit(labels, "fast")


def tells_apart(scores) -> bool:
    """Of three programs, the first is explained, the others are a table and glue."""
    return min(scores[::3]) > max(*scores[1::3], *scores[2::3])


@pytest.mark.parametrize("way", WAYS)
def test_any_features_and_head_learn_and_come_back_the_same(labels, tmp_path, way):
    features, head = WAYS[way]
    scorer = EducationalValue.fit(labels, features=features, head=head)
    texts = [row.text for row in labels.evaluation]
    found = scorer.score(texts)
    assert tells_apart(found.scores)
    loaded = EducationalValue.load(scorer.save(tmp_path / "scorer"))
    assert loaded == scorer and fingerprint(loaded) == fingerprint(scorer)
    assert all((one == other).all() for one, other in zip(loaded.score(texts), found, strict=True))
    assert [loaded.score([text]).scores[0] for text in texts] == found.scores.tolist()
    twin = pickle.loads(pickle.dumps(scorer))
    assert twin == scorer and (twin.score(texts).scores == found.scores).all()


def test_a_fitted_scorer_passes_the_contract(fast):
    _, batch = EducationalValue.example()
    check_step(fast, batch)


def test_the_same_labels_and_seed_give_the_same_scorer_another_seed_another(labels):
    head = RandomForestRegressor(5)
    one, same = (EducationalValue.fit(labels, features=CodeColumns(), head=head, seed=1) for _ in range(2))
    assert one == same
    assert one != EducationalValue.fit(labels, features=CodeColumns(), head=head, seed=2)
    assert head.random_state is None and not hasattr(head, "estimators_")


def test_the_order_of_labels_does_not_matter_to_who_is_held_out(labels):
    turned = Labels(labels.rows[::-1], labels.rubric)
    one, other = out_of_fold(labels, "fast"), out_of_fold(turned, "fast")
    first = {row.id: fold for row, fold in zip(one.rows, one.folds, strict=True)}
    assert {row.id: fold for row, fold in zip(other.rows, other.folds, strict=True)} == first


def test_no_group_is_fitted_on_and_held_out(labels):
    found = out_of_fold(labels, "fast", folds=4)
    assert len(found.rows) == len(labels.rows) == len(found.scores)
    assert set(found.folds) == {0, 1, 2, 3}
    for group in set(found.groups):
        assert len(set(found.folds[found.groups == group])) == 1


def test_out_of_fold_is_what_a_fit_without_the_group_says(labels):
    found = out_of_fold(labels, "fast", folds=3)
    held = found.folds == 1
    kept = {row.id for row, out in zip(found.rows, held, strict=True) if not out}
    rest = [dataclasses.replace(row, split="train") for row in labels.rows if row.id in kept]
    alone = EducationalValue.fit(Labels(tuple(rest), labels.rubric), "fast")
    said = alone.score([row.text for row, out in zip(found.rows, held, strict=True) if out])
    assert np.allclose(said.scores, found.scores[held], atol=1e-3)


def test_stacked_features_are_held_out_while_fitting(labels):
    """An inner head that knows its texts by heart must not pass that on to the head above it."""
    features = Stacked(ByteNgrams(), KNeighborsRegressor(1), folds=3)
    shuffled = [dataclasses.replace(row, label=(number * 7) % 6) for number, row in enumerate(labels.train)]
    nonsense = Labels(tuple(shuffled), labels.rubric)
    model = EducationalValue.fit(nonsense, features=features, head=Ridge()).model
    weight = float(model.head.model.weights[0][0])
    assert abs(weight) < 0.4, "on labels that mean nothing, what is held out foretells nothing"


def test_confidence_is_calibrated_and_falls_for_what_is_unlike_the_labels(labels, fast):
    held = fast.model.held_out
    good = held.labels >= 3
    chance = fast.model.calibration.probability(held.scores)
    assert abs(chance.mean() - good.mean()) < 0.05
    assert ((chance > 0.5) == good).mean() > 0.9
    known = fast.score([row.text for row in labels.evaluation])
    strange = fast.score(["教育的価値とは何か、例を挙げて説明します。" * 30, "<html><body>" + "<p>word</p>\n" * 80])
    assert strange.confidence.max() == 0.5
    assert np.median(known.confidence) > 0.9
    assert (known.confidence >= 0.5).all() and (known.confidence <= 1).all()


@pytest.mark.parametrize("rubric", [
    Rubric("stars", "how good it is", low=1, high=10, good=6),
    Rubric("share", "how good it is", low=-1, high=1, whole=False, good=0.1),
])  # fmt: skip
def test_a_rubric_with_another_scale(rubric, tmp_path):
    labels = labelled(rubric=rubric)
    for features, head in ((ByteNgrams(), DualRidge()), (CodeColumns(), RandomForestClassifier(20))):
        scorer = EducationalValue.fit(labels, features=features, head=head)
        rng = __import__("random").Random(5)
        good, poor, blank = scorer.score([explained(rng), table(rng), ""]).scores
        assert rubric.high >= good > rubric.threshold > poor >= rubric.low == blank
        assert EducationalValue.load(scorer.save(tmp_path)).model.scale == scorer.model.scale


def test_missing_labels_are_skipped(labels, fast):
    missing = [dataclasses.replace(row, id=f"m{row.id}", label=None, error="refused") for row in labels.train[:20]]
    again = EducationalValue.fit(Labels((*labels.rows, *missing), labels.rubric), "fast")
    assert again == fast


def test_features_for_prose_and_other_languages(labels):
    texts = ["Prose, which is no code at all; it goes on.", "int main(void) { return 0; }\n", "{}", "x", "漢字"]
    for features, head in (WAYS["stack"], WAYS["n-grams and features"]):
        assert np.isfinite(EducationalValue.fit(labels, features=features, head=head).score(texts).scores).all()


def test_odd_texts_do_no_harm_to_a_fit(labels):
    odd = [*(ODD_TEXTS | UNSTORABLE_TEXTS).values()]
    rows = [dataclasses.replace(row, text=odd[at % len(odd)]) if at % 2 else row for at, row in enumerate(labels.train)]
    scorer = EducationalValue.fit(Labels(tuple(rows), labels.rubric), "fast")
    assert np.isfinite(scorer.score(odd).scores).all()


def refused(labels, message, **options):
    with pytest.raises(ValueError, match=message):
        EducationalValue.fit(labels, **options)


def test_too_little_to_fit_on_is_said(labels):
    rows = labels.train
    refused(Labels(rows[:20], labels.rubric), "20 labels to fit on, expected at least 30")
    refused(Labels(tuple(dataclasses.replace(row, label=2) for row in rows), labels.rubric), "0 of 90 labels are 3 or")
    one = Labels(tuple(dataclasses.replace(row, group="all") for row in rows), labels.rubric)
    refused(one, "one group, 'all'.*name them with the column `group`")
    lacking = Labels((dataclasses.replace(rows[0], text=None, source="a.py"), *rows[1:]), labels.rubric)
    refused(lacking, "'r0' has no text")
    refused("labels.jsonl", "got str, expected Labels; read a file")
    refused(labels, "no preset 'bset'; expected one of best, fast, paper, fineweb_edu", preset="bset")
    refused(labels, "'fast' embeds nothing", preset="fast", encoder=HashedWords())
    refused(labels, "one of them", features=ByteNgrams(), encoder=HashedWords())
    refused(labels, "the head is 3", head=3, preset="fast")


def test_good_samples_of_one_group_only_are_too_few_for_a_classifier(labels):
    rows = [dataclasses.replace(row, group="good" if row.label >= 3 else row.group) for row in labels.train]
    one_sided = Labels(tuple(rows), labels.rubric)
    refused(one_sided, "all on one side of 3.*label samples of more groups", preset="paper", encoder=HashedWords())
    assert EducationalValue.fit(one_sided, "fast")


class Broken:
    """Features of a user that go wrong."""

    identity = "broken"

    def __init__(self, found):
        self.found = found

    def transform(self, heads):
        return self.found(len(heads))


@pytest.mark.parametrize(("found", "message"), [
    (lambda rows: np.full((rows, 2), np.nan), "not finite"),
    (lambda rows: np.zeros(rows), r"shape \(120,\)|shape \(90,\)"),
    (lambda rows: np.zeros((rows + 1, 2)), "one row a text"),
    (lambda rows: np.array([["a"]] * rows), "expected numbers"),
])  # fmt: skip
def test_features_that_go_wrong_are_named(labels, found, message):
    refused(labels, f"Broken gave.*{message}", features=Broken(found), head=Ridge())


def test_features_of_a_user_score_but_are_not_saved(labels, tmp_path):
    lengths = Broken(lambda rows: np.arange(rows)[:, None])
    scorer = EducationalValue.fit(labels, features=lengths, head=Ridge())
    assert np.isfinite(scorer.score(["x", "y"]).scores).all()
    with pytest.raises(ValueError, match="Broken can't be saved.*pickle"):
        scorer.save(tmp_path)
    assert not list(tmp_path.iterdir())


def test_an_estimator_that_is_no_arrays_scores_but_is_not_saved(labels, tmp_path):
    scorer = EducationalValue.fit(labels, features=CodeColumns(), head=KNeighborsRegressor(3))
    good, poor = scorer.score([labels.train[0].text, labels.train[1].text]).scores
    assert good > poor
    assert pickle.loads(pickle.dumps(scorer)) == scorer
    with pytest.raises(ValueError, match="Estimator can't be saved: only the features of this package, linear models"):
        scorer.save(tmp_path)


def test_a_preset_with_an_encoder_in_place_of_its_own(labels, tmp_path):
    texts = [row.text for row in labels.evaluation]
    for preset in ("paper", "fineweb_edu"):
        scorer = EducationalValue.fit(labels, preset, encoder=HashedWords(32))
        assert EducationalValue.load(scorer.save(tmp_path)) == scorer
        assert tells_apart(scorer.score(texts).scores)


def test_the_paper_s_model_has_to_be_named(labels):
    refused(labels, "needs encoder=CausalLMEmbedding.'Salesforce/codegen-350M-mono', revision=COMMIT", preset="paper")


def test_without_torch_or_a_model_the_remedy_is_named(labels):
    program = """
import sys
class Missing:
    def find_spec(name, path=None, target=None):
        if name in ("torch", "sentence_transformers"):
            raise ModuleNotFoundError(name, name=name)
sys.meta_path.insert(0, Missing)
from tests.curation.labelled_programs import labelled
from textbook.curation.educational_value import EducationalValue
from textbook.curation.encoders import CausalLMEmbedding
for preset, encoder in (("paper", CausalLMEmbedding("some/model", "0" * 40)), ("fineweb_edu", None)):
    try:
        EducationalValue.fit(labelled(), preset, encoder=encoder)
    except ModuleNotFoundError as error:
        print(error)
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.count("pip install 'textbook-curation[embed]'") == 2, ran.stderr
