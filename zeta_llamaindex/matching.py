"""Which description fits a query: by its words, and by the words of past queries that went well. No model is asked."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from zlib import crc32

K1, B = 1.2, 0.75
"""Of BM25, as everybody sets them. Source: Robertson and Zaragoza 2009, The Probabilistic Relevance Framework."""

DOUBT = 0.25
"""Added to every score: one common word that matches is not all, and none is not nothing."""

MOST_LEARNED = 3.0
"""Times that a word of past queries may count, beside those in the description."""

MOST_WORDS = 2_000
"""Words kept per choice; beyond that the weakest half is let go."""

QUERY_WORDS = 200
"""Different words of a query that are looked at."""

_WORD = re.compile(r"[^\W_]+")
_ENDINGS = ("ies", "ing", "es", "ed", "s")
_FILLERS = """
a about all an and any are as at be been but by can could did do does for from had has have how i if in into is it its
me my no not of on or our out over should so some such than that the their them then there these they this to use used
useful using was we were what when where which who why will with would you your
"""
_STOPWORDS = frozenset(_FILLERS.split())


def words_of(text: str) -> list[int]:
    """Return a text's words as numbers: lower case, without endings and filler words. They do not tell the words."""
    return [crc32(_stem(word).encode()) for word in _WORD.findall(text.lower()) if word not in _STOPWORDS]


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)]
            break
    return word[:-1] if len(word) > 3 and word[-1] in "ey" else word


class Matcher:
    """How well choices fit queries. Choices go by their names; bounded, and safe to use from several threads."""

    def __init__(self) -> None:
        self._learned: dict[str, dict[int, float]] = {}
        self._described: dict[tuple[str, str], Counter[int]] = {}

    def fits(self, query: Iterable[int], choices: Sequence[tuple[str, str]]) -> list[float]:
        """Return how well each choice fits, in (0, 1]: the best has 1, and all have 1 where no word tells them apart.

        Args:
            query: What `words_of` made of it.
            choices: Names and descriptions.
        """
        documents = [self._document(*choice) for choice in choices]
        average = sum(document.total() for document in documents) / len(documents) or 1.0
        scores = [DOUBT] * len(choices)
        for word in list(dict.fromkeys(query))[:QUERY_WORDS]:
            counts = [
                max(0.0, document[word] + self._learned.get(name, {}).get(word, 0.0))
                for document, (name, _) in zip(documents, choices, strict=True)
            ]
            having = sum(count > 0 for count in counts)
            rarity = math.log(1 + (len(choices) - having + 0.5) / (having + 0.5))
            for number, count in enumerate(counts):
                length = documents[number].total() / average
                scores[number] += rarity * count * (K1 + 1) / (count + K1 * (1 - B + B * length))
        best = max(scores)
        return [score / best for score in scores]

    def learn(self, name: str, query: Iterable[int], weight: float) -> None:
        """Note that a choice did well for a query, or with a weight below 0 that it did not; 1 is one word more."""
        learned = self._learned.setdefault(name, {})
        for word in list(dict.fromkeys(query))[:QUERY_WORDS]:
            learned[word] = min(max(learned.get(word, 0.0) + weight, -MOST_LEARNED), MOST_LEARNED)
        if len(learned) > MOST_WORDS:
            strongest = sorted(learned.items(), key=lambda item: abs(item[1]), reverse=True)
            self._learned[name] = dict(strongest[: MOST_WORDS // 2])

    def _document(self, name: str, description: str) -> Counter[int]:
        key = (name, description)
        if key not in self._described:
            if len(self._described) >= MOST_WORDS:
                self._described.clear()
            self._described[key] = Counter(words_of(f"{name} {name} {description}"))
        return self._described[key]
