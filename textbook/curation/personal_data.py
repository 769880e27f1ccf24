"""E-mail addresses, public IP addresses and telephone numbers in the text, and placeholders in their stead.

Three patterns, each begun at a character that is rare in code, and an allow-list of what belongs to nobody: reserved
domains and networks, `git@`, `noreply@`, public resolvers, what looks like a version, the numbers kept for fiction.

Not covered: names, postal addresses, account and identity numbers, addresses written out ("jane at acme dot org")
or in other scripts, addresses of small numbers such as 4.2.2.2, which are sections and identifiers, telephone numbers
in national formats other than the North American one.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Self

from textbook.curation.spans import SPANS, Span, as_column, merge, redact
from textbook.operator import Batch, Operator

DOMAIN = re.compile(r"@((?:[A-Za-z0-9][A-Za-z0-9-]{0,62}\.){1,8}[A-Za-z]{2,24})(?![\w@(\[-]|\.\w)", re.ASCII)
LOCAL = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._%+-]{0,63}\Z", re.ASCII)
IN_URL = re.compile(r"://[^\s/]*\Z", re.ASCII)
NOBODY = {"git", "hg", "svn", "noreply", "no-reply", "donotreply", "do-not-reply"}
"""Local parts behind which there is no person."""
RESERVED_DOMAIN = re.compile(
    r"(?:.*\.)?(?:example(?:\.[a-z.]+)?|test|invalid|localhost|local|users\.noreply\.github\.com)"
    r"|openssh\.com|libssh\.org|odata\.\w+",
    re.I,
)
"""RFC 2606's names, `example` under any top level, GitHub's addresses for those who hide theirs, and what is not mail:
SSH's names of algorithms (RFC 4250, section 4.6.1) and OData's annotations."""
FILE_SUFFIXES = {"png", "jpg", "jpeg", "gif", "svg", "webp", "service", "socket", "timer", "target"}
"""`icon@2x.png` is a picture for sharp screens, `getty@tty1.service` a unit of systemd."""

# A lookbehind in second place lets `re` skip to the next digit, which is twice as fast as one in front.
IPV4 = re.compile(
    r"[0-9](?<![\w.-].)[0-9]{0,2}(?:\.[0-9]{1,3}){3}(?![\w-]|\.\w|/[0-9]{1,2}(?![\w./]))", re.ASCII | re.DOTALL
)
"""Not followed by the length of a prefix: a network is nobody's address."""
IPV6 = re.compile(
    r"[23](?<![\w:.].)[0-9A-Fa-f]{3}:(?:[0-9A-Fa-f]{0,4}:){1,6}[0-9A-Fa-f]{0,4}(?![\w:]|/[0-9])", re.ASCII | re.DOTALL
)
"""Global unicast addresses, which all lie in 2000::/3 (RFC 4291, section 2.4)."""
VERSION = re.compile(r"(?i)(?:versions?|release|build|rev|section|rfc[ 0-9]*)\W{0,4}\Z|[=~<>^]=\s?\Z", re.ASCII)
MIN_SECOND_NUMBER, MIN_LARGEST_NUMBER = 10, 40
"""Below are versions, sections and object identifiers (1.3.1.47, 2.5.4.37), and one in 1,200 addresses."""
RESOLVERS = {
    *("8.8.8.8", "8.8.4.4", "1.1.1.1", "1.0.0.1", "9.9.9.9", "149.112.112.112", "208.67.222.222", "208.67.220.220"),
    *("2001:4860:4860::8888", "2001:4860:4860::8844", "2606:4700:4700::1111", "2606:4700:4700::1001", "2620:fe::fe"),
}

INTERNATIONAL = re.compile(r"\+((?>[1-9][0-9]{0,2}(?:[ .-]?\(?[0-9]{1,5}\)?){2,6}))(?![\w+*]|\.[0-9])", re.ASCII)
ADDED = re.compile(r"[\w)\]+.*/-]\Z", re.ASCII)
"""What stands right before a plus that adds."""
COUNTRY = re.compile(
    r"1[2-9]|7|2[07]|21[12368]|2[2-69]\d|3[0-469]|3[578]\d|4[013-9]|42\d|5[1-8]|5[09]\d|6[0-6]|6[7-9]\d|8[1246]|8[058]\d"
    r"|9[0-58]|9[679]\d",
    re.ASCII,
)
"""The country codes of ITU-T E.164; in North America, no area begins with 0 or 1."""
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
NORTH_AMERICAN = (
    re.compile(r"\([2-9][0-9]{2}\) ?[2-9][0-9]{2}[-. ][0-9]{4}(?![\w-]|\.[0-9])", re.ASCII),
    re.compile(
        r"[2-9](?:(?<![\w.+-].)|(?<=\b1[-.].))[0-9]{2}([-.])[2-9][0-9]{2}\1[0-9]{4}(?![\w-]|\.[0-9])",
        re.ASCII | re.DOTALL,
    ),
)


