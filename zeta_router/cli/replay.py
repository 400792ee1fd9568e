"""`zeta replay`: what would another policy have done with my traffic."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from zeta_router import Objective
from zeta_router.cli.log_options import SinceOption, StoreOption, reading, since_of
from zeta_router.cli.options import JsonOption, ObjectiveOption
from zeta_router.cli.output import console, print_json, table
from zeta_router.policies.named import policy_named
from zeta_router.replay import Replay
from zeta_router.replay import replay as replay_log


def replay(
    policy: Annotated[
        str,
        typer.Option(
            "--policy", metavar="NAME", help="static, only:MODEL, phase-times, ucb1, …, or package.module:make."
        ),
    ] = "static",
    store: StoreOption = "default",
    since: SinceOption = None,
    objective: ObjectiveOption = "balanced",
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="For a policy that draws.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Estimate from the log what another policy would have brought.

    The estimate is doubly robust, with its 95 % interval. Where the log cannot tell, it says so and why. The policy is
    asked in the situations that the log had; what its own picks would have changed for later ones is not replayed.
    """
    wants = Objective.named(objective)
    with reading(store) as opened:
        found = replay_log(opened.read(since=since_of(since)), policy_named(policy, wants), wants, seed=seed)
    if as_json:
        print_json({"policy": policy, "answers": not found.unanswered, **asdict(found)})
        return
    _print(policy, found)


def _print(policy: str, found: Replay) -> None:
    out = console()
    shares = ", ".join(f"{model} {share:.0%}" for model, share in found.shares.items())
    out.print(f"{policy}: {shares or 'nothing to pick for'}", markup=False, soft_wrap=True)
    out.print(
        f"{found.requests} requests that tell something, {found.left_out} that do not; for {found.agreement:.0%} of"
        f" them the policy picks what was served; {found.opinion_share:.0%} of the answers have an opinion",
        markup=False,
        soft_wrap=True,
    )
    if found.unanswered:
        out.print("the log cannot answer:", markup=False)
        for reason in found.unanswered:
            out.print(f"  {reason}", markup=False, soft_wrap=True)
        return
    out.print()
    numbers = ("served", "policy", "95 % interval")
    grid = table("per request", *numbers, right=numbers)
    for part, estimate in found.estimated.items():
        served = found.served[part]
        name = {"seconds": "seconds", "answered": "share answered"}.get(part, part)
        grid.add_row(name, f"{served.mean:.3f}", f"{estimate.mean:.3f}", f"{estimate.low:.3f} to {estimate.high:.3f}")
    out.print(grid)
    gain = found.gain
    verdict = "better" if gain.low > 0 else "worse" if gain.high < 0 else "no difference that the log shows"
    out.print(f"gain in utility: {gain}: {verdict}", markup=False, soft_wrap=True)
