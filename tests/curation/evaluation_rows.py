"""Labelled samples made up for the tests of evaluation: algorithms, glue and settings, in made-up packages."""

import random

from textbook.curation.annotate.labels import Labels

WORDS = (
    "count", "total", "first", "weight", "depth", "left", "right", "price",
    "path", "level", "score", "line", "node", "edge", "step", "mark",
)  # fmt: skip

ALGORITHM = '''def {name}({a}, {b}):
    """Find the {a} of {b}.

    Each step compares two of them, so the time grows with the square of their number.
    """
    best = {a}[0]  # nothing is better yet
    for {c} in range(len({b})):
        if {b}[{c}] > best:
            best = {b}[{c}]
        for other in {a}:
            best = max(best, other * {number})
    return best
'''
PLAIN = """def {name}({a}, {b}):
    result = []
    for {c} in {a}:
        if {c} != {b}:
            result.append({c} + {number})
    return result
"""
GLUE = """from framework import client, register


@register("{name}")
def {name}_view(request, {a}):
    client.send("{b}", request.{a}, timeout={number})
    return client.render(request, "{name}.html", {{"{c}": request.{c}}})
"""
SETTINGS = """{A} = "{b}"
{B}_TIMEOUT = {number}
{C}_ENABLED = True
ALLOWED_{A} = ["{a}", "{b}"]
LOG_{B} = "/var/log/{name}"
"""
KINDS = ((ALGORITHM, (4, 4, 5)), (PLAIN, (2, 3, 3)), (GLUE, (1, 1, 2)), (SETTINGS, (0, 0, 1)))


def sample(kind: int, rng: random.Random) -> str:
    a, b, c = rng.sample(WORDS, 3)
    name = "_".join(rng.sample(WORDS, 2))
    fields = {"a": a, "b": b, "c": c, "A": a.upper(), "B": b.upper(), "C": c.upper(), "name": name}
    return KINDS[kind][0].format(number=rng.randrange(1, 99), **fields)


def rows(num_groups: int = 12, size: int = 14, seed: int = 0) -> list[dict]:
    """Rows with a label each; some of them labelled twice. Labels follow the kind, with noise."""
    rng = random.Random(seed)
    found = []
    for group in range(num_groups):
        for i in range(size):
            kind = rng.choices(range(4), weights=(3, 2, 4, 3))[0]
            label = rng.choice(KINDS[kind][1])
            row = {"id": f"{group:02d}-{i:02d}", "text": f"{sample(kind, rng)}\n", "label": label}
            row |= {
                "group": f"package{group:02d}",
                "reason": "made up",
                "split": "evaluation" if group < 4 else "train",
            }
            row |= {"source": f"package{group:02d}==1.0:{i}.py"}
            found.append(row)
            if rng.random() < 0.1:
                found.append(row | {"pass": 1, "label": min(5, max(0, label + rng.choice((-1, 0, 0, 0))))})
    return found


def labels(**options) -> Labels:
    return Labels.from_rows(rows(**options))
