"""What the local server's model says: a function of the seed and the bytes of the request."""

import json
import math
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from tests.llm.server_settings import Settings

SENTENCES = (
    "A list keeps its order and can be changed in place.",
    "The loop ends when the condition no longer holds.",
    "Sorting first makes the search short.",
    "An empty input is a case of its own.",
    "Each step halves what is left to look at.",
    "The function returns a new value and leaves its argument alone.",
    "Names say what a value is for.",
)
FILLER = " ".join(SENTENCES * 400)
FILLER_START = 2_000
ODD_TEXT = "NUL \x00, lone \ud800 surrogate, \U0001f600, caf\u00e9 cafe\u0301, line\u2028separator, \ufeffBOM, \x1b[31m"
DEFAULT_CREATED = 1_700_000_000


@dataclass(frozen=True, slots=True)
class Answer:
    """A chat completion and what it truly cost, whatever its `usage` says."""

    payload: dict[str, Any]
    prompt_tokens: int
    completion_tokens: int


def texts_of(messages: list[dict[str, Any]]) -> list[str]:
    """The text of each message; parts that are no text count for nothing."""
    texts = []
    for message in messages:
        content = message.get("content") or ""
        if isinstance(content, list):
            content = "".join(part.get("text", "") for part in content)
        texts.append(content)
    return texts


def count_prompt(settings: Settings, body: dict[str, Any]) -> int:
    """Tokens of the prompt: its UTF-8 bytes, and four for the frame of each message, as chat templates add."""
    texts = texts_of(body["messages"])
    num_bytes = sum(len(text) if text.isascii() else len(text.encode("utf-8", "replace")) for text in texts)
    return math.ceil(num_bytes / settings.bytes_per_token) + 4 * len(texts)


def max_tokens_of(body: dict[str, Any]) -> int | None:
    """By either of its names."""
    return body.get("max_completion_tokens") or body.get("max_tokens")


def respond(settings: Settings, raw: bytes, body: dict[str, Any], fault: str | None = None) -> Answer:
    """The answer to a request, with the fault in its content or its usage, if it has one."""
    digest = blake2b(raw, digest_size=16, key=str(settings.seed).encode()).hexdigest()
    prompt_tokens = count_prompt(settings, body)
    limit = max_tokens_of(body)
    choices, completion_tokens = [], 0
    for index in range(body.get("n") or 1):
        choice, num_tokens = choose_text(settings, body, f"{digest}-{index}", limit, fault)
        choices.append({"index": index, **choice})
        completion_tokens += num_tokens
    payload = {
        "id": f"chatcmpl-{digest}",
        "object": "chat.completion",
        "created": DEFAULT_CREATED,
        "model": body["model"],
        "choices": [] if fault == "no_choices" else choices,
        "usage": {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion_tokens,
            "total_tokens": prompt_tokens + completion_tokens,
        },
    }
    if fault is not None and fault.startswith("usage_"):
        lie(payload, fault)
    return Answer(payload, prompt_tokens, completion_tokens)


