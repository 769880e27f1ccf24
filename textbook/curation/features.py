"""Cheap features of code, of its text and of its syntax tree: `CodeFeatures` makes columns of them.

They describe, they do not judge: `EducationalValue` learns from them, `Keep` can be pointed at any of them. Fragments
that do not parse, other languages and prose get features too, only poorer ones (`parsed_share` tells). Nothing is
compared between rows: for duplicates see `textbook.curation.duplicates`. Syntax, and the list of the standard library,
are those of the running Python, so another minor version of it may read a few texts otherwise.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Self

from textbook.curation import path_signs
from textbook.curation.lexical_features import lexical_features
from textbook.curation.tree_features import tree_features
from textbook.languages.python import plain_newlines
from textbook.operator import Batch, Operator

HEAD_CHARS: Final = 8_000
"""How much of a text is analysed, from its start; the first four columns know the whole of it.

Two in three installed files are shorter. In place of 20,000 it doubles the documents per second; in place of 60,000 it
took a classifier on tree features from .969 to .963 of AUC (repositories apart).
"""

TEXT_COLUMNS: Final[Mapping[str, tuple[str, str]]] = {
    "num_chars": ("int32", "characters of the text"),
    "num_lines": ("int32", "lines of the text"),
    "mean_line_length": ("float32", "mean characters per line"),
    "max_line_length": ("int32", "characters of the longest line"),
    # Read off the words: any language.
    "blank_share": ("float32", "blank lines, of all lines"),
    "mean_indent": ("float32", "mean indentation of the lines that are not blank, in characters"),
    "repeated_line_share": ("float32", "lines that occurred before, of the lines that are not blank"),
    "doctest_lines": ("int32", "lines that begin with >>>"),
    "keyword_share": ("float32", "Python keywords, of the words of code"),
    "number_share": ("float32", "numbers, of the words of code"),
    "identifier_length": ("float32", "mean characters of a distinct identifier"),
    "distinct_identifier_share": ("float32", "distinct identifiers, of all identifiers"),
    "one_letter_share": ("float32", "identifiers of one letter, of all identifiers"),
    "constant_name_share": ("float32", "names in CAPITALS, of the distinct identifiers"),
    "word_like_share": ("float32", "parts with a vowel, of the distinct parts of identifiers (three letters or more)"),
    "operator_density": ("float32", "arithmetic signs per word of code"),
    "bracket_density": ("float32", "opening brackets per word of code"),
    "dot_density": ("float32", "dots per word of code"),
    "comment_share": ("float32", "characters in comments, of all"),
    "comments_per_line": ("float32", "comments per line"),
    "string_share": ("float32", "characters in string literals, of all"),
    "mean_string_length": ("float32", "mean characters of a string literal"),
    "block_string_share": ("float32", "characters in triple-quoted strings, of all"),
    "prose_words_per_line": ("float32", "words in comments and triple-quoted strings per line"),
    "explanation_density": ("float32", "of these, words that explain (because, example, first, ...), per line"),
    "non_ascii_share": ("float32", "characters outside ASCII, of all"),
    "generated_mark": ("bool", "a mark such as 'do not edit' near the start"),
    # Read off the syntax tree: Python; 0 where nothing parses.
    "parsed_share": ("float32", "characters of the head that parse, of all; the columns below describe that part"),
    "num_functions": ("int32", "functions and methods"),
    "num_classes": ("int32", "classes"),
    "complexity": ("float32", "mean cyclomatic complexity of a function (McCabe 1976)"),
    "max_complexity": ("int32", "highest cyclomatic complexity of a function"),
    "function_lines": ("float32", "mean lines of a function"),
    "max_function_lines": ("int32", "lines of the longest function"),
    "parameters_per_function": ("float32", "mean parameters of a function, without self and cls"),
    "annotated_share": ("float32", "parameters and results with a type, of all"),
    "results_per_function": ("float32", "returns of a value and yields per function"),
    "glue_function_share": ("float32", "functions whose body is one statement that passes something on"),
    "test_function_share": ("float32", "functions named test..."),
    "decorators_per_definition": ("float32", "decorators per function or class"),
    "docstring_chars": ("int32", "characters in docstrings"),
    "module_docstring_chars": ("int32", "characters in the docstring of the module"),
    "documented_share": ("float32", "functions and classes with a docstring"),
    "parameters_in_docstring": ("float32", "parameters named in their function's docstring, mean where there is one"),
    "docstring_words_in_code": ("float32", "distinct words of docstrings that are parts of names in the code"),
    "docstring_share": ("float32", "characters in docstrings, of all that parse"),
    "free_names": ("float32", "distinct names used that are neither bound, imported nor builtin, of all names used"),
    "foreign_names": ("float32", "uses of names that are free or imported from beyond the standard library"),
    "num_imports": ("int32", "import statements"),
    "stdlib_share": ("float32", "modules of the standard library, of the distinct top-level modules imported"),
    "relative_import_share": ("float32", "relative imports, of the import statements"),
    "foreign_call_share": ("float32", "calls on names that are free or imported from beyond the standard library"),
    "own_call_share": ("float32", "calls of functions and classes defined in the sample"),
    "builtin_call_share": ("float32", "calls of builtins"),
    "self_call_share": ("float32", "calls of methods of self or cls"),
    "print_share": ("float32", "calls of print"),
    "free_attributes": ("float32", "distinct attributes read from self that the sample does not set or define"),
    "foreign_bases": ("float32", "base classes that are free or imported from beyond the standard library"),
    "num_statements": ("int32", "statements"),
    "control_flow": ("float32", "branches, loops, comprehensions, try and with, per statement"),
    "loops": ("float32", "loops and comprehensions per statement"),
    "computation_density": ("float32", "arithmetic, comparisons, updates and subscripts per statement"),
    "call_density": ("float32", "calls per statement"),
    "data_density": ("float32", "literals per statement"),
    "attribute_density": ("float32", "attributes, of names and attributes"),
    "assert_share": ("float32", "assert statements, of all"),
    "raise_share": ("float32", "raise statements, of all"),
    "top_assignment_share": ("float32", "assignments, of the statements at top level"),
    "top_expression_share": ("float32", "bare expressions, of the statements at top level"),
    "has_main": ("bool", "if __name__ == ... at top level"),
}
"""What `code_features` says of a text: name -> (Arrow type of the column, meaning)."""

SIGN_COLUMNS: Final[Mapping[str, tuple[str, str]]] = {
    "is_test": ("bool", "a test: by its path, or because most functions are named test..."),
    "is_config": ("bool", "configuration: by its path (setup, settings, migrations, ...) or assignments and no logic"),
    "is_generated": ("bool", "generated: by its path (_pb2.py, ...) or a mark near the start"),
}
"""What `CodeFeatures` adds to that, reading `source` as well."""

COLUMNS: Final[Mapping[str, tuple[str, str]]] = {**TEXT_COLUMNS, **SIGN_COLUMNS}

FEATURES: Final[tuple[str, ...]] = tuple(TEXT_COLUMNS)
"""The names in `code_features(text)`, in order."""


def code_features(text: str) -> dict[str, float]:
    """The features of any text, by the names in `FEATURES`: finite numbers, yes and no as 1.0 and 0.0.

    Reads the first `HEAD_CHARS` characters, up to a line end. The features of recent heads are remembered, so that
    steps that run over the same batch compute them once.
    """
    text = plain_newlines(text)
    lengths = list(map(len, text.split("\n")))
    cut = len(text) > HEAD_CHARS
    head = text[:HEAD_CHARS].rpartition("\n")[0] or text[:HEAD_CHARS] if cut else text
    whole = {
        "num_chars": float(len(text)),
        "num_lines": float(len(lengths)),
        "mean_line_length": sum(lengths) / len(lengths),
        "max_line_length": float(max(lengths)),
    }
    return whole | _head_features(head, cut)


@lru_cache(maxsize=4096)
def _head_features(head: str, cut: bool) -> dict[str, float]:
    features = lexical_features(head) | tree_features(head, cut)
    return {name: float(value) for name, value in features.items()}


_CASTS = {"float32": float, "int32": int, "bool": bool}


def _signs(features: Mapping[str, float], source: str) -> tuple[bool, bool, bool]:
    """The values of `SIGN_COLUMNS`."""
    defines = features["num_functions"] + features["num_classes"]
    only_assigns = defines == 0 and features["control_flow"] == 0 and features["top_assignment_share"] > 0.5
    return (
        features["test_function_share"] > 0.5 or path_signs.TEST.search(source) is not None,
        only_assigns or path_signs.CONFIG.search(source) is not None,
        features["generated_mark"] > 0 or path_signs.GENERATED.search(source) is not None,
    )


@dataclass(frozen=True)
class CodeFeatures(Operator):
    """Adds the columns in `COLUMNS`, which says what each means: 70 features of the text, and three signs.

    Rows of every language get them; nothing is ever missing.
    """

    version = 1
    reads = ("text", "source")
    adds = {name: arrow_type for name, (arrow_type, _) in COLUMNS.items()}

    def __call__(self, batch: Batch) -> Batch:
        """Compute the features row by row."""
        columns: Batch = {name: [] for name in COLUMNS}
        for text, source in zip(batch["text"], batch["source"], strict=True):
            features = code_features(text)
            signs = dict(zip(SIGN_COLUMNS, _signs(features, (source or "").replace("\\", "/").lower()), strict=True))
            for name, (arrow_type, _) in COLUMNS.items():
                value = signs.get(name, features.get(name, 0.0))
                columns[name].append(_CASTS[arrow_type](value))
        return batch | columns

    @classmethod
    def example(cls) -> tuple[Self, Batch]:
        """Three kinds of text: a documented function, a fragment that does not parse, and prose."""
        texts = [
            'def mean(values: list[int]) -> float:\n    """Mean of values."""\n    return sum(values) / len(values)\n',
            "    for item in self.items:\n        if item.price > limit:\n",
            "This is not code, it's a sentence.",
        ]
        sources = ["package==1.0:statistics.py", "repository/tests/test_items.py", None]
        return cls(), {"id": ["a", "b", "c"], "text": texts, "source": sources}
