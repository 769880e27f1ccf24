"""The engine against a real local server: order, outcomes, faults, resuming."""

import asyncio
import json
import logging
import pickle
import sqlite3
import threading
import time
from collections import Counter

import pydantic
import pytest

from textbook.llm import LLMError, OpenAICompatible, Patience, Request
from textbook.llm.journal_read import stats, verify

ROOM = {"max_tokens": 400}


def ask(items, **options):
    return [Request.of(f"[item {i}] say something", **{**ROOM, **options}) for i in items]


def test_answers_come_in_order_and_are_asked_once(engine, server):
    server.set(jitter_s=0.05)
    llm = engine()
    first = list(llm.generate(ask(range(300))))
    assert [c.outcome for c in first] == ["ok"] * 300
    assert llm.summary.done == llm.summary.requests == 300 and llm.summary.cached == 0
    server.set(jitter_s=0.0)
    again = list(llm.generate(iter(ask(range(300)))))
    assert [c.text for c in again] == [c.text for c in first]
    assert all(c.from_cache for c in again) and not any(c.from_cache for c in first)
    assert server.counters()["requests"] == 300
    assert len({c.text for c in first}) > 290
    assert len({c.key for c in first}) == 300
    assert abs(sum(c.cost for c in first) - server.counters()["usd"]) < 1e-9
    assert not verify(llm.journal)


def test_completions_stream(engine, server):
    server.set(latency_s=0.05)
    llm = engine(concurrency=2)
    completions = llm.generate(ask(range(40)))
    next(completions)
    assert server.counters()["billed"] < 40
    assert len(list(completions)) == 39


def test_requests_are_read_as_they_are_needed(engine, server):
    read = 0

    def requests():
        nonlocal read
        for request in ask(range(5000)):
            read += 1
            yield request

    server.set(latency_s=0.05)
    completions = engine(concurrency=4).generate(requests())
    for _ in range(3):
        next(completions)
    assert read < 1200
    completions.close()


def test_a_slow_source_does_not_hold_up_what_was_read(engine, server):
    def requests():
        for i, request in enumerate(ask(range(4))):
            time.sleep(0.5)
            assert server.counters()["billed"] == i
            yield request

    assert len(list(engine().generate(requests()))) == 4


def test_a_hanging_request_holds_up_nothing_but_its_place(engine, server):
    server.set(faults={"hang": {"items": [0], "attempts": 1}})
    llm = engine(concurrency=64, timeout_s=4)
    completions = llm.generate(ask(range(3000)))
    first = next(completions)
    assert first.ok and first.attempts == 2
    assert server.counters()["billed"] > 2500  # more than are held in memory
    rest = list(completions)
    assert all(c.ok and not c.from_cache for c in rest) and len(rest) == 2999
    assert [c.key for c in rest] == [c.key for c in engine().generate(ask(range(1, 3000)))]


def test_equal_requests_are_asked_once_and_samples_each(engine, server):
    same = ask([1, 1, 1])
    texts = [c.text for c in engine().generate(same)]
    assert len(set(texts)) == 1 and server.counters()["requests"] == 1
    samples = list(engine().generate(ask([1])[0].samples(4)))
    assert len({c.key for c in samples}) == 4 and samples[0].from_cache
    assert server.counters()["requests"] == 4


FAULTS = {"rate_limit": 0.1, "server_error": 0.1, "drop_before": 0.025, "drop_after": 0.025, "truncate": 0.05}
FAULTS |= {
    "bad_json_body": 0.02,
    "html_page": 0.02,
    "slow_body": 0.01,
    "closes": 0.02,
    "says_close": 0.02,
    "empty": 0.01,
}


