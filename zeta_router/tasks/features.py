"""What a rule can see of a prompt: words, lines, numbers and signs, read once."""

from __future__ import annotations

from typing import NamedTuple

from zeta_router.tasks import lexicon
from zeta_router.tasks.text import sample

SEPARATORS = str.maketrans({chr(code): " " for code in range(128) if not (chr(code).isalnum() or chr(code) in "+#")})
"""Every ASCII sign separates words but those of c++ and c#. `str.translate` has a fast path for such tables."""

CODE_STARTS = (
    "def ", "class ", "import ", "from ", "#include", "function ", "const ", "let ", "var ", "public ", "private ",
    "static ", "return ", "if (", "for (", "while (", "package ", "using ", "namespace ", "struct ", "enum ", "fn ",
    "func ", "async ", "@", "<?php", "<div", "<p", "<html", "<script", "<img", "</", "SELECT ", "CREATE TABLE",
    "INSERT ", "UPDATE ", "FROM ", "$ ", "sudo ", "pip install", "docker ", "#!/", "} ", "});", "try:", "elif ",
)  # fmt: skip
"""How a line of source code, markup or shell begins. Prose does at times, so one such line is weak evidence."""

CODE_ENDS = ("{", "}", ";", "):", ");", "});", "/>", "},", "->")

TRACES = (
    "traceback (most recent call last)", "exception in thread", "error[e", "segmentation fault", "syntaxerror",
    "typeerror", "nullpointerexception", "undefined reference", "command not found", "error:", "npm err!",
)  # fmt: skip

MATH_SIGNS = ("^2", "^3", "$$")
MATH_SYMBOLS = ("∫", "∑", "√", "≤", "≥", "π", "∞", "∂", "∈", "×", "÷", "²", "³", "−", "∘", "°")
TEX_COMMANDS = ("\\frac", "\\sqrt", "\\int", "\\sum", "\\(", "\\[", "\\math", "\\left", "\\cdot", "\\le", "\\ge")
"""Looked for only where the text is not ASCII, or has a backslash at all."""


class Features(NamedTuple):
    """One prompt as the rules see it. Holds prompt text: never print or store it."""

    text: str
    """Sampled to about 2,000 characters."""
    lower: str
    opening: str
    """The first 60 characters that are not space, in lower case."""
    closing: str
    """The last 160 characters, in lower case."""
    groups: dict[str, int]
    """Group of the lexicon → how many different words of it occur."""
    vocabulary: frozenset[str]
    """Its different words, in lower case."""
    words: int
    """Words in the sample."""
    numbers: int
    """Words that are whole numbers."""
    code_lines: int
    """Lines that begin or end as code does."""
    math_signs: int
    """Different mathematical signs."""

    def __repr__(self) -> str:
        return f"<Features of {self.words} words, groups {self.groups}>"

    def has(self, group: str, at_least: int = 1) -> bool:
        """Return whether at least so many different words of a group occur."""
        return self.groups.get(group, 0) >= at_least


def read(text: str) -> Features:
    """Read a prompt once. Costs some 50 µs for 2,000 characters and no more for longer ones."""
    text = sample(text)
    lower = text.lower()
    words = lower.translate(SEPARATORS).split()
    vocabulary = frozenset(words)
    groups = lexicon.count(vocabulary)
    if not text.isascii() and (len(words) * 12 < len(text) or len(text) < 200):
        for group, number in lexicon.count_unspaced(text).items():
            groups[group] = groups.get(group, 0) + number
    lines = [line.strip() for line in text.splitlines()]
    return Features(
        text=text,
        lower=lower,
        opening=lower[:90].lstrip()[:60],
        closing=lower[-160:],
        groups=groups,
        vocabulary=vocabulary,
        words=len(words),
        numbers=sum(map(str.isdigit, words)),
        code_lines=sum(line.startswith(CODE_STARTS) or line.endswith(CODE_ENDS) for line in lines),
        math_signs=_math_signs(text),
    )


def _math_signs(text: str) -> int:
    found = sum(sign in text for sign in MATH_SIGNS)
    if not text.isascii():
        found += sum(symbol in text for symbol in MATH_SYMBOLS)
    if "\\" in text:
        found += sum(command in text for command in TEX_COMMANDS)
    return found
