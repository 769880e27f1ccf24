"""What a plan refuses before anything is read, and how it cuts a recipe."""

from dataclasses import dataclass

import pytest

from tests.toys import Ask, FirstOfText, Halves, Length, Score, Texts
from textbook.engine.plan import Pass, Plan
from textbook.keep import Keep, KeepTop
from textbook.operator import Operator


@dataclass(frozen=True)
class Redact(Operator):
    """Replaces the text."""

    adds = {"text": "string"}

    def __call__(self, batch):
        return batch | {"text": ["redacted"] * len(batch["text"])}

    @classmethod
    def example(cls):
        return cls(), {"id": ["a"], "text": ["x"]}


@dataclass(frozen=True)
class TakesReserved(Redact):
    """Wants to write ids."""

    adds = {"id": "string"}


@dataclass(frozen=True)
class Revise(Score):
    """Thinks better of a score."""

    reads = ("id", "text", "edu_score")


def test_a_missing_column_is_named_with_a_remedy():
    with pytest.raises(
        ValueError, match=r"Keep\(edu_score\) reads 'edu_score', which no earlier step adds; there are id"
    ):
        Plan.of((Keep("edu_score", at_least=1), Score()), Texts(1))


def test_keep_top_by_tokens_wants_them_counted():
    with pytest.raises(ValueError, match=r"KeepTop\(edu_score\) reads 'num_tokens'"):
        Plan.of((Score(), KeepTop("edu_score", tokens=5)), Texts(1))


def test_two_steps_that_add_one_column_are_refused():
    with pytest.raises(ValueError, match="Score and Score #2 both add 'edu_score'"):
        Plan.of((Score(), Score(seed=1)), Texts(1))


def test_a_step_may_update_a_column_that_it_reads():
    plan = Plan.of((Score(), Revise(), Revise()), Texts(1))
    assert plan.schemas[-1] == plan.schemas[1]
    with pytest.raises(ValueError, match="Revise reads 'edu_score'"):
        Plan.of((Revise(), Score()), Texts(1))


def test_reserved_columns_are_refused():
    with pytest.raises(ValueError, match="TakesReserved declares the reserved column 'id'"):
        Plan.of((TakesReserved(),), Texts(1))


def test_text_may_be_rewritten_more_than_once():
    plan = Plan.of((Redact(), Redact()), Texts(1))
    assert plan.schemas[-1] == plan.schemas[0]
    assert plan.names == ("Texts", "Redact", "Redact #2")


def test_a_maker_after_a_scorer_whose_column_is_read_later_is_refused():
    with pytest.raises(
        ValueError, match=r"Halves makes rows.*lack 'edu_score': Score adds it before.*Put Score after Halves"
    ):
        Plan.of((Score(), Halves(), Keep("edu_score", at_least=1)), Texts(1))


def test_a_maker_after_a_scorer_whose_column_nobody_reads_later_is_fine():
    assert Plan.of((Score(), Keep("edu_score", at_least=1), Halves()), Texts(1)).steps


def test_barriers_cut_the_recipe():
    plan = Plan.of((Length(), FirstOfText(), Score(), Ask(), KeepTop("edu_score", rows=1)), Texts(1))
    assert plan.passes == [
        Pass(range(0, 1), barrier=1),
        Pass(range(1, 3), barrier=None),
        Pass(range(3, 4), barrier=None),
        Pass(range(4, 4), barrier=4),
        Pass(range(4, 5), barrier=None),
    ]
    assert Plan.of((), Texts(1)).passes == [Pass(range(0, 0), barrier=None)]
    assert Plan.of((Ask(),), Texts(1)).passes == [Pass(range(0, 0), barrier=None), Pass(range(0, 1), barrier=None)]


def test_fingerprints_depend_on_all_that_came_before():
    one, other = (Plan.of((Score(seed), Keep("edu_score", at_least=1)), Texts(1)) for seed in (0, 1))
    assert one.fingerprints[0] == other.fingerprints[0]
    assert len({*one.fingerprints, *other.fingerprints}) == 5
    assert Plan.of((Keep("text", equals="a"),), Texts(1, shard_rows=3)).fingerprints == (
        Plan.of((Keep("text", equals="a"),), Texts(1, shard_rows=9)).fingerprints
    )
