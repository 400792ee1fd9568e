"""Thompson sampling that forgets."""

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

DRAWS = 10
"""Draws from which the propensity is estimated; the first one decides."""


class DiscountedThompson(Rival):
    """Draws every arm's mean reward from a beta posterior and picks the highest draw; each reward fades the arms of
    its task by `discount`. Rewards are scaled to [0, 1], and count as that share of a success.

    Source: Raj and Kalyani 2017, "Taming non-stationary bandits", https://arxiv.org/abs/1707.09727. The default
    discount is what does best in the bench, on seeds it is not judged by.
    """

    def __init__(self, objective: Objective, *, discount: float = 0.999) -> None:
        if not 0 < discount <= 1:
            raise ConfigError(f"discount must be in (0, 1], got {discount!r}")
        self._discount = discount
        self._rewards = Rewards(objective)
        self._arms: dict[Arm, tuple[float, float]] = {}

    def choose(
        self, request: Request, guess: TaskGuess, candidates: Sequence[Candidate], *, now: float, rng: Random
    ) -> Choice:
        """Draw, and pick the highest; further draws tell how likely this pick was."""
        arms = [self._arms.get((guess.task, *c.key), (0.0, 0.0)) for c in candidates]
        draws = [[rng.betavariate(1.0 + good, 1.0 + bad) for good, bad in arms] for _ in range(DRAWS)]
        picked = best_of(draws[0])
        propensity = sum(best_of(draw) == picked for draw in draws) / DRAWS
        return pick(candidates, draws[0], picked, f"drew {draws[0][picked]:.2f}", propensity=propensity)

    def learn(self, decision: Decision, outcome: Outcome, *, now: float) -> Sequence[DriftFound | DriftOver]:
        """Fade the arms of the task, then add the reward."""
        reward = self._rewards.of(decision, outcome)
        if reward is not None:
            for arm, (good, bad) in self._arms.items():
                if arm[0] == decision.task:
                    self._arms[arm] = (good * self._discount, bad * self._discount)
            self._add((decision.task, *decision.key), self._scaled(reward - self._rewards.lowest), 1.0)
        return ()

    def feedback(self, decision: Decision, score: float, *, now: float) -> None:
        """Shift the reward by the difference that an opinion makes."""
        self._add((decision.task, *decision.key), self._scaled(self._rewards.correction(decision, score)), 0.0)

    def _scaled(self, reward: float) -> float:
        return reward / (1.0 - self._rewards.lowest)

    def _add(self, arm: Arm, success: float, weight: float) -> None:
        good, bad = self._arms.get(arm, (0.0, 0.0))
        self._arms[arm] = (max(good + success, 0.0), max(bad + weight - success, 0.0))
