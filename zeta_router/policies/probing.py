"""`ProbeBudget`: how often a model that is slow or failing may be tried again."""

from __future__ import annotations

RATE = 0.02
"""Share of calls that may be spent on checking suspects."""
SAVED_MOST = 4.0
"""Unspent checks that are kept: a short episode is over soon, a long quiet time buys no burst."""
SAVED_FIRST = 4.0
RETRY_FIRST_S = 15.0
RETRY_LAST_S = 45.0
"""Seconds between checks of one suspect, doubling from the first to the last, as far as the budget reaches."""


class ProbeBudget:
    """A token bucket over calls, and a time from which each suspect may be tried again."""

    def __init__(self) -> None:
        self._saved = SAVED_FIRST
        self._retry_at: dict[tuple[str, str], tuple[float, int]] = {}
        self._tried_at: dict[tuple[str, str], float] = {}

    @property
    def affordable(self) -> bool:
        """Whether a check is left in the budget."""
        return self._saved >= 1.0

    def due(self, key: tuple[str, str], now: float) -> bool:
        """Whether a suspect may be tried now."""
        return now >= self._retry_at.get(key, (0.0, 0))[0]

    def begin(self, key: tuple[str, str], now: float, *, is_probe: bool) -> None:
        """Earn from every call, spend on a check."""
        self._saved = min(self._saved + RATE, SAVED_MOST)
        if is_probe:
            self._saved -= 1.0
            self._tried_at[key] = now

    def tried_at(self, key: tuple[str, str]) -> float:
        """Return when a suspect was checked last, seconds since the epoch; 0 for never."""
        return self._tried_at.get(key, 0.0)

    def put_off(self, key: tuple[str, str], now: float) -> None:
        """Put the next check of a suspect off: it was slow or failed again."""
        tries = self._retry_at.get(key, (0.0, 0))[1]
        self._retry_at[key] = (now + min(RETRY_FIRST_S * 2.0**tries, RETRY_LAST_S), tries + 1)

    def cleared(self, key: tuple[str, str]) -> None:
        """A model that is no suspect any more waits for nothing."""
        self._retry_at.pop(key, None)
        self._tried_at.pop(key, None)
