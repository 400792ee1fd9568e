"""The default policy: predicts the phases of every candidate's time, and picks the highest expected utility."""

from __future__ import annotations

import math
from collections.abc import Sequence
from random import Random

from zeta_router.decision import Candidate, Choice, Decision, Score
from zeta_router.events import DriftFound, DriftOver
from zeta_router.learning import priors
from zeta_router.learning.drift import Change
from zeta_router.learning.health import AILING
from zeta_router.learning.lengths import NO_OUTPUT, Lengths
from zeta_router.learning.quality import Qualities, Reading, read
from zeta_router.learning.runner import Runner
from zeta_router.model import ModelCard
from zeta_router.objective import Objective
from zeta_router.outcome import Fate, Outcome
from zeta_router.policies.base import Belief
from zeta_router.policies.demand import Demand
from zeta_router.policies.probing import ProbeBudget
from zeta_router.policies.waiting import overdue, queued, wait_for
from zeta_router.request import Request
from zeta_router.tasks.task_guess import TaskGuess

NO_WORK = (0.0, 0.0)
MAYBE_COLD = 0.5
"""Share of the load that is expected where nobody knows whether the model is in memory."""
KEPT_S = 300.0
"""Ollama lets go of a model that was idle for five minutes, unless it was told otherwise."""
TELLING_CALLS = 8
"""First answers of a model from which the models not yet seen on its host learn how fast the host is."""
FAILURE_COST = 0.25
"""Utility that a failed attempt costs besides its answer: the next model has to start over."""
LOAD_FOR_OTHERS = 0.3
"""Share of a load that other requests pay, by waiting behind it or by losing their model. What a load costs is divided
by the requests that will profit from it: those of the task that the next minutes bring, as far as loads lasted so far.
"""
Z90 = 1.2816


