"""Finding the task of a prompt from its text: a few dozen weighted rules that can say why."""

from zeta_router.tasks.guess import GUESSABLE, TaskGuess, classify

__all__ = ["GUESSABLE", "TaskGuess", "classify"]
