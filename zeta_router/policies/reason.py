"""`Reason`: why a candidate was picked, put into words when somebody reads it."""

from __future__ import annotations

from typing import NamedTuple

from zeta_router.scores import Row, best_of


class Reason(NamedTuple):
    """The pick and what it was compared with, as they were when it was made."""

    best: Row
    among: list[Row]
    task: str
    expected: float
    """Seconds after which the user starts to mind."""

    def __str__(self) -> str:
        text = _in_words(self.best, f" of {self.expected:.0f} s expected for {self.task}")
        others = [row for row in self.among if row is not self.best]
        return f"{text}; next {_in_words(best_of(others))}" if others else text


def _in_words(row: Row, compared: str = "") -> str:
    candidate, _, quality, wait, load, prefill, decode, note, _, _ = row
    text = f"{candidate.card.name}: quality {quality:.2f}, {wait + load + prefill + decode:.1f} s{compared}"
    return f"{text}, {note}" if note else text
