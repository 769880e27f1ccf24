"""All pairs of texts whose shingle sets have a Jaccard similarity of at least a threshold: the truth for benchmarks.

Not a benchmark itself, and shares no code with the package. A pair at the threshold shares a shingle among the rarest
of both (prefix filter; Chaudhuri et al. 2006), so only such pairs are compared.
"""

import numpy as np
from pool import WORD


def shingles(text: str, width: int) -> np.ndarray:
    """The hashes of all runs of `width` words; a shorter text is one run, a text without words itself."""
    words = WORD.findall(text)
    if len(words) <= width:
        return np.array([hash((len(words), *words)) if words else hash(text)])
    runs = zip(*(words[place:] for place in range(width)), strict=False)
    return np.unique(np.fromiter(map(hash, runs), np.int64, len(words) - width + 1))


def exact_pairs(texts: list[str], width: int, threshold: float) -> tuple[np.ndarray, np.ndarray]:
    """The pairs, of shape (pairs, 2), the smaller number first, and their similarity."""
    sets = [shingles(text, width) for text in texts]
    sizes = np.array([len(held) for held in sets])
    starts = np.cumsum(sizes) - sizes
    _, code, count = np.unique(np.concatenate(sets), return_inverse=True, return_counts=True)
    rank = np.empty(len(count), np.int64)
    rank[np.argsort(count, kind="stable")] = np.arange(len(count))
    values, rarity = rank[code], np.sort(count)
    ranked = [np.sort(values[start : start + size]) for start, size in zip(starts, sizes, strict=True)]

    postings: dict[int, list[int]] = {}
    marked = np.zeros(len(count), bool)
    pairs, similarity = [], []
    for row, own in enumerate(ranked):
        prefix = own[: len(own) - int(np.ceil(threshold * len(own) - 1e-9)) + 1]
        prefix = prefix[rarity[prefix] > 1].tolist()
        others = {other for value in prefix for other in postings.get(value, ())}
        marked[own] = True
        for other in others:
            size = len(ranked[other])
            if min(size, len(own)) >= threshold * max(size, len(own)):
                shared = int(np.count_nonzero(marked[ranked[other]]))
                if shared >= threshold * (size + len(own) - shared):
                    pairs.append((other, row))
                    similarity.append(shared / (size + len(own) - shared))
        marked[own] = False
        for value in prefix:
            postings.setdefault(value, []).append(row)
    return np.array(pairs, np.int64).reshape(-1, 2), np.array(similarity)
