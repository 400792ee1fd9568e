"""The dispatcher decides, counts, learns, remembers; it opens and awaits nothing."""

from __future__ import annotations

import logging
import os
import threading
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property
from random import Random
from typing import TYPE_CHECKING

from zeta_router.capability import capable
from zeta_router.clock import Clock
from zeta_router.decision import Candidate, Choice, Decision, Flight, Score
from zeta_router.errors import Exclusion, InvalidRequest, UnknownDecision
from zeta_router.events import (
    Event,
    FeedbackGiven,
    Listener,
    ModelJoined,
    ModelLeft,
    OutcomeSeen,
    TroubleSeen,
)
from zeta_router.fleet import Fleet, Key
from zeta_router.forking import watch
from zeta_router.learning.observed import REAL_LOAD_S
from zeta_router.limits import Limits
from zeta_router.metrics import Meter
from zeta_router.model import ModelCard, canonical
from zeta_router.outcome import Fate, Outcome
from zeta_router.policies.base import Policy, tell_policy
from zeta_router.request import Request
from zeta_router.snapshot import ModelSnapshot, Snapshot
from zeta_router.store.records import AttemptBegan, AttemptEnded, Feedback, Joined, Left, Record
from zeta_router.tasks.task_guess import TaskGuess

if TYPE_CHECKING:
    from zeta_router.signals.observer import Observer
    from zeta_router.store.journal import Journal

logger = logging.getLogger("zeta_router")

BOUNDS_SD = 2.5631
"""Standard deviations between the 10th and the 90th percentile of a normal variable."""
OTHER_TASKS = "other"
"""What further tasks are called once `Limits.tasks` different ones were seen: what is learned stays bounded."""


