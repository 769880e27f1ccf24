"""A recipe whose filter a language model has labelled: educational value by a rubric, and what scores 3 or more stays.

textbook run examples/label_with_an_llm.py --source ~/code --output labelled

It asks nobody as it stands: `teacher` says where a model would be. A model is asked about a few hundred rows, never
about a whole pool: for that, label a thousand with `label`, fit a scorer to them, and let it score the rest:

    labels = label("~/code", teacher(), num=1_000)
    print(labels.outlook)                    # what 500 more would cost and bring
    print(labels.agreement())                # the ceiling for any scorer
    labels.save("labels.jsonl")
"""

import json
from collections.abc import Iterator

import textbook as tb
from textbook.curation.annotate import Annotate, Rubric
from textbook.llm import LLM, Request, Scripted


def teacher() -> LLM:
    """A stand-in, which looks for loops and words of explanation.

    For a real model: `OpenAICompatible("gpt-4o-mini", budget=Budget(usd=5), journal="runs/labels.sqlite")`; with
    `base_url="http://localhost:8000/v1"`, a server of your own, such as `textbook serve MODEL_DIR` starts.
    """
    return Scripted(judge)


def judge(request: Request) -> str:
    """What the stand-in says: JSON with the sample's mark, a reason and a score, as `Annotate` asks for."""
    sample = list(sample_of(request))
    loops = any(line.strip().startswith(("for ", "while ")) for line in sample)
    explained = sum(line.strip().startswith(('"""', "#")) for line in sample) >= 3
    score = 1 + 2 * loops + 2 * explained
    reason = f"It {'computes' if loops else 'only passes on'}, {'explained' if explained else 'without a word'}."
    mark = request.messages[1]["content"].split("`")[1]
    return json.dumps({"mark": mark, "reason": reason, "score": score})


def sample_of(request: Request) -> Iterator[str]:
    """The lines of the sample in a request."""
    lines = iter(request.messages[1]["content"].split("\n"))
    end = next(line for line in lines if line.startswith("BEGIN ")).replace("BEGIN", "END", 1)
    for line in lines:
        if line == end:
            return
        yield line


def recipe() -> tuple[tb.Operator | tb.Fittable | tb.Stage, ...]:
    """The steps, in order."""
    return (
        tb.ExactDuplicates(),
        Annotate(teacher(), Rubric.educational_value()),
        tb.Keep("label", at_least=3),
    )
