"""`replay`: asks another policy at each decision of a log, and estimates what would have come of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from random import Random

from zeta_router.decision import Choice, Score
from zeta_router.history.attempts import LoggedAttempt, logged_attempts
from zeta_router.history.today import Cards, candidates_of, request_of
from zeta_router.objective import Objective
from zeta_router.policies.base import Policy
from zeta_router.replay.estimate import HEAVIEST, Estimate, doubly_robust, effective, interval, weight
from zeta_router.replay.rewards import PARTS, RewardModel, Worth, tells
from zeta_router.store.fold import Fold
from zeta_router.store.records import AttemptBegan, AttemptEnded, Entry, Feedback, Joined
from zeta_router.tasks.task_guess import TaskGuess

LEAST_REQUESTS = 100
LEAST_EFFECTIVE = 30.0
"""Equal weights that the matched requests must be worth, for the interval to mean what it says."""
UNTRIED_MOST = 0.05
"""Share of requests whose other pick the log had no chance to try, beyond which there is no answer."""
CLIPPED_MOST = 0.02
RANGE = 2.0
"""Utility is within [-1, 1]: what was never tried may lie anywhere in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What another policy would have done. Estimates are per request."""

    requests: int
    """That tell something: decided first, ended, not given up."""
    left_out: int
    """Requests that do not: running, given up, answered from a cache."""
    agreement: float
    """Share of requests for which the policy picks what was served."""
    untried: float
    """Share of requests whose pick the log's router would never have made."""
    effective: float
    """Equally weighted requests that tell as much as those on which both agree."""
    opinion_share: float
    """Share of the answers that somebody had an opinion on."""
    served: Mapping[str, Estimate]
    """What was served: utility, seconds, answered, quality."""
    estimated: Mapping[str, Estimate]
    """What the policy would have brought. Read it only where `unanswered` is empty."""
    gain: Estimate
    """Utility of the policy less that of what was served."""
    shares: Mapping[str, float]
    """Model -> share of the requests that the policy gives it."""
    unanswered: tuple[str, ...]
    """Why the log cannot answer; empty where it can."""


class _Step:
    """One request: what was expected when it was decided."""

    __slots__ = ("expected", "matched", "model", "other", "propensity", "quality", "served")

    def __init__(self, attempt: LoggedAttempt, choice: Choice, rewards: RewardModel, served: Score) -> None:
        task = attempt.decision.task
        self.model = choice.picked.model
        self.matched = choice.picked.candidate.key == attempt.decision.key
        self.propensity = attempt.decision.propensity
        self.served = served
        self.expected = rewards.expect(task, served)
        self.quality = rewards.quality(task, served)
        same = next((s for s in attempt.decision.candidates if s.candidate.key == choice.picked.candidate.key), served)
        self.other = rewards.expect(task, same)


def replay(entries: Iterable[Entry], policy: Policy, objective: Objective, *, seed: int = 0) -> Replay:
    """Return what `policy` would have done with the first attempt of each request of a log.

    The policy learns from the log as it went, and is asked in the situations that the log had: what was in memory, in
    flight, and offered. What its own picks would have changed for later requests, queues and loads, is not replayed.

    Args:
        entries: Of a log, in its order.
        policy: It has learned nothing yet; it learns while it is replayed.
        objective: What an answer is worth.
        seed: For a policy that draws.
    """
    kept = list({(entry.writer, entry.seq): entry for entry in entries}.values())  # some may be stored twice
    attempts = {(a.writer, a.decision.id): a for a in logged_attempts(kept)}
    answered = [a for a in attempts.values() if a.outcome is not None and a.outcome.fate.answered]
    opinion_share = sum(a.score is not None for a in answered) / len(answered) if answered else 0.0
    rewards = RewardModel(objective, opinion_share=opinion_share)
    fold, rng = Fold(policy), Random(seed)
    cards: Cards = {}
    steps: dict[tuple[str, str], _Step] = {}
    by_decision = {a.decision.id: a for a in attempts.values()}
    for entry in sorted(kept, key=lambda e: (min(e.record.at, e.stored_at), e.writer, e.seq)):
        record = entry.record
        if isinstance(record, Joined):
            cards[(record.card.name, record.host)] = record.card
        elif isinstance(record, AttemptBegan):
            attempt = attempts.get((entry.writer, record.decision.id))
            if attempt is not None and record.decision.attempt == 1:
                step = _ask(attempt, policy, rewards, cards, rng)
                if step is not None:
                    steps.setdefault((entry.writer, record.decision.id), step)
        elif isinstance(record, AttemptEnded):
            attempt = attempts.get((entry.writer, record.decision_id))
            if attempt is not None and tells(record.outcome):
                rewards.learn(attempt, record.outcome)
        elif isinstance(record, Feedback):
            judged = by_decision.get(record.decision.id)
            if judged is not None and record.weight >= 1.0:  # a signal is no opinion
                rewards.hear(judged, record.score)
        fold.apply(record, entry.writer, record.at)
    return _result(attempts, steps, rewards, opinion_share)


