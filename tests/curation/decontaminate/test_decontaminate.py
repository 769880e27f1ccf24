"""`Decontaminate` on a benchmark of our own: leaks however they are hidden, what is no leak, and what can't be read."""

import dataclasses
import inspect
import textwrap
import time

import dill
import pyarrow as pa
import pytest

from tests.contract import check_step
from tests.curation.decontaminate.planted import MAKERS, in_a_long_file
from tests.curation.decontaminate.problems import CLOSEST, CLOSEST_SOLUTION, OWN, PLUS, PLUS_SOLUTION, ROWS
from textbook.benchmarks import References
from textbook.curation.decontaminate import Decontaminate, Phi1, Thresholds, calibrate
from textbook.curation.decontaminate.evidence import DETECTORS
from textbook.lineage import fingerprint

UNRELATED = inspect.getsource(textwrap)
STEP = Decontaminate(OWN)
REAL = ("Own/0", "Own/1", "Own/2")


def judged(texts, step=STEP, language="python"):
    """The rows that come of texts, as the engine would store them."""
    languages = language if isinstance(language, list) else [language] * len(texts)
    out = step({"id": list(map(str, range(len(texts)))), "text": texts, "language": languages})
    columns = {name: pa.array(out[name], kind).to_pylist() for name, kind in step.adds.items()}
    return [
        {name: values[i] for name, values in (columns | {"drop_reason": out["drop_reason"]}).items()}
        for i in range(len(texts))
    ]


def named(row) -> set[str]:
    return {each["reference"] for each in row["contaminated_by"] or []}


def by(row, reference: str) -> dict[str, dict]:
    return {each["detector"]: each for each in row["contaminated_by"] or [] if each["reference"] == reference}


@pytest.mark.parametrize("kind", [kind for kind in MAKERS if kind != "restyled"])
def test_leaks_are_found_however_they_are_disguised(kind: str):
    problems = [OWN[name] for name in REAL]
    made = [(problem.id, text) for problem in problems if (text := MAKERS[kind](problem)) is not None]
    assert made
    for (name, _), row in zip(made, judged([text for _, text in made]), strict=True):
        assert row["contamination_tier"] == "contaminated", (kind, name)
        assert next(iter(named(row))) == name
        assert row["drop_reason"].startswith(f"contaminated: {name} by ")


def test_a_leak_in_a_long_file_is_found_and_shown_where_it_is():
    text = in_a_long_file(OWN["Own/0"], UNRELATED)
    row = judged([text])[0]
    assert row["contamination_tier"] == "contaminated"
    for evidence in by(row, "Own/0").values():
        leaked = text[evidence["start"] : evidence["end"]]
        assert "closest" in leaked and len(leaked) < 2000, evidence
    ast = by(row, "Own/0")["ast"]
    assert text[ast["start"] : ast["end"]] == CLOSEST + CLOSEST_SOLUTION and ast["score"] == 1.0
    assert judged([UNRELATED])[0]["contamination_tier"] == "clear"


@pytest.mark.parametrize("size", [500, 700, 1_400, 2_000, 3_000, 5_000])
def test_a_window_that_starts_within_a_long_word_is_like_any_other(size: int):
    text = "x = " + "9" * size + "\n" + CLOSEST + CLOSEST_SOLUTION + "y = " + "a" * size
    row = judged([text])[0]
    shown = by(row, "Own/0")["ngram"]
    assert text[shown["start"] : shown["end"]].startswith("def closest_pair(numbers)")


def test_a_leak_between_prose_is_found():
    chat = f"Sure! Here is the function:\n\n```python\n{CLOSEST}{CLOSEST_SOLUTION}```\nAnything else?\n"
    row = judged([chat], language=None)[0]
    assert row["contamination_tier"] == "contaminated" and by(row, "Own/0")["ast"]["score"] == 1.0


def test_other_languages_are_judged_by_their_words():
    text = """/**
 * Of a list of numbers, return the two that are closest to each other, the smaller one first.
 * closestPair([9, 1, 5, 6]) -> [5, 6]
 */
function closestPair(numbers) {
  let best = null;
  numbers.sort();
  for (let i = 0; i + 1 < numbers.length; i++) {
    if (best === null || numbers[i + 1] - numbers[i] < best[1] - best[0]) best = [numbers[i], numbers[i + 1]];
  }
  return best;
}
"""
    for language in ("javascript", "cobol", None):
        row = judged([text], language=language)[0]
        assert row["contamination_tier"] == "contaminated" and "ast" not in by(row, "Own/0")


