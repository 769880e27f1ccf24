"""Code without what distinguishes two pieces stamped out of one template: its names, strings, numbers and comments.

For many languages at once, by one pattern each, without parsing: a skeleton is for comparison, not for reading.
"""

import re

KEYWORDS = (
    "and as assert async await break case catch class const continue def default del do elif else end enum except "
    "export extends final finally fn for from func function global goto if impl implements import in interface is "
    "lambda let loop match module mut namespace new nil none None nonlocal not null or package pass private protected "
    "public raise return self static struct super switch template then this throw throws trait true True false False "
    "try type typedef union unless until use using var void when where while with yield"
)
_SAID = re.compile(
    r'"""(?s:.*?)(?:"""|\Z)'
    r"|'''(?s:.*?)(?:'''|\Z)"
    r'|"(?:[^"\\\n]|\\.)*+"?'
    r"|'(?:[^'\\\n]|\\.)*+'?"
    r"|`[^`]*+`?"
    r"|/\*(?:[^*]++|\*(?!/))*+(?:\*/)?"
    r"|//[^\n]*+"
    r"|\#[^\n]*+"
)
"""A string or a comment; one never closed goes on to the end of its line, or of the text. Linear in any text."""
_RUN = re.compile(r'"\s*+(?:"\s*+)*+')
_WORD = re.compile(r'\w+|"')
_MOST_KNOWN = 100_000


class _Kinds(dict[str, str]):
    """What stands for a word in a skeleton: a keyword for itself."""

    def __missing__(self, word: str) -> str:
        kind = "N" if word[0].isdigit() else "V"
        if len(self) < _MOST_KNOWN:
            self[word] = kind
        return kind


_KINDS = _Kinds({word: word for word in KEYWORDS.split()} | {'"': "S"})


def skeleton(text: str) -> str:
    """The words of `text`, with `V` for each name, `N` for a number and `S` for a run of strings and comments."""
    return " ".join(map(_KINDS.__getitem__, _WORD.findall(_RUN.sub('" ', _SAID.sub('"', text)))))
