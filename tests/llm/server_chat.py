"""`POST /v1/chat/completions` of the local server: what goes wrong at once, and what goes wrong with the answer."""

import asyncio
import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from hashlib import blake2b
from typing import Any

from tests.llm.server_answers import count_prompt, max_tokens_of, respond
from tests.llm.server_http import Connection, Request
from tests.llm.server_ledger import Ledger, Limiter
from tests.llm.server_settings import BILLED_FAULTS, Chooser, Item, Settings, unit

ITEM = re.compile(rb"\[item (\d+)\]")
HTML = b"<!doctype html><html><body><h1>502 Bad Gateway</h1><hr>gateway</body></html>"
KINDS = {400: "invalid_request_error", 401: "authentication_error", 429: "requests", 404: "invalid_request_error"}


@dataclass
class State:
    """One server: settings, which can change, and what depends on them; counters, which can start again."""

    settings: Settings

    def __post_init__(self) -> None:
        log = self.settings.log
        self._log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644) if log else None
        self.ledger = Ledger(self._log)
        self.apply(self.settings)

    def apply(self, settings: Settings) -> None:
        """Other settings from now on; a log cannot be moved."""
        if settings.log != self.settings.log:
            raise ValueError("the log is chosen at the start")
        self.choose = Chooser(settings)
        self.limiter = Limiter(settings)
        self.settings = settings

    def reset(self) -> None:
        """All counters from zero, attempts included. Requests in flight are billed to the log alone."""
        self.ledger = Ledger(self._log)


def item_of(raw: bytes) -> Item:
    """The number of the first `[item 123]` in a request, or else a digest of it."""
    found = ITEM.search(raw)
    return int(found[1]) if found else blake2b(raw, digest_size=8).hexdigest()


def error(status: int, message: str, code: str | None = None, param: str | None = None) -> bytes:
    """An error as OpenAI words it."""
    kind = KINDS.get(status, "server_error")
    return json.dumps({"error": {"message": message, "type": kind, "param": param, "code": code}}).encode()


def complete(state: State, connection: Connection, request: Request) -> None:
    """Answers a request for a completion: now, after the latency, or never."""
    ledger, settings = state.ledger, state.settings
    ledger.arrive(request.key)
    if not authorised(state, connection, request):
        return
    item = item_of(request.body)
    attempt = ledger.attempt(item)
    fault = state.choose(item, attempt)
    problem = refusal(settings, request.body, request.key, fault, (item, attempt))
    if fault == "schema_unsupported" and problem is None:  # a request without a schema
        fault = None
    if fault:
        ledger.faults[fault] += 1
    if problem is not None:
        status, text = problem
        send(state, connection, status, text, content_type="text/html" if text is HTML else "application/json")
        return
    body = json.loads(request.body)
    if state.limiter.active or fault == "rate_limit":
        wait_s = state.limiter.wait_s(count_prompt(settings, body) + (max_tokens_of(body) or 16))
        if fault == "rate_limit" or wait_s > 0:
            too_fast(state, connection, settings.retry_after_s if fault == "rate_limit" else wait_s)
            return
    if fault == "drop_before":
        connection.cut()
        return
    ledger.enter()
    if fault == "hang":
        connection.on_lost = ledger.leave
        return
    jitter_s = settings.jitter_s and settings.jitter_s * unit(settings.seed, "jitter", item, attempt)
    after(settings.latency_s + jitter_s, finish, state, ledger, connection, request.body, body, fault)


def after(delay_s: float, call: Callable[..., None], *arguments: Any) -> None:
    """Calls then, or now if there is nothing to wait for."""
    if delay_s:
        asyncio.get_running_loop().call_later(delay_s, call, *arguments)
    else:
        call(*arguments)


def authorised(state: State, connection: Connection, request: Request) -> bool:
    """Whether a request has the key that is asked for, if any is; answers it if not."""
    if state.settings.api_key in (None, request.key):
        return True
    send(state, connection, 401, error(401, "Incorrect API key provided.", "invalid_api_key"))
    return False