class PhaseTimes:
    """Picks the highest `p_ok * quality - E[penalty(seconds)] - (1 - p_ok) * cost - price of a load`.

    Seconds are predicted in phases, `wait + load + prompt tokens * prefill rate + output tokens * decode rate`, each
    rate learned per (model, host) in log space from Ollama's own clocks. The penalty is taken over the distribution of
    the answer's length, not at its mean: long tails are what break deadlines. A model that becomes slower than expected
    is avoided from the first call that proves it, retried on a small budget, and taken back by the first call that
    shows it healthy. It draws no random numbers. Source: the Zeta learning study, sections 1 to 4.
    """

    def __init__(self, objective: Objective | None = None) -> None:
        self._objective = objective if objective is not None else Objective()
        self._runners: dict[tuple[str, str], Runner] = {}
        self._lengths = Lengths()
        self._qualities = Qualities()
        self._offsets: dict[str, float] = {}
        self._probes = ProbeBudget()
        self._demand = Demand()
        self._suspects: set[tuple[str, str]] = set()

    # -- deciding ------------------------------------------------------------------------------------------------

    def choose(
        self, request: Request, guess: TaskGuess, candidates: Sequence[Candidate], *, now: float, rng: Random
    ) -> Choice:
        """Score every candidate and pick the best; or a suspect whose retry is due, within the probe budget."""
        task = guess.task
        reading = read(guess)
        scores = [self._score(request, task, reading, c, candidates, now) for c in candidates]
        self._add_curiosity(scores, reading)
        floor = self._objective.quality_floor
        if floor > 0.0:
            scores.sort(key=lambda s: (self._below(s, floor, now), -s.utility))
        else:
            scores.sort(key=_by_utility)
        best = scores[0]
        due = self._due(request, task, reading, scores, now)
        if due is not None:
            ordered = (due, *(s for s in scores if s is not due))
            reason = f"checking whether {due.model} has recovered ({due.note})"
            return Choice(due, ordered, reason, explored=True, bounds=self._bounds(due, task))
        reason = self._reason(best, scores[1] if len(scores) > 1 else None, task)
        return Choice(best, tuple(scores), reason, bounds=self._bounds(best, task))

    def _score(
        self,
        request: Request,
        task: str,
        reading: Reading,
        candidate: Candidate,
        offered: Sequence[Candidate],
        now: float,
    ) -> Score:
        runner = self._runner(candidate.card, candidate.host)
        slowdown, load, note = 1.0, 0.0, ""
        work = NO_WORK
        if runner.drift.active:
            slowdown = math.exp(runner.drift.level)
            note = f"{slowdown:.1f}x slower than expected"
        if candidate.host_flights:
            work = queued(candidate, offered, now)
            late = overdue(candidate, now)
            if late > slowdown:
                slowdown = late
                note = f"a call on it takes {late:.1f}x longer than expected"
        if candidate.loaded is False:
            load = runner.load.seconds
            note = note or "cold"
        elif candidate.loaded is None or (now - candidate.loaded_at > KEPT_S and not candidate.flights):
            load = runner.load.seconds * MAYBE_COLD
        return self._worth(request, task, reading, candidate, runner, slowdown, work, load, note, now)

    def _worth(
        self,
        request: Request,
        task: str,
        reading: Reading,
        candidate: Candidate,
        runner: Runner,
        slowdown: float,
        work: tuple[float, float],
        load: float,
        note: str,
        now: float,
    ) -> Score:
        objective = self._objective
        prefill = (priors.PREFILL_BASE_S + request.tokens * runner.prefill.seconds) * slowdown
        if task == "embedding":
            lengths = NO_OUTPUT
        else:
            lengths = self._lengths.expect(candidate.card.name, task)
            if request.max_output_tokens is not None:
                lengths = lengths.cut(request.max_output_tokens)
        per_token = runner.decode.seconds * slowdown
        short, middle, long = lengths[0] * per_token, lengths[1] * per_token, lengths[2] * per_token
        decode = (short + 4.0 * middle + long) / 6.0
        wait = 0.0 if work is NO_WORK else wait_for(*work, prefill + decode, loaded=not load)
        expected = objective.seconds_for(task)
        penalty = objective.expected_penalty(wait + prefill, (short, middle, long), expected)
        if load:
            at_once = objective.expected_penalty(wait + prefill + load, (short, middle, long), expected) - penalty
            to_others = LOAD_FOR_OTHERS * objective.within * load / expected
            shared_by = 1.0 + min(self._demand.expect(task, now), runner.served_per_load)
            penalty += (at_once + to_others) / shared_by
        if request.deadline is not None and wait + load + prefill + decode > request.deadline:
            penalty = max(penalty, objective.most)
            note = note or "past the deadline"
        quality = self._qualities.expect(candidate.card, reading)
        success = runner.health.probability(now)
        if success < AILING:
            note = f"answers {success:.0%} of its calls" + (f", {note}" if note else "")
        utility = success * quality - penalty - (1.0 - success) * FAILURE_COST
        return Score(candidate, utility, quality, wait, load, prefill, decode, note)

    def _add_curiosity(self, scores: list[Score], reading: Reading) -> None:
        """Add what each answer may teach on quality to its utility, for requests that come after it."""
        heard = self._qualities.heard(reading)
        if heard <= 0.0 or len(scores) < 2:
            return
        first, second = sorted((score.utility for score in scores), reverse=True)[:2]
        for i, score in enumerate(scores):
            behind = first - (score.utility if score.utility < first else second)
            bonus = self._qualities.curiosity(score.candidate.card, reading, score.quality or 0.0, behind, heard)
            if bonus > 0.0:
                scores[i] = score._replace(utility=score.utility + bonus)

    def _due(self, request: Request, task: str, reading: Reading, scores: Sequence[Score], now: float) -> Score | None:
        """Return the suspect to try now: its check is due, nothing runs on it, and healthy it would be the best.

        Of several the one that was tried longest ago, so that a model that is broken for good starves no other.
        """
        if not self._suspects or not self._probes.affordable:
            return None
        due = [
            score
            for score in scores[1:]
            if score.candidate.key in self._suspects
            and not score.candidate.flights
            and self._probes.due(score.candidate.key, now)
            and self._may_win(request, task, reading, score, scores[0], now)
        ]
        return min(due, key=lambda score: self._probes.tried_at(score.candidate.key), default=None)

    def _may_win(self, request: Request, task: str, reading: Reading, score: Score, best: Score, now: float) -> bool:
        """Return whether a suspect would be the best if it were fast, in memory, and answered: what a check may win."""
        floor = self._objective.quality_floor
        if (score.quality or 0.0) < floor <= (best.quality or 0.0):
            return False
        runner = self._runners[score.candidate.key]
        healthy = self._worth(
            request, task, reading, score.candidate, runner, 1.0, (score.wait or 0.0, 0.0), 0.0, "", now
        )
        lost = (1.0 - runner.health.probability(now)) * ((healthy.quality or 0.0) + FAILURE_COST)
        return healthy.utility + lost > best.utility

    def _below(self, score: Score, floor: float, now: float) -> bool:
        """Return whether a candidate is not good enough, or would be but does not answer."""
        return (score.quality or 0.0) < floor or self._runners[score.candidate.key].health.probability(now) < AILING

    def _bounds(self, score: Score, task: str) -> tuple[float, float] | None:
        """Return the 10th and 90th percentile of the total seconds: the spread is that of the answer's length."""
        if score.prefill is None or score.decode is None:
            return None
        sd = 0.0 if task == "embedding" else self._lengths.expect(score.model, task).sd
        fixed = (score.wait or 0.0) + (score.load or 0.0) + score.prefill
        middle = score.decode * math.exp(-0.5 * sd * sd)  # the median of a log-normal, from its mean
        return fixed + middle * math.exp(-Z90 * sd), fixed + middle * math.exp(Z90 * sd)

    def _reason(self, best: Score, second: Score | None, task: str) -> str:
        expected = self._objective.seconds_for(task)
        text = f"{_in_words(best)} of {expected:.0f} s expected for {task}"
        return text if second is None else f"{text}; next {_in_words(second)}"

    # -- learning ------------------------------------------------------------------------------------------------

    def begin(self, decision: Decision) -> None:
        """Count the demand, earn or spend probe budget."""
        self._demand.begin(decision.task, decision.decided_at)
        self._qualities.begin(_reading(decision))
        self._probes.begin(decision.key, decision.decided_at, is_probe=decision.explored)

    def learn(self, decision: Decision, outcome: Outcome, *, now: float) -> Sequence[DriftFound | DriftOver]:
        """Fold in one outcome; a cache hit teaches nothing."""
        if outcome.fate is Fate.cache_hit or decision.card is None:
            return ()
        runner = self._runner(decision.card, decision.host)
        since = runner.drift.since
        change, ratio = runner.learn(decision, outcome, now)
        if outcome.fate is Fate.ok:
            if outcome.output_tokens:
                self._lengths.learn(decision.model, decision.task, outcome.output_tokens)
            if runner.decode.count <= TELLING_CALLS:
                self._share_host_speed(decision.host)
        self._suspect(decision.key, runner, outcome, now)
        if change is Change.found:
            return (DriftFound(decision.model, decision.host, math.exp(ratio), now),)
        if change is Change.over:
            return (DriftOver(decision.model, decision.host, math.exp(ratio), now, now - since),)
        return ()

    def _suspect(self, key: tuple[str, str], runner: Runner, outcome: Outcome, now: float) -> None:
        """Keep the set of models that are slow or failing, and when each is checked next."""
        if not runner.drift.active and runner.health.probability(now) >= AILING:
            self._suspects.discard(key)
            self._probes.cleared(key)
            return
        self._suspects.add(key)
        if outcome.fate.is_failure or (outcome.fate is Fate.ok and runner.drift.active):
            self._probes.put_off(key, now)

    def feedback(self, decision: Decision, score: float, *, now: float) -> None:
        """Fold in one opinion."""
        if decision.card is not None:
            self._qualities.learn(decision.card, _reading(decision), score)

    def beliefs(self, *, now: float) -> Sequence[Belief]:
        """Return rates, slowdown, health and quality of every model that was ever a candidate."""
        return tuple(
            Belief(
                model=model,
                host=host,
                seconds_per_output_token=math.exp(runner.decode.mean),
                seconds_per_prompt_token=math.exp(runner.prefill.mean),
                load_seconds=math.exp(runner.load.mean),
                slowdown=math.exp(runner.drift.level) if runner.drift.active else 1.0,
                drifting=runner.drift.active,
                success=runner.health.probability(now),
                quality={
                    task: self._qualities.expect(runner.card, ((task, 1.0),)) for task in self._qualities.tasks(model)
                },
            )
            for (model, host), runner in self._runners.items()
        )

    def _runner(self, card: ModelCard, host: str) -> Runner:
        key = (card.name, host)
        runner = self._runners.get(key)
        if runner is None:
            runner = self._runners[key] = Runner(card, offset=self._offsets.get(host, 0.0))
        return runner

    def _share_host_speed(self, host: str) -> None:
        """Believe of the models not yet seen on a host what its others showed: hosts differ, their models alike."""
        mates = [runner for (_, where), runner in self._runners.items() if where == host]
        shown = [runner.decode.mean - runner.prior_decode for runner in mates if runner.decode.count]
        if not shown:
            return
        offset = self._offsets[host] = sum(shown) / len(shown)
        for runner in mates:
            runner.shift(offset)


def _reading(decision: Decision) -> Reading:
    return ((decision.task, 1.0),) if decision.guess is None else read(decision.guess)


def _by_utility(score: Score) -> float:
    return -score.utility


def _in_words(score: Score) -> str:
    text = f"{score.model}: quality {score.quality or 0.0:.2f}, {score.seconds or 0.0:.1f} s"
    return f"{text}, {score.note}" if score.note else text
