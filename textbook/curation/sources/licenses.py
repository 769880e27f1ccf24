"""A licence where it is beyond doubt: an SPDX header, a file that is word for word a known licence, clear metadata.

Metadata are a distribution's, or the manifest in a folder: `pyproject.toml`, `setup.cfg`, `package.json`, `Cargo.toml`.

Unknown, several, or anything added to the standard words: None. Does not scan code for licences or copyright notices.
"""

import configparser
import hashlib
import json
import re
import tomllib
from collections.abc import Callable, Collection, Iterable
from typing import Any

HEADER_LINES = 20
"""An SPDX header stands at the top of a file (SPDX specification 2.3, annex E)."""

SPDX_HEADER = re.compile(r"^[\s#/*;%!.\"'<\-]*SPDX-License-Identifier:(.*)$", re.MULTILINE)
SPDX_EXPRESSION = re.compile(r"\(*[A-Za-z0-9][A-Za-z0-9.+\-]*\)*( (AND|OR|WITH) \(*[A-Za-z0-9][A-Za-z0-9.+\-]*\)*)*")

LICENSE_FILE = re.compile(
    r"((un)?licen[cs]e|copying)([-_][a-z0-9.\-]*?|\.(apache|bsd|isc|mit|mpl|psf|python|[al]?gpl|lesser|lib)[0-9.v\-]*)?"
    r"(\.(txt|md|rst))?",
    re.IGNORECASE,
)
MAX_LICENSE_BYTES = 100_000

TITLE = re.compile(
    r"(the )?((mit|expat|isc|(new |modified |simplified |revised )?bsd( [23] clause)?|[23] clause bsd)( licen[cs]e)?"
    r"( mit| isc| expat)?|bsd [23] clause (new or revised|simplified) licen[cs]e)"
    r"|(c |portions )?copyright(?!.*\b(licen[cs]\w*|under|except|terms|gpl)\b).{,120}|c [12][0-9]{3} .{,80}"
    r"|all rights reserved"
)
"""Lines, as words, that may stand above the licence itself."""

SOMEBODY = r"(?:(?!\b(?:not|no|must|shall|may|only|except|licen[cs]\w*)\b).){1,120}?"
"""Names, with no rule among them."""

FILLED_IN = {
    r"\b[123abc] (?=redistributions |neither )": "",
    rf"\bneither (the names? of )?{SOMEBODY} nor the names? of (\w+ ){{0,3}}?(?=contributors )": (
        "neither the name of x nor the names of its "
    ),
    rf"(\b[34cd] )?\b(the )?names? (of )?{SOMEBODY} may not be used (?=to endorse or promote products derived )": (
        "neither the name of x nor the names of its contributors may be used "
    ),
    r"\bsub license\b": "sublicense",
    r"\bpermission notice including the next paragraph shall\b": "permission notice shall",
    r"\bredistribution and use of this software in source\b": "redistribution and use in source",
    rf"(\bspecific prior written permission )of {SOMEBODY} (this software is provided by )": r"\1\2",
    r"\bcopyright (holders?|owners?)\b": "copyright holder",
    rf"(\bsoftware is provided by ){SOMEBODY}( as is and any express )": r"\1the copyright holder and contributors\2",
    rf"(\bin no event shall ){SOMEBODY}( be liable for any direct )": r"\1the copyright holder or contributors\2",
    rf"(\bin no event shall ){SOMEBODY}( be liable for any claim damages )": r"\1the authors or copyright holder\2",
    rf"(\bin no event shall ){SOMEBODY}( be liable for any special direct )": r"\1the author\2",
    rf"(\bas is and ){SOMEBODY}( disclaims all warranties )": r"\1the author\2",
    r"\bcopyright .{1,80}? (?=licensed under the apache license version 2 0 )": "",
    r"\bhttps ": "http ",
    r"\bcopy modify and or distribute ": "copy modify and distribute ",
}
"""Words in which faithful copies of one licence differ, and what stands for all of them."""

BODIES = {
    "e648e804922fe6a2": "MIT",
    "4e8635f2e3c7de0e": "BSD-3-Clause",
    "b06fa6e4c294aaeb": "BSD-2-Clause",
    "f48ba6c48c3e47c2": "ISC",
    "71e1681e9000fee2": "Apache-2.0",  # with its appendix
    "1667366bb025fa12": "Apache-2.0",  # without
    "fdca39a25225676e": "Apache-2.0",  # with the notice that the appendix asks for in its place
    "6e3ec1b44ef0eeca": "MPL-2.0",
    "a2907ae1538bc2b2": "BSL-1.0",
}
"""The licence whose words, without title and copyright lines, have this hash."""
BODY_STARTS = ("permission", "redistribution", "apache", "mozilla public", "boost software")
"""How they begin."""

CLASSIFIERS = {
    "MIT License": "MIT",
    "MIT No Attribution License (MIT-0)": "MIT-0",
    "ISC License (ISCL)": "ISC",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Boost Software License 1.0 (BSL-1.0)": "BSL-1.0",
    "The Unlicense (Unlicense)": "Unlicense",
    "CC0 1.0 Universal (CC0 1.0) Public Domain Dedication": "CC0-1.0",
    "GNU General Public License v2 or later (GPLv2+)": "GPL-2.0-or-later",
    "GNU General Public License v3 or later (GPLv3+)": "GPL-3.0-or-later",
    "GNU Lesser General Public License v2 or later (LGPLv2+)": "LGPL-2.0-or-later",
    "GNU Lesser General Public License v3 or later (LGPLv3+)": "LGPL-3.0-or-later",
    "GNU Affero General Public License v3 or later (AGPLv3+)": "AGPL-3.0-or-later",
}
"""PyPI's classifiers that name one licence in one version. "BSD License" and "Apache Software License" do not."""

