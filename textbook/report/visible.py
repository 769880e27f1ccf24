"""Text made safe to look at: characters that hide, reorder or steer are shown by name.

A right-to-left override can make code read as what it is not, and an escape can rewrite a terminal. Joiners that
scripts and emoji need are left alone. Does not escape HTML: the template does.
"""

import re

_STEERS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)


def _name(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else f"⟦U+{code:04X}⟧"


def visible(text: str) -> str:
    """`text` with control, bidirectional and zero-width characters and lone surrogates shown; not tabs, newlines."""
    return _STEERS.sub(_name, text.replace("\r\n", "\n"))


def visible_line(text: str) -> str:
    """`visible`, on one line."""
    return visible(text).replace("\n", "\u240a").replace("\t", "\u2409")


def cut(text: str, max_lines: int, max_chars: int) -> str:
    """The first `max_lines` lines, each at most `max_chars` characters long; one that was cut ends in an ellipsis."""
    head = text[: max_lines * (max_chars + 2) + 1].replace("\r\n", "\n")
    lines = head.split("\n")[:max_lines]
    return "\n".join(line if len(line) <= max_chars else f"{line[:max_chars]}…" for line in lines)
