"""Finding the task of a prompt from its text: a few dozen weighted rules that can say why."""

from zeta_router.tasks.guess import GUESSABLE, classify
from zeta_router.tasks.task_guess import TaskGuess

__all__ = ["GUESSABLE", "TaskGuess", "classify"]
