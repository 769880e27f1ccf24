"""What a label means: the words an annotator follows, the scale, and samples that show it.

Does not ask anyone: see `textbook.curation.annotate.step` and `by_hand`.
"""

import dataclasses
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textbook.lineage import canonical, fingerprint

EDUCATIONAL_VALUE = Path(__file__).parents[1] / "annotations" / "RUBRIC.md"
_HEADING = re.compile(r"^#+\s+(.+?)\s*$", re.MULTILINE)
_ROW = re.compile(r"^\s*\|\s*(-?\d+(?:\.\d+)?)\s*\|", re.MULTILINE)


@dataclass(frozen=True)
class Example:
    """A sample with the label it deserves, shown to the annotator."""

    text: str
    label: float
    reason: str = ""


@dataclass(frozen=True)
class Rubric:
    """A scale, and in words what each of its steps means.

    Args (fields):
        name: what reports call it.
        text: what the annotator reads.
        low, high: the ends of the scale, both included.
        whole: whether labels are whole numbers.
        good: the label from which on a sample is worth keeping; None: the middle of the scale.
        language: what the samples are, for the annotator: "Python code", "German prose".
        examples: samples with their labels, where words do not do.

    Raises:
        ValueError: there are no words, the scale has no two steps, or an example is off it.
    """

    name: str
    text: str
    low: float = 0
    high: float = 5
    whole: bool = True
    good: float | None = None
    language: str = "code"
    examples: tuple[Example, ...] = ()

    def __post_init__(self) -> None:
        if not self.text.strip():
            raise ValueError(f"the rubric {self.name!r} has no text; say what each label means")
        finite = math.isfinite(self.low) and math.isfinite(self.high)
        if not finite or not self.low < self.high:
            raise ValueError(f"the scale runs from {self.low} to {self.high}; expected finite low < high")
        if self.whole and not (float(self.low).is_integer() and float(self.high).is_integer()):
            raise ValueError(f"the scale runs from {self.low} to {self.high}; give whole ends, or whole=False")
        for example in self.examples:
            self.check(example.label, f"an example of the rubric {self.name!r}")

    @property
    def identity(self) -> str:
        """What the rubric is in fingerprints: its name, and a digest of all it says."""
        values = {field.name: canonical(getattr(self, field.name)) for field in dataclasses.fields(self)}
        return f"rubric:{self.name}:{fingerprint(values)[:16]}"

    @property
    def threshold(self) -> float:
        """The label from which on a sample is worth keeping."""
        return (self.low + self.high) / 2 if self.good is None else self.good

    @property
    def scale(self) -> str:
        """`0 to 5`."""
        return f"{self.low:g} to {self.high:g}"

    @property
    def steps(self) -> tuple[int, ...]:
        """The labels there are, where they are whole numbers; else none."""
        return tuple(range(int(self.low), int(self.high) + 1)) if self.whole else ()

    def fits(self, label: Any) -> bool:
        """Whether `label` is a number on the scale."""
        if isinstance(label, bool) or not isinstance(label, int | float) or not math.isfinite(label):
            return False
        return self.low <= label <= self.high and (not self.whole or float(label).is_integer())

    def check(self, label: Any, where: str) -> float:
        """`label`, if it is on the scale.

        Raises:
            ValueError: it is not; `where` says whose it is.
        """
        if not self.fits(label):
            kind = "a whole number" if self.whole else "a number"
            raise ValueError(
                f"{where} has the label {label!r}, expected {kind} from {self.scale}; correct it, leave it empty where "
                "there is none, or give the Rubric whose scale it is on"
            )
        return int(label) if self.whole else float(label)

    @classmethod
    def educational_value(cls) -> "Rubric":
        """The rubric behind `EducationalValue`: what a student learns from a sample of code (phi-1, section 2.1)."""
        return cls("educational value", EDUCATIONAL_VALUE.read_text(encoding="utf-8"), good=3, language="Python code")

    @classmethod
    def load(cls, path: str | Path, **fields: Any) -> "Rubric":
        """A rubric from a file.

        A `.json` file holds the fields by name. Any other is the text; the name is its first heading, and the ends of
        the scale are the lowest and the highest number in the first column of its tables.

        Args:
            path: the file.
            fields: what overrides that.

        Raises:
            ValueError: the scale is neither given nor found, or a field is none of a rubric's.
        """
        path = Path(path)
        text = path.read_text(encoding="utf-8")
        found = _from_json(path, text) if path.suffix == ".json" else _from_words(path, text)
        known = {field.name for field in dataclasses.fields(cls)}
        unknown = sorted({*found, *fields} - known)
        if unknown:
            raise ValueError(
                f"{path} gives {', '.join(unknown)}; expected fields of a rubric: {', '.join(sorted(known))}"
            )
        given = {**found, **fields}
        if "low" not in given or "high" not in given:
            raise ValueError(f"{path} has no table whose first column holds the scores; give low= and high=")
        given["examples"] = tuple(
            example if isinstance(example, Example) else Example(**example) for example in given.get("examples", ())
        )
        return cls(**given)


def _from_json(path: Path, text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise ValueError(f"{path} is no JSON ({error}); expected an object with the fields of a rubric") from None
    if not isinstance(found, Mapping) or "text" not in found:
        raise ValueError(f"{path} has no field 'text'; expected an object with the fields of a rubric")
    return {"name": path.stem, **found}


def _from_words(path: Path, text: str) -> dict[str, Any]:
    heading = _HEADING.search(text)
    found: dict[str, Any] = {"name": heading[1] if heading else path.stem, "text": text}
    scores = [float(score) for score in _ROW.findall(text)]
    if len(set(scores)) > 1:
        whole = all(score.is_integer() for score in scores)
        found |= {"low": min(scores), "high": max(scores), "whole": whole}
    return found
