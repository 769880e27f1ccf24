"""What secrets look like: one rule a kind, from the formats that the providers document.

A rule is a pattern, keywords without which it does not apply, and what the value must be beyond that: random enough,
and no placeholder. Not covered: secrets without a mark of their own that no telling name introduces, unquoted values
of settings (`PASSWORD=...` in shell files, but for AWS), and secrets that are split or encoded.
"""

import math
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

START = r"(?<![A-Za-z0-9])"
"""No letter or digit before the value."""
WORD_END = r"(?![A-Za-z0-9])"
SAFE_END = r"(?![A-Za-z0-9_-])"
ASSIGN = r"""["']?\]?(?:\s{0,2}:\s{0,2}[A-Za-z_.]{1,20})?\s{0,4}(?:=>|:=|=|:)\s{0,4}"""
"""What stands between a name and its value in Python, JSON, YAML, PHP, Go, Java and TypeScript."""

PLACEHOLDER = re.compile(
    r"(.)\1{4}|[.]{3}|[xX*#_-]{4}|[<>{}]|\$\(|\A\$\w+\Z|%\(|%s"
    r"|(?i:example|sample|placeholder|changeme|change_me|change-me|dummy|redacted|your[_-]|my[_-]|insert|replace"
    r"|123456|abcdef|987654|qwerty|foobar|not[_-]?(?:a|so|very)[_-]|p[a@]ss?w[o0]?r?d|secret|hunter2|letmein)",
    re.ASCII,
)
"""Marks of a value that stands for another: runs of one character, templates, and words of documentation."""

OBVIOUS = re.compile(r"(.)\1{7}|[.]{3}|[xX*.]{5}|(?i:example|placeholder|redacted|your[_-]|dummy)|[<>{}]", re.ASCII)
"""The same for values in a format that nothing else has: there, less speaks for a placeholder."""


def entropy(value: str) -> float:
    """Shannon's entropy of the characters, in bits each."""
    return -sum(n / len(value) * math.log2(n / len(value)) for n in Counter(value).values()) if value else 0.0


def token(value: str) -> bool:
    """Whether a value in a format of its own is no placeholder."""
    return not OBVIOUS.search(value) and entropy(value) >= 3.0


def long_token(value: str) -> bool:
    """The same for 40 characters of base 64 or more, which are more random still."""
    return not OBVIOUS.search(value) and entropy(value) >= 4.0


def signed(value: str) -> bool:
    """Whether a JSON web token has a signature that could be one, and is not of jwt.io's subject "1234567890"."""
    return token(value.rpartition(".")[2]) and ".eyJzdWIiOiIxMjM0NTY3ODkwI" not in value


def key_body(value: str) -> bool:
    """Whether there is a key between the two lines: at least 60 characters of base 64 that look random."""
    body = re.sub(r"-----[^-]*-----|\\[nr]|[^A-Za-z0-9+/]", "", value)
    return len(body) >= 60 and entropy(body) >= 4.0 and "..." not in value


def classes(value: str) -> int:
    """How many there are of: small letters, capitals, digits, and others."""
    return sum(re.search(one, value) is not None for one in ("[a-z]", "[A-Z]", "[0-9]", "[^A-Za-z0-9]"))


def url_password(value: str) -> bool:
    """Whether the password of a URL could open anything: not `tiger`, `pass` or `{password}`."""
    return not PLACEHOLDER.search(value) and classes(value) >= 2 and entropy(value) >= 2.5 and "%" not in value


NO_SECRET = re.compile(
    r"://|\Aurn:|\w\[[-\w]*\]|[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ]|\Z)"
    r"|\A[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z|\A(?:/[a-z0-9_.-]{1,24}){2,}/?\Z"
    r"|\A\$?[a-z0-9_]{2,16}\$[^$]{0,32}\$[A-Za-z0-9./+=]{16,}\Z|\\u[0-9a-fA-F]{4}",
    re.ASCII,
)
"""Marks of addresses, types, dates, UUIDs, paths and salted hashes, which stand after names such as `token_type`; and
the escapes with which JSON writes "password" in other languages."""


def name_like(value: str) -> bool:
    """Whether the letters of a value make words, of four letters or more on average: `V1LocalObjectReference`."""
    words = re.findall("[A-Z]?[a-z]+|[A-Z]+", value)
    return bool(words) and sum(map(len, words)) >= 4 * len(words)


