"""What a JavaScript program costs: the sandbox in both modes, beside node alone, on trivial exercises.

    python benchmarks/sandbox_javascript.py [--programs 100] [--rounds 3]

With --benchmark FOLDER (or TEXTBOOK_BENCHMARKS) it also counts the canonical solutions of HumanEval-X that pass, and
names the others. CPU time is that of this process and of all the processes it waited for, the sandbox's own start
included; the best of the rounds counts, as other work on the machine only adds.
"""

import argparse
import os
import subprocess
import time
from collections.abc import Callable

from usage import cpu_s

from textbook.benchmarks import References
from textbook.sandbox import Program, Strength, run
from textbook.sandbox.commands import command_for


def exercise(i: int) -> tuple[str, str]:
    code = f"const f = (x) => x + {i}\n"
    return code, "".join(f"console.assert(f({x}) === {i + x})\n" for x in (1, 2, -1))


def ours(strength: Strength) -> Callable[[int], int]:
    def attempt(number: int) -> int:
        programs = (Program(*exercise(i), language="javascript") for i in range(number))
        return sum(verdict.passed for verdict in run(programs, workers=2, strength=strength))

    return attempt


def node(number: int) -> int:
    line = [command_for("javascript").path, "-e"]
    return sum(
        subprocess.run([*line, "\n".join(exercise(i))], env={}, capture_output=True).returncode == 0
        for i in range(number)
    )


def canonical(folder: str) -> None:
    problems = References.humaneval_x("javascript", folder)
    for strength in ("split", "in_process"):
        programs = (
            Program(each.program(each.solution), each.suite, each.entry_point, language="javascript", key=each.id)
            for each in problems
        )
        verdicts = list(run(programs, strength=strength))
        print(f"HumanEval-X, {strength}: {sum(each.passed for each in verdicts)} of {len(verdicts)} pass; the others:")
        for each in verdicts:
            if not each.passed:
                print(f"  {each.key} {each.status}: {each.reason[:90]}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--benchmark", default=os.environ.get("TEXTBOOK_BENCHMARKS"))
    options = parser.parse_args()
    contenders = {"split": ours("split"), "in process": ours("in_process"), "node alone, no sandbox": node}
    best = {name: (float("inf"), float("inf")) for name in contenders}
    for _ in range(options.rounds):
        for name, attempt in contenders.items():
            cpu, wall = cpu_s(), time.perf_counter()
            passed = attempt(options.programs)
            assert passed == options.programs, f"{name}: {passed} of {options.programs} passed"
            spent = (cpu_s() - cpu) / options.programs, (time.perf_counter() - wall) / options.programs
            best[name] = min(best[name], spent)
    print(f"node {command_for('javascript').version}, load {os.getloadavg()[0]:.1f}, {options.programs} programs")
    print(f"{'':24}{'CPU ms each':>12}{'per CPU s':>12}")
    for name, (cpu, _) in best.items():
        print(f"{name:24}{cpu * 1e3:12.1f}{1 / cpu:12.0f}")
    if options.benchmark:
        canonical(options.benchmark)


if __name__ == "__main__":
    main()
