"""`Oracle`: knows the truth, for comparison. It is strong, but no bound: a policy may beat it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from random import Random
from types import MappingProxyType
from typing import NamedTuple

from zeta_router.bench.known import HostNow, Known
from zeta_router.bench.workload import WRONG_BUCKET, WRONG_LABEL
from zeta_router.bench.world import MODEL_COST, SLOT_COST, World
from zeta_router.bench.zoo import TASKS
from zeta_router.decision import Candidate, Choice, Decision, Score
from zeta_router.events import DriftFound, DriftOver
from zeta_router.outcome import Outcome
from zeta_router.policies.base import Belief
from zeta_router.request import Request
from zeta_router.tasks.task_guess import TaskGuess

MEMORY_S = 300.0
"""Time constant of the rates of arrivals, as in the study."""
LEAN = (0.5 - WRONG_BUCKET) * 0.5
"""How far from the middle the complexity of a request is expected that is told to be hard: 0.85 * 0.75 + 0.15 * 0.25
is 0.675."""


class Prices(NamedTuple):
    """What a decision is charged for what it does to later requests."""

    gpu: float = 0.75
    """Factor on the price of GPU time of the study (section 8.5)."""
    evict: float = 0.2
    """Utility that a load costs which evicts another model."""
    load: float = 1.0
    """Share of its own load that a request is charged; the rest would be for those that come after it."""


PRICES: Mapping[str, Prices] = MappingProxyType(
    {
        "slow-4x": Prices(gpu=0.5),
        "failures": Prices(gpu=0.5),
        "vram": Prices(evict=0.05),
        "newcomer": Prices(gpu=1.2),
        "quality-drop": Prices(gpu=0.5),
        "two-hosts": Prices(load=0.03),
        "flash-crowd": Prices(gpu=0.5),
        "twelve": Prices(load=0.03),
        "slow-5x": Prices(gpu=0.5, load=0.3),
        "slow-5x-steady": Prices(load=0.03),
        "episodes": Prices(gpu=0.5),
    }
)
"""Tuned per scenario at load 1 on seeds 100 to 103, by a coarse search, one price after the other; those that
are not named have the defaults, the conversations untried."""


class _Node(NamedTuple):
    """One possible request behind what is told of it."""

    weight: float
    """Its probability; those of a label sum to 1."""
    tokens: float
    """Of the answer."""
    expected: float
    """Seconds that the user expects."""


class Oracle:
    """Greedy on the true expected utility, less prices on GPU time and on loads.

    It knows the true present speeds, failures and qualities, what is in memory, what of a conversation is in the prompt
    caches, and the exact work that is left of every job. Of the new request it knows what every policy knows (the task
    as told, 5 % wrong) and the distributions of lengths and noise. Source: the Zeta learning study, section 5.
    """

    def __init__(self, world: World, prices: Prices | None = None) -> None:
        self._world = world
        self._known = Known(world)
        self._prices = prices if prices is not None else PRICES.get(world.scenario.name, Prices())
        work = world.work
        self._tasks = {label: _posterior(label, work.shares) for label in TASKS}
        self._nodes = {
            label: [
                _Node(probability / len(work.lengths[task]), tokens, work.objective.seconds_for(task))
                for task, probability in tasks
                for tokens in work.lengths[task]
            ]
            for label, tasks in self._tasks.items()
        }
        self._arrivals: dict[tuple[str, str], tuple[float, float]] = {}
        self._usage: dict[tuple[str, str], tuple[float, float]] = {}

    def choose(
        self, request: Request, guess: TaskGuess, candidates: Sequence[Candidate], *, now: float, rng: Random
    ) -> Choice:
        """Pick the highest true expected utility."""
        lean = LEAN if guess.complexity > 1 else -LEAN
        hosts = {host: self._known.host(host, now) for host in {c.host for c in candidates}}
        tokens = [request.tokens - self._world.cached_tokens(request, c.model, c.host) for c in candidates]
        scores = [
            self._score(prompt, guess.task, lean, c, hosts[c.host], now)
            for c, prompt in zip(candidates, tokens, strict=True)
        ]
        if any(self._world.failing.values()):
            scores = [self._with_failures(score, scores, guess.task) for score in scores]
        scores.sort(key=lambda score: -score.utility)
        return Choice(scores[0], tuple(scores), "the oracle knows")

    def _quality(self, model: str, label: str, lean: float) -> float:
        truth = self._world.truth
        return sum(p * truth.quality(model, task, 0.5 + lean) for task, p in self._tasks[label])

    def _score(
        self,
        prompt_tokens: int,
        label: str,
        lean: float,
        candidate: Candidate,
        state: HostNow,
        now: float,
    ) -> Score:
        host, model, prices = candidate.host, candidate.model, self._prices
        slots = self._world.scenario.slots
        per_prompt, per_output = self._known.rates(model, host)
        prefill = prompt_tokens * per_prompt
        load, evicts = self._known.load(candidate, state)
        own = state.left.get(model, ())
        queue = sum(own) / slots if len(own) >= slots else 0.0
        beside = own if slots > 1 and len(own) < slots else ()
        others = [sum(left) / min(len(left), slots) - load for m, left in state.left.items() if m != model]
        others = [left for left in others if left > 0.0]
        objective = self._world.work.objective
        within, beyond, highest = objective.within, objective.beyond, objective.most
        penalty = decode = 0.0
        for weight, tokens, expected in self._nodes[label]:
            writing = tokens * per_output
            decode += weight * writing
            total = mine = queue + prefill + writing
            for left in others:  # a model that works beside it slows it as long as both have something to do
                total += MODEL_COST * (left if left < mine else mine)
            for left in beside:
                total += SLOT_COST * min(prefill + writing, left)
            lost = _penalty(within, beyond, highest, total / expected)
            if load:
                lost += prices.load * (_penalty(within, beyond, highest, (total + load) / expected) - lost)
            penalty += weight * lost
        quality = self._quality(model, label, lean)
        value = quality - penalty - prices.gpu * self._price(candidate, prefill + decode, now)
        return Score(
            candidate, value - prices.evict * evicts, quality, wait=queue, load=load, prefill=prefill, decode=decode
        )

    def _with_failures(self, score: Score, scores: Sequence[Score], label: str) -> Score:
        """Return a score that reckons with failures: then the best other model answers, as much later as it took."""
        fails = self._world.failing.get(score.model, 0.0)
        objective = self._world.work.objective
        instead = max((s.utility for s in scores if s.model != score.model), default=0.0)
        instead -= objective.within * (score.prefill or 0.0) / objective.seconds_for(label)
        return score._replace(utility=(1.0 - fails) * score.utility + fails * instead)

    # -- what it does to later requests --------------------------------------------------------------------------

    def _price(self, candidate: Candidate, service: float, now: float) -> float:
        """Return the expected penalty that `service` seconds of work put on later requests (study, 8.5)."""
        slots = self._world.scenario.slots
        own = _faded(self._arrivals.get(candidate.key), now) / MEMORY_S
        others = sum(
            _faded(state, now)
            for key, state in self._usage.items()
            if key[1] == candidate.host and key != candidate.key
        )
        sharing = SLOT_COST * service / slots if slots > 1 else 0.0
        return own * service * (service / (2 * slots * slots) + sharing) + 0.8 * service * others / MEMORY_S

    def begin(self, decision: Decision) -> None:
        """Count what each model has to do."""
        objective = self._world.work.objective
        slope = objective.beyond / objective.seconds_for(decision.task)
        service = (decision.predicted.prefill or 0.0) + (decision.predicted.decode or 0.0)
        now = decision.decided_at
        for rates, amount in ((self._arrivals, slope), (self._usage, slope * service)):
            rates[decision.key] = (_faded(rates.get(decision.key), now) + amount, now)

    def learn(self, decision: Decision, outcome: Outcome, *, now: float) -> Sequence[DriftFound | DriftOver]:
        """Nothing to learn."""
        return ()

    def feedback(self, decision: Decision, score: float, *, now: float) -> None:
        """Nothing to learn."""

    def beliefs(self, *, now: float) -> Sequence[Belief]:
        """It does not believe, it knows."""
        return ()


def _posterior(label: str, shares: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
    """Return what a label says: each task that has requests, with its probability."""
    wrong = WRONG_LABEL / (len(TASKS) - 1)
    weights = {task: shares[task] * (1.0 - WRONG_LABEL if task == label else wrong) for task in TASKS}
    total = sum(weights.values()) or 1.0
    return tuple((task, weight / total) for task, weight in weights.items() if weight)


def _penalty(within: float, beyond: float, most: float, ratio: float) -> float:
    return min(within * ratio if ratio <= 1.0 else within + beyond * (ratio - 1.0), most)


def _faded(state: tuple[float, float] | None, now: float) -> float:
    return state[0] * math.exp((state[1] - now) / MEMORY_S) if state is not None else 0.0
