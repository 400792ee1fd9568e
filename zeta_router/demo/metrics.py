"""The demo's figures: pure functions over the records of a run.

All seconds are the server's own (`total_duration`), simulated where the server is. "Code calls" are the requests that
the router took for code. "The coder" is the model that is made slower for a while.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from zeta_router.demo.records import Phase, Record
from zeta_router.metrics import quantile

CODE = "code"
LOOK_AHEAD = 20
"""Code calls that are looked at to tell whether traffic has left or has come back for good."""
LEFT_AT_MOST = 0.05
"""Share of the next code calls that a model may still get when its traffic has left."""
STAYS_AT_LEAST = 0.90
"""Share of the next code calls that a model must get for its traffic to have come back for good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """How fast one policy had the workload answered. Seconds; quantiles are over answered requests."""

    p50_s: float | None
    p95_s: float | None
    total_s: float
    failed: int
    code_p50_s: float | None
    code_p95_s: float | None


def speed(records: Sequence[Record]) -> Speed:
    """Return the speed of a run. A failed request counts in `total_s` with the time it took to fail."""
    answered = sorted(r.seconds for r in records if not r.failed)
    code = sorted(r.seconds for r in records if not r.failed and r.task == CODE)
    return Speed(
        p50_s=quantile(answered, 0.50),
        p95_s=quantile(answered, 0.95),
        total_s=sum(r.seconds for r in records),
        failed=sum(r.failed for r in records),
        code_p50_s=quantile(code, 0.50),
        code_p95_s=quantile(code, 0.95),
    )


def shares(records: Sequence[Record]) -> dict[str, dict[str, float]]:
    """Return task → model → share of the task's requests that this model served, largest first."""
    by_task: dict[str, Counter[str]] = {}
    for record in records:
        by_task.setdefault(record.task, Counter())[record.model] += 1
    return {
        task: {model: count / sum(counts.values()) for model, count in counts.most_common()}
        for task, counts in sorted(by_task.items(), key=lambda item: -sum(item[1].values()))
    }


def slow_calls_before_leaving(records: Sequence[Record], coder: str) -> int | None:
    """Return how many code calls the slow coder served before its traffic had left.

    The traffic has left at the first code call of the slow phase that the coder does not get, and from which on it gets
    at most 5 % of the next 20 (or of those that remain of the phase, if fewer). Calls that the router made to look
    whether the coder has recovered are no traffic: they count in `probe_share`. None if it was never slowed.
    """
    if not any(r.phase is Phase.slow for r in records):
        return None
    code = [r for r in records if r.phase is Phase.slow and r.task == CODE]
    sent = [r.model == coder and not is_probe(r) for r in code]
    for start in range(len(sent)):
        ahead = sent[start : start + LOOK_AHEAD]
        if not sent[start] and sum(ahead) <= LEFT_AT_MOST * len(ahead):
            return sum(sent[:start])
    return sum(sent)


def _return_index(records: Sequence[Record], coder: str) -> int | None:
    """Return the position in `records` of the call with which the traffic came back for good.

    It is the first code call after the recovery that the coder answered, and of which at least 90 % of the next 20
    code calls (or of those that remain, if fewer) went to the coder as well.
    """
    code = [i for i, r in enumerate(records) if r.phase is Phase.after and r.task == CODE]
    for place, index in enumerate(code):
        ahead = [records[i] for i in code[place : place + LOOK_AHEAD]]
        first = records[index]
        if first.model == coder and not first.failed and _share(ahead, coder) >= STAYS_AT_LEAST:
            return index
    return None


def seconds_until_return(records: Sequence[Record], coder: str, recovered_at: float | None) -> float | None:
    """Return the seconds from the recovery to the start of the call with which the code traffic came back for good.

    Calls after the recovery run at normal speed, since the speed changes between two requests. None if it did not come
    back, or was never away.
    """
    index = _return_index(records, coder)
    if index is None or recovered_at is None:
        return None
    return max(0.0, records[index].began_at - recovered_at)


def share_after_return(records: Sequence[Record], coder: str) -> float | None:
    """Return the coder's share of the code calls from its return to the end, the returning call included."""
    index = _return_index(records, coder)
    if index is None:
        return None
    return _share([r for r in records[index:] if r.task == CODE], coder)


def share_before(records: Sequence[Record], coder: str) -> float | None:
    """Return the coder's share of the code calls before it was slowed: what "back to normal" is to be held against."""
    code = [r for r in records if r.phase is Phase.before and r.task == CODE]
    return _share(code, coder) if code else None


def is_probe(record: Record) -> bool:
    """Return whether a request was spent on looking: explored, or sent to a model that the router held for slow."""
    return record.explored or record.suspected


def probe_share(records: Sequence[Record]) -> float:
    """Return the share of all requests that were spent on looking."""
    return sum(map(is_probe, records)) / len(records) if records else 0.0


def _share(records: Sequence[Record], model: str) -> float:
    return sum(r.model == model for r in records) / len(records) if records else 0.0
