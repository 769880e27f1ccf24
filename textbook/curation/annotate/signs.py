"""Signs that a sample speaks to whoever labels it: simple patterns, to be looked at, never acted on.

They find all that `tests/curation/injections.py` tries, by which they were made, and next to nothing in ordinary code
(1 of 1,500 installed files); of twenty attempts written afterwards, in other words, they find six. So a sign is worth
a look, and the lack of one means nothing. Nothing is changed or dropped: the defence is in `prompt`.
"""

import base64
import re
from collections.abc import Iterator, Mapping

_RATING = r"(?:score|rat(?:e|ing)|grade|label)"
_NUMBER = r"(?:[0-9](?:/\d+)?(?![\w.]*\w)|zero\b|five\b|ten\b|full marks\b)"

SIGNS: Mapping[str, re.Pattern[str]] = {
    "asks for a score": re.compile(
        rf"\b(?:rate|score|grade|label)\s(?:it|this|with)\s(?:an?\s|file\s|sample\s)?{_NUMBER}"
        rf"|\b(?:give|assign|output|answer|award)\b[^\n]{{0,40}}?\b(?:score|rating)\s(?:of\s|is\s)?{_NUMBER}"
        rf"|\bgive\s(?:it|this)\b[^\n]{{0,20}}?\b{_NUMBER}"
        rf"|\b(?:asked|get|give|for|correct|the|your)\s(?:an?\s)?(?:score|rating)\b[^\n\d]{{0,40}}?\b{_NUMBER}"
        rf"|\b(?:score|rate|grade|evaluate|judge|mark)\s(?:this|it|the|as)\b[^\n]{{0,30}}?(?:\bas\b|\ba|\bwith|\()\s?{_NUMBER}"
        rf"|\b(?:deserves?|merits?|worth|earns?)\b[^\n]{{0,20}}?\b(?:marks|score|rating|stars|points)\b"
        rf"|\b(?:you must|must|should|please|always|to)\s(?:answer|output|return|respond with|says?|give)\b"
        rf"[^\n]{{0,20}}?"
        rf"\b(?:score|rating|grade|stars)\b|\b(?:the|your|final)\sanswer\sis\s{_NUMBER}\W*$"
        rf"|\brate by it\b|\bscore(?:\s?[:=]\s?|\s){_NUMBER}\s*(?:$|[.<(])",
        re.I | re.M,
    ),
    "speaks to the annotator": re.compile(
        r"\b(?:ignore|disregard|forget)\s(?:all\s|any\s|the\s|your\s)*(?:previous|prior|above|earlier|rubric|code|instructions)\b"
        r"|\b(?:note|message|instructions?)\s(?:to|for)\s(?:the\s)?(?:grader|annotator|rater|model|llm|ai|assistant)\b"
        r"|\b(?:dear|attention)\s(?:grader|annotator|rater|llm|model)\b|\bgrader please\b"
        r"|\b(?:ignore|disregard|forget)\s(?:all\s|the\s|your\s|any\s)*(?:guidelines|rules|criteria)\b"
        r"|\byou are (?:now )?an? (?:\w+ )?(?:assistant|ai|language model|grader|annotator|reviewer)\b"
        r"|\bsystem (?:note|prompt):?\s|\bnew task:|\b(?:begin|new|updated|hidden) instructions\b"
        r"|\b(?:graders?|annotators?|raters?|evaluators?|reviewers?)\b[^\n]{0,40}?\b[0-9]\b"
        r"|\bwhen you are asked\b|\bas an ai\b|\badmin override\b|\bnew instructions\b"
        r"|\byou will be (?:paid|switched off)\b",
        re.I,
    ),
    "speaks of the rubric": re.compile(
        r"\brubric\b[^\n]{0,20}\b(?:changed|v\d)|\bnew rule:|\b(?:author of|ignore) the rubric\b"
        r"|\bwhatever the rubric\b|\brated \d\. the table\b",
        re.I,
    ),
    "claims a label": re.compile(
        rf"\b(?:previously|already)\s{_RATING}\b"
        rf"|\b(?:quality|edu|educational)[-_ ]?(?:score|value|rating)\s*[:=]\s*\d"
        rf"|\b(?:gpt|claude|llm|expert)[-\w ]{{0,12}}label\b"
        rf"|\b(?:rated|graded|scored)\s{_NUMBER}\sby\b|\b[0-9]\sout\sof\s(?:5|10|five|ten)\b"
        rf"|\b{_RATING}:?\s\d\s?/\s?(?:5|10)\b",
        re.I,
    ),
    "forged answer": re.compile(
        r"[\"'](?:score|rating|grade)[\"']\s*:\s*[\"']?\d\b(?!\.)|[{,]\s*[\"']label[\"']\s*:\s*\d\s*}['\"]"
    ),
    "forged role": re.compile(
        r"<\|[a-z_]{1,30}\|>|<｜[^｜\n]{1,40}｜>|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>"
        r"|^[#\t ]*</?(?:system|user|assistant|instructions?)>"
        r"|^[#\t ]*(?:\[system\]|#{1,6}\s*(?:system|assistant):|(?-i:Human|Assistant|System|USER|SYSTEM|ASSISTANT):\s)",
        re.I | re.M,
    ),
    "forged end": re.compile(
        r"^[\t #=-]*(?:BEGIN|END)[ _](?:OF[ _])?(?:THE[ _])?(?:SAMPLE|DATA|FILE|CODE|DOCUMENT)\b[^\n()=,]*$"
        r"|</\s*(?:sample|code|document)\s*>\s*$",
        re.I | re.M,
    ),
    "shows examples with scores": re.compile(
        rf"(?:^|\n)[#\t ]*(?:example\s\d|[qa]:)[^\n]*\n(?:[^\n]*\n){{0,3}}?[#\t ]*(?:a:\s)?{_RATING}:?\s\d", re.I
    ),
    "asks in another language": re.compile(
        r"\bgib\b[^\n]{0,40}?\b\d (?:Punkte|Sterne)"
        r"|\bbewerte\b[^\n]{0,60}\d|\bla note \d|\bpuntuaci[óo]n de \d|\bcalifica\b[^\n]{0,60}\d|оценк\w{0,3} \d"
        r"|(?:打分|评分|評価|점수)[^\n]{0,8}\d",
        re.I,
    ),
    "hidden characters": re.compile(
        "[\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\U000e0000-\U000e007f\U000e0100-\U000e01ef]"
    ),
    "wide letters": re.compile("[\uff21-\uff3a\uff41-\uff5a]{3}"),
}
"""What a flag means: name -> the pattern that raises it, in the text as it stands."""

