"""A slot: the place in a runner where one request is worked on, and how far it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from zeta_router.simulator.jobs import Job, Work
from zeta_router.simulator.prompt_cache import NOTHING, SIMILAR, Remembered
from zeta_router.simulator.timeline import COMPLETION, Event, Timeline


class Slot:
    """Progress of one request, in tokens, at a rate that holds until the next change.

    One event is in the queue per slot: when the position will reach the next milestone at the present rate.
    """

    __slots__ = (
        "_event",
        "_reached",
        "_since",
        "_timeline",
        "decode_rate",
        "decoding",
        "job",
        "last_used",
        "milestone",
        "position",
        "prefill_rate",
        "prompt",
        "rate",
        "work_tokens",
    )

    def __init__(self, timeline: Timeline, reached: Callable[[Slot], None]) -> None:
        self.job: Job | None = None
        self.prompt: Remembered = NOTHING
        self.last_used = timeline.now
        self.decoding = False
        self.position = 0.0
        """Tokens of the prompt read, or of the answer made."""
        self.milestone = 0.0
        self.rate = 0.0
        """Tokens per second now."""
        self.prefill_rate = 0.0
        """Tokens per second alone, as is `decode_rate`."""
        self.decode_rate = 0.0
        self.work_tokens = 0.0
        """Prompt tokens to compute, without the request's fixed overhead."""
        self._timeline = timeline
        self._reached = reached
        self._since = timeline.now
        self._event: Event | None = None

    def aim(self, position: float, milestone: float) -> None:
        """Be at `position` now, with `milestone` as the next thing to happen. Follow with `pace`."""
        self._timeline.cancel(self._event)
        self._event = None
        self.position = position
        self.milestone = milestone
        self._since = self._timeline.now

    def pace(self, rate: float) -> None:
        """Go on at `rate` tokens per second; at 0 nothing will happen until the next change."""
        if rate == self.rate and self._event is not None:
            return
        now = self._timeline.now
        if self._event is not None:
            self.settle()
            self._timeline.cancel(self._event)
            self._event = None
        self.rate = rate
        self._since = now
        if rate > 0:
            due = now + (self.milestone - self.position) / rate
            self._event = self._timeline.at(due, COMPLETION, self._arrive)

    def settle(self) -> None:
        """Bring `position` up to now."""
        if self._event is not None:
            now = self._timeline.now
            self.position = min(self.position + (now - self._since) * self.rate, self.milestone)
            self._since = now

    def clear(self) -> None:
        """Be free."""
        self._timeline.cancel(self._event)
        self._event = None
        self.job = None
        self.decoding = False
        self.last_used = self._timeline.now

    def _arrive(self, _: object) -> None:
        self._event = None
        self.position = self.milestone
        self._since = self._timeline.now
        self._reached(self)


def best_slot(free: Sequence[Slot], work: Work) -> Slot:
    """Return the free slot with the longest common prefix if it is worth it, else the least recently used (3.3)."""
    if len(free) == 1:
        return free[0]
    if work.prompt_key:
        best = max(free, key=lambda slot: slot.prompt.common_tokens(work))
        if best.prompt.common_tokens(work) > SIMILAR * work.prompt_tokens:
            return best
    return min(free, key=lambda slot: slot.last_used)
