"""`Slots`: how many calls a host serves per model at once (`OLLAMA_NUM_PARALLEL`), which no endpoint tells."""

from __future__ import annotations

from dataclasses import dataclass

NO_WAIT = 0.05
"""Share of a call's time; a call that waited less for a slot found one free."""
LONG_WAIT = 0.3
MORE_AFTER = 3
"""Calls that found a slot free although all known ones were taken, after which there is one more."""
FEWER_AFTER = 2
MOST = 64


@dataclass(slots=True)
class Slots:
    """Starts at one, Ollama's default; learned from the waits of calls that met others on their model.

    Source: the Zeta learning study, section 8.3.
    """

    count: int = 1
    _free: int = 0
    _taken: int = 0

    def learn(self, before: int, wait: float | None, total: float | None) -> bool:
        """Fold in a call that found `before` others on its model; return whether the number of slots changed.

        Args:
            before: Calls in flight on the model when this one was decided.
            wait: Seconds it waited for a slot.
            total: Seconds it took in all.
        """
        if wait is None or not total or not before:
            return False
        share = wait / total
        if before >= self.count and share < NO_WAIT:
            self._taken = 0
            self._free += 1
            if self._free >= MORE_AFTER and self.count < MOST:
                self.count += 1
                self._free = 0
                return True
        elif before < self.count and share > LONG_WAIT:
            self._free = 0
            self._taken += 1
            if self._taken >= FEWER_AFTER:
                self.count = before
                self._taken = 0
                return True
        return False
