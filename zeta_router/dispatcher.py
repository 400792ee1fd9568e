"""The dispatcher decides, counts, learns, remembers; it opens and awaits nothing."""

from __future__ import annotations

import os
import threading
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property
from random import Random
from typing import TYPE_CHECKING

from zeta_router.capability import capable, exclusions
from zeta_router.clock import Clock
from zeta_router.decision import Candidate, Choice, Decision, Key, Score
from zeta_router.errors import InvalidRequest, NoCapableModel, UnknownDecision
from zeta_router.events import Event, FeedbackGiven, ModelJoined, ModelLeft, OutcomeSeen
from zeta_router.fleet import Fleet
from zeta_router.forking import watch
from zeta_router.limits import Limits
from zeta_router.listeners import Listeners
from zeta_router.metrics import Meter
from zeta_router.model import ModelCard, canonical
from zeta_router.outcome import Outcome
from zeta_router.policies.base import Policy, tell_policy
from zeta_router.request import Request
from zeta_router.snapshot import ModelSnapshot, Snapshot
from zeta_router.store.records import AttemptBegan, AttemptEnded, Feedback, Joined, Left, Record
from zeta_router.tasks.task_guess import TaskGuess

if TYPE_CHECKING:
    from zeta_router.signals.observer import Observer
    from zeta_router.store.journal import Journal

OTHER_TASKS = "other"
"""What further tasks are called once `Limits.tasks` different ones were seen: what is learned stays bounded."""


class Dispatcher:
    """One router's state, and the few ways to change it.

    The router's own trouble never breaks a request: a policy that raises is passed over for the least busy candidate,
    each trouble is said once.
    """

    def __init__(self, policy: Policy, *, clock: Clock, rng: Random, limits: Limits) -> None:
        self.fleet = Fleet()
        self.listeners = Listeners()
        self.policy = policy
        self.clock = clock
        self.limits = limits
        self._rng = rng
        self._lock = threading.Lock()
        self._remembered: OrderedDict[str, Decision] = OrderedDict()
        self._meters: defaultdict[str, Meter] = defaultdict(Meter)
        self._shares: defaultdict[str, Counter[str]] = defaultdict(Counter)
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
            self.listeners.tell(ModelJoined(card.name, host, self.clock()))

    def leave(self, model: str, host: str | None) -> None:
        """Take a model off one host, or off all of them."""
        with self._lock:
            keys = [(name, where) for name, where in self.fleet.keys if name == model and host in (None, where)]
            gone = [key for key in keys if self.fleet.leave(key)]
            for name, where in gone:
                self._log(Left(name, where, self.clock()))
        self.listeners.tell(*(ModelLeft(model, where, self.clock()) for _, where in gone))

    def saw_resident(self, host: str, names: Iterable[str]) -> None:
        """Take over which models a host has in memory."""
        with self._lock:
            self.fleet.saw_resident(host, names, at=self.clock())

    # -- deciding ------------------------------------------------------------------------------------------------

    def require_capable(self, request: Request, model: str | Collection[str] | None = None) -> None:
        """Refuse a request that none of some models, or of all, can serve.

        Raises:
            NoCapableModel: Says what each of them lacks.
            InvalidRequest: The fleet has no such model.
        """
        if model is None and self.fleet.can_take(request):
            return
        with self._lock:
            offered = self.fleet.candidates if model is None else self._named(model)
        if not capable(request, offered):
            raise NoCapableModel(exclusions(request, offered))

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
            left = self.fleet.capable(request) if model is None else capable(request, self._named(model))
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
            candidates = self.fleet.capable(request)
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
            if not isinstance(choice, Choice):
                raise TypeError
        except Exception as error:  # a policy is a plug-in: whatever it raises or returns, the request is served
            self.trouble("policy", self._says("choose", error, "the least busy model serves"))
            choice = least_busy(candidates)
        decision_id = rng.randbytes(10).hex()
        return Decision.of(choice, request, guess, id=decision_id, at=now, attempt=attempt, request_id=request_id)

    # -- an attempt's life ---------------------------------------------------------------------------------------

    def begin(self, decision: Decision) -> tuple[int, float]:
        """Act on a decision: count it in and remember it. Return its number in the fleet, and when it began.

        The caller tells the listeners, when it is sure to count it out again.
        """
        with self._lock:
            began_at = self.clock()
            number = self.fleet.begin(decision.key, (decision, began_at))
            self._tasks.add(decision.task)
            self._shares[decision.task][decision.model] += 1
            self._remembered[decision.id] = decision
            if len(self._remembered) > self.limits.remembered:
                self._remembered.popitem(last=False)
            try:
                self.policy.begin(decision)
            except Exception as error:  # a policy is a plug-in, as above
                self.trouble("policy", self._says("begin", error, "the request goes on"))
            if self.journal is not None:
                self.journal.log(AttemptBegan(decision, began_at))
        return number, began_at

    def end(self, decision: Decision, number: int, outcome: Outcome) -> None:
        """Count an attempt out, fold in how it went, and tell the listeners."""
        noticed: Sequence[Event] = ()
        with self._lock:
            now = self.clock()
            self.fleet.end(decision.key, number)
            self.fleet.saw_outcome(decision.key, outcome, at=now)
            self._meters[decision.model].add(outcome)
            try:
                noticed = tuple(self.policy.learn(decision, outcome, now=now))
            except Exception as error:  # a policy is a plug-in, as above
                self.trouble("policy", self._says("learn", error, "this outcome is not learned"))
            if self.journal is not None:
                self.journal.log(AttemptEnded(decision.id, outcome, now))
        if self.listeners.all:
            self.listeners.tell(OutcomeSeen(decision, outcome, now), *noticed)

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
                self.trouble("policy", self._says("feedback", error, "it is not learned"))
            self._log(Feedback(decision, score, source, now, weight))
        self.listeners.tell(FeedbackGiven(decision, score, source, now, weight))

    @cached_property
    def observer(self) -> Observer:
        """Looks at answers for what they show of their quality."""
        from zeta_router.signals.observer import Observer  # here, so that `import zeta_router` stays light

        return Observer(self.feedback, self.clock, self.trouble)

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
            self.fleet.heard_of(key, loaded=loaded, at=at)

    def trouble(self, where: str, what: str) -> None:
        """Say a trouble, once, and tell the listeners at the next event."""
        self.listeners.trouble(where, what, at=self.clock())

    def _says(self, method: str, error: Exception, instead: str) -> str:
        # the type only: the text of a foreign error may quote a prompt
        return f"{type(self.policy).__name__}.{method} raised {type(error).__name__}; {instead}"

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

    # -- looking -------------------------------------------------------------------------------------------------

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
                decisions=sum([sum(counts.values()) for counts in self._shares.values()]),
                in_flight=self.fleet.in_flight,
                shares={task: dict(counts) for task, counts in self._shares.items()},
                troubles=self.listeners.troubles,
                store=self.journal.state() if self.journal is not None else None,
            )


def least_busy(candidates: Sequence[Candidate]) -> Choice:
    """Pick the candidate with the fewest attempts in flight: what is left to go by when a policy fails."""
    ordered = sorted(candidates, key=lambda c: (c.in_flight, c.loaded is not True))
    scores = tuple(Score(c, -float(c.in_flight)) for c in ordered)
    return Choice(scores[0], scores, "the policy failed: the least busy model serves")
