"""`zeta feedback`: say how good an answer was."""

from __future__ import annotations

from typing import Annotated

import typer

from zeta_router import InvalidRequest, UnknownDecision, ZetaDynamicRouter
from zeta_router.cli.log_options import StoreOption, reading
from zeta_router.cli.options import JsonOption
from zeta_router.cli.output import console, print_json


def feedback(
    decision_id: Annotated[str, typer.Argument(metavar="ID", help="Of the decision, as `zeta log` shows it.")],
    score: Annotated[float, typer.Argument(metavar="SCORE", help="From 0, useless, to 1, perfect.")],
    store: StoreOption = "default",
    source: Annotated[str, typer.Option("--source", metavar="NAME", help="Who says so.")] = "user",
    as_json: JsonOption = False,
) -> None:
    """Say how good an answer was; every router that shares the log learns it within seconds."""
    with reading(store) as opened:  # before a router is made: it would make a new log where there is none
        decision = opened.find(decision_id)
        name = opened.name
    if decision is None:
        raise InvalidRequest(f"no decision {decision_id!r} in {name}; `zeta log` lists them")
    with ZetaDynamicRouter([], store=store) as router:
        try:
            router.feedback(decision_id, score, source=source)
        except UnknownDecision as error:
            raise InvalidRequest(f"no decision {decision_id!r} in {name}; `zeta log` lists them") from error
    if as_json:
        print_json({"id": decision.id, "model": decision.model, "task": decision.task, "score": score})
        return
    console().print(f"{decision.model} on a {decision.task} request: {score:g}", markup=False)
