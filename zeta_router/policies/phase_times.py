"""The default policy: predicts the phases of every candidate's time, and picks the highest expected utility."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from random import Random

from zeta_router.decision import Candidate, Choice, Decision, Score
from zeta_router.events import DriftFound, DriftOver
from zeta_router.learning.curiosity import NOT_WORTH_IT, worth_of_spread
from zeta_router.learning.drift import Change
from zeta_router.learning.health import AILING
from zeta_router.learning.learned import Key, Learned
from zeta_router.learning.lengths import NO_OUTPUT, Expected
from zeta_router.learning.quality import Qualities, Reading, read, read_decision, told
from zeta_router.learning.runner import Runner
from zeta_router.model import ModelCard
from zeta_router.objective import Objective
from zeta_router.outcome import Fate, Outcome
from zeta_router.policies.base import Belief
from zeta_router.policies.forecast import FADING, Forecast
from zeta_router.policies.probing import ProbeBudget
from zeta_router.policies.reason import Reason
from zeta_router.policies.scoring import Moment, score_all
from zeta_router.policies.traffic import FREE, Price, Traffic
from zeta_router.request import Request
from zeta_router.scores import Row, Scores, best_of
from zeta_router.tasks.task_guess import TaskGuess

PLAN_EVERY_S = 15.0
"""Seconds after which prices are worked out anew: after an answer, outside of any decision."""
READY_MOST = 256
"""Kinds of requests whose numbers are kept ready; they are made anew when needed."""
NOTHING_CACHED: Mapping[Key, float] = {}


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
        self._prices: dict[Key, Price] = {}
        self._planned_at = -math.inf
        self._forecasts: dict[Key, Forecast] = {}
        self._lengths: dict[str, dict[Key, Expected]] = {}
        self._ready_quality: dict[Reading, dict[Key, float]] = {}
        self._ready_spread: dict[Reading, dict[str, float]] = {}

    # -- deciding ------------------------------------------------------------------------------------------------

    def choose(
        self, request: Request, guess: TaskGuess, candidates: Sequence[Candidate], *, now: float, rng: Random
    ) -> Choice:
        """Score every candidate and pick the best; or a suspect whose retry is due, within the probe budget."""
        task, reading = guess.task, read(guess)
        learned = self._learned
        moment = Moment(
            task, request.tokens, request.max_output_tokens, request.deadline, now, NOTHING_CACHED, learned.room
        )
        lengths, qualities = self._lengths_of(task), self._qualities_of(reading)
        try:
            rows = score_all(moment, candidates, self._forecasts, lengths, qualities, self._objective, learned)
        except KeyError:
            self._get_ready(task, reading, candidates)
            rows = score_all(moment, candidates, self._forecasts, lengths, qualities, self._objective, learned)
        first, among = best_of(rows), rows
        heard = self._qualities.heard(reading)
        if heard > 0.0 and len(rows) > 1:
            second = best_of([row for row in rows if row is not first])
            self._add_curiosity(rows, reading, heard, first[1], second[1])
            first = best_of(rows)
        floor = self._objective.quality_floor
        if floor > 0.0 and (first[2] < floor or (self._suspects and self._ailing(first, now))):
            first, among = self._above_floor(rows, now)
        if self._suspects and self._probes.affordable:
            due = self._due(moment, rows, first)
            if due is not None:
                score = Score._make(due)
                check = f"checking whether {score.model} has recovered ({score.note})"
                sd = lengths[score.candidate.key].sd
                return Choice(score, Scores(rows, due), check, explored=True, decode_sd=sd)
        picked = Score._make(first)
        reason = Reason(first, among, task, self._objective.seconds_for(task))
        return Choice(picked, Scores(rows, first), reason, decode_sd=lengths[picked.candidate.key].sd)

    def _lengths_of(self, task: str) -> dict[Key, Expected]:
        """Return how long answers are expected to get, of whom it is ready."""
        table = self._lengths.get(task)
        if table is None:
            if len(self._lengths) >= READY_MOST:
                self._lengths.clear()
            table = self._lengths[task] = {}
        return table

    def _qualities_of(self, reading: Reading) -> dict[Key, float]:
        """Return how good answers are expected to be, of whom it is ready."""
        table = self._ready_quality.get(reading)
        if table is None:
            if len(self._ready_quality) >= READY_MOST:
                self._ready_quality.clear()
            table = self._ready_quality[reading] = {}
        return table

    def _get_ready(self, task: str, reading: Reading, candidates: Sequence[Candidate]) -> None:
        """Make what is not ready of these candidates."""
        lengths, qualities = self._lengths_of(task), self._qualities_of(reading)
        for candidate in candidates:
            card, key = candidate.card, candidate.key
            ready = self._forecasts.get(key)
            if ready is None or ready.card is not card:
                self._forecasts[key] = self._forecast(card, candidate.host)
                for known in self._ready_quality.values():
                    known.pop(key, None)  # the card may tell another quality
            if key not in lengths:
                lengths[key] = self._length(task, card.name)
            if key not in qualities:
                qualities[key] = self._qualities.expect(card, reading)

    def _length(self, task: str, model: str) -> Expected:
        return NO_OUTPUT if task == "embedding" else self._learned.lengths.expect(model, task)

    def _forecast(self, card: ModelCard, host: str) -> Forecast:
        key = (card.name, host)
        runner = self._learned.runners.get(key)
        if runner is None:
            runner = self._learned.prior(card, host)
        slowdown = math.exp(runner.drift.level) if runner.drift.active else 1.0
        queued, shared = self._prices.get(key) or self._prices.get(("", host), FREE)
        return Forecast(
            card=card,
            per_prompt_token=runner.prefill.seconds * slowdown,
            per_output_token=runner.decode.seconds * slowdown,
            success=FADING if runner.health.fading else runner.health.probability(0.0),
            slowdown=slowdown,
            queued=queued,
            shared=shared,
            load=runner.load.seconds,
            gigabytes=card.gigabytes,
            note=f"{slowdown:.1f}x slower than expected" if runner.drift.active else "",
        )

    def _add_curiosity(self, rows: list[Row], reading: Reading, heard: float, best: float, second: float) -> None:
        """Add what each answer may teach on quality, for requests that come after it."""
        table = self._ready_spread.get(reading)
        if table is None:
            if len(self._ready_spread) >= READY_MOST:
                self._ready_spread.clear()
            table = self._ready_spread[reading] = {}
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
            and self._probes.due(row[0].key, moment.now)
            and self._may_win(moment, row, best)
        ]
        return min(due, key=lambda row: self._probes.tried_at(row[0].key), default=None)

    def _may_win(self, moment: Moment, row: Row, best: Row) -> bool:
        """Return whether a suspect would be the best if it were fast, in memory, and answered: what a check may win."""
        floor = self._objective.quality_floor
        if row[2] < floor <= best[2]:
            return False
        candidate, key = row[0], row[0].key
        forecast = self._forecasts[key]
        healthy = forecast._replace(
            per_prompt_token=forecast.per_prompt_token / forecast.slowdown,
            per_output_token=forecast.per_output_token / forecast.slowdown,
            slowdown=1.0,
            success=1.0,
        )
        there = candidate._replace(loaded=True, loaded_at=moment.now)
        lengths = self._lengths_of(moment.task)
        (well,) = score_all(moment, (there,), {key: healthy}, lengths, {key: row[2]}, self._objective, self._learned)
        return bool(well[1] > best[1])

    def _ailing(self, row: Row, now: float) -> bool:
        """Return whether a candidate is not to be relied on; only suspects can be."""
        key = row[0].key
        return key in self._suspects and key in self._learned.runners and self._learned.success(key, now) < AILING

    # -- learning ------------------------------------------------------------------------------------------------

    def begin(self, decision: Decision) -> None:
        """Count the demand, earn or spend probe budget."""
        now, expected = decision.decided_at, decision.picked
        work = (expected.prefill or 0.0) + (expected.decode or 0.0)
        slope = self._objective.beyond / self._objective.seconds_for(decision.task)
        self._traffic.begin(decision.key, work, slope, now)
        for gone in self._learned.begin(decision, expected.seconds or work):
            self._traffic.forget(gone)
            self._suspects.discard(gone)
            self._probes.cleared(gone)
            self._forecasts.pop(gone, None)
        self._qualities.begin(read_decision(decision))
        self._probes.begin(decision.key, now, is_probe=decision.explored)

    def learn(self, decision: Decision, outcome: Outcome, *, now: float) -> Sequence[DriftFound | DriftOver]:
        """Fold in one outcome; a cache hit teaches nothing."""
        known = self._learned.runners.get(decision.key)
        since = known.drift.since if known is not None else now
        change, ratio = self._learned.learn(decision, outcome, now)
        runner = self._learned.runners.get(decision.key)
        if runner is None or outcome.fate is Fate.cache_hit:
            return ()
        self._suspect(decision.key, runner, outcome, now)
        met = any(s.candidate.host_flights > 0 for s in decision.candidates if s.candidate.host == decision.host)
        self._traffic.end(decision.host, outcome.timings.total or 0.0, now, met=met)
        if not 0.0 <= now - self._planned_at < PLAN_EVERY_S or self._learned.hosts_changed:
            self._plan(now)
        else:
            self._renew(decision)
        if change is Change.found:
            return (DriftFound(decision.model, decision.host, math.exp(ratio), now),)
        if change is Change.over:
            return (DriftOver(decision.model, decision.host, math.exp(ratio), now, now - since),)
        return ()

    def _suspect(self, key: Key, runner: Runner, outcome: Outcome, now: float) -> None:
        """Keep the set of models that are slow or failing, and when each is checked next."""
        if not runner.drift.active and runner.health.probability(now) >= AILING:
            self._suspects.discard(key)
            self._probes.cleared(key)
            return
        self._suspects.add(key)
        if outcome.fate.is_failure or (outcome.fate is Fate.ok and runner.drift.active):
            self._probes.put_off(key, now)

    def _renew(self, decision: Decision) -> None:
        """Bring up to date what is ready of the model that an answer came from."""
        key = decision.key
        ready = self._forecasts.get(key)
        if ready is not None:
            self._forecasts[key] = self._forecast(ready.card, decision.host)
        young = self._learned.lengths.young(decision.task)
        for task, table in self._lengths.items():
            for known in table if young and task == decision.task else (key,):
                if known in table:
                    table[known] = self._length(task, known[0])

    def _plan(self, now: float) -> None:
        """Work out what GPU time costs until the next time, and bring all that is ready up to date."""
        self._planned_at = now
        slots = {host: known.slots.count for host, known in self._learned.hosts.items()}
        self._prices = self._traffic.prices(slots, now)
        for key, ready in self._forecasts.items():
            self._forecasts[key] = self._forecast(ready.card, key[1])
        for task, table in self._lengths.items():
            for key in table:
                table[key] = self._length(task, key[0])

    def feedback(self, decision: Decision, score: float, *, now: float) -> None:
        """Fold in one opinion."""
        self.evidence(decision, score, 1.0, now=now)

    def evidence(self, decision: Decision, score: float, weight: float, *, now: float) -> None:
        """Fold in an opinion, or a signal that counts as part of one."""
        if decision.card is not None:
            self._qualities.learn(decision.card, read_decision(decision), score, weight=weight)
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
