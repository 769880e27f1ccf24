"""What a text says about its licence: in an SPDX header, in a notice at its head, or by being a licence.

Everything at the head that speaks of licences must be understood, or nothing is: a notice followed by "except" is no
answer. Below the head, notices only ever restrict. Does not read English beyond fixed phrases, or other languages.
"""

import functools
import re
from collections import Counter
from typing import NamedTuple

from textbook.curation.licence_names import NAME, named, normalised, spdx, words
from textbook.curation.licence_phrases import (
    ADDS,
    ADDS_ON_USE,
    ASSIGNED,
    BELOW,
    BELOW_WORDS,
    BSD_TITLE,
    DOUBT,
    DOUBT_WORDS,
    EITHER,
    ELSEWHERE,
    ELSEWHERE_WORDS,
    FAMILY,
    HARMLESS,
    LICENCE_STARTS,
    LOOKS,
    NOTICE,
    OPERATIVE,
    RESTRICTS,
    SPEAKS,
    TAIL,
    TAKEN,
    TITLE,
)
from textbook.curation.sources.licenses import FILLED_IN, license_of_text, spdx_header
from textbook.require import require

MAX_HEAD_CHARS = 100_000
TAKEN_WORDS = 40
SENTENCE = re.compile(r"(?<=[a-z)\]>\"'])[.!?]\s{1,9}(?=\W{0,9}[A-Z])")
"""Ends of sentences. Among the words a comma stands for them and for what was cut out, a semicolon ends a title."""

LINK = re.compile(
    r"(?:https?://|www\.)[^\s<>()|\"']{1,300}"
    r"|\b(?<![\w-].)[\w-]{1,60}(?:\.[\w-]{1,60}){1,3}/[^\s<>()|\"']{0,100}licen[cs]e[^\s<>()|\"']{0,100}",
    re.IGNORECASE | re.ASCII,
)
TELLING_LINK = re.compile(
    r"gpl|gnu\.org|apache\.org/licenses|opensource\.org|mozilla\.org|unlicense\.org|creativecommons|commercial|proprietary|eula",
    re.IGNORECASE,
)
IN_BRACKETS = re.compile(r"(?:\blicen[cs]e:?[ \t]{1,9})?\(([\w .,-]{1,60} licen[cs]e)\)", re.IGNORECASE | re.ASCII)
TAG = re.compile(r"@licen[cs]e\b[ \t]*([^\n]*)", re.IGNORECASE)

BLOCKS = {"/*": "*/", "<!--": "-->", "{-": "-}", "(*": "*)", "=begin": "=end", '"""': '"""', "'''": "'''"}
LINE_COMMENT = re.compile(
    r"#(?!\s*(?:include|define|undef|if|ifdef|ifndef|pragma|import)\b)|//|--|;(?![(\[!+])|%|!(?![\w(\[])|\*"
)
"""Not `!function(){` and `;(function(){`, with which JavaScript begins that is all on one line."""
PRELUDE = re.compile(
    r"<\?(?:php|xml)\b.*|<!doctype.*|<html\b.*|(['\"])use strict\1;?|\ufeff|[rubRUB](?=['\"]{3})", re.I
)
COPYRIGHT_LINE = re.compile(
    r"(?:(?:c|portions|some contributions) )?copyright (?!(?:holder|owner|notice|licen[cs]e|law|like|line|on|also|and|"
    r"or|in|interest|permission|disclaimer|statement|status|treat|resulting|as|for|to|is)\w*\b)|all rights reserved\Z"
)
"""Who wrote it, and not a line of the licence that happens to begin with "copyright"."""


class Said(NamedTuple):
    """What a text says of its licence."""

    licences: tuple[str, ...] = ()
    """Those it names. All apply."""
    where: str = ""
    doubt: str = ""
    """Why this may be wrong or not all."""
    families: frozenset[str] = frozenset()
    """What else it names, loosely (`FAMILY`)."""
    left: str = ""
    """A word about licences that no known phrase accounts for."""


def head_of(text: str) -> str:
    """The comments at the top of a text, with their marks, docstring included."""
    kept: list[str] = []
    end = ""
    for line in text[:MAX_HEAD_CHARS].splitlines():
        rest = line.strip()
        if not end:
            rest = PRELUDE.sub("", rest, count=1).strip()
            opener = next((mark for mark in BLOCKS if rest.startswith(mark)), "")
            if not opener and rest and not LINE_COMMENT.match(rest):
                break
            end = BLOCKS.get(opener, "")
            rest = rest.removeprefix(opener)
        kept.append("" if PRELUDE.fullmatch(line.strip()) else line)
        if end and end in rest:
            after = rest.partition(end)[2].strip()
            end = ""
            if after:
                break
    return "\n".join(kept)


