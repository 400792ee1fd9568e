"""Ollama's own clocks, read into `Timings` and `Outcome`. They tell loading, reading and writing apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zeta_router.outcome import Fate, Outcome, Timings

UNNOTICED_SECONDS = 0.010
"""A residual up to this is no wait: Ollama fills in the template and splits the prompt into tokens, 1 to 5 ms."""

LONGEST_SECONDS = 30 * 24 * 3600.0
"""A month. What a server claims beyond that is a fault of its clock, not a time."""

_LONGEST_NANOSECONDS = LONGEST_SECONDS * 1e9

MOST_TOKENS = 10**9
"""A count beyond that is a fault of the server."""


def timings_of(
    body: Mapping[str, Any],
    *,
    elapsed: float | None = None,
    first_token: float | None = None,
    two_pass: bool = False,
) -> Timings:
    """Return where the time of one answer went.

    Args:
        body: The whole answer, or the last line of a stream, as sent; also the metadata that `ChatOllama` and
            LlamaIndex's `Ollama` make of it. Durations in it are nanoseconds.
        elapsed: Seconds of wall time from sending the request to the end, if measured.
        first_token: Seconds of wall time from sending the request to the first token, if measured.
        two_pass: The model thought and was bound to a format: Ollama may then run it twice and report the second run
            only, so that what is left over is not the wait for a slot.

    Returns:
        Seconds. None where the server said nothing, or something that cannot be.
    """
    total = _seconds(body.get("total_duration"))
    load = _seconds(body.get("load_duration"))
    prefill = _seconds(body.get("prompt_eval_duration"))
    decode = _seconds(body.get("eval_duration"))
    wall = _plausible(elapsed)
    first = _plausible(first_token)
    if load is None and body.get("done_reason") == "load":
        load = wall  # The answer to a preload has no durations: all its time was the load.
    wait: float | None = None
    if not (two_pass or total is None or load is None or prefill is None or decode is None):
        wait = _wait(total - load - prefill - decode)
        if first is None and wait is not None:
            first = wait + load + prefill
    return Timings(
        wait=wait,
        load=load,
        prefill=prefill,
        decode=decode,
        first_token=first,
        total=total if wall is None else wall,
    )


def outcome_of(
    body: Mapping[str, Any],
    *,
    elapsed: float | None = None,
    first_token: float | None = None,
    two_pass: bool = False,
) -> Outcome:
    """Return how one answer went; only `done: true` means that it is complete, HTTP 200 does not.

    Answers to `/api/embed` have no `done`: their vectors are all there or not at all. Arguments as in `timings_of`.
    """
    reason = body.get("done_reason")
    if "error" in body:
        fate, error = Fate.error, "the server ended the answer with an error"
    elif body.get("done") is True or "embeddings" in body or "embedding" in body:
        fate, error = Fate.ok, None
    else:
        fate, error = Fate.truncated, "the answer ended without done: true"
    return Outcome(
        fate=fate,
        timings=timings_of(body, elapsed=elapsed, first_token=first_token, two_pass=two_pass),
        prompt_tokens=_count(body.get("prompt_eval_count")),
        # An empty message list is answered with "load" and no text: the model is warm, nothing was said.
        output_tokens=0 if reason in ("load", "unload") else _count(body.get("eval_count")),
        done_reason=reason if isinstance(reason, str) and reason else None,
        error=error,
    )


def _wait(left: float) -> float | None:
    """Return the wait for a slot, which is in no field: what is left of the total, https://github.com/ollama/ollama/issues/10860."""
    if abs(left) <= UNNOTICED_SECONDS:
        return 0.0
    return left if left > 0 else None


# The two below ask for the exact type: a bool is an int in Python, and neither a duration nor a count.


def _seconds(nanoseconds: object) -> float | None:
    if type(nanoseconds) is int or type(nanoseconds) is float:
        # Compared before it is divided, so that an integer of any size does not overflow.
        return nanoseconds / 1e9 if 0 <= nanoseconds <= _LONGEST_NANOSECONDS else None
    return None


def _count(value: object) -> int | None:
    return value if type(value) is int and 0 <= value <= MOST_TOKENS else None


def _plausible(seconds: float | None) -> float | None:
    return seconds if seconds is not None and 0 <= seconds <= LONGEST_SECONDS else None
