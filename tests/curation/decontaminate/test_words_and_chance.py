"""Words and what texts share of them; how often chance finds the same."""

import inspect
import json
import textwrap

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.curation.decontaminate.problems import CLOSEST, CLOSEST_SOLUTION, OWN, ROWS
from textbook.benchmarks import References
from textbook.curation.decontaminate.background import background
from textbook.curation.decontaminate.lexical import Lexical
from textbook.curation.decontaminate.ngram import Ngrams, needed_share
from textbook.curation.decontaminate.null import GRIDS, Null, calibrate, functions_below, shipped
from textbook.curation.decontaminate.references import Prepared
from textbook.curation.decontaminate.verdict import Scored, Thresholds, tries
from textbook.curation.decontaminate.words import WORD, Vocabulary, joined, word_spans


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("HTTPServer_max2", ["HTTP", "Server", "max", "2"]),
        ("camelCase snake_case SHOUT aB", ["camel", "Case", "snake", "case", "SHOUT", "a", "B"]),
        ("x = 1.5e3  # pi: 3.14", ["x", "1.5", "e", "3", "pi", "3.14"]),
        ("naïve café Straße", ["na", "ï", "ve", "caf", "é", "Stra", "ß", "e"]),
        ("教科書 と한글", ["教", "科", "書", "と", "한", "글"]),
        ("Привет, мир!", ["Привет", "мир"]),
        ("", []),
        ("\0\ud800 ()", []),
    ],
)
def test_words(text: str, words: list[str]):
    assert WORD.findall(text) == words
    assert [text[start:end] for start, end in word_spans(text, 0, len(text))] == words


@given(st.text())
def test_words_do_not_depend_on_case_or_on_what_was_read_before(text: str):
    first, second = Vocabulary(["a", "list"]), Vocabulary(["a", "list"])
    second.words("some other words of a list")
    assert first.words(text).tolist() == second.words(text).tolist()
    shouted = text.replace("ß", "").swapcase()
    if text.isascii() and text.islower():
        assert first.words(text).tolist() == first.words(shouted.lower()).tolist()


def test_concepts_are_shared_by_words_that_say_the_same():
    def concepts(text: str) -> list[int]:
        return joined([vocabulary.words(text)]).concepts.tolist()

    vocabulary = Vocabulary([])
    assert concepts("list of largest numbers") == concepts("arrays of MAXIMUM Number")
    assert concepts("three sorted strings") == concepts("3 ordered str")
    assert concepts("cat") != concepts("dog")


def test_two_numbers_near_one_another_are_data_and_no_pair():
    own = References.of([{"prompt": "0, 1, 2, 3, 4, 5 of eight tides", "solution": "9, 10, 11, 12"}])
    against = Prepared([own], 0.8, True)

    def likeness(text: str) -> float:
        return float(against.lexical.similarities(joined([against.vocabulary.words(text)]))[0, 0])

    assert likeness("0, 1, 2, 3, 4, 5, 9, 10, 11, 12") == likeness("5, 10, 0, 12, 2, 9, 1, 11, 3, 4") < 0.2
    assert likeness("of 8 tides") > likeness("of 4 tides") > likeness("4 of no tides")


def shares(references: list[str], texts: list[str], num_words: int) -> dict[tuple[int, int], float]:
    vocabulary = Vocabulary([])
    words = joined([vocabulary.words(text) for text in references])
    ngrams = Ngrams(words, np.ones(len(words.words)), num_words)
    found = ngrams.shared(joined([vocabulary.words(text) for text in texts]))
    return {pair: shared.share for pair, shared in found.items()}


def test_the_share_of_ngrams():
    reference = "one two three four five six"
    texts = [
        reference,
        "two three four",
        "zero two three four five",
        "one two one two",
        "six five four three",
        "",
        "one",
    ]
    assert shares([reference], texts, 3) == pytest.approx({(0, 0): 1.0, (1, 0): 0.25, (2, 0): 0.5})
    assert shares([reference], ["one two three " * 50], 3) == pytest.approx({(0, 0): 0.25})
    assert shares(["one two"], ["one two"], 3) == {} and shares([], ["one two three"], 3) == {}


def test_an_ngram_does_not_reach_from_text_to_text():
    assert shares(["one two three four"], ["zero one two", "three four five"], 3) == {}


