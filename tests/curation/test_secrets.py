import random
import sys
import sysconfig
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.contract import ODD_TEXTS, UNSTORABLE_TEXTS
from tests.curation.planted_secrets import GENERATORS, UNSEEN, WHOLE_LINES, planted
from textbook.curation import secrets as module
from textbook.curation.secret_rules import RULES
from textbook.curation.secrets import RedactSecrets, Secrets, find_secrets, scanned, spans_by
from textbook.curation.spans import Span, merge, redact
from textbook.keep import Keep

NUM_PLANTED = 200
REAL_TEXTS = [path.read_text(errors="replace") for path in sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))]


@pytest.fixture(params=["hyperscan", "keywords"])
def gate(request, monkeypatch):
    """Both ways to skip rules: the second is what happens where Hyperscan is not installed."""
    if request.param == "hyperscan":
        pytest.importorskip("hyperscan")
        yield
        return
    monkeypatch.setitem(sys.modules, "hyperscan", None)
    module._installed.cache_clear()
    yield
    monkeypatch.undo()
    module._installed.cache_clear()


def columns(step, *texts: str):
    return step({"id": [str(i) for i in range(len(texts))], "text": list(texts)})


def new(kind: str, seed: int = 5) -> str:
    return GENERATORS[kind](random.Random(seed))


@pytest.mark.usefixtures("gate")
@pytest.mark.parametrize("kind", GENERATORS)
def test_planted_secrets_are_found(kind):
    found = [[span.kind for span in find_secrets(piece)] for piece in planted(kind, NUM_PLANTED, seed=2)]
    assert sum(kinds == [kind] for kinds in found) >= 0.98 * NUM_PLANTED


def test_keys_of_unknown_providers_are_found_where_only_chance_writes_so():
    long_and_mixed = ("linear", "netlify", "notion", "perplexity", "prefect", "tavily", "xai")
    for kind in long_and_mixed:
        assert sum(bool(find_secrets(piece)) for piece in planted(kind, NUM_PLANTED, seed=2)) >= 0.95 * NUM_PLANTED
    assert not [kind for kind in UNSEEN if find_secrets(f"{kind}-0123456789abcdef0123456789abcdef01234567")]


@pytest.mark.parametrize("kind", sorted(GENERATORS.keys() - WHOLE_LINES - {"url_credentials"}))
def test_nothing_of_a_secret_is_left(kind):
    for seed in range(20):
        secret = new(kind, seed)
        text = f'x = "{secret}"\n'
        (span,) = find_secrets(text)
        left = columns(RedactSecrets(), text)["text"][0]
        assert left == f"{text[: span.start]}<{kind.upper()}_1>{text[span.end :]}"
        assert text[span.start : span.end] not in left and not find_secrets(left)


def test_the_gate_only_skips_work():
    pytest.importorskip("hyperscan")
    texts = [piece for kind in GENERATORS for piece in planted(kind, 20, seed=3)]
    texts = [*texts, *REAL_TEXTS[::2], *ODD_TEXTS.values(), *UNSTORABLE_TEXTS.values()]
    texts += [f"漢字\ud800🙂\0 {text}" for text in texts[:200]]
    wrong = [text for text in texts if spans_by(scanned(text), text) != spans_by(RULES, text)]
    assert not wrong


def test_the_standard_library_holds_no_secrets():
    assert len(REAL_TEXTS) > 100
    assert not [find_secrets(text) for text in REAL_TEXTS if find_secrets(text)]


PLACEHOLDERS = {
    "AWS's own example": "aws_access_key_id = AKIAIOSFODNN7EXAMPLE",
    "its secret": 'aws_secret_access_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"',
    "crosses": 'token = "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"',
    "changeme": 'password = "Changeme_123"',
    "your key": 'api_key = "<your API key 1>"',
    "a template": 'secret = "{{ vault.Secret1 }}"',
    "an f-string": 'token = f"{prefix}Ab1-{suffix}"',
    "a shell variable": 'password="$DB_PASSWORD1"',
    "from the environment": 'password = os.environ["DB_PASSWORD_1"]',
    "a URL of documentation": 'engine = create_engine("postgresql://scott:tiger@localhost/test")',
    "another": "https://user:password@example.com/",
    "a URL template": "postgresql://app:{password1X}@db.internal/x",
    "an ellipsis": 'client = OpenAI(api_key="sk-proj-Abc1...")',
    "the name of something": 'token_type = "Bearer_Token2"',
    "a URL": 'token_url = "https://Login.acme.io/oauth2/Token"',
    "a type": "'secret_ref': 'V1LocalObjectReference'",
    "a type's name": 'SUBJECT_TOKEN_TYPE = "urn:ietf:params:aws:token-type:aws4_request"',
    "a list's type": "'secrets': 'list[V1ObjectReference]'",
    "a request": '"ClientToken": "d5c090f5-8a0f-49c7-8281-72c796a21f72"',
    "a date": '"PasswordLastUsed": "2016-09-08T21:47:36Z"',
    "a page": '"NextToken": "c2VhcmNoQWxsVGFnc0luVGFibGVzIjpmYWxzZX0="',
    "an empty key": "-----BEGIN RSA PRIVATE KEY-----\n...\n-----END RSA PRIVATE KEY-----",
    "a public key": "-----BEGIN PUBLIC KEY-----\n" + "Ab3+/xYz" * 20 + "\n-----END PUBLIC KEY-----",
    "a digest": 'sha256 = "' + "0a1b2c3d4e5f6789" * 4 + '"',
    "a hash": '"password": "md5$seasalt$1e9bf2bf5606aa5c39852cc30f0f6f22"',
    "a hash of today": '"password": "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW"',
    "a translation": '"password": "Jelsz\\u00f3 (leg\\u00e1bb 8)", "secret": "\\u5bc6\\u94a5Key"',
    "a path": 'TOKEN_ENDPOINT = "/v1/oauth2/token"',
    "the next page": '"NextContinuationToken": "1w41l63U0xa8q7smH50vCxyTQqdxo69O3EmK28Bi5PcROI4wI/EyIJg=="',
    "a name with a digest": 'key = "elemwise-ffcd9aa2231d466b5aa91e8bfa9e9487"',
    "a cipher suite": "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256_AND_MORE_OF_THE_SAME_KIND_1234567",
    "jwt.io": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2"
    "MjM5MDIyfQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c",
}