def assigned(value: str) -> bool:
    """Whether what is assigned to `password` and the like is a secret: a long hex number, or random and mixed."""
    if PLACEHOLDER.search(value) or NO_SECRET.search(value):
        return False
    if re.fullmatch("[0-9a-f]{32,}|[0-9A-F]{32,}", value):
        return entropy(value) >= 3.0
    mixed = classes(value) >= 3 and re.search("[0-9]", value) and re.search("[A-Za-z]", value)
    return bool(mixed) and entropy(value) >= 3.2 and not name_like(value)


def prefixed(value: str) -> bool:
    """Whether a provider's mark is followed by what only chance writes: `lin_api_` and 40 letters and digits."""
    body = re.split("[_-]", value)[-1]
    digits = sum(map(str.isdigit, body))
    return token(body) and entropy(body) >= 4.0 and classes(body) == 3 and digits >= 2 and not name_like(body)


@dataclass(frozen=True)
class Rule:
    """One kind of secret. The value is group 1 of the pattern, or the whole match where it has no group.

    Fields:
        pattern: in the syntax that `re` and Hyperscan share, for ASCII.
        keywords: small letters; at least one is in the text in small letters, or the rule does not apply.
        credible: what else the value must satisfy.
    """

    kind: str
    pattern: str
    keywords: tuple[str, ...]
    credible: Callable[[str], bool] = token

    @cached_property
    def compiled(self) -> re.Pattern[str]:
        """The pattern, all ASCII: so it is for Hyperscan, which reads bytes."""
        return re.compile(self.pattern, re.ASCII)


MARKED = {
    "airtable_token": (r"pat[A-Za-z0-9]{14}\.[0-9a-f]{64}", "pat"),
    "atlassian_token": (r"AT[A-Z]{2}T3xFfGF0[A-Za-z0-9_-]{100,220}(?:=[0-9A-F]{8})?", "t3xffgf0"),
    "brevo_key": (r"xkeysib-[0-9a-f]{64}-[A-Za-z0-9]{16}", "xkeysib-"),
    "cloudflare_origin_key": (r"v1\.0-[0-9a-f]{24}-[0-9a-f]{146}", "v1.0-"),
    "crates_token": (r"cio[A-Za-z0-9]{32}", "cio"),
    "deepseek_key": (r"sk-[0-9a-f]{32}", "sk-"),
    "discord_bot_token": (r"[MNO][A-Za-z0-9]{23,25}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,38}", "."),
    "doppler_token": (r"dp\.[a-z]{2,5}\.[A-Za-z0-9]{40,44}", "dp."),
    "dynatrace_token": (r"dt0[a-z][0-9]{2}\.[A-Z0-9]{24}\.[A-Z0-9]{64}", "dt0"),
    "figma_token": (r"fig[dour]_[A-Za-z0-9_-]{40,44}", "fig"),
    "heroku_key": (r"HRKU-AA[A-Za-z0-9_-]{58}", "hrku-aa"),
    "langsmith_key": (r"lsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}", "lsv2_"),
    "new_relic_key": (r"NRAK-[A-Z0-9]{27}", "nrak-"),
    "nuget_key": (r"oy2[a-z0-9]{43}", "oy2"),
    "openrouter_key": (r"sk-or-v1-[0-9a-f]{64}", "sk-or-"),
    "pinecone_key": (r"pcsk_[A-Za-z0-9]{5,6}_[A-Za-z0-9]{60,64}", "pcsk_"),
    "planetscale_token": (r"pscale_(?:tkn|pw|oauth)_[A-Za-z0-9_.=-]{32,64}", "pscale_"),
    "postman_key": (r"PMAK-[0-9a-f]{24}-[0-9a-f]{34}", "pmak-"),
    "pulumi_token": (r"pul-[0-9a-f]{40}", "pul-"),
    "rubygems_key": (r"rubygems_[0-9a-f]{48}", "rubygems_"),
    "sentry_token": (r"sntry(?:s_eyJ[A-Za-z0-9+/=_-]{80,400}|u_[0-9a-f]{64})", "sntry"),
    "sonarqube_token": (r"sq[apu]_[0-9a-f]{40}", "sq"),
    "square_secret": (r"sq0[a-z]{3}-[A-Za-z0-9_-]{22,43}", "sq0"),
    "supabase_token": (r"sbp_[0-9a-f]{40}", "sbp_"),
    "tailscale_key": (r"tskey-[a-z]{3,8}-[A-Za-z0-9]{10,20}-[A-Za-z0-9]{20,40}", "tskey-"),
    "terraform_token": (r"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,70}", ".atlasv1."),
}
"""Kinds whose form says it all, each with its keyword (see `Rule`)."""

