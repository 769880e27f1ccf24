"""The report of contamination: true counts, the nearest rows beside the problems, and nothing hostile gets through."""

import hashlib
import inspect
import json
import re
import sys
import textwrap

import pytest
from browser import dump_dom

import textbook as tb
from tests.curation.decontaminate.planted import in_a_long_file, renamed, solution_renamed, verbatim
from tests.curation.decontaminate.problems import CLOSEST, CLOSEST_SOLUTION, OWN, ROWS, SEATS, SEATS_SOLUTION
from textbook.benchmarks import References
from textbook.curation.decontaminate import Decontaminate
from textbook.curation.decontaminate.judge import LeaksByJudge, by_loops
from textbook.curation.decontaminate.report import contamination_report
from textbook.curation.decontaminate.similar import similar_problems
from textbook.llm import Scripted

LIBRARY = inspect.getsource(textwrap)
ATTACK = "</td></pre></style>\"'><script>document.title='mine'</script>\u202e\x1b[31m {{ 7 * 7 }}"
SUSPECT = "def pick(numbers):\n    # of a list of numbers, the two closest to each other\n    return numbers[:2]\n"
TEXTS = {
    "whole": verbatim(OWN["Own/0"]),
    "renamed": renamed(OWN["Own/0"]),
    "long": in_a_long_file(OWN["Own/1"], LIBRARY),
    "attack": f"# {ATTACK}\n{verbatim(OWN['Own/2'])}",
    "code": solution_renamed(OWN["Own/2"]),
    "suspect": SUSPECT,
    "library": LIBRARY,
    "broken": "def broken(:\n    pass\n",
    "gone": "too short",
}
OTHER = References.of([ROWS[1] | {"id": "Other/1"}, {"id": "Other/2", "prompt": "Sort words.\n"}], name="other")
STEPS = (tb.CountTokens(), tb.Keep("num_tokens", at_least=5), Decontaminate(OWN))


