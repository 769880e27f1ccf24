import tarfile
import zipfile
from hashlib import sha256

from scripts import resolve_annotations

MODULE = "import os\n\n\ndef double(x):\n    return 2 * x\n\n\nname = 'ä'\n"


def label(text, kind="file", start=1, end=8, **changes):
    given = {"id": "a", "package": "toy", "version": "1.0", "archive": "toy-1.0-py3-none-any.whl", "path": "toy.py"}
    return given | {"kind": kind, "start": start, "end": end, "sha256": sha256(text.encode()).hexdigest()} | changes


def make_wheel(folder):
    with zipfile.ZipFile(folder / "toy-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("toy.py", MODULE.replace("\n", "\r\n"))
    return folder


def test_labels_are_resolved_to_the_lines_they_name(tmp_path):
    function = "def double(x):\n    return 2 * x"
    labels = [
        label(MODULE),
        label(function, kind="def", start=4, end=5, id="b"),
        label("import os\n\n", kind="head", start=1, end=2, id="c"),
    ]
    resolved, problems = resolve_annotations.resolve(labels, make_wheel(tmp_path))
    assert problems == []
    assert [row["text"] for row in resolved] == [MODULE, function, "import os\n\n"]
    assert resolved[1] == labels[1] | {"text": function}


def test_labels_that_cannot_be_resolved_are_named_with_the_reason(tmp_path):
    labels = [label("other text"), label(MODULE, path="gone.py", id="b"), label(MODULE, id="c")]
    resolved, problems = resolve_annotations.resolve(labels, make_wheel(tmp_path))
    assert [row["id"] for row in resolved] == ["c"]
    assert problems == [
        "a: sha256 of toy.py lines 1-8 is not the annotated one",
        "b: gone.py is not in toy-1.0-py3-none-any.whl",
    ]


def make_sdist(folder, tmp_path):
    """An sdist whose setup.py leaves a trace when it is run."""
    source = tmp_path / "toy-1.0"
    source.mkdir()
    (source / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: toy\nVersion: 1.0\n")
    (source / "setup.py").write_text(
        f"open({str(tmp_path / 'was_run')!r}, 'w')\nimport setuptools\nsetuptools.setup()\n"
    )
    (source / "toy.py").write_text(MODULE)
    folder.mkdir()
    with tarfile.open(folder / "toy-1.0.tar.gz", "w:gz") as sdist:
        sdist.add(source, "toy-1.0")


def test_an_sdist_is_downloaded_without_being_run(tmp_path, monkeypatch):
    make_sdist(tmp_path / "index", tmp_path)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    cache = tmp_path / "cache"
    cache.mkdir()
    labels = [label(MODULE, archive="toy-1.0.tar.gz", path="toy-1.0/toy.py")]
    resolved, problems = resolve_annotations.resolve(labels, cache)
    assert (problems, [row["text"] for row in resolved]) == ([], [MODULE])
    assert not (tmp_path / "was_run").exists()
    assert [path.name for path in cache.iterdir()] == ["toy-1.0.tar.gz"]


def test_an_archive_the_index_lacks_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    resolved, problems = resolve_annotations.resolve([label(MODULE)], tmp_path)
    assert resolved == []
    assert problems[0].startswith("a: pip download failed: ERROR: No matching distribution found for toy==1.0")
