"""The score of every candidate for one request: the inner loop of the router, written to be fast."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from zeta_router.decision import Candidate
from zeta_router.learning.health import AILING
from zeta_router.learning.lengths import Expected
from zeta_router.learning.memory import KEPT_S
from zeta_router.learning.priors import PREFILL_BASE_S
from zeta_router.learning.prompt_caches import WORTH_NOTING
from zeta_router.learning.runner import OVERLAP_COST, SLOT_COST
from zeta_router.learning.waiting import Busy, Served, Work, work_of
from zeta_router.objective import Objective
from zeta_router.policies.forecast import Forecast
from zeta_router.request import Request
from zeta_router.scores import Row

Key = tuple[str, str]

FAILURE_COST = 0.25
"""Utility that a failed attempt costs besides its answer: the next model has to start over."""
LATER = 0.001
"""Utility per further multiple of the expected time where an answer is too late anyway: sooner is better still."""
MAYBE_COLD = 0.5
"""Share of the load that is expected where nobody knows whether the model is in memory."""
USES = 5.0
"""Requests that share a load for which there is room: those that come while the model stays in memory profit from it.
One for which another model must go is charged in full, because the other one will have to be loaded again."""
EVICTION_COST = 0.08
"""Utility that a load costs which evicts another model."""
LOAD_FOR_OTHERS = 0.3
"""Share of such a load that other requests pay, by waiting behind it."""


@dataclass(slots=True)
class Moment:
    """What is asked, and how things are just now."""

    request: Request
    task: str
    expected: float
    """Seconds after which the user starts to mind."""
    now: float
    cached: Mapping[Key, float] | None = None
    """How many tokens of the prompt models on hosts are expected to have in their cache; None outside conversations."""
    work: Mapping[str, Work] | None = None
    """Of hosts that have calls in flight; None until a candidate is on a busy one."""


class Rare(Served, Protocol):
    """What only some candidates raise: a busy host, a model that is not in memory or has failed lately."""

    @property
    def room(self) -> Mapping[str, float]:
        """Host -> gigabytes of the largest model that fits beside those in memory, as far as known."""
        ...

    def before_load(self, candidate: Candidate, busy: Sequence[Busy]) -> float:
        """Return the seconds until the load of a model can start, beside these busy ones of its host."""
        ...

    def success(self, key: Key, now: float) -> float:
        """Return the probability that a model on a host answers."""
        ...


def score_all(
    moment: Moment,
    candidates: Sequence[Candidate],
    forecasts: Mapping[Key, Forecast],
    lengths: Mapping[Key, Expected],
    qualities: Mapping[Key, float],
    objective: Objective,
    rare: Rare,
) -> list[Row]:
    """Return the fields of a `Score` for each candidate.

    Raises:
        KeyError: A candidate has no length, no quality, or no forecast that was made for its present card.
    """
    expected = moment.expected
    within, beyond = objective.within / expected, objective.beyond / expected
    bearable = objective.bearable * expected
    request, now, cached = moment.request, moment.now, moment.cached
    tokens, longest, deadline = request.tokens, request.max_output_tokens, request.deadline
    rows: list[Row] = []
    for candidate in candidates:
        card, host, loaded, flights, host_flights, loaded_at = candidate
        key = (card.name, host)
        forecast, quality = forecasts[key], qualities[key]
        if forecast.card is not card:
            raise KeyError(key)
        per_output, note = forecast.per_output_token, forecast.note
        short, middle, long, mean, _ = lengths[key] if longest is None else lengths[key].cut(longest)
        short, middle, long, decode = short * per_output, middle * per_output, long * per_output, mean * per_output
        wait, prefill = 0.0, PREFILL_BASE_S + forecast.per_prompt_token * tokens
        # what is in memory for sure needs no load; with calls in flight it is being loaded, and they wait for it
        if loaded is None:
            cold = MAYBE_COLD
        elif flights or (loaded and now - loaded_at <= KEPT_S):
            cold = 0.0
        else:
            cold = MAYBE_COLD if loaded else 1.0
        if cached and not cold and key in cached:
            prefill -= forecast.per_prompt_token * cached[key]
            if cached[key] > WORTH_NOTING * tokens:
                note = note or "has this conversation's prompt in its cache"
        if host_flights:
            if moment.work is None:
                moment.work = work_of(candidates, rare, now)
            if host in moment.work:
                prefill, short, middle, long, wait, late = _beside(
                    candidate, forecast.slowdown, moment.work[host], rare, cold, prefill, short, middle, long
                )
                decode = (short + 4.0 * middle + long) / 6.0
                note = late or note
        load = cold * forecast.load
        fixed = wait + load + prefill
        penalty = within * (fixed + decode)
        over = fixed + long - expected
        if over > bearable:
            penalty = objective.expected_penalty(fixed, (short, middle, long), expected, later=LATER)
        elif over > 0.0:  # node by node, as there, but most are in time
            if fixed + middle > expected:
                over += 4.0 * (fixed + middle - expected)
                if fixed + short > expected:
                    over += fixed + short - expected
            penalty += (beyond - within) * over / 6.0
        work = prefill + decode
        price = work * (work * forecast.queued + forecast.shared)
        if cold:
            if loaded is False:
                note = note or "cold"
            if forecast.gigabytes > rare.room.get(host, math.inf):
                price += cold * EVICTION_COST + LOAD_FOR_OTHERS * beyond * load
            else:
                warm = within * (wait + work)
                if wait + prefill + long - expected > min(bearable, 0.0):
                    warm = objective.expected_penalty(wait + prefill, (short, middle, long), expected)
                price -= (penalty - warm) * (1.0 - 1.0 / USES)
        if deadline is not None and fixed + decode > deadline:
            penalty = max(penalty, objective.most)
            note = note or "past the deadline"
        success = forecast.success
        if success is None:
            success = rare.success(key, now)
            if success < AILING:
                note = f"answers {success:.0%} of its calls" + (f", {note}" if note else "")
        utility = success * quality - penalty - (1.0 - success) * FAILURE_COST - price
        rows.append([candidate, utility, quality, wait, load, prefill, decode, note, price, 0.0])
    return rows


def _beside(
    candidate: Candidate,
    slowdown: float,
    work: Work,
    rare: Rare,
    cold: float,
    prefill: float,
    short: float,
    middle: float,
    long: float,
) -> tuple[float, float, float, float, float, str]:
    """Return prefill, decode at the three nodes and wait beside what runs on the host, and a note if one is late.

    Sharing costs at most as long as the request itself runs, or the others still do.
    """
    model = candidate[0].name
    slots, mates = work
    wait, crowd, note = 0.0, 1.0, ""
    others = []
    for other, calls, remaining, late, _, left in mates:
        if other != model:
            others.append(left)
            continue
        if calls >= slots:
            wait = remaining / slots
        else:
            crowd = 1.0 + SLOT_COST * calls
        if late > slowdown:
            crowd *= late / slowdown
            note = f"a call on it takes {late:.1f}x longer than expected"
    if crowd > 1.0:
        prefill, short, middle, long = prefill * crowd, short * crowd, middle * crowd, long * crowd
    if others:
        if cold == 1.0:
            wait += rare.before_load(candidate, mates)
        more_short = more_middle = more_long = 0.0
        at_short, at_middle, at_long = prefill + short, prefill + middle, prefill + long
        for left in others:
            left -= wait
            if left > 0.0:
                more_short += left if left < at_short else at_short
                more_middle += left if left < at_middle else at_middle
                more_long += left if left < at_long else at_long
        short += OVERLAP_COST * more_short
        middle += OVERLAP_COST * more_middle
        long += OVERLAP_COST * more_long
    return prefill, short, middle, long, wait, note
