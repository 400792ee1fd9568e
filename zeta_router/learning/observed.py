"""`Observed`: what one finished call says about speed, with everything implausible left out."""

from __future__ import annotations

import math
from typing import NamedTuple

from zeta_router.decision import Decision
from zeta_router.outcome import Outcome

DECODE_TOKENS = 6
"""Fewer output tokens than this say nothing of the decode speed."""
PREFILL_TOKENS = 30
REAL_LOAD_S = 0.6
"""Seconds of `load_duration` from which a model was really loaded; 0.001 to 0.01 s are reported for one in memory."""
FASTEST_S, SLOWEST_S = 1e-7, 1e3
"""Seconds per token outside of which a clock is broken, not a model fast or slow."""
LONGEST_LOAD_S = 3600.0
MOST_TOKENS = 10**9
"""A count beyond that is a fault of the server."""
SHARING_DOUBT = 0.5
"""How wrong the logarithm of what sharing costs may be: when exactly the others were at work is not known."""


class Observed(NamedTuple):
    """Seconds per token where Ollama's clocks gave them, and what was going on beside."""

    decode_per_token: float | None
    prefill_per_token: float | None
    load: float | None
    """Seconds, where the model was really loaded."""
    service: float | None
    """Seconds of prefill and decode together, where only the total is known."""
    steps: int
    """Decode steps: the first token comes out of the prefill."""
    prompt_tokens: int
    others: int
    """Other calls on the host when the call was decided."""
    doubt: float = 0.0
    """log standard deviation of what was taken off for what ran beside it."""

    @property
    def alone(self) -> bool:
        """Whether nothing else ran on the host."""
        return self.others == 0

    def alone_would_be(self, sharing: float) -> Observed:
        """Return the same as if nothing had run beside it, which made it `sharing` times slower."""
        if sharing <= 1.0:
            return self
        return self._replace(
            doubt=SHARING_DOUBT * math.log(sharing),
            decode_per_token=None if self.decode_per_token is None else self.decode_per_token / sharing,
            prefill_per_token=None if self.prefill_per_token is None else self.prefill_per_token / sharing,
            service=None if self.service is None else self.service / sharing,
        )


def observed(decision: Decision, outcome: Outcome, *, cached: bool = False) -> Observed:
    """Return what an answer says about speed; implausible figures are left out, and a prompt that was not read anew."""
    times = outcome.timings
    prompt = outcome.prompt_tokens
    if prompt is None:
        prompt = decision.prompt_tokens
    prompt = min(prompt, MOST_TOKENS)
    output = outcome.output_tokens or 0
    steps = min(output, MOST_TOKENS) - 1 if output else 0
    decode = prefill = load = service = None
    if times.decode is not None and output >= DECODE_TOKENS:
        decode = _per_token(times.decode, steps)
    if times.prefill is not None and prompt >= PREFILL_TOKENS and not cached:
        prefill = _per_token(times.prefill, prompt)
    if times.decode is None and times.prefill is None and times.total is not None:
        rest = times.total - (times.load or 0.0) - (times.wait or 0.0)
        if _per_token(rest, steps or prompt) is not None:
            service = rest
    if times.load is not None and REAL_LOAD_S < times.load < LONGEST_LOAD_S:
        load = times.load
    return Observed(decode, prefill, load, service, steps, prompt, decision.picked.candidate.host_flights)


def _per_token(seconds: float, tokens: int) -> float | None:
    if tokens <= 0:
        return None
    rate = seconds / tokens
    return rate if FASTEST_S < rate < SLOWEST_S else None
