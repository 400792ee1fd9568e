"""A log in a few numbers per model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

from zeta_router.history.attempts import LoggedAttempt
from zeta_router.metrics import quantile
from zeta_router.outcome import Fate
from zeta_router.savings import Savings


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelStatistics:
    """How one model on one host did. Times in seconds."""

    model: str
    host: str
    attempts: int
    answered: int
    failed: int
    """Errors, timeouts, refusals, unusable answers; what a caller gave up is in neither."""
    p50_s: float | None
    """Median of the answers' times."""
    p95_s: float | None
    tokens_per_s: float | None
    """Output tokens per second of decode, over all answers."""
    late: int
    """Answers that took longer than the upper bound of what was expected."""
    score: float | None
    """Mean opinion in [0, 1]."""
    opinions: int
    tasks: dict[str, int]
    """Task -> attempts, the most frequent first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """A log in numbers."""

    attempts: int
    requests: int
    first_at: float | None
    last_at: float | None
    models: tuple[ModelStatistics, ...]
    """The busiest first."""
    savings: Savings
    """What Zeta's picks were expected to save where a router in shadow mode served others."""


def statistics(attempts: Sequence[LoggedAttempt]) -> Statistics:
    """Return the numbers of some attempts."""
    groups: dict[tuple[str, str], list[LoggedAttempt]] = {}
    for attempt in attempts:
        groups.setdefault(attempt.decision.key, []).append(attempt)
    savings = Savings()
    for attempt in attempts:
        if attempt.outcome is not None:
            savings.add(attempt.decision, attempt.outcome)
    times = [attempt.began_at for attempt in attempts]
    return Statistics(
        attempts=len(attempts),
        requests=sum(attempt.decision.attempt == 1 for attempt in attempts),
        first_at=min(times, default=None),
        last_at=max(times, default=None),
        models=tuple(
            _of_model(key, group) for key, group in sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
        ),
        savings=savings,
    )


def _of_model(key: tuple[str, str], attempts: Sequence[LoggedAttempt]) -> ModelStatistics:
    outcomes = [attempt.outcome for attempt in attempts if attempt.outcome is not None]
    good = [attempt for attempt in attempts if attempt.outcome is not None and attempt.outcome.fate is Fate.ok]
    seconds = sorted(attempt.seconds for attempt in good if attempt.seconds is not None)
    scores = [attempt.score for attempt in attempts if attempt.score is not None]
    return ModelStatistics(
        model=key[0],
        host=key[1],
        attempts=len(attempts),
        answered=sum(outcome.fate.answered for outcome in outcomes),
        failed=sum(outcome.fate.is_failure for outcome in outcomes),
        p50_s=quantile(seconds, 0.50),
        p95_s=quantile(seconds, 0.95),
        tokens_per_s=_rate(good),
        late=sum(_is_late(attempt) for attempt in good),
        score=fmean(scores) if scores else None,
        opinions=len(scores),
        tasks=dict(Counter(attempt.decision.task for attempt in attempts).most_common()),
    )


def _is_late(attempt: LoggedAttempt) -> bool:
    bounds = attempt.decision.bounds
    return bounds is not None and attempt.seconds is not None and attempt.seconds > bounds[1]


def _rate(good: Iterable[LoggedAttempt]) -> float | None:
    tokens = seconds = 0.0
    for attempt in good:
        outcome = attempt.outcome
        if outcome is not None and outcome.output_tokens and outcome.timings.decode:
            tokens += outcome.output_tokens
            seconds += outcome.timings.decode
    return tokens / seconds if seconds else None
