import pytest

from textbook.curation.sources.licenses import license_of_folder, license_of_manifest


@pytest.mark.parametrize(
    ("name", "text", "license"),
    [
        ("pyproject.toml", '[project]\nlicense = "MIT OR Apache-2.0"\n', "MIT OR Apache-2.0"),
        ("pyproject.toml", '[project]\nlicense = {text = "MIT"}\n', "MIT"),
        ("pyproject.toml", '[project]\nclassifiers = ["License :: OSI Approved :: MIT License"]\n', "MIT"),
        ("pyproject.toml", '[project]\nlicense = {file = "LICENSE"}\n', None),
        ("pyproject.toml", '[project]\nlicense = {text = "MIT, but not on Sundays"}\n', ""),
        ("pyproject.toml", '[project]\nlicense = "BSD"\n', ""),
        ("pyproject.toml", '[tool.poetry]\nlicense = "Apache-2.0"\n', "Apache-2.0"),
        ("pyproject.toml", '[tool.poetry]\nlicense = "Proprietary"\n', ""),
        ("pyproject.toml", "[tool.black]\nline-length = 120\n", None),
        ("pyproject.toml", "[project\n", ""),
        ("setup.cfg", "[metadata]\nlicense = MIT\n", "MIT"),
        ("setup.cfg", "[metadata]\nlicense = BSD\nclassifiers =\n    License :: OSI Approved :: BSD License\n", ""),
        (
            "setup.cfg",
            "[metadata]\nlicense = MIT\nclassifiers =\n    License :: OSI Approved :: MIT License\n"
            "    License :: OSI Approved :: Apache Software License\n",
            "",
        ),
        ("setup.cfg", "[flake8]\nmax-line-length = 120\n", None),
        ("setup.cfg", "license = MIT\n", ""),
        ("package.json", '{"license": "ISC"}', "ISC"),
        ("package.json", '{"license": "(MIT OR GPL-3.0-or-later)"}', "(MIT OR GPL-3.0-or-later)"),
        ("package.json", '{"license": "UNLICENSED"}', ""),
        ("package.json", '{"license": "SEE LICENSE IN LICENSE.md"}', None),
        ("package.json", '{"license": {"type": "MIT", "url": "x"}}', ""),
        ("package.json", '{"name": "a"}', None),
        ("package.json", '["license"]', ""),
        ("package.json", '{"license": ' + "[" * 100_000, ""),
        ("Cargo.toml", '[package]\nlicense = "MIT/Apache-2.0"\n', "MIT OR Apache-2.0"),
        ("Cargo.toml", '[package]\nlicense-file = "LICENSE"\n', None),
        ("Cargo.toml", '[workspace]\nmembers = ["a"]\n', None),
    ],
)
def test_a_manifest_says_what_its_format_lets_it_say(name, text, license):
    assert license_of_manifest(name, text) == license


@pytest.mark.parametrize(
    ("files", "manifests", "license"),
    [
        ([], ["MIT"], "MIT"),
        (["MIT"], [], "MIT"),
        (["MIT"], ["MIT"], "MIT"),
        (["MIT", "Apache-2.0"], ["MIT OR Apache-2.0"], "MIT OR Apache-2.0"),
        (["MIT", "Apache-2.0"], [], None),
        ([None], ["MIT"], None),
        (["Apache-2.0"], ["MIT"], None),
        (["MIT"], ["MIT", "ISC"], None),
        ([], ["MIT", "ISC"], None),
        ([], [""], None),
        (["MIT"], [""], None),
        (["MIT"], [None], "MIT"),
    ],
)
def test_what_lies_in_a_folder_must_agree(files, manifests, license):
    assert license_of_folder(files, manifests) == license
