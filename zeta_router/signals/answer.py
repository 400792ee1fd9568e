"""`Answer`: what signals look at. `Verdict`: what they say."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from zeta_router.errors import InvalidRequest
from zeta_router.frozen import filled_at_once

HEAD, TAIL = 12_000, 4_000
"""Characters of a long text that are looked at: looking costs time, and faults show at the end or all along."""
_THINKING = re.compile(r"\s*<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.DOTALL)


@filled_at_once
@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer, as far as signals need it. Lives as long as it is looked at: nothing of it is kept or logged."""

    text: str = field(default="", repr=False)
    tool_calls: Sequence[Mapping[str, Any]] = field(default=(), repr=False)
    """Each with `name` and `args`, a mapping, or a string that should be JSON."""
    tools: Mapping[str, Mapping[str, Any]] | None = field(default=None, repr=False)
    """Name of an offered tool → JSON schema of its arguments; None where it is not known what was offered."""
    schema: Mapping[str, Any] | None = field(default=None, repr=False)
    """JSON schema that the text should follow; None where none was asked for."""
    done_reason: str | None = None
    """Ollama's: `stop`, or `length` where the answer was cut off."""
    task: str = ""
    """The request's."""
    bounded: bool = False
    """The caller set a bound on the answer's length: reaching it is no fault."""

    part: str = field(init=False, repr=False, compare=False)
    """The text, or head and tail of a very long one."""
    said: str = field(init=False, repr=False, compare=False)
    """What is said to the reader: that part without its thoughts."""

    def __post_init__(self) -> None:
        """Find out what several signals need.

        Raises:
            InvalidRequest: The text is none.
        """
        text = self.text
        if not isinstance(text, str):
            raise InvalidRequest(
                f'text must be a string, got {type(text).__name__}; leave it out, or give "", for none'
            )
        part = text if len(text) <= HEAD + TAIL else f"{text[:HEAD]}\n{text[-TAIL:]}"
        thoughts = _THINKING.match(part)
        object.__setattr__(self, "part", part)
        object.__setattr__(self, "said", (part if thoughts is None else part[thoughts.end() :]).strip())


class Verdict(NamedTuple):
    """How good an answer looks, how much that is worth as evidence, and why."""

    score: float
    """In [0, 1]."""
    weight: float
    """In (0, 1]: 1 counts as much as a user's opinion."""
    why: str
    """Names of the signals that spoke; nothing of the answer."""