def rows_of(texts):
    return [
        {"id": name, "text": text, "language": "python", "source": f"{name}.py" if name != "attack" else ATTACK}
        for name, text in texts.items()
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tb.run(STEPS, tb.Rows(rows_of(TEXTS)), tmp_path_factory.mktemp("out") / "folder", progress=False)


@pytest.fixture(scope="module")
def report(folder):
    return contamination_report(folder, OWN)


def test_counts_are_those_of_the_columns(folder, report):
    facts = report.facts
    tiers = {
        fate: [tier for tier in folder.table(part)["contamination_tier"].to_pylist()]
        for part, fate in (("data", "kept"), ("dropped", "dropped"))
    }
    assert facts["not_searched"] == tiers["dropped"].count(None) == 1
    for tier, counts in facts["tiers"].items():
        assert counts == {fate: tiers[fate].count(tier) for fate in ("kept", "dropped")}
    assert facts["tiers"]["contaminated"]["dropped"] == 5
    assert facts["tiers"]["suspect"]["kept"] == facts["tiers"]["undecided"]["kept"] == 1
    found = {each["detector"]: each for each in facts["detectors"]}
    evidence = [row for part in ("data", "dropped") for row in folder.table(part)["contaminated_by"].to_pylist() if row]
    first = [{e["detector"] for e in row if e["reference"] == row[0]["reference"]} for row in evidence]
    for detector, counts in found.items():
        assert counts["contaminated"] + counts["suspect"] == sum(detector in each for each in first)
        assert counts["alone"] == sum(each == {detector} for each in first)


def test_each_problem_has_its_nearest_rows_with_what_was_found(folder, report):
    shown = {problem["id"]: problem for problem in report.facts["problems"]}
    assert set(shown) == {"Own/0", "Own/1", "Own/2"}
    assert report.facts["clear_problems"] == ["Own/3"]
    nearest = shown["Own/0"]["nearest"]
    assert [row["id"] for row in nearest] == ["whole", "renamed", "suspect"]
    assert (nearest[0]["fate"], nearest[0]["source"]) == ("dropped", "whole.py")
    table = folder.table("dropped").to_pylist()
    whole = next(row for row in table if row["id"] == "whole")
    assert nearest[0]["reason"] == whole["drop_reason"]
    own = [each for each in whole["contaminated_by"] if each["reference"] == "Own/0"]
    assert [{"reference": "Own/0"} | each for each in nearest[0]["evidence"]] == own
    assert {each["detector"] for each in own} >= {"ast", "lexical", "ngram"}
    assert shown["Own/0"]["state"] == "contaminated"
    assert (shown["Own/0"]["contaminated"], shown["Own/0"]["suspect"]) == (2, 1)


def test_of_a_long_row_the_part_with_the_leak_is_shown(report):
    (row,) = (row for problem in report.facts["problems"] if problem["id"] == "Own/1" for row in problem["nearest"])
    part = row["part"]
    assert SEATS.rstrip() in part["text"] and len(part["text"]) < len(LIBRARY) / 3
    text = TEXTS["long"]
    assert part["sha256"] == hashlib.sha256(text[part["start"] : part["end"]].encode()).hexdigest()
    assert text[: part["start"]].count("\n") + 1 == part["line"]


def test_problems_at_each_tau(folder, report):
    for each in report.facts["taus"]:
        kept = similar_problems(folder, OWN, each["tau"])
        assert (each["kept"]["ids"], each["kept"]["similar"]) == (kept, len(kept))
        searched = [{"text": text, "language": "python"} for name, text in TEXTS.items() if name != "gone"]
        assert each["all"]["ids"] == similar_problems(searched, OWN, each["tau"])
        assert each["all"]["similar"] + each["all"]["others"] == 4
    assert [each["tau"] for each in report.facts["taus"]] == [0.95, 0.9, 0.85, 0.8]
    assert report.facts["taus"][0]["all"]["similar"] >= 3 and report.facts["taus"][0]["all"]["rows"] >= 5
    assert contamination_report(folder, OWN, taus=()).facts["taus"] is None


def test_undecided_rows_have_their_note(report):
    (row,) = report.facts["undecided"]
    assert row["id"] == "broken" and "invalid syntax" in row["note"]


def test_the_same_from_a_folder_its_path_or_curate(folder, report):
    assert contamination_report(str(folder.path), OWN) == report
    assert contamination_report(tb.curate(rows_of(TEXTS), *STEPS), OWN).html() == report.html()


def test_rows_that_a_model_cleared_are_clear_and_its_verdicts_are_evidence():
    judge = LeaksByJudge(Scripted(by_loops), OWN)
    loop = SUSPECT.replace("# of", "# for instance of")
    rows = rows_of({"cleared": SUSPECT, "leak": loop})
    report = contamination_report(tb.curate(tb.curate(rows, Decontaminate(OWN)).dataset, judge), OWN)
    facts = report.facts
    assert facts["tiers"]["clear"]["kept"] == facts["tiers"]["contaminated"]["dropped"] == 1
    (problem,) = facts["problems"]
    assert [row["id"] for row in problem["nearest"]] == ["leak"]
    assert problem["nearest"][0]["evidence"][0]["detector"] == "judge"
    assert "leak.py: judge 1.00" in str(report)


def test_the_rule_of_the_paper_has_its_report_too():
    found = contamination_report(tb.curate(rows_of(TEXTS), Decontaminate.phi1(OWN, tau=0.8)), OWN)
    assert [each["detector"] for each in found.facts["detectors"]] == ["ast"]
    assert found.facts["tiers"]["contaminated"]["dropped"] == found.facts["taus"][-1]["all"]["rows"]
    assert found.facts["taus"][-1]["kept"]["rows"] == 0
    assert "contaminated from" in found.html()


def test_says_what_is_missing(tmp_path):
    with pytest.raises(ValueError, match="no column contamination.*textbook decontaminate DATA --against"):
        contamination_report(tb.curate(rows_of(TEXTS), tb.CountTokens()), OWN)
    curated = tb.curate(rows_of(TEXTS), *STEPS)
    with pytest.raises(ValueError, match="got other, but the evidence is for Own/"):
        contamination_report(curated, OTHER)
    with pytest.raises(ValueError, match="no manifest.json"):
        contamination_report(tmp_path, OWN)
    with pytest.raises(ValueError, match="tau: got 2"):
        contamination_report(curated, OWN, taus=(2,))


def test_an_empty_dataset_and_one_without_leaks():
    for rows in ([], rows_of({"library": LIBRARY})):
        found = contamination_report(tb.curate(tb.Rows({"text": [row["text"] for row in rows]}), *STEPS), OWN)
        assert (found.facts["num_found"], found.facts["problems"], found.facts["rows"]) == (0, [], [])
        assert "None found anything." in found.html()


def test_several_benchmarks_and_what_they_share(report):
    both = [OWN, OTHER]
    found = contamination_report(tb.curate(rows_of(TEXTS), Decontaminate(both)), both)
    (shared,) = found.facts["overlaps"]
    assert [(pair["left"]["id"], pair["right"]["id"]) for pair in shared["pairs"]] == [("Own/1", "Other/1")]
    assert "Overlap of the benchmarks" in found.html() and "Overlap of the benchmarks" not in report.html()
    partly = contamination_report(tb.curate(rows_of(TEXTS), Decontaminate(both)), OWN)
    assert partly.facts["unknown"] == [{"problem": "Other/1", "rows": 1}] and "Other/1" in partly.html()


def test_what_needs_rapidfuzz_is_left_out_without_it(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "rapidfuzz.process", None)
    facts = contamination_report(folder, [OWN, OTHER]).facts
    assert (facts["taus"], facts["overlaps"], facts["num_found"]) == (None, [], 3)


def eight_words(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"[^\W_]+", text.lower())
    return {tuple(words[i : i + 8]) for i in range(len(words) - 7)}


def test_what_is_published_holds_no_text_of_the_benchmark(folder):
    told = 'def closest_pair(numbers):\n    """Of a list of numbers, return the two that are closest"""\n'
    rows = [*rows_of(TEXTS), {"id": CLOSEST, "text": told + CLOSEST_SOLUTION, "source": SEATS + SEATS_SOLUTION}]
    both = [OWN, OTHER]
    found = contamination_report(tb.curate(rows, Decontaminate(both)), both)
    published = found.published()
    for page in (published.html(), published.json(), str(published), published._repr_html_()):
        for text in (problem.text for each in both for problem in each):
            assert not eight_words(text) & eight_words(page)
    assert eight_words(OWN["Own/0"].text) & eight_words(found.html())
    page = published.html()
    for problem in published.facts["problems"]:
        source = OWN if problem["id"].startswith("Own") else OTHER
        assert problem["sha256"] == hashlib.sha256(source[problem["id"]].text.encode()).hexdigest()
        assert problem["sha256"] in page
        assert all(row["part"]["sha256"] in page for row in problem["nearest"])
    assert "whole" in page and "whole.py" not in page
    assert published.published() == published and found.facts["published"] is False
    assert published.facts["taus"] == found.facts["taus"]


def test_the_page_escapes_and_shows(report, tmp_path):
    page = report.save(tmp_path / "page.html")
    shown = dump_dom(page)
    assert "<script" not in shown and "<title>Contamination</title>" in shown
    assert "document.title='mine'" in shown and "⟦U+202E⟧" in shown and "␛[31m" in shown
    assert "{{ 7 * 7 }}" in shown
    assert 'title="Own/0: 2 contaminated, 1 suspect"' in shown
    assert "free_seats" in shown
    assert page.read_text() == report.html()
    links = set(re.findall(r'href="#([^"]+)"', shown))
    assert links and links <= set(re.findall(r'id="([^"]+)"', shown))
    assert "<iframe sandbox" in report._repr_html_()


def test_chance_is_told_in_words(report):
    found = [row["chance"] for problem in report.facts["problems"] for row in problem["nearest"][0]["evidence"]]
    assert set(found) == {None}
    assert "not counted" in report.html()
    facts = json.loads(report.json())
    for each in facts["problems"][0]["nearest"][0]["evidence"]:
        each["chance"] = 0.3 / 64_000
    again = type(report)(facts)
    assert "at most 0.3 in 64k functions" in again.html()
    assert "(by chance: at most 0.3 in 64k functions)" in str(again)


def test_facts_are_saved_as_json(report, tmp_path):
    assert json.loads(report.save(tmp_path / "facts.json").read_text()) == report.facts
    assert repr(report) == "ContaminationReport(5 contaminated, 1 suspect, 1 undecided, 1 clear; 3 of 4 problems)"


def test_a_huge_row_and_many_problems_make_no_huge_page():
    many = [ROWS[i % 3] | {"id": f"Many/{i}", "prompt": f"# {i}\n{ROWS[i % 3]['prompt']}"} for i in range(1_050)]
    many += [{"id": f"None/{i}", "prompt": f"Unlike anything, number {i}."} for i in range(1_050)]
    huge = verbatim(OWN["Own/0"]).replace("the two", "the two" + " \U0001f40d" * 400_000, 1)
    rows = rows_of({"huge": huge} | {f"row {i}": f"# {i}\n{TEXTS['whole']}" for i in range(150)})
    refs = [References.of(many, name="many"), OWN]
    found = contamination_report(tb.curate(tb.Rows(rows, max_bytes=10**8), Decontaminate(OWN)), refs, taus=())
    page = found.html()
    assert len(page) < 1_500_000
    assert "100 of 151" in page and "more problems are not drawn" in page
    assert len(found.json()) < 3_000_000
