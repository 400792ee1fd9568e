"""The default policy: predicts the phases of every candidate's time, and picks the highest expected utility."""

from __future__ import annotations

import math
from collections.abc import Sequence
from random import Random

from zeta_router.decision import Candidate, Choice, Decision, Score
from zeta_router.events import DriftFound, DriftOver
from zeta_router.learning.curiosity import NOT_WORTH_IT, worth_of_spread
from zeta_router.learning.drift import Change
from zeta_router.learning.health import AILING
from zeta_router.learning.learned import Key, Learned
from zeta_router.learning.quality import Qualities, Reading, read, read_decision, told
from zeta_router.learning.runner import Runner
from zeta_router.objective import Objective
from zeta_router.outcome import Outcome
from zeta_router.policies.base import Belief
from zeta_router.policies.outlook import Outlook
from zeta_router.policies.probing import ProbeBudget
from zeta_router.policies.reason import Reason
from zeta_router.policies.scoring import Moment, score_all
from zeta_router.policies.traffic import Traffic
from zeta_router.request import Request
from zeta_router.scores import Row, Scores, best_of
from zeta_router.tasks.task_guess import TaskGuess

READY_MOST = 256
"""Kinds of requests whose numbers are kept ready; they are made anew when needed."""


class PhaseTimes:
    """Picks the highest `p_ok * quality - E[penalty(seconds)] - (1 - p_ok) * cost - price of what others lose`.

    Seconds are predicted in phases, `wait + load + prompt tokens * prefill rate + output tokens * decode rate`, each
    rate learned per (model, host) in log space from Ollama's own clocks. The penalty is taken over the distribution of
    the answer's length, not at its mean: long tails are what break deadlines. A model that becomes slower than expected
    is avoided from the first call that proves it, retried on a small budget, and taken back by the first call that
    shows it healthy. It draws no random numbers. Source: the Zeta learning study, sections 1 to 5.
    """

    def __init__(self, objective: Objective | None = None) -> None:
        self._objective = objective if objective is not None else Objective()
        self._learned = Learned()
        self._qualities = Qualities()
        self._traffic = Traffic()
        self._probes = ProbeBudget()
        self._suspects: set[Key] = set()
        self._is_told = False
        """Somebody has an opinion now and then: without any there is nothing to be learned by exploring."""
        self._outlook = Outlook(self._learned, self._traffic)
        self._ready_quality: dict[Reading, dict[Key, float]] = {}
        self._ready_spread: dict[Reading, dict[str, float]] = {}

    # -- deciding ------------------------------------------------------------------------------------------------

    def choose(
        self, request: Request, guess: TaskGuess, candidates: Sequence[Candidate], *, now: float, rng: Random
    ) -> Choice:
        """Score every candidate and pick the best; or a suspect whose retry is due, within the probe budget."""
        task, reading = guess.task, read(guess)
        objective, learned = self._objective, self._learned
        moment = Moment(request, task, objective.seconds_for(task), now)
        if request.session:
            moment.cached = learned.prompts.expect(request.session, request.tokens, learned.runners)
        forecasts, lengths = self._outlook.forecasts, self._outlook.lengths(task)
        qualities = self._qualities_of(reading, candidates)
        try:
            rows = score_all(moment, candidates, forecasts, lengths, qualities, objective, learned)
        except KeyError:
            qualities = self._get_ready(task, reading, candidates)
            rows = score_all(moment, candidates, forecasts, lengths, qualities, objective, learned)
        heard = self._qualities.heard(reading) if self._is_told else 0.0
        if heard > 0.0 and len(rows) > 1:
            self._add_curiosity(rows, reading, heard)
        first, among = best_of(rows), rows
        floor = objective.quality_floor
        if floor > 0.0 and (first[2] < floor or (self._suspects and self._ailing(first, now))):
            first, among = self._above_floor(rows, now)
        if self._suspects and self._probes.affordable:
            due = self._due(moment, rows, first)
            if due is not None:
                score = Score(*due)
                check = f"checking whether {score.model} has recovered ({score.note})"
                scores, sd = Scores(rows, due, candidates), lengths[score.candidate.key].sd
                return Choice(score, scores, check, explored=True, decode_sd=sd)
        picked, scores = Score._make(first), Scores(rows, first, candidates)
        reason = Reason(first, among, task, moment.expected)
        return Choice(picked, scores, reason, decode_sd=lengths[picked.candidate.key].sd)

    def _qualities_of(self, reading: Reading, candidates: Sequence[Candidate]) -> dict[Key, float]:
        """Return how good answers are expected to be: of these candidates, where such a request is new."""
        table = self._ready_quality.get(reading)
        if table is None:
            if len(self._ready_quality) >= READY_MOST:
                self._ready_quality.clear()
            expect = self._qualities.expect
            table = {candidate.key: expect(candidate.card, reading) for candidate in candidates}
            self._ready_quality[reading] = table
        return table

    def _get_ready(self, task: str, reading: Reading, candidates: Sequence[Candidate]) -> dict[Key, float]:
        """Make what is not ready of these candidates, and return their qualities."""
        if self._outlook.make(task, candidates):
            self._ready_quality.clear()  # a new card may tell another quality
        qualities = self._qualities_of(reading, candidates)
        for candidate in candidates:
            if candidate.key not in qualities:
                qualities[candidate.key] = self._qualities.expect(candidate.card, reading)
        return qualities

    def _add_curiosity(self, rows: list[Row], reading: Reading, heard: float) -> None:
        """Add what each answer may teach on quality, for requests that come after it."""
        table = self._ready_spread.get(reading)
        if table is None:
            if len(self._ready_spread) >= READY_MOST:
                self._ready_spread.clear()
            table = self._ready_spread[reading] = {}
        second, best = sorted([row[1] for row in rows])[-2:]
        for row in rows:
            utility, name = row[1], row[0][0].name
            spread = table.get(name)
            if spread is None:
                spread = table[name] = self._qualities.spread(row[0][0], reading)
            behind = best - (utility if utility < best else second)
            if behind < NOT_WORTH_IT * spread:
                row[9] = bonus = heard * worth_of_spread(behind, spread)
                row[1] = utility + bonus

    def _above_floor(self, rows: list[Row], now: float) -> tuple[Row, list[Row]]:
        """Return the best of those that are good enough and answer, or of all, and what it is compared with."""
        floor = self._objective.quality_floor
        good = [row for row in rows if row[2] >= floor and not self._ailing(row, now)]
        return best_of(good or rows), good if len(good) > 1 else rows

    def _due(self, moment: Moment, rows: list[Row], best: Row) -> Row | None:
        """Return the suspect to try now: its check is due, nothing runs on it, and healthy it would be the best.

        Of several the one that was tried longest ago, so that a model that is broken for good starves no other.
        """
        due = [
            row
            for row in rows
            if row is not best
            and row[0].key in self._suspects
            and not row[0].flights
            and self._probes.due(row[0].key, moment.now, best[1] - row[1])
            and self._may_win(moment, row, best)
        ]
        return min(due, key=lambda row: self._probes.tried_at(row[0].key), default=None)

    def _may_win(self, moment: Moment, row: Row, best: Row) -> bool:
        """Return whether a suspect would be the best if it were fast, in memory, and answered: what a check may win."""
        floor = self._objective.quality_floor
        if row[2] < floor <= best[2]:
            return False
        candidate, key = row[0], row[0].key
        healthy = self._outlook.forecasts[key].healthy()
        there = candidate._replace(loaded=True, loaded_at=moment.now)
        lengths = self._outlook.lengths(moment.task)
        (well,) = score_all(moment, (there,), {key: healthy}, lengths, {key: row[2]}, self._objective, self._learned)
        return bool(well[1] > best[1])

    def _ailing(self, row: Row, now: float) -> bool:
        """Return whether a candidate is not to be relied on; only suspects can be."""
        key = row[0].key
        return key in self._suspects and key in self._learned.runners and self._learned.success(key, now) < AILING

    # -- learning ------------------------------------------------------------------------------------------------

    def begin(self, decision: Decision) -> None:
        """Count the demand, earn or spend probe budget."""
        now = decision.decided_at
        wait, load, prefill, decode = decision.picked[3:7]
        work = (prefill or 0.0) + (decode or 0.0)
        slope = self._objective.beyond / self._objective.seconds_for(decision.task)
        self._traffic.begin(decision.key, work, slope, now)
        for gone in self._learned.begin(decision, (wait or 0.0) + (load or 0.0) + work):
            self._traffic.forget(gone)
            self._outlook.forget(gone)
            if not any(model == gone[0] for model, _ in self._learned.runners):
                self._qualities.forget(gone[0])
            self._suspects.discard(gone)
            self._probes.cleared(gone)
        self._qualities.begin(read_decision(decision))
        self._probes.begin(decision.key, now, is_probe=decision.explored)

    def learn(self, decision: Decision, outcome: Outcome, *, now: float) -> Sequence[DriftFound | DriftOver]:
        """Fold in one outcome; a cache hit teaches nothing."""
        lesson = self._learned.learn(decision, outcome, now)
        if lesson is None:
            return ()
        runner, change, ratio = lesson
        self._suspect(decision.key, runner, outcome, now)
        met = decision.picked.candidate.host_flights > 0
        self._traffic.end(decision.host, outcome.timings.total or 0.0, now, met=met)
        self._outlook.renew(decision, now)
        if change is Change.none:
            return ()
        factor, since = math.exp(ratio), runner.drift.since
        if change is Change.found:
            return (DriftFound(decision.model, decision.host, factor, now),)
        return (DriftOver(decision.model, decision.host, factor, now, now - since),)

    def _suspect(self, key: Key, runner: Runner, outcome: Outcome, now: float) -> None:
        """Keep the set of models that are slow or failing, and when each is checked next."""
        if not runner.drift.active and runner.health.probability(now) >= AILING:
            self._suspects.discard(key)
            self._probes.cleared(key)
            return
        self._suspects.add(key)
        if outcome.fate.is_failure or (outcome.fate.completed and runner.drift.active):
            self._probes.put_off(key, now)

    def feedback(self, decision: Decision, score: float, *, now: float) -> None:
        """Fold in one opinion."""
        self.evidence(decision, score, 1.0, now=now)

    def evidence(self, decision: Decision, score: float, weight: float, *, now: float) -> None:
        """Fold in an opinion, or a signal that counts as part of one."""
        if decision.card is not None:
            self._qualities.learn(decision.card, read_decision(decision), score, weight=weight)
            self._is_told = self._is_told or weight >= 1.0  # weak evidence comes by itself: nobody explores for it
            self._ready_quality.clear()
            self._ready_spread.clear()

    def beliefs(self, *, now: float) -> Sequence[Belief]:
        """Return rates, slowdown, health and quality of every model that has served."""
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
                    task: self._qualities.expect(runner.card, told(task)) for task in self._qualities.tasks(model)
                },
            )
            for (model, host), runner in self._learned.runners.items()
        )
