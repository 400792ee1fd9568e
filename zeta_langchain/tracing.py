"""One chain run around a call, so that its attempts stand below one node of the trace."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from langchain_core.callbacks import BaseCallbackHandler, BaseCallbackManager
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import get_async_callback_manager_for_config, get_callback_manager_for_config

Callbacks = list[BaseCallbackHandler] | BaseCallbackManager


class Trace:
    """The run around one call.

    Args:
        below: Returns a new manager for what runs below the call; None where nobody watches.
    """

    def __init__(self, below: Callable[[], BaseCallbackManager] | None) -> None:
        self._below = below
        self.output: Any = None
        """What the run ends with."""

    def callbacks(self, probe: BaseCallbackHandler) -> Callbacks:
        """Return the callbacks of one attempt: those of the call, and the probe."""
        if self._below is None:
            return [probe]
        manager = self._below()
        manager.add_handler(probe, inherit=True)
        return manager


@contextmanager
def traced(name: str, config: RunnableConfig, asked: Any) -> Iterator[Trace]:
    """Open the run of a call, and close it with its output or its error. With nobody to see it, there is none.

    Args:
        name: Of the run, unless the config has one.
        config: The caller's, ensured. `run_id` becomes the run's.
        asked: The caller's input.
    """
    manager = get_callback_manager_for_config(config)
    if not manager.handlers:
        yield Trace(manager.copy if manager.parent_run_id else None)
        return
    run = manager.on_chain_start(None, asked, name=config.get("run_name") or name, run_id=config.get("run_id"))
    trace = Trace(run.get_child)
    try:
        yield trace
    except BaseException as error:
        run.on_chain_error(error)
        raise
    run.on_chain_end(trace.output)


@asynccontextmanager
async def atraced(name: str, config: RunnableConfig, asked: Any) -> AsyncIterator[Trace]:
    """Do what `traced` does, for handlers that may be awaited."""
    manager = get_async_callback_manager_for_config(config)
    if not manager.handlers:
        yield Trace(manager.copy if manager.parent_run_id else None)
        return
    run = await manager.on_chain_start(None, asked, name=config.get("run_name") or name, run_id=config.get("run_id"))
    trace = Trace(run.get_child)
    try:
        yield trace
    except BaseException as error:
        await run.on_chain_error(error)
        raise
    await run.on_chain_end(trace.output)
