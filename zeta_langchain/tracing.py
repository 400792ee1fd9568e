"""One chain run around a call, so that its attempts stand below one node of the trace."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Protocol

from langchain_core.callbacks import BaseCallbackHandler, BaseCallbackManager
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import get_async_callback_manager_for_config, get_callback_manager_for_config

from zeta_langchain.watchers import is_watched

Callbacks = list[BaseCallbackHandler] | BaseCallbackManager


class Named(Protocol):
    """Whoever gives a run its name."""

    def get_name(self) -> str:
        """Return the name of the call in traces."""
        ...


class Trace:
    """The run around one call: a context, plain or awaited, that ends with the call's output or its error.

    With nobody to see it, there is none: opening it would cost more than the decision.

    Args:
        llm: Names the run, unless the config does.
        config: The caller's, ensured. `run_id` becomes the run's.
        asked: The caller's input.
    """

    __slots__ = ("_asked", "_config", "_llm", "_run", "is_watched", "output")

    def __init__(self, llm: Named, config: RunnableConfig, asked: Any) -> None:
        self._llm = llm
        self._config = config
        self._asked = asked
        self._run: Any = None
        self.is_watched = is_watched(config)
        """Whether anybody sees the runs of this call."""
        self.output: Any = None
        """What the run ends with."""

    def callbacks(self, probe: BaseCallbackHandler) -> Callbacks:
        """Return the callbacks of one attempt: those of the call, and its probe."""
        if self._run is not None:
            manager: BaseCallbackManager = self._run.get_child()
            # `seq:step:2` and the like are for one run only. The model has them, too, as it would without the node.
            manager.add_tags([tag for tag in self._run.tags if tag not in manager.tags], inherit=False)
        else:
            given: Any = self._config.get("callbacks")
            if not isinstance(given, BaseCallbackManager):
                return [*(given or ()), probe]
            manager = given.copy()
        manager.add_handler(probe, inherit=True)
        return manager

    def __enter__(self) -> Trace:
        if self.is_watched:
            self._run = get_callback_manager_for_config(self._config).on_chain_start(
                None, self._asked, name=self._name(), run_id=self._config.get("run_id")
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._run is None:
            return
        if error is None:
            self._run.on_chain_end(self.output)
        else:
            self._run.on_chain_error(error)

    async def __aenter__(self) -> Trace:
        if self.is_watched:
            self._run = await get_async_callback_manager_for_config(self._config).on_chain_start(
                None, self._asked, name=self._name(), run_id=self._config.get("run_id")
            )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._run is None:
            return
        if error is None:
            await self._run.on_chain_end(self.output)
        else:
            await self._run.on_chain_error(error)

    def _name(self) -> str:
        return self._config.get("run_name") or self._llm.get_name()
