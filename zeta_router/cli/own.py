"""`zeta bench --own`: the user's own models on the built-in prompts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from zeta_router import ConfigError, ZetaDynamicRouter
from zeta_router.cli.output import console, note, print_json, seconds, table
from zeta_router.own import PROBES, ModelReport, ProbeResult, by_model, measure_own


def bench_own(hosts: Sequence[str] | None, store: str | None, at_most: float, *, as_json: bool) -> None:
    """Run the built-in prompts on every model, show what was found, and keep it where there is a store.

    Raises:
        ServerUnreachable: No host answers.
        ConfigError: The hosts have no models, or a setting is wrong.
    """
    if not at_most > 0:  # before any host is asked
        raise ConfigError(f"--seconds must be above 0, got {at_most:g}")
    with ZetaDynamicRouter.from_ollama(hosts or None, store=store) as router:
        found = by_model(_measured(router, at_most, quiet=as_json))
    if as_json:
        print_json({"models": [asdict(report) | {"score": report.score} for report in found], "store": store})
        return
    show(found)
    if store is None:
        note("not kept: with --store default your routers start from it")
    else:
        note(f"kept in {store}: every router with this store starts from it")


def show(found: Sequence[ModelReport]) -> None:
    """Print a line per model: speeds, then the score of every prompt in percent."""
    speeds = ("load", "first token", "read tok/s", "write tok/s")
    grid = table("model", "host", *speeds, "score", right=(*speeds, "score"))
    for report in found:
        grid.add_row(
            report.model,
            report.host,
            seconds(report.load_seconds),
            seconds(report.first_token_seconds),
            _rate(report.read_tokens_per_second),
            _rate(report.written_tokens_per_second),
            _percent(report.score),
        )
    out = console()
    out.print(grid)
    marks = table("prompt", *[report.model for report in found], right=tuple(report.model for report in found))
    for name in [probe.name for probe in PROBES]:
        scores = [dict(report.scores).get(name) for report in found]
        if any(score is not None for score in scores):
            marks.add_row(name, *map(_percent, scores))
    out.print()
    out.print(marks)
    for report in found:
        if report.error is not None:
            note(f"{report.model} on {report.host}: {report.error}")


def _measured(router: ZetaDynamicRouter, at_most: float, *, quiet: bool) -> list[ProbeResult]:
    shown = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=shown, transient=True, disable=quiet or not shown.is_terminal) as progress:
        bar = progress.add_task("the first model is loading", total=None)
        return measure_own(
            router,
            seconds=at_most,
            done=lambda result: progress.update(bar, description=f"{result.model}: {result.probe}"),
        )


def _rate(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f}"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"
