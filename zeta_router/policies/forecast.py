"""`Forecast`: what a decision needs to know of one model on one host, kept ready until something is learned."""

from __future__ import annotations

import copy
import math

from zeta_router.learning.runner import Runner
from zeta_router.model import ModelCard
from zeta_router.policies.traffic import Price


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
        slowdown, note = 1.0, ""
        if runner.drift.active:
            slowdown = math.exp(runner.drift.level)
            note = f"{slowdown:.1f}x slower than expected"
        self.slowdown = slowdown
        """Present over healthy seconds."""
        self.note = note
        """Why it is scored unusually."""
        self.per_prompt_token = runner.prefill.seconds * slowdown
        self.per_output_token = runner.decode.seconds * slowdown
        self.load = runner.load.seconds
        """Seconds to bring the model into memory."""
        self.success = runner.health.lasting
        """Probability of an answer; None where it changes with time, and must be asked for."""

    def healthy(self) -> Forecast:
        """Return what it would be if the model were fast, and answered."""
        healthy = copy.copy(self)
        healthy.per_prompt_token /= self.slowdown
        healthy.per_output_token /= self.slowdown
        healthy.slowdown = healthy.success = 1.0
        return healthy
