"""Zeta: picks, for every request, the Ollama model that will serve it best right now, and learns from every answer."""

from zeta_router.attempts import Attempt, Attempts
from zeta_router.decision import Candidate, Choice, Decision, Flight, Score
from zeta_router.errors import (
    AnswerTruncated,
    CapabilityMissing,
    CloudModelRefused,
    ConfigError,
    ContextTooLong,
    EveryAttemptFailed,
    Exclusion,
    Failure,
    InvalidRequest,
    ModelCrashed,
    ModelMissing,
    NoCapableModel,
    OllamaError,
    RequestRefused,
    ServerBusy,
    ServerTimeout,
    ServerUnreachable,
    UnknownDecision,
    VectorsDoNotMix,
    ZetaError,
)
from zeta_router.events import (
    DecisionMade,
    DriftFound,
    DriftOver,
    Event,
    FeedbackGiven,
    ModelJoined,
    ModelLeft,
    OutcomeSeen,
    TroubleSeen,
)
from zeta_router.limits import Limits
from zeta_router.metrics import ModelMetrics
from zeta_router.model import ModelCard
from zeta_router.objective import Objective
from zeta_router.outcome import Fate, Outcome, Timings
from zeta_router.policies import Belief, PhaseTimes, Policy, StaticRule
from zeta_router.request import Request
from zeta_router.router import ZetaDynamicRouter
from zeta_router.snapshot import ModelSnapshot, Snapshot, StoreState
from zeta_router.tasks import TaskGuess, classify

__version__ = "0.1.0"

__all__ = [
    "AnswerTruncated",
    "Attempt",
    "Attempts",
    "Belief",
    "Candidate",
    "CapabilityMissing",
    "Choice",
    "CloudModelRefused",
    "ConfigError",
    "ContextTooLong",
    "Decision",
    "DecisionMade",
    "DriftFound",
    "DriftOver",
    "Event",
    "EveryAttemptFailed",
    "Exclusion",
    "Failure",
    "Fate",
    "FeedbackGiven",
    "Flight",
    "InvalidRequest",
    "Limits",
    "ModelCard",
    "ModelCrashed",
    "ModelJoined",
    "ModelLeft",
    "ModelMetrics",
    "ModelMissing",
    "ModelSnapshot",
    "NoCapableModel",
    "Objective",
    "OllamaError",
    "Outcome",
    "OutcomeSeen",
    "PhaseTimes",
    "Policy",
    "Request",
    "RequestRefused",
    "Score",
    "ServerBusy",
    "ServerTimeout",
    "ServerUnreachable",
    "Snapshot",
    "StaticRule",
    "StoreState",
    "TaskGuess",
    "Timings",
    "TroubleSeen",
    "UnknownDecision",
    "VectorsDoNotMix",
    "ZetaDynamicRouter",
    "ZetaError",
    "__version__",
    "classify",
]
