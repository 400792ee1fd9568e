"""A tokenizer for simulated models: no vocabulary, but the right number of tokens within some ten percent."""

from __future__ import annotations

import re
import zlib

# Words up to seven letters with the space before them, digits one by one, runs of the same sign, white space, and
# one token for each letter of scripts without spaces. English text comes out at about four characters a token.
_TOKEN = re.compile(
    r" ?[^\W\d_\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]{1,7}"
    r"|[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"
    r"|\d| ?_+| ?([^\w\s])\1*|\n+[ \t]*|\s"
)


def cut(text: str) -> tuple[str, ...]:
    """Cut a text into tokens; joined, they are the text again."""
    return tuple(match.group() for match in _TOKEN.finditer(text))


def count(text: str) -> int:
    """Return how many tokens a text has."""
    return len(cut(text))


def token_id(token: str, *, vocabulary: int = 128_000) -> int:
    """Return a number for a token, always the same."""
    return zlib.crc32(token.encode(errors="replace")) % vocabulary