def said(text: str, row: str | None = None, *, is_licence: bool = False) -> Said:
    """What `text` says about its licence beyond `row`, the licence of its row.

    `is_licence`: the text is a licence file as a whole.
    """
    looks = len(text) <= MAX_HEAD_CHARS and LOOKS.search(text, 0, 3_000)
    if looks and (exact := license_of_text(text)):
        return Said((exact,), "the text, which is a licence word for word")
    head = text if is_licence else head_of(text)
    at_head = read_head(head[:MAX_HEAD_CHARS], is_licence)
    is_short = is_licence and len(text) <= MAX_HEAD_CHARS
    if is_short and (at_head.doubt or not at_head.licences) and (near := nearly(head)):
        return Said((near,), "the text, which is a licence but for a few words")
    return at_head if is_licence else with_rest(at_head, row, text, len(head))


def read_head(head: str, is_licence: bool) -> Said:
    """What a head comment or a licence file says."""
    header = spdx_header(head)
    declared = spdx(header) if header else None
    if declared:
        head = re.sub(r"SPDX-License-Identifier:[^\n]*", "", head)
    head = spelt_out(head) if LOOKS.search(head) else head
    raw = SENTENCE.sub("\n\x1f\n", head).splitlines()
    lines = list(map(words, raw))
    lines = [titled(line, not before) for before, line in zip(["", *lines], lines, strict=False)]
    body = " ".join(line or "," for line in lines)
    if not declared and not SPEAKS.search(body) and " under " not in body:
        return Said(doubt="it restricts use" if RESTRICTS.search(body) else "")
    paragraphs, (body, copies) = body, without_licences(body)
    after = body.rpartition(" , ")[2]
    taken = copies and TAKEN.search(" ".join(body.partition(" , ")[0].split()[-TAKEN_WORDS:]))
    next_one = next_paragraph(paragraphs, len(after.split()))
    added = copies and (ADDS.search(after) if is_licence else ADDS_ON_USE.search(next_one))
    body = re.sub(" and (?:(?:all|the|other|individual|its) )*contributors", "", body)
    body, named_here, doubt = without_notices(body)
    if copies:  # the title of a licence that is there in full, wherever it stands
        body = re.sub(rf"\b(?:{NAME}){TAIL}", lambda match: " " if named(match[0]) in copies else match[0], body)
        if all(copy.startswith("BSD-") for copy in copies):
            body = BSD_TITLE.sub(" ", body)
    doubt = f"it adds {added[0]!r}" if added else f"it says {taken[0]!r} before a licence" if taken else doubt
    body = HARMLESS.sub(" ", re.sub(r"[ ,;]+", " ", body))
    found = tuple(dict.fromkeys([*filter(None, [declared]), *copies, *named_here]))
    where = "SPDX header" if declared else "licence text at the head" if copies else "notice at the head"
    families = frozenset(family for family, pattern in FAMILY.items() if pattern.search(body))
    if RESTRICTS.search(body):
        doubt = doubt or "it restricts use"
    left = None if declared else SPEAKS.search(body)
    if left:
        doubt = doubt or (f"it goes on about {left[0]!r}" if found else "")
    return Said(found, where, doubt, families, left[0] if left else "")


def spelt_out(head: str) -> str:
    """A head without links that say nothing, with a line for each part between bars, and "(MIT License)" in words."""
    head = LINK.sub(lambda match: match[0] if TELLING_LINK.search(match[0]) else " ", head)
    head = re.sub(r" [|;] ", "\n", head)
    head = IN_BRACKETS.sub(lambda match: f" licensed under {match[1]} " if named(words(match[1])) else match[0], head)
    return TAG.sub(lambda match: ("license " if NOTICE.match(f"license {words(match[1])}") else "") + match[1], head)


def titled(line: str, is_first: bool) -> str:
    """A line that is nothing but a licence's name, as a sentence; nothing for a heading "License"."""
    match = TITLE.fullmatch(line)
    if not match or not (match["name"] or is_first):
        return line
    # Right below other words it may end their sentence: "not licensed under the / MIT License".
    return f"{'; ' if is_first else ''}licensed under {match['name']} ;" if match["name"] else ""


def without_licences(body: str) -> tuple[str, list[str]]:
    """Words without the licences they contain in full, and these licences."""
    if not LICENCE_STARTS.search(body):
        return body, []
    original, body, found = body, filled_in(re.sub(r"[ ,]+", " ", body)), []
    for name, licence in licence_bodies():
        if licence in body:
            body = body.replace(licence, " , ")
            found.append(name)
    return body if found else original, found


def next_paragraph(paragraphs: str, num_words: int) -> str:
    """The first of the paragraphs that the last `num_words` words make up."""
    pieces = paragraphs.split(" ")
    places = [place for place, piece in enumerate(pieces) if piece not in {"", ",", ";"}]
    rest = " ".join(pieces[places[-num_words] :]) if 0 < num_words <= len(places) else ""
    return rest.partition(" , ")[0]


