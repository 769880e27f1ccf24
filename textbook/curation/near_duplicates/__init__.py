"""Near duplicates: texts that share most of their words in order. One of each cluster stays, and the others say why.

`shingles` turns texts into sets, `minhash` sets into sketches, `buckets` sketches into pairs worth a look, `clusters`
verifies them, and `summary` is what is kept of each row in between. `kernels` has the loops compiled, where numba is
there. `templated` finds code out of one template by the same means over `skeletons`. Does not cover texts that mean the
same in other words (`SemanticDuplicates`) nor equal texts, which `ExactDuplicates` finds cheaper.
"""

from textbook.curation.near_duplicates.step import DropNearDuplicates, NearDuplicates
from textbook.curation.near_duplicates.templated import TagTemplated, Templated

__all__ = ["DropNearDuplicates", "NearDuplicates", "TagTemplated", "Templated"]
