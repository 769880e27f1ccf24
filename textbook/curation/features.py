"""First version: `FEATURES` and `code_features` are final in signature; the step follows."""

from functools import lru_cache

from textbook.curation.lexical_features import lexical_features
from textbook.curation.tree_features import tree_features

HEAD_CHARS = 20_000


def code_features(text: str) -> dict[str, float]:
    """The features of a text: finite floats, by the names in `FEATURES`."""
    longest = max(map(len, text.split("\n")))
    num_lines = text.count("\n") + 1
    head = text if len(text) <= HEAD_CHARS else text[:HEAD_CHARS].rpartition("\n")[0] or text[:HEAD_CHARS]
    whole = {
        "num_chars": float(len(text)),
        "num_lines": float(num_lines),
        "mean_line_length": len(text) / num_lines,
        "max_line_length": float(longest),
    }
    return whole | _head_features(head)


@lru_cache(maxsize=2048)
def _head_features(head: str) -> dict[str, float]:
    features = {**lexical_features(head), **tree_features(head)}
    return {name: float(value) for name, value in features.items()}


FEATURES: tuple[str, ...] = tuple(code_features(""))
