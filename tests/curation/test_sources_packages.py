import sys
import time
from pathlib import Path

import dill
import pytest
from reading import MIT, check_source, read, write

from textbook.curation.sources import InstalledPackages


def install(
    site: Path, name: str, version: str, files: dict[str, str], metadata: str = "", record: bool = True
) -> None:
    info = f"{name}-{version}.dist-info"
    write(site, files)
    write(site, {f"{info}/METADATA": f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\n{metadata}"})
    if record:
        lines = [f"{file},," for file in files] + [f"{info}/METADATA,,", f"{info}/RECORD,,"]
        write(site, {f"{info}/RECORD": "\n".join(lines) + "\n"})
    else:
        write(site, {f"{info}/top_level.txt": "\n".join({file.split("/")[0].removesuffix(".py") for file in files})})


def test_files_are_named_by_the_distribution_that_installed_them(tmp_path):
    install(tmp_path, "Some.Package", "1.2", {"some/a.py": "a", "some/with, comma.txt": "t", "single.py": "s"})
    install(tmp_path, "other", "3", {"other/b.py": "b"}, record=False)
    write(tmp_path, {"stray/c.py": "c", "~ld-1.dist-info/RECORD": "", "some/__pycache__/a.py": "no"})
    rows = check_source(InstalledPackages((tmp_path,)))
    assert {row["source"]: row["text"] for row in rows} == {
        "other==3:other/b.py": "b",
        "some-package==1.2:single.py": "s",
        "some-package==1.2:some/a.py": "a",
        "site-packages:stray/c.py": "c",
    }


def test_the_same_version_installed_twice_has_two_names_and_two_ids(tmp_path):
    for folder in ("one", "two"):
        install(tmp_path / folder, "package", "1", {"a.py": "a"})
    install(tmp_path / "three", "package", "2", {"a.py": "a"})
    rows = check_source(InstalledPackages(tuple(tmp_path / name for name in ("one", "two", "three"))))
    assert [row["source"] for row in rows] == ["package==1:a.py", "package==1:a.py#2", "package==2:a.py"]


def test_a_folder_reached_twice_is_read_once(tmp_path):
    install(tmp_path / "lib", "package", "1", {"a.py": "a"})
    (tmp_path / "lib64").symlink_to("lib")
    rows = read(InstalledPackages((tmp_path / "lib", tmp_path / "lib64", tmp_path)))
    assert [row["source"] for row in rows] == ["package==1:a.py"]


@pytest.mark.parametrize(
    ("metadata", "license"),
    [
        ("License-Expression: MIT OR Apache-2.0\n", "MIT OR Apache-2.0"),
        ("License-Expression: MIT\nClassifier: License :: OSI Approved :: BSD License\n", "MIT"),
        ("Classifier: License :: OSI Approved :: MIT License\n", "MIT"),
        ("License: MIT\n", "MIT"),
        ("License: apache-2.0\nClassifier: License :: OSI Approved :: Apache Software License\n", "Apache-2.0"),
        ("License-File: LICENSE\n", "MIT"),
        ("License-File: LICENSE\nClassifier: License :: OSI Approved :: MIT License\n", "MIT"),
        ("License-File: LICENSE\nClassifier: License :: OSI Approved :: ISC License (ISCL)\n", None),
        ("License: BSD-3-Clause\nClassifier: License :: OSI Approved :: MIT License\n", None),
        (
            "Classifier: License :: OSI Approved :: MIT License\n"
            "Classifier: License :: OSI Approved :: ISC License (ISCL)\n",
            None,
        ),
        ("Classifier: License :: OSI Approved :: BSD License\n", None),
        ("Classifier: License :: OSI Approved :: Apache Software License\n", None),
        ("License: see LICENSE\n", None),
        ("License: UNKNOWN\n", None),
        ("License-Expression: whatever you like!\n", None),
        ("", None),
    ],
)
def test_the_license_is_what_the_metadata_say_beyond_doubt(tmp_path, metadata, license):
    install(tmp_path, "package", "1", {"a.py": "a", "package-1.dist-info/licenses/LICENSE": MIT}, metadata)
    [row] = read(InstalledPackages((tmp_path,)))
    assert row["license"] == license


def test_broken_metadata_do_not_stop_the_listing(tmp_path):
    write(tmp_path, {"bad-1.dist-info/METADATA": b"Name: \xff\xfe\nVersion: 1\n", "bad.py": "b"})
    write(tmp_path, {"worse-1.dist-info/RECORD": b"\xff", "worse-1.dist-info/METADATA": "Name: worse\nVersion: 1\n"})
    (tmp_path / "empty-1.dist-info").mkdir()
    assert [row["source"] for row in read(InstalledPackages((tmp_path,)))] == ["site-packages:bad.py"]


def test_a_missing_folder_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="no folder; give folders that hold packages"):
        InstalledPackages((tmp_path / "nothing",)).listing()


def test_this_machine_has_its_standard_library_and_packages_listed_fast_and_once():
    started = time.process_time()
    listing = InstalledPackages().listing()
    assert time.process_time() - started < 6
    entries = [entry for shard in listing.shards for entry in shard]
    names = [source for _, _, _, source, _ in entries]
    assert listing.num_rows == len(entries) == len(set(names))
    python = f"python=={sys.version_info.major}.{sys.version_info.minor}.{sys.version_info.micro}"
    assert f"{python}:json/decoder.py" in names
    assert any(name.startswith("pytest==") for name in names)
    assert not any("site-packages/" in name for name in names if name.startswith(python))
    assert sys.prefix not in repr(listing)


def test_rows_of_this_machine_have_unique_ids_and_are_the_same_for_any_batch_size():
    source = dill.loads(dill.dumps(InstalledPackages()))
    shard = source.listing().shards[0]
    whole, single = ([row for b in source.read(shard, size) for row in b["id"]] for size in (1000, 1))
    assert whole == single
    assert len(set(whole)) == len(shard)


@pytest.mark.slow
def test_all_rows_of_this_machine_have_unique_ids():
    rows = read(InstalledPackages())
    assert len({row["id"] for row in rows}) == len(rows)
    assert sum(row["drop_reason"] is None for row in rows) > 0.99 * len(rows)