TIDES_JAVASCRIPT = """function tides(levels) {
  const found = [];
  for (let hour = 1; hour < levels.length; hour++) {
    if (levels[hour] > 2) found.push(hour);
  }
  return found;
}
"""


def test_trees_of_other_languages_are_compared_with_references_in_them():
    row = {"id": "js", "prompt": "", "solution": TIDES_JAVASCRIPT, "entry_point": "tides", "language": "javascript"}
    step = Decontaminate(References.of([row]), detectors=("ast",))
    renamed = TIDES_JAVASCRIPT.replace("hour", "i").replace("found", "out").replace("levels", "a")
    assert by(judged([renamed], step, "javascript")[0], "js")["ast"]["score"] == 1.0
    assert judged([renamed], step, "java")[0]["contamination_tier"] == "clear"


@pytest.mark.parametrize("language", ["python", None])
def test_unrelated_rows_are_clear(language):
    texts = ["", " \n", "def area(w, h):\n    return w * h\n", "x = 1\n", UNRELATED]
    texts += ["Some prose about tides and seats."] if language is None else []
    for row in judged(texts, language=language):
        assert row["contamination_tier"] == "clear" and row["contaminated_by"] is None and row["drop_reason"] is None


def test_what_cannot_be_read_is_undecided_unless_the_rest_tells():
    broken = "def area(w, h:\n    return w * h\n"
    rows = judged([broken, CLOSEST + CLOSEST_SOLUTION + broken, "x" * 10 + "\0", "(" * 5000])
    assert [row["contamination_tier"] for row in rows] == ["undecided", "contaminated", "undecided", "undecided"]
    notes = [row["contamination_note"] for row in rows]
    assert notes[:3] == ["line 1: '(' was never closed", None, "line 1: null character"]
    assert "too many nested" in notes[3]


def test_a_trivial_problem_is_not_found_in_every_sum():
    sums = [
        "def total(a, b):\n    return a + b\n",
        "def f(x, y):\n    return x + y\n",
        "def f(a, b):\n    return a.n + b\n",
    ]
    assert all(row["contamination_tier"] == "clear" for row in judged(sums))
    assert judged([PLUS + PLUS_SOLUTION], Decontaminate.phi1(OWN))[0]["contamination_tier"] == "contaminated"


def test_rows_are_marked_and_kept_if_asked():
    row = judged([CLOSEST + CLOSEST_SOLUTION], Decontaminate(OWN, drop=False))[0]
    assert row["contamination_tier"] == "contaminated" and row["drop_reason"] is None


@pytest.mark.parametrize("detector", sorted(set(DETECTORS) - {"embedding"}))
def test_each_detector_works_alone(detector: str):
    row = judged([CLOSEST + CLOSEST_SOLUTION], Decontaminate(OWN, detectors=(detector,)))[0]
    expected = {"ngram": {"ngram", "long_ngram"}}.get(detector, {detector})
    assert row["contamination_tier"] == "contaminated" and set(by(row, "Own/0")) == expected


def test_detectors_that_do_not_exist_are_refused():
    for wrong in ((), ("ngram", "magic")):
        with pytest.raises(ValueError, match="expected one or more of ngram, ast, lexical"):
            Decontaminate(OWN, detectors=wrong)


@pytest.mark.parametrize("wrong", [[], "humaneval", [ROWS]])
def test_what_is_no_benchmark_is_refused(wrong):
    with pytest.raises(ValueError, match=r"expected one benchmark or more, such as References.humaneval\(\)"):
        Decontaminate(wrong)


def test_several_benchmarks_and_names_that_clash():
    other = References.of([ROWS[1] | {"id": "Own/0"}, ROWS[2]], name="other")
    first = References.of(ROWS[:1], name="first")
    rows = judged([problem.text for problem in OWN][:3], Decontaminate([first, other]))
    assert [next(iter(named(row))) for row in rows] == ["first/Own/0", "other/Own/0", "Own/2"]


PHI1_CHANGED = CLOSEST_SOLUTION.replace("best[1] - best[0]", "best[1]")
"""Three nodes of 36 less in one place."""


