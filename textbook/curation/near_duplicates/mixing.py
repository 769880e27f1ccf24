"""The constants with which both ways of hashing, compiled and numpy, mix bits; each is odd."""

import numpy as np

WORD_MIX = np.uint64(0x9E3779B97F4A7C15)
TOKEN_MIX = np.uint64(0xBF58476D1CE4E5B9)
TOKEN_BASE = np.uint64(0xD6E8FEB86659FD93)
SHINGLE_MIX = np.uint64(0xFF51AFD7ED558CCD)
COUNT_MIX = np.uint64(0xC4CEB9FE1A85EC53)
BAND_MIX = np.uint64(0x9FB21C651E98DF25)
SKETCH_MIX = np.uint32(0x9E3779B1)

LONGEST = 256
"""Bytes of a word; a longer run counts as several words."""
