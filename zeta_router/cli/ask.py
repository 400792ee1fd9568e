"""`zeta ask`: have a prompt answered by the best model, and see where the time went."""

from __future__ import annotations

from typing import Annotated

import typer

from zeta_router import Request, ZetaDynamicRouter
from zeta_router.cli.decisions import timings_json
from zeta_router.cli.options import HostOption, JsonOption, ObjectiveOption, PromptArgument, TaskOption
from zeta_router.cli.output import note, print_json, seconds
from zeta_router.cli.prompt import prompt_text


def ask(
    text: PromptArgument,
    task: TaskOption = None,
    objective: ObjectiveOption = "balanced",
    deadline: Annotated[
        float | None, typer.Option("--deadline", metavar="SECONDS", help="Give up after so many seconds.")
    ] = None,
    host: HostOption = None,
    as_json: JsonOption = False,
) -> None:
    """Answer a prompt with the best model.

    The answer is on standard output, model and timings are on standard error.
    """
    prompt = prompt_text(text)
    request = Request(text=prompt, task=task, deadline=deadline)  # refuses what is wrong before anybody is asked
    with ZetaDynamicRouter.from_ollama(host or None, objective=objective) as router:
        result = router.route_task(router.guess_of(request).task, prompt, deadline=deadline)
    timings = result.timings
    if as_json:
        print_json(
            {
                "answer": result.content,
                "vectors": [list(vector) for vector in result.vectors],
                "model": result.model,
                "host": result.decision.host,
                "task": result.decision.task,
                "reason": result.decision.reason,
                "timings": timings_json(timings),
                "prompt_tokens": result.outcome.prompt_tokens,
                "output_tokens": result.outcome.output_tokens,
                "done_reason": result.outcome.done_reason,
            }
        )
        return
    if result.vectors:
        typer.echo(f"{len(result.vectors)} vector of {len(result.vectors[0])} numbers; --json prints it")
    else:
        typer.echo(result.content)
    phases = (("wait", timings.wait), ("load", timings.load), ("prefill", timings.prefill), ("decode", timings.decode))
    parts = ", ".join(f"{name} {seconds(value)}" for name, value in phases if value is not None)
    note(f"\n{result.model} on {result.decision.host}, task {result.decision.task}: {seconds(timings.total)} ({parts})")