FREE_FORM = {name.lower(): name for name in ("MIT", "ISC", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "MPL-2.0")}
"""What the free-form metadata field `License` may say and be believed: an SPDX identifier and nothing else."""


SHORT_NAMES = frozenset({"0BSD", "ISC", "MIT", "NCSA", "PostgreSQL", "Unlicense", "WTFPL", "X11", "Zlib"})
"""SPDX identifiers without a hyphen."""


def spdx_header(text: str) -> str | None:
    """The SPDX expression that a file's first lines declare; None where there is none, or several differ."""
    if "SPDX-License-Identifier" not in text:
        return None
    head = "\n".join(text[:10_000].splitlines()[:HEADER_LINES])
    found = {" ".join(re.sub(r"(\*/|-->|\*\)|\"\"\"|''')?\s*$", "", m).split()) for m in SPDX_HEADER.findall(head)}
    expression = found.pop() if len(found) == 1 else ""
    balanced = expression.count("(") == expression.count(")")
    return expression if balanced and SPDX_EXPRESSION.fullmatch(expression) else None


def is_license_file(name: str) -> bool:
    """Whether a file of this name, without its folder, holds a licence: LICENSE, COPYING.txt, LICENSE-MIT; no .py."""
    return LICENSE_FILE.fullmatch(name) is not None


def license_of_text(text: str) -> str | None:
    """The licence of which `text` is a word-for-word copy, apart from its title and copyright lines."""
    lines = [line_words(line) for line in text.splitlines()]
    while lines and (not lines[0] or TITLE.fullmatch(lines[0])):
        del lines[0]
    if not lines or not lines[0].startswith(BODY_STARTS):
        return None
    return BODIES.get(body_hash(" ".join(line for line in lines if line)))


def license_of_manifest(name: str, text: str) -> str | None:
    """The SPDX expression that a manifest of this name declares: None where it is silent, "" where it is not clear."""
    try:
        return MANIFESTS[name](text)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, configparser.Error):
        return ""


def _pyproject(text: str) -> str | None:
    tables = tomllib.loads(text)
    project, poetry = tables.get("project", {}), tables.get("tool", {}).get("poetry", {})
    license, classifiers = project.get("license", {}), project.get("classifiers", [])
    if isinstance(license, str):
        return _expression(license)
    return _free_form(license.get("text"), classifiers) if project else _free_form(poetry.get("license"), ())


def _setup_cfg(text: str) -> str | None:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(text)
    metadata = dict(parser["metadata"]) if "metadata" in parser else {}
    declared = metadata.get("license_expression") or metadata.get("license-expression")
    classifiers = (metadata.get("classifiers") or metadata.get("classifier") or "").splitlines()
    return _expression(declared) if declared else _free_form(metadata.get("license"), classifiers)


def _package_json(text: str) -> str | None:
    license = json.loads(text).get("license")
    return None if license is None or license.startswith("SEE LICENSE IN ") else _expression(license)


def _cargo(text: str) -> str | None:
    # "MIT/Apache-2.0" was the way to write "MIT OR Apache-2.0" before Cargo took SPDX expressions.
    license = tomllib.loads(text).get("package", {}).get("license")
    return None if license is None else _expression(re.sub(" ?/ ?", " OR ", license))


MANIFESTS: dict[str, Callable[[str], str | None]] = {
    "pyproject.toml": _pyproject,
    "setup.cfg": _setup_cfg,
    "package.json": _package_json,
    "Cargo.toml": _cargo,
}


def _expression(value: Any) -> str:
    """A field that holds an SPDX expression by its format's rules, though people write "BSD" and "UNLICENSED" too."""
    expression = " ".join(value.split())
    names = set(re.split(r"[ ()]+", expression)) - {"", "AND", "OR", "WITH"}
    doubtful = [name for name in names if "-" not in name and name not in SHORT_NAMES]
    return expression if SPDX_EXPRESSION.fullmatch(expression) and not doubtful else ""


def _free_form(license: Any, classifiers: Iterable[str]) -> str | None:
    """A field in which people write what they like, and the classifiers of which there must be one at most."""
    named = [line.strip().rpartition(" :: ")[2] for line in classifiers if line.strip().startswith("License :: ")]
    text = (license or "").strip()
    if not named and not text:
        return None
    licenses = {*map(CLASSIFIERS.get, named), *([FREE_FORM.get(text.lower())] if text else [])} - {None}
    return (licenses.pop() or "") if len(licenses) == 1 and len(named) <= 1 else ""


def license_of_folder(files: Collection[str | None], manifests: Iterable[str | None]) -> str | None:
    """The licence of a folder, from its licence files (None: of unknown text) and its manifests (None: silent).

    A manifest counts where each licence file beside it is one of those that it names.
    """
    told: set[str | None] = {license for license in manifests if license is not None} or set(files)
    license = told.pop() if len(told) == 1 else None
    return license if license and set(files) <= set(re.split(r"[ ()]+", license)) else None


def line_words(line: str) -> str:
    """The words of a line in lower case, without punctuation and bullets."""
    return " ".join(re.findall(r"[a-z0-9]+", line.lower()))


def body_hash(body: str) -> str:
    """The hash of the words of a licence, without what each project fills in."""
    for pattern, words in FILLED_IN.items():
        body = re.sub(pattern, words, body)
    return hashlib.blake2b(body.encode(), digest_size=8).hexdigest()


def agreed(licenses: Iterable[str | None]) -> str | None:
    """The one licence that all who name one agree on."""
    named = {license for license in licenses if license}
    return named.pop() if len(named) == 1 else None
