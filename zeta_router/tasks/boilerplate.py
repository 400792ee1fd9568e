"""`Boilerplate`: which lines of a chain's prompts never change, so that the part that does can be heard."""

from __future__ import annotations

LEAST_LINE = 12
"""Characters below which a line proves nothing: `{`, `Answer:`."""
LEAST_TEXT = 400
"""Characters of constant lines below which they are left in: a short instruction is the best there is to go by."""
CONSTANT_AFTER = 3
"""Different prompts with a line after which it counts as constant."""
HEAD, TAIL = 6_000, 3_000
"""Characters at either end that are looked at: templates put their text around the material."""
KEPT = 150
"""Characters of constant text that are kept on either side of what varies: the instruction for it stands there."""
REMEMBERED = 4_096
"""Lines remembered, by their hashes; at least half of them at any time."""


class Boilerplate:
    """Counts lines over prompts, by hash, and cuts large constant parts down. Bounded; keeps no text."""

    def __init__(self) -> None:
        self._recent: dict[int, int] = {}
        self._older: dict[int, int] = {}

    def without(self, text: str) -> str:
        """Return a prompt without the bulk of its constant lines, and remember its lines.

        A prompt that has little constant text, or nothing else, comes back as it is.
        """
        if len(text) <= LEAST_TEXT:
            return text
        split = len(text) > HEAD + TAIL
        lines = (text[:HEAD] if split else text).splitlines()
        middle = len(lines)
        if split:
            lines.append(text[HEAD:-TAIL])
            lines += text[-TAIL:].splitlines()
        constant = [place != middle and self._is_constant(line) for place, line in enumerate(lines)]
        if sum([len(line) for line, known in zip(lines, constant, strict=True) if known]) < LEAST_TEXT:
            return text
        return _varying(lines, constant) or text

    def _is_constant(self, line: str) -> bool:
        """Return whether a line was in enough prompts before this one, and count it."""
        if len(line) < LEAST_LINE:
            return False
        key = hash(line)
        times = self._recent.get(key)
        if times is None:
            times = self._older.get(key, 0)
            if len(self._recent) >= REMEMBERED // 2:
                self._older, self._recent = self._recent, {}
        self._recent[key] = times + 1
        return times >= CONSTANT_AFTER


def _varying(lines: list[str], constant: list[bool]) -> str:
    """Return what varies, with a little of the constant text on both sides; "" where nothing varies."""
    varying = [place for place, known in enumerate(constant) if not known and len(lines[place]) >= LEAST_LINE]
    if not varying:
        return ""
    first, last = varying[0], varying[-1]
    before, after = "\n".join(lines[:first]), "\n".join(lines[last + 1 :])
    within = [line for place, line in enumerate(lines[first : last + 1], first) if not constant[place]]
    return "\n".join((before[-KEPT:], *within, after[:KEPT])).strip()
