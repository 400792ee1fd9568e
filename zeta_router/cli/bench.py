"""`zeta bench`: policies against each other, in virtual time on the simulated fleet."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zeta_router.cli.comparing import progress_of, save, show, span
from zeta_router.cli.options import HostOption, JsonOption
from zeta_router.cli.output import note, print_json
from zeta_router.cli.ranges import loads_in, seeds_in

if TYPE_CHECKING:
    from zeta_router.bench.grid import Plan
    from zeta_router.bench.measures import Measures

SIMULATED = "everything below is SIMULATED: no model runs"


def bench(
    policies: Annotated[
        str, typer.Option("--policies", metavar="NAMES", help="Policies, separated by commas, or all.")
    ] = "phase-times,static",
    scenarios: Annotated[
        str, typer.Option("--scenarios", metavar="NAMES", help="Scenarios, separated by commas, ten, or all.")
    ] = "ten",
    seeds: Annotated[str, typer.Option("--seeds", metavar="FROM-TO", help="Seeds, e.g. 0-19 or 3,5.")] = "0-3",
    loads: Annotated[
        str, typer.Option("--loads", metavar="FACTORS", help="Factors on the rate of requests, e.g. 0.3,1,2.")
    ] = "1",
    requests: Annotated[int, typer.Option("--requests", metavar="N", help="Requests per run.")] = 3000,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            metavar="PATH",
            envvar="ZETA_DATA",
            help="Folder of the Azure traces, or the log of your router; default: a synthetic trace.",
        ),
    ] = None,
    processes: Annotated[
        int | None, typer.Option("--processes", metavar="N", help="Runs at once; default: one per core.")
    ] = None,
    markdown: Annotated[
        Path | None, typer.Option("--markdown", metavar="FILE", help="Save the tables as Markdown.")
    ] = None,
    keep: Annotated[
        Path | None,
        typer.Option(
            "--keep",
            metavar="FILE",
            help="Add every run to this file, and do not repeat those it has; delete it when a policy has changed.",
        ),
    ] = None,
    replicate: Annotated[
        bool,
        typer.Option(
            "--replicate", help="Compute published numbers again from --data instead; exit code 1 if one differs."
        ),
    ] = False,
    streams: Annotated[
        bool,
        typer.Option("--streams", help="Play the quality streams of --data instead: real prompts, published scores."),
    ] = False,
    plots: Annotated[
        Path | None, typer.Option("--plots", metavar="FOLDER", help="Draw PNG and SVG pictures; needs the extra bench.")
    ] = None,
    own: Annotated[
        bool, typer.Option("--own", help="Measure your own models instead, on a dozen built-in prompts.")
    ] = False,
    host: HostOption = None,
    store: Annotated[
        str | None,
        typer.Option("--store", metavar="WHERE", help="With --own: where routers find it, e.g. default or a path."),
    ] = None,
    at_most: Annotated[float, typer.Option("--seconds", metavar="S", help="With --own: how long it may take.")] = 120,
    as_json: JsonOption = False,
) -> None:
    """Play policies against each other and against an oracle that knows the truth.

    The real router serves recorded arrivals in virtual time on a simulated fleet that slows down, fails, runs out of
    memory, gets better and worse models. Shown are utility, regret, times, loads, and how drifts were left and returned
    from; every policy of a seed gets the same requests and the same luck.
    """
    if own:
        from zeta_router.cli.own import bench_own

        bench_own(host, store, at_most, as_json=as_json)
        return
    if replicate:
        from zeta_router.cli.published import bench_published

        bench_published(data, as_json=as_json)
        return
    if streams:
        from zeta_router.cli.published import bench_streams

        bench_streams(data, seeds_in(seeds), processes, markdown, as_json=as_json)
        return
    from zeta_router.bench.contenders import policies_named  # here, so that the other commands start without the bench
    from zeta_router.bench.grid import Plan
    from zeta_router.bench.plots import require_matplotlib, save_plots
    from zeta_router.bench.scenarios import scenarios_named
    from zeta_router.bench.summary import Results
    from zeta_router.bench.tables import markdown as as_markdown
    from zeta_router.bench.tables import tables

    plan = Plan(
        policies=policies_named(policies),
        scenarios=[scenario.name for scenario in scenarios_named(scenarios)],
        seeds=seeds_in(seeds),
        loads=loads_in(loads),
        requests=requests,
        data=data,
    )
    if plots is not None:  # better now than after a long run
        require_matplotlib()
    if markdown is not None:
        save(markdown, "")
    began = time.perf_counter()
    results = Results(_run(plan, processes, keep, quiet=as_json))
    found = tables(results)
    header = _header(plan, time.perf_counter() - began)
    if markdown is not None:
        save(markdown, "\n".join([header, "", *map(as_markdown, found)]))
    if plots is not None:
        note(f"{len(save_plots(results, plots))} pictures in {plots}")
    if as_json:
        print_json({"simulated": True, "about": header, "runs": [asdict(m) for m in results.all]})
        return
    show(header, found)
    for trouble in sorted({f"{m.policy}: {text}" for m in results.all for text in m.troubles}):
        note(f"trouble: {trouble}")


def _run(plan: Plan, processes: int | None, keep: Path | None, *, quiet: bool) -> list[Measures]:
    from zeta_router.bench.grid import run_plan

    if not quiet:
        note(SIMULATED)
    with progress_of(len(list(plan.tasks())), quiet=quiet) as advance:
        return run_plan(plan, processes=processes, keep_in=keep, done=lambda _: advance())


def _header(plan: Plan, seconds: float) -> str:
    from zeta_router.bench.traces import name_of

    runs = len(list(plan.tasks()))
    return (
        f"SIMULATED: {runs} runs of {plan.requests} requests, seeds {span(plan.seeds)}, "
        f"{name_of(plan.data)}, in {seconds:.0f} s"
    )
