"""A scorer evaluated: on rows it has not seen, by twins, with what belongs beside a number; as JSON, text and page."""

import json
import random
from dataclasses import replace

import numpy as np
import pytest
from browser import dump_dom
from evaluation_rows import labels, rows, sample

from textbook.curation.annotate.labels import Labels
from textbook.curation.annotate.rubric import Rubric
from textbook.curation.educational_value import EducationalValue
from textbook.curation.educational_value.evaluation import Evaluation, Recipe, evaluate, slices
from textbook.curation.educational_value.evaluation.pairs import KINDS
from textbook.curation.educational_value.model import Seen

pytest.importorskip("sklearn")

ATTACK = "</title></style><script>document.title='mine'</script>\"><img src=x onerror=alert(1)>\u202e"


@pytest.fixture(scope="module")
def labelled() -> Labels:
    return labels()


@pytest.fixture(scope="module")
def scorer(labelled) -> EducationalValue:
    return EducationalValue.fit(labelled, "fast")


@pytest.fixture(scope="module")
def evaluation(scorer, labelled) -> Evaluation:
    return scorer.report(labelled)


def test_both_ways_are_told_apart(evaluation, labelled):
    held, crossed = evaluation.held_out, evaluation.cross_validated
    assert (held.how, held.num_rows, held.num_groups) == ("held out", len(labelled.evaluation), 4)
    assert (crossed.how, crossed.num_rows, crossed.num_groups) == ("cross-validated", len(labelled.train), 8)
    assert evaluation.main is held
    assert evaluation.spearman is held.spearman
    assert held.num_good == sum(row.label >= 3 for row in labelled.evaluation)
    assert not any("fitted on" in warning for warning in evaluation.warnings)


def test_the_numbers_are_those_of_the_scores(evaluation, scorer, labelled):
    metrics = pytest.importorskip("sklearn.metrics")
    said = scorer.score([row.text for row in labelled.evaluation])
    good = np.array([row.label >= 3 for row in labelled.evaluation])
    assert evaluation.auc.value == pytest.approx(metrics.roc_auc_score(good, said.scores), abs=1e-6)
    kept = said.scores >= evaluation.main.threshold
    assert evaluation.f1.value == pytest.approx(metrics.f1_score(good, kept))
    assert evaluation.main.precision.value == pytest.approx(metrics.precision_score(good, kept))
    assert evaluation.main.brier.value == pytest.approx(metrics.brier_score_loss(good, said.probability), abs=1e-6)
    assert evaluation.main.bias.value == pytest.approx(
        np.mean(said.scores - np.array([row.label for row in labelled.evaluation])), abs=1e-6
    )
    for name in ("spearman", "auc", "average_precision", "kappa", "f1", "ece"):
        found = getattr(evaluation, name)
        assert found.low <= found.value <= found.high or name == "ece", name


def test_the_threshold_is_not_chosen_on_what_it_is_measured_on(scorer, labelled):
    """Other labels of the rows measured change F1 and leave the threshold."""
    dealt = [replace(row, label=5 - row.label) if row.split == "evaluation" else row for row in labelled.rows]
    found = [scorer.report(replace(labelled, rows=tuple(each))) for each in (labelled.rows, dealt)]
    assert found[0].main.threshold == found[1].main.threshold
    assert found[0].f1.value > found[1].f1.value


def test_what_stands_beside(evaluation, labelled):
    assert evaluation.ceiling.num == labelled.agreement().num > 5
    assert evaluation.ceiling.kappa == labelled.agreement().kappa
    assert 0 < evaluation.ceiling.f1 <= 1
    by_name = {baseline.name: baseline for baseline in evaluation.baselines}
    assert list(by_name) == ["length alone", "share of docstrings alone", "labels dealt at random"]
    assert all(baseline.auc.value < evaluation.auc.value for baseline in by_name.values())
    assert [point.num_labels for point in evaluation.learning_curve][-1] == len(labelled.train)
    assert evaluation.learning_curve[0].spearman <= evaluation.learning_curve[-1].spearman + 0.1
    assert {ranked.kind for ranked in evaluation.pairs} == set(KINDS)
    assert evaluation.bare_code.auc.value == pytest.approx(evaluation.auc.value)
    assert evaluation.bare_code.lost.value == pytest.approx(
        evaluation.bare_code.auc.value - evaluation.bare_code.bare_auc.value
    )
    assert evaluation.shift.rows_before == len(labelled.evaluation)
    assert evaluation.shift["Concepts"].distance > 0.05
    assert [stage.stage for stage in evaluation.throughput][-1] == "all of it"
    assert all(stage.texts_per_second > 0 for stage in evaluation.throughput)


