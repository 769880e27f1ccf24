"""What a reply means: an end, another try, or the end of the run.

The one place that reads replies, for every backend, online and by batch.
"""

import json
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from typing import Any, Literal

from textbook.llm.budget import believed
from textbook.llm.http_connection import Reply, SendError
from textbook.llm.job import Dialect, Job
from textbook.llm.request import Outcome, Usage
from textbook.llm.structured import parse

LONGEST_RETRY_AFTER_S = 600.0
LONGEST_BACKOFF_S = 30.0
MOST_LIMITED = 100
"""Answers of 429 that one request waits through."""
UNBILLED = {429, 500, 501, 503, 505, 529}
"""Statuses by which a server says that it did not do the work. After others from 500 on it may have."""
AGAIN = {408, 409, 425, 429}
KEPT = ("tool_calls", "reasoning_content", "reasoning")
Next = Literal["end", "again", "stop"]


class LLMError(RuntimeError):
    """The run stopped because of the endpoint, not of a request; what is done is in the journal."""


@dataclass(slots=True)
class Verdict:
    """What is to be made of one attempt."""

    next: Next
    label: str
    """The attempt's outcome in the journal: an `Outcome`, or limited, failed, lost, unreached, adapted, stopped."""
    outcome: Outcome = "error"
    """How the request ends, where `next` is `end`."""
    status: int | None = None
    charged: Usage = Usage()
    text: str | None = None
    parsed: Any = None
    finish_reason: str | None = None
    model: str = ""
    error: str | None = None
    wait_s: float = 0.0
    details: Mapping[str, Any] = field(default_factory=dict)
    healthy: bool = True
    """Whether the endpoint works, whatever it thought of the request."""
    overloaded: bool = False
    dialect: Dialect | None = None
    """How the endpoint wants requests to be put."""


@dataclass(frozen=True)
class Patience:
    """How often a request is asked again."""

    max_attempts: int = 8
    """Drops, timeouts and errors of the server."""
    max_reasks: int = 2
    """Answers that do not fit the schema."""
    room_factor: float = 2.0
    """The room that a truncated answer gets when it is asked for again, once; 1 to record it at once."""


def judge(reply: Reply | SendError, job: Job, patience: Patience) -> Verdict:
    """Decide what follows from `reply`; `job` remembers what the next attempt must know."""
    if isinstance(reply, SendError):
        return _lost(reply, job, patience)
    if reply.status == 200:
        return judge_answer(reply.body, job, patience)
    message, code = error_of(reply.body)
    said = f"HTTP {reply.status}{f' {code}' if code else ''}: {message}"
    if reply.status == 429 and code not in ("insufficient_quota", "billing_hard_limit_reached"):
        return _limited(reply, job, said)
    if reply.status in (401, 403, 404, 429) or 300 <= reply.status < 400:
        return Verdict("stop", "stopped", status=reply.status, error=said)
    if reply.status >= 500 or reply.status in AGAIN:
        return _failed(reply, job, patience, said)
    dialect = adapted(job, message) if reply.status == 400 else None
    if dialect is not None:
        return Verdict("again", "adapted", status=400, error=said, dialect=dialect)
    return Verdict("end", "rejected", "rejected", reply.status, error=said)


def adapted(job: Job, message: str) -> Dialect | None:
    """Another way to put the request, where it was rejected for how it was put."""
    sent = job.dialect
    if "max_completion_tokens" in message and sent.limit_name == "max_tokens":
        return replace(sent, limit_name="max_completion_tokens")
    names_schema = "response_format" in message or "json_schema" in message
    if names_schema and sent.json_schema and job.request.schema is not None:
        return replace(sent, json_schema=False)
    return None


def _lost(error: SendError, job: Job, patience: Patience) -> Verdict:
    if not error.reached:  # nothing was sent, so nothing is held against the request: the breaker counts
        return Verdict("again", "unreached", error=str(error), wait_s=backoff_s(0), healthy=False)
    job.num_lost += 1
    ends = job.num_lost >= patience.max_attempts
    return Verdict(
        "end" if ends else "again", "lost", error=f"{error} ({job.num_lost} tries)" if ends else str(error),
        charged=job.worst, wait_s=backoff_s(job.num_lost), healthy=False, overloaded="no answer in" in str(error),
    )  # fmt: skip


def _limited(reply: Reply, job: Job, said: str) -> Verdict:
    job.num_limited += 1
    wait_s = retry_after_s(reply.headers)
    if wait_s is None:
        wait_s = backoff_s(job.num_limited)
    spread = wait_s * (1 + 0.25 * random.random()) + 0.05 * random.random()
    if job.num_limited >= MOST_LIMITED:
        return Verdict("end", "limited", status=429, error=f"{said} ({job.num_limited} times)", overloaded=True)
    return Verdict("again", "limited", status=429, error=said, wait_s=spread, overloaded=True)


