"""Prompts that a runner remembers: one per slot, and those pushed out of a slot, in host memory (3.3)."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from zeta_router.simulator.jobs import Work

# llama-server's --slot-prompt-similarity: below this share of the new prompt, a slot's cache is no reason to take it.
SIMILAR = 0.1


@dataclass(frozen=True, slots=True)
class Remembered:
    """What lies in a slot's cache: hashes of pieces and their lengths in tokens, oldest first."""

    keys: tuple[int, ...] = ()
    tokens: tuple[int, ...] = ()

    def common_tokens(self, work: Work) -> int:
        """Return the tokens of the longest common prefix with a new prompt."""
        total = 0
        for mine, key, tokens in zip(self.keys, work.prompt_key, self.tokens, strict=False):
            if mine != key:
                break
            total += tokens
        return total


NOTHING = Remembered()


def after(work: Work, tokens_made: int) -> Remembered:
    """Return what a slot remembers after a request: its prompt and as much as it made of the answer."""
    if work.output_key is None or not tokens_made:
        return Remembered(work.prompt_key, work.piece_tokens)
    return Remembered((*work.prompt_key, work.output_key), (*work.piece_tokens, tokens_made))


class HostCache:
    """Prompts pushed out of their slots, the oldest forgotten first when the memory is full."""

    def __init__(self, capacity_tokens: int) -> None:
        self._left = capacity_tokens
        self._capacity = capacity_tokens
        self._kept: OrderedDict[tuple[int, ...], tuple[int, ...]] = OrderedDict()
        self._prefixes: dict[tuple[int, ...], int] = {}  # how many kept prompts begin like this

    def keep(self, prompt: Remembered) -> None:
        """Remember a prompt that loses its slot."""
        size = sum(prompt.tokens)
        if not prompt.keys or size > self._capacity or prompt.keys in self._prefixes:
            return
        self._kept[prompt.keys] = prompt.tokens
        self._left -= size
        for end in range(1, len(prompt.keys) + 1):
            start = prompt.keys[:end]
            self._prefixes[start] = self._prefixes.get(start, 0) + 1
        while self._left < 0:
            self._forget()

    def common_tokens(self, work: Work) -> int:
        """Return the tokens of the longest prefix of a new prompt that some kept prompt begins with."""
        for end in range(len(work.prompt_key), 0, -1):
            if work.prompt_key[:end] in self._prefixes:
                return sum(work.piece_tokens[:end])
        return 0

    def _forget(self) -> None:
        keys, tokens = self._kept.popitem(last=False)
        self._left += sum(tokens)
        for end in range(1, len(keys) + 1):
            start = keys[:end]
            self._prefixes[start] -= 1
            if not self._prefixes[start]:
                del self._prefixes[start]
