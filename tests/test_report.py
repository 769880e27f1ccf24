import html
import json
import math
import re
import shutil
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from browser import dump_dom, framed
from folders import Given, folder_of, standard_library

from textbook import report
from textbook.engine import run
from textbook.folder import DatasetFolder
from textbook.keep import Keep, KeepTop
from textbook.operator import Operator
from textbook.report import Report
from textbook.report.reproduce import recipe

ATTACK = (
    "</title></style></pre></svg>\"><img src=x onerror=\"document.title='mine'\"><script>document.title='mine'</script>"
    "' onmouseover='document.title=1' {{ 7 * 7 }} {% raw %} ]]> --> <!-- &lt;b&gt;"
)
CSS = (Path(report.__file__).parent / "templates" / "report.css").read_text()


@pytest.fixture(scope="module")
def library(tmp_path_factory) -> DatasetFolder:
    return standard_library(tmp_path_factory.mktemp("report") / "library", limit=300, token_budget=60_000)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory) -> DatasetFolder:
    """Every name and value that can be chosen is an attack, those of the manifest too."""
    score = f"{ATTACK}score"
    rows = [
        {
            "id": f"{ATTACK}{i:03}",
            "text": f"{ATTACK}\n'''{ATTACK}\n# {ATTACK}\ndef {ATTACK}(): pass\n" * 3,
            "source": f"{ATTACK}:{i}",
            "license": ATTACK,
            "language": ["python", "html", "javascript", ATTACK, None][i % 5],
            "drop_reason": ATTACK if i > 30 else None,
            score: i / 10,
        }
        for i in range(40)
    ]
    steps = (Named(ATTACK), Keep(score, at_least=1.0), Keep("license", one_of=(ATTACK,)), KeepTop(score, rows=10))
    folder = folder_of(tmp_path_factory.mktemp("report") / "hostile", rows, *steps, **{score: "float64"})
    manifest = json.loads((folder.path / "manifest.json").read_text())
    for step in manifest["steps"][1:3]:
        step["class"], step["fingerprint"], step["kind"] = ATTACK, ATTACK, ATTACK
    manifest["source"]["name"] = manifest["created"] = manifest["python"] = manifest["fingerprint"] = ATTACK
    manifest["libraries"][ATTACK] = ATTACK
    (folder.path / "manifest.json").write_text(json.dumps(manifest))
    return DatasetFolder.open(folder.path)


@dataclass(frozen=True)
class Named(Operator):
    """A step that is called as one likes, and adds columns of awkward types."""

    title: str

    adds = {"nested": pa.list_(pa.struct([("a", pa.int32())])), "when": pa.timestamp("s"), "raw": pa.binary()}

    @property
    def name(self):
        return self.title

    def __call__(self, batch):
        rows = len(batch["id"])
        return batch | {"nested": [[{"a": 1}]] * rows, "when": [None] * rows, "raw": [b"\xff"] * rows}

    @classmethod
    def example(cls):
        return cls("any"), {"id": ["a"], "text": ["x"]}


