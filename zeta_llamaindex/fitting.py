"""`Fitting`: a policy over choices that fit a request more or less, and the router that it makes."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

from zeta_router.decision import Candidate, Choice
from zeta_router.limits import Limits
from zeta_router.objective import Objective
from zeta_router.policies.phase_times import PhaseTimes
from zeta_router.policies.wrapped import Wrapped
from zeta_router.request import Request
from zeta_router.router import ZetaDynamicRouter
from zeta_router.runs import AlwaysWarm
from zeta_router.tasks.task_guess import TaskGuess

TASK = "query"
"""The task of every query: what a caller declares around it is meant for the models."""

USEFUL = 0.6
"""Quality that a choice which fits is expected to have, before anybody said."""

FITS_ENOUGH = 0.5
"""What fits half as well as the best may be tried to see whether it has recovered, and may be one of several."""

_FIT = "fit:"


class Fitting(Wrapped):
    """A policy for choices that fit a query more or less: what a choice is good for counts as far as it fits.

    How well each one fits stands in the request's tags, as `fit:<name>=<number>`, and so in the log.
    """

    def choose(
        self, request: Request, guess: TaskGuess, candidates: Sequence[Candidate], *, now: float, rng: Random
    ) -> Choice:
        """Pick the highest utility of the wrapped policy, less the quality that is lost where a choice does not fit."""
        choice = self.policy.choose(request, guess, candidates, now=now, rng=rng)
        fits = fits_in(request.tags)
        if choice.explored and fits.get(choice.picked.model, 1.0) >= FITS_ENOUGH:
            return choice
        scores = []
        for score in choice.scores:
            fit = fits.get(score.model, 1.0)
            note = f"fits {fit:.2f}" + (f", {score.note}" if score.note else "")
            quality = USEFUL if score.quality is None else score.quality
            scores.append(score._replace(utility=score.utility - (1.0 - fit) * quality, note=note))
        scores.sort(key=lambda score: score.utility, reverse=True)
        best = scores[0]
        time = "" if best.seconds is None else f", {best.seconds:.1f} s expected"
        reason = f"{best.model}: {best.note}{time}"
        return choice._replace(picked=best, scores=tuple(scores), reason=reason, explored=False, decode_sd=None)


def fit_tags(names: Sequence[str], fits: Sequence[float]) -> tuple[str, ...]:
    """Return the tags that say how well each choice fits."""
    return tuple(f"{_FIT}{name}={fit:.3f}" for name, fit in zip(names, fits, strict=True))


def fits_in(tags: Sequence[str]) -> dict[str, float]:
    """Return what the tags of a request or a decision say of how well each choice fits."""
    pairs = (tag[len(_FIT) :].rpartition("=") for tag in tags if tag.startswith(_FIT))
    return {name: float(fit) for name, _, fit in pairs}


def choice_router(*, objective: str | Objective = "balanced", **settings: Any) -> ZetaDynamicRouter:
    """Return a router over choices with descriptions, for selectors that share it or keep it in a store.

    Args:
        objective: What time is worth; see `ZetaDynamicRouter`.
        settings: More of a router's: `clock`, `rng`, ...
    """
    wanted = objective if isinstance(objective, Objective) else Objective.named(objective)
    policy = Fitting(AlwaysWarm(PhaseTimes(wanted)))
    return ZetaDynamicRouter([], **{"policy": policy, "limits": Limits(attempts=32), **settings})
