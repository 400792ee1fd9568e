"""`Forecast`: what a decision needs to know of one model on one host, kept ready until something is learned."""

from __future__ import annotations

import copy
import math

from zeta_router.learning.runner import Runner
from zeta_router.model import ModelCard
from zeta_router.policies.traffic import Price

FADING = -1.0
"""In place of a probability that changes with time, and must be asked for."""


class Forecast:
    """Numbers, so that deciding is arithmetic. Seconds are the present ones: a slowdown is in them."""

    __slots__ = (
        "card",
        "gigabytes",
        "load",
        "note",
        "per_output_token",
        "per_prompt_token",
        "queued",
        "shared",
        "slowdown",
        "success",
    )

    def __init__(self, card: ModelCard, runner: Runner, price: Price) -> None:
        self.card = card
        """It was made for this one: a model that was pulled anew starts anew."""
        self.gigabytes = card.gigabytes
        self.queued, self.shared = price
        self.renew(runner)

    def renew(self, runner: Runner) -> None:
        """Take over what was learned of the model."""
        drift, health = runner.drift, runner.health
        self.slowdown = math.exp(drift.level) if drift.active else 1.0
        """Present over healthy seconds."""
        self.note = f"{self.slowdown:.1f}x slower than expected" if drift.active else ""
        """Why it is scored unusually."""
        self.per_prompt_token = runner.prefill.seconds * self.slowdown
        self.per_output_token = runner.decode.seconds * self.slowdown
        self.load = runner.load.seconds
        """Seconds to bring the model into memory."""
        self.success = FADING if health.fading else health.probability(0.0)
        """Probability of an answer, or `FADING`."""

    def healthy(self) -> Forecast:
        """Return what it would be if the model were fast, and answered."""
        healthy = copy.copy(self)
        healthy.per_prompt_token /= self.slowdown
        healthy.per_output_token /= self.slowdown
        healthy.slowdown = healthy.success = 1.0
        return healthy
