"""`Health`: the probability that an attempt brings an answer."""

from __future__ import annotations

import math

FORGETS_S = 600.0
"""Time constant: a failure ten minutes ago counts for a third."""
PSEUDO = 3.0
PRIOR = 0.98
NEGLIGIBLE = 1e-3
FORGIVEN = 0.25
"""What an answer leaves of the failures before it: a server that is back is back."""
AILING = 0.95
"""Below this a model is avoided like a slow one, and retried at the same times."""


class Health:
    """Answers and failures that fade with time; part of the expectation, not a switch.

    Source: the Zeta learning study, section 2 ("success probability").
    """

    __slots__ = ("_answers", "_at", "_failures", "lasting")

    def __init__(self) -> None:
        self._answers = 0.0
        self._failures = 0.0
        self._at = 0.0
        self.lasting: float | None = PRIOR
        """The probability of an answer until the next attempt; None where failures are to be forgotten until then."""

    def learn(self, answered: bool, now: float) -> None:
        """Fold in one attempt."""
        fade = math.exp((self._at - now) / FORGETS_S) if now > self._at else 1.0
        self._at = now  # also back: else failures would not fade until a clock that jumped has caught up
        if answered:
            self._answers = self._answers * fade + 1.0
            self._failures *= fade * FORGIVEN
        else:
            self._answers *= fade
            self._failures = self._failures * fade + 1.0
        if self._failures < NEGLIGIBLE:  # nothing to fade that would show
            self.lasting = (self._answers + PSEUDO * PRIOR) / (self._answers + PSEUDO)
        else:
            self.lasting = None

    def probability(self, now: float) -> float:
        """Return the probability of an answer, in (0, 1)."""
        if self.lasting is not None:
            return self.lasting
        fade = math.exp(-max(now - self._at, 0.0) / FORGETS_S)
        answers, failures = self._answers * fade, self._failures * fade
        return (answers + PSEUDO * PRIOR) / (answers + failures + PSEUDO)
