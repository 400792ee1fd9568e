"""`Forecast`: what a decision needs to know of one model on one host, kept ready until something is learned."""

from __future__ import annotations

from typing import NamedTuple

from zeta_router.model import ModelCard

FADING = -1.0
"""In place of a probability that changes with time, and must be asked for."""


class Forecast(NamedTuple):
    """Numbers, so that deciding is arithmetic. Seconds are the present ones: a slowdown is in them."""

    card: ModelCard
    """It was made for this one: a model that was pulled anew starts anew."""
    per_prompt_token: float
    per_output_token: float
    success: float
    """Probability of an answer, or `FADING`."""
    slowdown: float
    """Present over healthy seconds."""
    queued: float
    """What work costs others: `Price.queued` and `Price.shared`."""
    shared: float
    load: float
    """Seconds to bring the model into memory."""
    gigabytes: float
    note: str
    """Why it is scored unusually."""
