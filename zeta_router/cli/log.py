"""`zeta log`: what was decided, and how it went."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Annotated, Any

import typer

from zeta_router.cli.decisions import timings_json
from zeta_router.cli.log_options import SinceOption, StoreOption, reading, since_of
from zeta_router.cli.options import JsonOption
from zeta_router.cli.output import console_for_tables, note, print_json, seconds, table
from zeta_router.history import LoggedAttempt, looking_back

ID_SHOWN = 10
"""Characters of an id in a table: enough to tell decisions apart, and for `zeta explain`."""

LimitOption = Annotated[int, typer.Option("--limit", metavar="N", min=1, help="How many, the newest last.")]


def log(
    store: StoreOption = "default",
    since: SinceOption = None,
    limit: LimitOption = 20,
    model: Annotated[str | None, typer.Option("--model", metavar="NAME", help="Of one model only.")] = None,
    task: Annotated[str | None, typer.Option("--task", metavar="TASK", help="Of one task only.")] = None,
    failed: Annotated[bool, typer.Option("--failed", help="Only what failed.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show the newest attempts: which model, why, and how it went.

    Prompts and answers are in no log.
    """
    with reading(store) as opened:
        name = opened.name
        shown: list[LoggedAttempt] = []
        for attempts in looking_back(opened, since=since_of(since)):
            shown = [a for a in attempts if _wanted(a, model, task, failed)][-limit:]
            if len(shown) == limit:
                break
    if as_json:
        print_json({"store": name, "attempts": [attempt_json(attempt) for attempt in shown]})
        return
    if not shown:
        note(f"nothing in {name} fits; --since, --model, --task and --failed narrow it down")
        return
    numbers = ("expected", "took", "tokens", "score")
    grid = table("when", "id", "task", "model", "fate", *numbers, right=numbers)
    for attempt in shown:
        decision, outcome = attempt.decision, attempt.outcome
        grid.add_row(
            when(attempt.began_at),
            decision.id[:ID_SHOWN],
            decision.task,
            decision.model,
            fate_of(attempt),
            seconds(decision.predicted.total),
            seconds(attempt.seconds),
            "–" if outcome is None or outcome.output_tokens is None else str(outcome.output_tokens),
            "–" if attempt.score is None else f"{attempt.score:.2f}",
        )
    console_for_tables().print(grid)


def _wanted(attempt: LoggedAttempt, model: str | None, task: str | None, failed: bool) -> bool:
    return (
        (model is None or attempt.decision.model == model)
        and (task is None or attempt.decision.task == task)
        and (not failed or (attempt.outcome is not None and attempt.outcome.fate.is_failure))
    )


def when(at: float) -> str:
    """Return a time as a person reads it: of today the hour, else the day as well."""
    moment = datetime.fromtimestamp(at)
    today = datetime.fromtimestamp(time.time()).date() == moment.date()
    return moment.strftime("%H:%M:%S" if today else "%Y-%m-%d %H:%M")


def fate_of(attempt: LoggedAttempt) -> str:
    """Return how an attempt ended, in a word."""
    return "not ended" if attempt.outcome is None else attempt.outcome.fate.value


def attempt_json(attempt: LoggedAttempt) -> dict[str, Any]:
    """Return an attempt for programs, times in seconds since the epoch."""
    decision, outcome = attempt.decision, attempt.outcome
    return {
        "id": decision.id,
        "request_id": decision.request_id,
        "attempt": decision.attempt,
        "began_at": attempt.began_at,
        "ended_at": attempt.ended_at,
        "task": decision.task,
        "model": decision.model,
        "host": decision.host,
        "reason": decision.reason,
        "explored": decision.explored,
        "propensity": decision.propensity,
        "predicted": timings_json(decision.predicted),
        "fate": None if outcome is None else outcome.fate.value,
        "timings": None if outcome is None else timings_json(outcome.timings),
        "prompt_tokens": decision.prompt_tokens if outcome is None else outcome.prompt_tokens,
        "output_tokens": None if outcome is None else outcome.output_tokens,
        "score": attempt.score,
        "opinions": [{"source": o.source, "score": o.score, "at": o.at} for o in attempt.opinions],
        "evidence": [{"source": e.source, "score": e.score, "weight": e.weight} for e in attempt.evidence],
    }
