"""`TaskGuess`: which task a prompt is, how sure that is, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

_DECLARED = ("the caller said so", "nothing else was asked")


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
    """A few numbers in [0, 1] on what kind of prompt it is, within a task; too few and too coarse to tell its words."""
    output_tokens: float | None = None
    """Tokens that an answer is expected to have before any model was seen to answer; None: not known."""
    complexity: int = 1
    """0 simple, 1 usual, 2 complex: thirds of what people ask, by expected length and difficulty."""

    @classmethod
    def told(cls, task: str, *, why: str = "the caller said so") -> TaskGuess:
        """Return the guess that is none: the task is known, and nothing of the text."""
        return cls(task, 1.0, {task: 1.0}, (why, _DECLARED[1]))

    def declared(self, task: str) -> TaskGuess:
        """Return this guess with the task that the caller named: the text still tells kind, length and complexity."""
        return replace(self, task=task, probability=1.0, probabilities={task: 1.0}, reasons=_DECLARED)

    def __str__(self) -> str:
        return f"{self.task} ({self.probability:.0%}): {self.reasons[0]}; {self.reasons[1]}"