def test_every_request_ends_once_under_faults(engine, server):
    server.set(faults=FAULTS | {"poison": [7, 77]}, retry_after_s=0.05, trickle_s=0.01)
    llm = engine(concurrency=64)
    completions = list(llm.generate(ask(range(400))))
    outcomes = Counter(c.outcome for c in completions)
    assert sum(outcomes.values()) == 400 == llm.summary.requests
    assert outcomes["rejected"] == 2 and completions[7].outcome == completions[77].outcome == "rejected"
    assert "This prompt was rejected." in completions[7].error
    assert outcomes["ok"] + outcomes["truncated"] == 398
    assert not verify(llm.journal)
    found = stats(llm.journal)
    assert sum(found.outcomes.values()) == 400
    assert found.attempts["limited"] > 10 and found.attempts["failed"] > 10 and found.attempts["lost"] >= 5
    requests = server.counters()["requests"]
    num_sent = sum(found.attempts.values())  # some met a connection that was just being closed
    assert requests <= num_sent <= requests + found.attempts["lost"]
    before = llm.summary
    assert len(list(llm.generate(ask(range(400))))) == 400
    assert server.counters()["requests"] == requests, "what has failed for good is not asked again"
    assert llm.summary.outcomes == before.outcomes


@pytest.mark.parametrize("how", ["seconds", "date", "ms", "absent"])
def test_rate_limits_are_waited_for(engine, server, how):
    wait_s = 1.2 if how == "date" else 0.3
    server.set(faults={"rate_limit": {"items": [3], "attempts": 1}}, retry_after=how, retry_after_s=wait_s)
    started = time.monotonic()
    completions = list(engine().generate(ask(range(5))))
    assert all(c.ok for c in completions) and completions[3].attempts == 2
    if how != "absent":
        assert time.monotonic() - started > (0.2 if how == "date" else 0.3)


def test_truncated_answers_get_more_room_once(engine, server):
    server.set(faults={"truncate": {"items": [1], "attempts": 1}, "refusal": [2]})
    one, two, three = engine().generate(ask([1, 2, 3]))
    assert one.ok and one.attempts == 2
    assert (two.outcome, three.outcome) == ("refused", "ok") and two.error
    server.set(faults={"truncate": [4]})
    llm = engine()
    (cut,) = llm.generate(ask([4]))
    assert cut.outcome == "truncated" and cut.text and cut.attempts == 2 and cut.error == "cut off at max_tokens=800"


def test_more_room_asks_again_what_was_cut_off_and_nothing_else(engine, server):
    server.set(faults={"truncate": [1]})
    llm = engine(patience=Patience(room_factor=1))
    assert [c.outcome for c in llm.generate(ask([0, 1, 2]))] == ["ok", "truncated", "ok"]
    server.set(faults={})
    sent = server.counters()["requests"]
    assert [c.outcome for c in llm.generate(ask([0, 1, 2]))] == ["ok", "truncated", "ok"]
    assert server.counters()["requests"] == sent
    assert [c.from_cache for c in llm.generate(ask([0, 1, 2], max_tokens=900))] == [True, False, True]
    assert server.counters()["requests"] == sent + 1
    assert stats(llm.journal).outcomes == {"ok": 3}


class Score(pydantic.BaseModel):
    label: str
    score: int


@pytest.mark.parametrize("schema", [Score, Score.model_json_schema()])
def test_schemas(engine, server, schema):
    server.set(faults={"bad_json_content": {"items": [1], "attempts": 1}})
    requests = [Request.of(f"[item {i}] rate", schema=schema, max_tokens=400) for i in range(3)]
    completions = list(engine().generate(requests))
    for completion in completions:
        assert completion.ok, completion
        parsed = completion.parsed if isinstance(completion.parsed, dict) else completion.parsed.model_dump()
        assert set(parsed) == {"label", "score"}
    assert completions[1].attempts == 2
    assert [c.parsed for c in engine().generate(requests)] == [c.parsed for c in completions]


def test_answers_that_never_fit(engine, server):
    server.set(faults={"bad_json_content": [1]})
    (completion,) = engine().generate([Request.of("[item 1] rate", schema=Score, max_tokens=400)])
    assert completion.outcome == "invalid" and completion.attempts == 3 and "JSON" in completion.error
    assert completion.text and completion.parsed is None


def test_a_server_without_schemas_is_asked_in_words(engine, server):
    server.set(schema_supported=False)
    llm = engine(patience=Patience(max_reasks=0))
    completions = list(llm.generate([Request.of(f"[item {i}]", schema=Score, max_tokens=400) for i in range(3)]))
    assert {c.outcome for c in completions} <= {"ok", "invalid"}
    statuses = server.counters()["statuses"]
    assert statuses["400"] <= 3 and statuses["200"] == 3


