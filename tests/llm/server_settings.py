"""What the local server does, and which requests go wrong: decided by a hash, so that runs can be repeated."""

from dataclasses import dataclass, field, fields, replace
from hashlib import blake2b
from typing import Any

Item = int | str

# These answer at once; nothing is generated, nothing is billed.
UNBILLED_FAULTS = {
    "rate_limit": "429, with the retry-after header that `retry_after` asks for",
    "server_error": "500, 502 or 503",
    "drop_before": "the connection is cut before anything is generated",
    "hang": "no answer, ever",
    "poison": "400, whatever is tried (decided by the item alone)",
    "unauthorized": "401",
    "key_echo": "401, with the caller's key in the message",
    "no_model": "404 naming the model",
    "schema_unsupported": "400 naming response_format, to requests that have one",
    "html_page": "200 with a page of HTML, as a captive gateway sends it",
    "html_error": "502 with a page of HTML",
}
# These come after the latency; a model has worked, so they are billed.
BILLED_FAULTS = {
    "drop_after": "the connection is cut, with no byte of the answer sent",
    "drop_within": "the connection is cut after half of the answer",
    "truncate": "half of the text, finish_reason length, all of max_tokens billed",
    "bad_json_body": "a body that stops in the middle",
    "bad_json_content": "content that is no JSON",
    "usage_missing": "no usage",
    "usage_null": "usage: null",
    "usage_negative": "token counts below zero",
    "usage_zero": "token counts of zero",
    "usage_small": "a tenth of the true token counts",
    "usage_large": "a thousand times the true token counts",
    "usage_text": "token counts that are words",
    "slow_body": "the body trickles, in `trickle_pieces` pieces, `trickle_s` apart",
    "refusal": "message.refusal, and no content",
    "content_filter": "finish_reason content_filter, and no content",
    "empty": "content that is an empty string",
    "no_choices": "a list of choices that is empty",
    "odd_text": "content with NUL, lone surrogates, emoji and line separators",
    "says_close": "announces `Connection: close` and stays open",
    "closes": "announces nothing and closes",
}
FAULTS = UNBILLED_FAULTS | BILLED_FAULTS


@dataclass(frozen=True)
class Fault:
    """When a fault happens: to a share of all requests, or to some items.

    `attempts` limits it to an item's first so many requests; `sticky` draws by item, not by item and attempt.
    """

    rate: float = 0.0
    items: frozenset[Item] = frozenset()
    attempts: int | None = None
    sticky: bool = False

    @classmethod
    def parse(cls, name: str, value: Any) -> "Fault":
        """From JSON: a rate, a list of items, or an object with this class's fields."""
        if name not in FAULTS:
            raise ValueError(f"no fault is called {name!r}; there are {', '.join(FAULTS)}")
        sticky = name == "poison"
        if isinstance(value, dict):
            return cls(**{"sticky": sticky, **value, "items": frozenset(value.get("items", ()))})
        if isinstance(value, list | tuple | set | frozenset):
            return cls(items=frozenset(value), sticky=sticky)
        return cls(rate=float(value), sticky=sticky)


@dataclass(frozen=True)
class Settings:
    """Everything that can be set, at the start and at run time. Faults exclude one another: their rates add up."""

    seed: int = 0
    models: tuple[str, ...] = ()  # others get 404; empty: any model will do
    api_key: str | None = None  # others get 401; None: any key, or none, will do
    latency_s: float = 0.0
    jitter_s: float = 0.0
    answer_chars: int = 1000
    bytes_per_token: float = 4.0  # of prompts and answers; 1 is the worst that a tokenizer of bytes can do
    faults: dict[str, Any] = field(default_factory=dict)
    error_status: int | None = None  # of server_error; None: 500, 502 or 503 by the hash
    retry_after: str = "seconds"  # or "date", "ms", "absent"
    retry_after_s: float = 1.0
    rpm: int | None = None
    tpm: int | None = None
    limit_window_s: float = 60.0  # how much of the limit may come as one burst
    ratelimit_headers: bool = True
    schema_supported: bool = True
    trickle_pieces: int = 10
    trickle_s: float = 0.1
    usd_per_million_prompt: float = 1.0
    usd_per_million_completion: float = 4.0
    log: str | None = None  # a line for each billed answer, before it is sent
    batch_delay_s: float = 0.2
    batch_done_share: float = 1.0  # the rest of a batch expires
    batch_list_lag_s: float = 0.0  # how long a new batch is missing from the list
    batch_max_requests: int = 50_000
    batch_max_bytes: int = 200_000_000
    batch_max_queued: int | None = None  # requests in unfinished batches; above it, creating one gets 429
    drop_uploads: int = 0  # the next so many uploads are stored, but the connection is cut instead of an answer
    drop_creates: int = 0  # the same for batches created

    def changed(self, changes: dict[str, Any]) -> "Settings":
        """With other values; raises ValueError for a name or a fault that does not exist."""
        unknown = sorted(changes.keys() - {f.name for f in fields(self)})
        if unknown:
            raise ValueError(
                f"no setting is called {unknown[0]!r}; there are {', '.join(f.name for f in fields(self))}"
            )
        new = replace(self, **changes)
        Chooser(new)
        return new


def unit(seed: int, *parts: Item) -> float:
    """A number in [0, 1) that depends on the parts alone."""
    return int.from_bytes(blake2b(repr((seed, parts)).encode(), digest_size=7).digest()) / 2**56


class Chooser:
    """Picks the fault of a request."""

    def __init__(self, settings: Settings):
        parsed = [(name, Fault.parse(name, value)) for name, value in settings.faults.items()]
        self._seed = settings.seed
        self._listed = [(name, fault) for name, fault in parsed if fault.items]
        self._sticky = [(name, fault) for name, fault in parsed if fault.rate and fault.sticky]
        self._drawn = [(name, fault) for name, fault in parsed if fault.rate and not fault.sticky]
        if (total := sum(fault.rate for _, fault in self._sticky + self._drawn)) > 1 + 1e-9:
            raise ValueError(f"the rates of all faults add up to {total}; they exclude one another, so 1 is the most")

    def __call__(self, item: Item, attempt: int) -> str | None:
        """The fault of an item's attempt (0, 1, ...), or None; first what lists the item, then by chance."""
        for name, fault in self._listed:
            if item in fault.items and (fault.attempts is None or attempt < fault.attempts):
                return name
        for faults, draw in ((self._sticky, (item,)), (self._drawn, (item, attempt))):
            if not faults:
                continue
            left = unit(self._seed, *draw)
            for name, fault in faults:
                left -= fault.rate
                if left < 0:
                    return name if fault.attempts is None or attempt < fault.attempts else None
        return None
