"""`zeta stats`: the log in numbers, a line per model."""

from __future__ import annotations

from dataclasses import asdict

from zeta_router.cli.log import when
from zeta_router.cli.log_options import SinceOption, StoreOption, reading, since_of
from zeta_router.cli.options import JsonOption
from zeta_router.cli.output import console_for_tables, note, print_json, seconds, table
from zeta_router.history import ModelStatistics, logged_attempts, statistics

TASKS_SHOWN = 3


def stats(store: StoreOption = "default", since: SinceOption = None, as_json: JsonOption = False) -> None:
    """Sum the log up: per model how often, how fast, how good.

    In shadow mode it also says how often Zeta would have picked another model; `zeta replay` estimates what that is
    worth.
    """
    with reading(store) as opened:
        found = statistics(logged_attempts(opened.read(since=since_of(since))))
        name = opened.name
    if as_json:
        print_json({"store": name, **asdict(found)})
        return
    if found.first_at is None or found.last_at is None:
        note(f"nothing in {name} yet")
        return
    out = console_for_tables()
    span = f"{when(found.first_at)} to {when(found.last_at)}"
    out.print(f"{found.requests} requests, {found.attempts} attempts, {span}", markup=False, soft_wrap=True)
    if found.savings.otherwise:
        out.print(str(found.savings), markup=False, soft_wrap=True)
    out.print()
    numbers = ("attempts", "answered", "failed", "median", "p95", "tokens/s", "late", "score")
    grid = table("model", "host", *numbers, "tasks", right=numbers)
    for model in found.models:
        grid.add_row(
            model.model,
            model.host,
            str(model.attempts),
            str(model.answered),
            str(model.failed),
            seconds(model.p50_s),
            seconds(model.p95_s),
            "–" if model.tokens_per_s is None else f"{model.tokens_per_s:.1f}",
            str(model.late),
            "–" if model.score is None else f"{model.score:.2f} of {model.opinions}",
            _tasks(model),
        )
    out.print(grid)
    out.print("late: took longer than the upper bound that was expected (90th percentile)", markup=False, style="dim")


def _tasks(model: ModelStatistics) -> str:
    shown = [f"{task} {count}" for task, count in list(model.tasks.items())[:TASKS_SHOWN]]
    more = len(model.tasks) - len(shown)
    return ", ".join(shown) + (f", {more} more" if more > 0 else "")
