"""`zeta route`: which model would answer a prompt, and why. Nothing runs."""

from __future__ import annotations

from zeta_router import Request, ZetaDynamicRouter, classify
from zeta_router.cli.decisions import candidates_table, decision_json
from zeta_router.cli.options import HostOption, JsonOption, ObjectiveOption, PromptArgument, TaskOption
from zeta_router.cli.output import console_for_tables, print_json
from zeta_router.cli.prompt import prompt_text


def route(
    text: PromptArgument,
    task: TaskOption = None,
    objective: ObjectiveOption = "balanced",
    host: HostOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say which model would answer, and why.

    Nothing runs. Shown is every candidate with its expected times. This process has seen no answer yet, so that times
    come from the models' sizes alone.
    """
    prompt = prompt_text(text)
    needs = frozenset({"embedding"}) if task == "embedding" else frozenset[str]()
    request = Request(text=prompt, task=task, needs=needs)
    with ZetaDynamicRouter.from_ollama(host or None, objective=objective) as router:
        decision = router.explain(request)
    guess = None if task is not None else classify(prompt)
    if as_json:
        found = decision_json(decision)
        found["task_found"] = None if guess is None else {"probability": guess.probability, "reasons": guess.reasons}
        print_json(found)
        return
    out = console_for_tables()
    why = "as you say" if guess is None else f"{guess.probability:.0%} sure: {guess.reasons[0]}; {guess.reasons[1]}"
    out.print(f"task   {decision.task} ({why})", markup=False, soft_wrap=True)
    out.print(f"model  {decision.model} on {decision.host}", markup=False, soft_wrap=True)
    out.print(f"why    {decision.reason}", markup=False, soft_wrap=True)
    out.print()
    out.print(candidates_table(decision))
