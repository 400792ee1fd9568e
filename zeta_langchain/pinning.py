"""Asking for one model by name."""

from __future__ import annotations

from zeta_router.attempts import Attempts
from zeta_router.capability import capable
from zeta_router.decision import Candidate
from zeta_router.errors import InvalidRequest, NoCapableModel
from zeta_router.model import canonical
from zeta_router.request import Request
from zeta_router.router import ZetaDynamicRouter


def pinned(router: ZetaDynamicRouter, request: Request, model: str | None) -> Attempts:
    """Return the router's plan for a request; with a model given, only for that one, on whichever of its hosts.

    Raises:
        InvalidRequest: The fleet has no such model.
        NoCapableModel: No model can take the request, or not this one.
    """
    if model is None:
        return router.plan(request)
    everywhere = [
        Candidate(card, host)
        for card in router.cards
        for host in (router.connections if card.host is None else (card.host,))
    ]
    wanted = canonical(model) if isinstance(model, str) else None
    picked = [candidate for candidate in everywhere if canonical(candidate.model) == wanted]
    if not picked:
        names = ", ".join(sorted({candidate.model for candidate in everywhere}))
        raise InvalidRequest(f"no model {model!r} here to answer; there are {names}")
    able, exclusions = capable(request, picked)
    if not able:
        raise NoCapableModel(exclusions)
    attempts = router.plan(request)
    # What counts as tried is not picked.
    attempts._tried.extend(candidate.key for candidate in everywhere if candidate not in able)
    return attempts
