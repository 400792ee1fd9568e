"""Log probabilities for the tokens of an invented answer: plausible, and always the same."""

from __future__ import annotations

import zlib
from typing import Any

_RIVALS = (" the", " a", ",", ".", " is", " and", " to", " of", " in", " it", "The", "\n", ":", " I", " not", " for",
           " as", " on", " with", " be", " that")  # fmt: skip


class Logprobs:
    """Makes the `logprobs` entries of tokens.

    Args:
        top: How many of the likeliest tokens each entry lists, 0 to 20.
    """

    def __init__(self, top: int) -> None:
        self._top = top

    def of(self, token: str) -> dict[str, Any]:
        """Return the entry of one token."""
        chosen = -(zlib.crc32(token.encode(errors="replace")) % 5000 + 1) / 10_000
        entry = _entry(token, chosen)
        if self._top:
            rivals = [rival for rival in _RIVALS if rival != token][: self._top - 1]
            others = [_entry(rival, round(chosen - 1.25 - 0.5 * place, 4)) for place, rival in enumerate(rivals)]
            entry["top_logprobs"] = [_entry(token, chosen), *others]
        return entry


def _entry(token: str, logprob: float) -> dict[str, Any]:
    return {"token": token, "logprob": logprob, "bytes": list(token.encode(errors="replace"))}
