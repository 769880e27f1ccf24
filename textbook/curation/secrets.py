"""Keys, tokens, passwords and private keys in the text: where they are, and the text without them.

One pass of Hyperscan over the text (extra `secrets`) tells which rules could match, so that most texts are not looked
at again; without it, the rules' keywords do. Either only skips work: the answers are the same.

Does not ask a provider whether a secret is live, and finds only the kinds of `textbook.curation.secret_rules`. No
column, reason or message ever holds a secret's value.
"""

import functools
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

from textbook.curation.secret_rules import RULES, Rule
from textbook.curation.spans import SPANS, Span, as_column, merge, redact
from textbook.operator import Batch, Operator
from textbook.require import require


@dataclass(frozen=True)
class Secrets(Operator):
    """Adds `secrets`, the spans found (kind, start and end in characters), and `num_secrets`.

    `Keep("num_secrets", at_most=0)` drops the rows that hold one; `RedactSecrets()` keeps them, without it.
    """

    version = 2
    reads = ("text",)
    adds = {"secrets": SPANS, "num_secrets": "int64"}

    def __call__(self, batch: Batch) -> Batch:
        """Look at each row."""
        return batch | _columns([find_secrets(text) for text in batch["text"]])

    @classmethod
    def example(cls) -> tuple[Self, Batch]:
        """A token, a password in a URL, a placeholder and nothing."""
        return cls(), _example()


@dataclass(frozen=True)
class RedactSecrets(Operator):
    """Puts placeholders such as `<GITHUB_TOKEN_1>` where secrets were, equal ones for equal secrets of a row.

    Adds what `Secrets` adds; the spans are places in the text as it came, not in the rewritten one. Columns computed
    before from the text (`num_tokens`, `content_hash`, scores) still say what the text was: put this step before them.
    """

    version = 2
    reads = ("text",)
    adds = {"text": "string", "secrets": SPANS, "num_secrets": "int64"}

    def __call__(self, batch: Batch) -> Batch:
        """Find and replace, row by row."""
        found = [find_secrets(text) for text in batch["text"]]
        texts = [redact(text, spans) for text, spans in zip(batch["text"], found, strict=True)]
        return batch | {"text": texts} | _columns(found)

    @classmethod
    def example(cls) -> tuple[Self, Batch]:
        """The rows of `Secrets`."""
        return cls(), _example()


def find_secrets(text: str) -> list[Span]:
    """The secrets of a text, in its order, without overlaps."""
    return spans_by(possible_rules(text), text)


def possible_rules(text: str) -> Iterable[Rule]:
    """The rules that could match: all of those that do, and few others."""
    return RULES if _installed() is None else scanned(text)


def spans_by(rules: Iterable[Rule], text: str) -> list[Span]:
    """What the given rules find."""
    spans, lowered = [], None
    for rule in rules:
        lowered = lowered or text.lower()
        if not any(keyword in lowered for keyword in rule.keywords):
            continue
        for match in rule.compiled.finditer(text):
            group = rule.compiled.groups
            if rule.credible(match[group]):
                spans.append(Span(rule.kind, *match.span(group)))
    return merge(spans)


def scanned(text: str) -> list[Rule]:
    """The rules that Hyperscan says could match, in their order."""
    found: set[int] = set()

    def matched(rule: int, *_: int) -> None:
        found.add(rule)

    _database().scan(text.encode("utf-8", "surrogatepass"), match_event_handler=matched)
    return [RULES[rule] for rule in sorted(found)]


@functools.cache
def _installed() -> Any | None:
    try:
        return require("hyperscan", "secrets")
    except ModuleNotFoundError:
        return None


_local = threading.local()
"""A database brings its own scratch space, which one thread at a time may use."""


def _database() -> Any:
    if not hasattr(_local, "database"):
        hyperscan = require("hyperscan", "secrets")
        _local.database = hyperscan.Database()
        _local.database.compile(
            expressions=[rule.pattern.encode() for rule in RULES],
            ids=list(range(len(RULES))),
            elements=len(RULES),
            flags=hyperscan.HS_FLAG_SINGLEMATCH | hyperscan.HS_FLAG_PREFILTER,
        )
    return _local.database


def _columns(found: list[list[Span]]) -> Batch:
    return {"secrets": [as_column(spans) for spans in found], "num_secrets": [len(spans) for spans in found]}


def _example() -> Batch:
    # Put together here, so that nobody's scanner takes this file for a leak.
    token, password = "ghp" + "_16C7e42F292c6912E7710c838347Ae178B4a", "q7" + "Lw-x2Rt9"
    texts = [
        f'login("{token}")\nlogout("{token}")\n',
        f"postgresql://app:{password}@db.internal/main\n",
        'password = "<your password>"\n',
        "answer = 42\n",
    ]
    return {"id": ["a", "b", "c", "d"], "text": texts}