class Elements(HTMLParser):
    """The elements of a page and their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


class TestSummary:
    def test_counts_are_those_of_the_rows(self, library):
        summary = Report.of(library).summary
        kept, dropped = library.table("data"), library.table("dropped")
        assert summary["rows"] == {"source": 300, "made": 0, "kept": len(kept), "dropped": len(dropped)}
        assert summary["tokens"]["kept"] == sum(kept["num_tokens"].to_pylist())
        counted = [n for n in dropped["num_tokens"].to_pylist() if n is not None]
        assert summary["tokens"]["counted"] == sum(counted) + summary["tokens"]["kept"]
        by_step = {reasons["step"]: reasons["rows"] for reasons in summary["reasons"]}
        assert by_step == {x["values"]: x["counts"] for x in dropped["dropped_by"].value_counts().to_pylist()}
        json.dumps(summary, allow_nan=False)

    def test_histograms_account_for_every_row(self, library):
        drawn = {h["column"]: h for h in Report.of(library).summary["histograms"]}
        assert set(drawn) == {"num_tokens", "edu_score", "comment_share", "mean_indent"}
        for part, name in (("data", "kept"), ("dropped", "dropped")):
            table = library.table(part)
            for column, histogram in drawn.items():
                values = np.array([v for v in table[column].to_pylist() if v is not None])
                inside = values.clip(histogram["edges"][0], np.nextafter(histogram["edges"][-1], -np.inf))
                assert histogram[name] == np.histogram(inside, histogram["edges"])[0].tolist()
                assert sum(histogram[name]) + histogram["missing"][name] == len(table)

    def test_thresholds_are_drawn_where_the_steps_decided(self, library):
        lines = {h["column"]: h["lines"] for h in Report.of(library).summary["histograms"]}
        assert [(line["says"], line["value"]) for line in lines["num_tokens"]] == [
            ("at least", 100),
            ("at most", 20000),
        ]
        bound, cut_at = lines["edu_score"]
        assert (bound["says"], bound["value"], cut_at["says"]) == ("at least", 1.5, "cut at")
        assert cut_at["value"] == pytest.approx(min(library.table()["edu_score"].to_pylist()), rel=1e-3)
        assert 0 < bound["at"] < cut_at["at"] < 1

    def test_samples_are_the_best_the_closest_and_the_worst(self, library):
        best, threshold, worst = Report.of(library).summary["samples"]
        kept = sorted(zip(library.table()["edu_score"].to_pylist(), library.table()["id"].to_pylist(), strict=True))
        gone = [
            (score, row, step)
            for score, row, step in zip(
                *map(library.table("dropped").column, ("edu_score", "id", "dropped_by")), strict=True
            )
            if step.as_py() in ("Keep(edu_score)", "KeepTop(edu_score)")
        ]
        gone = sorted((score.as_py(), row.as_py(), step.as_py()) for score, row, step in gone)
        just_gone = [row for _, row, step in gone if step == "KeepTop(edu_score)"][-2:]
        assert [row["id"] for row in best["rows"]] == [row for _, row in reversed(kept[-4:])]
        assert [row["id"] for row in threshold["rows"]] == [kept[1][1], kept[0][1], *reversed(just_gone)]
        assert [row["id"] for row in worst["rows"]] == [row for _, row, _ in gone[:4]]

    def test_an_upper_bound_makes_low_scores_the_best(self, tmp_path):
        rows = [{"loss": float(i)} for i in range(10)]
        folder = folder_of(tmp_path / "f", rows, Keep("loss", at_most=6), loss="float64")
        best, _, worst = Report.of(folder).summary["samples"]
        assert best["rows"][0]["scores"] == [{"name": "loss", "value": 0.0}]
        assert worst["rows"][0]["scores"] == [{"name": "loss", "value": 9.0}]

    def test_the_same_folder_gives_the_same_page_wherever_it_lies(self, library, tmp_path):
        moved = shutil.copytree(library.path, tmp_path / "elsewhere")
        assert Report.of(DatasetFolder.open(moved)).html() == Report.of(library).html()

    def test_the_recipe_shown_makes_the_dataset_again(self, library, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        exec(recipe(library.manifest), {})
        again = DatasetFolder.open(tmp_path / "curated")
        assert again.manifest["fingerprint"] == library.manifest["fingerprint"]
        assert again.table().equals(library.table())


class TestOddFolders:
    """What must not break the report, and what it then says."""

    def test_no_rows_at_all(self, tmp_path):
        folder = folder_of(tmp_path / "f", [], Keep("edu_score", at_least=3), edu_score="float32")
        assert "There were no rows." in Report.of(folder).html()

    def test_everything_dropped(self, tmp_path):
        folder = folder_of(tmp_path / "f", [{"s": 1.0}] * 1, Keep("s", at_least=3), s="float32")
        summary = Report.of(folder).summary
        assert [group["title"] for group in summary["samples"]] == ["At the threshold"]
        assert summary["rows"]["kept"] == 0
        assert "0 kept (0 %)" in str(Report.of(folder))

    def test_one_row_without_score_or_tokens(self, tmp_path):
        summary = Report.of(folder_of(tmp_path / "f", [{}])).summary
        assert summary["tokens"] == {"counted": None, "kept": None}
        assert [len(group["rows"]) for group in summary["samples"]] == [1]
        assert not summary["histograms"]
        assert "no step counted them" in Report(summary).html()

    def test_scores_that_are_missing_or_no_numbers(self, tmp_path):
        rows = [{"s": s} for s in (None, math.nan, math.inf, -math.inf, 1e300, -1e300, 5e-324, 0.0, 2.5)]
        folder = folder_of(tmp_path / "f", rows, Keep("s", at_least=0), s="float64")
        (histogram,) = Report.of(folder).summary["histograms"]
        assert histogram["missing"] == {"kept": 1, "dropped": 3}
        assert sum(histogram["kept"]) == 4
        Report.of(folder).html()

    def test_only_missing_scores(self, tmp_path):
        folder = folder_of(tmp_path / "f", [{"s": None}] * 1, Keep("s", at_least=0), s="float32")
        assert Report.of(folder).summary["histograms"] == []
        Report.of(folder).html()

    def test_sixty_steps_and_many_columns(self, tmp_path):
        columns = {f"c{i}": "float32" for i in range(60)}
        rows = [{name: float(i + j) for j, name in enumerate(columns)} for i in range(70)]
        folder = folder_of(tmp_path / "f", rows, *(Keep(f"c{i}", at_least=2 * i) for i in range(60)), **columns)
        summary = Report.of(folder).summary
        assert (len(summary["steps"]), len(summary["histograms"]), len(summary["more_columns"])) == (61, 12, 48)
        assert Report(summary).html().count('role="rowheader"') == 61

    def test_a_deciding_column_that_is_not_drawn_can_still_choose_samples(self, tmp_path):
        columns = {f"c{i}": "float32" for i in range(20)}
        rows = [{name: float(i) for name in columns} for i in range(5)]
        folder = folder_of(tmp_path / "f", rows, *(Keep(name, at_least=1) for name in columns), **columns)
        assert Report.of(folder).summary["deciding"]["column"] == "c19"
        assert "c19" in Report.of(folder).html()

    def test_huge_texts_are_cut(self, tmp_path):
        rows = [{"text": "x" * 1_000_000}, {"text": "y = 1\n" * 200_000}, {"text": ""}]
        summary = Report.of(folder_of(tmp_path / "f", rows)).summary
        shown = {row["num_chars"]: row for row in summary["samples"][0]["rows"]}
        assert all(len(row["text"]) < 15_000 for row in shown.values())
        assert (shown[1_000_000]["is_cut"], shown[1_199_999]["num_lines"], shown[0]["is_cut"]) == (True, 200_000, False)
        page = Report(summary).html()
        assert "the first 60 of 200,000 lines" in page
        assert "Cut: long lines; 1,000,000 characters" in page
        assert len(page) < 200_000

    def test_hidden_characters_are_shown(self, tmp_path):
        rows = [
            {"text": "a = '\u202edcba' # \x1b[31m \x00 \u200b\ufeff", "source": "pkg\u202e:\x07", "license": "مجاني"}
        ]
        page = Report.of(folder_of(tmp_path / "f", rows)).html()
        assert not set(page) & set("\u202e\x1b\x00\u200b\ufeff\x07")
        assert all(name in page for name in ("⟦U+202E⟧", "␛", "␀", "⟦U+200B⟧", "⟦U+FEFF⟧", "␇", "<bdi>مجاني</bdi>"))

    def test_rows_that_were_made(self, tmp_path):
        from toys import Halves

        rows = [{"text": "ab"}, {"text": "cd"}]
        report = Report.of(run((Halves(),), Given(folder_rows(rows), {}), tmp_path / "f", progress=False))
        assert report.summary["rows"] == {"source": 2, "made": 2, "kept": 4, "dropped": 0}
        assert "2 rows in and 2 made: 4 kept (100 %)" in str(report)


def folder_rows(rows):
    return json.dumps([{"id": f"row{i}", "source": f"s{i}"} | row for i, row in enumerate(rows)])


class TestPage:
    def test_it_is_self_contained_and_without_script(self, library):
        elements = Elements(Report.of(library).html()).found
        tags = {tag for tag, _ in elements}
        assert not tags & {"script", "img", "iframe", "object", "embed", "form", "input", "base"}
        for tag, attributes in elements:
            links = [value for name, value in attributes.items() if name in ("href", "src", "xlink:href")]
            assert all(link.startswith(("#", "data:")) for link in links), (tag, attributes)
            assert not any(name.startswith("on") for name in attributes)
        policies = [a["content"] for _, a in elements if a.get("http-equiv") == "Content-Security-Policy"]
        assert policies and policies[0].startswith("default-src 'none'")
        assert "url(" not in CSS and "@import" not in CSS

    def test_headings_and_charts_have_names(self, library):
        elements = Elements(Report.of(library).html()).found
        assert [tag for tag, _ in elements if tag in ("h1", "h2")] == ["h1"] + ["h2"] * 7
        assert all("aria-label" in a for tag, a in elements if tag == "svg" and "aria-hidden" not in a)
        ids = {a["id"] for _, a in elements if "id" in a}
        assert {a["href"][1:] for tag, a in elements if tag == "a"} <= ids

    def test_it_shows_what_people_ask_for(self, library):
        page = Report.of(library).html()
        for shown in (
            "300 rows in",
            "KeepTop(edu_score)",
            "at least 1.5",
            "At the threshold",
            "edu_score … &lt; 1.5",
            "PSF-2.0",
        ):
            assert shown in page
        assert '<span class="kn">import</span>' in page

    def test_nothing_it_shows_can_become_markup(self, hostile, library):
        page = Report.of(hostile).html()
        ours = {tag for tag, _ in Elements(Report.of(library).html()).found}
        assert {tag for tag, _ in Elements(page).found} <= ours
        assert "<script" not in page and "<img" not in page
        assert "{{ 7 * 7 }}" in page and " 49 " not in page

    def test_a_notebook_gets_a_sandboxed_frame(self, hostile):
        shown = Report.of(hostile)._repr_html_()
        ((tag, attributes),) = Elements(shown).found
        assert (tag, attributes["sandbox"]) == ("iframe", "")
        assert attributes["srcdoc"] == Report.of(hostile).html()

    def test_saving(self, library, tmp_path):
        path = Report.of(library).save(tmp_path / "page.html")
        assert path.read_text(encoding="utf-8") == Report.of(library).html()

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_contrast(self, scheme):
        light, dark = (
            dict(re.findall(r"--([\w-]+): (#\w{6})", block)) for block in re.findall(r":root \{(.*?)\}", CSS, re.S)
        )
        colours = light | (dark if scheme == "dark" else {})
        for ink in ("ink", "muted", "kept", "dropped-ink", "name", "keyword", "string", "comment", "literal"):
            for ground in ("page", "card", "code"):
                assert contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)
        for bar in ("kept", "dropped"):
            assert contrast(colours[bar], colours["card"]) >= 3
            assert contrast(colours[bar], colours["page"]) >= 2.9


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, "contrast ratio"."""
    bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


