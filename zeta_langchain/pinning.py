"""Asking for one model by name."""

from __future__ import annotations

from zeta_router.attempts import Attempts
from zeta_router.errors import InvalidRequest
from zeta_router.model import canonical
from zeta_router.request import Request
from zeta_router.router import ZetaDynamicRouter


def pinned(router: ZetaDynamicRouter, request: Request, model: str | None) -> Attempts:
    """Return the router's plan for a request; with a model given, only for that one, on whichever of its hosts.

    Raises:
        InvalidRequest: The fleet has no such model.
        NoCapableModel: No model can take the request.
    """
    attempts = router.plan(request)
    if model is None:
        return attempts
    cards = router.cards
    if not isinstance(model, str) or canonical(model) not in {canonical(card.name) for card in cards}:
        names = ", ".join(sorted({card.name for card in cards}))
        raise InvalidRequest(f"no model {model!r} here to answer; there are {names}")
    # A model that counts as tried is not picked.
    attempts._tried.extend((card.name, card.host or "") for card in cards if canonical(card.name) != canonical(model))
    return attempts
