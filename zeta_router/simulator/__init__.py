"""A simulated Ollama: the scheduler in virtual time, and a server on a real socket that real clients can use.

The server needs the extra `simulator` (starlette, uvicorn) and is imported when it is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zeta_router.simulator.catalog import SimulatedModel
from zeta_router.simulator.engine import Engine
from zeta_router.simulator.faults import Fault, Faults
from zeta_router.simulator.jobs import Job, JobEvent, JobState, Work
from zeta_router.simulator.profiles import PROFILES, HostProfile, fixed_speed
from zeta_router.simulator.settings import ServerSettings
from zeta_router.simulator.tags import model_from_tag

if TYPE_CHECKING:
    from zeta_router.simulator.server.simulated import SimulatedOllama

__all__ = [
    "PROFILES",
    "Engine",
    "Fault",
    "Faults",
    "HostProfile",
    "Job",
    "JobEvent",
    "JobState",
    "ServerSettings",
    "SimulatedModel",
    "SimulatedOllama",
    "Work",
    "fixed_speed",
    "model_from_tag",
]


def __getattr__(name: str) -> Any:
    if name != "SimulatedOllama":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        from zeta_router.simulator.server.simulated import SimulatedOllama
    except ModuleNotFoundError as exc:
        raise ModuleNotFoundError(
            f"the simulated Ollama needs {exc.name}; install it with: pip install 'zeta-router[simulator]'",
            name=exc.name,
        ) from exc
    return SimulatedOllama
