"""The local server itself: what it says, what goes wrong, what it counts; by raw HTTP."""

import http.client
import json
import socket
import time
from collections import Counter
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from tests.llm.server import Handle, read_log, running
from tests.llm.server_calls import KEY, ask, post, question, until
from tests.llm.server_settings import BILLED_FAULTS, FAULTS, Chooser, Settings

SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 3, "maxLength": 20},
        "level": {"enum": ["easy", "hard"]},
        "score": {"type": "integer", "minimum": 1, "maximum": 5},
        "share": {"type": "number", "maximum": 1, "minimum": 0},
        "done": {"type": "boolean"},
        "tags": {"type": "array", "items": {"$ref": "#/$defs/Tag"}, "minItems": 3},
        "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
    },
    "required": ["name", "level", "score", "share", "done", "tags", "note"],
    "additionalProperties": False,
    "$defs": {"Tag": {"type": "object", "properties": {"word": {"type": "string"}}, "required": ["word"]}},
}


def test_answers_depend_on_the_seed_and_the_request_alone(server: Handle) -> None:
    first = ask(server, 1, max_tokens=400)
    assert ask(server, 1, max_tokens=400) == first
    text = first["choices"][0]["message"]["content"]
    assert len(text) == 1000 and first["choices"][0]["finish_reason"] == "stop"
    assert ask(server, 2)["choices"][0]["message"]["content"] != text
    server.set(seed=1)
    assert ask(server, 1, max_tokens=400) != first


def test_max_tokens_n_stop_and_logprobs(server: Handle) -> None:
    answer = ask(server, 1, max_tokens=100, n=3)
    texts = [choice["message"]["content"] for choice in answer["choices"]]
    assert len(set(texts)) == 3 and {len(text) for text in texts} == {400}
    assert {choice["finish_reason"] for choice in answer["choices"]} == {"length"}
    assert answer["usage"] == {"prompt_tokens": 8, "completion_tokens": 300, "total_tokens": 308}
    assert "." not in ask(server, 1, stop=["."])["choices"][0]["message"]["content"]
    assert ask(server, 1, logprobs=True)["choices"][0]["logprobs"]["content"][0]["logprob"] == -0.5


def test_an_answer_fits_its_schema(server: Handle) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    wanted = {"type": "json_schema", "json_schema": {"name": "exercise", "strict": True, "schema": SCHEMA}}
    answers = [ask(server, item, response_format=wanted)["choices"][0]["message"]["content"] for item in range(20)]
    for answer in answers:
        jsonschema.validate(json.loads(answer), SCHEMA)
    assert len(set(answers)) == 20
    server.set(faults={"bad_json_content": [3]})
    with pytest.raises(ValueError):
        json.loads(ask(server, 3, response_format=wanted)["choices"][0]["message"]["content"])
    server.set(schema_supported=False)
    status, _, body = post(server, question(1, response_format=wanted))
    assert status == 400 and json.loads(body)["error"]["param"] == "response_format"


def test_pipelined_split_and_chunked_requests_are_answered_in_order(server: Handle) -> None:
    """Seven bytes at a time, three requests at once, the second in chunks, the last one saying goodbye."""
    server.set(latency_s=0.02)
    bodies = [json.dumps(question(item)).encode() for item in range(3)]
    head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: here\r\n"
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (bodies[1][:9], bodies[1][9:])) + b"0\r\n\r\n"
    sent = head + b"Content-Length: %d\r\n\r\n%s" % (len(bodies[0]), bodies[0])
    sent += head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks
    sent += head + b"Connection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(bodies[2]), bodies[2])
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        for start in range(0, len(sent), 7):
            connection.sendall(sent[start : start + 7])
        received = b"".join(iter(lambda: connection.recv(65536), b""))
    ids = [json.loads(part.partition(b"\r\n\r\n")[2])["id"] for part in received.split(b"HTTP/1.1 ")[1:]]
    assert ids == [ask(server, item)["id"] for item in range(3)]
    assert server.counters()["connections"] == 4


