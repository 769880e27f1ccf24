"""Files of scorers that were damaged, made by a later version, or made to do harm: each gives a ValueError."""

import copy
import io
import json
import pickle
import random
import zipfile

import numpy as np
import pytest
from sklearn.ensemble import RandomForestRegressor

from tests.curation.labelled_programs import labelled
from textbook.curation.byte_ngrams import ByteNgramHash
from textbook.curation.educational_value import (
    ByteNgrams,
    CodeColumns,
    Concatenated,
    DualRidge,
    EducationalValue,
    Embedded,
    Stacked,
    Standardised,
)
from textbook.curation.educational_value.artefact import _arrays, _digest, from_bytes, to_bytes
from textbook.curation.encoders import HashedWords

SMALL = ByteNgrams(ByteNgramHash((2,), (3,), 6))


@pytest.fixture(scope="module")
def scorer():
    features = Concatenated(Stacked(SMALL, DualRidge(), folds=3), Standardised(CodeColumns()), Embedded(HashedWords(8)))
    return EducationalValue.fit(labelled(60), features=features, head=RandomForestRegressor(3, max_depth=4))


@pytest.fixture(scope="module")
def files(scorer):
    return to_bytes(scorer.model)


def packed(arrays, names=None) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def forged(files, change) -> tuple[bytes, bytes]:
    """The files after `change(card, arrays)`, with a digest that fits again: what an attacker would write."""
    card, arrays = json.loads(files[0]), dict(_arrays(files[1]))
    change(card, arrays)
    card.pop("sha256")
    card["sha256"] = _digest(card, arrays)
    return json.dumps(card).encode(), packed(arrays)


def test_what_is_written_is_json_and_arrays(scorer, tmp_path):
    scorer.save(tmp_path / "deep" / "folder")
    folder = tmp_path / "deep" / "folder"
    assert sorted(path.name for path in folder.iterdir()) == ["scorer.json", "scorer.npz"]
    with zipfile.ZipFile(folder / "scorer.npz") as archive:
        for name in archive.namelist():
            assert np.load(io.BytesIO(archive.read(name)), allow_pickle=False).dtype.kind in "iufb"
    json.loads((folder / "scorer.json").read_bytes())
    assert EducationalValue.load(folder) == scorer


def test_a_scorer_that_is_saved_again_is_the_same_bytes(files):
    assert to_bytes(from_bytes(*files)) == files


@pytest.mark.parametrize("missing", ["scorer.json", "scorer.npz"])
def test_a_missing_file(scorer, tmp_path, missing):
    (scorer.save(tmp_path) / missing).unlink()
    with pytest.raises(ValueError, match=f"no scorer in .*{missing} is missing; give a folder that `save` wrote"):
        EducationalValue.load(tmp_path)


def test_any_changed_or_lost_byte_is_noticed(files):
    rng = random.Random(0)
    for which in (0, 1):
        for _ in range(60):
            damaged = bytearray(files[which])
            at = rng.randrange(len(damaged))
            if rng.random() < 0.5:
                del damaged[at:]
            else:
                damaged[at] ^= 1 << rng.randrange(8)
            given = (bytes(damaged), files[1]) if which == 0 else (files[0], bytes(damaged))
            try:
                loaded = from_bytes(*given)
            except ValueError:
                continue
            assert loaded == from_bytes(*files), "a byte of no meaning, such as a date in the archive"


def test_a_card_and_the_arrays_of_another(scorer, files):
    other = to_bytes(EducationalValue.fit(labelled(60), features=SMALL, head=DualRidge()).model)
    with pytest.raises(ValueError, match="do not belong together"):
        from_bytes(files[0], other[1])


def set_at(path, value):
    def change(card, arrays):
        *way, last = path.split("/")
        at = card
        for name in way:
            at = at[int(name)] if name.isdigit() else at[name]
        at[int(last) if last.isdigit() else last] = value

    return change


def set_array(name, make):
    def change(card, arrays):
        arrays[name] = make(arrays[name].copy())

    return change


def put(array, at, value):
    array[at] = value
    return array


