"""`Oracle`: knows the truth, for comparison. It is strong, but no bound: a policy may beat it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from random import Random
from typing import NamedTuple

from zeta_router.bench.workload import WRONG_BUCKET, WRONG_LABEL
from zeta_router.bench.world import MODEL_COST, SLOT_COST, World
from zeta_router.bench.zoo import GB, TASKS
from zeta_router.decision import Candidate, Choice, Decision, Score
from zeta_router.events import DriftFound, DriftOver
from zeta_router.outcome import Outcome
from zeta_router.policies.base import Belief
from zeta_router.request import Request
from zeta_router.simulator import memory
from zeta_router.simulator.jobs import Job, JobState
from zeta_router.simulator.speeds import load_seconds
from zeta_router.tasks.task_guess import TaskGuess

MEMORY_S = 300.0
"""Time constant of the rates of arrivals, as in the study."""
LEAN = (0.5 - WRONG_BUCKET) * 0.5
"""How far from the middle the complexity of a request is expected that is told to be hard: 0.85 * 0.75 + 0.15 * 0.25
is 0.675."""


class Prices(NamedTuple):
    """What a decision is charged for what it does to later requests. Tuned per scenario on seeds 100 to 102."""

    gpu: float = 1.0
    """Factor on the price of GPU time of the study (section 8.5)."""
    evict: float = 0.2
    """Utility that a load costs which evicts another model."""
    load: float = 0.5
    """Share of its own load that a request is charged: the rest is for those that come after it."""


PRICES: dict[str, Prices] = {}


class _Busy(NamedTuple):
    """Work left on one host, in seconds as if each model ran alone."""

    left: dict[str, list[float]]
    """Model → seconds of each of its jobs, oldest first."""
    loading: list[str]
    """Models that jobs wait for which are not in memory, in their order, each once."""
    waiting_s: dict[str, float]
    """Model that is waited for → seconds since the first job came that waits for it."""


class Oracle:
    """Greedy on the true expected utility, less prices on GPU time and on loads.

    It knows the true present speeds, failures and qualities, what is in memory, and the exact work that is left of
    every job. Of the new request it knows what every policy knows (the task as told, 5 % wrong) and the distributions
    of lengths and noise. Source: the Zeta learning study, section 5.
    """

    def __init__(self, world: World, prices: Prices | None = None) -> None:
        self._world = world
        self._prices = prices if prices is not None else PRICES.get(world.scenario.name, Prices())
        work = world.work
        self._tasks = {label: _posterior(label, work.shares) for label in TASKS}
        self._arrivals: dict[tuple[str, str], tuple[float, float]] = {}
        self._usage: dict[tuple[str, str], tuple[float, float]] = {}

    def choose(
        self, request: Request, guess: TaskGuess, candidates: Sequence[Candidate], *, now: float, rng: Random
    ) -> Choice:
        """Pick the highest true expected utility."""
        busy = {host: self._busy(host, now) for host in {c.host for c in candidates}}
        scores = [self._score(request, guess, c, busy[c.host], now) for c in candidates]
        scores.sort(key=lambda score: -score.utility)
        return Choice(scores[0], tuple(scores), "the oracle knows")

    def _score(self, request: Request, guess: TaskGuess, candidate: Candidate, busy: _Busy, now: float) -> Score:
        world, host, model = self._world, candidate.host, candidate.model
        prices, objective, slots = self._prices, world.work.objective, world.scenario.slots
        number, slowdown = world.hosts[host], world.slowdown(model, host)
        bench_model, speed = world.models[model], world.scenario.speed
        per_prompt = bench_model.billions / 12_600 / speed * world.truth.prefill[(model, number)] * slowdown
        per_output = bench_model.gigabytes / 216 / speed * world.truth.decode[(model, number)] * slowdown
        prefill = request.tokens * per_prompt
        load, evicts = self._load(candidate, busy)
        own = busy.left.get(model, [])
        queue = sum(own) / slots if len(own) >= slots else 0.0
        beside = own if slots > 1 and len(own) < slots else []
        others = [
            max(sum(left) / min(len(left), slots) - load, 0.0) for m, left in busy.left.items() if m != model and left
        ]
        fails = world.failing.get(model, 0.0)
        lean = LEAN if guess.traits and guess.traits[0] > 0.5 else -LEAN
        value, decode = 0.0, 0.0
        for task, probability in self._tasks[guess.task]:
            expected = objective.seconds_for(task)
            lengths = world.work.lengths[task]
            penalty = 0.0
            for tokens in lengths:
                service = prefill + tokens * per_output
                mine = queue + service
                total = mine + MODEL_COST * sum(min(mine, left) for left in others)
                total += SLOT_COST * sum(min(service, left) for left in beside)
                decode += probability * tokens * per_output / len(lengths)
                least = _penalty(objective.within, objective.beyond, objective.most, total / expected)
                if load:
                    most = _penalty(objective.within, objective.beyond, objective.most, (total + load) / expected)
                    least += prices.load * (most - least)
                penalty += least
            quality = world.truth.quality(model, task, 0.5 + lean)
            value += probability * ((1.0 - fails) * quality - penalty / len(lengths))
        value -= (
            fails * 0.1 + prices.gpu * self._price(candidate, prefill + decode, now) + (prices.evict if evicts else 0.0)
        )
        return Score(candidate, value, wait=queue, load=load, prefill=prefill, decode=decode)

    # -- what is going on ----------------------------------------------------------------------------------------

    def _busy(self, host: str, now: float) -> _Busy:
        left: dict[str, list[float]] = {}
        waiting_s: dict[str, float] = {}
        for job in self._world.jobs[host].values():
            name = job.work.model.name
            left.setdefault(name, []).append(self._left(job, host))
            if job.state is JobState.queued:
                waiting_s.setdefault(name, now - job.submitted_at)
        return _Busy(left, list(waiting_s), waiting_s)

    def _left(self, job: Job, host: str) -> float:
        """Return the seconds that a job would still need if its model ran alone."""
        work, speed = job.work, self._world.scenario.speed
        slowdown = self._world.slowdown(work.model.name, host)
        prefill = work.model.parameter_count / 12_600e9 / speed * work.prefill_factor * slowdown
        decode = work.model.size_bytes / (216 * GB) / speed * work.decode_factor * slowdown
        slot = job.slot
        if slot is None:
            return work.prompt_tokens * prefill + work.output_tokens * decode
        slot.settle()
        if slot.decoding:
            return (work.output_tokens - slot.position) * decode
        return (slot.milestone - slot.position) * prefill + work.output_tokens * decode

    def _load(self, candidate: Candidate, busy: _Busy) -> tuple[float, bool]:
        """Return the seconds until the model could run, and whether another one must go for it."""
        host, model = candidate.host, candidate.model
        engine = self._world.engines[host]
        loaded = {line.model.name: line for line in engine.loaded()}
        if model in loaded:
            return 0.0, False
        simulated = self._world.models[model].simulated
        own = load_seconds(engine.profile, simulated, cold=False) * engine.faults.slowdown(model)
        before = [name for name in busy.loading if name != model]
        queue = sum(load_seconds(engine.profile, self._world.models[name].simulated, cold=False) for name in before)
        if model in busy.waiting_s:
            return max(own + queue - busy.waiting_s[model], 0.2 * own), False
        if before:
            queue = max(queue - busy.waiting_s[before[0]], 0.0)
        if len(loaded) + len(before) < self._world.scenario.most_loaded and simulated.size_bytes <= memory.FIT_SHARE * (
            engine.free_vram
        ):
            return own + queue, False
        idle = any(not line.running for line in loaded.values())
        drain = 0.0 if idle or not loaded else min(sum(busy.left.get(name, [0.0])) for name in loaded)
        return own + queue + drain, True

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


def _posterior(label: str, shares: object) -> tuple[tuple[str, float], ...]:
    """Return what a label says: each task that has requests, with its probability."""
    assert isinstance(shares, dict)
    wrong = WRONG_LABEL / (len(TASKS) - 1)
    weights = {task: shares[task] * (1.0 - WRONG_LABEL if task == label else wrong) for task in TASKS}
    total = sum(weights.values()) or 1.0
    return tuple((task, weight / total) for task, weight in weights.items() if weight)


def _penalty(within: float, beyond: float, most: float, ratio: float) -> float:
    return min(within * ratio if ratio <= 1.0 else within + beyond * (ratio - 1.0), most)


def _faded(state: tuple[float, float] | None, now: float) -> float:
    return state[0] * math.exp((state[1] - now) / MEMORY_S) if state is not None else 0.0
