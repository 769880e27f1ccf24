"""Made-up secrets of every kind, in the formats that the providers document. None of them ever opened anything.

Written before the rules were, from the formats alone: no generator looks at `textbook.curation.secret_rules`. The
kinds of `UNSEEN` never got a rule: they are found by what such keys have in common, or not at all.
"""

import base64
import json
import random
import string
from collections.abc import Callable

LOWER_HEX = "0123456789abcdef"
BASE62 = string.ascii_letters + string.digits
URL_SAFE = BASE62 + "-_"
UPPER = string.ascii_uppercase + string.digits
BASE64 = BASE62 + "+/"
HOSTS = ("db", "10.1.2.3", "prod.internal", "db.acme-corp.net:5432", "cache-01.eu.acme.io:6379")
NAMES = ("password", "db_password", "SECRET_KEY", "client_secret", "auth_token", "apiKey", "PASSWD", "access_token")
SCHEMES = ("postgresql", "postgres", "mysql+pymysql", "mongodb", "mongodb+srv", "redis", "amqp", "https", "ftp", "smtp")
PEM_KINDS = ("RSA PRIVATE KEY", "EC PRIVATE KEY", "DSA PRIVATE KEY", "OPENSSH PRIVATE KEY", "PRIVATE KEY")

Make = Callable[[random.Random], str]


def drawn(rng: random.Random, alphabet: str, count: int) -> str:
    return "".join(rng.choices(alphabet, k=count))


def fixed(prefixes: str, alphabet: str, low: int, high: int | None = None, suffix: str = "") -> Make:
    """One of the prefixes (divided by blanks) and so many characters."""
    return lambda rng: rng.choice(prefixes.split()) + drawn(rng, alphabet, rng.randint(low, high or low)) + suffix


def gitlab_token(rng: random.Random) -> str:
    return rng.choice(
        [
            "glpat-" + drawn(rng, URL_SAFE, 20),
            f"glpat-{drawn(rng, URL_SAFE, 27)}.01.{drawn(rng, string.ascii_lowercase + string.digits, 9)}",
            "glptt-" + drawn(rng, LOWER_HEX, 40),
            "gldt-" + drawn(rng, URL_SAFE, 20),
            "glrt-" + drawn(rng, URL_SAFE, 20),
        ]
    )


def slack_token(rng: random.Random) -> str:
    number = [drawn(rng, string.digits, rng.randint(11, 13)) for _ in range(3)]
    return rng.choice(
        [
            f"xoxb-{number[0]}-{number[1]}-{drawn(rng, BASE62, 24)}",
            f"xoxp-{number[0]}-{number[1]}-{number[2]}-{drawn(rng, LOWER_HEX, 32)}",
            f"xapp-1-A{drawn(rng, UPPER, 10)}-{number[0]}-{drawn(rng, LOWER_HEX, 64)}",
        ]
    )


def slack_webhook(rng: random.Random) -> str:
    team, channel = drawn(rng, UPPER, rng.randint(8, 10)), drawn(rng, UPPER, rng.randint(8, 10))
    return f"https://hooks.slack.com/services/T{team}/B{channel}/{drawn(rng, BASE62, 24)}"


def openai_key(rng: random.Random) -> str:
    old = f"sk-{drawn(rng, BASE62, 20)}T3BlbkFJ{drawn(rng, BASE62, 20)}"
    kind, half = rng.choice(["proj", "svcacct", "admin"]), rng.choice([58, 74])
    return rng.choice([old, f"sk-{kind}-{drawn(rng, URL_SAFE, half)}T3BlbkFJ{drawn(rng, URL_SAFE, half)}"])


def jwt(rng: random.Random) -> str:
    claims = {"sub": drawn(rng, string.digits, 10), "iat": rng.randint(10**9, 2 * 10**9), "name": drawn(rng, BASE62, 8)}
    header = {"alg": rng.choice(["HS256", "RS256", "ES256"]), "typ": "JWT"}
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in (header, claims)]
    return ".".join([*parts, drawn(rng, URL_SAFE, rng.choice([43, 86, 342]))])


