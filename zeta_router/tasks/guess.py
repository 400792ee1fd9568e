"""`classify`: guesses the task of a prompt from its text."""

from __future__ import annotations

from collections.abc import Mapping
from math import exp

from zeta_router.tasks.features import read
from zeta_router.tasks.rules import PRIOR, RULES
from zeta_router.tasks.task_guess import TaskGuess
from zeta_router.tasks.text import last_user_text

GUESSABLE: tuple[str, ...] = tuple(PRIOR)
"""Tasks that can be found from a text; `embedding` cannot, it is known from the call."""


def classify(text_or_messages: object) -> TaskGuess:
    """Guess the task of a prompt: every rule that holds adds its weights to the tasks' log-odds.

    Args:
        text_or_messages: The prompt, or messages of either framework; the last one of the user's counts.

    Returns:
        The guess. Whatever is given gets one: what has no text is `chat`, with little probability.
    """
    seen = read(last_user_text(text_or_messages))
    odds = dict(PRIOR)
    spoke: list[tuple[str, Mapping[str, float]]] = []
    for reason, holds, weights in RULES:
        if holds(seen):
            spoke.append((reason, weights))
            for task, weight in weights.items():
                odds[task] += weight
    task = max(odds, key=odds.__getitem__)
    top = odds[task]
    shares = {name: exp(value - top) for name, value in odds.items()}
    total = sum(shares.values())
    return TaskGuess(
        task=task,
        probability=1.0 / total,
        probabilities={name: share / total for name, share in shares.items()},
        reasons=_two_reasons(task, spoke),
    )


def _two_reasons(task: str, spoke: list[tuple[str, Mapping[str, float]]]) -> tuple[str, str]:
    """Return the two heaviest reasons for `task`, filled up where fewer rules spoke for it."""
    for_it = sorted(((weights[task], reason) for reason, weights in spoke if weights.get(task, 0.0) > 0), reverse=True)
    found = [reason for _, reason in for_it[:2]]
    fillers = ("no other task has more that speaks for it", f"{task} is a usual task when a prompt shows little")
    found.extend(fillers[: 2 - len(found)])
    return found[0], found[1]
