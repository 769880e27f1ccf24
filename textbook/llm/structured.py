"""Answers that must be JSON of a given schema: how it is asked for, and how an answer is read.

Does not ask again: see `textbook.llm.outcome`.
"""

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from textbook.llm.key import schema_text
from textbook.require import require

_FENCED = re.compile(r"```[a-zA-Z]*\s*\n(.*?)```", re.DOTALL)
LONGEST_ERROR = 600


@lru_cache(maxsize=256)
def response_format(schema: str) -> str:
    """The member `response_format` of a request, as JSON, for a schema given as JSON."""
    strict = "true" if _is_strict(json.loads(schema)) else "false"
    return f'{{"type":"json_schema","json_schema":{{"name":"answer","strict":{strict},"schema":{schema}}}}}'


def _is_strict(schema: Any) -> bool:
    """Whether every object in the schema closes its properties and requires them all, as strict servers ask."""
    if isinstance(schema, list):
        return all(_is_strict(part) for part in schema)
    if not isinstance(schema, dict):
        return True
    if schema.get("type") == "object" or "properties" in schema:
        properties = schema.get("properties", {})
        if schema.get("additionalProperties") is not False or set(schema.get("required", ())) != set(properties):
            return False
    return all(_is_strict(part) for part in schema.values())


def instruction(schema: str) -> str:
    """What is added to the prompt for a server that can't be told a schema."""
    return f"\n\nAnswer with one JSON value alone, without any other text, that fits this JSON schema:\n{schema}"


def complaint(error: str) -> str:
    """What the model is told about an answer that did not fit."""
    return f"That answer does not fit the schema: {error}\nAnswer again, with the corrected JSON value alone."


def parse(text: str, schema: Any) -> tuple[Any, str | None]:
    """The value in `text`, and None; or None and what is wrong with it.

    The value may stand in a code fence, after some words or before some.
    """
    try:
        value = find_json(text)
    except ValueError as error:
        return None, str(error)
    try:
        if isinstance(schema, Mapping):
            problem = next(validator(schema_text(schema)).iter_errors(value), None)
            if problem is None:
                return value, None
            return None, f"at {problem.json_path}: {problem.message}"[:LONGEST_ERROR]
        return schema.model_validate(value), None
    except ValueError as error:  # pydantic's ValidationError is one
        return None, readable(error)[:LONGEST_ERROR]


def find_json(text: str) -> Any:
    """The JSON value in `text`.

    Raises:
        ValueError: there is none.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except ValueError as error:
        first = error
    for block in _FENCED.findall(text):
        try:
            return json.loads(block)
        except (ValueError, RecursionError):
            continue
    decoder = json.JSONDecoder()
    for start in re.finditer(r"[{\[]", text):
        try:
            value, _ = decoder.raw_decode(text, start.start())
        except (ValueError, RecursionError):
            continue
        return value
    raise ValueError(f"it is not JSON: {first}")


@lru_cache(maxsize=256)
def validator(schema: str) -> Any:
    """A validator for a JSON schema given as JSON.

    Raises:
        ValueError: it is no JSON schema.
    """
    jsonschema = require("jsonschema", "llm")
    content = json.loads(schema)
    kind = jsonschema.validators.validator_for(content, default=jsonschema.Draft202012Validator)
    try:
        kind.check_schema(content)
    except jsonschema.SchemaError as error:
        raise ValueError(f"this is no JSON schema: {error.message}") from None
    return kind(content)


def readable(error: ValueError) -> str:
    """A validation error in one line a problem."""
    errors = getattr(error, "errors", None)
    if errors is None:
        return str(error)
    problems = errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(f"{'.'.join(map(str, problem['loc'])) or 'value'}: {problem['msg']}" for problem in problems)