@pytest.mark.parametrize("text", PLACEHOLDERS.values(), ids=PLACEHOLDERS.keys())
def test_placeholders_are_no_secrets(text):
    assert find_secrets(text) == []


def test_spans_are_characters_of_the_text():
    token = new("github_token")
    text = f"变量🙂 = '{token}'"
    out = columns(Secrets(), text)
    assert out["secrets"] == [[{"kind": "github_token", "start": 7, "end": 7 + len(token)}]]
    assert out["num_secrets"] == [1] and out["text"] == [text]


def test_a_kind_of_its_own_goes_before_an_assignment():
    token = new("github_token")
    assert [span.kind for span in find_secrets(f'auth_token = "{token}"')] == ["github_token"]


def test_equal_secrets_get_equal_placeholders():
    one, two = new("npm_token", 1), new("npm_token", 2)
    text = columns(RedactSecrets(), f"{one} {two} {one}")["text"][0]
    assert text == "<NPM_TOKEN_1> <NPM_TOKEN_2> <NPM_TOKEN_1>"


def test_the_rest_of_the_text_stays():
    key = new("private_key")
    url = "redis://app:q7Lw-x2Rt9@cache.internal/0"
    assert columns(RedactSecrets(), f"a\r\n{key}\r\nb")["text"] == ["a\r\n<PRIVATE_KEY_1>\r\nb"]
    assert columns(RedactSecrets(), url)["text"] == ["redis://app:<URL_CREDENTIALS_1>@cache.internal/0"]


def test_no_column_holds_the_value():
    token = new("stripe_key")
    out = columns(RedactSecrets(), f"key = '{token}'")
    assert token not in repr(out)
    assert token not in repr(Keep("num_secrets", at_most=0)(columns(Secrets(), token))["drop_reason"])


def test_keep_drops_rows_with_secrets():
    out = Keep("num_secrets", at_most=0)(columns(Secrets(), new("npm_token"), "x = 1"))
    assert out["drop_reason"] == ["num_secrets 1 > 0", None]


def test_threads_do_not_share_the_scanner():
    texts = [piece for kind in GENERATORS for piece in planted(kind, 10)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(find_secrets, texts)) == [find_secrets(text) for text in texts]


def test_overlapping_spans_become_one_of_the_first_kind():
    spans = [Span("b", 4, 9), Span("a", 2, 6), Span("c", 9, 12), Span("d", 10, 11)]
    assert merge(spans) == [Span("b", 2, 9), Span("c", 9, 12)]


def test_a_placeholder_of_the_text_is_not_used_again():
    assert redact("<KEY_1> abc", [Span("key", 8, 11)]) == "<KEY_1> <KEY_2>"


HOSTILE = {
    "web tokens": "-eyJaaaaaaaaaaaa" * 70_000 + ".eyJ",
    "URLs": "://a:" * 200_000,
    "keys begun": "-----BEGIN RSA PRIVATE KEY-----\n" * 30_000,
    "PuTTY keys begun": "PuTTY-User-Key-File-2: ssh-rsa\n" * 30_000,
    "assignments": "token='" * 140_000,
    "spaces": "secret" + " " * 10**6,
    "OpenAI keys": "sk-" * 300_000 + "T3BlbkFJ",
    "GitLab tokens": "glpat-" * 150_000,
    "prefixes": "ab-" * 300_000,
    "prefixed": ("ab-cd-" + "A1b2C3" * 20 + "-") * 7_000,
    "bot tokens begun": "MTIzNDU2Nzg5MDEyMzQ1Njc4." * 40_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_texts_take_no_longer_than_others(text):
    start = time.process_time()
    find_secrets(text)
    assert time.process_time() - start < 5
