"""Places in a text that hold something of a kind, and the text with placeholders in their stead.

Does not find them: see `textbook.curation.secrets` and `textbook.curation.personal_data`.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import count
from typing import Any, NamedTuple

import pyarrow as pa

SPANS = pa.list_(pa.struct([("kind", pa.string()), ("start", pa.int64()), ("end", pa.int64())]))
"""The Arrow type of a column of spans. No column ever holds what stands in a span."""


class Span(NamedTuple):
    """The characters `text[start:end]`, and what they are."""

    kind: str
    start: int
    end: int


def merge(spans: Iterable[Span]) -> list[Span]:
    """The spans in the order of the text, overlapping ones as one: it covers them all and is of the first's kind."""
    ranked = sorted(enumerate(spans), key=lambda item: (item[1].start, item[0]))
    merged: list[tuple[int, Span]] = []
    for rank, span in ranked:
        if not merged or span.start >= merged[-1][1].end:
            merged.append((rank, span))
            continue
        last_rank, last = merged[-1]
        kind = last.kind if last_rank < rank else span.kind
        merged[-1] = (min(rank, last_rank), Span(kind, last.start, max(last.end, span.end)))
    return [span for _, span in merged]


def redact(text: str, spans: Iterable[Span]) -> str:
    """Put `<KIND_1>`, `<KIND_2>` ... where the spans are; equal values of a kind get the same placeholder.

    `spans` are in order and do not overlap (see `merge`). A placeholder that the text already has is not used again.
    """
    pieces, at = [], 0
    names: dict[tuple[str, str], str] = {}
    free: dict[str, Iterator[str]] = {}
    for span in spans:
        value = (span.kind, text[span.start : span.end])
        if value not in names:
            if span.kind not in free:
                free[span.kind] = _placeholders(span.kind.upper(), text)
            names[value] = next(free[span.kind])
        pieces += [text[at : span.start], names[value]]
        at = span.end
    return "".join([*pieces, text[at:]])


def _placeholders(kind: str, text: str) -> Iterator[str]:
    """Those of a kind that `text` does not have, without end; the text is searched once, however many are wanted."""
    taken = set(re.findall(rf"<{re.escape(kind)}_[0-9]+>", text))
    return (name for name in (f"<{kind}_{number}>" for number in count(1)) if name not in taken)


def as_column(spans: Iterable[Span]) -> list[dict[str, Any]]:
    """One value of a column of type `SPANS`."""
    return [span._asdict() for span in spans]
