"""Reading a prompt from the command line or from standard input."""

from __future__ import annotations

import sys

from zeta_router import InvalidRequest


def prompt_text(given: str) -> str:
    """Return the prompt: what was given, or standard input for `-`.

    Raises:
        InvalidRequest: It is empty.
    """
    text = sys.stdin.read() if given == "-" else given
    if not text.strip():
        raise InvalidRequest('the prompt is empty; write it in quotes, e.g. zeta ask "What is a monad?"')
    return text
