"""Decontamination: rows that leak a benchmark, found by several means, with the evidence and what chance would do.

`functions`, `linearise` and `match_rate` compare trees, `words`, `ngram` and `lexical` words, `embedding` vectors
(those of `strangers` give the scale); `units` says what of a row is compared, `references` holds the benchmark's side,
`evidence` brings both together, `null` says what chance does, `verdict` judges and `step` is the operator. `behaviour`
runs what a row holds against a benchmark's tests, and `judge` asks a language model about suspects: a leak told in
other words and other code needs one of them. These two are
imported from where they are, since they bring the sandbox and the engine for language models.
"""

from textbook.curation.decontaminate.null import Null, calibrate
from textbook.curation.decontaminate.step import Decontaminate
from textbook.curation.decontaminate.verdict import Phi1, Thresholds

__all__ = ["Decontaminate", "Null", "Phi1", "Thresholds", "calibrate"]
