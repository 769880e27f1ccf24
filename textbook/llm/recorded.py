"""A language model that repeats what a journal holds, and refuses what it does not.

Does not send anything, and does not write to the journal.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from textbook.llm.journal_read import open_or_none
from textbook.llm.key import Scope
from textbook.llm.ordered import blocks, from_answer
from textbook.llm.request import Completion, Request


class Recorded:
    """Answers from the journal at `path`.

    Args:
        path: a journal.
        model, namespace: whose answers, where the journal holds several models' (None: the only ones there are).

    Raises:
        ValueError: there is no such journal, or `model` and `namespace` do not name one of its engines.
    """

    def __init__(self, path: str | Path, model: str | None = None, namespace: str | None = None) -> None:
        self.path = Path(path)
        if not self.path.exists():
            raise ValueError(f"there is no journal {path}")
        with open_or_none(self.path) as reader:
            assert reader is not None
            rows = reader.rows("SELECT name, value FROM meta WHERE name LIKE 'scope:%'")
        scopes = {name.partition(":")[2]: Scope(*(json.loads(v)[f] for f in Scope._fields)) for name, v in rows}
        fitting = {
            name: scope
            for name, scope in scopes.items()
            if model in (None, scope.model) and namespace in (None, scope.namespace)
        }
        if len(fitting) != 1:
            known = ", ".join(f"model={scope.model!r}, namespace={scope.namespace!r}" for scope in scopes.values())
            raise ValueError(f"{path} holds answers of {known or 'nobody'}; say which")
        ((self.identity, self.scope),) = fitting.items()

    def __repr__(self) -> str:
        return f"Recorded({self.identity!r})"

    def generate(self, requests: Iterable[Request]) -> Iterator[Completion]:
        """Yield what was answered, in the order of the requests.

        Raises:
            ValueError: a request is not in the journal.
        """
        with open_or_none(self.path) as reader:
            assert reader is not None
            for block in blocks(requests, self.scope):
                known = reader.lookup([prepared.key for _, prepared in block])
                for request, prepared in block:
                    answer = known.get(prepared.key)
                    if answer is None:
                        asked = str(request.messages[-1])[:200]
                        raise ValueError(
                            f"the journal {self.path} has no answer for {asked} (key {prepared.key}, sample "
                            f"{request.sample_index}): prompt, parameters or schema are not those that were recorded"
                        )
                    yield from_answer(answer, request.schema)
