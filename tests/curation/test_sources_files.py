import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import check_source, read, reasons, write

from textbook.curation.sources import Files
from textbook.curation.sources.batching import BATCH_BYTES


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=n", "-c", "user.email=e@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, "-C", str(folder), *arguments], check=True, capture_output=True)


def checkout(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "-q")
    return folder


def sources(files: Files) -> list[str]:
    return [row["source"] for row in read(files)]


def test_rows_are_the_files_with_a_known_language_in_order(tmp_path):
    write(
        tmp_path,
        {
            "b.py": "b = 1\n",
            "a/z.py": "z = 1\r\n",
            "a/b.py": "",
            "a/c.py": "",
            "notes.xyz": "no language",
            "__pycache__/b.py": "no",
            ".git/hooks/x.py": "no",
            ".hg/y.py": "no",
        },
    )
    rows = check_source(Files(tmp_path))
    assert [(row["source"], row["text"], row["language"]) for row in rows] == [
        ("a/b.py", "", "python"),
        ("a/c.py", "", "python"),
        ("a/z.py", "z = 1\r\n", "python"),
        ("b.py", "b = 1\n", "python"),
    ]
    assert {row["drop_reason"] for row in rows} == {None}
    assert read(Files(tmp_path, languages=("rust",))) == []


def test_the_digest_knows_the_files_and_not_where_they_lie(tmp_path):
    one, two = write(tmp_path / "one", {"a.py": "x = 1\n"}), write(tmp_path / "two", {"a.py": "x = 1\n"})
    assert Files(one).listing() == Files(two).listing()
    assert str(tmp_path) not in repr(Files(one).listing())
    write(two, {"a.py": "x = 10\n"})
    assert Files(one).listing().digest != Files(two).listing().digest


def test_bad_files_are_dropped_with_their_reason(tmp_path):
    root = write(
        tmp_path / "root",
        {
            "binary.py": b"\x00\x01",
            "good.py": "x",
            "large.py": "x" * 1_000_001,
            "latin.py": b"'\xe9'",
            "sub/good.py": "y",
        },
    )
    outside = write(tmp_path / "outside", {"secret.py": "s", "folder/secret.py": "s"})
    os.mkfifo(root / "pipe.py")
    (root / "in.py").symlink_to("good.py")
    (root / "loop.py").symlink_to("loop.py")
    (root / "out.py").symlink_to(outside / "secret.py")
    (root / "up").symlink_to("..")
    (root / "within").symlink_to("sub")
    (root / "nowhere.py").symlink_to("nothing.py")
    rows = check_source(Files(root))
    assert reasons(rows) == {
        "binary.py": "NUL bytes: not a text file",
        "good.py": None,
        "in.py": "symbolic link to a file in the folder",
        "large.py": "larger than 1,000,000 bytes",
        "latin.py": "not UTF-8",
        "loop.py": "symbolic link to nowhere",
        "nowhere.py": "symbolic link to nowhere",
        "out.py": "symbolic link out of the folder",
        "pipe.py": "not a regular file",
        "sub/good.py": None,
        "up/": "symbolic link out of the folder",
        "within/": "symbolic link to a folder",
    }


def test_a_file_name_that_is_not_utf8(tmp_path):
    name = b"b\xff.py"
    try:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_text("x = 1\n")
    except OSError:
        pytest.skip("this file system refuses such names")
    write(tmp_path, {"b\\udcff.py": "x = 1\n"})
    rows = check_source(Files(tmp_path))
    assert [row["drop_reason"] for row in rows] == [None, "file name is not UTF-8"]
    assert [row["source"] for row in rows] == ["b\\udcff.py", "b\\udcff.py"]


def test_changes_between_listing_and_reading(tmp_path):
    write(tmp_path, {"a.py": "1", "b.py": "2", "c.py": "3"})
    source = Files(tmp_path)
    [shard] = source.listing().shards
    (tmp_path / "a.py").unlink()
    write(tmp_path, {"b.py": "22"})
    [batch] = source.read(shard, 10)
    assert batch["drop_reason"] == ["vanished since it was listed", "changed since it was listed", None]


def test_a_folder_that_cannot_be_entered(tmp_path):
    write(tmp_path, {"a.py": "1", "closed/b.py": "2"})
    (tmp_path / "closed").chmod(0)
    try:
        expected = {"a.py": None, "closed/b.py": None}
        if not os.access(tmp_path / "closed", os.R_OK):
            expected = {"a.py": None, "closed/": "unreadable folder"}
        assert reasons(read(Files(tmp_path))) == expected
    finally:
        (tmp_path / "closed").chmod(0o700)


def test_folders_deeper_than_python_recurses(tmp_path):
    folders = [f"{tmp_path}" + "/d" * i for i in range(1, 1050)]
    for folder in folders:
        Path(folder).mkdir()
    Path(folders[-1], "a.py").write_text("x")
    try:
        assert [row["text"] for row in read(Files(tmp_path))] == ["x"]
    finally:  # pytest's own way of clearing up recurses
        Path(folders[-1], "a.py").unlink()
        for folder in reversed(folders):
            Path(folder).rmdir()


