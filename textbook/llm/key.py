"""What makes two requests the same one: 128 bits over everything that can change the answer.

The hash is over canonical JSON of version, namespace, route, model, messages, parameters, schema and sample index.
`max_tokens` is no part of it, so that an answer that was complete is still known when the limit is raised; neither are
timeouts, retries, concurrency, or whether the request went by batch.
"""

import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from textbook.llm.request import Request

VERSION = 1
ROUTE = "chat/completions"
TOKENS_A_MESSAGE = 16
"""More than the role and the marks that chat templates put around a message come to."""
ENGINE_PARAMS = {"model", "messages", "n", "stream", "stream_options", "response_format", "max_completion_tokens"}


class Params(NamedTuple):
    """The parameters of a request, as text."""

    identity: str
    """Canonical JSON without `max_tokens`."""
    members: str
    """The same as members of a JSON object to be sent: empty, or beginning with a comma."""
    max_tokens: int | None


class Prepared(NamedTuple):
    """A request reduced to what is hashed and sent."""

    key: str
    """32 hex digits."""
    messages: str
    """JSON."""
    params: Params
    max_prompt_tokens: int
    """An upper bound: no byte-level tokenizer makes more tokens than there are UTF-8 bytes. -1 where there is none,
    because the messages hold more than text."""
    num_bytes: int
    """Length of the messages as JSON in UTF-8."""


class Scope(NamedTuple):
    """What the keys of one engine have in common."""

    namespace: str
    model: str

    def prepare(self, request: Request) -> Prepared:
        """The request's key and the texts it is made of.

        Raises:
            ValueError: the request has parameters that the engine sets itself, or something JSON can't hold.
        """
        try:
            messages = json.dumps(request.messages, sort_keys=True, separators=(",", ":"), allow_nan=False)
            params = read_params(json.dumps(dict(request.params), sort_keys=True))
        except TypeError as error:
            raise ValueError(f"a request must hold JSON values only: {error}") from None
        schema = schema_text(request.schema)
        hashed = hashlib.blake2b(digest_size=16)
        hashed.update(f'{{"messages":{messages},'.encode())
        hashed.update(self._rest(params.identity, schema, request.sample_index).encode())
        num_bytes = utf8_length(messages)
        beside = len(params.identity) + 2 * len(schema)  # tools; a schema may be sent in words besides
        bound = num_bytes + TOKENS_A_MESSAGE * (len(request.messages) + 1) + beside
        if not all(isinstance(message.get("content"), (str, type(None))) for message in request.messages):
            bound = -1
        return Prepared(hashed.hexdigest(), messages, params, bound, num_bytes)

    def _rest(self, params: str, schema: str, sample_index: int) -> str:
        model, namespace = json.dumps(self.model), json.dumps(self.namespace)
        return (
            f'"model":{model},"namespace":{namespace},"params":{params},"route":"{ROUTE}",'
            f'"sample_index":{sample_index:d},"schema":{schema},"version":{VERSION}}}'
        )


def utf8_length(text: str) -> int:
    r"""The length of JSON text in UTF-8 once `\uXXXX` is written out."""
    if "\\u" not in text:
        return len(text)
    return len(json.dumps(json.loads(text), ensure_ascii=False).encode("utf-8", "surrogatepass"))


@lru_cache(maxsize=256)
def read_params(text: str) -> Params:
    """Split parameters, given as JSON, into identity and limit.

    Raises:
        ValueError: a parameter is the engine's, or its value has no canonical form.
    """
    from textbook.lineage import canonical

    given = json.loads(text)
    taken = ENGINE_PARAMS & set(given)
    if taken:
        raise ValueError(
            f"Request.params holds {sorted(taken)}, which the engine sets: give max_tokens for the room, `schema` for "
            "a response format, `sample_index` for several answers"
        )
    max_tokens = given.pop("max_tokens", None)
    if max_tokens is not None and (not isinstance(max_tokens, int) or max_tokens < 1):
        raise ValueError(f"max_tokens is {max_tokens!r}; give a whole number above 0")
    identity = json.dumps(canonical(given), sort_keys=True, separators=(",", ":"), allow_nan=False)
    return Params(identity, f",{identity[1:-1]}" if given else "", max_tokens)


def schema_text(schema: Any) -> str:
    """Canonical JSON of a schema; `null` for none.

    Raises:
        ValueError: it is neither a pydantic model class nor a mapping.
    """
    if schema is None:
        return "null"
    if isinstance(schema, Mapping):
        return json.dumps(dict(schema), sort_keys=True, separators=(",", ":"))
    return _model_schema(schema)


@lru_cache(maxsize=256)
def _model_schema(model: Any) -> str:
    make = getattr(model, "model_json_schema", None)
    if make is None:
        raise ValueError(f"a schema is a pydantic model class or a JSON schema, not {model!r:.80}")
    return json.dumps(make(), sort_keys=True, separators=(",", ":"))
