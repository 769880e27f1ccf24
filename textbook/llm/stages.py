"""How a `Stage` asks a language model about its rows.

Does not say what is asked, or what becomes of the answers: that is the stage's.
"""

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from textbook.lineage import write_atomic
from textbook.llm.outcome import LLMError
from textbook.llm.request import LLM, Completion, Request
from textbook.operator import Batch

SUMS = ("cached", "usd", "prompt_tokens", "completion_tokens")


def ask_batches(
    llm: LLM, batches: Iterable[Batch], requests_of: Callable[[Batch], Sequence[Request]], folder: Path
) -> Iterator[tuple[Batch, list[Completion]]]:
    """Each batch with the completions of the requests made of it, in order, while later batches are being answered.

    All requests go through one call of `llm.generate`: batches are read as far ahead as the engine has work to do. What
    it came to, over all calls of a run that was interrupted, goes into `facts.json`, and so into the run's manifest.

    Args:
        llm: what is asked.
        batches: as a stage is given them.
        requests_of: the requests of a batch, as many as it likes.
        folder: as a stage is given it.

    Raises:
        LLMError: requests were left, because the budget is used up: what has been answered is kept, and the run goes on
            from there once there is more.
    """
    waiting: deque[tuple[Batch, int]] = deque()

    def requests() -> Iterator[Request]:
        for batch in batches:
            asked = requests_of(batch)
            waiting.append((batch, len(asked)))
            yield from asked

    answered: list[Completion] = []
    try:
        for completion in llm.generate(requests()):
            while not waiting[0][1]:
                yield waiting.popleft()[0], []
            if completion.outcome == "left":
                raise LLMError(f"{completion.error}; give more and run again: what is answered is kept")
            answered.append(completion)
            if len(answered) == waiting[0][1]:
                yield waiting.popleft()[0], answered
                answered = []
        for batch, num_requests in waiting:
            assert not num_requests, "every request has one completion"
            yield batch, []
    finally:
        _keep_facts(llm, folder / "facts.json")


def sampling(max_tokens: int, temperature: float | None) -> dict[str, Any]:
    """The parameters of a request; without a temperature it is the server's, as some models demand."""
    return {"max_tokens": max_tokens} | ({} if temperature is None else {"temperature": temperature})


def _keep_facts(llm: LLM, file: Path) -> None:
    """Add what the last call came to to what earlier ones did."""
    facts = getattr(llm, "manifest", None)
    if facts is None:
        return
    earlier = json.loads(file.read_bytes()) if file.exists() else {}
    counts = [earlier.get("outcomes", {}), facts["outcomes"]]
    outcomes = {name: sum(count.get(name, 0) for count in counts) for name in {**counts[0], **counts[1]}}
    sums = {name: (earlier.get(name) or 0) + (facts[name] or 0) for name in SUMS}
    if facts["usd"] is None and earlier.get("usd") is None:
        sums["usd"] = None
    write_atomic(file, json.dumps({**facts, **sums, "outcomes": outcomes}, indent=1))
