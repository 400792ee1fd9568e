"""Whether anybody watches a call, found out without building what would tell them."""

from __future__ import annotations

from typing import Any

from langchain_core.callbacks import AsyncCallbackManager, BaseCallbackManager, CallbackManager, manager
from langchain_core.globals import get_debug
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import get_callback_manager_for_config
from langchain_core.tracers import context
from langchain_core.utils.env import env_var_is_set

from zeta_langchain.untouched import functions_of

_hooks: Any = getattr(context, "_configure_hooks", None)
_is_traced: Any = getattr(context, "_tracing_v2_is_enabled", None)
(_CONFIGURE,) = functions_of(manager, "_configure")
(_INIT,) = functions_of(BaseCallbackManager, "__init__")
(_FOR_CALLS,) = functions_of(CallbackManager, "configure")
(_FOR_AWAITED,) = functions_of(AsyncCallbackManager, "configure")


def is_watched(config: RunnableConfig) -> bool:
    """Return whether a callback manager for this config would have a handler.

    LangChain has one way to find out: to build the manager, which takes three times as long as these questions, on
    every call. They are asked of names that are private there. Where one of them is missing, or others have put a
    function of theirs in place, the manager is built.
    """
    if _hooks is None or _is_traced is None or not _are_langchains():
        return bool(get_callback_manager_for_config(config).handlers)
    callbacks: Any = config.get("callbacks")
    if callbacks and (isinstance(callbacks, list) or callbacks.handlers):
        return True
    if get_debug() or _is_traced():
        return True
    for variable, _, handler, environment in _hooks:
        if variable.get() is not None:
            return True
        if environment is not None and handler is not None and env_var_is_set(environment):
            return True
    return False


def _are_langchains() -> bool:
    """Return whether callback managers are made as LangChain makes them."""
    return (
        manager._configure is _CONFIGURE
        and BaseCallbackManager.__init__ is _INIT
        and vars(CallbackManager).get("configure") is _FOR_CALLS
        and vars(AsyncCallbackManager).get("configure") is _FOR_AWAITED
    )
