"""Which problems of a benchmark have a function like theirs in a dataset, by the AST match rate of phi-1.

phi-1 is scored on the problems that have one and on those that have none, at each tau (arXiv 2306.11644, section 5,
table 3): what a model merely remembers shows in the difference. Syntax trees alone, by node types, functions of any
length; neither words nor behaviour are compared, and rows that can't be parsed have nothing similar.
"""

from collections.abc import Sequence
from typing import Any, Final

from textbook.benchmarks import References
from textbook.curation.annotate.pool import BATCH_ROWS, read_rows, source_of
from textbook.curation.decontaminate.evidence import gather
from textbook.curation.decontaminate.references import prepared, several
from textbook.curation.sources.batching import batched
from textbook.engine import Curated

TAUS: Final = (0.95, 0.9, 0.85, 0.8)
"""Those of the paper."""


class Matched:
    """The functions of rows, compared with the problems; exact at each tau, ties included.

    Args:
        references: the problems of one benchmark or of several.
        taus: the match rates of interest, each above 0 and up to 1.

    Attributes:
        best: for each problem, in order, the highest match rate of any function; 0 below the lowest tau.
        num_rows: tau -> how many rows have a function like one of any problem.

    Raises:
        ValueError: a tau is out of its range, or there is none.
    """

    def __init__(self, references: References | Sequence[References], taus: Sequence[float] = TAUS) -> None:
        if not taus or not all(0 < tau <= 1 for tau in taus):
            raise ValueError(f"tau: got {', '.join(map(repr, taus)) or 'none'}; expected match rates above 0, up to 1")
        self._against = prepared(several(references), min(taus), False)
        self.best = [0.0] * len(self._against.names)
        self.num_rows = dict.fromkeys(taus, 0)

    def add(self, texts: Sequence[str], languages: Sequence[str | None]) -> None:
        """See some rows."""
        for row in gather(texts, languages, self._against, ("ast",)):
            highest = 0.0
            for (_, _, reference), hits in row.hits.items():
                rate = hits["ast"].score
                highest = max(highest, rate)
                self.best[reference] = max(self.best[reference], rate)
            for tau in self.num_rows:
                self.num_rows[tau] += highest >= tau

    def similar(self, tau: float) -> list[str]:
        """The problems that have a similar function, in the benchmark's order."""
        return [name for name, rate in zip(self._against.names, self.best, strict=True) if rate >= tau]


def similar_problems(rows: Any, references: References | Sequence[References], tau: float = 0.95) -> list[str]:
    """The ids of the problems that have a similar function in a dataset, in the benchmark's order.

    The others are those to trust: `set(ids) - set(similar_problems(...))`. Memory does not grow with the rows; takes
    about 0.13 ms of CPU time a function, on one core.

    Args:
        rows: what a model is trained on: a dataset folder (the rows that stayed), what `curate` returned (likewise), a
            source, a path or name as `open_source` takes it, or rows in hand, as for `Rows`.
        references: the problems of one benchmark or of several; where two share an id, their benchmarks' names precede
            it.
        tau: the lowest match rate that is similar, exact: 0.8 is reached by 8 equal nodes of 10.

    Raises:
        ValueError: the rows are none of these, or tau is not above 0 and up to 1.
    """
    matched = Matched(references, (tau,))
    data = rows.dataset if isinstance(rows, Curated) else rows
    for batch in batched(read_rows(source_of(data)), BATCH_ROWS):
        matched.add(batch["text"], batch["language"])
    return matched.similar(tau)
