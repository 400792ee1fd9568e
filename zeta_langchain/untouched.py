"""Whether functions of LangChain are still its own: tools that trace put theirs in place, and hear of calls there.

OpenInference, OpenLLMetry and MLflow replace `BaseCallbackManager.__init__`, Sentry replaces `_configure`, Datadog the
methods of `BaseChatModel`. Who goes past one of these must know that nobody listens there.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from types import FunctionType, ModuleType
from typing import Any, NamedTuple


class Own(NamedTuple):
    """A function as LangChain defines it."""

    home: Mapping[str, Any]
    """Names of its class or module, as they are now."""
    name: str
    function: Any
    """What the name stands for in LangChain's own code. An object of its own where it was replaced before we came."""


def own(owner: type | ModuleType, *names: str) -> tuple[Own, ...]:
    """Return functions of a class or a module by their names."""
    home = vars(owner)
    module = vars(sys.modules[owner.__module__]) if isinstance(owner, type) else home
    return tuple(Own(home, name, _defined_in(module, home.get(name))) for name in names)


def functions_of(owner: type, *names: str) -> tuple[Any, ...]:
    """Return the functions alone, for a class whose subclasses may override them."""
    return tuple(function for _, _, function in own(owner, *names))


def untouched(functions: Iterable[Own]) -> bool:
    """Return whether functions are what they were."""
    for home, name, function in functions:  # noqa: SIM110 - asked on every call, and `all` takes twice as long
        if home.get(name) is not function:
            return False
    return True


def _defined_in(module: Mapping[str, Any], found: Any) -> Any:
    """Return a function or class method if the module's own code defines it, else something else than it."""
    function = found.__func__ if isinstance(found, classmethod) else found
    return found if isinstance(function, FunctionType) and function.__globals__ is module else object()
