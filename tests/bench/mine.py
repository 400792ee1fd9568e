"""Policies of a user's own, named by their import path."""

from zeta_router import Objective, Policy
from zeta_router.bench.zoo import CHATTER, CODER, REASONER
from zeta_router.policies.rivals import OneModel


def coder(objective: Objective) -> Policy:
    return OneModel(CODER.name)


def reasoner(objective: Objective) -> Policy:
    return OneModel(REASONER.name)


def chatter(objective: Objective) -> Policy:
    return OneModel(CHATTER.name)
