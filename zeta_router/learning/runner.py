"""`Runner`: what is learned of one model on one host, and how an outcome changes it."""

from __future__ import annotations

import math

from zeta_router.decision import Decision
from zeta_router.learning import priors
from zeta_router.learning.drift import Change, Drift
from zeta_router.learning.health import Health
from zeta_router.learning.observed import Observed, observed
from zeta_router.learning.overlap import NOTHING, Beside
from zeta_router.learning.rates import LogRate
from zeta_router.model import ModelCard
from zeta_router.outcome import Fate, Outcome

FIRST_CALLS = 2
"""Calls after which a rate is known well enough to call another one slow."""
CACHED = 0.7
"""log 2: a prompt read twice as fast as believed came out of the prompt cache."""
QUICK_IN_A_ROW = 4
"""Prompts in a row, each read that fast, after which it was not the cache but a wrong belief."""
BOUND_MOST = 2.5
"""log deviation that a call which never ended counts for at most: it may have had other causes."""
LATE_FACTOR = 2.5
LATE_S = 2.0
"""A call that took more than `2.5 * expected + 2 s`, and has not ended, says that its model is slow."""
OVERLAP_COST = 0.8
"""Models that run at once share the host: each other one slows this one by so much."""
SLOT_COST = 0.25
"""Calls that run at once on one model share its weights: each other one slows this one by so much."""
PREFILL_SIGMA = 0.3
"""log standard deviation that is usual."""
LOAD_GAIN = 0.3
"""Loads are few, and as long as the disk and its cache make them: the newest always counts for so much."""


