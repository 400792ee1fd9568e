"""Policies: who picks. `base` holds the protocol; then one algorithm per file."""

from zeta_router.policies.base import Belief, Policy
from zeta_router.policies.phase_times import PhaseTimes
from zeta_router.policies.static_rule import StaticRule

__all__ = ["Belief", "PhaseTimes", "Policy", "StaticRule"]
