"""`zeta bench --own`: the user's own models on a dozen built-in prompts, as a router's first observations."""

from zeta_router.own.probes import PROBES, Probe
from zeta_router.own.report import ModelReport, by_model
from zeta_router.own.run import ProbeResult, measure_own

__all__ = ["PROBES", "ModelReport", "Probe", "ProbeResult", "by_model", "measure_own"]
