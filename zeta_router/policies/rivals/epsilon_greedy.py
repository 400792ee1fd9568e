"""Mostly the best so far, sometimes any."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from zeta_router.decision import Candidate, Choice, Decision
from zeta_router.errors import ConfigError
from zeta_router.events import DriftFound, DriftOver
from zeta_router.objective import Objective
from zeta_router.outcome import Outcome
from zeta_router.policies.rivals.base import Arm, Rival, best_of, pick
from zeta_router.policies.rivals.reward import Rewards
from zeta_router.request import Request
from zeta_router.tasks.task_guess import TaskGuess

FIRST = 1.0
"""Reward that an arm is believed to bring before it is tried: the highest there is, so that each gets its try."""


class EpsilonGreedy(Rival):
    """Plays the best arm so far, and any of them with probability `epsilon`.

    The step is constant, so old rewards fade and a model that became slow loses its lead. Source: Sutton and Barto,
    Reinforcement Learning, 2nd edition, sections 2.2 and 2.5. The defaults are what does best in the bench, on seeds it
    is not judged by.
    """

    def __init__(self, objective: Objective, *, epsilon: float = 0.05, step: float = 0.1) -> None:
        for name, value in (("epsilon", epsilon), ("step", step)):
            if not 0 <= value <= 1:
                raise ConfigError(f"{name} must be in [0, 1], got {value!r}")
        self._epsilon = epsilon
        self._step = step
        self._rewards = Rewards(objective)
        self._value: dict[Arm, float] = {}

    def choose(
        self, request: Request, guess: TaskGuess, candidates: Sequence[Candidate], *, now: float, rng: Random
    ) -> Choice:
        """Pick the best, or any."""
        values = [self._value.get((guess.task, *c.key), FIRST) for c in candidates]
        best = best_of(values)
        explores = rng.random() < self._epsilon
        picked = rng.randrange(len(candidates)) if explores else best
        propensity = self._epsilon / len(candidates) + (1.0 - self._epsilon) * (picked == best)
        reason = "explores" if explores else f"best so far, {values[best]:.2f}"
        return pick(candidates, values, picked, reason, propensity=propensity, explored=explores)

    def learn(self, decision: Decision, outcome: Outcome, *, now: float) -> Sequence[DriftFound | DriftOver]:
        """Move towards the reward; the first one counts in full."""
        reward = self._rewards.of(decision, outcome)
        if reward is not None:
            arm = (decision.task, *decision.key)
            old = self._value.get(arm)
            self._value[arm] = reward if old is None else old + self._step * (reward - old)
        return ()

    def feedback(self, decision: Decision, score: float, *, now: float) -> None:
        """Move by the difference that an opinion makes."""
        arm = (decision.task, *decision.key)
        change = self._rewards.correction(decision, score)
        if arm in self._value:
            self._value[arm] += self._step * change
