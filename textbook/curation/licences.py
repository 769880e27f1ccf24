"""Which licence a row is under, and which licences to keep: from its column, its SPDX header, notices, licence texts.

Every answer is an SPDX expression with evidence, or "unknown". What cannot be read without doubt is unknown, so that
an allow-list never lets a row through by mistake; a notice that was not understood outweighs the row's own column.
Does not read other files of the repository (`textbook.curation.sources` does), nor tell who holds the copyright. No
legal advice.
"""

import functools
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Self

from textbook.curation.licence_names import FAMILIES, NOTHING, UNKNOWN, licensing, normalised, parsed, spdx, words
from textbook.curation.licence_notices import MAX_HEAD_CHARS, said
from textbook.curation.licence_scancode import scanned
from textbook.curation.sources.licenses import is_license_file
from textbook.operator import DROP_REASON, Batch, Operator

PERMISSIVE = (
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "NCSA",
    "PostgreSQL",
    "PSF-2.0",
    "Python-2.0",
    "Unlicense",
    "UPL-1.0",
    "Zlib",
)
"""Licences that allow use, change and redistribution under no terms but to name authors and to keep notices."""


@dataclass(frozen=True)
class Licences(Operator):
    """Name the licence of each row: `license` becomes an SPDX expression or "unknown", `license_evidence` says why.

    Read, in this order: the column `license`, under any usual name ("Apache 2.0", "GPLv3+", PyPI's classifiers); an
    SPDX header; licence texts and notices in the comments at the top; where `source` ends in the name of a licence
    file, the whole text. Where several speak, all apply: a file with an ISC notice in an MIT row is "ISC AND MIT".
    A doubt about any of them ("not", "except", "non-commercial", another licence further down) makes it unknown.

    Needs `pip install 'textbook-curation[licences]'`.

    Args (fields):
        scancode: ask the command `scancode`, once a batch, about licence files that stay unknown, in rows whose
            `license` says nothing; see `textbook.curation.licence_scancode`.
    """

    scancode: bool = False

    version = 2
    reads = ("id", "text", "license", "source")
    adds = {"license": "string", "license_evidence": "string"}

    def __call__(self, batch: Batch) -> Batch:
        """Replace `license`, and add the evidence."""
        licensing()
        rows = list(zip(batch["license"], batch["source"], batch["text"], strict=True))
        answers = [answer(*row) for row in rows]
        if self.scancode:
            places = [i for i, row in enumerate(rows) if may_ask(answers[i], *row)]
            for place, found in zip(places, scanned([rows[place][2] for place in places]), strict=True):
                answers[place] = (found, "ScanCode") if found else answers[place]
        return batch | {"license": [a for a, _ in answers], "license_evidence": [why for _, why in answers]}

    @classmethod
    def example(cls) -> tuple[Self, Batch]:
        """Six rows: a column to normalise, a header, a notice, a contradiction, a denial, and nothing."""
        texts = {
            "x = 1\n": "Apache 2.0",
            "# SPDX-License-Identifier: GPL-2.0+\nx = 1\n": None,
            "/* Licensed under the MIT License. See LICENSE for details. */\nint x;\n": None,
            "# This file is licensed under the GNU GPL, version 3 or later.\nx = 1\n": "mit",
            "# Copyright Somebody. This file is not licensed under the MIT License.\nx = 1\n": "MIT",
            "licence = 'MIT'\n": None,
        }
        ids = [str(i) for i in range(len(texts))]
        sources = [f"{i}.py" for i in ids]
        return cls(), {"id": ids, "text": list(texts), "license": list(texts.values()), "source": sources}


def may_ask(given: tuple[str, str], license: str | None, source: str | None, text: str) -> bool:
    """Whether a second opinion may be had: on a whole licence file that was not understood, rather than denied."""
    licence, evidence = given
    silent = words(license or "") in NOTHING and len(text) <= MAX_HEAD_CHARS
    return licence == UNKNOWN and silent and is_license_file(file_name(source)) and "it says" not in evidence


def file_name(source: str | None) -> str:
    """The name of the file in a row's `source`: a path, a URL, or package==version:path."""
    return re.split(r"[/:]", source or "")[-1]


