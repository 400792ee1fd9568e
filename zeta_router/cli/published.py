"""`zeta bench --replicate` and `--streams`: what can be learned from outcomes that others published."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

import typer

from zeta_router import ConfigError
from zeta_router.cli.comparing import progress_of, save, show, span
from zeta_router.cli.output import console, print_json, table

EXIT_DIFFERS = 1


def bench_published(data: Path | None, *, as_json: bool) -> None:
    """Compute published numbers again and print them beside the published ones.

    Raises:
        ConfigError: The data is not there.
        Exit: A number differs.
    """
    from zeta_router.bench.replicate import replicate

    if data is None:
        raise ConfigError("--replicate needs --data, the folder that has routing/ and published/")
    found = replicate(data)
    if as_json:
        print_json({"numbers": [{**n._asdict(), "agrees": n.agrees} for n in found]})
    else:
        grid = table("", "published", "ours", "", right=("published", "ours"))
        for number in found:
            grid.add_row(
                number.what, f"{number.published:.7g}", f"{number.ours:.7g}", "" if number.agrees else "DIFFERS"
            )
        console().print(grid)
    if not all(number.agrees for number in found):
        raise typer.Exit(EXIT_DIFFERS)


def bench_streams(
    data: Path | None, seeds: Sequence[int], processes: int | None, markdown: Path | None, *, as_json: bool
) -> None:
    """Play every player on every stream, and print what each reaches.

    Raises:
        ConfigError: The data is not there.
    """
    from zeta_router.bench.stream_tables import play_streams, stream_tables, stream_tasks
    from zeta_router.bench.tables import markdown as as_markdown

    if data is None:
        raise ConfigError("--streams needs --data, the folder that has routing/")
    tasks = stream_tasks(data, seeds)
    began = time.perf_counter()
    with progress_of(len(tasks), quiet=as_json) as advance:
        played = play_streams(tasks, processes=processes or os.cpu_count() or 1, done=advance)
    found = stream_tables(tasks, played)
    header = (
        f"Published scores of real models, one shown per prompt; seeds {span(seeds)}, Zeta's priors fitted without "
        f"each stream's own table, in {time.perf_counter() - began:.0f} s"
    )
    if markdown is not None:
        save(markdown, "\n".join([header, "", *map(as_markdown, found)]))
    if as_json:
        print_json({"about": header, "tables": [made._asdict() for made in found]})
    else:
        show(header, found)
