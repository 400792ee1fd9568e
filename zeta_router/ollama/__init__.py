"""The one place that knows Ollama's wire format. Importing it loads neither httpx nor ollama."""

from zeta_router.ollama.addresses import (
    DEFAULT_HOST,
    Connection,
    Connections,
    Timeouts,
    hosts_from_environment,
    plain_address,
)
from zeta_router.ollama.calls import arun_chat, arun_embed, run_chat, run_embed
from zeta_router.ollama.cards import DEFAULT_NUM_CTX, is_cloud, num_ctx_for, refuse_cloud
from zeta_router.ollama.clocks import outcome_of, timings_of
from zeta_router.ollama.discovery import Resident, adiscover, aresident, discover, resident
from zeta_router.ollama.errors import fate_of, is_closed_loop, is_retryable, translate, translated
from zeta_router.ollama.replies import Reply

__all__ = [
    "DEFAULT_HOST",
    "DEFAULT_NUM_CTX",
    "Connection",
    "Connections",
    "Reply",
    "Resident",
    "Timeouts",
    "adiscover",
    "aresident",
    "arun_chat",
    "arun_embed",
    "discover",
    "fate_of",
    "hosts_from_environment",
    "is_closed_loop",
    "is_cloud",
    "is_retryable",
    "num_ctx_for",
    "outcome_of",
    "plain_address",
    "refuse_cloud",
    "resident",
    "run_chat",
    "run_embed",
    "timings_of",
    "translate",
    "translated",
]
