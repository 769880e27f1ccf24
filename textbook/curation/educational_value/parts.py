"""The parts of a scorer as JSON and arrays, and back. Only classes of this package are made, and each checks itself.

Does not read or write files: see `artefact`.
"""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from textbook.curation import encoders as encoder_classes
from textbook.curation.byte_ngrams import ByteNgramHash
from textbook.curation.educational_value.composed import Concatenated, FittedStacked, FittedStandardised
from textbook.curation.educational_value.familiarity import Familiarity
from textbook.curation.educational_value.featurisers import ByteNgrams, CodeColumns, Embedded
from textbook.curation.educational_value.heads import FittedHead, LinearModel, TreeEnsemble
from textbook.curation.educational_value.model import Calibration, HeldOut, Scale
from textbook.curation.encoders import Encoder

Arrays = dict[str, npt.NDArray[Any]]
Card = dict[str, Any]

_NUMBER, _FEATURES = (int, float), (ByteNgrams, CodeColumns, Embedded, Concatenated, FittedStandardised, FittedStacked)
PARTS: Mapping[type, Mapping[str, Any]] = {
    ByteNgramHash: {field.name: int if field.name == "bits" else [int] for field in dataclasses.fields(ByteNgramHash)},
    ByteNgrams: {"hasher": ByteNgramHash},
    CodeColumns: {"version": int, "names": [str]},
    Embedded: {"encoder": object},
    Concatenated: {"parts": [_FEATURES]},
    FittedStandardised: {"features": _FEATURES, "mean": np.ndarray, "spread": np.ndarray, "weight": _NUMBER},
    FittedStacked: {"features": _FEATURES, "head": FittedHead},
    FittedHead: {"model": (LinearModel, TreeEnsemble), "output": str},
    LinearModel: {"weights": [np.ndarray], "units": [_NUMBER], "intercept": _NUMBER},
    TreeEnsemble: {
        **dict.fromkeys(("roots", "feature", "threshold", "left", "right", "value"), np.ndarray),
        **{"unit": _NUMBER, "intercept": _NUMBER, "width": int},
    },
    Calibration: dict.fromkeys(("score_slope", "score_offset", "slope", "offset"), _NUMBER),
    Scale: {"rubric": str, "name": str, "low": _NUMBER, "high": _NUMBER, "good": _NUMBER, "whole": bool},
    Familiarity: {"mean": np.ndarray, "spread": np.ndarray, "ordinary": _NUMBER},
    HeldOut: {
        **dict.fromkeys(("scores", "labels", "groups", "at_random", "digests"), np.ndarray),
        "group_names": [str],
    },
}
"""The classes that a card may name, and of what type each of their fields is; in a list: of which it holds a tuple."""
SCORING: Mapping[str, Any] = {
    "features": _FEATURES,
    "head": FittedHead,
    "calibration": Calibration,
    "scale": Scale,
    "familiarity": Familiarity,
}
"""The fields of a scorer that its scores and confidence depend on."""
_BY_NAME = {cls.__name__: cls for cls in PARTS}


def walk(*parts: Any) -> Iterator[Any]:
    """All parts of parts."""
    for part in parts:
        if isinstance(part, tuple):
            yield from walk(*part)
        elif not (part is None or isinstance(part, bool | int | float | str | np.ndarray)):
            yield part
            if type(part) in PARTS and not isinstance(part, Embedded):
                yield from walk(*(getattr(part, name) for name in PARTS[type(part)]))


def encoded(value: Any, arrays: Arrays, name: str) -> Any:
    """A part as JSON; arrays are named by where they stand."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, tuple):
        return [encoded(each, arrays, f"{name}.{at}") for at, each in enumerate(value)]
    if isinstance(value, np.ndarray):
        arrays[name] = value
        return {"array": name}
    if type(value) not in PARTS:
        return {"identity": value.identity}
    fields = {field: encoded(getattr(value, field), arrays, f"{name}.{field}") for field in PARTS[type(value)]}
    identity = getattr(value, "identity", None)
    return {"class": type(value).__name__, **fields} | ({} if identity is None else {"identity": identity})


class Decoder:
    """Makes parts of JSON."""

    def __init__(self, arrays: Arrays, encoder: Encoder | None, recipes: Mapping[str, Any]) -> None:
        self.arrays, self.encoder, self.recipes = arrays, encoder, recipes

    def made(self, value: Any, expected: Any) -> Any:
        """What JSON stands for.

        Args:
            value: the JSON.
            expected: the type of it, or several; in a list: of the members of a tuple.

        Raises:
            ValueError: it stands for something else, or holds what no part can hold.
        """
        found = self._value(value)
        if isinstance(expected, list) != isinstance(found, tuple):
            raise ValueError(f"got {value!r:.80}, expected {'a list' if isinstance(expected, list) else 'no list'}")
        kind = expected[0] if isinstance(expected, list) else expected
        for each in found if isinstance(found, tuple) else (found,):
            if not isinstance(each, kind) or (isinstance(each, bool) and kind is not bool):
                raise ValueError(f"a {type(each).__name__} stands where there should be another part")
        return found

    def _value(self, value: Any) -> Any:
        if isinstance(value, list):
            return tuple(self._value(each) for each in value)
        if not isinstance(value, dict):
            return value
        if "array" in value:
            return self.arrays[value["array"]]
        return self._part(value)

    def _part(self, value: Card) -> Any:
        cls = _BY_NAME.get(value.get("class", ""))
        if cls is None:
            raise ValueError(f"it is made of {value.get('class')!r:.80}, which this version does not know")
        fields = PARTS[cls]
        unknown = sorted(set(value) - {"class", "identity", *fields})
        if unknown:
            raise ValueError(f"{cls.__name__} has the fields {unknown}, which this version does not know")
        if cls is Embedded:
            return Embedded(self._encoder(value["encoder"]["identity"]))
        made = {name: self.made(value[name], kind) for name, kind in fields.items() if name in value}
        part = Concatenated(*made["parts"]) if cls is Concatenated else cls(**made)
        if getattr(part, "identity", None) != value.get("identity"):
            raise ValueError(f"the {cls.__name__} here are not those that it was fitted on; fit it again")
        return part

    def _encoder(self, identity: str) -> Encoder:
        """The encoder that is given, or the one that the card says where to find."""
        if self.encoder is not None:
            if self.encoder.identity == identity:
                return self.encoder
            raise ValueError(f"it was fitted with the encoder {identity}, got {self.encoder.identity}; give that one")
        recipe = self.recipes.get(identity)
        if recipe is None or recipe["class"] not in _ENCODERS:
            raise ValueError(f"it needs the encoder {identity}; give it with encoder=")
        try:
            found: Encoder = _ENCODERS[recipe["class"]](**recipe["fields"])
            same = found.identity == identity
        except (TypeError, ValueError) as error:
            raise ValueError(f"it needs the encoder {identity} ({error}); give it with encoder=") from None
        if not same:
            raise ValueError(f"it needs the encoder {identity}, and finds {found.identity}; give it with encoder=")
        return found


_ENCODERS = {
    cls.__name__: cls
    for cls in (encoder_classes.CausalLMEmbedding, encoder_classes.HashedWords, encoder_classes.SentenceEncoder)
}


def recipe_of(encoder: Encoder) -> Card | None:
    """How to make an encoder again, if it is one of ours."""
    if _ENCODERS.get(type(encoder).__name__) is not type(encoder):
        return None
    return {"class": type(encoder).__name__, "fields": dataclasses.asdict(encoder)}
