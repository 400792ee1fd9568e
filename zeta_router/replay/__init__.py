"""Off-policy evaluation: what would another policy have done with the traffic that a log has."""

from __future__ import annotations

from zeta_router.replay.estimate import Estimate
from zeta_router.replay.replay import Replay, replay

__all__ = ["Estimate", "Replay", "replay"]
