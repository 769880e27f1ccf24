"""The many ways to write a licence's name, and the one SPDX expression for each: "Apache 2.0" is Apache-2.0.

A name that fits several licences ("BSD", "GPL") has no answer, nor has one that is not on the SPDX list. A GPL version
named without "or later" is read as that version only, the narrower of the two. Does not read licence texts.
"""

import functools
import re
from typing import Any

from textbook.curation.sources.licenses import CLASSIFIERS, line_words
from textbook.require import require

UNKNOWN = "unknown"
MAX_NAME_CHARS = 300

VERSION = r"(?: version| ver| v)? ?v?"
LATER = r" or (?:\(?at your option )?(?:any )?(?:later|newer|greater|above|higher)(?: versions?)?"
GNU = re.compile(
    rf"(?:(?:version |v)?(?P<before>[123](?: [01])?)(?P<later_before>{LATER})? of the )?(?:gnu )?"
    r"(?:(?P<kind>affero|lesser|library) )?(?:gnu )?(?P<short>[al](?=gpl))?"
    r"(?:general public licen[cs]e|gpl|(?<=gnu )public licen[cs]e)(?: [al]?gpl)?"
    r"(?: licen[cs]e)?(?: as published by the free software foundation)?(?: either)?"
    rf"(?:{VERSION}(?P<after>[123](?: [01])?)\b)?(?: of the licen[cs]e)?(?: only)?"
    rf"(?: as published by the free software foundation)?(?: licen[cs]e)?(?P<later>{LATER})?(?: licen[cs]e)?"
    rf"(?: [al]?gpl ?v?[123](?: [01])?(?:{LATER})?)?"
)
SIMPLE = {
    r"mit no attribution|mit 0": "MIT-0",
    r"(?:mit|expat)(?: x11)?(?: licen[cs]e)?(?: mit| expat)?": "MIT",
    rf"apache(?: software)?(?: licen[cs]e)?{VERSION}2(?: 0)?(?: licen[cs]e)?"
    r"|https? (?:www )?apache org licenses license 2 0(?: txt| html)?": "Apache-2.0",
    r"(?:3|three) clause bsd|bsd ?(?:3|three)(?: clause)?(?: new or revised)?|(?:new|modified|revised) bsd"
    r"(?: licen[cs]e)?(?: 3 clause)?": "BSD-3-Clause",
    r"(?:2|two) clause bsd|bsd ?(?:2|two)(?: clause)?(?: simplified)?|simplified bsd(?: licen[cs]e)?": "BSD-2-Clause",
    r"(?:0|zero) ?(?:clause )?bsd|bsd (?:0|zero) clause": "0BSD",
    r"isc": "ISC",
    r"zlib(?: libpng)?": "Zlib",
    rf"(?:mozilla public licen[cs]e|mpl){VERSION}2(?: 0)?": "MPL-2.0",
    rf"(?:mozilla public licen[cs]e|mpl){VERSION}1 1": "MPL-1.1",
    rf"boost software licen[cs]e(?:{VERSION}1(?: 0)?)?": "BSL-1.0",
    rf"(?:zope public licen[cs]e|zpl){VERSION}2 1(?: zpl)?": "ZPL-2.1",
    r"(?:the )?unlicense": "Unlicense",
    r"(?:creative commons )?cc0(?: 1 0)?(?: universal)?(?: public domain dedication)?|creative commons zero"
    rf"(?:{VERSION}1 0)?(?: universal)?": "CC0-1.0",
    rf"(?:creative commons attribution|cc by){VERSION}4 0(?: international)?": "CC-BY-4.0",
    rf"(?:creative commons attribution share ?alike|cc by sa){VERSION}4 0(?: international)?": "CC-BY-SA-4.0",
    rf"(?:european union public licen[cs]e|eupl){VERSION}1 1": "EUPL-1.1",
    rf"(?:european union public licen[cs]e|eupl){VERSION}1 2": "EUPL-1.2",
    rf"(?:eclipse public licen[cs]e|epl){VERSION}1(?: 0)?": "EPL-1.0",
    rf"(?:eclipse public licen[cs]e|epl){VERSION}2(?: 0)?": "EPL-2.0",
    rf"(?:psf|python software foundation)(?: licen[cs]e)?{VERSION}2(?: 0)?": "PSF-2.0",
    rf"artistic licen[cs]e{VERSION}2(?: 0)?": "Artistic-2.0",
    r"gpl 2 0 with classpath exception": "GPL-2.0-only WITH Classpath-exception-2.0",
}
"""Names as words (see `words`), and the licence. Where two match, the longer one counts."""

