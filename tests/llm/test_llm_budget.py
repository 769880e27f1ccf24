"""The budget: a hard cap whatever the server says of its usage, across runs and kills."""

import json
import random
import signal
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.llm.runs import online, processes
from tests.llm.server import running
from textbook.llm import Budget, OpenAICompatible, Price, Request, Said, Scripted, Usage
from textbook.llm.budget import Charge, Ledger, believed
from textbook.llm.journal_read import stats, verify
from textbook.llm.prices import price_of

ROOM = {"max_tokens": 400}


def ask(items, **options):
    return [Request.of(f"[item {i}] say something", **{**ROOM, **options}) for i in items]


WORST_USD = (60 + 3 * 16 + 400 * 4) / 1e6 * 1.1
"""Of one of the requests above, roughly."""


@pytest.mark.parametrize("concurrency", [1, 64])
def test_a_run_ends_close_to_the_cap_and_never_above(engine, server, concurrency):
    server.set(latency_s=0.005)
    cap = 30 * WORST_USD
    llm = engine(concurrency=concurrency, budget=Budget(usd=cap))
    completions = list(llm.generate(ask(range(150))))
    outcomes = [c.outcome for c in completions]
    assert set(outcomes) == {"ok", "left"}
    spent = server.counters()["usd"]
    assert cap - WORST_USD <= spent <= cap
    assert abs(stats(llm.journal).usd - spent) < 1e-9
    assert "budget of" in llm.summary.stopped and llm.summary.left == outcomes.count("left")
    assert all("budget" in c.error for c in completions if c.outcome == "left")
    assert [c.text for c in llm.generate(ask(range(150)))][: outcomes.index("left")] == [
        c.text for c in completions[: outcomes.index("left")]
    ]
    assert server.counters()["usd"] <= cap
    assert len(list(llm.left(ask(range(150))))) == llm.summary.left
    assert all(c.ok for c in engine(budget=Budget(usd=1)).generate(ask(range(150))))


def test_tokens_are_a_cap_too(engine, server):
    llm = engine(budget=Budget(tokens=5000))
    assert {c.outcome for c in llm.generate(ask(range(100)))} == {"ok", "left"}
    counters = server.counters()
    assert 4400 < counters["prompt_tokens"] + counters["completion_tokens"] <= 5000


LIES = ("missing", "null", "negative", "zero", "small", "text")


@pytest.mark.parametrize("lie", LIES)
def test_a_lying_server_does_not_break_the_cap(engine, server, lie):
    server.set(faults={f"usage_{lie}": 1.0})
    cap = 20 * WORST_USD
    list(engine(budget=Budget(usd=cap)).generate(ask(range(100))))
    assert 0 < server.counters()["usd"] <= cap


def test_lost_answers_are_charged_at_their_worst(engine, server):
    server.set(faults={"drop_after": 0.3, "drop_within": 0.2})
    cap = 40 * WORST_USD
    list(engine(concurrency=16, budget=Budget(usd=cap)).generate(ask(range(200))))
    assert cap / 8 < server.counters()["usd"] <= cap


def test_what_costs_nothing_is_not_charged(engine, server):
    server.set(faults={"server_error": 0.2, "rate_limit": 0.2}, error_status=503, retry_after_s=0.01)
    llm = engine(concurrency=16, budget=Budget(usd=1))
    assert all(c.ok for c in llm.generate(ask(range(60))))
    assert abs(stats(llm.journal).usd - server.counters()["usd"]) < 1e-9


