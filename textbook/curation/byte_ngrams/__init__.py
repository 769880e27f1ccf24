"""Hash the byte n-grams of a text into buckets: bags of substrings, without a tokenizer.

Bytes know no language: the same buckets serve code, comments and prose. Everything here is integer arithmetic, so that
a text has the same counts on every machine, and with numba (extra `fast`) the same as without.

Does not fit or hold weights, and does not cut long texts: see `textbook.curation.educational_value`.
"""

from textbook.curation.byte_ngrams.hashing import FREQUENCIES, Bags, Buckets, ByteNgramHash, Counts

__all__ = ["FREQUENCIES", "Bags", "Buckets", "ByteNgramHash", "Counts"]
