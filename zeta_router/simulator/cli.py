"""`zeta simulate`: a simulated Ollama to point other programs at."""

from __future__ import annotations

import json
import threading
from typing import Annotated

import typer

from zeta_router.errors import ConfigError


def simulate(
    models: Annotated[
        str, typer.Option("--models", metavar="A,B", help="Ollama tags, separated by commas.")
    ] = "qwen2.5-coder:7b,llama3.2:3b,qwen3:8b,nomic-embed-text",
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, metavar="N", help="Loopback port; 0 picks a free one.")
    ] = 0,
    responder: Annotated[
        str,
        typer.Option(
            "--responder", metavar="NAME", help="Who makes the answers: default, schema, echo or script:FILE."
        ),
    ] = "default",
    profile: Annotated[
        str, typer.Option("--profile", metavar="NAME", help="The machine: rtx-4090, rtx-4070, cpu or mac-mini.")
    ] = "rtx-4090",
    time_scale: Annotated[
        float, typer.Option("--time-scale", metavar="S", help="Simulated seconds per real second.")
    ] = 1.0,
    seed: Annotated[int, typer.Option("--seed", metavar="K", help="Another seed, other lengths of answers.")] = 0,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            "--fault",
            metavar="KIND[@MODEL][,KEY=VALUE]",
            help="Trouble from the start, e.g. slow@phi4:14b,factor=5 or truncate,at=3,times=2; may be repeated.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")] = False,
) -> None:
    """Run a simulated Ollama until Ctrl-C.

    For trying pipelines against slow, full or crashing models without a GPU.
    """
    try:
        from zeta_router.simulator import SimulatedOllama  # here: the web server is an extra
        from zeta_router.simulator.server.orders import give_order, parse_order
    except ModuleNotFoundError as exc:
        raise ConfigError(str(exc)) from exc

    try:
        server = SimulatedOllama(
            [name.strip() for name in models.split(",") if name.strip()],
            profile=profile,
            time_scale=time_scale,
            seed=seed,
            responder=responder,
            port=port,
        )
        for order in fault or ():
            give_order(server.faults, parse_order(order))
        server.start()
    except (ValueError, OSError) as exc:
        raise ConfigError(f"cannot simulate an Ollama: {exc}") from exc
    try:
        _announce(server.url, server.models, profile, time_scale, as_json=as_json)
        threading.Event().wait()
    except KeyboardInterrupt:
        typer.echo("stopped", err=True)
    finally:
        server.stop()


def _announce(url: str, models: tuple[str, ...], profile: str, time_scale: float, *, as_json: bool) -> None:
    """Say where the server is, and that nothing of it is real."""
    if as_json:
        about = {"simulated": True, "url": url, "models": models, "profile": profile, "time_scale": time_scale}
        typer.echo(json.dumps(about, ensure_ascii=False))
        return
    speed = "in real time" if time_scale == 1 else f"{time_scale:g} times faster than life"
    typer.echo(f"{url} is a simulated Ollama ({profile}, {speed}): no model runs, answers are made up.")
    typer.echo(f"models: {', '.join(models)}")
    typer.echo(f"try: OLLAMA_HOST={url} ollama list    faults: POST {url}/zeta/faults    end: Ctrl-C")