class Runner:
    """Healthy rates, present drift and health of one model on one host."""

    __slots__ = (
        "calls",
        "card",
        "decode",
        "drift",
        "freed_at",
        "health",
        "load",
        "loaded_at",
        "prefill",
        "prior_decode",
        "prior_prefill",
        "quick",
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
        self.freed_at = 0.0
        """When its last call ended, seconds since the epoch: what waited behind it began then."""
        self.calls = 0
        """Begun so far."""
        self.loaded_at = 0.0
        """When the last call was decided that it was loaded for, seconds since the epoch: its caches began empty."""
        self.health = Health()
        self.quick = 0

    def shift(self, offset: float) -> None:
        """Move what is still only a prior to the host's offset."""
        if self.decode.count == 0:
            self.decode.move(self.prior_decode + offset)
        if self.prefill.count == 0:
            self.prefill.move(self.prior_prefill + offset)

    def learn(
        self, decision: Decision, outcome: Outcome, now: float, beside: Beside | None = None, *, cached: bool = False
    ) -> tuple[Change, float]:
        """Fold in how an attempt ended; return what became noticeable, and log(observed / expected).

        Args:
            decision: What was expected.
            outcome: What came.
            now: Seconds since the epoch.
            beside: What ran at the same time: it made the call slower, and says nothing of the model.
            cached: Whether the prompt was in the cache: then it says nothing of how fast prompts are read.
        """
        fate = outcome.fate
        self.freed_at = now
        if fate.answered or (fate.is_failure and not _ended_before_its_time(decision, outcome)):
            self.health.learn(fate.answered, now)
        if fate.censored:
            return self._learn_bound(decision, outcome, now)
        if not fate.completed:
            return Change.none, 0.0
        seen = observed(decision, outcome, cached=cached)
        if seen.load is not None:
            self.loaded_at = decision.decided_at
        sharing = _sharing(seen, beside)
        return self._learn_times(seen if sharing == 1.0 else seen.alone_would_be(sharing), now)

    def _learn_times(self, seen: Observed, now: float) -> tuple[Change, float]:
        if seen.load is not None and (seen.alone or seen.load < self.load.seconds):
            # beside other calls it contains the queue for loads, and only shows that a load takes no longer
            self.load.learn(math.log(seen.load), math.inf, LOAD_GAIN)
        ratio = self._ratio(seen)
        if ratio is None:
            return Change.none, 0.0
        change = Change.none
        if self.decode.count + self.prefill.count >= FIRST_CALLS:
            change = self.drift.observe(ratio, now, seen.doubt)
        self._learn_rates(seen)
        return change, ratio

    def _ratio(self, seen: Observed) -> float | None:
        """Return log(observed / expected healthy) seconds of prefill and decode, or None where nothing tells."""
        if seen.decode_per_token is not None:
            took, expected = seen.decode_per_token * seen.steps, self.decode.seconds * seen.steps
            if seen.prefill_per_token is not None:
                per_token = self.prefill.seconds
                slower = max(seen.prefill_per_token, per_token)  # quicker: out of the prompt cache
                took += slower * seen.prompt_tokens
                expected += per_token * seen.prompt_tokens
        elif seen.prefill_per_token is not None:
            took, expected = seen.prefill_per_token, self.prefill.seconds
        elif seen.service is not None:
            took = seen.service
            expected = priors.PREFILL_BASE_S + self.prefill.seconds * seen.prompt_tokens
            expected += self.decode.seconds * seen.steps
        else:
            return None
        return math.log(took / expected)

    def _learn_rates(self, seen: Observed) -> None:
        sigma = self.drift.sigma + seen.doubt
        if seen.decode_per_token is not None:
            value = math.log(seen.decode_per_token)
            if self.drift.active:
                self.decode.creep(value)
            elif self.decode.count == 0 and seen.load is not None:
                self.decode.glance(value)  # right after a load: the disk may still be at it
            else:
                self.decode.learn(value, sigma)
        elif seen.service is not None and not self.drift.active:
            self._learn_total(seen, seen.service)
        if seen.prefill_per_token is None or self.drift.active or seen.load is not None:
            return
        value = math.log(seen.prefill_per_token)
        self.quick = self.quick + 1 if value < self.prefill.mean - CACHED else 0
        if 0 < self.quick < QUICK_IN_A_ROW and self.prefill.count:
            return  # out of the prompt cache
        self.prefill.learn(value, PREFILL_SIGMA + seen.doubt)

    def _learn_total(self, seen: Observed, service: float) -> None:
        """Learn from a call of which only the total is known: what the prompt does not explain is the answer's."""
        if seen.steps:
            rest = max(service - self.prefill.seconds * seen.prompt_tokens, 0.5 * service)
            self.decode.learn(math.log(rest / seen.steps), self.drift.sigma)
        else:
            rest = max(service - priors.PREFILL_BASE_S, 0.5 * service)
            self.prefill.learn(math.log(rest / seen.prompt_tokens), self.drift.sigma)

    def _learn_bound(self, decision: Decision, outcome: Outcome, now: float) -> tuple[Change, float]:
        """Fold in a call that was given up: it would have taken at least this long."""
        spent, predicted = outcome.timings.total, decision.predicted
        healthy = (predicted.prefill or 0.0) + (predicted.decode or 0.0)
        if self.drift.active:
            healthy /= math.exp(self.drift.level)
        if spent is None or healthy <= 0.0 or self.decode.count + self.prefill.count < FIRST_CALLS:
            return Change.none, 0.0
        expected = (predicted.wait or 0.0) + (predicted.load or 0.0) + healthy  # it may have waited longer than that
        if spent <= LATE_FACTOR * expected + LATE_S:
            return Change.none, 0.0
        ratio = min(math.log(spent / expected), BOUND_MOST)
        return self.drift.observe_bound(ratio, now), ratio


def _ended_before_its_time(decision: Decision, outcome: Outcome) -> bool:
    """Return whether a timeout came before the answer was due: the deadline was tight, the model is not to blame."""
    if outcome.fate is not Fate.timeout:
        return False
    seen, predicted = outcome.timings.total, decision.predicted.total
    return seen is not None and predicted is not None and seen < predicted


def _sharing(seen: Observed, beside: Beside | None) -> float:
    """Return how many times slower than alone a call was for what ran beside it."""
    if beside is NOTHING:
        return 1.0
    if beside is None:  # its begin was not seen: what was in flight when it was decided must do
        return 1.0 + OVERLAP_COST * seen.others
    return 1.0 + OVERLAP_COST * beside.models + SLOT_COST * beside.calls
