import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from reading import check_source, read

from tests.toys import Score, Texts
from textbook.curation.sources import Files, Folder, Hub, InstalledPackages, JsonLines, Parquet, Rows, open_source
from textbook.engine import run
from textbook.folder import DatasetFolder
from textbook.keep import Keep
from textbook.operator import Batch, Operator


@dataclass(frozen=True)
class Length(Operator):
    adds = {"length": "int32"}

    def __call__(self, batch: Batch) -> Batch:
        return batch | {"length": [len(text) for text in batch["text"]]}

    @classmethod
    def example(cls):
        return cls(), {"id": ["a"], "text": ["x"]}


@dataclass(frozen=True)
class AtLeast(Operator):
    length: int
    reads = ("length",)

    def __call__(self, batch: Batch) -> Batch:
        return batch | {"drop_reason": [None if n >= self.length else f"length {n}" for n in batch["length"]]}

    @classmethod
    def example(cls):
        return cls(1), {"id": ["a"], "text": ["x"], "length": [1]}


@dataclass(frozen=True)
class Even(AtLeast):
    def __call__(self, batch: Batch) -> Batch:
        return batch | {"drop_reason": ["odd" if n % 2 else None for n in batch["length"]]}


ROWS = [{"text": "x" * i} for i in range(20)] + [{"text": None}]


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("run") / "out"
    run((Length(), AtLeast(12), Even(0)), Rows(ROWS, shard_bytes=5000), path, progress=False)
    return path


def lengths(source: Folder) -> list[int | None]:
    return [row["length"] for row in check_source(source)]


def test_the_rows_kept_come_back_with_their_columns(finished):
    source = Folder(finished)
    assert lengths(source) == [12, 14, 16, 18]
    assert read(source)[0].items() >= {"text": "x" * 12, "source": "rows#12"}.items()


def test_rows_that_named_steps_dropped_come_after_them(finished):
    assert lengths(Folder(finished, "Even")) == [12, 14, 16, 18, 13, 15, 17, 19]
    assert sorted(lengths(Folder(finished, ("AtLeast",)))) == sorted([12, 14, 16, 18, *range(12)])
    assert lengths(Folder(finished, ("Even", "Rows")))[-5:] in ([13, 15, 17, 19, None], [None, 13, 15, 17, 19])


def test_a_threshold_is_chosen_again_without_scoring(finished, tmp_path):
    again = run((AtLeast(5),), Folder(finished, ("AtLeast", "Even")), tmp_path / "again", progress=False)
    assert sorted(again.table()["length"].to_pylist()) == list(range(5, 20))


def test_which_rows_come_is_part_of_the_fingerprint(finished, tmp_path):
    run((), Folder(finished), tmp_path / "again", progress=False)
    with pytest.raises(ValueError, match="another run"):
        run((), Folder(finished, "Even"), tmp_path / "again", progress=False)


def test_a_copy_has_the_same_digest(finished, tmp_path):
    shutil.copytree(finished, tmp_path / "copy")
    assert Folder(tmp_path / "copy").listing() == Folder(finished).listing()


def test_an_unknown_step_is_an_error_with_the_names_there_are(finished):
    with pytest.raises(ValueError, match="no step 'Keep'; it has 'Rows', 'Length', 'AtLeast', 'Even'"):
        Folder(finished, "Keep").listing()


def test_an_unfinished_folder_is_an_error(finished, tmp_path):
    shutil.copytree(finished, tmp_path / "copy")
    (tmp_path / "copy" / "manifest.json").unlink()
    with pytest.raises(ValueError, match="no manifest.json"):
        Folder(tmp_path / "copy").listing()
    with pytest.raises(ValueError, match="no manifest.json"):
        Folder(tmp_path / "nothing").listing()


def test_a_folder_whose_every_row_was_dropped(tmp_path):
    run((Length(), AtLeast(100)), Rows(ROWS), tmp_path / "out", progress=False)
    assert read(Folder(tmp_path / "out")) == []
    assert list(Folder(tmp_path / "out").adds) == ["length"]
    assert len(read(Folder(tmp_path / "out", "AtLeast"))) == 20


def test_the_engine_accounts_for_every_row_of_every_kind(tmp_path):
    code = tmp_path / "code"
    code.mkdir()
    (code / "good.py").write_text("x = 1\n")
    (code / "bad.py").write_bytes(b"\xff")
    (code / "broken.jsonl").write_bytes(b'{"text": "x", "stars": 1}\nbroken\n')
    for source, counts in ((Files(code, languages=("python",)), (1, 1)), (JsonLines(code / "broken.jsonl"), (1, 1))):
        folder = run((Length(),), source, tmp_path / type(source).__name__, progress=False)
        assert (folder.table().num_rows, folder.table("dropped").num_rows) == counts
        assert set(folder.table("dropped")["dropped_by"].to_pylist()) == {type(source).__name__}


def test_what_a_user_types_is_opened(finished, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    extension = tmp_path / "extension"
    extension.mkdir()
    (extension / "manifest.json").write_text("{}")
    for name in ("a.parquet", "a.jsonl", "a.jsonl.gz", "a.ndjson"):
        (tmp_path / name).touch()
    assert isinstance(open_source(str(finished)), Folder)
    assert isinstance(open_source("extension"), Files)
    assert isinstance(open_source("a.parquet"), Parquet)
    assert isinstance(open_source(f"{tmp_path}/*.parquet"), Parquet)
    for name in ("a.jsonl", "a.jsonl.gz", "a.ndjson", "*.jsonl"):
        assert isinstance(open_source(name), JsonLines)
    assert isinstance(open_source("installed"), InstalledPackages)
    assert open_source("hub:some/name").name == "some/name"
    assert isinstance(open_source("hub:some/name"), Hub)


def test_an_unfinished_run_is_opened_as_one_and_says_so(tmp_path):
    (tmp_path / ".work").mkdir()
    (tmp_path / ".work" / "plan.json").touch()
    with pytest.raises(ValueError, match="run the same command again to finish it"):
        open_source(str(tmp_path)).listing()


@pytest.mark.parametrize("spec", ["nothing", "nothing.parquet", "hub:", "", "*.parquet", __file__])
def test_what_is_no_source_is_an_error_with_the_choices(spec, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="is no source; give a folder that .*'hub:NAME'"):
        open_source(spec)


def test_an_open_folder_can_be_read_as_arrow(finished):
    assert DatasetFolder.open(finished).table().num_rows == 4


def test_a_threshold_chosen_again_is_as_if_chosen_at_first(tmp_path):
    steps = (Score(), Keep("edu_score", at_least=3.0), Length(), Keep("length", at_least=1))
    run(steps, Texts(300), tmp_path / "strict")
    lenient = (steps[0], Keep("edu_score", at_least=2.0), *steps[2:])
    at_first = run(lenient, Texts(300), tmp_path / "lenient").table()
    for asked in ("Keep(edu_score)", "Keep"):
        again = run(lenient[1:], Folder(tmp_path / "strict", asked), tmp_path / asked).table()
        assert again.sort_by("id") == at_first.select(again.column_names).sort_by("id")
