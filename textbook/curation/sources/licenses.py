"""A licence where it is beyond doubt: an SPDX header, a file that is word for word a known licence, clear metadata.

Unknown, several, or anything added to the standard words: None. Does not scan code for licences or copyright notices.
"""

import hashlib
import re
from collections.abc import Iterable

HEADER_LINES = 20
"""An SPDX header stands at the top of a file (SPDX specification 2.3, annex E)."""

SPDX_HEADER = re.compile(r"^[\s#/*;%!.\"'<\-]*SPDX-License-Identifier:(.*)$", re.MULTILINE)
SPDX_EXPRESSION = re.compile(r"\(*[A-Za-z0-9][A-Za-z0-9.+\-]*\)*( (AND|OR|WITH) \(*[A-Za-z0-9][A-Za-z0-9.+\-]*\)*)*")

LICENSE_FILE = re.compile(r"((un)?licen[cs]e|copying)([-_][a-z0-9.\-]*?)?(\.(txt|md|rst))?", re.IGNORECASE)
MAX_LICENSE_BYTES = 100_000

TITLE = re.compile(
    r"(the )?((mit|expat|isc|(new |modified |simplified |revised )?bsd( [23] clause)?|[23] clause bsd)( licen[cs]e)?"
    r"( mit| isc| expat)?|bsd [23] clause (new or revised|simplified) licen[cs]e)"
    r"|(c |portions )?copyright(?!.*\b(licen[cs]\w*|under|except|terms|gpl)\b).{,120}|c [12][0-9]{3} .{,80}"
    r"|all rights reserved"
)
"""Lines, as words, that may stand above the licence itself."""

FILLED_IN = {
    r"\b[123abc] (?=redistributions |neither )": "",
    r"\bneither the name of .{1,80}? nor the names of (its|any|the) ": "neither the name of x nor the names of its ",
    r"\bcopyright (holders?|owner)\b": "copyright holder",
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
    return BODIES.get(body_hash(" ".join(line for line in lines if line)))


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