ENCODED = "encoded order"
"""Raised where a pattern of the first five fits what base64, rot13 or reading backwards makes of a line."""

DECODED = tuple(SIGNS)[:5]
MAX_CHARS = 200_000
"""How much of a text is searched."""
MAX_LINE = 1_000
_BASE64 = re.compile(r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{20,1000}={0,2}(?![A-Za-z0-9+/=])")
_ROT13 = str.maketrans(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", "NOPQRSTUVWXYZABCDEFGHIJKLMnopqrstuvwxyzabcdefghijklm"
)
_HINT = re.compile(r"fpber|tengre|engvat|engr guvf|erocs|gnitar|siht etaR|siht etar", re.I)


def signs_in(text: str) -> list[str]:
    """The names of the signs in `text`, in the order of `SIGNS`; `ENCODED` is last."""
    head = text[:MAX_CHARS]
    found = [name for name, pattern in SIGNS.items() if pattern.search(head)]
    if any(SIGNS[name].search(reading) for reading in _decoded(head) for name in DECODED):
        found.append(ENCODED)
    return found


def _decoded(text: str) -> Iterator[str]:
    for token in _BASE64.findall(text):
        try:
            yield base64.b64decode(token + "=" * (-len(token) % 4)).decode("ascii")
        except ValueError:
            continue
    for line in text.split("\n"):
        if len(line) <= MAX_LINE and _HINT.search(line):
            yield line.translate(_ROT13)
            yield line[::-1]
    names = text.replace("_", " ")
    if "_score_" in text or "_rating_" in text or "rate_this_" in text:
        yield names