class Dispatcher:
    """One router's state, and the few ways to change it.

    The router's own trouble never breaks a request: a policy that raises is passed over for the least busy candidate,
    a listener that raises is left out of nothing but this event; each trouble is said once.
    """

    def __init__(self, policy: Policy, *, clock: Clock, rng: Random, limits: Limits) -> None:
        self.fleet = Fleet()
        self.policy = policy
        self.clock = clock
        self.limits = limits
        self._rng = rng
        self._lock = threading.Lock()
        self._listeners: list[Listener] = []
        self._remembered: OrderedDict[str, Decision] = OrderedDict()
        self._meters: defaultdict[str, Meter] = defaultdict(Meter)
        self._shares: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._decisions = 0
        self._troubles: dict[str, str] = {}
        self._untold: list[TroubleSeen] = []
        self._tasks: set[str] = set()
        self.journal: Journal | None = None
        """Keeps what happens in a store, and brings what other processes learned; None where there is no store."""
        watch(self)

    @property
    def lock(self) -> threading.Lock:
        """Guards fleet and policy; held for moments, never while a model runs."""
        return self._lock

    # -- the fleet -----------------------------------------------------------------------------------------------

    def join(self, card: ModelCard, host: str) -> None:
        """Add a model on a host, or renew its card, and tell the listeners if it is new."""
        with self._lock:
            is_new = self.fleet.join(card, host)
            if is_new:
                self._log(Joined(card, host, self.clock()))
        if is_new:
            self.tell(ModelJoined(card.name, host, self.clock()))

    def leave(self, model: str, host: str | None) -> None:
        """Take a model off one host, or off all of them."""
        with self._lock:
            keys = [c.key for c in self.fleet.candidates if c.model == model and host in (None, c.host)]
            gone = [key for key in keys if self.fleet.leave(key)]
            for name, where in gone:
                self._log(Left(name, where, self.clock()))
        self.tell(*(ModelLeft(model, where, self.clock()) for _, where in gone))

    def saw_resident(self, host: str, names: Iterable[str]) -> None:
        """Take over which models a host has in memory."""
        with self._lock:
            self.fleet.saw_resident(host, names, at=self.clock())

    # -- deciding ------------------------------------------------------------------------------------------------

    def capable(
        self, request: Request, model: str | Collection[str] | None = None
    ) -> tuple[list[Candidate], tuple[Exclusion, ...]]:
        """Return the candidates that can serve a request, of some models or of all, and why the others cannot.

        Raises:
            InvalidRequest: The fleet has no such model.
        """
        candidates = self.fleet.candidates
        if model is not None:
            candidates = self._named(model)
        return capable(request, candidates)

    def _named(self, model: str | Collection[str]) -> tuple[Candidate, ...]:
        candidates = self.fleet.candidates
        if isinstance(model, str):
            wanted = canonical(model)
            named = tuple(c for c in candidates if canonical(c.model) == wanted)
        elif isinstance(model, Collection) and all(isinstance(name, str) for name in model):
            names = {canonical(name) for name in model}
            named = tuple(c for c in candidates if canonical(c.model) in names)
        else:
            named = ()
        if not named:
            known = ", ".join(sorted({c.model for c in candidates}))
            raise InvalidRequest(f"no model {model!r} in this fleet; it has {known or 'none'}")
        return named

    def decide(
        self,
        request: Request,
        guess: TaskGuess,
        *,
        model: str | Collection[str] | None = None,
        prefer: Key | None = None,
        tried: Collection[Key] = (),
        avoided: Collection[str] = (),
        attempt: int = 1,
        request_id: str = "",
    ) -> Decision | None:
        """Pick among the capable candidates, of some models or of all, that were not tried yet; None if none is left.

        Hosts to be avoided are left out while another one could serve. A candidate to be preferred is picked if it can.
        """
        with self._lock:
            left = self.capable(request, model)[0]
            if tried:
                left = [c for c in left if c.key not in tried]
            if avoided:
                left = [c for c in left if c.host not in avoided] or left
            if prefer is not None:
                left = [c for c in left if c.key == prefer] or left
            if not left:
                return None
            return self._decide(request, guess, left, attempt, request_id, self._rng)

    def rehearse(self, request: Request, guess: TaskGuess) -> Decision | None:
        """Return what `decide` would return now, and change nothing, not even the randomness to come."""
        rng = Random()
        with self._lock:
            rng.setstate(self._rng.getstate())
            candidates = self.capable(request)[0]
            return self._decide(request, guess, candidates, 1, "", rng) if candidates else None

    def _decide(
        self,
        request: Request,
        guess: TaskGuess,
        candidates: Sequence[Candidate],
        attempt: int,
        request_id: str,
        rng: Random,
    ) -> Decision:
        now = self.clock()
        if guess.task not in self._tasks and len(self._tasks) >= self.limits.tasks:
            guess = TaskGuess.told(OTHER_TASKS, why="too many different tasks were declared")
        try:
            choice = self.policy.choose(request, guess, candidates, now=now, rng=rng)
            picked = choice.picked
        except Exception as error:  # a policy is a plug-in: whatever it raises or returns, the request is served
            self._trouble("policy", self._says("choose", error, "the least busy model serves"))
            choice = least_busy(candidates)
            picked = choice.picked
        decision_id = f"{rng.getrandbits(80):020x}"
        card, host = picked.candidate[:2]
        return Decision(
            id=decision_id,
            model=card.name,
            host=host,
            task=guess.task,
            guess=guess,
            propensity=choice.propensity,
            reason=choice.reason,
            explored=choice.explored,
            predicted=picked.timings,
            bounds=choice.bounds,
            quality=picked.quality,
            utility=picked.utility,
            candidates=choice.scores,
            decided_at=now,
            prompt_tokens=request.tokens,
            attempt=attempt,
            request_id=request_id or decision_id,
            card=card,
            session=request.session,
            tags=request.tags,
        )

    # -- an attempt's life ---------------------------------------------------------------------------------------

    def begin(self, decision: Decision) -> tuple[int, float]:
        """Act on a decision: count it in and remember it. Return its number in the fleet, and when it began.

        The caller tells the listeners, when it is sure to count it out again.
        """
        with self._lock:
            began_at = self.clock()
            number = self.fleet.begin(decision.key, self.flight_of(decision, began_at))
            self._decisions += 1
            self._tasks.add(decision.task)
            self._shares[decision.task][decision.model] += 1
            self._remembered[decision.id] = decision
            while len(self._remembered) > self.limits.remembered:
                self._remembered.popitem(last=False)
            try:
                self.policy.begin(decision)
            except Exception as error:  # a policy is a plug-in, as above
                self._trouble("policy", self._says("begin", error, "the request goes on"))
            self._log(AttemptBegan(decision, began_at))
        return number, began_at

    @staticmethod
    def flight_of(decision: Decision, began_at: float) -> Flight:
        """Return what a decision's attempt is expected to be while it runs."""
        predicted, bounds = decision.predicted, decision.bounds
        service = (predicted.load or 0.0) + (predicted.prefill or 0.0) + (predicted.decode or 0.0)
        if bounds is None or service <= 0.0:
            return Flight(began_at, service)
        return Flight(began_at, service, max(bounds[1] - bounds[0], 0.0) / (BOUNDS_SD * service))

    def end(self, decision: Decision, number: int, outcome: Outcome) -> None:
        """Count an attempt out, fold in how it went, and tell the listeners."""
        noticed: Sequence[Event] = ()
        with self._lock:
            now = self.clock()
            self.fleet.end(decision.key, number)
            self.note_residency(decision, outcome, now)
            self._meters[decision.model].add(outcome)
            try:
                noticed = tuple(self.policy.learn(decision, outcome, now=now))
            except Exception as error:  # a policy is a plug-in, as above
                self._trouble("policy", self._says("learn", error, "this outcome is not learned"))
            self._log(AttemptEnded(decision.id, outcome, now))
        self.tell(OutcomeSeen(decision, outcome, now), *noticed)

    def note_residency(self, decision: Decision, outcome: Outcome, now: float) -> None:
        """Take over what an outcome says about the host's memory. Called under the lock."""
        if outcome.fate is not Fate.ok:
            if outcome.fate in (Fate.error, Fate.missing):
                self.fleet.mark(decision.key, loaded=None, at=now)
        elif (outcome.timings.load or 0.0) > REAL_LOAD_S:
            self.fleet.saw_load(decision.key, at=now)
        else:
            self.fleet.mark(decision.key, loaded=True, at=now)

    def feedback(self, decision_id: str, score: float, source: str, weight: float = 1.0) -> None:
        """Fold in how good an answer was; `weight` is that of the evidence, in (0, 1].

        Raises:
            UnknownDecision: The id is not remembered.
        """
        decision = self._remembered.get(decision_id)
        if decision is None and self.journal is not None:
            decision = self.journal.recall(decision_id)
        if decision is None:
            raise UnknownDecision(decision_id)
        with self._lock:
            now = self.clock()
            try:
                tell_policy(self.policy, decision, score, weight, now)
            except Exception as error:  # a policy is a plug-in, as above
                self._trouble("policy", self._says("feedback", error, "it is not learned"))
            self._log(Feedback(decision, score, source, now, weight))
        self.tell(FeedbackGiven(decision, score, source, now, weight))

    @cached_property
    def observer(self) -> Observer:
        """Looks at answers for what they show of their quality."""
        from zeta_router.signals.observer import Observer  # here, so that `import zeta_router` stays light

        return Observer(self.feedback, self.clock, self._trouble)

    # -- a store, and other processes ------------------------------------------------------------------------------

    def _log(self, record: Record) -> None:
        """Note what happened, under the lock: in the order in which it was learned."""
        if self.journal is not None:
            self.journal.log(record)

    def adopt(
        self,
        meters: Mapping[str, Meter],
        tasks: Iterable[str],
        resident: Mapping[Key, tuple[bool | None, float]],
    ) -> None:
        """Take over what a store has beside the policy's state. Called under the lock.

        Args:
            meters: Model -> what was measured.
            tasks: Tasks that were seen.
            resident: Model and host -> in memory or not, and when it was seen there; what is known here wins.
        """
        self._meters = defaultdict(Meter, meters)
        self._tasks.update(tasks)
        for key, (loaded, at) in resident.items():
            known = self.fleet.get(key)
            if known is not None and known.loaded is None and known.loaded_at < at:
                self.fleet.mark(key, loaded=loaded, at=at)

    def trouble(self, where: str, what: str) -> None:
        """Say a trouble, once, and tell the listeners at the next event."""
        with self._lock:
            self._trouble(where, what)

    def before_fork(self) -> None:
        """Let no other thread be in the middle of anything."""
        if self.journal is not None:
            self.journal.rest()
        self._lock.acquire()

    def after_fork_in_parent(self) -> None:
        """Go on."""
        self._lock.release()
        if self.journal is not None:
            self.journal.go_on()

    def after_fork_in_child(self) -> None:
        """Go on with own randomness, or two children would give two decisions one id; what runs is the parent's."""
        self._rng.seed(f"{self._rng.getrandbits(64)} {os.getpid()} {os.urandom(8).hex()}")
        self.fleet.ground()
        if self.journal is not None:
            self.journal.forget()
        self._lock.release()

    # -- telling -------------------------------------------------------------------------------------------------

    def subscribe(self, listener: Listener) -> None:
        """Add a listener; it is called inline, outside the lock."""
        self._listeners.append(listener)

    def unsubscribe(self, listener: Listener) -> None:
        """Take a listener off; one that is not there is no error."""
        if listener in self._listeners:
            self._listeners.remove(listener)

    def tell(self, *events: Event) -> None:
        """Hand events to every listener, troubles first. Called without the lock: a listener may call the router.

        A listener that raises does not keep the others, or the request, from going on.
        """
        untold, self._untold = self._untold, []
        for event in (*untold, *events):
            for listener in tuple(self._listeners):
                try:
                    listener(event)
                except Exception as error:  # a listener is somebody else's code
                    name = getattr(listener, "__qualname__", type(listener).__name__)
                    self._trouble("listener", f"{name} raised {type(error).__name__}; the request goes on")

    def _says(self, method: str, error: Exception, instead: str) -> str:
        # the type only: the text of a foreign error may quote a prompt
        return f"{type(self.policy).__name__}.{method} raised {type(error).__name__}; {instead}"

    def _trouble(self, where: str, what: str) -> None:
        """Note a trouble once: in the log, in the snapshot, and for the listeners at the next `tell`."""
        if what in self._troubles:
            return
        self._troubles[what] = where
        logger.warning("%s: %s", where, what)
        if where != "listener":  # a listener that fails on every event would be told of its failure, and fail again
            self._untold.append(TroubleSeen(where, what, self.clock()))

    def snapshot(self) -> Snapshot:
        """Return the present state, frozen."""
        with self._lock:
            now = self.clock()
            beliefs = {(belief.model, belief.host): belief for belief in self.policy.beliefs(now=now)}
            return Snapshot(
                at=now,
                models=tuple(
                    ModelSnapshot(
                        card=c.card,
                        host=c.host,
                        loaded=c.loaded,
                        in_flight=c.in_flight,
                        metrics=self._meters[c.model].read() if c.model in self._meters else None,
                        belief=beliefs.get(c.key),
                    )
                    for c in self.fleet.candidates
                ),
                decisions=self._decisions,
                in_flight=self.fleet.in_flight,
                shares={task: dict(counts) for task, counts in self._shares.items()},
                troubles=tuple(self._troubles),
                store=self.journal.state() if self.journal is not None else None,
            )


def least_busy(candidates: Sequence[Candidate]) -> Choice:
    """Pick the candidate with the fewest attempts in flight: what is left to go by when a policy fails."""
    ordered = sorted(candidates, key=lambda c: (c.in_flight, c.loaded is not True))
    scores = tuple(Score(c, -float(c.in_flight)) for c in ordered)
    return Choice(scores[0], scores, "the policy failed: the least busy model serves")
