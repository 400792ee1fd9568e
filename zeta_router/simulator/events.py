"""The virtual clock: a queue of things that will happen, run in order of time and rank."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any, TypeAlias

# Events at one instant run in this order (`ollama-wire.md` 4.12), then in the order they were made.
COMPLETION, EXPIRY, PENDING, ARRIVAL = range(4)

# [when, rank, number, callback or None once run or cancelled, argument]: a list, since heapq compares lists in C.
Event: TypeAlias = list[Any]


class EventQueue:
    """Future events by time. Cancelled ones stay in the heap until they surface, which is cheaper than removal."""

    __slots__ = ("_count", "_heap", "now")

    def __init__(self, now: float) -> None:
        self.now = now
        self._heap: list[Event] = []
        self._count = 0

    def at(self, when: float, rank: int, callback: Callable[[Any], None], argument: object = None) -> Event:
        """Run `callback(argument)` at `when`, or now if that is past."""
        self._count += 1
        event = [max(when, self.now), rank, self._count, callback, argument]
        heappush(self._heap, event)
        return event

    @staticmethod
    def cancel(event: Event | None) -> None:
        """Make an event not happen; one that ran, or None, is ignored."""
        if event is not None:
            event[3] = None

    def next_at(self) -> float | None:
        """Return when the next event is due, None when there is none."""
        heap = self._heap
        while heap and heap[0][3] is None:
            heappop(heap)
        return heap[0][0] if heap else None

    def pop(self, until: float) -> bool:
        """Run the next event due by `until`; False if there is none."""
        heap = self._heap
        while heap and heap[0][0] <= until:
            when, _, _, callback, argument = event = heappop(heap)
            if callback is not None:
                event[3] = None
                self.now = when
                callback(argument)
                return True
        return False