def test_slices_part_the_rows(evaluation):
    for by in ("length", "comments", "kind", "group"):
        found = [each for each in evaluation.slices if each.by == by]
        assert found, by
        assert sum(each.num_rows for each in found) <= evaluation.main.num_rows
    kinds = {each.name: each for each in evaluation.slices if each.by == "kind"}
    assert kinds["one function"].mean_label > kinds["several parts"].mean_label
    texts = ["import a\n\n\ndef f():\n    return 1\n", "class A:\n    pass\n", "x = 1\ny = 2\n", "x = (\n"]
    assert [slices.kind_of(text) for text in texts] == ["one function", "one class", "several parts", "fragment"]


def test_the_worst_come_first(evaluation):
    apart = [abs(row.score - row.label) for row in evaluation.disagreements]
    assert len(apart) == 20
    assert apart == sorted(apart, reverse=True)
    assert evaluation.disagreements[0].reason == "made up"


def test_it_is_the_same_every_time(evaluation, scorer, labelled):
    again, first = (json.loads(json.dumps(e.to_dict(), allow_nan=False)) for e in (scorer.report(labelled), evaluation))
    for found in (again, first):
        del found["throughput"]
    assert again == first


def test_rows_that_were_fitted_on_are_left_out(scorer, labelled):
    seen = labelled.train[:40]
    moved = tuple(replace(row, group="fresh", split="evaluation", id=f"again {row.id}") for row in seen)
    mixed = replace(labelled, rows=(*labelled.rows, *moved))
    found = scorer.report(mixed)
    assert found.main.num_rows == len(labelled.evaluation)
    assert any("40 rows of the evaluation set are left out: the scorer was fitted on them" in w for w in found.warnings)
    rng = random.Random(5)
    group = labelled.train[0].group
    new = [{"id": f"new {i}", "text": sample(i % 4, rng), "label": 4 - i % 4, "group": group} for i in range(30)]
    only = Labels.from_rows([row | {"split": "evaluation"} for row in new])
    found = scorer.report(only)
    assert found.main.num_rows == 30
    assert any("of groups that the scorer was fitted on" in warning for warning in found.warnings)
    both = Labels.from_rows([*(row | {"split": "evaluation"} for row in new), *rows()[:20]])
    found = scorer.report(both)
    assert any("30 rows are left out: the scorer was fitted on others of their groups" in w for w in found.warnings)


def test_twins_fitted_now_say_what_twins_said_then(scorer, labelled):
    """What the scorer holds of when it was fitted is what cross-validation finds anew."""
    held = scorer.report(labelled).cross_validated
    anew = evaluate(replace(scorer.model, held_out=None), labelled, recipe=Recipe(*scorer.model.recipe)).cross_validated
    assert (anew.num_rows, anew.num_groups) == (held.num_rows, held.num_groups)
    assert anew.auc.value == pytest.approx(held.auc.value, abs=0.01)
    assert anew.spearman.value == pytest.approx(held.spearman.value, abs=0.01)
    assert anew.brier.value == pytest.approx(held.brier.value, abs=0.02)


def test_without_rows_unseen_there_are_twins(scorer, labelled):
    train = replace(labelled, rows=tuple(row for row in labelled.rows if row.split == "train"))
    found = scorer.report(train)
    assert found.held_out is None
    assert found.main is found.cross_validated
    assert any("no row is unseen by the scorer itself" in warning for warning in found.warnings)
    assert found.auc.value > 0.8
    assert found.bare_code.auc.value == pytest.approx(found.auc.value, abs=0.05)
    assert found.learning_curve
    assert found.pairs
    kept = evaluate(scorer.model, train, fitted_on=scorer.model.held_out.seen)  # nothing can be fitted again
    assert (kept.spearman, kept.bare_code, kept.learning_curve) == (found.spearman, None, ())
    forgetful = replace(scorer.model, held_out=None)
    with pytest.raises(ValueError, match="fitted on every labelled row"):
        evaluate(forgetful, train, fitted_on=scorer.model.held_out.seen)


def test_a_scorer_of_unknown_origin_is_measured_on_the_evaluation_set(scorer, labelled):
    found = evaluate(replace(scorer.model, held_out=None), labelled)
    assert found.cross_validated is None
    assert found.main.threshold_from == "that of the rubric"
    assert not found.learning_curve
    assert [baseline.name for baseline in found.baselines] == ["length alone", "share of docstrings alone"]
    assert any("not known what the scorer was fitted on" in warning for warning in found.warnings)


