"""Vectors that put near texts near, without a model."""

from __future__ import annotations

import math
import zlib
from collections import Counter


class HashedNgrams:
    """Embeds a text by its hashed character trigrams and words: shared pieces mean a small angle.

    The sign of a piece comes from its hash too, so that collisions cancel on average. The same text, model and
    length give the same vector on every machine; two models give unrelated ones, as in life.
    Source: Weinberger et al. 2009, Feature Hashing for Large Scale Multitask Learning.
    """

    def embed(self, text: str, *, model: str, length: int) -> list[float]:
        """Return a unit vector of `length` numbers."""
        salt = zlib.crc32(model.encode())
        vector = [0.0] * length
        for piece, count in Counter(_pieces(text.lower())).items():
            # crc32 alone keeps the differences of similar pieces: multiplying by Knuth's constant scatters them.
            code = (zlib.crc32(piece.encode(errors="replace"), salt) * 2654435761) & 0xFFFFFFFF
            vector[(code >> 1) % length] += math.sqrt(count) * (1 if code & 0x80000000 else -1)
        norm = math.sqrt(sum(x * x for x in vector))
        if norm == 0.0:
            vector[0] = norm = 1.0
        return [x / norm for x in vector]


def _pieces(text: str) -> list[str]:
    words = text.split()
    padded = f" {' '.join(words)} "
    trigrams = [padded[i : i + 3] for i in range(len(padded) - 2)]
    return trigrams + words + words  # words count double: they carry more of the meaning
