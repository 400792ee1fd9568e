"""How complex a prompt is, in three buckets: so that "certain types of code tasks" can be long refactorings."""

from __future__ import annotations

from collections.abc import Mapping
from math import log2

DEMAND = 0.5
"""What one demanding word counts, in units of the length head's logarithm; at most three count."""
DOUBLING = 0.15
"""What each doubling of the prompt's length counts beyond `SHORT` characters."""
SHORT, DOUBLINGS = 200, 6


def complexity_score(length: float, difficulty: float, slope: float, characters: int, demands: int) -> float:
    """Return a number that grows with complexity.

    Args:
        length: Of the answer, as the length head expects it: the logarithm of tokens.
        difficulty: How much more often models fail than on other prompts, as the difficulty head expects it.
        slope: What the difficulty counts against the length.
        characters: Of the prompt.
        demands: Demanding words in it, e.g. `refactor`, `prove`, `in detail`: 0 to 3.
    """
    longer = min(max(log2(max(characters, 1) / SHORT), 0.0), DOUBLINGS)
    return length + slope * difficulty + DOUBLING * longer + DEMAND * demands


def bucket(score: float, cuts: Mapping[str, float]) -> int:
    """Return 0 simple, 1 usual, 2 complex: the third of what people ask that a score falls into."""
    return (score > cuts["low"]) + (score > cuts["high"])
