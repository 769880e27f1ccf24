"""HTML fragments, as question-and-answer sites store them, as plain text with the code marked.

Cut into tags by one pattern and not by `html.parser`, whose answers differ between patch releases of Python and which
is quadratic on some inputs. For fragments written by such sites: no tables, no lists in lists, no style sheets.
"""

import html
import re
from typing import Final

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)\b([^<>]*)>|<[!?][^<>]*>")
_LANGUAGE = re.compile(r"\blang(?:uage)?-([\w+#.-]{1,30})")
_LONG_REFERENCE = re.compile(r"&#(?:[0-9]{8,}+|[xX][0-9a-fA-F]{8,}+);?")
_BLANKS = re.compile(r"[ \t\n\r\f]+")
_BACKTICKS = re.compile(r"`+")
_BLANK_LINES = re.compile(r"\n{3,}")

_HIDDEN: Final = frozenset({"script", "style", "template", "iframe", "object", "noscript"})
_BLOCKS = "p div h1 h2 h3 h4 h5 h6 ul ol dl blockquote hr table section article details summary"
_PARAGRAPHS: Final = frozenset(_BLOCKS.split())
_LINES: Final = frozenset({"br", "li", "tr", "dt", "dd"})


def html_to_text(source: str) -> str:
    """The text of an HTML fragment, in time linear in its length.

    `<pre>` becomes a fenced block, with the language of a class such as `lang-python` if there is one; `<code>`
    elsewhere stands in backticks; list items begin with "- "; links are their text; what scripts and styles hold is
    left out. What is no tag is text.
    """
    text = _without_comments(source.replace("\r\n", "\n").replace("\r", "\n"))
    writer, position = _Writer(), 0
    for match in _TAG.finditer(text):
        writer.text(text[position : match.start()])
        position = match.end()
        if match[2]:
            writer.tag(match[2].lower(), bool(match[1]), match[3])
    writer.text(text[position:])
    return writer.finished()


def _without_comments(text: str) -> str:
    parts, position = [], 0
    while (start := text.find("<!--", position)) >= 0 and (end := text.find("-->", start + 4)) >= 0:
        parts.append(text[position:start])
        position = end + 3
    return "".join([*parts, text[position:]])


class _Writer:
    """Gathers text; every element that matters is either open or not, so that depth costs nothing."""

    def __init__(self) -> None:
        self.blocks: list[str] = []
        """Finished paragraphs and fenced code."""
        self.prose: list[str] = []
        """What has come since; it is trimmed line by line, which code is not."""
        self.code: list[str] | None = None
        """What an open `<pre>` or `<code>` holds so far."""
        self.fenced = False
        self.language = ""
        self.hidden = ""
        """The open element whose content is left out."""

    def text(self, raw: str) -> None:
        if not raw or self.hidden:
            return
        plain = html.unescape(_LONG_REFERENCE.sub("\ufffd", raw))
        if self.code is not None:
            self.code.append(plain)
            return
        self.prose.append(_BLANKS.sub(" ", plain))

    def tag(self, name: str, closes: bool, attributes: str) -> None:
        if self.hidden:
            self.hidden = "" if closes and name == self.hidden else self.hidden
        elif name in _HIDDEN:
            self.hidden = "" if closes else name
        elif name == "pre":
            self._close_code()
            if not closes:
                self.code, self.fenced, self.language = [], True, _language(attributes)
        elif name == "code":
            self._inline_code(closes, attributes)
        elif self.code is not None:
            self.code.append("\n" if name == "br" else "")
        elif name in _PARAGRAPHS:
            self.prose.append("\n\n")
        elif name in _LINES and not closes:
            self.prose.append("\n- " if name == "li" else "\n")

    def _inline_code(self, closes: bool, attributes: str) -> None:
        if self.fenced:
            self.language = self.language or _language(attributes)
        elif closes:
            self._close_code()
        elif self.code is None:
            self.code = []

    def _close_code(self) -> None:
        if self.code is None:
            return
        code = "".join(self.code)
        longest = max(map(len, _BACKTICKS.findall(code)), default=0)
        if self.fenced:
            fence = "`" * max(3, longest + 1)
            body = code.strip("\n")
            if body.strip():
                self._end_prose()
                self.blocks.append(f"{fence}{self.language}\n{body}\n{fence}")
        elif code.strip():
            quotes, space = "`" * (longest + 1), " " if longest else ""
            self.prose.append(quotes + space + _BLANKS.sub(" ", code).strip() + space + quotes)
        self.code, self.fenced, self.language = None, False, ""

    def finished(self) -> str:
        self._close_code()
        self._end_prose()
        return "\n\n".join(self.blocks)

    def _end_prose(self) -> None:
        lines = "\n".join(line.strip(" ") for line in "".join(self.prose).split("\n"))
        text = _BLANK_LINES.sub("\n\n", lines).strip()
        self.blocks += [text] if text else []
        self.prose = []


def _language(attributes: str) -> str:
    found = _LANGUAGE.search(attributes)
    return found[1] if found else ""
