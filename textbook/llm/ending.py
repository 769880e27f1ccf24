"""What is written down and handed over when a request has ended, online or by batch."""

import json
import time

from textbook.llm.job import Job
from textbook.llm.journal_read import Answer
from textbook.llm.outcome import Verdict, storable
from textbook.llm.request import Completion, Usage


def answer_row(job: Job, verdict: Verdict, cost: float | None, keep_prompt: bool) -> Answer:
    """The row of the journal for a request that has ended."""
    asked = None
    if keep_prompt:
        asked = f'{{"messages":{job.prepared.messages},"params":{job.prepared.params.identity}}}'
    return Answer(
        key=job.prepared.key,
        name=storable(job.request.key),
        outcome=verdict.outcome,
        error=storable(verdict.error),
        model=storable(verdict.model) or "",
        text=verdict.text,
        finish_reason=verdict.finish_reason,
        prompt_tokens=verdict.charged.prompt_tokens,
        completion_tokens=verdict.charged.completion_tokens,
        cached_tokens=verdict.charged.cached_tokens,
        cost=cost,
        attempts=job.attempts,
        max_tokens=job.room,
        details=json.dumps(verdict.details) if verdict.details else None,
        at=time.time(),
        request=asked,
    )


def completion(job: Job, verdict: Verdict, cost: float | None) -> Completion:
    """The result of a request that has just ended."""
    return Completion(
        outcome=verdict.outcome,
        text=verdict.text,
        parsed=verdict.parsed,
        finish_reason=verdict.finish_reason,
        usage=verdict.charged if verdict.status == 200 else Usage(),
        cost=cost,
        model=verdict.model,
        attempts=job.attempts,
        error=verdict.error,
        key=job.prepared.key,
        details=verdict.details,
    )


def remedy_for(status: int, model: str) -> str:
    """What to do about an endpoint that refuses every request."""
    return {
        401: "set OPENAI_API_KEY, or give api_key=...",
        403: f"check that the key may use {model}, from here",
        404: f"check the model's name, {model}, and base_url, which mostly ends in /v1",
        429: "the account has no credit left: add some, and run again: what is done is kept",
    }.get(status, "check base_url: the endpoint points elsewhere")