def test_not_http_is_400_and_an_unknown_route_404(server: Handle) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(b"hello\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 400")
    assert post(server, {}, "/v1/embeddings")[0] == 404
    assert post(server, {"model": "any"})[0] == 400


def test_every_fault_does_what_it_says(server: Handle) -> None:
    """Each with one item; the bill is as its group says."""
    names = [name for name in FAULTS if name not in ("hang", "says_close", "closes")]
    server.set(faults={name: [at] for at, name in enumerate(names)}, trickle_s=0.01)
    wanted = {"type": "json_object"}
    got = {name: post(server, question(at, response_format=wanted, max_tokens=500)) for at, name in enumerate(names)}
    statuses = {name: status for name, (status, _, _) in got.items()}
    assert statuses.pop("server_error") in (500, 502, 503)
    special = {"rate_limit": 429, "unauthorized": 401, "key_echo": 401, "no_model": 404, "html_error": 502}
    special |= dict.fromkeys(("poison", "schema_unsupported"), 400)
    special |= dict.fromkeys(("drop_before", "drop_after", "drop_within"), 0)
    assert statuses == {name: special.get(name, 200) for name in statuses}
    assert KEY in got["key_echo"][2].decode() and KEY not in got["unauthorized"][2].decode()
    assert got["html_page"][1]["content-type"] == "text/html"
    assert got["rate_limit"][1]["retry-after"] == "1"
    with pytest.raises(ValueError):
        json.loads(got["bad_json_body"][2])
    answers = {
        name: json.loads(got[name][2])
        for name in BILLED_FAULTS
        if statuses.get(name) == 200 and name != "bad_json_body"
    }
    usages = {name: answer.get("usage", "none") for name, answer in answers.items() if name.startswith("usage")}
    assert usages["usage_missing"] == "none" and usages["usage_null"] is None
    counts = {name: usages[f"usage_{name}"]["completion_tokens"] for name in ("negative", "zero", "small", "large")}
    assert counts["negative"] < 0 == counts["zero"] and counts["small"] < 10 < 1000 < counts["large"]
    choices = {name: answer["choices"][0] for name, answer in answers.items() if answer["choices"]}
    assert answers["no_choices"]["choices"] == [] and choices["empty"]["message"]["content"] == ""
    assert choices["truncate"]["finish_reason"] == "length"
    assert choices["refusal"]["message"]["content"] is None and choices["refusal"]["message"]["refusal"]
    assert choices["content_filter"]["finish_reason"] == "content_filter"
    assert {"\x00", "\ud800", "\u2028"} <= set(choices["odd_text"]["message"]["content"])
    billed = {names[item] for item in server.items().billed}
    assert billed == set(names) & BILLED_FAULTS.keys()
    counters = server.counters()
    assert counters["undelivered"] == 2 and counters["faults"] == dict.fromkeys(names, 1)
    assert counters["requests"] == len(names) and counters["items_billed"] == counters["billed"] == len(billed)