PATTERNS = [(re.compile(rf"(?:{pattern})(?: licen[cs]ed?)?"), name) for pattern, name in SIMPLE.items()]
NAME = "|".join(["(?:the )?" + re.sub(r"\(\?P<\w+>", "(?:", GNU.pattern), *(p.pattern for p, _ in PATTERNS)])
"""Any of the names, to be embedded in a larger pattern, and then read by `named`."""

NOTHING = frozenset(
    {"", "unknown", "noassertion", "none", "n a", "null", "nan", "no license", "not found", "undefined"}
)
"""What a column says where it says nothing."""

FAMILIES = {"bsd": "BSD-", "gpl": "GPL-", "lgpl": "LGPL-", "agpl": "AGPL-", "apache": "Apache-", "mpl": "MPL-"}
"""Names of a family: they decide nothing, and contradict nothing that is of the family."""


def words(text: str) -> str:
    """The words of a text in lower case; "2+" and ">= 2" become "2 or later"."""
    return line_words(re.sub(r"(?<=\d)\+", " or later ", re.sub(r">= ?v?(\d(\.\d)?)", r"\1+", text)))


@functools.cache
def licensing() -> Any:
    """The SPDX list, by `license-expression`.

    Raises:
        ModuleNotFoundError: it is not installed; the message is the remedy.
    """
    return require("license_expression", "licences").get_spdx_licensing()


@functools.lru_cache(maxsize=4096)
def parsed(expression: str) -> Any | None:
    """The tree of an SPDX expression; None where it is none, or names what is not on the SPDX list."""
    errors = require("license_expression", "licences")
    if len(expression) > MAX_NAME_CHARS:
        return None
    try:
        tree = licensing().parse(expression, validate=True, strict=True)
    except (errors.ExpressionError, errors.ParseError):
        return None
    return None if tree is None or "LicenseRef-" in str(tree) else tree.simplify()


def spdx(expression: str) -> str | None:
    """An SPDX expression with current identifiers, in one order; None where it is none (see `parsed`)."""
    tree = parsed(expression)
    return None if tree is None else str(tree)


def normalised(value: str) -> str | None:
    """The SPDX expression for what a column or a metadata field says; None where that names no licence for sure."""
    if len(value) > MAX_NAME_CHARS:
        return None
    value = value.rpartition(":: ")[2].strip()
    whole = spdx(value) or CLASSIFIERS.get(value) or named(words(value))
    if whole or not re.search(r" (?:and|or) ", value, re.IGNORECASE):
        return whole
    tokens = re.split(r"(\(|\)|\s(?:AND|OR|and|or)\s)", value)
    parts = [token if token.strip().lower() in {"", "(", ")", "and", "or"} else normalised(token) for token in tokens]
    return None if None in parts else spdx(" ".join(filter(None, parts)))


def named(name: str) -> str | None:
    """The licence that some words name, all of them; None where they name none, or several."""
    name = name.removeprefix("the ")
    if match := GNU.fullmatch(name):
        return gnu(match)
    return next((license for pattern, license in PATTERNS if pattern.fullmatch(name)), None)


def gnu(match: "re.Match[str]") -> str | None:
    """The GNU licence of a name; None without a version, or with one that does not exist."""
    version = match["before"] or match["after"]
    if not version:
        return None
    kind = {"affero": "A", "lesser": "L", "library": "L", "a": "A", "l": "L"}.get(match["kind"] or match["short"], "")
    number = version.replace(" ", ".") if " " in version else f"{version}.0"
    reach = "or-later" if match["later"] or match["later_before"] else "only"
    return spdx(f"{kind}GPL-{number}-{reach}")
