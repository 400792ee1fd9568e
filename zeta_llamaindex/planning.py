"""The router's plan for one call, or the same for the one model that the caller insists on."""

from __future__ import annotations

from zeta_router import Attempts, InvalidRequest, NoCapableModel, Request, ZetaDynamicRouter
from zeta_router.capability import capable


def plan(router: ZetaDynamicRouter, request: Request, *, model: str | None = None) -> Attempts:
    """Return the attempts at a request.

    Args:
        router: Who picks.
        request: What must be answered.
        model: The only model that may answer, on any of its hosts; None for all.

    Raises:
        NoCapableModel: No model can take it, or the one named cannot.
        InvalidRequest: The router has no model of this name.
    """
    attempts = router.plan(request)
    if model is None:
        return attempts
    candidates = router._dispatcher.fleet.candidates
    named = [candidate for candidate in candidates if candidate.model == model]
    if not named:
        known = ", ".join(sorted({candidate.model for candidate in candidates}))
        raise InvalidRequest(f"zeta_model must be a model of this router, got {model!r}; it has {known}")
    able, exclusions = capable(request, named)
    if not able:
        raise NoCapableModel(exclusions)
    # The router has no way yet to plan for some of its models: the others are passed over as if they had been tried.
    attempts._tried.extend(candidate.key for candidate in candidates if candidate.model != model)
    return attempts
