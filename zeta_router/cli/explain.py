"""`zeta explain`: why a model was picked, then and with what is known today."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from zeta_router import Decision, InvalidRequest, Objective, PhaseTimes, Score
from zeta_router.cli.decisions import candidates_table, decision_json
from zeta_router.cli.log import attempt_json, fate_of, when
from zeta_router.cli.log_options import StoreOption, reading
from zeta_router.cli.options import JsonOption, ObjectiveOption
from zeta_router.cli.output import console_for_tables, print_json, seconds
from zeta_router.decision import Choice
from zeta_router.history import LoggedAttempt, decide_today, looking_back
from zeta_router.store import Store


def explain(
    decision_id: Annotated[str, typer.Argument(metavar="ID", help="Of a decision; its first characters suffice.")],
    store: StoreOption = "default",
    objective: ObjectiveOption = "balanced",
    as_json: JsonOption = False,
) -> None:
    """Say why a model was picked, how it went, and what would be picked today.

    The id is in `response_metadata["zeta"]`, and in `zeta log`.
    """
    with reading(store) as opened:
        attempt = _find(decision_id, opened)
        today = decide_today(opened, attempt.decision, PhaseTimes(Objective.named(objective)))
    decision = attempt.decision
    if as_json:
        print_json(
            {
                "then": {"id": decision.id, **decision_json(decision)},
                "went": attempt_json(attempt),
                "today": _today_json(today),
            }
        )
        return
    out = console_for_tables()
    for name, text in _lines(attempt, today):
        out.print(f"{name:<9}{text}", markup=False, soft_wrap=True)
    out.print()
    out.print(candidates_table(decision))


def _find(decision_id: str, store: Store) -> LoggedAttempt:
    found: list[LoggedAttempt] = []
    for attempts in looking_back(store):
        found = [attempt for attempt in attempts if attempt.decision.id.startswith(decision_id)]
        if found:
            break
    if not found:
        raise InvalidRequest(f"no decision {decision_id!r} in {store.name}; `zeta log` lists them")
    if len({attempt.decision.id for attempt in found}) > 1:
        raise InvalidRequest(f"{len(found)} decisions begin with {decision_id!r}; give more of the id")
    return found[-1]


def _lines(attempt: LoggedAttempt, today: Choice) -> list[tuple[str, str]]:
    decision = attempt.decision
    lines = [
        ("when", when(attempt.began_at)),
        ("task", f"{decision.task}{_sure(decision)}, {decision.prompt_tokens} prompt tokens"),
        ("model", f"{decision.model} on {decision.host}"),
        ("why", decision.reason),
        ("went", _went(attempt)),
    ]
    if decision.attempt > 1:
        lines.append(("attempt", f"{decision.attempt}, of the request that began with {decision.request_id}"))
    picked = today.picked
    same = picked.model == decision.model and picked.host == decision.host
    lines.append(("today", ("the same: " if same else f"{picked.model} on {picked.host}: ") + str(today.reason)))
    before = _of(decision, picked)
    if before is not None and not same:
        lines.append(("", f"then it was expected to take {seconds(before.seconds)}, today {seconds(picked.seconds)}"))
    return lines


def _sure(decision: Decision) -> str:
    guess = decision.guess
    if guess is None:
        return ""
    if guess.probability >= 1.0:
        return f" ({guess.reasons[0]})"
    return f" ({guess.probability:.0%} sure: {guess.reasons[0]}; {guess.reasons[1]})"


def _went(attempt: LoggedAttempt) -> str:
    text = f"{fate_of(attempt)}, {seconds(attempt.seconds)} of {seconds(attempt.decision.predicted.total)} expected"
    if attempt.score is not None:
        sources = ", ".join(dict.fromkeys(opinion.source for opinion in attempt.opinions))
        text += f"; scored {attempt.score:.2f} by {sources}"
    return text


def _of(decision: Decision, picked: Score) -> Score | None:
    return next((s for s in decision.candidates if s.candidate.key == picked.candidate.key), None)


def _today_json(today: Choice) -> dict[str, Any]:
    picked = today.picked
    return {
        "model": picked.model,
        "host": picked.host,
        "reason": str(today.reason),
        "seconds": picked.seconds,
        "quality": picked.quality,
        "utility": picked.utility,
    }