def refusal(
    settings: Settings, raw: bytes, key: str, fault: str | None, draw: tuple[Item, int]
) -> tuple[int, bytes] | None:
    """The status and body for a request that is turned away, or None."""
    match fault:
        case "unauthorized":
            return 401, error(401, "Incorrect API key provided.", "invalid_api_key")
        case "key_echo":
            return 401, error(401, f"Incorrect API key provided: {key}.", "invalid_api_key")
        case "server_error":
            status = settings.error_status or (500, 502, 503)[int(3 * unit(settings.seed, "status", *draw))]
            return status, error(status, "The server had an error while processing your request.")
        case "poison":
            return 400, error(400, "This prompt was rejected.", "content_policy_violation", "messages")
        case "html_page":
            return 200, HTML
        case "html_error":
            return 502, HTML
    return wrong(settings, raw, fault)


def wrong(settings: Settings, raw: bytes, fault: str | None) -> tuple[int, bytes] | None:
    """What is wrong with a request in itself, or None."""
    try:
        body = json.loads(raw)
        model, _ = body["model"], body["messages"][0]["role"]
    except (ValueError, LookupError, TypeError):
        return 400, error(400, "The body is no JSON object with a model and messages.")
    if fault == "no_model" or (settings.models and model not in settings.models):
        return 404, error(
            404, f"The model `{model}` does not exist or you do not have access to it.", "model_not_found"
        )
    if body.get("stream"):
        return 400, error(400, "This server does not stream.", "unsupported_value", "stream")
    wants_schema = (body.get("response_format") or {}).get("type", "text") != "text"
    if wants_schema and (fault == "schema_unsupported" or not settings.schema_supported):
        return 400, error(400, "Unsupported parameter: 'response_format'.", "unsupported_parameter", "response_format")
    return None


def too_fast(state: State, connection: Connection, wait_s: float) -> None:
    """429, with or without the time to wait."""
    seconds = f"{wait_s:.3f}".rstrip("0").rstrip(".")
    lines = {
        "seconds": f"retry-after: {seconds}\r\n",
        "ms": f"retry-after-ms: {int(wait_s * 1000)}\r\n",
        "date": f"retry-after: {format_datetime(datetime.now(UTC) + timedelta(seconds=wait_s), usegmt=True)}\r\n",
        "absent": "",
    }
    body = error(429, "Rate limit reached for requests. Please try again later.", "rate_limit_exceeded")
    send(state, connection, 429, body, headers=lines[state.settings.retry_after])


def finish(
    state: State, ledger: Ledger, connection: Connection, raw: bytes, body: dict[str, Any], fault: str | None
) -> None:
    """Generates, bills, logs and sends an answer. The ledger is the one that the request came in under."""
    ledger.leave()
    content = generate(state.settings, ledger, item_of(raw), body, fault, "online")
    if fault in BILLED_FAULTS:
        delivered = send_badly(state, connection, content, fault)
    else:
        delivered = send(state, connection, 200, content)
    ledger.undelivered += not delivered


def generate(
    settings: Settings, ledger: Ledger, item: Item, body: dict[str, Any], fault: str | None, route: str
) -> bytes:
    """An answer as JSON, billed and logged. It depends on what the request says, not on how its JSON is written."""
    canonical = json.dumps(body, sort_keys=True).encode()
    answer = respond(settings, canonical, body, fault)
    ledger.bill(item, canonical, answer.prompt_tokens, answer.completion_tokens, route)
    return json.dumps(answer.payload).encode()


def send_badly(state: State, connection: Connection, content: bytes, fault: str) -> bool:
    """Sends an answer with a fault of the transport, if it is one; False if the peer does not get all of it."""
    settings = state.settings
    if fault in ("drop_after", "drop_within"):
        connection.cut(content if fault == "drop_within" else b"")
        return False
    if fault == "bad_json_body":
        return send(state, connection, 200, content[: len(content) // 2])
    if fault == "slow_body":
        return send(state, connection, 200, content, pieces=settings.trickle_pieces, pause_s=settings.trickle_s)
    if fault == "says_close":
        return send(state, connection, 200, content, announce_close=True, close=False)
    if fault == "closes":
        return send(state, connection, 200, content, announce_close=False, close=True)
    return send(state, connection, 200, content)


def send(state: State, connection: Connection, status: int, body: bytes, headers: str = "", **how: Any) -> bool:
    """Counts the status and answers."""
    state.ledger.statuses[str(status)] += 1
    if state.limiter.active:
        headers += state.limiter.headers()
    return connection.reply(status, body, headers=headers, **how)
