"""How long an answer is to be expected, in tokens, before any model was seen to answer.

The trained model was taught by measured answers to real questions, exam questions and word problems. Work on a text it
never saw: there the text's own length says more. A policy corrects both by what its models really do.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import exp, log

from zeta_router.request import CHARACTERS_PER_TOKEN

LEAST, MOST = 4.0, 4_000.0
"""Tokens between which a guess lies."""
SHORT_ANSWER = 60.0
"""Tokens of small talk or a call of a tool; our estimate."""
SHARE_OF_TEXT = {"translate": (1.1, 8.0, MOST), "summarize": (0.15, 50.0, 300.0), "extract": (0.25, 20.0, 400.0)}
"""Task → the answer's length as a share of the prompt's, and its bounds in tokens; our estimates."""
TOKENS_PER = {"word": 1.35, "sentence": 25.0, "paragraph": 110.0, "line": 14.0, "bullet": 25.0, "token": 1.0}

EDGE = 400
"""Characters at either end in which a length is asked for."""

_ASKED = re.compile(
    r"\b(in|of|under|than|most|least|exactly|within|max|write|give) (?:a maximum of |about |around |only |just )?"
    r"(\d[\d,]{0,6}|a|one|two|three|four|five|six|ten)[- ](?:or \w+ |to \w+ )?(?:short |brief |long )?"
    r"(word|sentence|paragraph|line|bullet|token)s?\b"
)
_WISHES_FOR_LINES = frozenset({"in", "within", "exactly"})
"""A file *of* 300 lines is no wish, an answer *in* three lines is."""
_NUMBERS = {"a": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "ten": 10}
_TERSE = ("yes or no", "one word", "only the letter", "just the letter", "only the number", "true or false")


def asked_tokens(text: str) -> float | None:
    """Return the length that a prompt asks for in so many words, sentences or lines; None if it asks for none."""
    lower = (text if len(text) <= 2 * EDGE else f"{text[:EDGE]}\n{text[-EDGE:]}").lower()
    if any(terse in lower for terse in _TERSE):
        return 2 * LEAST
    if not any(unit in lower for unit in TOKENS_PER):
        return None
    for lead, amount, unit in _ASKED.findall(lower):
        if unit != "line" or lead in _WISHES_FOR_LINES:
            return (_NUMBERS.get(amount) or int(amount.replace(",", ""))) * TOKENS_PER[unit]
    return None


def expected_tokens(chances: Mapping[str, float], *, log_tokens: float, characters: int, asked: float | None) -> float:
    """Return the tokens to expect of an answer: the geometric mean over tasks, since lengths are log-normal.

    Args:
        chances: Task → its probability.
        log_tokens: What the model says, the logarithm of tokens.
        characters: Of the prompt.
        asked: Length that the prompt asks for; it wins.
    """
    if asked is not None:
        return min(max(asked, LEAST), MOST)
    here = 0.0
    for task, chance in chances.items():
        if task in SHARE_OF_TEXT:
            share, least, most = SHARE_OF_TEXT[task]
            here += chance * log(min(max(share * characters / CHARACTERS_PER_TOKEN, least), most))
        elif task in {"chat", "tools"}:
            here += chance * log(SHORT_ANSWER)
        else:
            here += chance * log_tokens
    return min(max(exp(here), LEAST), MOST)
