"""`PromptCaches`: which models have read how much of a conversation, so that they need not read it again."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from zeta_router.decision import Decision, Key
from zeta_router.learning.observed import MOST_TOKENS, REAL_LOAD_S
from zeta_router.learning.runner import Runner
from zeta_router.outcome import Outcome

SESSIONS_MOST = 1_024
"""Conversations that are remembered; the one that was quiet for longest is forgotten first."""
READERS_MOST = 4
"""Models on hosts that are remembered per conversation."""
KEPT_AT_ONCE = 0.9
KEPT_APART = 0.5
"""How often a prompt is expected to be found in a cache before anything was seen of that: when the model did nothing
since, and when it read other prompts meanwhile, which older servers keep in place of this one."""
PSEUDO = 2.0
"""Observations that this expectation counts for."""
REMEMBERED = 50.0
"""Observations of a host after which older ones fade."""
TURNS_REMEMBERED = 4.0
"""The same of one conversation: some bring a new prompt each time."""
TELLING = 0.25
"""How often a conversation finds what is expected, below which it says nothing more of its host: it may bring a new
prompt each time, and must not speak for the others."""
WORTH_NOTING = 0.5
"""Share of a prompt below which it says little whether that was in the cache."""


@dataclass(slots=True)
class _Found:
    """How often something was where it was expected."""

    hits: float = 0.0
    tries: float = 0.0

    def rate(self, expected: float, pseudo: float) -> float:
        return (self.hits + pseudo * expected) / (self.tries + pseudo)

    def add(self, hit: bool, most: float) -> None:
        left = min(1.0, (most - 1.0) / self.tries) if self.tries else 1.0
        self.hits = left * self.hits + hit
        self.tries = left * self.tries + 1.0


@dataclass(slots=True)
class _Read:
    """What a model on a host read last of a conversation."""

    at: float
    """When it was asked to, seconds since the epoch."""
    prompt: int
    """Tokens."""
    calls: int
    """Those that the runner had begun before."""
    known: int
    """Tokens that it had read before, and was expected to have in its cache if they were kept there."""
    is_apart: bool
    """It read other prompts since it had read these."""

    def overlap(self, tokens: int, runner: Runner) -> int:
        """Return how many tokens of a prompt were read with this one, where the model was not loaded anew since.

        One that became shorter is another one. So may be one that became longer, but only its time will tell.
        """
        return self.prompt if self.prompt <= tokens and self.at >= runner.loaded_at else 0


@dataclass(slots=True)
class _Session:
    found: dict[bool, _Found] = field(default_factory=dict)
    """Whether the model read other prompts since -> how often it still had what is expected."""
    readers: dict[Key, _Read] = field(default_factory=dict)
    """The one that read last at the end."""


class PromptCaches:
    """Follows conversations over the runners that serve them.

    Ollama keeps the last prompt of each slot, and newer servers keep more in host memory: the next turn of a
    conversation on the same model and host reads only what is new. Whether it did is told by how long the prompt took.
    Only counts of tokens are kept.
    """

    def __init__(self) -> None:
        self._sessions: dict[str, _Session] = {}
        """The one that spoke last at the end."""
        self._kept: dict[tuple[str, bool], _Found] = {}
        """(Host, whether the model read other prompts since) -> the same of all conversations."""

    def expect(self, session: str, tokens: int, runners: Mapping[Key, Runner]) -> Mapping[Key, float]:
        """Return how many tokens of a prompt each model on a host is expected to have in its cache."""
        known = self._sessions.get(session)
        if known is None:
            return {}
        return {
            key: read.overlap(tokens, runner) * self._probability(known, key[1], _is_apart(read, runner))
            for key, read in known.readers.items()
            if (runner := runners.get(key)) is not None
        }

    def _probability(self, session: _Session, host: str, is_apart: bool) -> float:
        """Return how likely it is that what a host has read of a conversation is still in its cache."""
        rate = KEPT_APART if is_apart else KEPT_AT_ONCE
        found = self._kept.get((host, is_apart))
        if found is not None:
            rate = found.rate(rate, PSEUDO)
        found = session.found.get(is_apart)
        return rate if found is None else found.rate(rate, 1.0)

    def begin(self, session: str, decision: Decision, runner: Runner) -> None:
        """Note that a model is to read a conversation; `runner` has not counted the call yet."""
        known = self._sessions.pop(session, None) or _Session()
        self._sessions[session] = known
        if len(self._sessions) > SESSIONS_MOST:
            del self._sessions[next(iter(self._sessions))]
        tokens = min(decision.prompt_tokens, MOST_TOKENS)
        before = known.readers.pop(decision.key, None)
        overlap = before.overlap(tokens, runner) if before is not None else 0
        is_apart = before is not None and _is_apart(before, runner)
        known.readers[decision.key] = _Read(decision.decided_at, tokens, runner.calls, overlap, is_apart)
        if len(known.readers) > READERS_MOST:
            del known.readers[next(iter(known.readers))]

    def learn(self, session: str, decision: Decision, outcome: Outcome, runner: Runner) -> bool:
        """Fold in how a call went, before its runner does; return whether its prompt came out of the cache."""
        known = self._sessions.get(session)
        read = known.readers.get(decision.key) if known is not None else None
        if known is None or read is None or read.at != decision.decided_at:
            return False  # forgotten, or asked again meanwhile
        if not outcome.fate.completed:
            del known.readers[decision.key]  # nobody knows how far it came
            return False
        took = outcome.timings.prefill
        if took is None or read.known <= WORTH_NOTING * read.prompt or (outcome.timings.load or 0.0) > REAL_LOAD_S:
            return False
        tokens = min(outcome.prompt_tokens or read.prompt, MOST_TOKENS)
        whole = runner.prefill.seconds * math.exp(runner.drift.level) * tokens
        hit = took < whole * (1.0 - 0.5 * read.known / read.prompt)  # nearer to what is new than to the whole
        found = known.found.setdefault(read.is_apart, _Found())
        if found.rate(1.0, 1.0) >= TELLING:
            self._kept.setdefault((decision.host, read.is_apart), _Found()).add(hit, REMEMBERED)
        found.add(hit, TURNS_REMEMBERED)
        return hit

    def forget(self, host: str) -> None:
        """Let go of a host that is no longer there."""
        for is_apart in (False, True):
            self._kept.pop((host, is_apart), None)


def _is_apart(read: _Read, runner: Runner) -> bool:
    """Return whether a model read other prompts since."""
    return runner.calls > read.calls + 1
