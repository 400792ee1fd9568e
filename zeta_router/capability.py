"""Who can take a request at all: capabilities and context length."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from zeta_router.decision import Candidate
from zeta_router.errors import Exclusion
from zeta_router.model import ModelCard
from zeta_router.request import Request

TEXT = frozenset({"completion"})


def in_full(needs: frozenset[str]) -> frozenset[str]:
    """Return the capabilities a model must have: `completion` is meant where nothing else makes text or vectors."""
    if "completion" in needs or "embedding" in needs:
        return needs
    return needs | TEXT


def has(card: ModelCard, needs: frozenset[str]) -> bool:
    """Return whether a model has some capabilities, or might: `ModelCard.can` of all of them."""
    return "embedding" not in needs if card.capabilities is None else needs <= card.capabilities


def capable(request: Request, candidates: Iterable[Candidate]) -> list[Candidate]:
    """Return the candidates that can serve a request.

    The prompt and the answer must fit into the context together. Where the caller set no bound on the answer, the room
    kept for it is our guess, and the guess alone rules nobody out: if no model has that room, the prompt decides.
    """
    needs = in_full(request.needs)
    able = [candidate for candidate in candidates if has(candidate.card, needs)]
    with_room = _with_room(able, request.context_needed)
    if not with_room and request.max_output_tokens is None:
        return _with_room(able, request.tokens)
    return with_room


def _with_room(candidates: Iterable[Candidate], tokens: int) -> list[Candidate]:
    return [c for c in candidates if c.card.context_length is None or tokens <= c.card.context_length]


def exclusions(request: Request, candidates: Sequence[Candidate]) -> tuple[Exclusion, ...]:
    """Return why none of these candidates can serve a request."""
    needs, tokens = in_full(request.needs), request.context_needed
    return tuple(Exclusion(c.model, c.host, lacks(c.card, needs, tokens) or "nothing") for c in candidates)


def lacks(card: ModelCard, needs: frozenset[str], tokens: int) -> str | None:
    """Return what a model lacks for `tokens` of context and these needs, or None if it can serve."""
    missing = sorted(need for need in needs if not card.can(need))
    if missing:
        return " and ".join(missing)
    if card.context_length is not None and tokens > card.context_length:
        return f"a context of {tokens} tokens (it serves {card.context_length})"
    return None
