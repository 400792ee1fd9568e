"""`Memory`: which models a host holds together, found out from what was in memory at once and what was evicted."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

KEPT_S = 300.0
"""Ollama lets go of a model that was idle for five minutes, unless it was told otherwise."""
EVICTED_WITHIN_S = 0.9 * KEPT_S
"""A model that was gone sooner than this after its last use had to go; later, it may have been let go."""

UNHEARD_S = 12.0 * KEPT_S
"""A model of which nothing was seen for so long is no longer taken to be there: it may have been deleted."""

BELIEVED_AFTER = 3
"""Evictions that should not have been after which what was held at most is found out anew."""


@dataclass(slots=True)
class _Resident:
    gigabytes: float
    used_at: float
    changed_at: float
    """When it was last known to come or to be there."""
    seen_at: float
    """When it last was there for certain: it answered, or the host said so."""
    sure: bool = True
    """Not sure after another model was loaded, which it may have had to make room for."""


@dataclass(slots=True)
class Memory:
    """Bounds on the gigabytes and the number of models that a host holds at once.

    Ollama tells what is in memory, not what would fit. So what was seen together fits; what made another model go does
    not; of what lies between it is hoped that it does. Source: the Zeta learning study, section 8.3.
    """

    held_gb: float = 0.0
    """Most gigabytes that were in memory at once."""
    held_models: int = 0
    refused_gb: float = math.inf
    """Fewest gigabytes for which a model had to go."""
    refused_models: float = math.inf
    """Fewest models for which one had to go although their gigabytes would have fit."""
    _residents: dict[str, _Resident] = field(default_factory=dict)
    _newest: str | None = None
    """The model that was loaded last."""
    _contradicted: int = 0
    """Models that had to go although all were believed to fit."""
    _has_news: bool = False
    """Something came or went since it was last counted what fits."""
    room_gb: float = math.nextafter(math.inf, 0.0)
    """Gigabytes of the largest model that fits beside those in memory, or might; below 0 for none."""

    def __contains__(self, model: str) -> bool:
        """Return whether a model is in memory, as far as known."""
        return model in self._residents

    def used(self, model: str, gigabytes: float, *, loaded_for_it: bool, now: float) -> None:
        """Note that a model answered, and whether it had to be loaded for that."""
        known = self._residents.get(model)
        if loaded_for_it:
            if known is not None and self._newest != model:
                self._gone(model, known, now)
            for other in self._residents.values():
                other.sure = False
                other.changed_at = now  # what was seen of it before that says nothing any more
            self._newest = model
        elif known is not None and known.sure and known.gigabytes == gigabytes and not self._has_news:
            known.used_at = known.changed_at = known.seen_at = now
            return
        self._residents[model] = _Resident(gigabytes, now, now, now)
        self._forget_unheard(now)
        self._fits()
        self._measure()

    def seen(self, model: str, gigabytes: float, loaded: bool | None, at: float) -> None:
        """Note whether the host has a model in memory, as of a time; None is that nobody knows."""
        known = self._residents.get(model)
        if loaded and known is not None:
            self.still_there(model, at)
        elif loaded:
            self._residents[model] = _Resident(gigabytes, at, at, at)
            self._forget_unheard(at)
            self._has_news = True
            self._measure()
        elif loaded is False and known is not None and at >= known.changed_at:
            self._gone(model, known, at)
            self._has_news = True
            self._measure()

    def still_there(self, model: str, at: float) -> None:
        """Note that the host has a model in memory that it had before, as of a time."""
        known = self._residents[model]
        if at >= known.changed_at:
            self._has_news = self._has_news or not known.sure
            known.sure = True
            known.changed_at = known.seen_at = at

    @property
    def residents(self) -> tuple[str, ...]:
        """The models in memory, as far as known."""
        return tuple(self._residents)

    def _fits(self) -> None:
        sure = [resident.gigabytes for resident in self._residents.values() if resident.sure]
        self.held_gb = max(self.held_gb, sum(sure))
        self.held_models = max(self.held_models, len(sure))
        if self.refused_gb <= self.held_gb:
            self.refused_gb = math.inf  # something else was in the way then
        if self.refused_models <= self.held_models:
            self.refused_models = math.inf
        self._has_news = False

    def _measure(self) -> None:
        """Work out the room that is left."""
        if len(self._residents) + 1 >= self.refused_models:
            self.room_gb = -1.0
            return
        total = sum([resident.gigabytes for resident in self._residents.values()])
        self.room_gb = max(self.held_gb, math.nextafter(self.refused_gb, 0.0)) - total

    def _forget_unheard(self, now: float) -> None:
        """Take out those of which nothing was seen for long. That says nothing of what fits."""
        for model in [name for name, there in self._residents.items() if now - there.seen_at > UNHEARD_S]:
            del self._residents[model]

    def _gone(self, model: str, resident: _Resident, now: float) -> None:
        """Take a model out; if it was used lately, it had to go: all of them were too much, or too many."""
        if now - resident.used_at < EVICTED_WITHIN_S and self._newest not in (None, model):
            total = sum(other.gigabytes for other in self._residents.values())
            if total > self.held_gb:
                self.refused_gb = min(self.refused_gb, total)
            elif len(self._residents) > self.held_models:
                self.refused_models = min(self.refused_models, len(self._residents))
            else:
                self._contradicted += 1
                if self._contradicted >= BELIEVED_AFTER:  # they were never there at once, it only looked so
                    self._contradicted, self.held_gb, self.held_models, self.refused_gb = 0, 0.0, 0, total
        del self._residents[model]
