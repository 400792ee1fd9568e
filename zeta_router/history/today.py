"""What a router that knows the whole log would decide now."""

from __future__ import annotations

from random import Random

from zeta_router.decision import Candidate, Choice, Decision
from zeta_router.model import ModelCard
from zeta_router.policies.base import Policy
from zeta_router.request import Request
from zeta_router.store import Fold, Store
from zeta_router.store.snapshots import key_of, newest_fold
from zeta_router.store.state import Unstorable
from zeta_router.tasks.task_guess import TaskGuess

Cards = dict[tuple[str, str], ModelCard]
"""Model and host -> its card, as it joined."""


def todays_fold(store: Store, policy: Policy) -> Fold:
    """Return what the log adds up to for a policy that has learned nothing yet: from a snapshot, where one fits.

    Raises:
        StoreTrouble: The store cannot be read.
    """
    fold: Fold | None = None
    try:
        fold = newest_fold(store, key_of(policy), policy)
    except (Unstorable, ValueError):
        fold = None  # the whole log is folded instead
    fold = fold if fold is not None else Fold(policy, machine=store.machine)
    for entry in store.read(after=fold.position):
        fold.add(entry)
    return fold.settle()


def request_of(decision: Decision) -> Request:
    """Return what a log still knows of a request: its size and task, never its text."""
    embedding = frozenset({"embedding"}) if decision.task == "embedding" else frozenset[str]()
    return Request(
        task=decision.task,
        prompt_tokens=decision.prompt_tokens,
        needs=embedding,
        session=decision.session,
        tags=decision.tags,
    )


def candidates_of(decision: Decision, cards: Cards) -> list[Candidate]:
    """Return the candidates of a decision as they were then, with the cards that they joined with."""
    return [
        score.candidate._replace(card=cards.get(score.candidate.key, score.candidate.card))
        for score in decision.candidates
    ]


def decide_today(store: Store, decision: Decision, policy: Policy) -> Choice:
    """Return what `policy` would pick for the request of an old decision, with what the log has taught since.

    What was in memory and in flight is taken as it was then.

    Args:
        store: The log.
        decision: One of its decisions.
        policy: It has learned nothing yet; what it is asked is folded into it.
    """
    fold = todays_fold(store, policy)
    return fold.policy.choose(
        request_of(decision),
        decision.guess if decision.guess is not None else TaskGuess.told(decision.task),
        candidates_of(decision, {decision.key: decision.card} if decision.card is not None else {}),
        now=max(fold.now, decision.decided_at),
        rng=Random(0),
    )
