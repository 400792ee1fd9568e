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
from zeta_router.learning.prompt_caches import PromptCaches
from zeta_router.learning.runner import Runner
from zeta_router.learning.waiting import Busy
from zeta_router.model import ModelCard
from zeta_router.outcome import Fate, Outcome
from zeta_router.scores import candidates_of

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
        self.prompts = PromptCaches()
        self.hosts_changed = False
        """The last answer changed what is believed of all models of its host."""
        self.room: dict[str, float] = {}
        """Host -> gigabytes of the largest model that fits beside those in memory, as far as known."""

    # -- folding -------------------------------------------------------------------------------------------------

    def begin(self, decision: Decision, work: float) -> Collection[Key]:
        """Count an attempt in; `work` is how many seconds it should take. Return whom this made be forgotten."""
        self.host(decision.host).overlap.begin(decision.id, decision.model, work, decision.decided_at)
        if decision.card is None:
            return ()
        key = decision.key
        runner = self._serving(self.runners.pop(key, None), decision.card, decision.host)
        self.runners[key] = runner  # now the last
        if decision.session:
            self.prompts.begin(decision.session, decision, runner)
        runner.calls += 1
        return self._forget() if len(self.runners) > MOST_RUNNERS else ()

    def learn(self, decision: Decision, outcome: Outcome, now: float) -> tuple[Runner, Change, float] | None:
        """Fold in how an attempt ended.

        Returns:
            Whose it was, what became noticeable, and log(observed / expected); None where it taught nothing.
        """
        self.hosts_changed = False
        if decision.card is None:
            return None
        known = self.runners.get(decision.key)
        runner = self._serving(known, decision.card, decision.host)
        if runner is not known:
            self.runners[decision.key] = runner
        host = self.host(decision.host)
        beside = host.overlap.end(decision.id, now)
        session = decision.session
        cached = self.prompts.learn(session, decision, outcome, runner) if session else False
        if outcome.fate is Fate.cache_hit:
            return None
        if beside is not None and beside.calls > host.slots.count - 1.0:
            beside = Beside(beside.models, host.slots.count - 1.0)
        change, ratio = runner.learn(decision, outcome, now, beside, cached=cached)
        self._note_memory(host, decision, outcome, now)
        if outcome.fate.completed:
            if before := len(decision.picked.candidate.flights):
                self.hosts_changed = host.slots.learn(before, outcome.timings.wait, outcome.timings.total)
            if outcome.output_tokens:
                self.lengths.learn(decision.model, decision.task, outcome.output_tokens)
            if runner.decode.count <= TELLING_CALLS:
                self._share_speed(decision.host, host)
                self.hosts_changed = True
        return runner, change, ratio

    def host(self, address: str) -> Host:
        """Return what is known of a host, which is nothing at first."""
        known = self.hosts.get(address)
        if known is None:
            known = self.hosts[address] = Host()
        return known

    def _serving(self, known: Runner | None, card: ModelCard, host: str) -> Runner:
        """Return the runner of a model as it is known; one that was pulled anew starts anew."""
        if known is None:
            return self.prior(card, host)
        if card is known.card or card.digest == known.card.digest or None in (card.digest, known.card.digest):
            return known
        return self.prior(card, host)

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
                self.prompts.forget(key[1])
        return gone

    def _note_memory(self, host: Host, decision: Decision, outcome: Outcome, now: float) -> None:
        """Take over what the host had in memory when it was decided, and what the call shows of it."""
        address, served, memory = decision.host, decision.model, host.memory
        news: list[Candidate] = []
        for candidate in candidates_of(decision.candidates):
            card, where, loaded, _, _, _ = candidate
            if loaded is None or where != address or card.name == served:
                continue
            if loaded and card.name in memory:
                memory.still_there(card.name, decision.decided_at)
            elif loaded or card.name in memory:
                news.append(candidate)
        if len(news) > 1:  # what came may be what others had to go for: the order tells
            news = [score.candidate for score in decision.candidates if score.candidate in news]
        for candidate in news:
            known = self.runners.get(candidate.key)
            if known is not None:
                memory.seen(candidate.model, known.card.gigabytes, candidate.loaded, decision.decided_at)
        if outcome.fate.completed and decision.card is not None:
            loaded_for_it = (outcome.timings.load or 0.0) > REAL_LOAD_S
            memory.used(served, decision.card.gigabytes, loaded_for_it=loaded_for_it, now=now)
        self.room[decision.host] = memory.room_gb

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

    def freed_at(self, key: Key) -> float:
        """Return when the last call on a model and host ended, seconds since the epoch; 0 for never."""
        runner = self.runners.get(key)
        return runner.freed_at if runner is not None else 0.0

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
