"""`Scores`: every candidate with its score, best first, put into words and order only when somebody reads it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import Any, TypeAlias, overload

from zeta_router.decision import Candidate, Score

Row: TypeAlias = list[Any]
"""The fields of a `Score`, in its order; a list, because what an answer may teach is added last."""


def best_of(rows: Sequence[Row]) -> Row:
    """Return the one with the highest utility, the first of equals; there is one at least."""
    best = rows[0]
    for row in rows:
        if row[1] > best[1]:
            best = row
    return best


def candidates_of(scores: Sequence[Score]) -> Sequence[Candidate]:
    """Return who was scored, in any order."""
    return scores.offered if isinstance(scores, Scores) else [score.candidate for score in scores]


class Scores(Sequence[Score]):
    """An immutable sequence of scores that is sorted when it is first read.

    A decision reads the best two of its candidates; only people, logs and tests read them all.
    """

    __slots__ = ("_rows", "_scores", "offered")

    def __init__(self, rows: list[Row], first: Row, offered: Sequence[Candidate]) -> None:
        """Keep one row per candidate; `first`, which is one of them, comes first whatever its utility."""
        self.offered = offered
        """The candidates, in no order of merit: who asks for no more needs no scores."""
        self._rows: tuple[list[Row], Row] | None = (rows, first)
        self._scores: tuple[Score, ...] = ()

    def _read(self) -> tuple[Score, ...]:
        rows = self._rows
        if rows is not None:
            scores = [Score._make(row) for row in rows[0] if row is not rows[1]]
            scores.sort(key=itemgetter(1), reverse=True)
            self._scores = (Score._make(rows[1]), *scores)
            self._rows = None  # after: a second thread that reads at the same time makes the same
        return self._scores

    @overload
    def __getitem__(self, index: int) -> Score: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Score, ...]: ...
    def __getitem__(self, index: int | slice) -> Score | tuple[Score, ...]:
        return self._read()[index]

    def __len__(self) -> int:
        rows = self._rows
        return len(self._scores) if rows is None else len(rows[0])

    def __iter__(self) -> Iterator[Score]:
        return iter(self._read())

    def __eq__(self, other: object) -> bool:
        if isinstance(other, (Scores, tuple)):
            return self._read() == tuple(other)
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self._read())

    def __repr__(self) -> str:
        return repr(self._read())

    def __reduce__(self) -> tuple[Any, ...]:
        return tuple, (self._read(),)  # a copy is a plain tuple of scores: it is equal, and needs nothing of this class
