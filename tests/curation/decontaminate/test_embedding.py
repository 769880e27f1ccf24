"""The detector `embedding`, with encoders that need no model: what it finds, what it encodes, what it refuses."""

import importlib.util
import inspect
import textwrap
from dataclasses import dataclass, field

import dill
import numpy as np
import pytest

from tests.contract import check_step
from tests.curation.decontaminate.problems import CLOSEST, CLOSEST_SOLUTION, OWN, TIDES, TIDES_SOLUTION
from textbook.curation.decontaminate import Decontaminate, Null, Thresholds, calibrate
from textbook.curation.decontaminate.embedding import ReferenceVectors
from textbook.curation.decontaminate.references import Prepared
from textbook.curation.decontaminate.strangers import STRANGERS
from textbook.curation.decontaminate.units import MOST_CHARS, WHOLE_CHARS
from textbook.curation.decontaminate.verdict import CONTAMINATED, SUSPECT, Scored
from textbook.curation.encoders import HashedWords, SentenceEncoder
from textbook.lineage import fingerprint

SAME = {"waves": "water", "sea": "water", "stands": "stood", "peaks": "higher", "times": "hours", "previous": "before"}


@dataclass(frozen=True)
class Thesaurus:
    """Knows that some words say the same, and writes down what it is given."""

    identity: str = "thesaurus"
    seen: list[str] = field(default_factory=list, compare=False)

    def encode(self, texts):
        self.seen.extend(texts)
        told = [" ".join(SAME.get(word, word) for word in text.lower().split()) for text in texts]
        return HashedWords(1024).encode(told)


def judged(texts, step):
    return step({"id": list(map(str, range(len(texts)))), "text": texts, "language": ["python"] * len(texts)})


ALONE = Decontaminate(OWN, detectors=("embedding",), encoder=HashedWords(1024))
UNRELATED = "def area(width, height):\n    return width * height\n"


def test_it_works_alone():
    out = judged([CLOSEST + CLOSEST_SOLUTION, UNRELATED, "", TIDES + TIDES_SOLUTION], ALONE)
    assert out["contamination_tier"] == ["contaminated", "clear", "clear", "contaminated"]
    (evidence,) = out["contaminated_by"][0]
    assert evidence["reference"] == "Own/0" and evidence["detector"] == "embedding" and evidence["score"] > 0.999
    assert evidence["chance"] is None and (evidence["start"], evidence["end"]) == (0, len(CLOSEST + CLOSEST_SOLUTION))


def test_other_words_are_found_if_the_encoder_knows_them():
    text = "the times when the sea stands at peaks , not as at the previous and at the later ones"
    above = []
    for encoder in (HashedWords(1024), Thesaurus()):
        vectors = ReferenceVectors([problem.text for problem in OWN], encoder)
        above.append(vectors.deviations(vectors.cosines([text]))[0])
    assert above[1].argmax() == 2 and above[1][2] > above[0][2] + 2


def test_only_what_is_near_is_encoded():
    encoder = Thesaurus("near")
    step = Decontaminate(OWN, encoder=encoder)
    judged([UNRELATED], step)
    encoder.seen.clear()
    near = CLOSEST + CLOSEST_SOLUTION
    judged([UNRELATED, near, near, "x = 1\n"], step)
    assert encoder.seen == [near]
    everything = Decontaminate(OWN, encoder=encoder, embed="all")
    encoder.seen.clear()
    judged([UNRELATED, near, "", "\n\n", "x = 1\n"], everything)
    assert sorted(encoder.seen) == sorted([UNRELATED, near, "x = 1\n"])