def test_a_budget_asks_for_what_it_needs(server):
    with pytest.raises(ValueError, match="Price\\("):
        OpenAICompatible("unheard-of", server.base_url, budget=Budget(usd=1))
    with pytest.raises(ValueError, match="max_tokens"):
        list(Scripted(["x"], budget=Budget(tokens=100)).generate([Request.of("hello")]))
    picture = Request(
        ({"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]},), {"max_tokens": 5}
    )
    with pytest.raises(ValueError, match="more than text"):
        list(Scripted(["x"], budget=Budget(tokens=100)).generate([picture]))
    for wrong in ({}, {"usd": -1}, {"tokens": -1}):
        with pytest.raises(ValueError):
            Budget(**wrong)


def test_a_budget_of_nothing_sends_nothing():
    llm = Scripted(["x"], budget=Budget(tokens=0))
    assert [c.outcome for c in llm.generate([Request.of("hello", max_tokens=5)])] == ["left"]
    assert llm.sent == []


def test_more_room_counts_against_the_budget():
    script = [Said("cut", finish_reason="length", usage={"prompt_tokens": 20, "completion_tokens": 50})] * 2
    llm = Scripted(script, budget=Budget(tokens=220))
    (completion,) = llm.generate([Request.of("hello", max_tokens=50)])
    assert completion.outcome == "left" and completion.attempts == 1
    assert [m["max_tokens"] for m in llm.sent] == [50]


def test_estimates_hold(engine, server):
    requests = ask(range(50))
    llm = engine()
    estimate = llm.estimate(iter(requests))
    assert (estimate.requests, estimate.cached) == (50, 0)
    list(llm.generate(requests[:30]))
    after = llm.estimate(requests)
    assert after.cached == 30 and after.usd.high < estimate.usd.high
    list(llm.generate(requests))
    counters = server.counters()
    for found, interval in [
        (counters["usd"], estimate.usd),
        (counters["prompt_tokens"], estimate.prompt_tokens),
        (counters["completion_tokens"], estimate.completion_tokens),
    ]:
        assert interval.low <= found <= interval.high
    assert "50 requests, 0 of them in the journal: about $" in str(estimate)
    assert llm.estimate(requests).usd.high == 0
    assert engine(prices={"other": Price(1, 1)}).estimate(requests).usd is None


def test_a_preview_shows_and_projects(engine, server):
    requests = ask(range(100))
    llm = engine()
    preview = llm.preview(requests, 4)
    assert len(preview.completions) == 4 and preview.total == 100
    assert preview.projected.low <= preview.projected.likely <= preview.projected.high
    list(llm.generate(requests))
    assert preview.projected.low * 0.9 <= server.counters()["usd"] <= preview.projected.high * 1.1
    assert "all 100: about $" in str(preview) and "[ok, $" in str(preview)
    assert "<table>" in preview._repr_html_()
    assert llm.preview(iter(requests), 3).total is None, "counting would use the iterator up"


def test_prices():
    assert price_of("gpt-4o-mini-2024-07-18").prompt == 0.15
    assert price_of("gpt-4o-2024-05-13").prompt == 5.0
    assert price_of("unheard-of") is None
    assert price_of("gpt-4o", {"gpt-4o": Price(1, 1)}).prompt == 1
    assert Price(1, 2, cached=0.5).of(1_000_000, 1_000_000, 500_000) == 0.75 + 2


@settings(max_examples=50, deadline=None)
@given(
    st.one_of(st.none(), st.integers(), st.text(), st.dictionaries(st.text(), st.integers())),
    st.integers(-10, 10**6), st.integers(-10, 10**6), st.integers(0, 10**5), st.integers(0, 10**5),
)  # fmt: skip
def test_usage_is_believed_only_where_it_can_be_true(junk, prompt, completion, num_prompt, num_answer):
    bound = Usage(10**5, 10**5)
    assert believed(junk, num_prompt, num_answer, bound) in (bound, Usage(0, 10**5), Usage(10**5, 0), Usage(0, 0))
    told = {"prompt_tokens": prompt, "completion_tokens": completion}
    usage = believed(told, num_prompt, num_answer, bound)
    assert usage.prompt_tokens in (prompt, bound.prompt_tokens) and usage.prompt_tokens >= num_prompt / 16
    assert usage.completion_tokens in (completion, bound.completion_tokens)
    assert usage.completion_tokens >= num_answer / 16
    assert min(usage) >= 0


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), max_size=200), st.integers(1, 5))
def test_a_ledger_never_passes_its_cap(steps, width):
    ledger = Ledger(Budget(usd=3.0), Charge())
    open_ = []
    for worst, share in steps:
        charge = Charge(worst, 1)
        if ledger.fits(charge):
            ledger.reserve(charge)
            open_.append((charge, Charge(worst * share, 1)))
        if len(open_) > width:
            ledger.settle(*open_.pop(0))
        assert ledger.spent.usd + ledger.reserved.usd <= 3.0 + 1e-9


