"""`Outlook`: all that a decision needs to know of times, kept ready: who learns brings it up to date."""

from __future__ import annotations

import math
from collections.abc import Sequence

from zeta_router.decision import Candidate, Decision
from zeta_router.learning.learned import Key, Learned
from zeta_router.learning.lengths import NO_OUTPUT, Expected
from zeta_router.policies.forecast import Forecast
from zeta_router.policies.traffic import FREE, Price, Traffic

PLAN_EVERY_S = 15.0
"""Seconds after which prices are worked out anew: after an answer, outside of any decision."""
READY_MOST = 256
"""Tasks whose lengths are kept ready; they are made anew when needed."""
FORECASTS_MOST = 1_024
"""Models on hosts that are kept ready: a fleet through which many pass is no reason to grow."""


class Outlook:
    """Forecasts of models on hosts, with what their work costs others, and expected lengths of answers per task."""

    def __init__(self, learned: Learned, traffic: Traffic) -> None:
        self._learned = learned
        self._traffic = traffic
        self.forecasts: dict[Key, Forecast] = {}
        self._lengths: dict[str, dict[Key, Expected]] = {}
        self._prices: dict[Key, Price] = {}
        self._planned_at = -math.inf
        self._answered: set[str] = set()
        """Tasks that were answered to since the last plan."""

    def lengths(self, task: str) -> dict[Key, Expected]:
        """Return how long answers are expected to get, of whom it is ready."""
        table = self._lengths.get(task)
        if table is None:
            if len(self._lengths) >= READY_MOST:
                self._lengths.clear()
            table = self._lengths[task] = {}
        return table

    def make(self, task: str, candidates: Sequence[Candidate]) -> bool:
        """Make what is not ready of these candidates; return whether somebody was new, or had a new card."""
        if len(self.forecasts) > FORECASTS_MOST:
            self.forecasts.clear()
            for table in self._lengths.values():
                table.clear()
        lengths, is_news = self.lengths(task), False
        for candidate in candidates:
            card, key = candidate.card, candidate.key
            forecast = self.forecasts.get(key)
            if forecast is None or forecast.card is not card:
                runner = self._learned.runners.get(key) or self._learned.prior(card, candidate.host)
                self.forecasts[key] = Forecast(card, runner, self._price(key))
                is_news = True
            if key not in lengths:
                lengths[key] = self._expect(task, key)
        return is_news

    def forget(self, key: Key) -> None:
        """Let go of a model on a host that is no longer there."""
        self.forecasts.pop(key, None)
        for table in self._lengths.values():
            table.pop(key, None)

    def renew(self, decision: Decision, now: float) -> None:
        """Bring up to date what an answer changes."""
        learned, key = self._learned, decision.key
        self._answered.add(decision.task)
        if not 0.0 <= now - self._planned_at < PLAN_EVERY_S or learned.hosts_changed:
            self._plan(now)
        forecast = self.forecasts.get(key)
        if forecast is not None:
            forecast.renew(learned.runners[key])
        if learned.lengths.young(decision.task):
            self._expect_anew(decision.task)
            return
        for task in self._answered:
            table = self._lengths.get(task)
            if table and key in table:
                table[key] = self._expect(task, key)

    def _plan(self, now: float) -> None:
        """Work out what GPU time costs until the next time; on the way, see to what single answers hardly change."""
        learned = self._learned
        self._planned_at = now
        slots = {host: known.slots.count for host, known in learned.hosts.items()}
        self._prices = self._traffic.prices(slots, now)
        for key, forecast in self.forecasts.items():
            forecast.queued, forecast.shared = self._price(key)
            if learned.hosts_changed:
                forecast.renew(learned.runners.get(key) or learned.prior(forecast.card, key[1]))
        for task in self._answered:
            self._expect_anew(task)
        self._answered.clear()

    def _price(self, key: Key) -> Price:
        return self._prices.get(key) or self._prices.get(("", key[1]), FREE)

    def _expect(self, task: str, key: Key) -> Expected:
        return NO_OUTPUT if task == "embedding" else self._learned.lengths.expect(key[0], task)

    def _expect_anew(self, task: str) -> None:
        table = self._lengths.get(task, {})
        for key in table:
            table[key] = self._expect(task, key)