def test_one_class_few_rows_and_odd_texts_are_no_crash(scorer):
    texts = ["", " \n", "\ud800 lone", "x = 1\n" * 3000, "def f(:\n", "\0"]
    poor = [{"id": str(i), "text": text, "label": 0, "group": "g"} for i, text in enumerate(texts)]
    found = scorer.report(Labels.from_rows([row | {"split": "evaluation"} for row in poor]))
    assert (found.auc.value, found.f1.value, found.spearman.value) == (None, None, None)
    assert found.auc.low is None
    assert any("none of the rows is good" in warning for warning in found.warnings)
    assert any("6 rows of 1 groups are few" in warning for warning in found.warnings)
    assert "not cross-validated" in str(found)
    json.dumps(found.to_dict(), allow_nan=False)
    assert "none of the rows is good" in found.html()


def test_what_cannot_be_measured_says_so(scorer, labelled):
    with pytest.raises(ValueError, match="bring the texts first"):
        scorer.report(labelled.without_texts())
    none = Labels.from_rows([{"text": "x", "label": None}])
    with pytest.raises(ValueError, match="none of the 1 rows has a label"):
        scorer.report(none)


def test_another_scale(labelled):
    """From 1 to 10, and not whole."""
    rubric = Rubric("ten", "From 1 to 10.", low=1, high=10, whole=False, good=6.5, language="German prose")
    ten = Labels.from_rows([row | {"label": row["label"] * 1.7 + 1.25} for row in rows()], rubric=rubric)
    found = EducationalValue.fit(ten, "fast").report(ten)
    assert found.good == 6.5
    assert found.language is None
    assert found.auc.value > 0.8
    assert found.ceiling.num
    found.html()


def test_a_pool_shows_its_licences(scorer, labelled):
    rng = random.Random(3)
    pool = [
        {"text": sample(i % 4, rng), "source": f"p{i}", "license": "MIT" if i % 4 < 2 else "GPL-3.0-only"}
        for i in range(80)
    ]
    found = scorer.report(labelled, pool=pool)
    assert found.shift.rows_before == 80
    assert found.shift["Licences"].distance > 0.3
    assert found.shift_of == "the pool"


def test_print(evaluation, scorer):
    text = str(evaluation)
    for part in ("held out: ", "cross-validated: ", "ceiling: Spearman", "length alone instead", "AUC: 0."):
        assert part in text, part
    assert repr(evaluation).startswith("Evaluation(held out, ")
    assert scorer.model.identity in text


def test_the_page_shows_everything_and_escapes_it(evaluation, tmp_path):
    hostile = replace(
        evaluation,
        scorer=ATTACK,
        warnings=(ATTACK,),
        shift=None,
        disagreements=tuple(
            replace(row, text=f"{ATTACK}\ud800", reason=ATTACK, group=ATTACK, source=ATTACK, id=ATTACK)
            for row in evaluation.disagreements
        ),
    )
    page = hostile.save(tmp_path / "evaluation.html")
    text = page.read_text(encoding="utf-8")
    for raw in ("<script", "<img", "\u202e"):
        assert raw not in text
    for title in ("What is kept", "Calibration", "More labels", "Code, or words about it", "Far off", "Cost"):
        assert f"{title}</h2>" in text, title
    assert "<iframe sandbox" in hostile._repr_html_()
    whole = evaluation.save(tmp_path / "whole.html").read_text(encoding="utf-8")
    assert "What keeping changes</h2>" in whole
    assert "&lt;script" not in whole


def test_the_page_in_a_browser(evaluation, tmp_path):
    dom = dump_dom(evaluation.save(tmp_path / "evaluation.html"))
    assert dom.count("<polyline") >= 5
    assert "<title>Evaluation of a scorer: fast, educational-value:" in dom


def test_seen_is_by_text_and_by_group(scorer, labelled):
    nothing = Seen(frozenset(), frozenset())
    found = evaluate(scorer.model, labelled, fitted_on=nothing)
    assert found.main.num_rows == len(labelled.evaluation)
    train = replace(labelled, rows=tuple(row for row in labelled.rows if row.split == "train"))
    found = evaluate(scorer.model, train, fitted_on=nothing)
    assert found.held_out.num_rows == len(labelled.train)
