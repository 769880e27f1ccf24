"""What the local server counts and bills, and how fast it lets people go."""

import os
import resource
import time
from collections import Counter
from hashlib import blake2b
from typing import Any

from tests.llm.server_settings import Item, Settings

BATCH_PRICE = 0.5


class Ledger:
    """Counters of one server. Billed: an answer was generated, whether or not the peer was still there.

    Keys are counted, not kept: only their hashes, and only how many differ comes out.
    """

    def __init__(self, log: int | None = None):
        self.received: Counter[Item] = Counter()  # by item: also the number of its next attempt
        self.billed: Counter[Item] = Counter()
        self.batched: Counter[str] = Counter()  # by custom_id: in how many batches it was put
        self.statuses: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.tokens: Counter[str] = Counter()
        self.requests = self.undelivered = self.in_flight = self.max_in_flight = 0
        self.connections = self.batches = self.files = 0
        self.first_s = self.last_s = 0.0
        self._keys: set[bytes] = set()
        self._log = log  # a file descriptor; not ours to close

    def arrive(self, key: str) -> None:
        """A request for a completion has come."""
        self.requests += 1
        self.last_s = time.monotonic()
        self.first_s = self.first_s or self.last_s
        if len(self._keys) < 1000:
            self._keys.add(blake2b(key.encode(), digest_size=8).digest())

    def attempt(self, item: Item) -> int:
        """Counts one more request for an item; 0 for the first."""
        number = self.received[item]
        self.received[item] = number + 1
        return number

    def enter(self) -> None:
        """A request waits for its answer from now on."""
        self.in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self.in_flight)

    def leave(self) -> None:
        """It has it, or has gone."""
        self.in_flight -= 1

    def bill(self, item: Item, raw: bytes, prompt_tokens: int, completion_tokens: int, route: str) -> None:
        """An answer was generated; `route` is online or batch."""
        self.last_s = time.monotonic()
        self.billed[item] += 1
        tokens = self.tokens
        tokens[f"{route}_answers"] += 1
        tokens[f"{route}_prompt_tokens"] += prompt_tokens
        tokens[f"{route}_completion_tokens"] += completion_tokens
        if self._log is not None:
            digest = blake2b(raw, digest_size=16).hexdigest()
            line = f"{item}\t{digest}\t{prompt_tokens}\t{completion_tokens}\t{route}\n"
            os.write(self._log, line.encode())

    def usd(self, settings: Settings) -> float:
        """What all answers so far cost, at the prices of now."""
        micro_usd = 0.0
        for route, factor in (("online", 1.0), ("batch", BATCH_PRICE)):
            micro_usd += factor * self.tokens[f"{route}_prompt_tokens"] * settings.usd_per_million_prompt
            micro_usd += factor * self.tokens[f"{route}_completion_tokens"] * settings.usd_per_million_completion
        return micro_usd / 1e6

    def counters(self, settings: Settings) -> dict[str, Any]:
        """Everything but the counts by item, for JSON."""
        used = resource.getrusage(resource.RUSAGE_SELF)
        tokens = {f"{route}_{what}": 0 for route in ("online", "batch") for what in ("answers", "prompt_tokens")}
        tokens |= {"online_completion_tokens": 0, "batch_completion_tokens": 0, **self.tokens}
        return {
            "requests": self.requests,
            "statuses": dict(self.statuses),
            "faults": dict(self.faults),
            **tokens,
            "billed": tokens["online_answers"] + tokens["batch_answers"],
            "prompt_tokens": tokens["online_prompt_tokens"] + tokens["batch_prompt_tokens"],
            "completion_tokens": tokens["online_completion_tokens"] + tokens["batch_completion_tokens"],
            "usd": self.usd(settings),
            "items": len(self.received),
            "items_billed": len(self.billed),
            "billed_again": sum(self.billed.values()) - len(self.billed),
            "undelivered": self.undelivered,
            "in_flight": self.in_flight,
            "max_in_flight": self.max_in_flight,
            "connections": self.connections,
            "most_batched": max(self.batched.values(), default=0),
            "keys": len(self._keys),
            "files": self.files,
            "batches": self.batches,
            "span_s": self.last_s - self.first_s,
            "cpu_s": used.ru_utime + used.ru_stime,
        }


class Bucket:
    """A rate limit that refills all the time; it holds what `window_s` seconds refill."""

    def __init__(self, per_minute: int, window_s: float):
        self.limit = per_minute
        self._rate = per_minute / 60
        self._room = self._level = self._rate * window_s
        self._at = time.monotonic()

    def refill(self) -> None:
        """Up to now."""
        now = time.monotonic()
        self._level = min(self._room, self._level + (now - self._at) * self._rate)
        self._at = now

    def wait_s(self, amount: float) -> float:
        """How long until the bucket holds so much; 0 if it does. More than it can hold waits for a full one."""
        return max(0.0, (min(amount, self._room) - self._level) / self._rate)

    def take(self, amount: float) -> None:
        """Takes it out; a full bucket gives more than it holds and owes the rest."""
        self._level -= amount

    @property
    def left(self) -> int:
        """Whole units, not below 0."""
        return max(0, int(self._level))

    @property
    def reset_s(self) -> float:
        """How long until it is full."""
        return (self._room - self._level) / self._rate


class Limiter:
    """Requests and tokens per minute, as OpenAI counts them: a prompt and its max_tokens when it comes in."""

    def __init__(self, settings: Settings):
        self._requests = Bucket(settings.rpm, settings.limit_window_s) if settings.rpm else None
        self._tokens = Bucket(settings.tpm, settings.limit_window_s) if settings.tpm else None
        self._headers = settings.ratelimit_headers

    @property
    def active(self) -> bool:
        """Whether there is any limit."""
        return self._requests is not None or self._tokens is not None

    def wait_s(self, num_tokens: int) -> float:
        """0 if a request may pass, which then counts; else how long to wait before trying again."""
        wants = [(bucket, n) for bucket, n in ((self._requests, 1), (self._tokens, num_tokens)) if bucket]
        for bucket, _ in wants:
            bucket.refill()
        wait = max((bucket.wait_s(amount) for bucket, amount in wants), default=0.0)
        if wait == 0:
            for bucket, amount in wants:
                bucket.take(amount)
        return wait

    def headers(self) -> str:
        """The x-ratelimit headers as they stand; none where there is no limit or none are wanted."""
        lines = ""
        for name, bucket in (("requests", self._requests), ("tokens", self._tokens)):
            if bucket and self._headers:
                lines += f"x-ratelimit-limit-{name}: {bucket.limit}\r\nx-ratelimit-remaining-{name}: {bucket.left}\r\n"
                lines += f"x-ratelimit-reset-{name}: {duration(bucket.reset_s)}\r\n"
        return lines


def duration(seconds: float) -> str:
    """As OpenAI writes it: 12ms, 1.5s, 6m0s."""
    if seconds < 1:
        return f"{int(seconds * 1000)}ms"
    return f"{seconds:.3g}s" if seconds < 60 else f"{int(seconds // 60)}m{int(seconds % 60)}s"
