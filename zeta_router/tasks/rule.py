"""`Rule`: one observation and what it says about the task, and the tests that rules are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from zeta_router.tasks.features import SEPARATORS, Features


class Rule(NamedTuple):
    """One observation and what it says about the task."""

    reason: str
    """In words, to follow "because"."""
    holds: Callable[[Features], bool]
    weights: Mapping[str, float]
    """Task → change of its log-odds."""


def opens_with(*starts: str) -> Callable[[Features], bool]:
    """Return a test of the prompt's first words."""
    return lambda seen: seen.opening.startswith(starts)


def says(*phrases: str) -> Callable[[Features], bool]:
    """Return a test whether one of some phrases occurs anywhere.

    A phrase is searched for only where its longest word occurs: looking a word up is far cheaper than a search.
    """
    keys = [(max(phrase.translate(SEPARATORS).split(), key=len), phrase) for phrase in phrases]
    words = frozenset(key for key, _ in keys)

    def holds(seen: Features) -> bool:
        return not words.isdisjoint(seen.vocabulary) and any(
            key in seen.vocabulary and phrase in seen.lower for key, phrase in keys
        )

    return holds


def shows(*signs: str) -> Callable[[Features], bool]:
    """Return a test whether one of some signs, which need not be words, occurs anywhere."""
    return lambda seen: any(sign in seen.text for sign in signs)


def names(group: str, at_least: int = 1) -> Callable[[Features], bool]:
    """Return a test whether words of a group of the lexicon occur."""
    return lambda seen: seen.groups.get(group, 0) >= at_least
