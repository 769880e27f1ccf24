"""One request on its way: what it has been through, and what is sent next."""

import json
from dataclasses import dataclass
from typing import Any

from textbook.llm.key import Prepared, schema_text
from textbook.llm.request import Request, Usage
from textbook.llm.structured import complaint, instruction, response_format

DEFAULT_ROOM = 4096
"""Tokens that an answer without `max_tokens` is taken to have, for rates and estimates; a budget asks for it."""


@dataclass(frozen=True)
class Dialect:
    """What an endpoint understands; found out as it says so."""

    json_schema: bool = True
    limit_name: str = "max_tokens"

    @classmethod
    def of(cls, model: str) -> "Dialect":
        """The best guess by a model's name."""
        name = model.rpartition("/")[2]
        reasons = name.startswith(("gpt-5", "o1", "o3", "o4"))
        return cls(limit_name="max_completion_tokens" if reasons else "max_tokens")

    def and_also(self, found: "Dialect") -> "Dialect":
        """What is known once another request has found out `found`."""
        renamed = found.limit_name if self.limit_name == "max_tokens" else self.limit_name
        return Dialect(self.json_schema and found.json_schema, renamed)


class Job:
    """A request with its history. Made in the caller's thread, used in the engine's loop."""

    __slots__ = (
        "attempts", "call", "charged_tokens", "charged_usd", "dialect", "feedback", "grown", "num_limited", "num_lost",
        "prepared", "reasks", "request", "room",
    )  # fmt: skip

    def __init__(self, call: Any, request: Request, prepared: Prepared) -> None:
        self.call = call
        self.request = request
        self.prepared = prepared
        self.room = prepared.params.max_tokens
        self.dialect = Dialect()
        self.attempts = 0
        self.num_lost = 0
        self.num_limited = 0
        self.reasks = 0
        self.grown = False
        self.feedback: tuple[str, str] | None = None
        """The last answer that did not fit, and what was wrong with it."""
        self.charged_usd = 0.0
        self.charged_tokens = 0

    @property
    def worst(self) -> Usage:
        """The most tokens that sending it once can use."""
        prompt = self.prepared.max_prompt_tokens
        if self.feedback is not None:
            prompt += sum(len(text.encode("utf-8", "surrogatepass")) for text in self.feedback) + 256
        return Usage(prompt, DEFAULT_ROOM if self.room is None else self.room)

    @property
    def likely_tokens(self) -> int:
        """What a server's rate limit is likely to count: a quarter of the bytes, and all of the room."""
        return self.prepared.num_bytes // 4 + (DEFAULT_ROOM if self.room is None else self.room)

    def body(self, model: str, dialect: Dialect) -> bytes:
        """What is sent, as JSON."""
        self.dialect = dialect
        schema = schema_text(self.request.schema)
        limit = "" if self.room is None else f',"{dialect.limit_name}":{self.room}'
        structure = ""
        if schema != "null" and dialect.json_schema:
            structure = f',"response_format":{response_format(schema)}'
        messages = self._messages("" if structure or schema == "null" else instruction(schema))
        params = self.prepared.params.members
        return f'{{"model":{json.dumps(model)},"messages":{messages}{params}{limit}{structure}}}'.encode()

    def _messages(self, addition: str) -> str:
        if not addition and self.feedback is None:
            return self.prepared.messages
        messages = [dict(message) for message in self.request.messages]
        if addition:
            last = messages[-1]
            if isinstance(last.get("content"), str):
                last["content"] += addition
            else:
                messages.append({"role": "user", "content": addition.strip()})
        if self.feedback is not None:
            answer, error = self.feedback
            messages += [{"role": "assistant", "content": answer}, {"role": "user", "content": complaint(error)}]
        return json.dumps(messages, separators=(",", ":"))
