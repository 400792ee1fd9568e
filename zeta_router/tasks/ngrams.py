"""Hashed word and character n-grams of a text, made by loops that run in C."""

from __future__ import annotations

import sys
from array import array
from typing import NamedTuple
from zlib import crc32

PREFIX = 5
"""Bytes of a long word's beginning, which stands for its relatives: `summa`."""
OPENING_WORDS = 3
"""Words of the opening that count by their position: instructions tend to stand first."""
CHARACTERS = 4
"""Length of a character n-gram: four bytes are one number already, so that no hash has to be computed."""
EDGE_HEAD, EDGE_TAIL = 160, 80
"""Bytes at either end whose character n-grams are taken; in between, the words say enough."""

_UNSPACED_FROM = "\u2e80"
"""From here on scripts write words without spaces: their pairs of characters stand for words."""
_UNSPACED_PAIRS = 200

# Letters are lower case by then. Digits become 0, so that 12 and 57 are one word, and every other sign of ASCII
# separates words, but those of c++ and c#.
_SPELLING = bytes(
    code if code >= 128 or chr(code) in "+#" or chr(code).isalpha() else 48 if chr(code).isdigit() else 32
    for code in range(256)
)
WITHOUT_DIGITS = bytes(48 if code < 128 and chr(code).isdigit() else code for code in range(256))


class Ngrams(NamedTuple):
    """The different n-grams of a text by family. 32-bit numbers: the words cannot be read back from them."""

    words: set[int]
    """Words, and beginnings of long ones."""
    opening: set[int]
    """The first words with their places, the first pair, and the last word."""
    edges: set[int]
    """Runs of four characters at the text's head and tail."""


FAMILIES = Ngrams._fields


def ngrams(text: str) -> Ngrams:
    """Return the n-grams of a text, which the caller has cut to a few thousand characters."""
    data = text.lower().encode("utf-8", "replace")
    spelled = data.translate(_SPELLING).split()
    different = set(spelled)
    words = set(map(crc32, different))
    words.update([crc32(word[:PREFIX], 1) for word in different if len(word) > PREFIX])
    if not text.isascii() and max(text) >= _UNSPACED_FROM:
        end = min(len(text) - 1, _UNSPACED_PAIRS)
        words.update([crc32(text[i : i + 2].encode("utf-8", "replace")) for i in range(end)])
    opening = {crc32(word, place) for place, word in enumerate(spelled[:OPENING_WORDS])}
    if len(spelled) > 1:
        opening.add(crc32(spelled[1], crc32(spelled[0], OPENING_WORDS)))
        opening.add(crc32(spelled[-1], OPENING_WORDS + 1))
    folded = data.translate(WITHOUT_DIGITS)
    if len(folded) > EDGE_HEAD + EDGE_TAIL:
        folded = folded[:EDGE_HEAD] + folded[-EDGE_TAIL:]
    return Ngrams(words, opening, _four_bytes(folded))


def _four_bytes(data: bytes) -> set[int]:
    """Return every run of four bytes as one number, the same on every machine."""
    found: set[int] = set()
    for shift in range(CHARACTERS):
        end = shift + (len(data) - shift) // CHARACTERS * CHARACTERS
        if end > shift:
            numbers = array("I", data[shift:end])
            if sys.byteorder == "big":
                numbers.byteswap()
            found.update(numbers)
    return found
