"""Language models: ask a million requests of any OpenAI-compatible endpoint, lose none, and never exceed the budget.

`OpenAICompatible` is the engine, `Scripted` and `Recorded` run the same path offline. Nothing heavy is imported before
the first request is sent.
"""

from textbook.llm.batch import Limits
from textbook.llm.budget import Budget
from textbook.llm.engine import Engine
from textbook.llm.estimate import Estimate, Preview
from textbook.llm.openai_compatible import OpenAICompatible
from textbook.llm.outcome import LLMError, Patience
from textbook.llm.prices import PRICES, Price
from textbook.llm.progress import Summary
from textbook.llm.recorded import Recorded
from textbook.llm.request import LLM, Completion, Request, Usage
from textbook.llm.scripted import Said, Scripted
from textbook.llm.stages import ask_batches, sampling

__all__ = [
    "LLM",
    "PRICES",
    "Budget",
    "Completion",
    "Engine",
    "Estimate",
    "LLMError",
    "Limits",
    "OpenAICompatible",
    "Patience",
    "Preview",
    "Price",
    "Recorded",
    "Request",
    "Said",
    "Scripted",
    "Summary",
    "Usage",
    "ask_batches",
    "sampling",
]