def choose_text(
    settings: Settings, body: dict[str, Any], draw: str, limit: int | None, fault: str | None
) -> tuple[dict[str, Any], int]:
    """One choice, without its index, and its tokens."""
    content: str | None = content_for(settings, body, draw, fault)
    num_tokens = math.ceil(len(content.encode("utf-8", "replace")) / settings.bytes_per_token)
    reason = "stop"
    if fault == "truncate":
        content, reason, num_tokens = content[: len(content) // 2], "length", limit or num_tokens // 2
    elif limit is not None and num_tokens > limit:
        content, reason, num_tokens = content[: int(limit * settings.bytes_per_token)], "length", limit
    message: dict[str, Any] = {"role": "assistant", "content": content, "refusal": None}
    if fault == "refusal":
        message |= {"content": None, "refusal": "I cannot help with that."}
    elif fault == "content_filter":
        message["content"], reason = None, "content_filter"
    choice = {"message": message, "logprobs": None, "finish_reason": reason}
    if body.get("logprobs") and message["content"]:
        choice["logprobs"] = {"content": logprobs(message["content"], int(settings.bytes_per_token))}
    return choice, num_tokens


def content_for(settings: Settings, body: dict[str, Any], draw: str, fault: str | None) -> str:
    """The text, before any limit."""
    if fault == "empty":
        return ""
    if fault == "odd_text":
        return ODD_TEXT
    wanted = body.get("response_format") or {"type": "text"}
    if fault == "bad_json_content":
        return '{"answer": "a quote that is never closed, '
    if wanted["type"] == "json_schema" and settings.schema_supported:
        schema = wanted["json_schema"]["schema"]
        return json.dumps(instance(schema, draw, schema.get("$defs", {})))
    if wanted["type"] == "json_object" and settings.schema_supported:
        return json.dumps({"answer": draw})
    start = int(draw[:6], 16) % FILLER_START
    text = (f"{draw} " + FILLER[start : start + settings.answer_chars])[: settings.answer_chars]
    stops = body.get("stop") or []
    for stop in [stops] if isinstance(stops, str) else stops:
        text = text.split(stop)[0]
    return text


def logprobs(text: str, size: int) -> list[dict[str, Any]]:
    """A log probability for each piece of `size` characters; all the same."""
    pieces = [text[at : at + max(size, 1)] for at in range(0, len(text), max(size, 1))]
    return [{"token": p, "logprob": -0.5, "bytes": list(p.encode()), "top_logprobs": []} for p in pieces]


def lie(payload: dict[str, Any], fault: str) -> None:
    """Replaces the usage by a false one."""
    true = payload["usage"]
    if fault == "usage_missing":
        del payload["usage"]
    elif fault == "usage_null":
        payload["usage"] = None
    elif fault == "usage_text":
        payload["usage"] = dict.fromkeys(true, "many")
    else:
        factor = {"usage_negative": -1, "usage_zero": 0, "usage_small": 0.1, "usage_large": 1000}[fault]
        payload["usage"] = {name: int(count * factor) for name, count in true.items()}


def instance(schema: dict[str, Any], draw: str, definitions: dict[str, Any]) -> Any:
    """A value that a JSON schema allows: objects, arrays, strings, numbers, enums, `$ref`, `anyOf`, bounds.

    Not `pattern`, `format`, `not`, `multipleOf`, nor bounds in other keywords than minimum and maximum.
    """
    if "$ref" in schema:
        return instance(definitions[schema["$ref"].rsplit("/", 1)[1]], draw, definitions)
    if "const" in schema:
        return schema["const"]
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            return instance(schema[several][0], draw, definitions)
    number = int.from_bytes(blake2b(draw.encode(), digest_size=4).digest())
    if "enum" in schema:
        return schema["enum"][number % len(schema["enum"])]
    kind = schema.get("type", "string")
    match kind[0] if isinstance(kind, list) else kind:
        case "object":
            parts = schema.get("properties", {}).items()
            return {name: instance(part, f"{draw}.{name}", definitions) for name, part in parts}
        case "array":
            length = max(schema.get("minItems", 0), min(2, schema.get("maxItems", 2)))
            return [instance(schema.get("items", {}), f"{draw}[{at}]", definitions) for at in range(length)]
        case simple:
            return simple_instance(schema, simple, number)


def simple_instance(schema: dict[str, Any], kind: str, number: int) -> Any:
    """A value without parts, chosen by the number."""
    if kind == "null":
        return None
    if kind == "boolean":
        return number % 2 == 0
    if kind == "string":
        text = f"{SENTENCES[number % len(SENTENCES)]} {number}"
        return text.ljust(schema.get("minLength", 0), ".")[: schema.get("maxLength")]
    low = math.ceil(schema.get("minimum", schema.get("maximum", 100) - 100))
    value = low + number % (math.floor(schema.get("maximum", low + 100)) - low + 1)
    return value if kind == "integer" else float(value)
