"""The runs of a call in a trace: one around it, and below it those of its conditions and branches."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.runnables.config import (
    ensure_config,
    get_async_callback_manager_for_config,
    get_callback_manager_for_config,
    patch_config,
)

from zeta_langchain.watchers import is_watched
from zeta_router.attempts import Attempt


class Unseen:
    """Stands for a run that nobody would see: opening one costs as much as deciding."""

    def on_chain_end(self, output: Any) -> None:
        """Nobody sees it."""

    def on_chain_error(self, error: BaseException) -> None:
        """Nobody sees it."""


class AUnseen:
    """Does what `Unseen` does, awaited."""

    async def on_chain_end(self, output: Any) -> None:
        """Nobody sees it."""

    async def on_chain_error(self, error: BaseException) -> None:
        """Nobody sees it."""


_UNSEEN, _AUNSEEN = Unseen(), AUnseen()


def begun(runnable: Runnable[Any, Any], asked: Any, config: RunnableConfig | None) -> tuple[RunnableConfig, Any]:
    """Open the run of a call, if anybody watches; return its config and the run. `run_id` becomes the run's."""
    config = ensure_config(config)
    if not is_watched(config):
        return _unnamed(config), _UNSEEN
    run = get_callback_manager_for_config(config).on_chain_start(
        None, asked, name=config.get("run_name") or runnable.get_name(), run_id=config.pop("run_id", None)
    )
    return config, run


async def abegun(runnable: Runnable[Any, Any], asked: Any, config: RunnableConfig | None) -> tuple[RunnableConfig, Any]:
    """Do what `begun` does, for handlers that may be awaited."""
    config = ensure_config(config)
    if not is_watched(config):
        return _unnamed(config), _AUNSEEN
    run = await get_async_callback_manager_for_config(config).on_chain_start(
        None, asked, name=config.get("run_name") or runnable.get_name(), run_id=config.pop("run_id", None)
    )
    return config, run


def _unnamed(config: RunnableConfig) -> RunnableConfig:
    """Return a config without what names the run of the caller; it is ours to change."""
    config.pop("run_id", None)
    config.pop("run_name", None)
    return config


def below(config: RunnableConfig, run: Any, what: str, name: str) -> RunnableConfig:
    """Return the config of something that runs below a run, tagged `what:name`."""
    if isinstance(run, (Unseen, AUnseen)):
        return config
    return patch_config(config, callbacks=run.get_child(tag=f"{what}:{name}"))


def branch_config(config: RunnableConfig, run: Any, attempt: Attempt) -> RunnableConfig:
    """Return the config of a branch: with the decision in its metadata, where traces and handlers find it."""
    if isinstance(run, (Unseen, AUnseen)):
        return config
    decision = attempt.decision
    told = {**(config.get("metadata") or {}), "zeta_branch": decision.model, "zeta_decision_id": decision.id}
    config = below(config, run, "branch", decision.model)
    config["metadata"] = told
    return config


@contextmanager
def closed(coming: Iterator[Any]) -> Iterator[Iterator[Any]]:
    """Close an iterator afterwards, if it is one that can be closed."""
    try:
        yield coming
    finally:
        close = getattr(coming, "close", None)
        if close is not None:
            close()


@asynccontextmanager
async def aclosed(coming: AsyncIterator[Any]) -> AsyncIterator[AsyncIterator[Any]]:
    """Close an awaited iterator afterwards, if it is one that can be closed."""
    try:
        yield coming
    finally:
        close = getattr(coming, "aclose", None)
        if close is not None:
            await close()
