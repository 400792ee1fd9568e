"""The server's words for what went wrong (`ollama-wire.md` section 2)."""

from __future__ import annotations

from zeta_router.simulator.jobs import JobError

BUSY = JobError("busy", 503, "server busy, please try again.  maximum pending requests exceeded")
OUT_OF_MEMORY = JobError(
    "out_of_memory",
    500,
    "llama-server process has terminated: exit status 1: cudaMalloc failed: out of memory\n"
    "error loading model: unable to allocate CUDA0 buffer",
)
LOAD_CRASH = JobError("load_crash", 500, "llama-server process has terminated: exit status 134: GGML_ASSERT failed")
LOAD_TIMEOUT = JobError("load_timeout", 500, "timed out waiting for llama-server to start - ")

_CUDA = "CUDA error: an illegal memory access was encountered"
CRASHED_EARLY = JobError(
    "crash",
    500,
    "model runner has unexpectedly stopped, this may be due to resource limitations or an internal error, "
    f"check ollama server logs for details: {_CUDA}",
)
CRASHED_LATE = JobError("crash", 500, f"an error was encountered while running the model: {_CUDA}")


def crashed(any_token_made: bool) -> JobError:
    """Return the error of a request whose runner died, before its first token or after (2.4)."""
    return CRASHED_LATE if any_token_made else CRASHED_EARLY
