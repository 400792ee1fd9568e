"""`Learned`: everything that is learned of models and hosts, folded from decisions and outcomes."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

from zeta_router.decision import Candidate, Decision
from zeta_router.learning.drift import Change
from zeta_router.learning.host import Host
from zeta_router.learning.lengths import Lengths
from zeta_router.learning.observed import REAL_LOAD_S
from zeta_router.learning.overlap import Beside
from zeta_router.learning.runner import Runner
from zeta_router.learning.waiting import Busy
from zeta_router.model import ModelCard
from zeta_router.outcome import Fate, Outcome

Key = tuple[str, str]
"""Model and host: where speed is learned."""

TELLING_CALLS = 8
"""First answers of a model from which the models not yet seen on its host learn how fast the host is."""
MOST_RUNNERS = 256
"""Models on hosts that are remembered; the one that served longest ago is forgotten first."""


class Learned:
    """Models on hosts, hosts, and lengths of answers. A pure fold: neither clock nor chance."""

    def __init__(self) -> None:
        self.runners: dict[Key, Runner] = {}
        """Those that served, the one that served last at the end."""
        self.hosts: dict[str, Host] = {}
        self.lengths = Lengths()
        self.hosts_changed = False
        """The last answer changed what is believed of all models of its host."""
        self.room: dict[str, float] = {}
        """Host -> gigabytes of the largest model that fits beside those in memory, as far as known."""

    # -- folding -------------------------------------------------------------------------------------------------

    def begin(self, decision: Decision, work: float) -> Collection[Key]:
        """Count an attempt in; `work` is how many seconds it should take. Return whom this made be forgotten."""
        host = self.hosts.setdefault(decision.host, Host())
        host.overlap.begin(decision.id, decision.model, work, decision.decided_at)
        if decision.card is None:
            return ()
        self._serving(decision.card, decision.host)
        return self._forget()

    def learn(self, decision: Decision, outcome: Outcome, now: float) -> tuple[Change, float]:
        """Fold in how an attempt ended; return what became noticeable, and log(observed / expected)."""
        self.hosts_changed = False
        if decision.card is None:
            return Change.none, 0.0
        runner = self._serving(decision.card, decision.host)
        host = self.hosts.setdefault(decision.host, Host())
        beside = host.overlap.end(decision.id, now)
        if outcome.fate is Fate.cache_hit:
            return Change.none, 0.0
        if beside is not None:
            beside = Beside(beside.models, min(beside.calls, host.slots.count - 1.0))
        noticed = runner.learn(decision, outcome, now, beside)
        self._note_memory(host, decision, outcome, now)
        if outcome.fate is Fate.ok:
            own = next((s.candidate for s in decision.candidates if s.candidate.key == decision.key), None)
            if own is not None:
                timings = outcome.timings
                self.hosts_changed = host.slots.learn(own.in_flight, timings.wait, timings.total)
            if outcome.output_tokens:
                self.lengths.learn(decision.model, decision.task, outcome.output_tokens)
            if runner.decode.count <= TELLING_CALLS:
                self._share_speed(decision.host, host)
                self.hosts_changed = True
        return noticed

    def _serving(self, card: ModelCard, host: str) -> Runner:
        """Return the runner of a model, now the last in order; one that was pulled anew starts anew."""
        key = (card.name, host)
        runner = self.runners.pop(key, None)
        if runner is None or (card.digest != runner.card.digest and None not in (card.digest, runner.card.digest)):
            runner = self.prior(card, host)
        self.runners[key] = runner
        return runner

    def _forget(self) -> Collection[Key]:
        gone: list[Key] = []
        while len(self.runners) > MOST_RUNNERS:
            key = next(iter(self.runners))
            del self.runners[key]
            gone.append(key)
            if not any(model == key[0] for model, _ in self.runners):
                self.lengths.forget(key[0])
            if not any(host == key[1] for _, host in self.runners):
                self.hosts.pop(key[1], None)
                self.room.pop(key[1], None)
        return gone

    def _note_memory(self, host: Host, decision: Decision, outcome: Outcome, now: float) -> None:
        for score in decision.candidates:
            candidate = score.candidate
            known = self.runners.get(candidate.key)
            if known is not None and candidate.host == decision.host and candidate.model != decision.model:
                host.memory.seen(candidate.model, known.card.gigabytes, candidate.loaded, decision.decided_at)
        if outcome.fate is Fate.ok and decision.card is not None:
            loaded = (outcome.timings.load or 0.0) > REAL_LOAD_S
            host.memory.used(decision.model, decision.card.gigabytes, loaded_for_it=loaded, now=now)
        self.room[decision.host] = host.memory.room_gb

    def _share_speed(self, address: str, host: Host) -> None:
        """Believe of the models not yet seen on a host what its others showed: hosts differ, their models alike."""
        mates = [runner for (_, where), runner in self.runners.items() if where == address]
        shown = [runner.decode.mean - runner.prior_decode for runner in mates if runner.decode.count]
        if shown:
            host.offset = sum(shown) / len(shown)
            for runner in mates:
                runner.shift(host.offset)

    # -- asking --------------------------------------------------------------------------------------------------

    def prior(self, card: ModelCard, host: str) -> Runner:
        """Return what is believed of a model on a host before it has served."""
        known = self.hosts.get(host)
        return Runner(card, offset=known.offset if known is not None else 0.0)

    def slots(self, host: str) -> int:
        """Return how many calls a host serves per model at once."""
        known = self.hosts.get(host)
        return known.slots.count if known is not None else 1

    def success(self, key: Key, now: float) -> float:
        """Return the probability that a model on a host answers."""
        return self.runners[key].health.probability(now)

    def before_load(self, candidate: Candidate, busy: Sequence[Busy]) -> float:
        """Return the seconds until a load can start: other loads come first, and a busy model is not evicted."""
        seconds = sum(other.remaining for other in busy if not other.loaded and other.model != candidate.model)
        host = self.hosts.get(candidate.host)
        if host is None or candidate.card.gigabytes <= self.room.get(candidate.host, math.inf):
            return seconds
        at_work = {other.model for other in busy if other.loaded}
        if any(model not in at_work for model in host.memory.residents):
            return seconds  # an idle one goes at once
        return seconds + min((other.remaining for other in busy if other.loaded), default=0.0)
