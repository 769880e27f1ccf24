"""The page of contamination: which problems of a benchmark are in a dataset, in which rows, and what speaks for it.

Drawn from plain data that `textbook.curation.decontaminate.report` gathers. Judges nothing.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from textbook.lineage import write_atomic
from textbook.report import numbers
from textbook.report.contamination_rows import TIERS, digest
from textbook.report.document import Document
from textbook.report.side_by_side import Marked, marked
from textbook.report.visible import visible_line

MEANS: Final = {
    "ngram": "share of the problem's 5-grams of words, by weight",
    "long_ngram": "share of its 13-grams",
    "ast": "match rate of syntax trees",
    "lexical": "likeness of words and of pairs of words",
    "embedding": "likeness by an encoder",
    "behaviour": "passes the problem's tests",
    "judge": "what a language model says",
}
"""What a detector's score is."""

QUOTES: Final = frozenset({"text", "source", "note", "reason"})
"""Facts that hold or may quote a benchmark's text."""
MOST_WORDS: Final = 7
"""A published name has no more words than this, digests and UUIDs left aside."""

MOST_OVERLAPS: Final = 200
"""So many pairs of problems are shown on a page of their own."""

_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|[0-9]+|[^\W\d_\x00-\x7f]")
_DIGEST = re.compile(r"[0-9a-f]{16,}|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")


@dataclass(frozen=True, repr=False)
class ContaminationReport(Document):
    """What was found of benchmarks in a dataset. `facts` is plain JSON-able data, all that the page is drawn from."""

    frame_title = "Contamination"
    frame_height_px = 720

    facts: dict[str, Any]

    def html(self) -> str:
        """See `Document`."""
        from textbook.report.page import template

        shown = {problem["id"]: number for number, problem in enumerate(self.facts["problems"], 1)}
        searched = sum(map(_total, self.facts["tiers"].values()))
        page = template("contamination.html")
        return page.render(s=self.facts, shown=shown, searched=searched, strips=self._strips(), **_HELPERS)

    def _strips(self) -> list[dict[str, Any]]:
        """The benchmarks, each with its problems as far as they are drawn."""
        strips, start = [], 0
        for benchmark in self.facts["benchmarks"]:
            end = start + benchmark["num"]
            strips.append(benchmark | {"problems": self.facts["all_problems"][start:end]})
            start = end
        return strips

    def json(self) -> str:
        """The facts as JSON."""
        return json.dumps(self.facts, indent=1, allow_nan=False) + "\n"

    def save(self, path: str | Path) -> Path:
        """Write the page to `path`, or the facts if it ends in .json, and return it."""
        if Path(path).suffix == ".json":
            write_atomic(Path(path), self.json())
            return Path(path)
        return super().save(path)

    def published(self) -> "ContaminationReport":
        """The same without any text of the benchmarks or of rows: for the Hub, where it must not spread them.

        Problems and the parts of rows that resemble them are there by their SHA-256 in UTF-8, rows by their ids without
        their sources; reasons and notes, which a language model may have written, are left out. A name of more than
        seven words gives way to its SHA-256, too.
        """
        return ContaminationReport(_published(self.facts) | {"published": True})

    def __str__(self) -> str:
        tiers = self.facts["tiers"]
        lines = [", ".join(f"{_total(tiers[tier]):,} {tier}" for tier in TIERS)]
        lines += [
            f"match rate {each['tau']:g}: {each['all']['similar']:,} problems are similar to a row, "
            f"{each['all']['others']:,} to none; {each['all']['rows']:,} rows are similar to a problem"
            for each in self.facts["taus"] or ()
        ]
        for problem in self.facts["problems"]:
            nearest = problem["nearest"][0]
            found = said(nearest["evidence"], self.facts["per_functions"])
            name = visible_line(str(nearest["source"] or nearest["id"]))
            state = "more like another problem" if problem["state"] == "also" else problem["state"]
            lines.append(f"{visible_line(problem['id'])}  {state}  {name}: {found}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        tiers = self.facts["tiers"]
        counts = ", ".join(f"{_total(tiers[tier]):,} {tier}" for tier in TIERS)
        return f"ContaminationReport({counts}; {self.facts['num_found']:,} of {self.facts['num_problems']:,} problems)"


def overlaps_page(facts: dict[str, Any]) -> str:
    """The page for what `Overlaps.facts` gives."""
    from textbook.report.page import template

    return template("overlaps.html").render(s=facts, most=MOST_OVERLAPS, **_HELPERS)


def said(evidence: Sequence[Mapping[str, Any]], per_functions: int) -> str:
    """Such as "ast 0.97, lexical 0.21 (by chance: at most 0.3 in 64k functions)", after the rarest of the scores."""
    scores = ", ".join(f"{visible_line(each['detector'])} {each['score']:.2f}" for each in evidence)
    chances = [each["chance"] for each in evidence if each["chance"] is not None]
    return f"{scores} (by chance: {by_chance(min(chances), per_functions)})" if chances else scores


def by_chance(chance: float | None, per_functions: int) -> str:
    """Such as "at most 0.3 in 64k functions", given the share of unrelated functions that score as high."""
    if chance is None:
        return "not counted"
    expected = float(f"{chance * per_functions:.2g}")
    return f"at most {numbers.short(expected)} in {numbers.short(per_functions)} functions"


def _published(facts: Any) -> Any:
    if isinstance(facts, Mapping):
        return {key: None if key in QUOTES else _published(value) for key, value in facts.items()}
    if isinstance(facts, list | tuple):
        return [_published(each) for each in facts]
    return _name(facts) if isinstance(facts, str) else facts


def _name(text: str) -> str:
    return text if len(_WORD.findall(_DIGEST.sub(" ", text))) <= MOST_WORDS else f"sha256:{digest(text)}"


def _total(counts: Mapping[str, int]) -> int:
    return sum(counts.values())


def _beside(left: Mapping[str, Any], right: Mapping[str, Any]) -> list[Marked]:
    return marked(left["text"], right["text"])


_HELPERS: Final = {"beside": _beside, "means": MEANS, "by_chance": by_chance, "said": said, "total": _total}
