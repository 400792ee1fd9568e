"""`Runner`: what is learned of one model on one host, and how an outcome changes it."""

from __future__ import annotations

import math

from zeta_router.decision import Decision
from zeta_router.learning import priors
from zeta_router.learning.drift import Change, Drift
from zeta_router.learning.health import Health
from zeta_router.learning.rates import LogRate
from zeta_router.model import ModelCard
from zeta_router.outcome import Fate, Outcome

DECODE_TOKENS = 6
"""Fewer output tokens than this say nothing of the decode speed."""
PREFILL_TOKENS = 30
CACHED = 0.7
"""log 2: a prompt read twice as fast as believed came out of the prompt cache."""
REAL_LOAD_S = 0.6
LOADS_THAT_TELL = 3
"""Fewer loads than this do not show yet how long the model stays in memory."""
TIMEOUT_MOST = 2.5
"""log deviation that a timeout counts for at most: it may have had other causes."""
LOAD_SIGMA = PREFILL_SIGMA = 0.3
"""log standard deviations that are usual."""
LEAST_S = 1e-6


class Runner:
    """Healthy rates, present drift and health of one model on one host."""

    __slots__ = (
        "card",
        "decode",
        "drift",
        "health",
        "load",
        "loads",
        "prefill",
        "prior_decode",
        "prior_prefill",
        "served",
    )

    def __init__(self, card: ModelCard, *, offset: float = 0.0) -> None:
        """Start from the priors; `offset` is how much slower (log) this host is than they say, as its models showed."""
        self.card = card
        self.prior_decode = priors.log_decode_rate(card)
        self.prior_prefill = priors.log_prefill_rate(card)
        self.decode = LogRate(self.prior_decode + offset)
        self.prefill = LogRate(self.prior_prefill + offset)
        self.load = LogRate(priors.log_load(card))
        self.drift = Drift()
        self.health = Health()
        self.loads = 0
        self.served = 0

    @property
    def served_per_load(self) -> float:
        """Answers that one load was good for, so far: low where models keep evicting each other."""
        return self.served / self.loads if self.loads >= LOADS_THAT_TELL else math.inf

    def shift(self, offset: float) -> None:
        """Move what is still only a prior to the host's offset."""
        if self.decode.count == 0:
            self.decode.move(self.prior_decode + offset)
        if self.prefill.count == 0:
            self.prefill.move(self.prior_prefill + offset)

    def learn(self, decision: Decision, outcome: Outcome, now: float) -> tuple[Change, float]:
        """Fold in how an attempt ended; return what became noticeable, and log(observed / expected)."""
        fate = outcome.fate
        if fate.answered or fate.is_failure:
            self.health.learn(fate.answered, now)
        if fate is Fate.timeout:
            return self._learn_timeout(decision, outcome, now)
        if fate is not Fate.ok:
            return Change.none, 0.0
        return self._learn_times(decision, outcome, now)

    def _learn_times(self, decision: Decision, outcome: Outcome, now: float) -> tuple[Change, float]:
        times = outcome.timings
        if times.load is not None and times.load > REAL_LOAD_S:
            self.load.learn(math.log(times.load), LOAD_SIGMA)
            self.loads += 1
        self.served += 1
        tokens = outcome.output_tokens or 0
        if times.decode is None or tokens < DECODE_TOKENS:
            return Change.none, 0.0
        # the first token comes out of the prefill, so `tokens - 1` steps took `decode` seconds
        observed = math.log(max(times.decode, LEAST_S) / (tokens - 1))
        ratio = observed - self.decode.mean
        first = self.decode.count == 0
        slow = self.drift.active
        # a first answer only says how far off the prior was
        change = Change.none if first else self.drift.observe(ratio, now)
        if not self.drift.active:
            self.decode.learn(observed, self.drift.sigma)
            self._learn_prefill(outcome)
        elif not slow:
            self.drift.level = ratio
        return change, ratio

    def _learn_prefill(self, outcome: Outcome) -> None:
        seconds, tokens = outcome.timings.prefill, outcome.prompt_tokens or 0
        if seconds is None or tokens < PREFILL_TOKENS:
            return
        observed = math.log(max(seconds, LEAST_S) / tokens)
        if self.prefill.count == 0 or observed > self.prefill.mean - CACHED:
            self.prefill.learn(observed, PREFILL_SIGMA)

    def _learn_timeout(self, decision: Decision, outcome: Outcome, now: float) -> tuple[Change, float]:
        seen, expected = outcome.timings.total, decision.predicted.total
        if not seen or not expected or self.decode.count == 0:
            return Change.none, 0.0
        ratio = min(math.log(seen / expected), TIMEOUT_MOST)
        if ratio <= 0:
            return Change.none, 0.0
        return self.drift.observe(ratio, now), ratio
