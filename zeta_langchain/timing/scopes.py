"""Where a timing handler listens: inside a `with` block, or in the whole process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, cast

from langchain_core.tracers.context import register_configure_hook

from zeta_langchain.timing.handler import ZetaTimingHandler
from zeta_router.errors import ConfigError
from zeta_router.router import ZetaDynamicRouter

_scoped: ContextVar[ZetaTimingHandler | None] = ContextVar("zeta_timings", default=None)


class _Everywhere:
    """Looks like a context variable to LangChain, and has one value for all contexts: a real one's default is fixed."""

    def __init__(self) -> None:
        self.handler: ZetaTimingHandler | None = None

    def get(self) -> ZetaTimingHandler | None:
        """Return the handler that listens in the whole process."""
        return self.handler


_everywhere = _Everywhere()
_lock = threading.Lock()

# Once per process: LangChain has no way to take a hook back, and asks each of them on every run.
register_configure_hook(_scoped, inheritable=True)
register_configure_hook(cast("ContextVar[Any]", _everywhere), inheritable=True)


@contextmanager
def zeta_timings(router: ZetaDynamicRouter | None = None) -> Iterator[ZetaTimingHandler]:
    """Measure every LangChain model that is called inside the block, in its threads and tasks as well.

    ```python
    with zeta_timings() as timings:
        chain.invoke(question)
    for call in timings.calls:
        print(call.model, call.timings.total, call.fate)
    ```

    Args:
        router: As for `ZetaTimingHandler`. Blocks can be nested: calls in the inner one are in the outer one's list.
    """
    outer = _scoped.get()
    handler = ZetaTimingHandler(router, on_call=None if outer is None else outer.calls.append)
    token = _scoped.set(handler)
    try:
        yield handler
    finally:
        _scoped.reset(token)


def install_global(router: ZetaDynamicRouter | None = None) -> ZetaTimingHandler:
    """Measure every LangChain model of the process from now on, in all threads and event loops.

    Args:
        router: As for `ZetaTimingHandler`.

    Returns:
        The handler; the same one as long as it is installed.

    Raises:
        ConfigError: A handler with another router is installed.
    """
    with _lock:
        present = _everywhere.handler
        if present is None:
            present = _everywhere.handler = ZetaTimingHandler(router)
        elif router is not None and router is not present.router:
            raise ConfigError("timings are installed with another router; call uninstall_global() first")
        return present


def uninstall_global() -> None:
    """Stop measuring; calls that have begun are measured to their end. Harmless if nothing is installed."""
    with _lock:
        _everywhere.handler = None
