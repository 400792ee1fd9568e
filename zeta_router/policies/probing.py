"""`ProbeBudget`: how often a model that is slow or failing may be tried again."""

from __future__ import annotations

RATE = 0.02
"""Share of calls that may be spent on checking suspects."""
SAVED_MOST = 20.0
"""Unspent checks that are kept, earned by 1,000 calls: enough to see the end of a slow quarter of an hour at once."""
SAVED_FIRST = 4.0
RETRY_FIRST_S = 12.0
RETRY_LAST_S = 24.0
"""Seconds between checks of one suspect, doubling from the first to the last, as far as the budget reaches: at one
request a second a recovery is seen within half a minute."""
CALLS_BETWEEN = 20
"""Calls between two checks of one suspect at least: where calls are few, a check costs as much and shows as little."""
LOSS_AT_ONCE = 0.5
LOSS_PER_CALL = 0.003
"""Utility that a check may cost when it is due, and for every call since: first a request is waited for that loses
little if the model is slow still, and for which it need not be loaded."""
Key = tuple[str, str]


class ProbeBudget:
    """A token bucket over calls, and a time and a call from which each suspect may be tried again."""

    def __init__(self) -> None:
        self._saved = SAVED_FIRST
        self._calls = 0
        self._retry: dict[Key, tuple[float, int, int]] = {}
        """When, from which call on, and after how many tries."""
        self._tried_at: dict[Key, float] = {}

    @property
    def affordable(self) -> bool:
        """Whether a check is left in the budget."""
        return self._saved >= 1.0

    def due(self, key: Key, now: float, loss: float) -> bool:
        """Whether a suspect may be tried now; `loss` is the utility that this costs if nothing has changed."""
        when, call, _ = self._retry.get(key, (0.0, 0, 0))
        waits = when - RETRY_LAST_S <= now < when  # a time farther ahead is from before the clock jumped back
        since = self._calls - call
        return not waits and since >= 0 and loss <= LOSS_AT_ONCE + LOSS_PER_CALL * since

    def begin(self, key: Key, now: float, *, is_probe: bool) -> None:
        """Earn from every call, spend on a check."""
        self._calls += 1
        saved = self._saved + RATE
        self._saved = saved if saved < SAVED_MOST else SAVED_MOST
        if is_probe:
            self._saved -= 1.0
            self._tried_at[key] = now

    def tried_at(self, key: Key) -> float:
        """Return when a suspect was checked last, seconds since the epoch; 0 for never."""
        return self._tried_at.get(key, 0.0)

    def put_off(self, key: Key, now: float) -> None:
        """Put the next check of a suspect off: it was slow or failed again."""
        tries = min(self._retry.get(key, (0.0, 0, 0))[2], 60)
        wait = min(RETRY_FIRST_S * 2.0**tries, RETRY_LAST_S)
        self._retry[key] = (now + wait, self._calls + (CALLS_BETWEEN if tries else 0), tries + 1)

    def cleared(self, key: Key) -> None:
        """A model that is no suspect any more waits for nothing."""
        self._retry.pop(key, None)
        self._tried_at.pop(key, None)
