"""What the rows are made of, before and after: packages, licences, languages."""

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

MAX_NAMES = 50_000
"""Names told apart; rows with yet another one are counted together, so that memory stays bounded."""
MAX_NAME_CHARS = 120
SHOWN_NAMES = 12

_PACKAGE = re.compile(r"(?:[a-z][a-z0-9+.-]*://)?/*(.*?)(?:==|[:/]|$)", re.DOTALL)


def package(source: Any) -> Any:
    """What stands before `==`, `:` or `/` in a source: the package, the data set, the host or the top folder."""
    match = _PACKAGE.match(source) if isinstance(source, str) else None
    return match[1] if match and match[1] else source


class Shares:
    """Rows by name, before (all rows) and after (those kept)."""

    def __init__(self, title: str) -> None:
        self.title = title
        self._before: Counter[str | None] = Counter()
        self._after: Counter[str | None] = Counter()
        self._uncounted = [0, 0]

    def add(self, names: Iterable[Any], kept: bool) -> None:
        """Count rows by name."""
        for value, rows in Counter(names).items():
            name = None if value is None or value == "" else str(value)[:MAX_NAME_CHARS]
            if name not in self._before and len(self._before) >= MAX_NAMES:
                self._uncounted = [self._uncounted[0] + rows, self._uncounted[1] + rows * kept]
                continue
            self._before[name] += rows
            self._after[name] += rows * kept

    def summary(self) -> dict[str, Any]:
        """The most frequent names with their rows before and after; the rest in one line."""
        ordered = sorted(self._before.items(), key=lambda item: (-item[1], item[0] or ""))
        shown, rest = ordered[:SHOWN_NAMES], ordered[SHOWN_NAMES:]
        before, after = self._uncounted
        return {
            "title": self.title,
            "num_names": len(ordered),
            "names": [{"name": name, "before": rows, "after": self._after[name]} for name, rows in shown],
            "rest": {
                "num_names": len(rest),
                "before": before + sum(rows for _, rows in rest),
                "after": after + sum(self._after[name] for name, _ in rest),
            },
        }