HEAD, INNER = "head.model", "features.parts.0.head.model"
SCALE = {"class": "Scale", "rubric": "", "name": "", "low": 0, "high": 1, "good": 1, "whole": True}
FORGERIES = {
    "a later format": (set_at("version", 2), "version 2, expected 1; it takes another version of textbook"),
    "no format": (set_at("format", "x"), "not one of a scorer"),
    "more of a text": (set_at("model/head_chars", 10), "first 10 characters, expected 4000; fit it again"),
    "another class": (set_at("model/head/class", "os.system"), "made of 'os.system'"),
    "a class of ours at a wrong place": (set_at("model/head", {"class": "HashedWords"}), "does not know"),
    "a part in place of another": (set_at("model/head", SCALE), "another part"),
    "a list in place of a part": (set_at("model/features/parts/0/features", []), "expected no list"),
    "no list": (set_at("model/features/parts", 1), "expected a list"),
    "no parts": (set_at("model/features/parts", []), "nothing to concatenate"),
    "another field": (set_at("model/scale/more", 1), "does not know"),
    "other n-grams": (set_at("model/features/parts/0/features/hasher/orders", [3]), "not those that it was fitted on"),
    "n-grams out of range": (set_at("model/features/parts/0/features/hasher/bits", 60), "out of range"),
    "later code features": (set_at("model/features/parts/1/features/version", 9), "version 9 of the code features"),
    "fewer code features": (set_at("model/features/parts/1/features/names", ["num_lines"]), "fit the scorer again"),
    "another output": (set_at("model/head/output", "eval"), "output is 'eval'"),
    "another width": (set_at("model/head/model/width", 10**9), "columns, expected 1000000000"),
    "a width that is none": (set_at("model/head/model/width", True), "another part"),
    "an endless number": (set_at("model/head/model/unit", 1e300), "at most 1e"),
    "a scale upside down": (set_at("model/scale/high", -1), "the scale runs from"),
    "an array that is not there": (set_at("model/head/model/left", {"array": "none"}), "no scorer"),
    "nothing": (set_at("model", None), "no scorer"),
    "no words": (set_at("about", [1]), "says nothing"),
    "another encoder": (set_at("model/features/parts/2/encoder/identity", "mine"), "needs the encoder mine; give it"),
    "a child before its parent": (set_array(f"{HEAD}.left", lambda a: put(a, 3, -3)), "left has values from -3"),
    "a child beyond the end": (set_array(f"{HEAD}.right", lambda a: put(a, 0, 10**6)), "right has values"),
    "a child that is itself": (set_array(f"{HEAD}.right", lambda a: put(a, 0, 0)), "one child, expected two or none"),
    "a root beyond the end": (set_array(f"{HEAD}.roots", lambda a: put(a, 0, 10**6)), "roots has values"),
    "no root": (set_array(f"{HEAD}.roots", lambda a: a[:0]), "one number a tree"),
    "a column beyond the end": (set_array(f"{HEAD}.feature", lambda a: put(a, 0, 10**6)), "feature has values"),
    "a threshold that is none": (set_array(f"{HEAD}.threshold", lambda a: put(a, 0, np.nan)), "threshold is not fin"),
    "fewer nodes": (set_array(f"{HEAD}.value", lambda a: a[:-1]), "value is int16 of shape"),
    "whole thresholds": (set_array(f"{HEAD}.threshold", lambda a: a.astype(int)), "threshold is int64"),
    "leaves of 64 bits": (set_array(f"{HEAD}.value", lambda a: np.full(len(a), 2**60)), "than 32 bits"),
    "a table": (set_array(f"{HEAD}.value", lambda a: a[:, None]), "expected one row of numbers"),
    "words": (set_array(f"{HEAD}.value", lambda a: a.astype(str)), "expected one row of numbers"),
    "complex numbers": (set_array(f"{HEAD}.value", lambda a: a.astype(complex)), "expected one row of numbers"),
    "weights that are none": (set_array(f"{INNER}.weights.0", lambda a: a.astype(np.float32)), "int16"),
    "fewer weights": (set_array(f"{INNER}.weights.0", lambda a: a[:-1]), "the head was fitted on 127"),
    "no spread": (set_array("features.parts.1.spread", lambda a: a * 0), "spread is not above 0"),
    "a mean that is none": (set_array("features.parts.1.mean", lambda a: a * np.nan), "weight and mean"),
    "another profile": (set_array("familiarity.mean", lambda a: a[:-1]), "profile has the shapes"),
    "a held-out score that is none": (set_array("held_out.scores", lambda a: a * np.nan), "not finite"),
    "a group without a name": (set_array("held_out.groups", lambda a: a + 9), "has no name"),
    "digests cut off": (set_array("held_out.digests", lambda a: a[:-1]), "bytes of digests"),
}  # fmt: skip


@pytest.mark.parametrize("name", FORGERIES)
def test_what_an_attacker_would_write_is_refused(files, name):
    change, message = FORGERIES[name]
    with pytest.raises(ValueError, match=message):
        from_bytes(*forged(files, change)).score(["the width of an encoder is known when it has encoded"])


def places_in(value, path=()):
    yield path
    if isinstance(value, dict | list):
        for name, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places_in(each, (*path, name))


def test_whatever_stands_in_a_card_a_scorer_or_an_error_comes_of_it(files):
    """A hundred forgeries at random: those that load must score, within the scale."""
    rng = random.Random(0)
    card = json.loads(files[0])
    places = [path for path in places_in(card["model"]) if path]
    odd = (None, True, -1, 0, 1e9, 10**30, "x", "", [], {}, [1], {"array": "head.model.left"}, {"class": "Embedded"})

    def change(card, arrays):
        at = card["model"]
        *way, last = rng.choice(places)
        for name in way:
            at = at[name]
        at[last] = copy.deepcopy(rng.choice(odd))

    loaded = 0
    for _ in range(100):
        try:
            scorer = from_bytes(*forged(files, change))
        except ValueError:
            continue
        scores = scorer.score(["def f(x):\n    return x\n", "word " * 50]).scores
        assert (scores >= scorer.scale.low).all() and (scores <= scorer.scale.high).all()
        loaded += 1
    assert loaded < 50