RULES = (
    Rule(
        "private_key",
        r"-----BEGIN [A-Z0-9 ]{0,20}PRIVATE KEY(?: BLOCK)?-----(?:(?!-----)[\s\S])+-----END [A-Z0-9 ]{0,20}PRIVATE KEY"
        r"(?: BLOCK)?-----",
        ("private key",),
        key_body,
    ),
    Rule(
        "putty_private_key",
        r"PuTTY-User-Key-File-[0-9]:(?:(?!PuTTY-User)[\s\S])+?Private-MAC: [0-9a-f]{40,64}",
        ("putty-user-key-file",),
        key_body,
    ),
    Rule("age_secret_key", START + r"AGE-SECRET-KEY-1[A-Z0-9]{58}" + WORD_END, ("age-secret-key-1",)),
    Rule("anthropic_key", START + r"sk-ant-[a-z]{2,8}[0-9]{2}-[A-Za-z0-9_-]{80,120}" + SAFE_END, ("sk-ant-",)),
    Rule("aws_access_key", START + r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}" + WORD_END, ("akia", "asia", "abia", "acca")),
    Rule(
        "aws_secret_key",
        r"(?i)(?:aws[a-z_.-]{0,16}secret|secret_?access)[a-z_]{0,16}key" + ASSIGN + r"""["']?([A-Za-z0-9/+]{40})"""
        r"(?![A-Za-z0-9/+=])",
        ("secret",),
        long_token,
    ),
    Rule("azure_storage_key", r"AccountKey\s?=\s?([A-Za-z0-9+/]{86}==)", ("accountkey",), long_token),
    Rule("databricks_token", START + r"dapi[0-9a-f]{32}(?:-[0-9])?" + WORD_END, ("dapi",)),
    Rule("digitalocean_token", START + r"do[opr]_v1_[0-9a-f]{64}" + WORD_END, ("_v1_",)),
    Rule(
        "discord_webhook",
        r"discord(?:app)?\.com/api/webhooks/([0-9]{17,20}/[A-Za-z0-9_-]{60,80})" + SAFE_END,
        ("/api/webhooks/",),
    ),
    Rule("docker_token", START + r"dckr_[a-z]{3}_[A-Za-z0-9_-]{27,32}" + SAFE_END, ("dckr_",)),
    Rule("github_token", START + r"gh[opusr]_[A-Za-z0-9]{36}" + WORD_END, ("ghp_", "gho_", "ghu_", "ghs_", "ghr_")),
    Rule(
        "github_fine_grained_token", START + r"github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}" + WORD_END, ("github_pat_",)
    ),
    Rule(
        "gitlab_token",
        START + r"(?:glpat|glptt|gldt|glrt|glsoat|glcbt|glft|glagent|gloas)-[A-Za-z0-9_-]{20,64}"
        r"(?:\.[0-9a-z]{2}\.[0-9a-z]{9})?" + SAFE_END,
        ("glpat-", "glptt-", "gldt-", "glrt-", "glsoat-", "glcbt-", "glft-", "glagent-", "gloas-"),
    ),
    Rule("google_api_key", START + r"AIza[A-Za-z0-9_-]{35}" + SAFE_END, ("aiza",)),
    Rule("google_oauth_secret", START + r"GOCSPX-[A-Za-z0-9_-]{28}" + SAFE_END, ("gocspx-",)),
    Rule("grafana_token", START + r"glsa_[A-Za-z0-9]{32}_[0-9a-fA-F]{8}" + WORD_END, ("glsa_",)),
    Rule("groq_key", START + r"gsk_[A-Za-z0-9]{52}" + WORD_END, ("gsk_",)),
    Rule("hugging_face_token", START + r"(?:hf|api_org)_[A-Za-z]{34}" + WORD_END, ("hf_", "api_org_")),
    Rule("npm_token", START + r"npm_[A-Za-z0-9]{36}" + WORD_END, ("npm_",)),
    Rule(
        "openai_key",
        START + r"sk-(?:[a-z]{4,8}-)?[A-Za-z0-9_-]{20,100}T3BlbkFJ[A-Za-z0-9_-]{20,100}" + SAFE_END,
        ("t3blbkfj",),
    ),
    Rule("pypi_token", START + r"pypi-AgE[A-Za-z0-9_-]{50,}", ("pypi-age",)),
    Rule("replicate_token", START + r"r8_[A-Za-z0-9]{37}" + WORD_END, ("r8_",)),
    Rule("sendgrid_key", START + r"SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}" + SAFE_END, ("sg.",)),
    Rule("shopify_token", START + r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}" + WORD_END, ("shp",)),
    Rule(
        "slack_token",
        START + r"(?:xox[abeprs]-(?:[0-9]{1,15}-){1,3}[A-Za-z0-9-]{16,64}|xapp-[0-9]-A[A-Z0-9]{8,12}-[0-9]{8,15}"
        r"-[0-9a-f]{64})" + SAFE_END,
        ("xox", "xapp-"),
    ),
    Rule(
        "slack_webhook",
        r"hooks\.slack\.com/services/(T[A-Z0-9]{8,12}/B[A-Z0-9]{8,12}/[A-Za-z0-9]{24})" + WORD_END,
        ("hooks.slack.com",),
    ),
    Rule(
        "stripe_key",
        START + r"(?:(?:sk|rk)_(?:live|test)|whsec)_[A-Za-z0-9]{24,110}" + WORD_END,
        ("sk_live_", "sk_test_", "rk_live_", "rk_test_", "whsec_"),
    ),
    Rule("telegram_bot_token", r"(?<![0-9])[0-9]{8,10}:AA[A-Za-z0-9_-]{33}" + SAFE_END, (":aa",)),
    Rule("twilio_key", START + r"SK[0-9a-f]{32}" + WORD_END, ("twilio",)),
    Rule("vault_token", START + r"hv[sb]\.[A-Za-z0-9_-]{90,300}" + SAFE_END, ("hvs.", "hvb.")),
    *(Rule(kind, START + pattern + SAFE_END, (keyword,)) for kind, (pattern, keyword) in MARKED.items()),
    Rule("mailgun_key", START + r"key-[0-9a-f]{32}" + WORD_END, ("mailgun",)),
    Rule(
        "jwt",
        r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20,}" + SAFE_END,
        (".eyj",),
        signed,
    ),
    Rule(
        "url_credentials",
        r"""://[^\s/:@"'<>(){}]*:([^\s/:@"'<>(){}]{8,})@(?!localhost|127\.|example|host)[A-Za-z0-9\[]""",
        ("://",),
        url_password,
    ),
    Rule(
        "assigned_secret",
        # The first letter apart, so that `re` can skip to it: alternatives are tried at every character otherwise.
        # A `next_token` opens the next page.
        r"[AaCcPpSsTt](?:(?<=[Pp])(?i:assw(?:or)?d|assphrase|rivate_?key)|(?<=[Ss])(?i:ecret)|(?<=[Tt])(?<![Nn]ext.)(?<![Nn]ext_.)(?<!ontinuation.)(?i:oken)"
        r"|(?<=[Aa])(?i:pi_?key|ccess_?key|uth_?key)|(?<=[Cc])(?i:redential))"
        r"[A-Za-z0-9_]{0,16}" + ASSIGN + r"""[A-Za-z]?["']([!#-&(-~]{8,200})["']""",
        ("passw", "passphrase", "secret", "token", "apikey", "api_key", "accesskey", "access_key", "authkey")
        + ("auth_key", "privatekey", "private_key", "credential"),
        assigned,
    ),
    Rule(
        "prefixed_token",
        r"(?<![A-Za-z0-9_+/.-])[A-Za-z][A-Za-z0-9]{1,9}(?:[_-][a-z0-9]{1,8}){0,2}[_-][A-Za-z0-9]{30,120}(?![A-Za-z0-9_+/=-])",
        ("_", "-"),
        prefixed,
    ),
)
"""In order of precedence: where two overlap, the span is of the first one's kind."""
