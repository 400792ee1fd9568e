"""Functions of LangChain that tools for tracing put theirs in place of, to hear of calls there.

OpenInference, OpenLLMetry and MLflow replace `BaseCallbackManager.__init__`, Sentry replaces `_configure`, Datadog the
methods of `BaseChatModel`. Who goes past one of these must know that nobody listens there.
"""

from __future__ import annotations

import sys
from types import FunctionType, ModuleType
from typing import Any


def functions_of(owner: type | ModuleType, *names: str) -> tuple[Any, ...]:
    """Return functions, or class methods, as LangChain defines them: what the names stand for while nobody listens.

    In place of one that is missing, or was replaced before we came, stands an object that is nothing else.

    Args:
        owner: A class, or a module.
        names: Of its functions.
    """
    home = vars(owner)
    module = vars(sys.modules[owner.__module__]) if isinstance(owner, type) else home
    return tuple(home.get(name) if _is_defined_in(module, home.get(name)) else object() for name in names)


def _is_defined_in(module: dict[str, Any], found: Any) -> bool:
    """Return whether a module's own code defines a function. A wrapper may say so of itself, and comes from another."""
    function = found.__func__ if isinstance(found, classmethod) else found
    return type(function) is FunctionType and function.__globals__ is module