def test_ngrams_of_many_references_weigh_little():
    references = [f"write a function that returns {name} {name} {name}" for name in ("tides", "seats", "pairs")]
    found = shares(references, ["write a function that returns nothing of the kind", "tides tides tides"], 3)
    assert found == pytest.approx(
        {(0, 0): 0.25, (0, 1): 0.25, (0, 2): 0.25, (1, 0): 0.25}
    )  # half, if all weighed alike


@given(st.lists(st.lists(st.sampled_from("abcd"), max_size=12).map(" ".join), max_size=4), st.integers(1, 4))
def test_shares_are_those_of_sets(texts: list[str], num_words: int):
    def grams(text: str) -> set[tuple[str, ...]]:
        words = text.split()
        return {tuple(words[i : i + num_words]) for i in range(len(words) - num_words + 1)}

    reference = "a b c d a b a"
    wanted = {
        (i, 0): len(grams(text) & grams(reference)) / len(grams(reference))
        for i, text in enumerate(texts)
        if grams(text) & grams(reference)
    }
    assert shares([reference], texts, num_words) == pytest.approx(wanted)


def test_how_much_must_be_shared():
    assert [needed_share(words) for words in (1, 20, 35, 50, 500)] == pytest.approx([1, 1, 0.9, 0.8, 0.8])


def test_likeness_does_not_depend_on_the_batch():
    against = Prepared([OWN], 0.8, True)
    texts = [CLOSEST, "", "x", inspect.getsource(textwrap), CLOSEST_SOLUTION, "The two closest numbers of a list"]
    words = [against.vocabulary.words(text) for text in texts]
    together = against.lexical.similarities(joined(words))
    alone = np.concatenate([against.lexical.similarities(joined([each])) for each in words])
    assert (together == alone).all() and ((together >= 0) & (together <= 1)).all()
    assert together.argmax(axis=1)[[0, 4, 5]].tolist() == [0, 0, 0] and together[1].max() == 0


def test_likeness_of_a_benchmark_without_words():
    against = Prepared([References.of([{"prompt": "+", "solution": "-"}])], 0.8, True)
    assert against.lexical.similarities(joined([against.vocabulary.words("some words")])).tolist() == [[0.0]]
    assert Lexical is type(against.lexical) and background().num_functions > 0


TRIVIAL = "def f{0}(a, b):\n    return a + b\n"


def test_what_is_common_has_a_high_chance(tmp_path):
    null = calibrate(OWN, [TRIVIAL.format(i) for i in range(90)] + ["def f(x):\n    return x.y\n"] * 10)
    digest = {problem.id: each for problem, each in zip(OWN, Prepared([OWN], 0.8, True).digests, strict=True)}
    assert null.chance(digest["Own/3"], "ast", 1.0) == 91 / 101 and null.share(digest["Own/3"], "ast", 1.0) == 0.9
    assert null.chance(digest["Own/0"], "ast", 1.0) == 1 / 101 and null.share(digest["Own/0"], "ast", 1.0) == 0
    assert null.chance(digest["Own/0"], "ast", 0.5) is None and null.chance(b"other", "ast", 1.0) is None
    null.write(tmp_path / "null.npz")
    again = Null.read(tmp_path / "null.npz")
    assert again == null and again.identity == null.identity and hash(again) == hash(null)
    assert calibrate(OWN, [TRIVIAL.format(0)]) != null


def test_trees_are_counted_for_problems_in_the_language_alone():
    javascript = References.of([ROWS[0] | {"language": "javascript"}])
    counts = next(iter(calibrate(javascript, ["x = 1"]).counts.values()))
    assert set(counts) == set(GRIDS) - {"ast", "embedding"}


def test_the_standard_library_is_a_background():
    functions = list(functions_below([__import__("pathlib").Path(inspect.getfile(json)).parent], 30))
    assert len(functions) == len(set(functions)) > 10 and all("def " in text for text in functions)


def test_what_is_shipped_knows_no_text():
    null = shipped()
    assert null.num_functions >= 20_000 and len(null.counts) > 1000
    assert all(len(digest) == 16 for digest in null.counts)


def test_the_more_tries_chance_has_the_more_alike_words_must_be():
    verdict = Thresholds()
    assert tries(50, 100) == tries(164, 2_400) == 1 and tries(1_640, 24_000) == 100
    sure = [verdict.contamination({"lexical": Scored(0.12, tries=each)}) for each in (1, 10, 100)]
    assert [verdict.tier(each) for each in sure] == ["contaminated", "suspect", "suspect"] and sure == sorted(sure)[
        ::-1
    ]
    assert verdict.contamination({"ast": Scored(1.0, nodes=40, tries=100)}) == 1.0, "trees are not alike by chance"
