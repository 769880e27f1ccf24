"""`label`: what is chosen, what is kept apart, what is asked twice, and what more would cost and bring."""

import json
import random
from collections import Counter
from typing import Any

import pytest

from textbook.curation.annotate import Annotate, Labels, Rubric, label
from textbook.curation.annotate.agreement import agreement
from textbook.curation.annotate.groups import apart, group_of
from textbook.llm import Budget, Price, Request, Scripted

RUBRIC = Rubric.educational_value()
WORDS = ("alpha", "beta", "gamma", "delta", "omega", "sigma", "kappa", "theta")


def made_pool(num: int = 600, num_groups: int = 30) -> list[dict[str, Any]]:
    """Functions whose worth is the number of their explained steps, from packages of unequal size."""
    rng = random.Random(0)
    rows = []
    for i in range(num):
        steps = rng.randrange(6)
        body = "".join(f"    # because {rng.choice(WORDS)}\n    x = x + {rng.randrange(99)}\n" for _ in range(steps))
        glue = "".join(f"    {rng.choice(WORDS)}.{rng.choice(WORDS)}(x)\n" for _ in range(5 - steps))
        package = min(int(rng.expovariate(0.1)), num_groups - 1)
        text = f"def {rng.choice(WORDS)}_{i}(x):\n{body}{glue}    return x\n"
        rows.append({"id": f"row{i}", "text": text, "source": f"package{package}==1.0:file{i}.py"})
    return rows


POOL = made_pool()


def honest(request: Request) -> str:
    """A teacher that counts the steps; when asked to be inventive it is sometimes one off."""
    asked = request.messages[1]["content"]
    score = asked.count("# because")
    if request.params.get("temperature") and asked.count("a") % 4 == 0:
        score = max(0, score - 1)
    return json.dumps({"mark": asked.split("`")[1], "reason": "steps", "score": score})


def ids(labels: Labels, **wanted: Any) -> list[str]:
    return [row.id for row in labels.rows if all(getattr(row, name) == value for name, value in wanted.items())]


def test_whole_groups_are_kept_apart_and_never_chosen_by():
    seen: list[set[str]] = []

    class Spy:
        def fit(self, texts: list[str], labels: list[float]) -> None:
            seen.append(set(texts))

        def predict(self, texts: list[str]) -> list[float]:
            seen.append(set(texts))
            return [float(len(text)) for text in texts]

        def __deepcopy__(self, memo: Any) -> "Spy":
            return self

    labels = label(POOL, Scripted(honest), 200, "uncertainty", scorer=Spy(), repeat=0)
    chosen_by = set().union(*seen[: 2 * 4])  # four rounds of fit and predict; the learning curve comes after
    groups = {split: {row.group for row in labels.rows if row.split == split} for split in ("train", "evaluation")}
    assert len(labels.evaluation) == 40
    assert not groups["train"] & groups["evaluation"]
    assert not {row.text for row in labels.evaluation} & chosen_by
    held = {row["text"] for row in POOL if row["source"].split("=")[0] in groups["evaluation"]}
    assert held and not held & chosen_by


@pytest.mark.parametrize("strategy", ["random", "stratified", "uncertainty", "top"])
def test_the_choice_depends_on_ids_and_not_on_order(strategy: Any):
    shuffled = random.Random(1).sample(POOL, len(POOL))
    one, two = (label(pool, Scripted(honest), 120, strategy) for pool in (POOL, shuffled))
    assert one == two
    assert str(one.outlook) == str(two.outlook)
    assert len(ids(one, pass_index=0)) == 120 == len(set(ids(one, pass_index=0)))
    assert ids(one) != ids(label(POOL, Scripted(honest), 120, strategy, seed=1))