@pytest.mark.parametrize(
    ("fault", "remedy"), [("unauthorized", "OPENAI_API_KEY"), ("no_model", "base_url"), ("key_echo", "OPENAI_API_KEY")]
)
def test_an_endpoint_that_refuses_stops_the_run(engine, server, fault, remedy):
    server.set(faults={fault: 1.0}, latency_s=0.01)
    llm = engine(concurrency=4)
    with pytest.raises(LLMError, match=remedy) as caught:
        list(llm.generate(ask(range(100))))
    assert server.counters()["requests"] <= 8
    assert "sk-secret" not in str(caught.value)
    server.set(faults={})
    assert all(c.ok for c in llm.generate(ask(range(100))))


def test_keys_reach_nothing(engine, server, caplog):
    caplog.set_level(logging.DEBUG)
    server.set(faults={"poison": [1]})
    llm = engine()
    list(llm.generate(ask(range(3))))
    server.set(faults={"key_echo": 1.0})
    with pytest.raises(LLMError):
        list(llm.generate(ask([9])))
    content = llm.journal.read_bytes() + pickle.dumps(llm) + repr(llm).encode() + json.dumps(llm.manifest).encode()
    assert b"sk-secret" not in content
    assert "sk-secret" not in caplog.text
    assert llm.identity == "llm:any@localhost"


def test_a_pool_goes_on_without_one_of_its_endpoints(engine, server):
    llm = engine(base_url={server.base_url: 2.0, "http://127.0.0.1:9/v1": 1.0}, concurrency=16)
    completions = list(llm.generate(ask(range(200))))
    assert all(c.ok for c in completions)


def test_addresses_and_what_they_are_called():
    def name(*urls, **options):
        return OpenAICompatible("m", list(urls), "key-of-mine", **options).scope.namespace

    assert name("https://user:pw@api.openai.com/v1/?key=x") == "api.openai.com/v1"
    assert name("http://localhost:8000/v1") == name("http://127.0.0.1:8001/v1", "http://localhost:9/v1") == "localhost"
    assert name("http://a/v1", "http://b/v1") == "pool" and name("http://a/v1", namespace="mine") == "mine"
    assert "pw" not in repr(OpenAICompatible("m", "https://user:pw@host/v1?key=x", "key-of-mine"))
    for wrong in ([], "localhost:8000", {"http://a/v1": 0.0}):
        with pytest.raises(ValueError):
            OpenAICompatible("m", wrong)
    with pytest.raises(ValueError, match="concurrency"):
        OpenAICompatible("m", "http://a/v1", concurrency=0)


def test_openai_itself_needs_a_key(monkeypatch, tmp_path):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with pytest.raises(ValueError, match="OPENAI_API_KEY"):
        list(OpenAICompatible("gpt-4o", journal=tmp_path / "j").generate(ask([1])))


def test_a_pool_follows_its_weights(engine, server):
    other = server.base_url.replace("127.0.0.1", "localhost")
    server.set(latency_s=0.02)
    llm = engine(base_url={server.base_url: 3.0, other: 1.0}, concurrency=16)
    assert all(c.ok for c in llm.generate(ask(range(200))))
    with sqlite3.connect(llm.journal) as db:
        counts = dict(db.execute("SELECT endpoint, count(*) FROM attempts GROUP BY 1"))
    db.close()
    assert counts[server.base_url] > 1.8 * counts[other]


def test_an_endpoint_that_comes_back(engine, server):
    server.set(latency_s=0.02)
    llm = engine(concurrency=8)
    completions = llm.generate(ask(range(300)))
    next(completions)
    server.down(1.0)
    assert all(c.ok for c in completions)


def test_an_endpoint_that_is_down_stops_the_run(engine):
    llm = engine(base_url="http://127.0.0.1:9/v1", down_after_s=0.5)
    with pytest.raises(LLMError, match="has been down for"):
        list(llm.generate(ask(range(100))))
    assert stats(llm.journal).outcomes == {}


def test_it_works_in_a_running_loop(engine):
    async def cell():
        return [c.outcome for c in engine().generate(ask(range(3)))]

    assert asyncio.run(cell()) == ["ok"] * 3