def answer(license: str | None, source: str | None, text: str) -> tuple[str, str]:
    """The licence of a row, and the evidence."""
    value = (license or "").strip()
    row = normalised(value)
    found = said(text, row, is_licence=is_license_file(file_name(source)))
    if not row and words(value) not in NOTHING:
        family = FAMILIES.get(words(value))
        if not family or not found.licences or not all(family in licence for licence in found.licences):
            return UNKNOWN, f"the row's {value[:60]!r} names no licence for sure".encode("utf-8", "replace").decode()
    everything = [*filter(None, [row]), *found.licences]
    strange = [f for f in sorted(found.families) if not any(f in licence for licence in everything)]
    if found.doubt or strange:
        doubt = found.doubt or f"it speaks of {strange[0].rstrip('-')} as well"
        return UNKNOWN, f"{found.where or 'the text'}: {doubt}"
    if not everything:
        return UNKNOWN, f"the head speaks of {found.left!r}, and names no licence" if found.left else "nothing says"
    expression = spdx(" AND ".join(f"({licence})" for licence in everything))
    evidence = " + ".join(["row"] * bool(row) + [found.where] * bool(found.licences))
    return (expression, evidence) if expression else (UNKNOWN, f"{evidence}: too much to combine")


@functools.lru_cache(maxsize=4096)
def missing(expression: str | None, allow: tuple[str, ...]) -> tuple[str, ...]:
    """The licences of an SPDX expression that `allow` lacks; none where the expression is allowed.

    Of alternatives (OR) one must be allowed, of conjunctions (AND) each. An exception (WITH) only ever permits more,
    and "or later" leaves the choice of the first version, so that allowing the licence without them is enough.

    Raises:
        ValueError: `allow` holds something that is no SPDX expression.
        ModuleNotFoundError: `license-expression` is not installed.
    """
    wrong = [name for name in allow if spdx(name) is None]
    if wrong:
        raise ValueError(
            f"{wrong[0]!r} is no SPDX licence; give identifiers of https://spdx.org/licenses, such as 'MIT'"
        )
    tree = parsed(expression) if expression else None
    return (UNKNOWN,) if tree is None else lacking(tree, frozenset(filter(None, map(spdx, allow))))


def lacking(tree: Any, allow: Collection[str]) -> tuple[str, ...]:
    """What `allow` lacks of a parsed expression."""
    name = str(tree)
    if {name, name.partition(" WITH ")[0]} & set(allow):
        return ()
    parts = [lacking(part, allow) for part in tree.args]
    if isinstance(tree, licensing().OR):
        return () if () in parts else tuple(dict.fromkeys(licence for part in parts for licence in part))
    if isinstance(tree, licensing().AND):
        return tuple(dict.fromkeys(licence for part in parts for licence in part))
    without = name.partition(" WITH ")[0].replace("-or-later", "-only")
    return () if without in allow else (name,)


def allowed(expression: str | None, allow: Collection[str] = PERMISSIVE) -> bool:
    """Whether an SPDX expression permits use under the licences of `allow` alone (see `missing`); unknown does not.

    "MIT OR GPL-3.0-only" is allowed where MIT is, "MIT AND GPL-3.0-only" only where both are.
    """
    return not missing(expression, tuple(allow))


@dataclass(frozen=True)
class KeepLicences(Operator):
    """Keep the rows whose `license` is allowed (see `allowed`); drop the others, saying what is missing.

    Args (fields):
        allow: SPDX identifiers; the default is `PERMISSIVE`.
        keep_unknown: keep the rows of which no licence is known.

    Put `Licences()` before it. Needs `pip install 'textbook-curation[licences]'`.
    """

    allow: tuple[str, ...] = PERMISSIVE
    keep_unknown: bool = False

    version = 1
    reads = ("license",)

    def __call__(self, batch: Batch) -> Batch:
        """Write the reason beside each row that is to go."""
        return batch | {DROP_REASON: [self._reason(license) for license in batch["license"]]}

    def _reason(self, license: str | None) -> str | None:
        lacks = missing(license, self.allow)
        if not lacks:
            return None
        if license is None or lacks == (UNKNOWN,):
            return None if self.keep_unknown else "license is unknown"
        return f"license is {license}: {', '.join(lacks)} not allowed"

    @classmethod
    def example(cls) -> tuple[Self, Batch]:
        """Five rows, of which two stay."""
        licenses = ["MIT", "GPL-3.0-only OR MIT", "GPL-3.0-only AND MIT", "unknown", "LGPL-2.1-or-later"]
        ids = [str(i) for i in range(len(licenses))]
        return cls(), {"id": ids, "text": ids, "license": licenses}