def _failed(reply: Reply, job: Job, patience: Patience, said: str) -> Verdict:
    job.num_lost += 1
    ends = job.num_lost >= patience.max_attempts
    wait_s = max(retry_after_s(reply.headers) or 0.0, backoff_s(job.num_lost))
    charged = Usage() if reply.status in UNBILLED or reply.status < 500 and reply.status != 408 else job.worst
    return Verdict(
        "end" if ends else "again", "failed", status=reply.status, charged=charged, wait_s=wait_s, healthy=False,
        error=f"{said} ({job.num_lost} tries)" if ends else said, overloaded=reply.status in (503, 529),
    )  # fmt: skip


def judge_answer(body: bytes, job: Job, patience: Patience) -> Verdict:
    """Read an answer with status 200."""
    try:
        answer = json.loads(body.decode())
        choice = answer["choices"][0]
        message = choice["message"]
        text = message.get("content")
        if not isinstance(text, (str, type(None))):
            raise TypeError("content is no text")
        text = storable(text)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        said = f"the answer is not of the protocol: {type(error).__name__}: {error}"
        unread = Reply(502, {}, body)
        return _failed(unread, job, patience, said)
    refusal = message.get("refusal")
    finish = choice.get("finish_reason")
    said_bytes = 0 if text is None else len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
    verdict = Verdict(
        "end", "ok", "ok", 200,
        charged=believed(answer.get("usage"), job.prepared.num_bytes, said_bytes, job.worst),
        text=text, finish_reason=None if finish is None else str(finish), model=str(answer.get("model") or ""),
        details=_details(answer, choice, message),
    )  # fmt: skip
    if refusal or finish == "content_filter":
        return _ended(verdict, "refused", str(refusal or "the server's content filter stopped the answer"))
    if finish == "length":
        return _truncated(verdict, job, patience)
    if text is None and not message.get("tool_calls"):
        return _invalid(verdict, job, patience, "the answer has no content")
    if job.request.schema is not None and text is not None:
        verdict.parsed, problem = parse(text, job.request.schema)
        if problem is not None:
            return _invalid(verdict, job, patience, problem)
    return verdict


def _details(answer: dict[str, Any], choice: dict[str, Any], message: dict[str, Any]) -> dict[str, Any]:
    found = {name: message[name] for name in KEPT if message.get(name)}
    if choice.get("logprobs"):
        found["logprobs"] = choice["logprobs"]
    if answer.get("system_fingerprint"):
        found["system_fingerprint"] = answer["system_fingerprint"]
    return found


def _ended(verdict: Verdict, outcome: Outcome, error: str) -> Verdict:
    verdict.label = verdict.outcome = outcome
    verdict.error = error
    return verdict


def _truncated(verdict: Verdict, job: Job, patience: Patience) -> Verdict:
    _ended(verdict, "truncated", f"cut off at max_tokens={job.room}")
    if not job.grown and job.room is not None and patience.room_factor > 1:
        job.grown = True
        job.room = int(job.room * patience.room_factor)
        verdict.next = "again"
    return verdict


def _invalid(verdict: Verdict, job: Job, patience: Patience, problem: str) -> Verdict:
    _ended(verdict, "invalid", problem)
    if job.reasks < patience.max_reasks:
        job.reasks += 1
        job.feedback = None if verdict.text is None else (verdict.text, problem)
        verdict.next = "again"
    return verdict


def storable(text: str | None) -> str | None:
    """`text` as UTF-8 can hold it: lone surrogates become question marks."""
    if text is None or text.isascii():
        return text
    return text.encode("utf-8", "replace").decode()


def error_of(body: bytes) -> tuple[str, str]:
    """The message and the code of an error, as far as they can be made out."""
    text = body[:100_000].decode("utf-8", "replace")
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return " ".join(text.split())[:300], ""
    error = content.get("error", content) if isinstance(content, dict) else content
    if not isinstance(error, dict):
        return str(error)[:600], ""
    message = error.get("message") or error.get("detail") or text
    code = error.get("code") or error.get("type") or ""
    return " ".join(str(message).split())[:600], str(code)


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds that the server asks to wait: `retry-after-ms`, or `retry-after` in seconds or as a date."""
    milliseconds, text = headers.get("retry-after-ms"), headers.get("retry-after")
    try:
        if milliseconds is not None:
            seconds = float(milliseconds) / 1000
        elif text is None:
            return None
        elif text.strip().replace(".", "", 1).isdigit():
            seconds = float(text)
        else:
            seconds = parsedate_to_datetime(text).timestamp() - time.time()
    except (ValueError, TypeError):
        return None
    return min(max(0.0, seconds), LONGEST_RETRY_AFTER_S) if seconds == seconds else None


def backoff_s(num_failures: int) -> float:
    """Seconds to wait after so many failures: doubling, and spread so that requests do not come back together."""
    return min(LONGEST_BACKOFF_S, 0.25 * 2.0**num_failures) * (0.5 + 0.5 * random.random())
