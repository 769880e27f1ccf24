"""The same near duplicates by rensa, datatrove, datasketch, and the method of text-dedup: for `near_duplicates.py`.

Each is given the same documents without licence headers, and the same words in the same shingles. Each returns for
every document the number of its cluster.
"""

import struct
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from pool import WORD

THRESHOLD, WIDTH = 0.7, 5
Clusters = list[int]


class Union:
    """Union-find over row numbers."""

    def __init__(self, count: int) -> None:
        self.parent = list(range(count))

    def find(self, row: int) -> int:
        """The root of a row."""
        while self.parent[row] != row:
            self.parent[row] = self.parent[self.parent[row]]
            row = self.parent[row]
        return row

    def join(self, pairs: Iterable[tuple[int, int]]) -> Clusters:
        """Join all pairs, then give the root of every row."""
        for first, second in pairs:
            self.parent[self.find(first)] = self.find(second)
        return [self.find(row) for row in range(len(self.parent))]


def shingles(text: str) -> list[str]:
    """Runs of words, joined."""
    words = WORD.findall(text)
    return [" ".join(words[i : i + WIDTH]) for i in range(max(1, len(words) - WIDTH + 1))]


def rensa(texts: list[str]) -> Clusters:
    """128 permutations, 32 bands; candidates are filtered by its own estimate, since it keeps no sets."""
    from rensa import RMinHash, RMinHashLSH

    lsh, hashes = RMinHashLSH(threshold=THRESHOLD, num_perm=128, num_bands=32), []
    for row, text in enumerate(texts):
        minhash = RMinHash(num_perm=128, seed=42)
        minhash.update(shingles(text))
        hashes.append(minhash)
        lsh.insert(row, minhash)
    found = ((row, other) for row, minhash in enumerate(hashes) for other in lsh.query(minhash) if other < row)
    return Union(len(texts)).join(pair for pair in found if hashes[pair[0]].jaccard(hashes[pair[1]]) >= THRESHOLD)


def datatrove(texts: list[str]) -> Clusters:
    """14 buckets of 8, its fastest hash, no normalisation. It verifies nothing."""
    from datatrove.data import Document
    from datatrove.pipeline.dedup import MinhashConfig, MinhashDedupBuckets, MinhashDedupSignature
    from datatrove.utils.hashing import HashConfig
    from datatrove.utils.text import TextNormConfig
    from datatrove.utils.word_tokenizers import WordTokenizer

    class Words(WordTokenizer):
        def word_tokenize(self, text: str) -> list[str]:
            return WORD.findall(text)

        def sent_tokenize(self, text: str) -> list[str]:
            raise NotImplementedError

        def span_tokenize(self, text: str) -> list[tuple[int, int]]:
            raise NotImplementedError

    plain = TextNormConfig(*[False] * len(TextNormConfig.__dataclass_fields__))
    hashing = HashConfig(precision=64, hash_fc="xxhash")
    config = MinhashConfig(n_grams=WIDTH, num_buckets=14, hashes_per_bucket=8, hash_config=hashing, norm_config=plain)
    with tempfile.TemporaryDirectory() as folder:
        signature = MinhashDedupSignature(f"{folder}/signatures", config=config, language=Words())
        signature.run((Document(text, str(row)) for row, text in enumerate(texts)), 0, 1)
        for bucket in range(config.num_buckets):
            step = MinhashDedupBuckets(f"{folder}/signatures", f"{folder}/buckets", config=config)
            step.run(None, bucket, config.num_buckets)
        links = []
        for file in Path(folder, "buckets").glob("*.dups"):
            links += [(a, b) for _, a, _, b in struct.iter_unpack("<4I", file.read_bytes())]
    return Union(len(texts)).join(links)


def datasketch(texts: list[str]) -> Clusters:
    """128 permutations, its own choice of bands; candidates are filtered by its estimate."""
    from datasketch import MinHash, MinHashLSH

    lsh = MinHashLSH(threshold=THRESHOLD, num_perm=128)
    encoded = ([shingle.encode() for shingle in set(shingles(text))] for text in texts)
    hashes = list(MinHash.generator(encoded, num_perm=128))
    for row, minhash in enumerate(hashes):
        lsh.insert(row, minhash)
    found = ((row, other) for row, minhash in enumerate(hashes) for other in lsh.query(minhash) if other < row)
    return Union(len(texts)).join(pair for pair in found if hashes[pair[0]].jaccard(hashes[pair[1]]) >= THRESHOLD)


def text_dedup(texts: list[str]) -> Clusters:
    """Its method written anew, since it is no package: 250 permutations by numpy, 25 bands of 10, union-find."""
    import xxhash

    num_bands, per_band, prime = 25, 10, np.uint64(2**61 - 1)
    rng = np.random.RandomState(42)
    factors = rng.randint(1, 2**61 - 1, num_bands * per_band, dtype=np.uint64)
    terms = rng.randint(0, 2**61 - 1, num_bands * per_band, dtype=np.uint64)
    tables: list[dict[bytes, int]] = [{} for _ in range(num_bands)]
    links = []
    for row, text in enumerate(texts):
        held = np.array([xxhash.xxh32_intdigest(shingle) for shingle in set(shingles(text))], np.uint64)
        minima = ((held[:, None] * factors + terms) % prime).min(axis=0)
        for band, table in enumerate(tables):
            key = minima[band * per_band : (band + 1) * per_band].tobytes()
            links.append((row, table.setdefault(key, row)))
    return Union(len(texts)).join(links)


PEERS: dict[str, Callable[[list[str]], Clusters]] = {
    "rensa": rensa, "datatrove": datatrove, "datasketch": datasketch, "text-dedup": text_dedup
}  # fmt: skip
