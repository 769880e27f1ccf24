"""What scoring takes on one core, stage by stage: CPU time, of texts that nothing was remembered of."""

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, TypeVar

from textbook.curation.educational_value.composed import said_of
from textbook.curation.educational_value.evaluation.result import Throughput
from textbook.curation.educational_value.featurisers import Features, scored_head, transformed
from textbook.curation.educational_value.matrix import Matrix
from textbook.curation.educational_value.model import FittedScorer

MAX_TEXTS = 400
Made = TypeVar("Made")


def throughput(scorer: FittedScorer, texts: Sequence[str]) -> tuple[Throughput, ...]:
    """The parts of the features with what is stacked on them, the model above, and scoring as a whole.

    A model right above n-grams reads them as it goes, so that their time is its own. At most `MAX_TEXTS` texts.
    """
    texts = texts[:MAX_TEXTS]
    if not texts:
        return ()
    scorer.score(texts[:1])  # what is loaded and compiled once
    heads = [f"\n{scored_head(text)}" for text in texts]  # code features are remembered by the head
    size = sum(len(text.encode("utf-8", "surrogatepass")) for text in texts) / 1e6
    seconds: dict[str, float] = {}

    def timed(stage: str, work: Callable[[], Made]) -> Made:
        start = time.process_time()
        made = work()
        seconds[stage] = seconds.get(stage, 0.0) + time.process_time() - start
        return made

    parts: Sequence[Features] = getattr(scorer.features, "parts", (scorer.features,))
    said: dict[int, Matrix] = {}
    for part in parts:
        said[id(part)] = timed(" and ".join(_leaves(part)), partial(_said, part, heads))
    combine: Callable[[Callable[[Features], Matrix]], Matrix] | None = getattr(scorer.features, "combine", None)
    whole = said[id(parts[0])] if len(parts) == 1 or combine is None else combine(lambda part: said[id(part)])
    timed("the model above", partial(scorer.head.predict, whole))
    again = [f"\n\n{text}" for text in texts]
    timed("all of it", partial(scorer.score, again))
    return tuple(
        Throughput(stage, len(texts) / max(spent, 1e-6), size / max(spent, 1e-6)) for stage, spent in seconds.items()
    )


def _said(features: Features, heads: Sequence[str]) -> Matrix:
    return said_of(features, lambda part: transformed(part, heads))


def _leaves(features: Any) -> Iterator[str]:
    """The names of the features that are made of no others."""
    if getattr(features, "combine", None) is None:
        yield type(features).__name__
        return
    for inner in getattr(features, "parts", None) or (features.features,):
        yield from _leaves(inner)
