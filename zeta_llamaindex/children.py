"""The LLMs that a `ZetaLLM` hands its calls to, one per model and host: given by the user, or built when needed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from weakref import WeakKeyDictionary

from llama_index.core.callbacks import CallbackManager
from llama_index.core.llms import LLM

Key = tuple[str, str]
"""Model and host."""


class _Anywhere:
    """Stands for "no event loop" where copies are kept by the loop they belong to."""


_ANYWHERE = _Anywhere()


class Child:
    """One LLM, and the copies of it that some calls need.

    An `Ollama` keeps the asynchronous client of its first event loop, and a second `asyncio.run` would end with "Event
    loop is closed" (https://github.com/ollama/ollama-python/issues/547): every later loop has a copy with a client of
    its own. It also takes `think=False` in a call for "not given" (https://github.com/run-llama/llama_index/issues/22467):
    such a call goes to a copy that never thinks.

    Args:
        llm: The LLM itself.
        new_async_client: Makes the client of a copy; None makes one from the fields of the LLM.
    """

    def __init__(self, llm: LLM, *, new_async_client: Callable[[], Any] | None = None) -> None:
        self.llm = llm
        self._new_async_client = new_async_client or self._client_like_its_own
        self.is_ollama = llm.class_name() == "Ollama_llm"
        """Whether it is LlamaIndex's own `Ollama`, whose habits are known."""
        self._can_think = hasattr(llm, "thinking")
        self._has_a_loop = False
        self._copies: WeakKeyDictionary[Any, dict[bool, LLM]] = WeakKeyDictionary()
        self._lock = threading.Lock()

    def get(self, loop: asyncio.AbstractEventLoop | None = None, thinks: bool = True) -> LLM:
        """Return the LLM to call.

        Args:
            loop: The event loop that will await it, or None for a call that blocks.
            thinks: False where the call says `think=False`.
        """
        if thinks and (loop is None or not self.is_ollama):
            return self.llm
        where = loop if loop is not None and self.is_ollama else _ANYWHERE
        thinks = thinks or not self._can_think
        copies = self._copies.get(where)
        if copies is None or thinks not in copies:
            with self._lock:
                copies = self._copies.setdefault(where, {})
                if True not in copies:
                    copies[True] = self._for(where)
                if not thinks and False not in copies:
                    copies[False] = copies[True].model_copy(update={"thinking": False})
        llm = copies[thinks]
        if llm.callback_manager is not self.llm.callback_manager:
            llm.callback_manager = self.llm.callback_manager
        return llm

    def _for(self, where: object) -> LLM:
        if where is _ANYWHERE:
            return self.llm
        if not self._has_a_loop:
            self._has_a_loop = True
            return self.llm
        copy: Any = self.llm.model_copy()
        copy._async_client = self._new_async_client()
        return copy  # type: ignore[no-any-return]

    def _client_like_its_own(self) -> Any:
        """Return the client that an `Ollama` makes for itself, but for kept connections: they outlive their loop."""
        import httpx
        import ollama

        llm: Any = self.llm
        limits = httpx.Limits(max_keepalive_connections=0)
        return ollama.AsyncClient(llm.base_url, timeout=llm.request_timeout, headers=llm.headers or {}, limits=limits)


class Children:
    """Finds or builds the child for a model on a host. Safe to use from several threads and event loops.

    Args:
        given: The children that exist already.
        build: Makes one that does not, when it is first asked for.
    """

    def __init__(self, given: Mapping[Key, LLM], build: Callable[[Key], Child]) -> None:
        self._build = build
        self._children = {key: Child(llm) for key, llm in given.items()}
        self._manager: CallbackManager | None = None
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"<Children {', '.join(f'{model} on {host}' for model, host in self._children) or 'none yet'}>"

    def __iter__(self) -> Iterator[LLM]:
        return iter([child.llm for child in self._children.values()])

    def get(self, key: Key) -> Child:
        """Return the child for a model on a host.

        Raises:
            ConfigError: There is none, and none can be built.
        """
        child = self._children.get(key)
        if child is not None:
            return child
        with self._lock:
            if key not in self._children:
                child = self._build(key)
                if self._manager is not None:
                    child.llm.callback_manager = self._manager
                self._children[key] = child
            return self._children[key]

    def hand_down(self, manager: CallbackManager) -> None:
        """Give the children a callback manager, unless they have handlers of their own.

        `Settings.llm` sets the manager of the router on each access; the events come from the children.
        """
        if manager is self._manager or (self._manager is None and not manager.handlers):
            return
        with self._lock:
            before, self._manager = self._manager, manager
            for child in self._children.values():
                theirs = child.llm.callback_manager
                if theirs is before or not theirs.handlers:
                    child.llm.callback_manager = manager