def test_a_missing_folder_is_an_error_that_says_so(tmp_path):
    with pytest.raises(ValueError, match="no folder; give one that holds code"):
        Files(tmp_path / "nothing").listing()


def test_batches_are_cut_by_size_too(tmp_path):
    write(tmp_path, {f"{i:02}.py": "x" * 900_000 for i in range(20)})
    source = Files(tmp_path, shard_bytes=100_000_000)
    [shard] = source.listing().shards
    sizes = [sum(map(len, batch["text"])) for batch in source.read(shard, 1000)]
    assert len(sizes) == 2 and max(sizes) < BATCH_BYTES + 1_000_000


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
class TestCheckout:
    def test_honours_gitignore_and_lists_what_is_not_yet_committed(self, tmp_path):
        root = checkout(tmp_path / "repo")
        write(
            root, {".gitignore": "build/\n*.gen.py\n", "a.py": "1", "build/b.py": "2", "x.gen.py": "3", "gone.py": "4"}
        )
        git(root, "add", "a.py", "gone.py")
        git(root, "commit", "-qm", "first")
        write(root, {"new.py": "5", "sub/.gitignore": "c.py\n", "sub/c.py": "6", "sub/d.py": "7"})
        (root / "gone.py").unlink()
        assert [row["source"] for row in check_source(Files(root))] == ["a.py", "new.py", "sub/d.py"]

    def test_the_commit_is_part_of_the_digest(self, tmp_path):
        root = write(checkout(tmp_path / "repo"), {"a.py": "1"})
        git(root, "add", ".")
        git(root, "commit", "-qm", "first")
        first = Files(root).listing()
        shutil.copytree(root, tmp_path / "copy")
        assert Files(tmp_path / "copy").listing() == first
        git(root, "commit", "-qm", "second", "--allow-empty")
        assert Files(root).listing().digest != first.digest

    def test_checkouts_below_the_folder_each_honour_their_own(self, tmp_path):
        for name in ("one", "two"):
            write(checkout(tmp_path / name), {".gitignore": f"{name}.py\n", "one.py": "1", "two.py": "2"})
        write(checkout(tmp_path / "one" / "inner"), {"deep.py": "3"})
        assert sources(Files(tmp_path)) == ["one/inner/deep.py", "one/two.py", "two/one.py"]

    def test_starts_no_program_that_the_checkout_configures(self, tmp_path):
        root = write(checkout(tmp_path / "repo"), {"a.py": "1"})
        git(root, "add", ".")
        git(root, "commit", "-qm", "first")
        trap = tmp_path / "trap.sh"
        trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\n")
        trap.chmod(0o755)
        git(root, "config", "core.fsmonitor", str(trap))
        assert sources(Files(root)) == ["a.py"]
        assert not (tmp_path / "sprung").exists()

    def test_variables_of_a_surrounding_git_do_not_mislead(self, tmp_path, monkeypatch):
        other = write(checkout(tmp_path / "other"), {"other.py": "1"})
        root = write(checkout(tmp_path / "repo"), {"a.py": "1"})
        monkeypatch.setenv("GIT_DIR", str(other / ".git"))
        monkeypatch.setenv("GIT_WORK_TREE", str(other))
        assert sources(Files(root)) == ["a.py"]

    def test_a_committed_folder_that_became_a_link_is_not_followed(self, tmp_path):
        root = write(checkout(tmp_path / "repo"), {"sub/secret.py": "1", "a.py": "2"})
        git(root, "add", ".")
        git(root, "commit", "-qm", "first")
        shutil.move(root / "sub", tmp_path / "outside")
        (root / "sub").symlink_to(tmp_path / "outside")
        assert reasons(read(Files(root))) == {"a.py": None, "sub/": "symbolic link out of the folder"}

    def test_a_broken_checkout_is_read_as_a_folder(self, tmp_path):
        write(tmp_path, {".git": "gitdir: /nowhere", "a.py": "1"})
        assert sources(Files(tmp_path)) == ["a.py"]

    def test_without_git_a_checkout_is_read_as_a_folder(self, tmp_path, monkeypatch):
        root = write(checkout(tmp_path / "repo"), {".gitignore": "b.py\n", "a.py": "1", "b.py": "2"})
        monkeypatch.setenv("PATH", "")
        assert sources(Files(root)) == ["a.py", "b.py"]


NAMES = st.text("abé \n'\"\\#", min_size=1, max_size=5)


@given(st.dictionaries(NAMES, st.binary(max_size=20), max_size=5))
def test_any_files(tmp_path_factory, files):
    root = tmp_path_factory.mktemp("any")
    for name, content in files.items():
        (root / f"{name}.py").write_bytes(content)
    rows = read(Files(root))
    assert [row["source"] for row in rows] == sorted(f"{name}.py" for name in files)
    for row in rows:
        if row["drop_reason"] is None:
            assert row["text"].encode() == files[row["source"].removesuffix(".py")].removeprefix(b"\xef\xbb\xbf")
