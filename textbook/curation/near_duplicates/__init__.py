"""Near duplicates: texts that share most of their words in order. One of each cluster stays, and the others say why.

`shingles` turns texts into sets, `minhash` sets into signatures, `clusters` signatures into verified clusters, and
`loops` holds what numba compiles. Does not cover texts that mean the same in other words (`SemanticDuplicates`) nor
equal texts, which `ExactDuplicates` finds cheaper.
"""

from textbook.curation.near_duplicates.step import DropNearDuplicates, NearDuplicates

__all__ = ["DropNearDuplicates", "NearDuplicates"]
