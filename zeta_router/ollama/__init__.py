"""The one place that knows Ollama's wire format. Importing it loads neither httpx nor ollama."""

from zeta_router.ollama.addresses import (
    DEFAULT_HOST,
    Connection,
    Connections,
    Timeouts,
    hosts_from_environment,
    plain_address,
)
from zeta_router.ollama.clocks import outcome_of, timings_of
from zeta_router.ollama.errors import fate_of, is_closed_loop, is_retryable, translate, translated

__all__ = [
    "DEFAULT_HOST",
    "Connection",
    "Connections",
    "Timeouts",
    "fate_of",
    "hosts_from_environment",
    "is_closed_loop",
    "is_retryable",
    "outcome_of",
    "plain_address",
    "timings_of",
    "translate",
    "translated",
]
