"""Virtual time: a queue of things that will happen, run in order of time and rank."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from heapq import heapify, heappop, heappush
from typing import Any, TypeAlias

# Events at one instant run in this order (`ollama-wire.md` 4.12), then in the order they were made.
COMPLETION, EXPIRY, PENDING, ARRIVAL = range(4)
LEAST_SWEEP = 1000  # fewer cancelled events than this are not worth sweeping out

# [when, rank, number, callback or None once run or cancelled, argument]: a list, since heapq compares lists in C.
Event: TypeAlias = list[Any]


class Timeline:
    """Future events by time, and a post for listeners, who are told when the state is whole again.

    Cancelled events stay in the heap until they surface, or until they are the greater part of it: cheaper than
    taking each one out, and the heap stays in proportion to what will happen.
    """

    __slots__ = ("_cancelled", "_count", "_delivering", "_heap", "_post", "now")

    def __init__(self, now: float = 0.0) -> None:
        self.now = now
        """Seconds."""
        self._heap: list[Event] = []
        self._count = 0
        self._cancelled = 0
        self._post: deque[Callable[[], None]] = deque()
        self._delivering = False

    def at(self, when: float, rank: int, callback: Callable[[Any], None], argument: object = None) -> Event:
        """Run `callback(argument)` at `when`, or now if that is past."""
        self._count += 1
        event = [max(when, self.now), rank, self._count, callback, argument]
        heappush(self._heap, event)
        return event

    def cancel(self, event: Event | None) -> None:
        """Make an event not happen; one that ran, or None, is ignored."""
        if event is not None and event[3] is not None:
            event[3] = None
            self._cancelled += 1
            if self._cancelled > max(len(self._heap) // 2, LEAST_SWEEP):
                self._heap = [kept for kept in self._heap if kept[3] is not None]
                heapify(self._heap)
                self._cancelled = 0

    def next_at(self) -> float | None:
        """Return when the next event is due, None when there is none."""
        heap = self._heap
        while heap and heap[0][3] is None:
            heappop(heap)
            self._cancelled -= 1
        return heap[0][0] if heap else None

    def __len__(self) -> int:
        """Return how many events will happen as things are."""
        return len(self._heap) - self._cancelled

    def step(self, until: float = math.inf) -> bool:
        """Run the next event due by `until`, and what listeners make of it; False if there is none."""
        heap = self._heap
        while heap and heap[0][0] <= until:
            event = heappop(heap)
            when, _, _, callback, argument = event
            if callback is None:
                self._cancelled -= 1
            else:
                event[3] = None
                self.now = when
                callback(argument)
                if self._post:
                    self.deliver()
                return True
        return False

    def advance(self, until: float) -> None:
        """Run all that is due by `until`; then it is `until`, or the last event's time if that is infinity.

        Raises:
            ValueError: `until` is past.
        """
        if until < self.now:
            raise ValueError(f"time does not run back: now is {self.now}, got {until}")
        while self.step(until):
            pass
        if math.isfinite(until):
            self.now = until

    def tell(self, message: Callable[[], None]) -> None:
        """Put a message to a listener in the post."""
        self._post.append(message)

    def deliver(self) -> None:
        """Deliver the post. What a listener does may make more, which is delivered in turn."""
        if self._delivering:
            return
        self._delivering = True
        try:
            while self._post:
                self._post.popleft()()
        finally:
            self._delivering = False
