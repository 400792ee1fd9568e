"""`Talks`: requests that are turns of conversations, each with all that was said before in its prompt."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import NamedTuple

USERS = 6
"""Who have a conversation at once."""
PAUSE_S = 30.0
"""Nobody asks again sooner, if somebody else may."""
NEW_SHARE = 0.25
"""Of a request's prompt in the trace, so much is what a later turn adds: a question, what was looked up."""
LONGEST = 16_384
"""Tokens of a prompt from which a new conversation is begun."""


class Turn(NamedTuple):
    """One request of a conversation."""

    talk: int
    """Number of the conversation."""
    pieces: tuple[int, ...]
    """Tokens of what was asked and answered so far, in turns."""


@dataclass(slots=True)
class _User:
    talk: int = 0
    pieces: tuple[int, ...] = ()
    asked_at: float = -PAUSE_S


class Talks:
    """Users who talk on, and begin anew after `turns` turns on average."""

    def __init__(self, turns: float, rng: Random) -> None:
        self._turns = turns
        self._rng = rng
        self._users = [_User() for _ in range(USERS)]
        self._talks = 0

    def turn(self, at: float, prompt_tokens: int, output_tokens: int) -> Turn:
        """Return what is asked at a moment, in seconds, by whoever it is."""
        rng = self._rng
        ready = [user for user in self._users if user.asked_at + PAUSE_S <= at]
        user = rng.choice(ready) if ready else min(self._users, key=lambda user: user.asked_at)
        goes_on = rng.random() >= 1.0 / self._turns
        pieces = (*user.pieces, max(round(NEW_SHARE * prompt_tokens), 1))
        if not user.pieces or not goes_on or sum(pieces) > LONGEST:
            self._talks += 1
            user.talk, pieces = self._talks, (prompt_tokens,)
        user.pieces, user.asked_at = (*pieces, output_tokens), at
        return Turn(user.talk, pieces)