def private_key(rng: random.Random) -> str:
    kind = rng.choice([*PEM_KINDS, "ENCRYPTED PRIVATE KEY", "PGP PRIVATE KEY BLOCK"])
    lines = [drawn(rng, BASE64, 64) for _ in range(rng.randint(3, 24))]
    headers = ["Version: GnuPG v2", ""] if kind.startswith("PGP") else []
    if kind.startswith("RSA") and rng.random() < 0.3:
        headers = ["Proc-Type: 4,ENCRYPTED", f"DEK-Info: AES-128-CBC,{drawn(rng, UPPER[:6] + '0123456789', 32)}", ""]
    joint = rng.choice(["\n", "\n", "\\n", "\r\n"])
    return joint.join([f"-----BEGIN {kind}-----", *headers, *lines, f"-----END {kind}-----"])


def putty_key(rng: random.Random) -> str:
    lines = "\n".join(drawn(rng, BASE64, 64) for _ in range(4))
    return (
        f"PuTTY-User-Key-File-{rng.choice('23')}: ssh-rsa\nEncryption: none\nComment: rsa-key\n"
        f"Public-Lines: 4\n{lines}\nPrivate-Lines: 4\n{lines}\nPrivate-MAC: {drawn(rng, LOWER_HEX, 40)}"
    )


def password(rng: random.Random) -> str:
    """What a password manager makes, or a number of hex digits or of base 64."""
    manager = [*drawn(rng, BASE62, rng.randint(8, 20)), *drawn(rng, string.digits, 2), *drawn(rng, "!#$%^*_-+", 2)]
    rng.shuffle(manager)
    return rng.choice(
        [
            "".join(manager),
            drawn(rng, BASE62, rng.randint(20, 48)),
            drawn(rng, LOWER_HEX, rng.choice([32, 40, 64])),
            drawn(rng, BASE64, 43) + "=",
        ]
    )


def url_credentials(rng: random.Random) -> str:
    scheme, user, path = rng.choice(SCHEMES), rng.choice(["app", "admin", "svc_user", "root"]), rng.choice("0ab")
    secret = drawn(rng, BASE62 + "!*_-.~", rng.randint(8, 24))
    return f"{scheme}://{user}:{secret}@{rng.choice(HOSTS)}/{path}"


def assignment(rng: random.Random) -> str:
    name, value = rng.choice(NAMES), password(rng)
    shape = rng.choice(
        [
            '{name} = "{value}"',
            "{name}='{value}'",
            '"{name}": "{value}",',
            "'{name}' => '{value}',",
            '{name} := "{value}"',
            'connect(user="app", {name}="{value}")',
            'config["{name}"] = "{value}"',
            '{name}: str = "{value}"',
            'private static final String {name} = "{value}";',
            'os.environ["{name}"] = "{value}"',
            'const {name}: string = "{value}";',
        ]
    )
    return shape.format(name=name, value=value)


def aws_secret_key(rng: random.Random) -> str:
    shape = rng.choice(
        [
            'aws_secret_access_key = "{}"',
            "AWS_SECRET_ACCESS_KEY={}",
            "export AWS_SECRET_ACCESS_KEY='{}'",
            'aws_secret_key: "{}"',
            '"SecretAccessKey": "{}"',
        ]
    )
    return shape.format(drawn(rng, BASE64, 40))


def twilio_key(rng: random.Random) -> str:
    return f'TwilioRestClient("{"SK" + drawn(rng, LOWER_HEX, 32)}")'


def discord_bot_token(rng: random.Random) -> str:
    user = base64.b64encode(str(rng.randint(10**17, 10**19)).encode()).decode().rstrip("=")
    return f"{user}.{drawn(rng, URL_SAFE, 6)}.{drawn(rng, URL_SAFE, rng.choice([27, 38]))}"


def sentry_token(rng: random.Random) -> str:
    claims = {
        "iat": 1e9 * rng.random(),
        "url": "https://sentry.io",
        "region_url": "https://us.sentry.io",
        "org": "acme",
    }
    body = base64.b64encode(json.dumps(claims).encode()).decode()
    return rng.choice([f"sntrys_{body}_{drawn(rng, BASE64, 43)}", "sntryu_" + drawn(rng, LOWER_HEX, 64)])


def tailscale_key(rng: random.Random) -> str:
    kind = rng.choice(["auth", "api", "client"])
    return f"tskey-{kind}-k{drawn(rng, BASE62, 11)}CNTRL-{drawn(rng, BASE62, rng.randint(32, 35))}"


