"""A language model that says what it is told: for tests, demos and examples. It goes through the whole engine.

Does not leave the process.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from textbook.llm.budget import Budget
from textbook.llm.endpoints import Endpoint
from textbook.llm.engine import Engine
from textbook.llm.http_connection import Reply, SendError
from textbook.llm.job import Dialect
from textbook.llm.key import Scope
from textbook.llm.outcome import Patience
from textbook.llm.prices import Price
from textbook.llm.request import Request


class Said(NamedTuple):
    """An answer in full, where its text alone does not do."""

    text: str | None = None
    finish_reason: str = "stop"
    refusal: str | None = None
    status: int = 200
    """Of HTTP; with another one, `text` is the error's message."""
    headers: Mapping[str, str] = {}
    usage: Mapping[str, int] | None = None
    """None: a token for every four bytes."""
    lost: bool = False
    """Whether the connection breaks instead."""


Script = Callable[[Request], "str | Said"] | Sequence["str | Said"]


class Scripted(Engine):
    """Answers by a function of the request, or from a list in the order of sending (a retry takes the next one).

    Args:
        script: a function or a list. A function may be called from another thread, several times for one request.
        identity: what it is in fingerprints; None: its texts, or the function's name.
        model, concurrency, budget, prices, journal, patience, ask_again: as for `OpenAICompatible`.
    """

    def __init__(
        self,
        script: Script,
        identity: str | None = None,
        *,
        model: str = "scripted",
        concurrency: int = 1,
        budget: Budget | None = None,
        prices: Mapping[str, Price] | None = None,
        journal: str | Path | None = None,
        patience: Patience | None = None,
        ask_again: Sequence[str] = ("error",),
        progress: bool = False,
    ) -> None:
        self._script = script
        super().__init__(
            Scope(identity or name_of(script), model),
            concurrency=concurrency,
            budget=budget,
            prices=prices,
            journal=journal,
            patience=patience,
            ask_again=ask_again,
            progress=progress,
        )
        self.sent: list[dict[str, Any]] = []
        """What was sent, as the server would have got it, in order."""

    def _endpoints(self) -> list[Endpoint]:
        transport = Stage(self._script, self.sent)
        return [Endpoint("script", transport, self.settings.concurrency, 1.0, Dialect())]


class Stage:
    """A transport to a script."""

    def __init__(self, script: Script, sent: list[dict[str, Any]]) -> None:
        self._script = script
        self._sent = sent

    async def open(self) -> None:
        """Nothing."""

    async def close(self) -> None:
        """Nothing."""

    async def post(self, body: bytes, timeout_s: float) -> Reply:
        """Answer one request."""
        content = json.loads(body)
        position = len(self._sent)
        self._sent.append(content)
        said = self._next(content, position)
        if isinstance(said, str):
            said = Said(said)
        if said.lost:
            raise SendError("the script breaks the connection", reached=True)
        if said.status != 200:
            return Reply(said.status, said.headers, json.dumps({"error": {"message": said.text}}).encode())
        return Reply(200, said.headers, answer(content, len(body), said))

    def _next(self, content: dict[str, Any], position: int) -> "str | Said":
        if callable(self._script):
            messages = content.pop("messages")
            return self._script(Request(messages, content))
        if position >= len(self._script):
            raise ValueError(f"the script has {len(self._script)} answers, and this is request {position + 1}")
        return self._script[position]


def answer(content: Mapping[str, Any], num_bytes: int, said: Said) -> bytes:
    """An answer in OpenAI's protocol."""
    text = said.text or ""
    usage = said.usage
    if usage is None:
        num_said = len(text.encode("utf-8", "replace"))
        usage = {"prompt_tokens": num_bytes // 4 + 1, "completion_tokens": num_said // 4 + 1}
    message = {"role": "assistant", "content": said.text, "refusal": said.refusal}
    choice = {"index": 0, "message": message, "finish_reason": said.finish_reason}
    return json.dumps({"model": content.get("model"), "choices": [choice], "usage": usage}).encode()


def name_of(script: Script | Iterable[Any]) -> str:
    """A name that changes with what the script says, as far as can be told."""
    if callable(script):
        return f"script:{getattr(script, '__qualname__', type(script).__qualname__)}"
    from textbook.lineage import content_hash

    return f"script:{content_hash(json.dumps([list(a) if isinstance(a, Said) else a for a in script]))[:12]}"