def without_notices(body: str) -> tuple[str, list[str], str]:
    """Words without the notices they contain, what these name, and why they may not be meant."""
    found: list[str] = []
    doubts: list[str] = []

    def cut(match: "re.Match[str]") -> str:
        groups = match.groupdict()
        names = [named(groups[key].strip()) for key in ("first", "second", "name", "adjective") if groups.get(key)]
        if None in names:
            return match[0]
        sentence = re.split("[,;] ", match.string[max(match.start() - 400, 0) : match.start()])[-1]
        sentence = re.sub(r"\b(?:is|are|as) (?:a )?part of\b", "", sentence)
        sentence = re.sub(r"\bdual(?= licen[cs]ed $)|\bdual $", "", sentence) if "first" in groups else sentence
        before = sentence.split(" ")
        doubt = DOUBT.search(" ".join(before[-DOUBT_WORDS:])) or ELSEWHERE.search(" ".join(before[-ELSEWHERE_WORDS:]))
        if doubt:
            doubts.append(f"it says {doubt[0]!r} before naming a licence")
        found.append(spdx(" OR ".join(filter(None, names))) or "")
        return " , "

    body = NOTICE.sub(cut, EITHER.sub(cut, body))
    if len(set(found)) > 1 and re.search(r"\b(?:either|dual|option|choice|choose|alternatively|or under)\b", body):
        doubts.append("it names several licences, and a choice")
    return body, found, doubts[0] if doubts else ""


def with_rest(at_head: Said, row: str | None, text: str, start: int) -> Said:
    """`at_head`, restricted by what the text says below its head."""
    lowered = text.lower()
    if not any(word in lowered for word in BELOW_WORDS):
        return at_head
    for match in BELOW.finditer(text, start):
        begin, end = text.rfind("\n", 0, match.start()) + 1, text.find("\n", match.end())
        line = text[max(begin, match.start() - 500) : min(end if end >= 0 else len(text), match.end() + 500)]
        if assigned := ASSIGNED.match(line):
            licence = normalised(assigned[2])
            if licence and not at_head.licences and not at_head.doubt:
                at_head = at_head._replace(licences=(licence,), where="__license__")
                continue
        else:
            found = without_notices(words(line))[1]
            licence = found[0] if len(found) == 1 else None
        if licence is None or licence not in {*at_head.licences, *re.split(r"[ ()]+", row or "")}:
            number = text.count("\n", 0, match.start()) + 1
            doubt = f"line {number} speaks of {licence or 'a licence'}"
            return at_head._replace(doubt=at_head.doubt or doubt)
    return at_head


def filled_in(body: str) -> str:
    """Words of a licence without what each project fills in."""
    for pattern, replacement in FILLED_IN.items():
        body = re.sub(pattern, replacement, body)
    return body


@functools.cache
def known_texts() -> tuple[tuple[str, str], ...]:
    """The licence texts that `identify` holds, as (SPDX identifier, words).

    Raises:
        ModuleNotFoundError: it is not installed; the message is the remedy.
    """
    texts = require("identify.vendor.licenses", "licences").LICENSES
    return tuple((spdx(name) or name, filled_in(words(text))) for name, text in texts)


@functools.cache
def unsigned_texts() -> tuple[tuple[str, str], ...]:
    """The licence texts without copyright lines; those with an appendix for users also without it."""
    texts = require("identify.vendor.licenses", "licences").LICENSES
    known = [(spdx(name) or name, unsigned(text)) for name, text in texts]
    ends = [(name, text.partition(" end of terms and conditions ")) for name, text in known]
    return (*known, *((name, begin + end.rstrip()) for name, (begin, end, rest) in ends if rest))


@functools.cache
def licence_bodies() -> tuple[tuple[str, str], ...]:
    """Of the short licences, what follows title and copyright: (SPDX identifier, words), the longest first."""
    found = [(name, text[start.start() :]) for name, text in known_texts() if (start := LICENCE_STARTS.search(text))]
    return tuple(sorted(found, key=lambda pair: -len(pair[1])))


def nearly(text: str) -> str | None:
    """The licence that a text is but for names and slips: under 5 % of edits, none in a word that matters."""
    ukkonen = require("ukkonen", "licences")
    mine = unsigned(text)
    best: tuple[int, str, str] | None = None
    for name, theirs in unsigned_texts():
        cutoff = len(mine) // 20
        if abs(len(mine) - len(theirs)) > cutoff:
            continue
        distance = ukkonen.distance(mine, theirs, cutoff)
        if distance < cutoff and (best is None or distance < best[0]):
            best = distance, name, theirs
    if best is None:
        return None
    return None if changed(mine, best[2]) & OPERATIVE else best[1]


def unsigned(text: str) -> str:
    """The words of a licence without copyright lines and what else each project fills in."""
    return filled_in(
        " ".join(line for line in map(words, text.splitlines()) if line and not COPYRIGHT_LINE.match(line))
    )


def changed(mine: str, theirs: str) -> set[str]:
    """The words that one text has more often than the other."""
    one, other = Counter(mine.split()), Counter(theirs.split())
    return set((one - other) | (other - one))
