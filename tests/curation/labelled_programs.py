"""Labels to fit scorers on, made up: explained functions are good, tables and glue are not, in groups."""

import random

from textbook.curation.annotate import Label, Labels, Rubric

WORDS = ("stack", "queue", "graph", "tree", "matrix", "string", "number", "set", "path", "edge", "node", "key", "sum")


def explained(rng: random.Random) -> str:
    one, other = rng.sample(WORDS, 2)
    return (
        f"def {one}_of_{other}({other}s, limit={rng.randrange(2, 99)}):\n"
        f'    """Return the {one} of the {other}s, because a {one} is what we need first.\n\n'
        f"    For example, the {other}s are visited in order, and each {one} is counted once.\n"
        f'    """\n'
        f"    found = {rng.randrange(9)}\n"
        f"    for {other} in {other}s:\n"
        f"        if {other} < limit:  # larger ones are of no use here\n"
        f"            found = found * {rng.randrange(2, 9)} + {other}\n"
        f"    return found\n"
    ) * rng.randrange(1, 3)


def table(rng: random.Random) -> str:
    name = rng.choice(WORDS).upper()
    rows = "".join(f"    0x{rng.randrange(65536):04x}: ({rng.randrange(9)}, {rng.randrange(9)}),\n" for _ in range(12))
    return f"{name} = {{\n{rows}}}\n"


def glue(rng: random.Random) -> str:
    one, other = rng.sample(WORDS, 2)
    return (
        f"from shop.{one}.api import {one.title()}View\nfrom shop.{other} import models\n\n\n"
        f"class {one.title()}{other.title()}(models.Base):\n"
        f"    def on_{one}(self, event):\n"
        f"        self._ctx.bus.emit({one!r}, self._{other}, origin=self.uid)\n"
        f"        return super().on_{one}(event)\n"
    )


def labelled(num: int = 90, rubric: Rubric | None = None, evaluation: int = 0, seed: int = 0) -> Labels:
    """So many labels to fit on in nine groups, and some to measure on in three more; labels err by one at times."""
    rubric = rubric or Rubric.educational_value()
    rng = random.Random(seed)
    span = rubric.high - rubric.low
    rows = []
    for at in range(num + evaluation):
        make, share = [(explained, 0.8), (table, 0.1), (glue, 0.3)][at % 3]
        label = rubric.low + span * share + rng.choice((-1, 0, 0, 1)) * span / 5
        label = min(max(round(label) if rubric.whole else label, rubric.low), rubric.high)
        group, split = (f"g{at % 9}", "train") if at < num else (f"h{at % 3}", "evaluation")
        rows.append(Label(f"r{at}", f"# {at}\n{make(rng)}", label, group=group, split=split))
    return Labels(tuple(rows), rubric)
