"""The engine: a recipe over a source, any size, into a dataset folder; killed at any moment, it goes on where it was.

To read it, go from `plan` (what a run is going to do, checked and written down) to `apply` (one step on one batch: the
rules of a step are enforced here), `shards` (one shard through one pass, the unit of work and of resuming), `workers`
(shards over processes) and `runner` (all of it together).
"""

from textbook.engine.runner import Curated, curate, run

__all__ = ["Curated", "curate", "run"]