def test_long_rows_are_encoded_in_parts_and_not_to_their_end():
    encoder = Thesaurus("long")
    step = Decontaminate(OWN, detectors=("embedding",), encoder=encoder)
    source = inspect.getsource(textwrap)
    lines = CLOSEST + CLOSEST_SOLUTION
    endless = (lines * (MOST_CHARS // len(lines) + 1))[:MOST_CHARS] + "wanted = 1\n" * 10_000
    out = judged([source + lines + source, endless], step)
    assert out["contamination_tier"] == ["contaminated"] * 2
    assert max(map(len, encoder.seen)) <= WHOLE_CHARS and not any("wanted" in text for text in encoder.seen)
    assert len(encoder.seen) < 30_000


def test_words_and_vectors_are_weighed_together():
    def sure(**found: Scored) -> float:
        return Thresholds().contamination(found)

    words, few_words, near, far = Scored(0.08), Scored(0.06), Scored(0.7, deviations=6.5), Scored(0.2, deviations=0.5)
    assert sure(lexical=words) >= SUSPECT > sure(lexical=words, embedding=far)
    assert sure(lexical=few_words, embedding=near) >= SUSPECT > sure(lexical=few_words)
    assert SUSPECT <= sure(embedding=near) < CONTAMINATED <= sure(embedding=Scored(0.9, deviations=9.0)) < 1
    assert sure(ngram=Scored(0.9), lexical=words, embedding=far) >= CONTAMINATED
    assert sure(lexical=few_words, embedding=near._replace(common=0.1)) < SUSPECT


def test_rates_of_chance_are_those_of_an_encoder(tmp_path):
    null = calibrate(OWN, [CLOSEST] + [f"x{i} = {i}\n" for i in range(9)], encoder=HashedWords(), embed="all")
    digest = Prepared([OWN], 0.8, True).digests[0]
    assert null.chance(digest, "embedding", 0.95) == 1 / 11 and null.chance(digest, "embedding", 0.5) == 2 / 11
    assert judged([CLOSEST], Decontaminate(OWN, encoder=HashedWords(), null=null))["contamination_tier"] == ["clear"]
    null.write(tmp_path / "null.npz")
    assert Null.read(tmp_path / "null.npz") == null != calibrate(OWN, ["x = 1"])
    with pytest.raises(ValueError, match="give one for both"):
        judged([CLOSEST], Decontaminate(OWN, encoder=HashedWords(512), null=null))


def test_the_encoder_is_part_of_the_identity():
    steps = [
        Decontaminate(OWN),
        Decontaminate(OWN, encoder=HashedWords()),
        Decontaminate(OWN, encoder=HashedWords(512)),
        Decontaminate(OWN, encoder=HashedWords(), embed="all"),
    ]
    assert len(set(map(fingerprint, steps))) == 4
    assert dill.loads(dill.dumps(steps[1])) == steps[1]


def test_the_step_with_an_encoder_keeps_the_contract():
    step, batch = Decontaminate.example()
    for embed in ("near", "all"):
        check_step(Decontaminate(step.references, encoder=HashedWords(), embed=embed), batch)


@pytest.mark.parametrize(
    ("wrong", "remedy"),
    [
        ({"detectors": ("embedding",)}, "needs an encoder, such as"),
        ({"detectors": ("ast",), "encoder": HashedWords()}, "an encoder is for `embedding`"),
        ({"encoder": "all-MiniLM-L6-v2"}, "expected an object with `encode` and `identity`"),
        ({"encoder": HashedWords(), "embed": "some"}, "near or all"),
    ],
)
def test_what_does_not_fit_together_is_refused(wrong, remedy):
    with pytest.raises(ValueError, match=remedy):
        Decontaminate(OWN, **wrong)


@pytest.mark.parametrize("array", [np.zeros(3), np.zeros((1, 3)), np.full((20, 3), np.nan)])
def test_an_encoder_that_gives_no_vectors_is_told(array):
    class Odd:
        identity = "odd"

        def encode(self, texts):
            return array

    with pytest.raises(ValueError, match="the encoder odd gave .* expected finite numbers"):
        judged([CLOSEST], Decontaminate(OWN, encoder=Odd()))


@pytest.mark.skipif(importlib.util.find_spec("sentence_transformers") is not None, reason="it is installed")
def test_what_is_missing_is_named(tmp_path):
    with pytest.raises(ModuleNotFoundError, match=r"textbook-curation\[embed\]"):
        judged([CLOSEST], Decontaminate(OWN, encoder=SentenceEncoder(str(tmp_path))))


def test_cosines_do_not_depend_on_the_batch():
    vectors = ReferenceVectors([problem.text for problem in OWN], HashedWords())
    texts = [*STRANGERS, CLOSEST, CLOSEST, "\ud800", "?"]
    together = vectors.cosines(texts)
    assert (together == np.concatenate([vectors.cosines([text]) for text in texts])).all()
    assert together.shape == (len(texts), len(OWN)) and (together[-1] == 0).all()
    assert np.abs(together).max() < 1 + 1e-12


def test_strangers_are_strangers_and_the_same_is_near():
    vectors = ReferenceVectors(STRANGERS, HashedWords())
    deviations = vectors.deviations(vectors.cosines(STRANGERS))
    others = deviations[~np.eye(len(STRANGERS), dtype=bool)]
    assert abs(others.mean()) < 0.01 and abs(others.std() - 1) < 0.01 and deviations.diagonal().min() > 5