def killed_run(tmp_path, num_requests, num_kills, concurrency, cap, seed=0):
    """Kill a run again and again, then let it end: the kills, the server's counters, done and left, the journal."""
    rng, context = random.Random(seed), processes()
    journal, result, log = tmp_path / "journal.sqlite", tmp_path / "result", tmp_path / "log"
    kills = 0
    with running(latency_s=0.05, jitter_s=0.05, log=str(log)) as server:
        given = (server.base_url, journal, result, num_requests, concurrency, cap)
        while kills < num_kills and not result.exists():
            before = server.counters()["requests"]
            process = context.Process(target=online, args=given)
            process.start()
            while server.counters()["requests"] == before and process.is_alive():
                time.sleep(0.01)
            process.join(0.1 + rng.random() * 0.5)
            kills += process.is_alive()
            process.kill()
            process.join()
            assert process.exitcode in (0, -signal.SIGKILL)
            process.close()
            time.sleep(0.15)  # what is on its way at the server ends, and is billed
            found, counters = stats(journal), server.counters()
            assert counters["billed"] - sum(found.outcomes.values()) <= kills * concurrency
            assert counters["usd"] <= found.usd + 1e-9, "a killed run never has more to pay than it says"
            assert not cap or counters["usd"] <= cap
        process = context.Process(target=online, args=given)
        process.start()
        process.join()
        assert process.exitcode == 0
        process.close()
        assert not verify(journal)
        return kills, server.counters(), json.loads(result.read_text()), journal


def test_a_few_kills(tmp_path):
    kills, counters, (done, left), journal = killed_run(tmp_path, 200, 2, 16, 0.0)
    assert (done, left) == (200, 0) and kills >= 1
    assert counters["billed_again"] <= kills * 16
    assert stats(journal).usd >= counters["usd"] - 1e-9


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_hundred_kills(tmp_path):
    kills, counters, (done, left), journal = killed_run(tmp_path, 5000, 100, 8, 0.0)
    assert kills == 100 and (done, left) == (5000, 0)
    assert counters["items_billed"] == 5000
    assert counters["billed_again"] <= kills * 8
    assert stats(journal).usd >= counters["usd"] - 1e-9
    sys.stderr.write(f"{kills} kills: {counters['billed_again']} of {counters['billed']} answers paid twice\n")


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_kills_and_a_budget(tmp_path):
    cap = 400 * WORST_USD
    kills, counters, (done, left), journal = killed_run(tmp_path, 2000, 20, 8, cap)
    assert done + left == 2000 and left > 0
    assert counters["usd"] <= cap
    assert cap - WORST_USD <= stats(journal).usd <= cap


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_the_fault_mix(tmp_path):
    from collections import Counter

    mix = {"rate_limit": 0.1, "server_error": 0.1, "drop_before": 0.025, "drop_after": 0.025, "truncate": 0.05}
    mix |= {"bad_json_content": 0.05, "poison": 0.01}
    schema = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
    with running(latency_s=0.02, faults=mix, retry_after_s=0.2) as server:

        def llm(name, **options):
            return OpenAICompatible(
                "any", server.base_url, api_key="any", journal=tmp_path / name, concurrency=64,
                prices={"any": Price(1.0, 4.0)}, **options,
            )  # fmt: skip

        requests = ask(range(2000), schema=schema)
        outcomes = Counter(c.outcome for c in llm("a").generate(requests))
        assert sum(outcomes.values()) == 2000
        assert 5 <= outcomes["rejected"] <= 45 and outcomes["ok"] > 1930
        sys.stderr.write(f"{outcomes}\n")
        server.reset()
        cap = 400 * WORST_USD
        capped = llm("b", budget=Budget(usd=cap))
        assert len(list(capped.generate(requests))) == 2000
        assert server.counters()["usd"] <= cap
        largest = 2.2 * WORST_USD  # a truncated answer is asked for with twice the room
        assert cap - largest <= stats(tmp_path / "b").usd <= cap
