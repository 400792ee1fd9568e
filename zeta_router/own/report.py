"""What the built-in prompts found out, a line per model and host."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import mean, median

from zeta_router.outcome import Fate
from zeta_router.own.run import ProbeResult

READ_FROM = 300
"""Prompt tokens from which reading is timed: below, fixed costs are most of it."""
WRITTEN_FROM = 6
"""Output tokens from which writing is timed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelReport:
    """One model on one host; None is what could not be found out."""

    model: str
    host: str
    prompts: int
    failed: int
    load_seconds: float | None
    """Longest load that was seen: the model was not in memory."""
    first_token_seconds: float | None
    """Median over prompts for which the model was in memory."""
    read_tokens_per_second: float | None
    written_tokens_per_second: float | None
    scores: tuple[tuple[str, float], ...]
    """Prompt -> its score in [0, 1]."""
    error: str | None

    @property
    def score(self) -> float | None:
        """Mean score over the prompts that were judged."""
        return mean(score for _, score in self.scores) if self.scores else None


LOADED = 0.6
"""Seconds of load below which the model was in memory; see the learning of loads."""


def by_model(results: Iterable[ProbeResult]) -> list[ModelReport]:
    """Return a report per model and host, in the order they were measured."""
    groups: dict[tuple[str, str], list[ProbeResult]] = {}
    for result in results:
        groups.setdefault((result.model, result.host), []).append(result)
    return [_report(model, host, of_model) for (model, host), of_model in groups.items()]


def _report(model: str, host: str, results: Sequence[ProbeResult]) -> ModelReport:
    answered = [result.outcome for result in results if result.outcome.fate is Fate.ok]
    loads = [o.timings.load for o in answered if o.timings.load is not None and o.timings.load > LOADED]
    firsts = [
        o.timings.first_token
        for o in answered
        if o.timings.first_token is not None and (o.timings.load is None or o.timings.load <= LOADED)
    ]
    read = [
        o.prompt_tokens / o.timings.prefill
        for o in answered
        if o.timings.prefill and o.prompt_tokens is not None and o.prompt_tokens >= READ_FROM
    ]
    written = [
        o.output_tokens / o.timings.decode
        for o in answered
        if o.timings.decode and o.output_tokens is not None and o.output_tokens >= WRITTEN_FROM
    ]
    errors = [result.outcome.error for result in results if result.outcome.error is not None]
    return ModelReport(
        model=model,
        host=host,
        prompts=len(results),
        failed=len(results) - len(answered),
        load_seconds=max(loads, default=None),
        first_token_seconds=median(firsts) if firsts else None,
        read_tokens_per_second=median(read) if read else None,
        written_tokens_per_second=median(written) if written else None,
        scores=tuple((result.probe, result.score) for result in results if result.score is not None),
        error=errors[0] if errors else None,
    )