GENERATORS: dict[str, Make] = {
    "aws_access_key": fixed("AKIA ASIA", string.ascii_uppercase + "234567", 16),
    "aws_secret_key": aws_secret_key,
    "github_token": fixed("ghp_ gho_ ghu_ ghs_ ghr_", BASE62, 36),
    "github_fine_grained_token": lambda rng: f"github_pat_{drawn(rng, BASE62, 22)}_{drawn(rng, BASE62, 59)}",
    "gitlab_token": gitlab_token,
    "slack_token": slack_token,
    "slack_webhook": slack_webhook,
    "stripe_key": fixed("sk_live_ rk_live_ sk_test_ rk_test_", BASE62, 24, 99),
    "google_api_key": fixed("AIza", URL_SAFE, 35),
    "google_oauth_secret": fixed("GOCSPX-", URL_SAFE, 28),
    "openai_key": openai_key,
    "anthropic_key": fixed("sk-ant-api03- sk-ant-admin01-", URL_SAFE, 93, suffix="AA"),
    "hugging_face_token": fixed("hf_", string.ascii_letters, 34),
    "npm_token": fixed("npm_", BASE62, 36),
    "pypi_token": fixed("pypi-AgEIcHlwaS5vcmc", URL_SAFE, 120, 180),
    "sendgrid_key": lambda rng: f"SG.{drawn(rng, URL_SAFE, 22)}.{drawn(rng, URL_SAFE, 43)}",
    "twilio_key": twilio_key,
    "azure_storage_key": lambda rng: (
        f"DefaultEndpointsProtocol=https;AccountName=acme;AccountKey={drawn(rng, BASE64, 86)}==;"
        "EndpointSuffix=core.windows.net"
    ),
    "jwt": jwt,
    "telegram_bot_token": lambda rng: f"{drawn(rng, '123456789', rng.randint(8, 10))}:AA{drawn(rng, URL_SAFE, 33)}",
    "discord_webhook": lambda rng: (
        f"https://{rng.choice(['discord', 'discordapp'])}.com/api/webhooks/{rng.randint(10**17, 10**19)}/"
        f"{drawn(rng, URL_SAFE, 68)}"
    ),
    "private_key": private_key,
    "putty_private_key": putty_key,
    "url_credentials": url_credentials,
    "assigned_secret": assignment,
    "digitalocean_token": fixed("dop_v1_ doo_v1_ dor_v1_", LOWER_HEX, 64),
    "shopify_token": fixed("shpat_ shpca_ shppa_ shpss_", LOWER_HEX, 32),
    "databricks_token": fixed("dapi", LOWER_HEX, 32),
    "docker_token": fixed("dckr_pat_", URL_SAFE, 27),
    "age_secret_key": fixed("AGE-SECRET-KEY-1", "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58),
    "vault_token": fixed("hvs.", URL_SAFE, 90, 110),
    "grafana_token": lambda rng: f"glsa_{drawn(rng, BASE62, 32)}_{drawn(rng, LOWER_HEX, 8)}",
    "groq_key": fixed("gsk_", BASE62, 52),
    "replicate_token": fixed("r8_", BASE62, 37),
    "airtable_token": lambda rng: f"pat{drawn(rng, BASE62, 14)}.{drawn(rng, LOWER_HEX, 64)}",
    "atlassian_token": lambda rng: f"ATATT3xFfGF0{drawn(rng, URL_SAFE, 171)}={drawn(rng, '0123456789ABCDEF', 8)}",
    "brevo_key": lambda rng: f"xkeysib-{drawn(rng, LOWER_HEX, 64)}-{drawn(rng, BASE62, 16)}",
    "cloudflare_origin_key": lambda rng: f"v1.0-{drawn(rng, LOWER_HEX, 24)}-{drawn(rng, LOWER_HEX, 146)}",
    "crates_token": fixed("cio", BASE62, 32),
    "deepseek_key": fixed("sk-", LOWER_HEX, 32),
    "discord_bot_token": discord_bot_token,
    "doppler_token": fixed("dp.pt. dp.st.", BASE62, 43),
    "dynatrace_token": lambda rng: f"dt0c01.{drawn(rng, UPPER, 24)}.{drawn(rng, UPPER, 64)}",
    "figma_token": fixed("figd_", URL_SAFE, 40),
    "heroku_key": fixed("HRKU-AA", URL_SAFE, 58),
    "langsmith_key": lambda rng: f"lsv2_pt_{drawn(rng, LOWER_HEX, 32)}_{drawn(rng, LOWER_HEX, 10)}",
    "mailgun_key": lambda rng: f'Mailgun(api_key="key-{drawn(rng, LOWER_HEX, 32)}")',
    "new_relic_key": fixed("NRAK-", UPPER, 27),
    "nuget_key": fixed("oy2", string.ascii_lowercase + string.digits, 43),
    "openrouter_key": fixed("sk-or-v1-", LOWER_HEX, 64),
    "pinecone_key": lambda rng: f"pcsk_{drawn(rng, BASE62, 6)}_{drawn(rng, BASE62, 63)}",
    "planetscale_token": fixed("pscale_tkn_ pscale_pw_ pscale_oauth_", URL_SAFE, 43),
    "postman_key": lambda rng: f"PMAK-{drawn(rng, LOWER_HEX, 24)}-{drawn(rng, LOWER_HEX, 34)}",
    "pulumi_token": fixed("pul-", LOWER_HEX, 40),
    "rubygems_key": fixed("rubygems_", LOWER_HEX, 48),
    "sentry_token": sentry_token,
    "sonarqube_token": fixed("sqp_ squ_ sqa_", LOWER_HEX, 40),
    "square_secret": fixed("sq0csp-", URL_SAFE, 43),
    "supabase_token": fixed("sbp_", LOWER_HEX, 40),
    "tailscale_key": tailscale_key,
    "terraform_token": lambda rng: f"{drawn(rng, BASE62, 14)}.atlasv1.{drawn(rng, BASE62, 67)}",
}

UNSEEN: dict[str, Make] = {
    "clojars": fixed("CLOJARS_", string.ascii_lowercase + string.digits, 60),
    "elevenlabs": fixed("sk_", LOWER_HEX, 48),
    "fireworks": fixed("fw_", BASE62, 24),
    "flutterwave": lambda rng: f"FLWSECK-{drawn(rng, LOWER_HEX, 32)}-X",
    "linear": fixed("lin_api_", BASE62, 40),
    "netlify": fixed("nfp_", BASE62, 36),
    "notion": lambda rng: f"ntn_{drawn(rng, string.digits, 11)}{drawn(rng, BASE62, 35)}",
    "nvidia": fixed("nvapi-", URL_SAFE, 64),
    "perplexity": fixed("pplx-", BASE62, 48),
    "prefect": fixed("pnu_", BASE62, 36),
    "readme": fixed("rdme_", LOWER_HEX, 70),
    "resend": lambda rng: f"re_{drawn(rng, BASE62, 8)}_{drawn(rng, BASE62, 24)}",
    "scaleway": lambda rng: f"SCW{drawn(rng, UPPER, 17)}",
    "tavily": fixed("tvly-dev-", BASE62, 32),
    "voyage": fixed("pa-", URL_SAFE, 43),
    "xai": fixed("xai-", BASE62, 80),
}
"""Kinds that no rule names."""

CARRIERS = (
    '"{}"\n',
    "token: {}\n",
    "# {}\n",
    "export X={}\n",
    "client = Client('{}')\n",
    '    return f("{}", 3)\n',
    '{{"value": "{}"}}\n',
    "Authorization: Bearer {}\n",
    "<value>{}</value>\n",
)
WHOLE_LINES = {"assigned_secret", "aws_secret_key", "mailgun_key", "private_key", "putty_private_key", "twilio_key"}
"""Kinds whose generator gives whole lines, with what stands around the secret."""


def planted(kind: str, count: int, seed: int = 0) -> list[str]:
    """So many pieces of text, each of which holds one secret of the kind."""
    rng = random.Random(f"{seed} {kind}")
    pieces = []
    for _ in range(count):
        secret = (GENERATORS | UNSEEN)[kind](rng)
        pieces.append(f"{secret}\n" if kind in WHOLE_LINES else rng.choice(CARRIERS).format(secret))
    return pieces
