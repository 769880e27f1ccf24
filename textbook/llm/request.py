"""What goes into a language model and what comes out: `Request`, `Completion`, and the protocol `LLM`.

Does not send anything: see `textbook.llm.engine`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple, Protocol

Outcome = Literal["ok", "truncated", "invalid", "refused", "rejected", "error", "left"]
"""How a request ended: `ok`; cut off at `max_tokens`; not of its schema; refused by the model; rejected by the server
(HTTP 400 and the like); given up after repeated failures; or left, because the run stopped before it."""

OUTCOMES: tuple[Outcome, ...] = ("ok", "truncated", "invalid", "refused", "rejected", "error", "left")


class Usage(NamedTuple):
    """Tokens of one answer, as the server counted them, or their upper bound where its count can't be true."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    """Those of the prompt's that the server had in its cache."""


@dataclass(frozen=True, slots=True)
class Request:
    """One question to a model. It says nothing of how it is sent: that is the engine's."""

    messages: Sequence[Mapping[str, Any]]
    """Chat messages, each with `role` and `content`."""

    params: Mapping[str, Any] = field(default_factory=dict)
    """What changes the answer: `temperature`, `top_p`, `seed`, `stop`, `logprobs`, ... and `max_tokens`, which alone is
    no part of the request's identity in the journal."""

    schema: Any = None
    """A pydantic model class or a JSON schema (a mapping) that the answer must fit; None for free text."""

    sample_index: int = 0
    """Tells samples of one prompt apart; see `samples`."""

    key: str | None = None
    """The caller's own name for the request, a row's id say: kept in the journal, no part of the identity there."""

    @classmethod
    def of(
        cls,
        prompt: str,
        system: str | None = None,
        *,
        schema: Any = None,
        sample_index: int = 0,
        key: str | None = None,
        **params: Any,
    ) -> "Request":
        """A request from a plain prompt, with a system prompt if one is given."""
        messages = [{"role": "user", "content": prompt}]
        if system is not None:
            messages.insert(0, {"role": "system", "content": system})
        return cls(tuple(messages), params, schema, sample_index, key)

    def samples(self, n: int) -> Iterator["Request"]:
        """The request `n` times, to be answered independently."""
        return (replace(self, sample_index=self.sample_index + i) for i in range(n))


@dataclass(frozen=True, slots=True)
class Completion:
    """How one request ended."""

    outcome: Outcome
    text: str | None = None
    """What the model said; also what was said before it was cut off, or did not fit the schema."""
    parsed: Any = None
    """An instance of the request's pydantic model, or JSON, where a schema was given and the answer fits it."""
    finish_reason: str | None = None
    usage: Usage = Usage()
    """Of the answer, not of the attempts before it."""
    cost: float | None = None
    """US dollars for all attempts together; None where no price is known."""
    model: str = ""
    """The model that answered, by its own account."""
    attempts: int = 0
    """How often the request was sent."""
    from_cache: bool = False
    """Whether the journal had it, so that nothing was sent."""
    error: str | None = None
    """Why the outcome is not `ok`."""
    key: str = ""
    """The journal's key for the request, 32 hex digits."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """What else the server said: `logprobs`, `tool_calls`, `reasoning_content`, `system_fingerprint`."""

    @property
    def ok(self) -> bool:
        """Whether the request was answered as asked."""
        return self.outcome == "ok"

    @property
    def failure(self) -> str | None:
        """The outcome and the reason in one line, such as "refused: ..."; None if it is `ok`."""
        return None if self.ok else f"{self.outcome}: {self.error or 'no answer'}"


class LLM(Protocol):
    """Anything that answers requests."""

    def generate(self, requests: Iterable[Request]) -> Iterator[Completion]:
        """Yield one completion a request, in the order of the requests, while later ones are still at work."""
        ...
