"""Text in units other than files: functions and classes, small projects, questions with their answers."""

from textbook.curation.units.join_repository import JoinRepository
from textbook.curation.units.question_answer import QuestionAnswer
from textbook.curation.units.split_functions import SplitFunctions

__all__ = ["JoinRepository", "QuestionAnswer", "SplitFunctions"]
