"""`classify`: guesses the task of a prompt."""

from __future__ import annotations

from zeta_router.tasks.classifier import TaskClassifier
from zeta_router.tasks.task_guess import TaskGuess

_classifier = TaskClassifier(templates=False)  # so that a guess depends on its prompt alone


def classify(text_or_messages: object) -> TaskGuess:
    """Guess the task of a prompt with the trained model that ships with Zeta.

    Args:
        text_or_messages: The prompt, or messages of either framework: the last one of the user's counts most; the one
            before it, the system prompt and tools tell the rest.

    Returns:
        The guess. Whatever is given gets one: what has no text is `chat`, with little probability.
    """
    return _classifier(text_or_messages)
