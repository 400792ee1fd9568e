"""Rivals: known ways to pick a model, behind the same protocol as Zeta's own, one per file, for comparison.

They are what the bench measures Zeta against. Each says where it is from and where it had to be fitted to a fleet.
"""

from zeta_router.policies.rivals.discounted_thompson import DiscountedThompson
from zeta_router.policies.rivals.epsilon_greedy import EpsilonGreedy
from zeta_router.policies.rivals.half_average import HalfAverage
from zeta_router.policies.rivals.least_busy import LeastBusy
from zeta_router.policies.rivals.linucb import LinUCB
from zeta_router.policies.rivals.lowest_latency import LowestLatency
from zeta_router.policies.rivals.one_model import OneModel
from zeta_router.policies.rivals.peak_ewma import PeakEwma
from zeta_router.policies.rivals.random_pick import RandomPick
from zeta_router.policies.rivals.round_robin import RoundRobin
from zeta_router.policies.rivals.task_table import TaskTable
from zeta_router.policies.rivals.ucb1 import Ucb1

__all__ = [
    "DiscountedThompson",
    "EpsilonGreedy",
    "HalfAverage",
    "LeastBusy",
    "LinUCB",
    "LowestLatency",
    "OneModel",
    "PeakEwma",
    "RandomPick",
    "RoundRobin",
    "TaskTable",
    "Ucb1",
]