def test_more_labels_extend_the_random_ones_and_cost_only_the_rest(tmp_path):
    journal = tmp_path / "journal.sqlite"
    few = label(POOL, Scripted(honest, journal=journal), 50)
    more = Scripted(honest, journal=journal)
    many = label(POOL, more, 100)
    assert set(ids(few, pass_index=0)) <= set(ids(many, pass_index=0))
    again = Scripted(honest, journal=journal)
    assert label(POOL, again, 100) == many
    assert (again.sent, len(more.sent) < 75) == ([], True)


def test_what_the_strategies_choose():
    by = {name: label(POOL, Scripted(honest), 250, name, repeat=0) for name in ("random", "top", "uncertainty")}
    means = {name: sum(row.label or 0 for row in found.train) / len(found.train) for name, found in by.items()}
    assert means["top"] > means["random"] + 0.4
    near = {name: sum(row.label in (2, 3, 4) for row in found.train) for name, found in by.items()}
    assert near["uncertainty"] > near["random"]
    assert Counter(row.chosen_by for row in by["uncertainty"].train) == {"random": 100, "uncertain": 68, "top": 32}
    for labels in by.values():
        assert labels.evaluation == by["random"].evaluation
        assert {row.chosen_by for row in labels.evaluation} == {"random"}
    counts = Counter(row.group for row in label(POOL, Scripted(honest), 60, "stratified").train)
    assert (
        max(counts.values()) <= 3 < max(Counter(row.group for row in label(POOL, Scripted(honest), 60).train).values())
    )


def test_a_share_is_labelled_twice_independently():
    labels = label(POOL, Scripted(honest), 200, repeat=0.2)
    again = [row for row in labels.rows if row.pass_index == 1]
    assert len(again) == 40
    found = labels.agreement()
    assert found.num == 40
    assert found.within_one == 1 > found.exact > 0.5
    assert found.kappa and found.spearman and found.kappa > 0.8
    assert "40 labelled twice: Spearman" in str(found)
    assert len(labels.train) + len(labels.evaluation) == 200
    assert label(POOL, Scripted(honest), 40, repeat=0).agreement().num == 0


def test_what_more_would_cost_and_bring():
    prices = {"scripted": Price(1.0, 2.0)}
    labels = label(POOL, Scripted(honest, prices=prices), 300)
    outlook = labels.outlook
    assert outlook and outlook.cost and outlook.cost.usd and outlook.gain is not None
    assert outlook.num_next == outlook.cost.requests > 200
    assert 0 < outlook.cost.usd.low < outlook.cost.usd.high
    assert [point.num_labels for point in outlook.curve] == [30, 60, 120, 240]
    assert outlook.curve[-1].spearman > 0.8
    assert outlook.curve[-1].spearman >= outlook.curve[0].spearman
    assert "more would bring about" in str(outlook)
    assert "Spearman on the evaluation set" in str(outlook)


def test_a_model_without_estimates_will_do():
    class Bare:
        identity = "bare"

        def generate(self, requests: Any) -> Any:
            return Scripted(honest).generate(requests)

    labels = label(POOL, Bare(), 40)
    assert labels.outlook and labels.outlook.cost is None
    assert len(labels.train) == 32


def test_a_budget_that_ends_leaves_labels_missing():
    labels = label(POOL, Scripted(honest, budget=Budget(tokens=60_000)), 200)
    assert 0 < len(labels.train) + len(labels.evaluation) < 200
    assert labels.missing
    assert all("left" in (row.error or "") for row in labels.missing)
    assert any("rows have no label: left" in note for note in labels.notes)


def test_texts_that_are_there_twice_are_labelled_once_and_on_one_side():
    doubled = POOL + [row | {"id": f"copy of {row['id']}", "source": f"other{i}==1:f.py"} for i, row in enumerate(POOL)]
    labels = label(doubled, Scripted(honest), 700, repeat=0)
    texts = [row.text for row in labels.rows]
    assert len(texts) == len(set(texts))


