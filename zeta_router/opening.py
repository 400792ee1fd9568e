"""`opening`: a name for the conversation that a long prompt goes on with, where nobody gives it one."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from hashlib import blake2b

LONG_TOKENS = 256
"""Tokens of a prompt from which on it matters whether it must be read anew: on a CPU, seconds."""
HEAD = 2_000
"""Characters of a message that are looked at; its length tells the rest."""
_SALT = secrets.token_bytes(16)


def opening(texts: Iterable[str]) -> str:
    """Return a name that prompts share which begin with the same messages, as the turns of a conversation do.

    It is a hash with a salt that every process makes anew and keeps to itself: it may be stored, and tells no word.

    Args:
        texts: Of the messages up to the first one of the user.
    """
    digest = blake2b(key=_SALT, digest_size=8)
    for text in texts:
        digest.update(f"{len(text)} {text[:HEAD]}".encode("utf-8", "surrogatepass"))
    return f"opening {digest.hexdigest()}"
