"""Why a task was guessed, in words."""

from __future__ import annotations

from zeta_router.tasks.structure import SEEN

_GROUPS = {
    "language": "programming languages or tools",
    "programming": "programming",
    "maths": "mathematics",
    "trade": "amounts, prices or times",
    "summary": "summaries",
    "translation": "translation",
    "extraction": "extraction or labels",
    "writing": "kinds of text to write",
    "roleplay": "playing a role",
    "logic": "logic",
    "demand": "thorough work",
    "explaining": "explaining or comparing",
    "asking": "asking",
    "greeting": "greeting",
    "tools": "tools",
}
"""Group of words → what its words are about."""

_TASKS = {
    "chat": "small talk",
    "code": "programming",
    "extract": "pulling facts or labels out of a text",
    "math": "mathematics",
    "qa": "questions of fact",
    "reasoning": "puzzles and everyday reasoning",
    "summarize": "summaries",
    "tools": "asking for an action",
    "translate": "translation",
    "writing": "writing",
}

REASONS: dict[str, str] = {
    **SEEN,
    **{group: f"it uses words of {about}" for group, about in _GROUPS.items()},
}
"""What is observed → how it reads, to follow "because"."""


def worded(task: str) -> str:
    """Return the reason that stands for all n-grams together."""
    return f"its wording is typical of {_TASKS.get(task, task)}"


FILLERS = ("little else speaks for another task", "it is a usual task when a prompt shows little")
"""What is said where fewer than two observations speak for the task."""
