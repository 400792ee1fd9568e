"""A decision for people and for programs. The prompt is in neither."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rich.table import Table

from zeta_router import Decision, Score, Timings
from zeta_router.cli.output import seconds, table


def timings_json(timings: Timings) -> dict[str, float | None]:
    """Return the phases in seconds, `wait` to `total`."""
    return asdict(timings)


def decision_json(decision: Decision) -> dict[str, Any]:
    """Return a decision with all its candidates, best first."""
    return {
        "model": decision.model,
        "host": decision.host,
        "task": decision.task,
        "reason": decision.reason,
        "explored": decision.explored,
        "propensity": decision.propensity,
        "prompt_tokens": decision.prompt_tokens,
        "predicted": timings_json(decision.predicted),
        "bounds": decision.bounds,
        "quality": decision.quality,
        "utility": decision.utility,
        "candidates": [_candidate_json(score) for score in decision.candidates],
    }


def _candidate_json(score: Score) -> dict[str, Any]:
    return {
        "model": score.model,
        "host": score.host,
        "utility": score.utility,
        "quality": score.quality,
        "predicted": timings_json(score.timings),
        "loaded": score.candidate.loaded,
        "in_flight": score.candidate.in_flight,
        "note": score.note,
    }


def candidates_table(decision: Decision) -> Table:
    """Return every candidate with what it would give and cost, best first."""
    numbers = ("quality", "wait", "load", "prefill", "decode", "total", "utility")
    hosts = len({score.host for score in decision.candidates}) > 1  # one host was named above
    grid = table("", "model", *(("host",) if hosts else ()), *numbers, "note", right=numbers)
    for score in decision.candidates:
        picked = score.model == decision.model and score.host == decision.host
        grid.add_row(
            "→" if picked else "",
            score.model,
            *((score.host,) if hosts else ()),
            "–" if score.quality is None else f"{score.quality:.2f}",
            seconds(score.wait),
            seconds(score.load),
            seconds(score.prefill),
            seconds(score.decode),
            seconds(score.seconds),
            f"{score.utility:.3f}",
            score.note,
        )
    return grid
