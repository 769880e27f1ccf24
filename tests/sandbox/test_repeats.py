"""Repeated runs: chance is seen, and is the same chance each time."""

import pytest

from textbook.sandbox import Limits, Program, Sandbox, run
from textbook.sandbox.repeats import BLOCK, run_repeatedly

TEST = "assert f() == 1\n"
HONEST = "def f(): return 1\n"
BY_HASH = "def f(): return [*{'a', 'b', 'c', 'd', 'e', 'f', 'g'}].index('a') % 2\n"
BY_CHANCE = "import random\ndef f(): return random.randrange(2)\n"
OWN_RANDOM = "import random\nr = random.Random(3)\ndef f(): return r.randrange(1, 2)\n"


def test_chance_is_seen_and_counted():
    programs = [Program(code, TEST, key=code) for code in (HONEST, BY_HASH, BY_CHANCE, OWN_RANDOM, "def f(): return 2")]
    found = list(run_repeatedly(programs, repeats=4, workers=1))
    assert [each.flaky for each in found] == [False, True, True, False, False]
    assert [each.passed for each in found] == [True, False, False, True, False]
    assert found[0].counts == {"pass": 4} and found[4].counts == {"wrong": 4}
    for each in found[1:3]:
        assert set(each.counts) == {"pass", "wrong"} and sum(each.counts.values()) == 4
        assert max(each.counts.values()) == next(iter(each.counts.values()))
    again = list(run_repeatedly(programs[::-1], repeats=4, workers=2))[::-1]
    assert [[v.status for v in each.verdicts] for each in again] == [
        [v.status for v in each.verdicts] for each in found
    ]
    assert [each.verdicts[0].status for each in found] == [v.status for v in run(programs)]
    assert [each.verdicts[0].key for each in found] == [program.key for program in programs]


def test_chance_in_the_test_is_seen_too():
    test = "import random\nassert f(random.randrange(2)) == 1\n"
    (found,) = run_repeatedly([Program("def f(x): return x", test)], repeats=5, workers=1)
    assert found.flaky and found.counts.keys() == {"pass", "wrong"}


def test_random_numbers_are_those_of_the_seed():
    code = "import random\nprint(random.random(), hash('a'))\n"
    printed = []
    for seed in (0, 1, 1):
        with Sandbox(workers=1, seed=seed) as sandbox:
            printed.append([v.output for v in sandbox.run([Program(code)] * 3)])
    assert printed[0] != printed[1] == printed[2] and all(len(set(each)) == 1 for each in printed)


def test_programs_are_taken_in_blocks():
    taken = []

    def programs():
        for i in range(10**6):
            taken.append(i)
            yield Program(HONEST, TEST, key=i)

    found = run_repeatedly(programs(), Limits(), workers=2)
    assert [next(found).verdicts[0].key for _ in range(3)] == [0, 1, 2]
    assert len(taken) == BLOCK
    found.close()


def test_arguments_are_checked():
    assert list(run_repeatedly([])) == []
    with pytest.raises(ValueError, match="repeats"):
        next(run_repeatedly([], repeats=1))
    for seed in (-1, 1 << 32, 0.5, "1"):
        with pytest.raises(ValueError, match="seed"):
            Sandbox(seed=seed)
