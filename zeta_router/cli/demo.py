"""`zeta demo`: see routing at work, on a simulated Ollama or on yours."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from zeta_router import ConfigError
from zeta_router.cli.options import HostOption, JsonOption
from zeta_router.cli.output import console, note, print_json
from zeta_router.cli.survey import connections, survey
from zeta_router.ollama import hosts_from_environment

SVG_WIDTH = 118


def demo(
    host: HostOption = None,
    simulate: Annotated[
        bool, typer.Option("--simulate", help="Use the simulated Ollama even where a real one answers.")
    ] = False,
    requests: Annotated[
        int | None,
        typer.Option(
            "--requests", metavar="N", help="Prompts to send, at most 240; default: 200, or 24 on a real host."
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Another seed, another order and other lengths.")] = 0,
    svg: Annotated[
        Path | None, typer.Option("--svg", metavar="FILE", help="Save the end picture as an SVG image.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """See routing at work on real prompts.

    A third of the way in, the coder becomes 5x slower, at two thirds it recovers: who serves what, what was noticed,
    and what was gained over a static rule. Without --host it uses the Ollama that answers here, or starts a simulated
    one. On a real host nothing is injected.
    """
    from zeta_router.demo.play import play  # here, so that the other commands start without LangChain
    from zeta_router.demo.report import report_json, report_picture

    if simulate and host:
        raise ConfigError("--simulate and --host exclude each other; leave one out")
    hosts = [] if simulate else host or _found_here(quiet=as_json)
    report = play(hosts=hosts, requests=requests, seed=seed, console=None if as_json else console())
    if svg is not None:
        _save_svg(report_picture(report, width=SVG_WIDTH), svg)
    if as_json:
        print_json(report_json(report))
    else:
        out = console()
        out.print(report_picture(report, width=out.width))


def _found_here(*, quiet: bool) -> list[str]:
    """Return the Ollama of the environment if it can serve the demo, else nothing; say which on stderr."""
    named = hosts_from_environment()
    for connection in connections(named).values():
        found = survey(connection)
        chat = [card for card in found.cards if card.can("completion")]
        if len(chat) >= 2:
            if not quiet:
                note(f"Ollama at {connection.address} answers: using it as it is; --simulate uses a simulated one")
            return list(named)
        if not quiet:
            why = (
                f"no Ollama answers at {connection.address}" if found.error else "Ollama has fewer than two chat models"
            )
            note(f"{why}: everything below is SIMULATED, no model runs")
    return []


def _save_svg(picture: object, file: Path) -> None:
    paper = Console(file=StringIO(), record=True, width=SVG_WIDTH, force_terminal=True, color_system="truecolor")
    paper.print(picture)
    try:
        file.write_text(paper.export_svg(title="zeta demo"), encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot write {file}: {error.strerror}; give another --svg FILE") from error
