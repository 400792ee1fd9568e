"""Signals on the shape of a text: empty, cut off, refused, going round in circles."""

from __future__ import annotations

import re
from collections import Counter

from zeta_router.signals.answer import HEAD, TAIL, Answer
from zeta_router.signals.blocks import blocks

_REFUSES = re.compile(
    r"\b(?:i(?:'m| am) (?:unable|not able|not comfortable)|(?:i|we) (?:can(?:no|')?t|cannot|won't|will not|"
    r"must decline|have to decline)|not something (?:that )?i can|as an ai(?: language)? model, i (?:can|do)|"
    r"ich kann (?:ihnen |dir )?(?:dabei|das|diese)|aber dabei|no puedo|je ne peux pas)\b"
)
"""In lower case, as the one below: to search without regard to case takes three times as long."""
_FROM_WHAT = re.compile(
    r"\b(?:assist|help (?:you )?with|provide|comply|fulfil+|answer|create|generate|do that|discuss|support|engage|"
    r"continue|access|browse|open|complete|process|translate|write|offer|give|perform|determine|"
    r"nicht (?:helfen|beantworten)|ayudarte|ayudar|responder|vous aider|t'aider|répondre)\b"
)
_OPENING = 260
"""Characters in which an answer that refuses says so."""
_LAST_WORDS = 240
"""Of an answer that are searched for a phrase that goes round in circles."""


class Empty:
    """Nothing was said and no tool was called."""

    name, weight = "empty", 0.9

    def look(self, answer: Answer) -> float | None:
        """Return 0 for an empty answer."""
        return 0.0 if not answer.tool_calls and not answer.said else None


class CutOff:
    """The answer ran into the model's own bound, or stops in the middle of a code block."""

    name, weight = "cut off", 0.5

    def look(self, answer: Answer) -> float | None:
        """Return a low score for an answer that was cut off."""
        if answer.bounded:
            return None
        if answer.done_reason == "length":
            return 0.2
        if "```" not in answer.text or len(answer.text) > HEAD + TAIL:
            return None
        return 0.2 if blocks(answer.text)[1] else None


class Refusal:
    """The answer says that it will not, or cannot."""

    name, weight = "refusal", 0.5

    def look(self, answer: Answer) -> float | None:
        """Return a low score for a refusal. It may be right to refuse, so the weight is half."""
        text = answer.said
        opening = text[:_OPENING].replace("’", "'").lower()
        found = _REFUSES.search(opening)
        if found is None or (len(text) > 1_200 and found.start() > 80):
            return None  # long answers that regret something on the way are answers
        return 0.1 if _FROM_WHAT.search(opening, found.end()) else None


class Repetition:
    """The answer goes round in circles: the same words, or the same lines, again and again."""

    name, weight = "repetition", 0.8

    def look(self, answer: Answer) -> float | None:
        """Return 0 where a loop takes up much of the answer."""
        text = answer.said
        words = text.rsplit(maxsplit=_LAST_WORDS)[-_LAST_WORDS:]
        if len(words) < 40:
            return 0.0 if _one_sign(text) else None
        if _loops(words):
            return 0.0
        lines = [line for line in map(str.strip, text.splitlines()) if len(line) > 25]
        again = sum(number - 1 for number in Counter(lines).values() if number > 2)
        return 0.0 if len(lines) >= 6 and again > 0.5 * len(lines) else None


def _one_sign(text: str) -> bool:
    """Return whether a text without spaces is one short piece over and over: `hahahaha...`."""
    return len(text) > 120 and re.search(r"(.{1,12}?)\1{12,}\Z", text[-400:], re.DOTALL) is not None


def _loops(words: list[str]) -> bool:
    """Return whether the last words are one phrase, of up to 60 words, at least 4 times in a row or 20 words long."""
    last = words[-1]
    for length in range(1, min(60, len(words) // 4) + 1):
        if words[-1 - length] != last:  # looked at first: most words are not the last one's like
            continue
        times = 1
        phrase = words[-length:]
        while words[-length * (times + 1) : -length * times] == phrase:
            times += 1
        if times >= 4 and times * length >= 24:
            return True
    return False