def test_a_chain_of_nodes_is_refused_and_not_followed(files):
    def chain(card, arrays):
        num = 200_000
        inner = np.arange(num) < num - 2
        arrays[f"{HEAD}.left"] = np.where(inner, 1, 0).astype(np.int32)
        arrays[f"{HEAD}.right"] = np.where(inner, 2, 0).astype(np.int32)
        for name, kind in (("feature", np.int32), ("value", np.int16), ("threshold", np.float32)):
            arrays[f"{HEAD}.{name}"] = np.zeros(num, kind)
        arrays[f"{HEAD}.roots"] = np.zeros(1, np.int64)

    with pytest.raises(ValueError, match="deeper than 1000 nodes"):
        from_bytes(*forged(files, chain))


def with_entry(name: str, data: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return buffer.getvalue()


def npy(header: str, data: bytes = b"") -> bytes:
    text = header.encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + data


ARCHIVES = {
    "no archive": b"PK not",
    "nothing": b"",
    "a pickle": with_entry("x.npy", npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", pickle.dumps([1]))),
    "a claim of a petabyte": with_entry("x.npy", npy("{'descr': '<f8', 'fortran_order': False, 'shape': (10**15,)}")),
    "a petabyte": with_entry("x.npy", npy(f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({10**15},)}}")),
    "less than nothing": with_entry("x.npy", npy("{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}")),
    "code in a header": with_entry("x.npy", npy("{'descr': __import__('os').getcwd(), 'shape': (1,)}")),
    "no header": with_entry("x.npy", b"\x93NUMPY\x01\x00"),
    "no array": with_entry("x.npy", b"hello"),
    "fields": with_entry("x.npy", npy("{'descr': [('a', '<i4')], 'fortran_order': False, 'shape': (1,)}", b"1234")),
}


@pytest.mark.parametrize("name", ARCHIVES)
def test_archives_that_hold_something_else(files, name):
    with pytest.raises(ValueError):
        from_bytes(files[0], ARCHIVES[name])


def test_an_archive_that_unpacks_to_too_much_is_not_unpacked(files, monkeypatch):
    monkeypatch.setattr("textbook.curation.educational_value.artefact.MAX_ARRAY_BYTES", 10**6)
    with pytest.raises(ValueError, match="more than 1,000,000 bytes"):
        from_bytes(files[0], with_entry("x.npy", b"\0" * 2 * 10**6))


CARDS = {
    "no JSON": b"{",
    "not UTF-8": b"\xff\xfe{}",
    "a list": b"[]",
    "nested": b"[" * 100_000,
    "NaN": b'{"format": NaN}',
    "a long number": b'{"format": ' + b"1" * 10_000 + b"}",
}


@pytest.mark.parametrize("name", CARDS)
def test_cards_that_are_none(files, name):
    with pytest.raises(ValueError):
        from_bytes(CARDS[name], files[1])


def test_a_huge_card_is_not_read(scorer, tmp_path, monkeypatch):
    scorer.save(tmp_path)
    monkeypatch.setattr("textbook.curation.educational_value.artefact.MAX_CARD_BYTES", 100)
    with pytest.raises(ValueError, match=r"scorer\.json has .* bytes, expected at most 100"):
        EducationalValue.load(tmp_path)


class Own:
    """A user's encoder."""

    def __init__(self, identity="own-encoder-v1", width=4):
        self.identity, self.width = identity, width

    def encode(self, texts):
        return np.array([[len(text) % (at + 2) for at in range(self.width)] for text in texts], np.float32)


def test_an_encoder_of_a_user_is_given_again(tmp_path):
    scorer = EducationalValue.fit(labelled(60), "fineweb_edu", encoder=Own())
    scorer.save(tmp_path)
    with pytest.raises(ValueError, match="needs the encoder own-encoder-v1; give it with encoder="):
        EducationalValue.load(tmp_path)
    with pytest.raises(ValueError, match="fitted with the encoder own-encoder-v1, got other"):
        EducationalValue.load(tmp_path, encoder=Own("other"))
    loaded = EducationalValue.load(tmp_path, encoder=Own())
    assert loaded == scorer and (loaded.score(["abc", "d"]).scores == scorer.score(["abc", "d"]).scores).all()
    wider = EducationalValue.load(tmp_path, encoder=Own(width=5))
    with pytest.raises(ValueError, match="5 columns, expected 4.*give the same encoder"):
        wider.score(["x"])