@dataclass(frozen=True)
class PersonalData(Operator):
    """Puts `<EMAIL_1>`, `<IP_1>` and `<PHONE_1>` where these stand; the same value of a row is the same placeholder.

    Adds `personal_data`, the spans found (kind, start and end in characters), and `num_personal_data`. The spans are
    places in the text as it came, not in the rewritten one. Columns computed before from the text (`num_tokens`,
    `content_hash`, scores) still say what the text was: put this step before them.

    Args (fields):
        allow: values that stay as they are, and domains whose e-mail addresses stay.
    """

    allow: tuple[str, ...] = ()

    version = 2
    reads = ("text",)
    adds = {"text": "string", "personal_data": SPANS, "num_personal_data": "int64"}

    def __call__(self, batch: Batch) -> Batch:
        """Find and replace, row by row."""
        found = [find_personal_data(text, self.allow) for text in batch["text"]]
        return batch | {
            "text": [redact(text, spans) for text, spans in zip(batch["text"], found, strict=True)],
            "personal_data": [as_column(spans) for spans in found],
            "num_personal_data": [len(spans) for spans in found],
        }

    @classmethod
    def example(cls) -> tuple[Self, Batch]:
        """One of each, an address twice, and what belongs to nobody."""
        texts = [
            '__author__ = "jane.doe@acme.org, joe@acme.org"\n# ask jane.doe@acme.org\n',
            'SERVERS = ["93.184.215.14", "2a00:1450:4001:82f::200e", "127.0.0.1", "8.8.8.8"]\n',
            "# call +49 30 901820 or (212) 736-5000\n",
            "git clone git@github.com:a/b  # user@example.com, version 1.2.3.4\n",
        ]
        return cls(), {"id": ["a", "b", "c", "d"], "text": texts}


def find_personal_data(text: str, allow: tuple[str, ...] = ()) -> list[Span]:
    """The e-mail addresses, public IP addresses and telephone numbers of a text, in its order."""
    spans = [*_emails(text, allow), *_addresses(text), *_phones(text)]
    return merge(span for span in spans if text[span.start : span.end] not in allow)


def _emails(text: str, allow: tuple[str, ...]) -> Iterator[Span]:
    for match in DOMAIN.finditer(text):
        at, domain = match.start(), match[1]
        local = LOCAL.search(text, max(0, at - 64), at)
        if not local or local[0].lower() in NOBODY or RESERVED_DOMAIN.fullmatch(domain) or domain in allow:
            continue
        start = local.start()
        top = domain.rpartition(".")[2]
        if (
            not (top.islower() or top.isupper())
            or top.lower() in FILE_SUFFIXES
            or IN_URL.search(text, max(0, start - 100), start)
        ):
            continue
        yield Span("email", start, match.end())


def _addresses(text: str) -> Iterator[Span]:
    for match in IPV4.finditer(text):
        before = max(0, match.start() - 16)
        if _is_public_v4(match[0]) and not VERSION.search(text, before, match.start()):
            yield Span("ip", *match.span())
    for match in IPV6.finditer(text):
        if _is_public_v6(match[0]):
            yield Span("ip", *match.span())


def _is_public_v4(value: str) -> bool:
    try:
        address = IPv4Address(value)
    except AddressValueError:
        return False
    *_, second, largest = sorted(address.packed)
    looks_like_section = second < MIN_SECOND_NUMBER or largest < MIN_LARGEST_NUMBER
    return address.is_global and not address.is_multicast and not looks_like_section and value not in RESOLVERS


def _is_public_v6(value: str) -> bool:
    try:
        address = IPv6Address(value)
    except AddressValueError:
        return False
    is_slice = len([group for group in value.split(":") if group]) < 3 and not re.search("[a-fA-F]", value)
    return address.is_global and not is_slice and str(address) not in RESOLVERS


def _phones(text: str) -> Iterator[Span]:
    for match in INTERNATIONAL.finditer(text):
        if _is_international(match[1], text[max(0, match.start() - 2) : match.start()]):
            yield Span("phone", *match.span())
    for pattern in NORTH_AMERICAN:
        for match in pattern.finditer(text):
            if not _is_fiction("1" + re.sub("[^0-9]", "", match[0])):
                yield Span("phone", *match.span())


def _is_international(number: str, before: str) -> bool:
    """Whether what follows a plus is a telephone number, rather than a summand or a date."""
    digits = re.sub("[^0-9]", "", number)
    is_sum = ADDED.search(before) or (number == digits and re.fullmatch(r"[\w)\]] ", before, re.ASCII))
    if is_sum or not 9 <= len(digits) <= 15 or not COUNTRY.match(digits) or DATE.search(number):
        return False
    first, dot, rest = number.partition(".")
    is_decimal = dot and rest.isdigit() and not (COUNTRY.fullmatch(first) or (first == "1" and len(digits) == 11))
    return not is_decimal and not _is_fiction(digits)


def _is_fiction(digits: str) -> bool:
    """Whether nobody gets the number: North America's area or exchange 555, Ofcom's mobile numbers for drama."""
    return digits.startswith("447700900") or (digits[0] == "1" and "555" in (digits[1:4], digits[4:7]))