def test_pools_that_are_small_or_of_one_group():
    small = label(POOL[:3], Scripted(honest), 100)
    assert len(small.rows) >= 3
    assert any("100 labels were asked for, and the pool has rows for 3" in note for note in small.notes)
    one = label([{"text": f"x = {i}", "repository": "only"} for i in range(30)], Scripted(honest), 10, "top")
    assert not one.evaluation
    assert any("nothing is kept apart" in note for note in one.notes)
    assert any("gave way to 'random'" in note for note in one.notes)
    alone = label([{"text": f"x = {i}"} for i in range(30)], Scripted(honest), 10)
    assert alone.evaluation
    assert any("give group=" in note for note in alone.notes)


@pytest.mark.parametrize(
    ("pool", "arguments", "message"),
    [
        (POOL, {"num": 0}, "num is 0"),
        (POOL, {"strategy": "best"}, "expected one of random, uncertainty, stratified, top"),
        (POOL, {"repeat": 2}, "share from 0 to 1"),
        (POOL, {"evaluation": 1}, "share from 0 to below 1"),
        (POOL, {"group": "repo"}, "the pool has no column 'repo'; it has id, text"),
        ([{"text": " "}], {}, "the pool has no row with a text"),
        ([{"id": "a", "text": "x"}, {"id": "a", "text": "y"}], {}, "two rows of the pool have the id 'a'"),
    ],
)
def test_what_can_not_be_labelled(pool: Any, arguments: dict[str, Any], message: str):
    llm = Scripted(honest)
    with pytest.raises(ValueError, match=message):
        label(pool, llm, **arguments)
    assert not llm.sent


def test_another_way_to_ask():
    scale = Rubric("clarity", "how clear", 0, 10)
    step = Annotate(Scripted(honest), scale, max_chars=200)
    llm = Scripted(honest, identity="asked")
    labels = label(POOL[:40], llm, 20, annotate=step, group=lambda row: row["source"].split("=")[0])
    assert labels.rubric == scale
    assert len(llm.sent) >= 20


def test_groups():
    assert group_of({"id": "a", "source": "requests==2.1:requests/api.py"}) == "requests"
    assert group_of({"id": "a", "source": "https://github.com/owner/repo/blob/main/x.py"}) == "owner/repo"
    assert group_of({"id": "a", "source": "project/src/x.py"}) == "project"
    assert group_of({"id": "a", "source": "x.py"}) == "a"
    assert group_of({"id": "a", "source": "p/x.py", "repository": "r"}) == "r"
    assert group_of({"id": "a", "owner": "o"}, "owner") == "o"
    names = [f"g{i}" for i in range(1_000)]
    held = apart(names, 0.2, 0)
    assert 150 < len(held) < 250
    assert held <= apart([*names, "another"], 0.2, 0)
    assert len(apart(["a", "b"], 0.2, 0)) == 1
    assert apart(["a"], 0.2, 0) == frozenset() == apart(names, 0, 0)


def test_agreement_is_what_it_is_elsewhere():
    from scipy.stats import spearmanr
    from sklearn.metrics import cohen_kappa_score

    rng = random.Random(3)
    one = [rng.randrange(6) for _ in range(200)]
    two = [min(5, max(0, value + rng.choice((-1, 0, 0, 1)))) for value in one]
    found = agreement(one, two)
    assert found.spearman == pytest.approx(spearmanr(one, two).statistic)
    assert found.kappa == pytest.approx(cohen_kappa_score(one, two, weights="quadratic"))
    assert agreement([3, 3], [3, 3]).spearman is None
    assert agreement([3, 3], [3, 3]).kappa is None


def test_without_a_scorer_there_is_no_choice_and_no_curve(monkeypatch):
    monkeypatch.setattr("textbook.curation.annotate.labelling.default_scorer", lambda: None)
    labels = label(POOL, Scripted(honest), 100, "uncertainty")
    assert {row.chosen_by for row in labels.rows} == {"random"}
    assert any("'uncertainty' gave way to 'random': no scorer; pip install" in note for note in labels.notes)
    assert labels.outlook and labels.outlook.curve == () and labels.outlook.gain is None
