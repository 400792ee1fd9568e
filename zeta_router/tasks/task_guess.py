"""`TaskGuess`: which task a prompt is, how sure that is, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class TaskGuess:
    """The task of a prompt as far as its text tells. Contains nothing of the text."""

    task: str
    """The most probable; one of `GUESSABLE` unless it was declared."""
    probability: float
    """Of `task`, in (0, 1]."""
    probabilities: Mapping[str, float] = field(hash=False)
    """Task → its probability; they sum to 1."""
    reasons: tuple[str, str]
    """The two observations that spoke most for it, in words."""
    traits: tuple[float, ...] = ()
    """A few numbers on what kind of prompt it is, within a task; too few and too coarse to tell its words."""

    @classmethod
    def told(cls, task: str, *, why: str = "the caller said so") -> TaskGuess:
        """Return the guess that is none: the task is known."""
        return cls(task, 1.0, {task: 1.0}, (why, "nothing else was asked"))

    def __str__(self) -> str:
        return f"{self.task} ({self.probability:.0%}): {self.reasons[0]}; {self.reasons[1]}"
