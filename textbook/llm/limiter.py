"""How fast requests may go: a rate, a concurrency that adapts, and a breaker for an endpoint that is down.

Does not sleep: each part says how long to wait, by the clock it is given.
"""

import re
from collections.abc import Mapping

CUT = 0.8
"""Of the concurrency that is left when a server is overloaded."""
EPISODE_S = 15.0
"""One cut an episode: the answers to what was sent before a cut say nothing about it."""
GROWTH = 0.05
"""Of the concurrency, added for each such number of answers while it is used up."""
SATURATED = 0.8
LONGEST_PAUSE_S = 60.0


class Concurrency:
    """How many requests may be on their way: grows while all goes well, is cut once an episode when it does not."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.limit = float(min(most, max(32, most // 2)))
        self._slow_start = True
        self._episode_until = 0.0

    def succeeded(self, num_active: int) -> None:
        """One answer came, with `num_active` requests on their way: doubles with each round trip at first."""
        if self.limit < self.most and num_active >= SATURATED * self.limit:
            grown = 1.0 if self._slow_start else max(1.0, GROWTH * self.limit) / self.limit
            self.limit = min(self.most, self.limit + grown)

    def overloaded(self, now: float) -> None:
        """The server has too much to do."""
        if now >= self._episode_until:
            self._episode_until = now + EPISODE_S
            self._slow_start = False
            self.limit = max(1.0, self.limit * CUT)


class Rate:
    """At most `per_minute` units a minute, in bursts of no more than a second's worth (or one request)."""

    def __init__(self, per_minute: float) -> None:
        if not per_minute > 0:
            raise ValueError(f"a rate of {per_minute} a minute lets nothing through; give one above 0, or None")
        self.per_s = per_minute / 60
        self.burst = max(1.0, self.per_s)
        self.level = self.burst
        self._at: float | None = None

    def wait_s(self, amount: float, now: float) -> float:
        """Seconds until `amount` may be taken."""
        if self._at is not None:
            self.level = min(self.burst, self.level + (now - self._at) * self.per_s)
        self._at = now
        # An amount above a whole burst goes once the bucket is full, and leaves it in debt.
        short = min(amount, self.burst) - self.level
        return short / self.per_s if short > 1e-9 else 0.0

    def take(self, amount: float) -> None:
        """Take `amount`; a negative one gives back what was not used."""
        self.level = min(self.burst, self.level - amount)

    def correct(self, remaining: float) -> None:
        """The server says how much is left."""
        self.level = min(self.level, remaining)


class Rates:
    """Limits in requests and in tokens a minute, where there are any."""

    def __init__(self, rpm: float | None, tpm: float | None) -> None:
        self._requests = None if rpm is None else Rate(rpm)
        self._tokens = None if tpm is None else Rate(tpm)

    def wait_s(self, num_tokens: int, now: float) -> float:
        """Seconds until a request of so many tokens may be sent."""
        requests = 0.0 if self._requests is None else self._requests.wait_s(1, now)
        tokens = 0.0 if self._tokens is None else self._tokens.wait_s(num_tokens, now)
        return max(requests, tokens)

    def take(self, num_tokens: int) -> None:
        """A request is sent."""
        if self._requests is not None:
            self._requests.take(1)
        if self._tokens is not None:
            self._tokens.take(num_tokens)

    def settle(self, taken: int, used: int) -> None:
        """It has used other tokens than were taken."""
        if self._tokens is not None:
            self._tokens.take(used - taken)

    def correct(self, headers: Mapping[str, str]) -> None:
        """Take in what an answer says is left."""
        for rate, what in ((self._requests, "requests"), (self._tokens, "tokens")):
            remaining = None if rate is None else headers.get(f"x-ratelimit-remaining-{what}")
            if rate is not None and remaining is not None and remaining.isdigit():
                rate.correct(float(remaining))


class Breaker:
    """Trips after a row of failures; then one request at a time tries whether the endpoint is back."""

    def __init__(self, threshold: int = 10, first_pause_s: float = 1.0) -> None:
        self.threshold = threshold
        self.first_pause_s = first_pause_s
        self.num_failures = 0
        self.failing_since: float | None = None
        self.last_error = ""
        self._pause_s = first_pause_s
        self._until = 0.0
        self._probing = False

    @property
    def tripped(self) -> bool:
        """Whether the endpoint counts as down."""
        return self.num_failures >= self.threshold

    def wait_s(self, now: float) -> float:
        """Seconds until the next try."""
        return max(0.0, self._until - now) if self.tripped else 0.0

    def probing(self, now: float, timeout_s: float) -> None:
        """A try has begun: no other one before it has ended or taken `timeout_s`."""
        self._until = now + timeout_s
        self._probing = True

    def succeeded(self) -> None:
        """The endpoint answered."""
        self.num_failures = 0
        self.failing_since = None
        self._probing = False
        self._pause_s = self.first_pause_s

    def failed(self, now: float, error: str) -> None:
        """The endpoint did not answer, or with an error of its own."""
        self.num_failures += 1
        self.last_error = error
        if self.failing_since is None:
            self.failing_since = now
        if self.num_failures == self.threshold or self._probing:
            self._until = now + self._pause_s
            self._pause_s = min(LONGEST_PAUSE_S / 2, self._pause_s * 1.5)
            self._probing = False


_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|h|m|s)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def duration_s(text: str) -> float | None:
    """Seconds of a duration as rate-limit headers give it: `20ms`, `6m0s`, `1.5` (seconds); None if it is neither."""
    parts = _PART.findall(text)
    if parts and "".join(number + unit for number, unit in parts) == text.strip():
        return sum(float(number) * _SECONDS[unit] for number, unit in parts)
    try:
        return max(0.0, float(text))
    except ValueError:
        return None


def exhausted_s(headers: Mapping[str, str]) -> float:
    """Seconds to pause because the headers of an answer say that no request, or no token, is left."""
    longest = 0.0
    for what in ("requests", "tokens"):
        if headers.get(f"x-ratelimit-remaining-{what}") in ("0", "0.0"):
            longest = max(longest, duration_s(headers.get(f"x-ratelimit-reset-{what}", "")) or 0.0)
    return min(longest, LONGEST_PAUSE_S)