def test_calls_in_two_threads_share_the_engine(engine, server):
    llm = engine()
    found = {}

    def call(name, items):
        found[name] = [c.outcome for c in llm.generate(ask(items))]

    threads = [threading.Thread(target=call, args=(i, range(i * 50, i * 50 + 60))) for i in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {i: ["ok"] * 60 for i in range(3)}


def test_stopping_early_keeps_what_was_paid_for(engine, server):
    server.set(latency_s=0.1)
    llm = engine(concurrency=8)
    completions = llm.generate(ask(range(200)))
    next(completions)
    completions.close()
    billed = server.counters()["billed"]
    assert billed < 60
    assert stats(llm.journal).outcomes == {"ok": billed}
    requests = ask(range(200))
    assert len(list(llm.left(requests))) == 200 - billed
    assert all(c.ok for c in llm.generate(requests))
    assert server.counters()["billed"] == 200


def test_an_error_in_the_source_of_requests_is_the_callers(engine):
    def requests():
        yield from ask(range(5))
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        list(engine().generate(requests()))


def test_odd_texts_are_kept_as_they_are(engine, server):
    server.set(faults={"odd_text": [1]})
    (fresh,) = engine().generate(ask([1]))
    (kept,) = engine().generate(ask([1]))
    assert fresh.ok and kept.from_cache and fresh.text == kept.text and "\0" in fresh.text


def test_odd_prompts_are_asked(engine, server):
    prompts = ["\ud800 half", "nul \0", "emoji \U0001f600", "", "line\u2028"]
    assert all(c.ok for c in engine().generate(Request.of(p, **ROOM) for p in prompts))


@pytest.mark.parametrize(
    "params", [{"n": 2}, {"stream": True}, {"max_tokens": 0}, {"x": float("nan")}, {"x": object()}]
)
def test_parameters_that_make_no_sense(engine, params):
    with pytest.raises(ValueError):
        list(engine().generate([Request.of("hello", **params)]))


def test_the_client_is_asked_where_its_key_changes(engine, server):
    import openai

    async def key():
        return "fresh"

    server.set(faults={"server_error": {"items": [1], "attempts": 1}, "poison": [2]})
    llm = engine(client=lambda: openai.AsyncOpenAI(base_url=server.base_url, api_key=key))
    assert [c.outcome for c in llm.generate(ask(range(4)))] == ["ok", "ok", "rejected", "ok"]
    server.down(1.0)
    assert [c.outcome for c in llm.generate(ask([5]))] == ["ok"]


def test_azure_goes_through_its_client(engine, server):
    import openai

    def client():
        url = server.base_url.removesuffix("/v1")
        return openai.AsyncAzureOpenAI(azure_endpoint=url, api_key="azure-secret-123", api_version="2024-10-21")

    llm = engine(client=client, api_key=None)
    assert [c.outcome for c in llm.generate(ask(range(3)))] == ["ok"] * 3


def test_a_proxy_is_used(engine, server, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    with pytest.raises(LLMError, match="has been down"):
        list(engine(down_after_s=0.5).generate(ask([1])))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert all(c.ok for c in engine().generate(ask([1])))


def test_rates_are_kept(engine, server):
    llm = engine(rpm=600)
    started = time.monotonic()
    assert all(c.ok for c in llm.generate(ask(range(20))))
    assert 0.8 < time.monotonic() - started < 5
    llm = engine(tpm=60_000)
    started = time.monotonic()
    assert all(c.ok for c in llm.generate(ask(range(20, 30))))
    assert time.monotonic() - started > 0.8


def test_limits_of_the_server_are_found(engine, server):
    server.set(rpm=1200, limit_window_s=1.0)
    assert all(c.ok for c in engine().generate(ask(range(60))))
    assert server.counters()["statuses"].get("429", 0) < 120


def test_a_copy_from_a_pickle_works_with_the_key_of_the_environment(engine, server, monkeypatch):
    server.set(api_key="sk-secret-0123456789")
    llm = pickle.loads(pickle.dumps(engine(timeout_s=7.0)))
    assert llm.settings.timeout_s == 7.0 and llm.identity == engine().identity
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-0123456789")
    assert all(c.ok for c in llm.generate(ask(range(3))))
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(LLMError, match="OPENAI_API_KEY"):
        list(llm.generate(ask([4])))