def test_faults_come_at_their_rates_and_the_same_again(server: Handle) -> None:
    faults = {"rate_limit": 0.1, "server_error": 0.1, "truncate": 0.05, "poison": 0.02}
    server.set(faults=faults, retry_after="absent")
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
    runs = []
    for _ in range(2):
        server.reset()
        statuses = []
        for number in range(2000):
            connection.request("POST", "/v1/chat/completions", json.dumps(question(number // 2)))
            response = connection.getresponse()
            response.read()
            statuses.append(response.status)
            assert response.getheader("retry-after") is None
        runs.append((statuses, server.counters()["faults"]))
    connection.close()
    assert runs[0] == runs[1]
    statuses, counts = runs[0]
    assert all(0.6 < counts[name] / (2000 * rate) < 1.4 for name, rate in faults.items())
    assert Counter(statuses)[200] == server.counters()["billed"]
    assert all(statuses[at] == statuses[at ^ 1] for at, status in enumerate(statuses) if status == 400)


def test_a_fault_of_first_attempts_ends(server: Handle) -> None:
    server.set(faults={"server_error": {"items": [1, 2], "attempts": 2}}, error_status=503)
    assert [post(server, question(1))[0] for _ in range(4)] == [503, 503, 200, 200]
    assert server.items().received == {1: 4} and server.items().billed == {1: 2}


def test_wrong_settings_are_refused_by_name(server: Handle) -> None:
    for wrong, named in (({"latency": 1}, "latency"), ({"faults": {"slow": 0.1}}, "slow_body")):
        with pytest.raises(ValueError, match=named):
            server.set(**wrong)
    with pytest.raises(ValueError, match="add up"):
        Chooser(Settings(faults={"hang": 0.7, "poison": 0.7}))


def test_limits_answer_429_when_exceeded(server: Handle) -> None:
    server.set(rpm=6, limit_window_s=30, retry_after="date")
    got = [post(server, question(item)) for item in range(5)]
    assert [status for status, _, _ in got] == [200] * 3 + [429] * 2
    assert [headers["x-ratelimit-remaining-requests"] for _, headers, _ in got] == ["2", "1", "0", "0", "0"]
    assert parsedate_to_datetime(got[4][1]["retry-after"]).timestamp() == pytest.approx(time.time() + 10, abs=5)
    server.set(rpm=None, tpm=6000, limit_window_s=10, retry_after="seconds")
    got = [post(server, question(item, max_tokens=480)) for item in range(4)]
    assert [status for status, _, _ in got] == [200, 200, 429, 429]
    assert 0 < float(got[3][1]["retry-after"]) < 10


def test_a_hang_leaves_with_its_peer_and_a_late_answer_is_billed_to_nobody_there(server: Handle) -> None:
    server.set(faults={"hang": [1]}, latency_s=0.5)
    body = json.dumps(question(1)).encode()
    late = json.dumps(question(2)).encode()
    head = b"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: %d\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port)) as hung:
        hung.sendall(head % len(body) + body)
        with socket.create_connection(("127.0.0.1", server.port)) as leaver:
            leaver.sendall(head % len(late) + late)
            until(lambda: server.counters()["max_in_flight"] == 2)
        until(lambda: server.counters()["in_flight"] == 1)
    until(lambda: server.counters()["in_flight"] == 0)
    assert server.counters()["undelivered"] == 1
    assert server.items().billed == {2: 1}


def test_closing_is_not_what_is_announced(server: Handle) -> None:
    server.set(faults={"says_close": [1], "closes": [2]})
    body = json.dumps(question(1)).encode(), json.dumps(question(2)).encode()
    head = b"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: %d\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=0.2) as connection:
        connection.sendall(head % len(body[0]) + body[0])
        assert b"connection: close" in connection.recv(65536)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        connection.sendall(head % len(body[1]) + body[1])
        assert b"connection: close" not in connection.recv(65536)
        assert connection.recv(1) == b""


def test_down_refuses_and_comes_back(server: Handle) -> None:
    server.down(0.5)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port))
    until(lambda: post(server, question(1))[0] == 200)


def test_the_log_holds_what_is_billed_and_keys_are_only_counted(tmp_path: Any) -> None:
    log = tmp_path / "billed.tsv"
    with running(log=str(log), api_key=KEY, usd_per_million_prompt=1.0, usd_per_million_completion=2.0) as server:
        ask(server, 5)
        ask(server, 5)
        server.set(api_key="another")
        assert post(server, question(6))[0] == 401
        counters = server.counters()
    lines = read_log(log)
    assert [line.item for line in lines] == ["5", "5"] and lines[0] == lines[1]
    assert counters["prompt_tokens"] == sum(line.prompt_tokens for line in lines)
    usd = sum(line.prompt_tokens + 2 * line.completion_tokens for line in lines) / 1e6
    assert counters["usd"] == pytest.approx(usd) and counters["keys"] == 1
    assert KEY not in log.read_text() and KEY not in json.dumps(counters)