def _ask(attempt: LoggedAttempt, policy: Policy, rewards: RewardModel, cards: Cards, rng: Random) -> _Step | None:
    decision = attempt.decision
    served = next((s for s in decision.candidates if s.candidate.key == decision.key), None)
    if served is None:
        return None
    choice = policy.choose(
        request_of(decision),
        decision.guess if decision.guess is not None else TaskGuess.told(decision.task),
        candidates_of(decision, cards),
        now=decision.decided_at,
        rng=rng,
    )
    return _Step(attempt, choice, rewards, served)


def _result(
    attempts: Mapping[tuple[str, str], LoggedAttempt],
    steps: Mapping[tuple[str, str], _Step],
    rewards: RewardModel,
    opinion_share: float,
) -> Replay:
    seen: list[tuple[_Step, Worth]] = []
    first = 0
    for key, attempt in attempts.items():
        first += attempt.decision.attempt == 1
        step, outcome = steps.get(key), attempt.outcome
        if step is not None and outcome is not None and tells(outcome):
            seen.append((step, rewards.seen(attempt, outcome, step.served, quality=step.quality)))
    count = len(seen)
    matched = [step for step, _ in seen if step.matched]
    untried = sum(not step.matched and step.propensity >= 1.0 for step, _ in seen) / max(count, 1)
    clipped = sum(1.0 / step.propensity > HEAVIEST for step in matched) / max(count, 1)
    tells_as_much = effective([weight(step.propensity) for step in matched])
    served: dict[str, Estimate] = {}
    estimated: dict[str, Estimate] = {}
    gain = Estimate(mean=0.0, low=-RANGE, high=RANGE)
    if count >= 2:
        for number, part in enumerate(PARTS):
            terms = [_term(step, worth, number) for step, worth in seen]
            served[part] = interval([worth[number] for _, worth in seen])
            estimated[part] = interval(terms)
            if part == "utility":
                gains = [term - worth[number] for term, (_, worth) in zip(terms, seen, strict=True)]
                estimated[part] = interval(terms, unknown=untried * RANGE / 2)
                gain = interval(gains, unknown=untried * RANGE / 2)
    shares = Counter(step.model for step, _ in seen)
    return Replay(
        requests=count,
        left_out=first - count,
        agreement=len(matched) / max(count, 1),
        untried=untried,
        effective=tells_as_much,
        opinion_share=opinion_share,
        served=served,
        estimated=estimated,
        gain=gain,
        shares={model: number / count for model, number in shares.most_common()},
        unanswered=_why_not(count, tells_as_much, untried, clipped),
    )


def _term(step: _Step, worth: Worth, part: int) -> float:
    return doubly_robust(
        step.other[part],
        matched=step.matched,
        propensity=step.propensity,
        residual=worth[part] - step.expected[part],
    )


def _why_not(count: int, tells_as_much: float, untried: float, clipped: float) -> tuple[str, ...]:
    reasons: list[str] = []
    if count < LEAST_REQUESTS:
        reasons.append(f"it has {count} requests that tell something, and {LEAST_REQUESTS} are needed")
    if untried > UNTRIED_MOST:
        reasons.append(
            f"for {untried:.0%} of its requests the policy picks what the log's router never would have: a router that "
            "always takes what looks best leaves nothing to compare with; let one that explores serve for a while, "
            "e.g. policy=EpsilonGreedy(...)"
        )
    if tells_as_much < LEAST_EFFECTIVE:
        reasons.append(
            f"the requests on which both agree tell as much as {tells_as_much:.0f}; {LEAST_EFFECTIVE:.0f} are needed"
        )
    if clipped > CLIPPED_MOST:
        reasons.append(f"{clipped:.0%} of its requests agree on picks so rare that their weight had to be cut")
    return tuple(reasons)
