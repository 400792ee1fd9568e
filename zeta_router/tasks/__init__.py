"""Finding the task of a prompt with a small trained model that can say why."""

from zeta_router.tasks.classifier import GUESSABLE, KINDS, SUBJECTS, TRAITS, TaskClassifier
from zeta_router.tasks.guess import classify
from zeta_router.tasks.task_guess import TaskGuess

__all__ = ["GUESSABLE", "KINDS", "SUBJECTS", "TRAITS", "TaskClassifier", "TaskGuess", "classify"]
