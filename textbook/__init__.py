"""Curate textbook-quality training data, the way phi-1 did (arXiv 2306.11644), and show that it teaches.

The public names below load what they need when they are first used: `import textbook` itself imports nothing heavy.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from textbook.benchmarks import Problem, References
    from textbook.curation.annotate import Annotate, Labels, Rubric, label, label_by_hand
    from textbook.curation.code_kind import CodeKind
    from textbook.curation.decontaminate import Decontaminate
    from textbook.curation.decontaminate.behaviour import LeaksByBehaviour
    from textbook.curation.decontaminate.judge import LeaksByJudge
    from textbook.curation.decontaminate.overlaps import overlaps
    from textbook.curation.decontaminate.report import contamination_report
    from textbook.curation.decontaminate.similar import similar_problems
    from textbook.curation.duplicates import ExactDuplicates
    from textbook.curation.educational_value import EducationalValue
    from textbook.curation.encoders import CausalLMEmbedding, HashedWords, SentenceEncoder
    from textbook.curation.features import CodeFeatures
    from textbook.curation.licences import PERMISSIVE, KeepLicences, Licences
    from textbook.curation.near_duplicates import NearDuplicates, Templated
    from textbook.curation.personal_data import PersonalData
    from textbook.curation.secrets import RedactSecrets, Secrets
    from textbook.curation.semantic_duplicates import SemanticDuplicates
    from textbook.curation.sources import Files, Folder, Hub, InstalledPackages, JsonLines, Parquet, Rows
    from textbook.curation.syntax import Syntax
    from textbook.curation.units import JoinRepository, QuestionAnswer, SplitFunctions
    from textbook.engine import Curated, curate, run
    from textbook.engine.workers import Local
    from textbook.explain import explain
    from textbook.folder import DatasetFolder
    from textbook.keep import Keep, KeepTop
    from textbook.operator import Batch, Fittable, Operator, Source, Stage, append_rows, row_rng
    from textbook.report import Report
    from textbook.report.duplicates import duplicate_report
    from textbook.report.shift import shift, shift_of_step
    from textbook.sandbox import Program, Sandbox, Verdict
    from textbook.tokens import CountTokens

_HOMES = {
    "textbook.benchmarks": ("Problem", "References"),
    "textbook.curation.annotate": ("Annotate", "Labels", "Rubric", "label", "label_by_hand"),
    "textbook.curation.code_kind": ("CodeKind",),
    "textbook.curation.decontaminate": ("Decontaminate",),
    "textbook.curation.decontaminate.behaviour": ("LeaksByBehaviour",),
    "textbook.curation.decontaminate.judge": ("LeaksByJudge",),
    "textbook.curation.decontaminate.overlaps": ("overlaps",),
    "textbook.curation.decontaminate.report": ("contamination_report",),
    "textbook.curation.decontaminate.similar": ("similar_problems",),
    "textbook.curation.duplicates": ("ExactDuplicates",),
    "textbook.curation.educational_value": ("EducationalValue",),
    "textbook.curation.encoders": ("CausalLMEmbedding", "HashedWords", "SentenceEncoder"),
    "textbook.curation.features": ("CodeFeatures",),
    "textbook.curation.licences": ("PERMISSIVE", "KeepLicences", "Licences"),
    "textbook.curation.near_duplicates": ("NearDuplicates", "Templated"),
    "textbook.curation.personal_data": ("PersonalData",),
    "textbook.curation.secrets": ("RedactSecrets", "Secrets"),
    "textbook.curation.semantic_duplicates": ("SemanticDuplicates",),
    "textbook.curation.sources": ("Files", "Folder", "Hub", "InstalledPackages", "JsonLines", "Parquet", "Rows"),
    "textbook.curation.syntax": ("Syntax",),
    "textbook.curation.units": ("JoinRepository", "QuestionAnswer", "SplitFunctions"),
    "textbook.engine": ("Curated", "curate", "run"),
    "textbook.explain": ("explain",),
    "textbook.folder": ("DatasetFolder",),
    "textbook.keep": ("Keep", "KeepTop"),
    "textbook.operator": ("Batch", "Fittable", "Operator", "Source", "Stage", "append_rows", "row_rng"),
    "textbook.report": ("Report",),
    "textbook.report.duplicates": ("duplicate_report",),
    "textbook.report.shift": ("shift", "shift_of_step"),
    "textbook.sandbox": ("Program", "Sandbox", "Verdict"),
    "textbook.tokens": ("CountTokens",),
    "textbook.engine.workers": ("Local",),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__version__ = "0.1.0"
__all__ = [*sorted(_HOME_OF), "__version__"]


def __getattr__(name: str) -> Any:
    """Import a public name from where it lives (PEP 562)."""
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'textbook' has no attribute {name!r}")
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The public names, for completion."""
    return sorted(__all__)
