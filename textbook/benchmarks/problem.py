"""One problem of a coding benchmark, and how its prompt, a completion and its tests become a program.

Does not clean completions: cutting them at stop strings and taking them out of fences is the evaluator's. Runs nothing.
"""

from dataclasses import dataclass

from textbook.benchmarks.go import go_file


@dataclass(frozen=True)
class Problem:
    """A problem. Its texts are those of the benchmark, with plain newlines, and not stripped.

    Args:
        id: unique in its benchmark, such as "HumanEval/0".
        prompt: what a model is given to go on from.
        solution: the canonical completion.
        entry_point: the function under test; empty where none is known.
        tests: the test, in the problem's language.
        language: as `textbook.languages` names them.
        licence: an SPDX identifier; empty where none is known.
        assertions: the tests one by one, where the benchmark has them so (MBPP).
        more_assertions: harder ones that usual scores leave out (MBPP's challenge tests).
        header: what stands before the prompt in a program and is not shown to a model (includes, a package clause).
        setup: what runs after the program and before the tests, such as values that they share.
        call: the statement that starts tests which only define a function, such as "check(f)".
        statement: the task in words where the prompt says more than the task; see `text`.
        whole: whether a completion is a program of its own, as after a few-shot prompt, not the prompt's continuation.
    """

    id: str
    prompt: str
    solution: str
    entry_point: str = ""
    tests: str = ""
    language: str = "python"
    licence: str = ""
    assertions: tuple[str, ...] = ()
    more_assertions: tuple[str, ...] = ()
    header: str = ""
    setup: str = ""
    call: str = ""
    statement: str = ""
    whole: bool = False

    @property
    def text(self) -> str:
        """What a leak would look like: the task and its solution, without few-shot examples and tests."""
        return f"{self.statement}\n{self.solution}" if self.statement else self.prompt + self.solution

    @property
    def suite(self) -> str:
        """What runs after a program to test it: setup, tests, and the call that starts them."""
        return "".join(f"{part}\n" for part in (self.setup, self.tests, self.call) if part)

    def program(self, completion: str) -> str:
        """The program that a completion makes, without tests. The prompt is not stripped, nothing is put between.

        A Go program has the imports that it uses and no others, since others are errors.
        """
        body = completion if self.whole else self.prompt + completion
        return go_file([self.header, body]) if self.language == "go" else self.header + body

    def tested(self, completion: str) -> str:
        """One file with the program and its tests, as the field's harnesses run it: the program can see the tests."""
        if self.language == "go":
            return go_file([self.header, self.program(completion), self.suite])
        return f"{self.program(completion)}\n{self.suite}"
