"""`Turns`: what the next request of a session says of the last answer. Keeps hashes, never words."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any, NamedTuple

from zeta_router.signals.answer import Verdict

SESSIONS_MOST = 1_024
"""Sessions remembered; the one idle longest goes first."""
STEPS_MOST = 12
"""Steps of an agent that are remembered per session."""
SOON_S = 300.0
"""Seconds in which a request that is like the last one is a retry of it."""
ALIKE = 0.7
"""Share of equal words from which on a request is the last one again, or a rephrasing of it."""
RETRY = Verdict(0.15, 0.35, "asked again")
LOOP = Verdict(0.1, 0.5, "step repeated")
REPEATS = 3
"""Times that an agent makes the same call before it counts as going in circles."""
_SKETCH = 64
_SALT = Random().getrandbits(62)
"""New in every process: hashes that leave it by accident tell nothing."""

AGAIN = frozenset(
    ("wrong", "incorrect", "no", "nope", "again", "retry", "redo", "still", "doesn't", "isn't", "meant", "fails")
)
"""Words with which a user says that the answer would not do."""


class _Last(NamedTuple):
    decision_id: str
    sketch: frozenset[int]
    at: float


class Turns:
    """Remembers the last request of each session by the hashes of its words, and an agent's last calls by theirs."""

    def __init__(self) -> None:
        self._last: OrderedDict[str, _Last] = OrderedDict()
        self._calls: OrderedDict[str, deque[int]] = OrderedDict()

    def __repr__(self) -> str:
        return f"<Turns of {len(self._last)} sessions>"

    def asked(self, session: str, prompt: str, decision_id: str, *, now: float) -> tuple[str, Verdict] | None:
        """Note a request, and return the decision whose answer it says was not good, with the verdict.

        Args:
            session: Of the user.
            prompt: What the user said last.
            decision_id: Of the decision that serves it.
            now: Seconds.
        """
        sketch = _sketch(prompt)
        last = self._last.pop(session, None)
        self._last[session] = _Last(decision_id, sketch, now)
        while len(self._last) > SESSIONS_MOST:
            self._last.popitem(last=False)
        if last is None or not 0.0 <= now - last.at <= SOON_S or last.decision_id == decision_id:
            return None
        words = prompt[:200].lower().split()
        complains = len(words) <= 25 and not AGAIN.isdisjoint(word.strip(".,!?") for word in words[:6])
        return (last.decision_id, RETRY) if complains or _alike(sketch, last.sketch) else None

    def called(self, session: str, calls: Sequence[Mapping[str, Any]]) -> Verdict | None:
        """Note the tools that a step of an agent calls, and return a verdict on it where it goes in circles."""
        if not calls:
            self._calls.pop(session, None)
            return None
        step = hash((_SALT, tuple(f"{call.get('name')}{call.get('args')!r}"[:2_000] for call in calls)))
        steps = self._calls.pop(session, None)
        if steps is None:
            steps = deque(maxlen=STEPS_MOST)
        steps.append(step)
        self._calls[session] = steps
        while len(self._calls) > SESSIONS_MOST:
            self._calls.popitem(last=False)
        return LOOP if steps.count(step) >= REPEATS else None


def _sketch(prompt: str) -> frozenset[int]:
    """Return the smallest hashes of the prompt's different words: enough to compare prompts, too few to tell them."""
    words = {word.strip(".,;:!?\"'()") for word in prompt[:4_000].lower().split()}
    return frozenset(sorted(hash((_SALT, word)) for word in words if word)[:_SKETCH])


def _alike(one: frozenset[int], other: frozenset[int]) -> bool:
    """Return whether two prompts share most of their words. Source: MinHash, Broder 1997."""
    if not one or not other:
        return False
    union = sorted(one | other)[:_SKETCH]
    return sum(h in one and h in other for h in union) >= ALIKE * len(union)
