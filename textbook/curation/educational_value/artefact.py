"""Save and load a scorer: a card in JSON and arrays in an npz file, never a pickle.

A folder from elsewhere is data. Only classes of this package are made from it, each checks what it is given, and a
digest tells of damage. What was fitted on other features than there are now, or by a later version, is refused.

An encoder is not saved: the card names it, and it is loaded from where it was, or given again.
"""

import hashlib
import io
import json
import math
import zipfile
import zlib
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from textbook.curation.educational_value.featurisers import HEAD_CHARS, Embedded
from textbook.curation.educational_value.model import FittedScorer, HeldOut
from textbook.curation.educational_value.parts import PARTS, SCORING, Arrays, Card, Decoder, encoded, recipe_of, walk
from textbook.curation.encoders import Encoder
from textbook.lineage import write_atomic

FORMAT = "textbook educational value"
VERSION = 1
MAX_CARD_BYTES = 2**24
MAX_ARRAY_BYTES = 2**31
ASSETS = Path(__file__).parents[2] / "assets"


def digest_of(scorer: FittedScorer) -> str:
    """What a scorer is in fingerprints: a digest of all that its scores depend on."""
    arrays: Arrays = {}
    return f"educational-value:{_digest(_model(scorer, arrays), arrays)}"


def save(scorer: FittedScorer, folder: Path, name: str = "scorer") -> Path:
    """Write `name`.npz and its card, `name`.json.

    Raises:
        ValueError: a part can't be written without a pickle.
    """
    card, arrays = to_bytes(scorer)
    folder.mkdir(parents=True, exist_ok=True)
    write_atomic(folder / f"{name}.npz", arrays)
    write_atomic(folder / f"{name}.json", card)
    return folder


def load(folder: Path, name: str = "scorer", encoder: Encoder | None = None) -> FittedScorer:
    """Read what `save` wrote.

    Args:
        folder: where.
        name: of the files.
        encoder: the one it was fitted with, where it can't be found again by its name.

    Raises:
        ValueError: there is no scorer, it is damaged or hostile, or it was fitted on other features.
    """
    card, arrays = _file(folder / f"{name}.json", MAX_CARD_BYTES), _file(folder / f"{name}.npz", MAX_ARRAY_BYTES)
    return from_bytes(card, arrays, encoder, str(folder / name))


def _file(path: Path, most: int) -> bytes:
    if not path.is_file():
        raise ValueError(
            f"there is no scorer in {path.parent}: {path.name} is missing; give a folder that `save` wrote"
        )
    if path.stat().st_size > most:
        raise ValueError(f"{path} has {path.stat().st_size:,} bytes, expected at most {most:,}")
    return path.read_bytes()


def stands_alone(scorer: FittedScorer) -> bool:
    """Whether it can be saved, and loaded without an encoder."""
    return all(type(part) in PARTS and type(part) is not Embedded for part in walk(scorer.features, scorer.head))


def to_bytes(scorer: FittedScorer) -> tuple[bytes, bytes]:
    """The card and the arrays.

    Raises:
        ValueError: see `save`.
    """
    for part in walk(scorer.features, scorer.head):
        if type(part) not in PARTS:
            raise ValueError(
                f"{type(part).__name__} can't be saved: only the features of this package, linear models and tree"
                " ensembles of scikit-learn can, for the rest would take a pickle; fit with one of these"
            )
    arrays: Arrays = {}
    card: Card = {"format": FORMAT, "version": VERSION, "model": _model(scorer, arrays)}
    if scorer.held_out is not None:
        card["held_out"] = encoded(scorer.held_out, arrays, "held_out")
    card["encoders"] = {
        part.encoder.identity: recipe_of(part.encoder) for part in walk(scorer.features) if isinstance(part, Embedded)
    }
    card["about"] = dict(scorer.about)
    card["sha256"] = _digest(card, arrays)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return (json.dumps(card, indent=1, allow_nan=False) + "\n").encode(), buffer.getvalue()


def from_bytes(card: bytes, arrays: bytes, encoder: Encoder | None = None, where: str = "the scorer") -> FittedScorer:
    """A scorer from its card and arrays.

    Raises:
        ValueError: see `load`.
    """
    try:
        return _restored(card, arrays, encoder)
    except (TypeError, KeyError, AttributeError, IndexError, OverflowError, RecursionError, MemoryError) as error:
        raise ValueError(f"{where} is no scorer ({error}); save it again") from None
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None


def _restored(card_data: bytes, array_data: bytes, encoder: Encoder | None) -> FittedScorer:
    card = json.loads(card_data, parse_constant=_no_constant)
    if not isinstance(card, dict) or card.get("format") != FORMAT:
        raise ValueError("the card is not one of a scorer")
    if card["version"] != VERSION:
        raise ValueError(
            f"its format is version {card['version']!r}, expected {VERSION}; it takes another version of textbook"
        )
    arrays = _arrays(array_data)
    expected = card.pop("sha256")
    if _digest(card, arrays) != expected:
        raise ValueError("its digest is another than its card says: the files were changed or do not belong together")
    model, about = card["model"], card["about"]
    if not isinstance(about, dict):
        raise ValueError("the card says nothing about the scorer")
    if model["head_chars"] != HEAD_CHARS:
        raise ValueError(f"it scores the first {model['head_chars']!r} characters, expected {HEAD_CHARS}; fit it again")
    decoder = Decoder(arrays, encoder, card["encoders"])
    held_out = decoder.made(card["held_out"], HeldOut) if "held_out" in card else None
    return FittedScorer(
        **{name: decoder.made(model[name], kind) for name, kind in SCORING.items()},
        held_out=held_out,
        about=about,
    )


def _model(scorer: FittedScorer, arrays: Arrays) -> Card:
    """What scores depend on, with arrays put into `arrays`."""
    parts = {name: getattr(scorer, name) for name in SCORING}
    return {"head_chars": HEAD_CHARS} | {name: encoded(part, arrays, name) for name, part in parts.items()}


def _digest(card: Any, arrays: Arrays) -> str:
    """Of JSON, and of what stands in the arrays: not of their file, which another zlib would write otherwise."""
    digest = hashlib.sha256(json.dumps(card, sort_keys=True, allow_nan=False).encode())
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode() + np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:32]


def _arrays(data: bytes) -> Arrays:
    """The arrays of an npz file: numbers only, of the size that their headers say.

    Raises:
        ValueError: it is none.
    """
    found: Arrays = {}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            if sum(entry.file_size for entry in entries) > MAX_ARRAY_BYTES:
                raise ValueError(f"its arrays have more than {MAX_ARRAY_BYTES:,} bytes")
            for entry in entries:
                found[entry.filename.removesuffix(".npy")] = _array(io.BytesIO(archive.read(entry)))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise ValueError(f"its arrays can't be read: {error}") from None
    return found


def _array(file: io.BytesIO) -> npt.NDArray[Any]:
    version = np.lib.format.read_magic(file)
    if version != (1, 0):
        raise ValueError(f"an array is of version {version}, expected (1, 0)")
    shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    left = len(file.getbuffer()) - file.tell()
    if dtype.kind not in "iufb" or len(shape) != 1 or math.prod(shape) * dtype.itemsize != left:
        raise ValueError(f"an array is {dtype} of shape {shape} in {left} bytes, expected one row of numbers")
    return np.frombuffer(file.read(), dtype)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"the card holds {name}, expected finite numbers")
