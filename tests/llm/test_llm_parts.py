"""Keys, limits, reading answers, the connection, the progress line, and Ctrl-C."""

import asyncio
import io
import json
import shutil
import signal
import ssl
import subprocess
import sys
import time

import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.llm.server import running
from textbook.llm import Patience, Request, Said, Scripted, Summary
from textbook.llm.http_connection import Direct, Reply, SendError
from textbook.llm.job import Job
from textbook.llm.journal_read import stats
from textbook.llm.key import Scope
from textbook.llm.limiter import Breaker, Concurrency, Rate, duration_s, exhausted_s
from textbook.llm.outcome import judge, retry_after_s
from textbook.llm.progress import figures
from textbook.llm.structured import parse, response_format
from textbook.llm.transport import scrub

SCOPE = Scope("host/v1", "model")


def key(request, scope=SCOPE):
    return scope.prepare(request).key


def test_a_key_is_of_what_changes_the_answer():
    base = Request.of("hello", temperature=1, stop=["a"])
    same = [
        Request.of("hello", temperature=1.0, stop=["a"]),
        Request.of("hello", temperature=1, stop=("a",), max_tokens=7),
        Request.of("hello", stop=["a"], temperature=1, key="row"),
        Request([{"content": "hello", "role": "user"}], {"stop": ["a"], "temperature": 1}),
    ]
    assert {key(request) for request in same} == {key(base)}
    others = [
        Request.of("hello!", temperature=1, stop=["a"]),
        Request.of("hello", temperature=0.9, stop=["a"]),
        Request.of("hello", temperature=1, stop=["a"], sample_index=1),
        Request.of("hello", "system", temperature=1, stop=["a"]),
        Request.of("hello", temperature=1, stop=["a"], schema={"type": "object"}),
    ]
    keys = {key(request) for request in others} | {key(base, Scope("other", "model")), key(base, Scope("host/v1", "m"))}
    assert len(keys) == len(others) + 2 and key(base) not in keys


def test_a_key_is_the_same_tomorrow():
    request = Request.of("h\u00e9llo \U0001f600", "be kind", temperature=0.7, seed=1, schema={"type": "object"})
    assert key(request) == "73518dc52deb4d4f7552c33d2658a094"


@given(st.text(), st.text(), st.text())
def test_the_bound_holds_for_every_byte(prompt, system, tool):
    prepared = SCOPE.prepare(Request.of(prompt, system, tools=[{"description": tool}]))
    assert prepared.max_prompt_tokens >= len((prompt + system + tool).encode("utf-8", "surrogatepass"))


def test_a_rate_lets_through_what_it_says():
    rate, now, taken = Rate(600), 0.0, 0
    while now < 10:
        wait = rate.wait_s(1, now)
        if wait == 0:
            rate.take(1)
            taken += 1
        else:
            now += wait
    assert 100 <= taken <= 112
    rate.wait_s(1, now)
    rate.correct(0)
    assert rate.wait_s(1, now) == pytest.approx(0.1)
    assert rate.wait_s(10_000, now) == pytest.approx(1.0), "more than a burst goes when the bucket is full"
    with pytest.raises(ValueError):
        Rate(0)


def test_concurrency_grows_is_cut_once_and_grows_again():
    limit = Concurrency(512)
    for _ in range(4):
        for _ in range(int(limit.limit)):
            limit.succeeded(int(limit.limit))
    assert limit.limit == 512
    limit.overloaded(100.0)
    limit.overloaded(101.0)
    assert limit.limit == pytest.approx(512 * 0.8)
    for _ in range(10):
        limit.succeeded(3)
    assert limit.limit == pytest.approx(512 * 0.8), "it does not grow while it is not used"
    limit.overloaded(116.0)
    assert limit.limit == pytest.approx(512 * 0.64)
    for _ in range(5000):
        limit.succeeded(int(limit.limit))
    assert limit.limit == 512


