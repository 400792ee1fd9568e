"""Leaving and returning: what became of the requests that a drift concerns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from zeta_router.bench.changes import Worsen
from zeta_router.bench.records import Record
from zeta_router.bench.scenarios import Drift, Scenario
from zeta_router.bench.truth import Truth
from zeta_router.bench.workload import Call, Workload
from zeta_router.bench.zoo import BenchModel
from zeta_router.objective import Objective

LOOK_AHEAD = 20
"""Affected requests that are looked at to tell whether traffic has left or is back."""
LEFT_AT_MOST = 1
"""Of those, so many may still go to the model when its traffic has left."""
BACK_WITHIN = 0.15
"""Share of those that may be missing when its traffic is back."""
USED_AT_LEAST = 0.5
"""Share of the affected requests that a model must have had before: else there is nothing to leave."""


class Moved(NamedTuple):
    """How a policy answered a drift. None where it does not apply, or never happened."""

    slow_calls: int | None = None
    """Affected requests that the model still got before its traffic had left, checks not counted."""
    left: bool | None = None
    return_s: float | None = None
    """Seconds from the recovery to the request with which the traffic was back."""
    share_after: float | None = None
    """The model's share of the affected requests from then on, over its share before."""


def moved(records: Sequence[Record], work: Workload, scenario: Scenario, seed: int) -> Moved:
    """Return how the policy behind `records` left and came back."""
    drift = scenario.drift
    if drift is None:
        return Moved()
    begin, end = drift.begin * len(work.calls), drift.end * len(work.calls)
    concerned = affected(work, scenario, drift, seed)
    mine = [r for r in records if r.number in concerned]
    before = [r for r in mine if r.number < begin]
    during = [r for r in mine if begin <= r.number < end]
    after = [r for r in mine if r.number >= end]
    share_before = _share(before, drift.model)
    if not during or share_before < USED_AT_LEAST:
        return Moved()
    sent = [r.model == drift.model and not r.explored for r in during]
    left = next((n for n in range(len(sent)) if not sent[n] and sum(sent[n : n + LOOK_AHEAD]) <= LEFT_AT_MOST), None)
    if left is None:
        return Moved(sum(sent), left=False)
    back = next((n for n in range(len(after)) if _is_back(after[n:], drift.model, share_before)), None)
    if back is None:
        return Moved(sum(sent[:left]), left=True)
    recovered_at = next(r.at for r in records if r.number >= end)
    share_after = _share(after[back:], drift.model) / share_before
    return Moved(sum(sent[:left]), left=True, return_s=after[back].at - recovered_at, share_after=share_after)


def affected(work: Workload, scenario: Scenario, drift: Drift, seed: int) -> frozenset[int]:
    """Return the requests whose best model, on an idle host with all models in memory, changes with the drift."""
    healthy, worse = Truth(scenario, seed), Truth(scenario, seed)
    for change in scenario.changes:
        if isinstance(change, Worsen):
            worse.set_quality(change.model, change.task, change.quality)
    found = set()
    for index, call in enumerate(work.calls):
        before = {m.name: _idle_utility(m, call, healthy, scenario, work.objective) for m in scenario.models}
        if max(before, key=before.__getitem__) != drift.model:
            continue
        during = {
            m.name: _idle_utility(
                m, call, worse, scenario, work.objective, drift.factor if m.name == drift.model else 1.0
            )
            for m in scenario.models
        }
        if max(during, key=during.__getitem__) != drift.model:
            found.add(index)
    return frozenset(found)


def _idle_utility(
    model: BenchModel, call: Call, truth: Truth, scenario: Scenario, objective: Objective, slowdown: float = 1.0
) -> float:
    prefill = call.request.tokens * model.billions / 12_600 * truth.prefill[(model.name, 0)]
    decode = call.output_tokens * model.gigabytes / 216 * truth.decode[(model.name, 0)]
    seconds = (prefill + decode) * slowdown / scenario.speed
    penalty = objective.expected_penalty(seconds, (0.0, 0.0, 0.0), objective.seconds_for(call.task))
    return truth.quality(model.name, call.task, call.complexity) - penalty


def _share(records: Sequence[Record], model: str) -> float:
    return sum(r.model == model for r in records) / len(records) if records else 0.0


def _is_back(ahead: Sequence[Record], model: str, share_before: float) -> bool:
    return ahead[0].model == model and _share(ahead[:LOOK_AHEAD], model) >= share_before - BACK_WITHIN
