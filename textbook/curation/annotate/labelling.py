"""Choose what to label, have a model label it, and say what more labels would cost and bring (phi-1, section 2.1).

phi-1 had GPT-4 label about 100,000 files; scorers like ours take a thousand to come near what labels can give, since
two passes of one annotator differ too. Does not fit the scorer that is used in the end.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from textbook.curation.annotate.groups import GroupOf, key
from textbook.curation.annotate.labels import Label, Labels, texts_and_labels
from textbook.curation.annotate.outlook import Outlook, gain, learning_curve
from textbook.curation.annotate.pool import Candidate, Pool
from textbook.curation.annotate.ridge import Scorer, default_scorer, fitted
from textbook.curation.annotate.rubric import Rubric
from textbook.curation.annotate.step import Annotate
from textbook.llm import LLM
from textbook.operator import Batch

Strategy = Literal["random", "uncertainty", "stratified", "top"]
NUM_NEXT = 500
ROUNDS = 4
"""How often the scorer is fitted again while it chooses."""
MAX_SCORED = 5_000
"""Rows, drawn at random, that a scorer chooses from."""
MIN_START = 20
"""Labels below which no scorer chooses."""
KEEP_SHARE = 3
"""Under "uncertainty", one label in so many goes to what the scorer ranks highest: what it would keep."""


def label(
    pool: Any,
    llm: LLM,
    num: int = 1_000,
    strategy: Strategy = "random",
    *,
    repeat: float = 0.07,
    rubric: Rubric | None = None,
    group: GroupOf = None,
    scorer: Scorer | None = None,
    evaluation: float = 0.2,
    seed: int = 0,
    annotate: Annotate | None = None,
) -> Labels:
    """Have `num` samples of a pool labelled.

    A share of the groups (repositories, packages) is kept apart first, by their names: from these, a share of the
    labels is drawn at random, to measure on, whatever the strategy; nothing is ever chosen or fitted by them. What is
    chosen depends on the seed and on the ids of rows, not on their order; asked again with a larger `num`, "random"
    extends what it had. With a journal behind `llm`, nothing is paid for twice; what a budget leaves out has no label.

    Args:
        pool: a source, a path or name that `open_source` takes, a dataset folder, or rows in hand, as for `Rows`.
        llm: the annotator.
        num: how many samples to label in all, those to measure on among them.
        strategy: "random"; "stratified", the same number for each group as far as it goes; "uncertainty", half at
            random, then where the scorer, fitted again four times, is nearest the rubric's `good`, and for a third of
            them where it would keep; "top", half at random, then what it ranks highest.
        repeat: the share of samples that is labelled a second time, at temperature 1, for `Labels.agreement`.
        rubric: what a label means; None: educational value.
        group: a column or function that says what a row belongs to; None: see `group_of`.
        scorer: fits and predicts, for the choice and the learning curve; None: a ridge regression on byte n-grams and
            code features, if scipy is installed.
        evaluation: the share of groups, and of labels, to measure on.
        seed: for every draw.
        annotate: how to ask, in place of `Annotate(llm, rubric)`: another `max_chars`, say.

    Raises:
        ValueError: an argument is out of its range, or the pool has no rows: see `Pool`.
        LLMError: the endpoint refuses everything. What was answered is in the journal.
    """
    _check(num, strategy, repeat, evaluation)
    step = annotate or Annotate(llm, rubric or Rubric.educational_value())
    chosen_by = default_scorer() if scorer is None else scorer
    chooser = _Labelling(Pool(pool, group, evaluation, seed), replace(step, llm=llm), chosen_by, seed)
    return chooser.run(num, strategy, repeat, evaluation)


def _check(num: int, strategy: str, repeat: float, evaluation: float) -> None:
    if num < 1:
        raise ValueError(f"num is {num}; give 1 or more")
    if strategy not in get_args(Strategy):
        raise ValueError(f"strategy is {strategy!r}; expected one of {', '.join(get_args(Strategy))}")
    if not 0 <= repeat <= 1:
        raise ValueError(f"repeat is {repeat}; expected a share from 0 to 1")
    if not 0 <= evaluation < 1:
        raise ValueError(f"evaluation is {evaluation}; expected a share from 0 to below 1")


@dataclass
class _Labelling:
    """One call of `label`."""

    pool: Pool
    step: Annotate
    scorer: Scorer | None
    seed: int

    def run(self, num: int, strategy: Strategy, repeat: float, evaluation: float) -> Labels:
        num_held = min(round(num * evaluation), len(self.pool.evaluation))
        num_train = min(num - num_held, len(self.pool.train))
        notes = self._notes(num, num_held + num_train)
        if strategy in ("uncertainty", "top") and (self.scorer is None or num_train < 2 * MIN_START):
            why = "no scorer; pip install 'textbook-curation[fit]'" if self.scorer is None else "too few labels for it"
            notes.append(f"{strategy!r} gave way to 'random': {why}")
            strategy = "random"
        order = self._order(strategy)
        num_start = num_train if strategy in ("random", "stratified") else num_train // 2
        held, start = self.pool.evaluation[:num_held], order[:num_start]
        rows = self._ask([*((row, "random") for row in held), *((row, "random") for row in start)])
        if num_start < num_train:
            rows += self._choose([row for row in rows if row.split == "train"], order, num_train, strategy)
        again = sorted((row for row in rows if row.label is not None), key=lambda row: key(self.seed, "repeat", row.id))
        rows += self._again(again[: round(repeat * len(again))])
        if not repeat:
            notes.append("nothing was labelled twice, so the annotator's agreement with itself is unknown")
        labels = Labels(tuple(rows), self.step.rubric, notes=tuple(notes + _missing(rows)))
        return replace(labels, outlook=self._outlook(labels, order))

    def _notes(self, num: int, num_there: int) -> list[str]:
        notes = []
        if num_there < num:
            notes.append(f"{num:,} labels were asked for, and the pool has rows for {num_there:,}")
        if self.pool.num_groups == self.pool.num_rows > 1:
            notes.append("no two rows share a repository or package; if they do in truth, give group=...")
        if not self.pool.evaluation:
            notes.append("nothing is kept apart to measure on: the pool is one group, or evaluation=0")
        if len(self.pool.evaluation) > len(self.pool.train):
            notes.append(
                "more than half of the pool is kept apart: its groups are few; give finer ones, or another seed"
            )
        return notes

    def _order(self, strategy: Strategy) -> list[Candidate]:
        """Candidates in the order in which they are labelled, if no scorer chooses."""
        if strategy != "stratified":
            return self.pool.train
        counts: Counter[str] = Counter()
        ranked = []
        for candidate in self.pool.train:
            ranked.append((counts[candidate.group], candidate))
            counts[candidate.group] += 1
        return [candidate for _, candidate in sorted(ranked)]

    def _choose(self, rows: list[Label], order: Sequence[Candidate], num_train: int, strategy: Strategy) -> list[Label]:
        """Label what the scorer asks for, in rounds, until there are `num_train` rows with those given."""
        assert self.scorer is not None
        chosen: list[Label] = []
        left = order[len(rows) : num_train + MAX_SCORED]
        texts = self.pool.texts(row.id for row in left)
        num_left = num_train - len(rows)
        for part in range(ROUNDS):
            num = num_left * (part + 1) // ROUNDS - num_left * part // ROUNDS
            known = [row for row in (*rows, *chosen) if row.label is not None]
            if len(known) < MIN_START:
                picked = [(row, "random") for row in left[:num]]
            else:
                scores = fitted(self.scorer, *texts_and_labels(known)).predict([texts[row.id] for row in left])
                picked = _picked(left, scores, num, strategy, self.step.rubric.threshold)
            chosen += self._ask(picked, texts)
            gone = {row.id for row, _ in picked}
            left = [row for row in left if row.id not in gone]
        return chosen

    def _ask(self, chosen: Sequence[tuple[Candidate, str]], texts: dict[str, str] | None = None) -> list[Label]:
        texts = self.pool.texts(row.id for row, _ in chosen) if texts is None else texts
        held = {row.group for row in self.pool.evaluation}
        blank = [
            Label(
                row.id, texts[row.id], None, source=row.source, group=row.group, chosen_by=why,
                split="evaluation" if row.group in held else "train",
            )
            for row, why in chosen
        ]  # fmt: skip
        return self._answered(self.step, blank)

    def _again(self, rows: Sequence[Label]) -> list[Label]:
        """Label rows a second time, independently: as another sample, at temperature 1 where one is given at all."""
        warm = None if self.step.temperature is None else 1.0
        return self._answered(replace(self.step, sample_index=self.step.sample_index + 1, temperature=warm), rows, 1)

    def _answered(self, step: Annotate, rows: Sequence[Label], pass_index: int = 0) -> list[Label]:
        batch: Batch = {"id": [row.id for row in rows], "text": [row.text for row in rows]}
        out = step.answered(batch, step.llm.generate(step.requests(batch)))
        answered = [dict(zip(out, values, strict=True)) for values in zip(*out.values(), strict=True)]
        return [
            replace(
                row, label=found["label"], reason=found["label_reason"], error=found["label_error"],
                model=found["label_model"], flags=tuple(found["label_flags"]), pass_index=pass_index,
            )
            for row, found in zip(rows, answered, strict=True)
        ]  # fmt: skip

    def _outlook(self, labels: Labels, order: Iterable[Candidate]) -> Outlook:
        asked = {row.id for row in labels.rows}
        following = [row for row in order if row.id not in asked][:NUM_NEXT]
        texts = self.pool.texts(row.id for row in following)
        estimate = getattr(self.step.llm, "estimate", None)
        batch: Batch = {"id": list(texts), "text": list(texts.values())}
        cost = estimate(self.step.requests(batch)) if estimate and texts else None
        if self.scorer is None:
            return Outlook(len(following), cost, (), None)
        train, held = texts_and_labels(labels.train), texts_and_labels(labels.evaluation)
        curve = learning_curve(self.scorer, train, held, self.seed)
        return Outlook(len(following), cost, curve, gain(curve, len(following)))


def _picked(
    left: Sequence[Candidate], scores: Sequence[float], num: int, strategy: Strategy, threshold: float
) -> list[tuple[Candidate, str]]:
    """What the scorer asks for: the highest, or mostly what is nearest the threshold. Ties go by the random order."""
    top = sorted(range(len(left)), key=lambda i: (-scores[i], left[i]))
    if strategy == "top":
        return [(left[i], "top") for i in top[:num]]
    kept = top[: num // KEEP_SHARE]
    near = sorted(set(range(len(left))) - set(kept), key=lambda i: (abs(scores[i] - threshold), left[i]))
    return [(left[i], "top") for i in kept] + [(left[i], "uncertain") for i in near[: num - len(kept)]]


def _missing(rows: Iterable[Label]) -> list[str]:
    counts = Counter((row.error or "").partition(":")[0] for row in rows if row.label is None)
    return [f"{num:,} rows have no label: {why}" for why, num in sorted(counts.items())]