class TestInChromium:
    PROBE = (
        "const dom = inner.documentElement;"
        "inner.querySelectorAll('details').forEach(d => d.open = true);"
        "document.title = JSON.stringify({title: inner.title, scroll: dom.scrollWidth, shown: dom.clientWidth,"
        " bad: inner.querySelectorAll('script, img, [onerror], [onmouseover], b').length,"
        " ground: getComputedStyle(inner.body).backgroundColor,"
        " pres: [...inner.querySelectorAll('pre')].filter(p => p.scrollWidth > p.clientWidth).length});"
    )

    def probe(self, page: str, width: int, path: Path, dark: bool = False) -> dict:
        path.write_text(framed(page, width, 900, self.PROBE), encoding="utf-8")
        title = re.search(r"<title>(.*?)</title>", dump_dom(path, dark), re.S)
        assert title, "the probe did not run"
        return json.loads(html.unescape(title[1]))

    def test_the_probe_would_notice_an_attack(self, tmp_path):
        page = "<title>t</title><style></style><p>" + ATTACK + "</p>"
        assert self.probe(page, 390, tmp_path / "p.html")["bad"] >= 2

    @pytest.mark.parametrize("width", [390, 1280])
    def test_an_attack_has_no_effect_and_nothing_overflows(self, hostile, width, tmp_path):
        found = self.probe(Report.of(hostile).html(), width, tmp_path / "p.html")
        assert found["title"].startswith("Curation report: </title>")
        assert (found["bad"], found["scroll"]) == (0, found["shown"])

    @pytest.mark.parametrize(("width", "dark"), [(390, False), (1280, True)])
    def test_the_page_never_scrolls_sideways_but_code_does(self, library, width, dark, tmp_path):
        found = self.probe(Report.of(library).html(), width, tmp_path / "p.html", dark)
        assert found["scroll"] == found["shown"]
        assert found["ground"] == ("rgb(21, 24, 27)" if dark else "rgb(250, 249, 246)")
        assert found["pres"] > 0 or width == 1280

    def test_the_file_itself_runs_nothing(self, hostile, tmp_path):
        path = Report.of(hostile).save(tmp_path / "report.html")
        tags = {tag for tag, _ in Elements(dump_dom(path)).found}
        assert not tags & {"script", "img", "b"}
        assert {"svg", "details", "pre"} <= tags

    def test_the_notebook_form_runs_nothing_outside_its_frame(self, hostile, tmp_path):
        path = tmp_path / "notebook.html"
        path.write_text(f"<!doctype html><title>mine</title>{Report.of(hostile)._repr_html_()}", encoding="utf-8")
        dom = dump_dom(path)
        assert "<title>mine</title>" in dom
        assert [tag for tag, _ in Elements(dom).found if tag in ("script", "img", "iframe")] == ["iframe"]
