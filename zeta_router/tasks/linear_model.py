"""The trained model: weights of hashed n-grams, added up as packed integers.

Every n-gram has one weight, an int8, per head. A row of weights is kept as one Python integer with a field of 32 bits
per head, so that adding up the rows of a prompt costs one addition per n-gram, whatever the number of heads. That makes
a guess cheap without numpy.

The file is a line of JSON (heads, biases, scales, weights of what is observed), then for each family of n-grams its
keys (uint32) and its weights (int8, a row per key), all little-endian. `training/train_tasks.py` writes it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import repeat
from pathlib import Path
from struct import Struct
from typing import NamedTuple

from zeta_router.tasks.ngrams import Ngrams

FILE = Path(__file__).with_name("task_model.bin")

ZERO = 128
"""What the weight 0 of an n-gram is stored as: a packed field cannot be negative."""
ZERO_SEEN = 1 << 22
"""The same for the weights of what is observed, which are `SHARE` times finer."""
SHARE = 256
"""Fixed-point one of a family's share. Its n-grams share 1/sqrt(number of them), so that length does not shout."""
FIELD = 4
"""Bytes of a field: 2,000 n-grams make at most 2,000 · 255 · 256 / sqrt(2,000) in it, far below 2^32."""
MOST_WORDS = 3
"""How many words of a group count: a fourth word on programming says nothing new."""


class Scores(NamedTuple):
    """What the model says of one prompt."""

    heads: list[float]
    """Score of every head, in the order of the file."""
    seen: list[str]
    """What was observed, groups of words included."""


class LinearModel:
    """Scores every head for a prompt: bias + weights of its n-grams + weights of what is observed.

    Args:
        data: Contents of a model file.
    """

    def __init__(self, data: bytes) -> None:
        head, _, body = data.partition(b"\n")
        about = json.loads(head)
        self.heads: Mapping[str, Sequence[str]] = about["heads"]
        """Kind of head -> its heads, e.g. `task` -> `code`, ...; they follow each other in this order."""
        self.complexity: Mapping[str, float] = about["complexity"]
        """`length + slope · difficulty` below `low` is simple, above `high` complex."""
        self.lengths: Sequence[float] = about["lengths"]
        """Mean logarithm of an answer's tokens per kind of prompt; the length head says what to add."""
        self.weights_seen: Mapping[str, Sequence[float]] = about["seen"]
        """What can be observed -> its weight per head."""
        self.biases: Sequence[float] = about["biases"]
        self._scales: Sequence[float] = about["scales"]
        self._width = len(self.biases)
        self._numbers = Struct(f"<{self._width + 1}I")
        self._groups: Sequence[str] = tuple(about["groups"])
        self._low = 8 * FIELD * (self._width + 1)
        """Bits of a row below the counts of the groups."""
        self._rows_seen = {name: self._row_seen(weights) for name, weights in self.weights_seen.items()}
        self._tables = self._read_tables(about["keys"], memoryview(body))
        self._count_groups(about["groups"])

    def _row_seen(self, weights: Sequence[float]) -> int:
        steps = (ZERO_SEEN + round(w / scale) for w, scale in zip(weights, self._scales, strict=True))
        return int.from_bytes(self._numbers.pack(*steps, 0), "little")

    def _read_tables(self, sizes: Sequence[int], body: memoryview) -> list[dict[int, int]]:
        """Return one table per family: n-gram -> its weights, packed, with a field that counts rows above them."""
        tables: list[dict[int, int]] = []
        width = (self._width + 1) * FIELD
        start = 0
        for size in sizes:
            keys = Struct(f"<{size}I").unpack_from(body, start)
            start += 4 * size
            weights = body[start : start + size * self._width]
            start += size * self._width
            wide = bytearray(size * width)
            for field in range(self._width):
                wide[field * FIELD :: width] = weights[field :: self._width]
            wide[self._width * FIELD :: width] = bytes([1]) * size
            rows = (int.from_bytes(wide[at : at + width], "little") for at in range(0, size * width, width))
            tables.append(dict(zip(keys, rows, strict=True)))
        return tables

    def _count_groups(self, groups: Mapping[str, Sequence[int]]) -> None:
        """Let every word of a group count for it, in a field of its own above its weights."""
        words = self._tables[0]
        without_weight = int.from_bytes(self._numbers.pack(*[ZERO] * self._width, 1), "little")
        for place, keys in enumerate(groups.values()):
            for key in keys:
                words[key] = words.get(key, without_weight) + (1 << (self._low + 8 * FIELD * place))

    def scores(self, grams: Ngrams, observed: Sequence[str]) -> Scores:
        """Return the score of every head for a prompt's n-grams and what is observed of it."""
        total = 0
        seen = [*observed]
        for family, table in zip(grams, self._tables, strict=True):
            row = sum(map(table.get, family, repeat(0)))
            counts = row >> self._low
            if counts:
                seen += self._groups_seen(counts)
                row -= counts << self._low
            total += row * int(SHARE / (len(family) or 1) ** 0.5)
        rows = self._rows_seen
        total += sum([rows[name] for name in seen])
        *numbers, shares = self._numbers.unpack(total.to_bytes(self._numbers.size, "little"))
        zero = ZERO * shares + ZERO_SEEN * len(seen)
        return Scores(
            [b + s * (n - zero) for b, s, n in zip(self.biases, self._scales, numbers, strict=True)],
            seen,
        )

    def _groups_seen(self, counts: int) -> list[str]:
        fields = counts.to_bytes(FIELD * len(self._groups), "little")[::FIELD]
        return [
            f"{group} {step}"
            for group, count in zip(self._groups, fields, strict=True)
            if count
            for step in range(1, min(count, MOST_WORDS) + 1)
        ]


@cache
def load_model() -> LinearModel:
    """Return the model that ships with Zeta, read once per process."""
    return LinearModel(FILE.read_bytes())
