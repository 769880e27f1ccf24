"""The engine: a recipe over a source, any size, into a dataset folder; killed at any moment, it goes on where it was.

plan       what a run is going to do, checked before anything is read, and written down
apply      one step on one batch: the rules of a step are enforced here
shards     one shard through one pass: the unit of work and of resuming
workers    how shards are spread over processes
state      what a fitted step became, as JSON
ids        that ids are unique
manifest   what went in, what each step did
progress   bars
runner     all of it together: `run` and `curate`
"""

from textbook.engine.runner import Curated, curate, run

__all__ = ["Curated", "curate", "run"]
