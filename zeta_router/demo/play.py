"""The whole demo: both policies over the same workload, each on a fresh stage."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

from rich.console import Console

from zeta_router.demo.report import Report
from zeta_router.demo.run import Watcher, drive
from zeta_router.demo.stage import PROFILE, TIME_SCALE, real_stage, simulated_stage
from zeta_router.demo.view import LiveView, Quiet
from zeta_router.demo.workload import workload
from zeta_router.policies.base import Policy
from zeta_router.policies.static_rule import StaticRule

REQUESTS_SIMULATED = 200
REQUESTS_REAL = 24
"""A real model takes seconds per answer, and both policies are run."""


def play(
    *,
    hosts: Sequence[str] = (),
    requests: int | None = None,
    seed: int = 0,
    time_scale: float = TIME_SCALE,
    console: Console | None = None,
) -> Report:
    """Run Zeta and the static rule over the same prompts, and return what happened.

    Args:
        hosts: Ollama servers to use, with nothing injected; empty starts a simulated one for each policy.
        requests: None takes 200, or 24 on real servers.
        seed: Decides the prompts' order, the simulated answers' lengths and the router's randomness.
        time_scale: Simulated seconds per second.
        console: Where to draw while it runs; None draws nothing.

    Raises:
        ConfigError: Something is missing or wrong; the text says what to do.
        ServerUnreachable: No host answers.
    """
    simulated = not hosts
    count = requests if requests is not None else REQUESTS_SIMULATED if simulated else REQUESTS_REAL
    prompts = workload(count, seed=seed)
    policies: dict[str, Policy | None] = {"zeta": None, "static": StaticRule()}
    place = (
        f"SIMULATED Ollama ({PROFILE}), {time_scale:g} simulated seconds per second"
        if simulated
        else "Ollama, as it is"
    )
    unit = "simulated seconds" if simulated else "seconds"
    runs = {}
    models: tuple[str, ...] = ()
    coder = None
    for name, policy in policies.items():
        with simulated_stage(seed=seed, time_scale=time_scale) if simulated else real_stage(hosts) as stage:
            models = tuple(dict.fromkeys(card.name for card in stage.cards))
            coder = stage.coder
            title = f"{place} · {'Zeta' if name == 'zeta' else 'static rule'}"
            with _watcher(console, title, models, count, unit) as watcher:
                runs[name] = drive(name, policy, stage, prompts, seed=seed, watcher=watcher)
    return Report(
        zeta=runs["zeta"],
        static=runs["static"],
        seed=seed,
        simulated=simulated,
        coder=coder,
        models=models,
        place=place,
    )


def _watcher(
    console: Console | None, title: str, models: tuple[str, ...], requests: int, unit: str
) -> AbstractContextManager[Watcher]:
    return nullcontext(Quiet()) if console is None else LiveView(console, title, models, requests, unit)