def test_a_breaker_trips_probes_and_closes():
    breaker = Breaker(threshold=3)
    for _ in range(20):
        breaker.failed(10.0, "no")
    assert breaker.tripped and breaker.wait_s(10.0) == 1.0 and breaker.wait_s(11.0) == 0.0
    breaker.probing(11.0, 60.0)
    assert breaker.wait_s(11.5) > 0, "one at a time"
    breaker.failed(12.0, "no")
    assert breaker.wait_s(12.0) == 1.5
    breaker.succeeded()
    assert not breaker.tripped and breaker.failing_since is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("20ms", 0.02),
        ("6m0s", 360),
        ("1h2m3.5s", 3723.5),
        ("7", 7),
        ("1.5", 1.5),
        ("soon", None),
        ("", None),
        ("5x", None),
    ],
)
def test_durations(text, seconds):
    assert duration_s(text) == seconds


def test_headers_that_say_wait():
    assert exhausted_s({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "2s"}) == 2
    assert exhausted_s({"x-ratelimit-remaining-requests": "5", "x-ratelimit-reset-requests": "2s"}) == 0
    assert exhausted_s({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "99h"}) == 60
    assert retry_after_s({"retry-after": "2"}) == 2 and retry_after_s({"retry-after-ms": "50"}) == 0.05
    assert retry_after_s({}) is None and retry_after_s({"retry-after": "soon"}) is None
    assert retry_after_s({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0
    assert retry_after_s({"retry-after": "nan"}) is None and retry_after_s({"retry-after": "9e9"}) is None


class Point(pydantic.BaseModel):
    x: int
    y: int = 0


@pytest.mark.parametrize(
    "text",
    [
        '{"x": 1}',
        ' {"x": 1}\n',
        '```json\n{"x": 1}\n```',
        'Sure! Here it is: {"x": 1} I hope it helps {you}.',
        '```\n{"x":1}```',
    ],
)
def test_values_are_found(text):
    assert parse(text, Point) == (Point(x=1), None)
    assert parse(text, Point.model_json_schema()) == ({"x": 1}, None)


@pytest.mark.parametrize("text", ["", "nothing here", '{"x": ', '{"x": "one"}', "[1, 2]", '{"y": 1}'])
@pytest.mark.parametrize("schema", [Point, Point.model_json_schema()])
def test_values_that_do_not_fit(text, schema):
    value, problem = parse(text, schema)
    assert value is None and problem


@given(st.text())
@settings(deadline=None)
def test_no_text_breaks_the_reader(text):
    value, problem = parse(text, {"type": "object"})
    assert (problem is None) == isinstance(value, dict)


def test_strict_schemas_are_sent_as_such():
    closed = {"type": "object", "properties": {"x": {}}, "required": ["x"], "additionalProperties": False}
    assert json.loads(response_format(json.dumps(closed)))["json_schema"]["strict"]
    assert not json.loads(response_format(json.dumps(Point.model_json_schema())))["json_schema"]["strict"]
    with pytest.raises(ValueError, match="no JSON schema"):
        list(Scripted(["{}"]).generate([Request.of("x", schema={"type": "nonsense"})]))
    with pytest.raises(ValueError, match="pydantic"):
        list(Scripted(["{}"]).generate([Request.of("x", schema=3)]))


def test_an_answer_that_does_not_fit_is_sent_back_with_what_is_wrong():
    llm = Scripted(["no", '{"x": "a"}', '{"x": 5}'])
    (completion,) = llm.generate([Request.of("give a point", schema=Point)])
    assert completion.parsed == Point(x=5) and completion.attempts == 3
    assert [len(sent["messages"]) for sent in llm.sent] == [1, 3, 3]
    assert llm.sent[2]["messages"][1]["content"] == '{"x": "a"}'
    assert "x: Input should be a valid integer" in llm.sent[2]["messages"][2]["content"]


def test_a_server_may_name_the_limit_otherwise():
    said = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
    llm = Scripted([Said(said, status=400), "a", "b"])
    assert [c.text for c in llm.generate([Request.of("1", max_tokens=5), Request.of("2", max_tokens=5)])] == ["a", "b"]
    assert [next(n for n in sent if "tokens" in n) for sent in llm.sent] == ["max_tokens"] + 2 * [
        "max_completion_tokens"
    ]


HOSTILE = [
    "[" * 100_000,
    "[]",
    "null",
    '{"choices": []}',
    '{"choices": [1]}',
    '{"choices": [{"message": "x"}]}',
    '{"choices": [{"message": {"content": [1]}}]}',
    "\ufeff{}",
]


@pytest.mark.parametrize("status", [200, 400, 500])
@pytest.mark.parametrize("body", HOSTILE)
def test_no_reply_breaks_the_engine(status, body):
    job = Job(None, Request.of("x", max_tokens=5), SCOPE.prepare(Request.of("x", max_tokens=5)))
    verdict = judge(Reply(status, {}, body.encode()), job, Patience())
    assert verdict.error and (verdict.next == "end") == (status == 400)
    assert parse(body, {"type": "string"})[1]


@pytest.mark.parametrize(
    ("status", "code", "next_"),
    [(429, "insufficient_quota", "stop"), (429, "rate_limit_exceeded", "again"), (401, "", "stop"), (403, "", "stop")]
    + [(404, "", "stop"), (302, "", "stop"), (400, "", "end"), (413, "", "end"), (422, "", "end")]
    + [(408, "", "again"), (500, "", "again"), (503, "", "again"), (504, "", "again")],
)
def test_what_a_status_means(status, code, next_):
    job = Job(None, Request.of("x", max_tokens=5), SCOPE.prepare(Request.of("x", max_tokens=5)))
    body = json.dumps({"error": {"message": "no", "code": code}}).encode()
    verdict = judge(Reply(status, {}, body), job, Patience())
    assert verdict.next == next_
    assert bool(verdict.charged.completion_tokens) == (status in (408, 504)), "who may have done the work is charged"


def test_counts_beyond_reason_are_no_counts():
    said = Said("x", usage={"prompt_tokens": 10**40, "completion_tokens": 2**63})
    (completion,) = Scripted([said]).generate([Request.of("x", max_tokens=5)])
    assert completion.ok and completion.usage.completion_tokens == 5


def test_scrubbing():
    secrets = frozenset({"topsecret123", "ab"})
    text = scrub("key topsecret123, sk-proj-abcdef123, Bearer xyz12345, api_key=zzzzzz; about", secrets)
    assert all(part not in text for part in ("topsecret", "abcdef", "xyz12345", "zzzzzz")) and "about" in text


async def talk(raw_replies, timeout_s=1.0):
    """What `Direct` makes of a server that says `raw_replies`, one a request, whatever it is asked."""
    replies, connections = iter(raw_replies), 0

    async def serve(reader, writer):
        nonlocal connections
        connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
                await reader.readexactly(length)
                for part in next(replies):
                    if part is None:
                        return
                    writer.write(part)
                    await writer.drain()
                    await asyncio.sleep(0.01)
        except (asyncio.IncompleteReadError, ConnectionError, StopIteration):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    transport = Direct(f"http://127.0.0.1:{port}/v1/chat/completions?a=b", {"authorization": "Bearer x"})
    await transport.open()
    results = []
    try:
        for _ in raw_replies:
            try:
                results.append(await transport.post(b"{}", timeout_s))
            except SendError as error:
                results.append(error)
    finally:
        await transport.close()
        server.close()
        await server.wait_closed()
    return results, connections


def test_the_connection_reads_what_servers_send():
    import gzip

    packed = gzip.compress(b'{"a": 1}')
    replies = [
        [b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nX-RateLimit-Remaining-Tokens: 7\r\n\r\n{}"],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{", b'"\r\n4\r\na":1\r\n1\r\n}\r\n0\r\n\r\n'],
        [b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 429 Slow\r\nRetry-After: 3\r\nContent-Length: 0\r\n\r\n"],
        [b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(packed), packed],
        [b"HTTP/1.1 200 OK\r\n\r\n", b"until the end", None],
        [b"nonsense\r\n\r\n"],
        [b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf", None],
        [],
        [b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"],
    ]
    results, connections = asyncio.run(talk(replies))
    bodies = [result.body if not isinstance(result, SendError) else str(result) for result in results]
    assert bodies[0] == b"{}" and results[0].headers["x-ratelimit-remaining-tokens"] == "7"
    assert bodies[1] == b'{"a":1}'
    assert results[2].status == 429 and results[2].headers["retry-after"] == "3"
    assert bodies[3] == b'{"a": 1}' and bodies[4] == b"until the end"
    assert "not HTTP" in bodies[5] and "broke" in bodies[6] and "no answer in 1 s" in bodies[7]
    assert bodies[8] == b"ok"
    assert all(result.reached for result in results[5:8])
    assert connections == 5, "a connection is kept while it is good"


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes a certificate with openssl")
def test_it_speaks_tls_and_checks_who_answers(tmp_path, monkeypatch):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    )
    subprocess.run([*command.split(), "-keyout", key, "-out", certificate], check=True, capture_output=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)

    async def serve(reader, writer):
        await reader.readuntil(b"{}")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
        await writer.drain()
        writer.close()

    async def post():
        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
        port = server.sockets[0].getsockname()[1]
        transport = Direct(f"https://localhost:{port}/v1", {})
        await transport.open()
        try:
            return (await transport.post(b"{}", 5.0)).body
        except SendError as error:
            assert not error.reached
            return str(error)
        finally:
            await transport.close()
            server.close()
            await server.wait_closed()

    assert "CERTIFICATE_VERIFY_FAILED" in asyncio.run(post())
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert asyncio.run(post()) == b"ok"


def test_a_closed_port_was_not_reached():
    async def post():
        transport = Direct("http://127.0.0.1:9/v1", {})
        await transport.open()
        with pytest.raises(SendError) as caught:
            await transport.post(b"{}", 1.0)
        await transport.close()
        return caught.value.reached

    assert asyncio.run(post()) is False


def test_a_summary_adds_up_and_reads_well():
    llm = Scripted(["a", Said("no", status=400)])
    list(llm.generate([Request.of("1"), Request.of("2")]))
    assert (llm.summary.requests, llm.summary.done, llm.summary.failed, llm.summary.left) == (2, 1, 1, 0)
    assert "2 requests: 1 ok, 1 rejected (0 from the journal)" in str(llm.summary)
    half = Summary(total=100, usd=2.0, seconds=2.0, prompt_tokens=400)
    half.outcomes["ok"] = 50
    assert figures(half) == "50 done, 0 failed, 0 cached, 200 tokens/s, $2.00 of about $4.00"


def test_the_line_is_shown_where_someone_looks(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr("textbook.llm.progress.REDRAWN_S", 0.0)
    list(Scripted(lambda r: "x", progress=True).generate([Request.of(str(i)) for i in range(30)]))
    assert "30/30" in terminal.getvalue() and "30 done" in terminal.getvalue()
    quiet = io.StringIO()
    monkeypatch.setattr(sys, "stderr", quiet)
    list(Scripted(lambda r: "x", progress=True).generate([Request.of("1")]))
    assert quiet.getvalue() == ""


INTERRUPTED = """
import sys
from textbook.llm import OpenAICompatible, Request
llm = OpenAICompatible("any", sys.argv[1], api_key="any", journal=sys.argv[2], concurrency=4)
for completion in llm.generate(Request.of(f"[item {i}]", max_tokens=400) for i in range(1000)):
    print(completion.outcome, flush=True)
"""


def test_an_interruption_keeps_what_was_paid_for(tmp_path):
    journal = tmp_path / "journal.sqlite"
    with running(latency_s=0.3) as server:
        command = [sys.executable, "-c", INTERRUPTED, server.base_url, str(journal)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        process.stdout.readline()
        time.sleep(0.4)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
        assert "KeyboardInterrupt" in errors and "run again to go on" in errors
        billed = server.counters()["billed"]
        assert stats(journal).outcomes == {"ok": billed} and 4 <= billed < 100
        assert "on their way" not in stats(journal).attempts
