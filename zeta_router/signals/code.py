"""`CodeParses`: code in an answer that is no code."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from typing import Any

from zeta_router.parsing import parse_quietly
from zeta_router.signals.answer import Answer
from zeta_router.signals.blocks import blocks

_LONGEST = 8_000
"""Characters of a block that is parsed; longer ones are left alone, since parsing them takes milliseconds."""
_MOST = 4
_ELIDED = re.compile(r"^[ \t]*(?:\.\.\.|…|#\s*\.\.\.|//\s*\.\.\.|>>> |\$ )", re.MULTILINE)
"""What says that a block shows a piece, a session or a pattern, and not code to run."""

GRAMMARS = {
    "javascript": ("tree_sitter_javascript", "language"), "js": ("tree_sitter_javascript", "language"),
    "jsx": ("tree_sitter_javascript", "language"), "typescript": ("tree_sitter_typescript", "language_typescript"),
    "ts": ("tree_sitter_typescript", "language_typescript"), "tsx": ("tree_sitter_typescript", "language_tsx"),
    "go": ("tree_sitter_go", "language"), "rust": ("tree_sitter_rust", "language"),
    "rs": ("tree_sitter_rust", "language"), "java": ("tree_sitter_java", "language"),
    "c": ("tree_sitter_c", "language"), "cpp": ("tree_sitter_cpp", "language"), "c++": ("tree_sitter_cpp", "language"),
    "bash": ("tree_sitter_bash", "language"), "sh": ("tree_sitter_bash", "language"),
}  # fmt: skip
"""Name of a code block → package of its grammar and the function in it. Optional: `pip install zeta-router[code]`."""


class CodeParses:
    """The code blocks of an answer parse: Python and JSON always, other languages where their grammar is installed."""

    name, weight = "code", 0.5

    def look(self, answer: Answer) -> float | None:
        """Return a low score where a block does not parse, a fair one where all do, None where none can be told."""
        if "```" not in answer.part:
            return None
        told = [holds for language, code in _code_in(answer.part) if (holds := parses(language, code)) is not None]
        if not told:
            return None
        return 0.8 if all(told) else 0.1


def _code_in(text: str) -> list[tuple[str, str]]:
    closed, _ = blocks(text)
    return [(language, code) for language, code in closed if len(code) <= _LONGEST and not _ELIDED.search(code)][:_MOST]


def parses(language: str, code: str) -> bool | None:
    """Return whether code parses; None where nobody here can tell."""
    if not code.strip():
        return None
    if language in ("python", "py", "python3"):
        return _is_python(code)
    if language == "json":
        return _holds(json.loads, code)
    parser = _parser(language)
    return None if parser is None else not parser.parse(code.encode("utf-8", "replace")).root_node.has_error


def _is_python(code: str) -> bool:
    lines = code.expandtabs(4).splitlines()
    indent = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    code = "\n".join(line[indent:] for line in lines)  # a block inside of a list is indented as a whole
    return _holds(parse_quietly, code)


def _holds(parse: Callable[[str], object], code: str) -> bool:
    try:
        parse(code)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return False
    return True


@lru_cache(maxsize=32)
def _parser(language: str) -> Any:
    """Return a tree-sitter parser, or None where the language or its grammar is not there."""
    known = GRAMMARS.get(language)
    if known is None:
        return None
    try:
        tree_sitter, grammar = import_module("tree_sitter"), import_module(known[0])
    except ImportError:
        return None
    return tree_sitter.Parser(tree_sitter.Language(getattr(grammar, known[1])()))
