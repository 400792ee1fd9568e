"""Parsing of Python that a model wrote, without a warning about it."""

from __future__ import annotations

import ast
import re
import warnings

_NAME = "<code of an answer>"
"""The file that warnings about a model's code name, and the module by which they are filtered."""
_ONLY_THERE = re.compile(re.escape(_NAME) + r"\Z")


def parse_quietly(code: str) -> ast.Module:
    r"""Return the tree of a model's code.

    The parser warns of `"\d"`, `1or 2` and the like: a DeprecationWarning or SyntaxWarning, by version. That is the
    model's business: nobody hears of it, and it is no error under `-W error`.

    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError: It does not parse.
    """
    if [place[3] for place in warnings.filters[:1]] != [_ONLY_THERE]:  # read once: another thread may empty the list
        # For good, and for this name alone. `catch_warnings` would put back what other threads changed meanwhile. A
        # later filter stands before it, such as `error` around a test: then it is moved to the front again.
        warnings.filterwarnings("ignore", module=_ONLY_THERE.pattern)
    return ast.parse(code, _NAME)