def test_phi1s_rule_knows_trees_alone():
    texts = [
        CLOSEST + CLOSEST_SOLUTION,
        f"def f(a):\n{CLOSEST_SOLUTION}",
        f"def f(a):\n{PHI1_CHANGED}",
        CLOSEST + "    pass\n",
    ]
    rates = [row["contamination"] for row in judged(texts, Decontaminate.phi1(OWN, tau=0.7))]
    assert rates[:2] == [1.0, 1.0] and 0.8 < rates[2] < 0.95 and rates[3] == 0.0
    for tau in (0.95, 0.9, 0.85, 0.8):
        rows = judged(texts, Decontaminate.phi1(OWN, tau=tau))
        assert [row["contamination_tier"] == "contaminated" for row in rows] == [rate >= tau for rate in rates]


def test_phi1s_rule_counts_a_rate_that_is_exactly_tau():
    body = "    x = 1\n" * 3  # with the header 2 + 3 * 3 nodes
    own = References.of([{"prompt": "def f():\n", "solution": body + "    return 1\n", "entry_point": "f"}])
    nodes = 2 + 3 * 3 + 2
    for edits in range(1, 5):
        text = f"def f():\n{body}    return 1\n" + "    break\n" * edits
        row = judged([text], Decontaminate.phi1(own, tau=nodes / (nodes + edits)))[0]
        assert row["contamination_tier"] == "contaminated"


def test_the_reason_tells_the_evidence_and_the_chance():
    text = CLOSEST + CLOSEST_SOLUTION
    said = judged([text])[0]["drop_reason"]
    assert said.startswith("contaminated: Own/0 by ast 1.00, lexical 0.") and "chance" not in said
    null = calibrate(OWN, [UNRELATED] * 63)
    row = judged([text], Decontaminate(OWN, null=null))[0]
    assert row["drop_reason"].endswith("long_ngram 1.00, ngram 1.00 (by chance: at most 1e+03 in 64k functions)")
    assert {each["chance"] for each in row["contaminated_by"]} == {1 / 64}


def test_the_identity_is_that_of_the_content():
    twin = Decontaminate(References.of(ROWS, name="own"))
    assert fingerprint(twin) == fingerprint(STEP) and twin == STEP
    others = [
        Decontaminate(References.of(ROWS[:3], name="own")),
        Decontaminate(OWN, detectors=("ast",)),
        Decontaminate(OWN, verdict=Thresholds(min_nodes=20)),
        Decontaminate(OWN, verdict=Phi1(0.9), detectors=("ast",)),
        Decontaminate(OWN, drop=False),
    ]
    assert len({fingerprint(step) for step in [STEP, *others]}) == 6
    copied = dill.loads(dill.dumps(STEP))
    assert copied == STEP and judged([UNRELATED, CLOSEST], copied) == judged([UNRELATED, CLOSEST])
    assert dataclasses.replace(STEP, drop=False) != STEP


ODD = {
    "a surrogate": "def f():\n    return '\ud800'\n",
    "one word": "x" * 3_000_000,
    "2 MB": "a = 1\n" * 350_000,
    "50 MB": "a = 1\n" * 8_000_000,
    "50 MB of functions": "def f(x):\n    return x + 1\n" * 1_800_000,
    "50 MB of words": "give the two closest of some numbers " * 1_400_000,
}


@pytest.mark.parametrize("kind", ODD)
def test_odd_rows_are_undecided_and_leaks_beside_them_found(kind: str):
    started = time.process_time()
    rows = judged([ODD[kind], CLOSEST + CLOSEST_SOLUTION])
    assert time.process_time() - started < 15
    assert [row["contamination_tier"] for row in rows] == ["undecided", "contaminated"]


def test_a_leak_at_the_start_of_50_mb_is_found_and_beyond_what_is_compared_not():
    leak, rest = CLOSEST + CLOSEST_SOLUTION, "a = 1\n" * 8_000_000
    first, last = judged([leak + rest, rest + leak])
    assert first["contamination_tier"] == "contaminated" and last["contamination_tier"] == "undecided"
    assert last["contamination_note"] == "only its first 4,000,000 characters were compared"


def test_the_step_keeps_the_contract():
    check_step(*Decontaminate.example())
