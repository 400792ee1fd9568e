"""`Boilerplate`: which lines of a chain's prompts never change, so that the part that does can be heard."""

from __future__ import annotations

from collections.abc import Iterable

LEAST_LINE = 12
"""Characters below which a line proves nothing: `{`, `Answer:`."""
LEAST_TEXT = 400
"""Characters of constant lines below which they are left in: a short instruction is the best there is to go by."""
CONSTANT_AFTER = 3
"""Different prompts with a line after which it counts as constant."""
HEAD, TAIL = 6_000, 3_000
"""Characters at either end that are looked at: templates put their text around the material."""
KEPT = 120
"""Characters of whole constant lines that stay on either side of what varies, e.g. `Question of the user:`."""
REMEMBERED = 4_096
"""Lines remembered, by their hashes; at least half of them at any time."""


class Boilerplate:
    """Counts lines over prompts, by hash, and tells large constant parts from the rest. Bounded; keeps no text."""

    def __init__(self) -> None:
        self._recent: dict[int, int] = {}
        self._older: dict[int, int] = {}

    def split(self, text: str) -> tuple[str, str]:
        """Return what varies of a prompt, and what does not; and remember its lines.

        Of a prompt that has little constant text, or nothing else, all varies.
        """
        if len(text) <= LEAST_TEXT:
            return text, ""
        split = len(text) > HEAD + TAIL
        lines = (text[:HEAD] if split else text).splitlines()
        middle = len(lines)
        if split:
            lines.append(text[HEAD:-TAIL])
            lines += text[-TAIL:].splitlines()
        constant = [place != middle and self._is_constant(line) for place, line in enumerate(lines)]
        always = "\n".join([line for line, known in zip(lines, constant, strict=True) if known])
        varying = "" if len(always) < LEAST_TEXT else _varying(lines, constant)
        return (varying, always) if varying else (text, "")

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
    """Return what varies, with the constant lines that touch it; "" where nothing varies."""
    varying = [place for place, known in enumerate(constant) if not known and len(lines[place]) >= LEAST_LINE]
    if not varying:
        return ""
    first, last = varying[0], varying[-1]
    within = [line for place, line in enumerate(lines[first : last + 1], first) if not constant[place]]
    before, after = _whole_lines(lines[first - 1 :: -1] if first else []), _whole_lines(lines[last + 1 :])
    return "\n".join((*reversed(before), *within, *after))


def _whole_lines(lines: Iterable[str]) -> list[str]:
    """Return as many lines as fit."""
    room, found = KEPT, []
    for line in lines:
        room -= len(line)
        if room < 0:
            break
        found.append(line)
    return found
