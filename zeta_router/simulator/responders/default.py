"""A model that says something plausible, of a plausible length."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping
from random import Random
from types import MappingProxyType

from zeta_router.simulator.responders.base import Answer, Prompt
from zeta_router.simulator.responders.schema import SchemaResponder
from zeta_router.simulator.tokens import cut

MEDIAN_TOKENS: Mapping[str, int] = MappingProxyType(
    {
        "code": 280,
        "math": 125,
        "reasoning": 180,
        "summarize": 110,
        "translate": 80,
        "writing": 400,
        "qa": 80,
        "chat": 130,
    }
)
"""Tokens of half of all answers, by what is asked.

Known medians, at four characters a token: 124 on GSM8K (ZeroEval), 78 on MMLU-Pro, 412 on open questions (Arena), 129
in Azure's conversations of 2023. Code, reasoning, summaries and translations are estimates between those.
"""
SPREAD = 0.55
"""Standard deviation of the logarithm of the length; within one model it is 0.34 on GSM8K and 0.64 on the other two."""
_THINKING_SHARE = 1.5  # tokens of thinking per token of answer

_SIGNS = (
    ("code", re.compile(r"```|\bdef |\bclass |\bfunction\b|\bcode\b|\bpython\b|\bsql\b|\bbug\b|\bimplement\b", re.I)),
    ("summarize", re.compile(r"\bsummar|\btl;?dr\b|\bkey points\b", re.I)),
    ("translate", re.compile(r"\btranslat", re.I)),
    ("math", re.compile(r"\bcalculate\b|\bsolve\b|\bhow (?:many|much)\b|\bequation\b|\d\s*[-+*/×=]\s*\d", re.I)),
    ("writing", re.compile(r"\bwrite\b|\bpoem\b|\bstory\b|\bessay\b|\bemail\b|\bblog\b", re.I)),
    ("reasoning", re.compile(r"\bwhy\b|\bexplain\b|\bprove\b|\bcompare\b|\bstep by step\b", re.I)),
    ("qa", re.compile(r"^\s*(?:who|what|when|where|which|is|are|does|did|can)\b|\?\s*$", re.I)),
)
_PROSE = cut(
    "The short answer is that it depends on the data. First, look at what is given and write it down in order. "
    "Then take one step at a time and check each result against the question. In most cases the simple way works "
    "well enough, and it is easy to read later. If a value is missing, say so and go on with the rest. "
    "This keeps the answer clear, and it makes a mistake easy to find. "
)
_CODE = cut(
    "def solve(items):\n    result = []\n    for item in items:\n        if item is None:\n            continue\n"
    "        result.append(item)\n    return result\n\n\n"
)


class DefaultResponder:
    """Answers with filler text whose length is drawn log-normally around what the kind of question takes.

    The same seed and prompt give the same text on every run and every machine, whichever model is asked. Requests
    with tools or a format are answered by the schema, so that pipelines which parse the answer go on.

    Args:
        seed: Another seed gives other lengths.
        scale: Makes all answers longer or shorter.
    """

    def __init__(self, *, seed: int = 0, scale: float = 1.0) -> None:
        self._seed = seed
        self._scale = scale
        self._by_schema = SchemaResponder()

    def answer(self, prompt: Prompt) -> Answer:
        """Return filler text, or what the schema wants."""
        if prompt.wants_call or prompt.format is not None:
            return self._by_schema.answer(prompt)
        rng = Random(_digest(self._seed, prompt))
        kind = kind_of(prompt.question)
        length = self.length(kind, rng)
        thinking = _filler(_PROSE, round(length * _THINKING_SHARE)) if prompt.thinks else ()
        return Answer(text=_filler(_CODE if kind == "code" else _PROSE, length), thinking=thinking)

    def length(self, kind: str, rng: Random) -> int:
        """Draw the number of tokens of an answer, at least 1."""
        return max(1, round(self._scale * MEDIAN_TOKENS[kind] * math.exp(rng.gauss(0.0, SPREAD))))


def kind_of(question: str) -> str:
    """Return what sort of answer a question wants, a key of `MEDIAN_TOKENS`."""
    return next((kind for kind, sign in _SIGNS if sign.search(question)), "chat")


def _filler(tokens: tuple[str, ...], count: int) -> tuple[str, ...]:
    """Return `count` tokens of filler, said again and again if need be."""
    return (tokens * (count // len(tokens) + 1))[:count]


def _digest(seed: int, prompt: Prompt) -> int:
    digest = hashlib.blake2b(str(seed).encode(), digest_size=8)
    for message in prompt.messages:
        digest.update(message.role.encode() + b"\0" + message.content.encode(errors="replace") + b"\0")
    return int.from_bytes(digest.digest(), "big")
