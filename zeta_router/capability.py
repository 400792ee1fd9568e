"""Who can take a request at all: capabilities and context length."""

from __future__ import annotations

from collections.abc import Iterable

from zeta_router.decision import Candidate
from zeta_router.errors import Exclusion
from zeta_router.request import Request

NO_NEEDS: frozenset[str] = frozenset()
TEXT = frozenset({"completion"})


def needs_of(request: Request) -> frozenset[str]:
    """Return the capabilities a model must have: `completion` is meant where nothing else makes text or vectors."""
    needs = request.needs
    if needs == NO_NEEDS:
        return TEXT
    if "completion" in needs or "embedding" in needs:
        return needs
    return needs | TEXT


def lacks(candidate: Candidate, needs: frozenset[str], tokens: int) -> str | None:
    """Return what a candidate lacks for `tokens` of context and these needs, or None if it can serve."""
    card = candidate.card
    missing = sorted(need for need in needs if not card.can(need))
    if missing:
        return " and ".join(missing)
    if card.context_length is not None and tokens > card.context_length:
        return f"a context of {tokens} tokens (it serves {card.context_length})"
    return None


def capable(request: Request, candidates: Iterable[Candidate]) -> tuple[list[Candidate], tuple[Exclusion, ...]]:
    """Split candidates into those that can serve a request, and the reasons why the others cannot.

    The prompt and the answer must fit into the context together. Where the caller set no bound on the answer, the room
    kept for it is our guess, and the guess alone rules nobody out: if no model has that room, the prompt decides.
    """
    offered = candidates if isinstance(candidates, tuple) else tuple(candidates)
    needs = needs_of(request)
    able = _able(offered, needs, request.context_needed)
    if not able and request.max_output_tokens is None:
        able = _able(offered, needs, request.tokens)
    if able:
        return able, ()
    return able, tuple(
        Exclusion(c.model, c.host, lacks(c, needs, request.context_needed) or "nothing") for c in offered
    )


def _able(offered: Iterable[Candidate], needs: frozenset[str], tokens: int) -> list[Candidate]:
    """Return those that lack nothing: `lacks` without the words, because every decision asks it of every candidate."""
    assumed = "embedding" not in needs
    able = []
    for candidate in offered:
        card = candidate[0]
        able_to, context = card.capabilities, card.context_length
        if (assumed if able_to is None else needs <= able_to) and (context is None or tokens <= context):
            able.append(candidate)
    return able
