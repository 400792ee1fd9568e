"""Whose child works now: what handlers see of its call, the router of that `ZetaLLM` books itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import TypeVar

from zeta_router.router import ZetaDynamicRouter

Asked = TypeVar("Asked")


class Asking:
    """Remembers who asks, while a child is asked. There is one, `ASKING`, as there is one instrumentation."""

    def __init__(self) -> None:
        self.watched = False
        """Whether anybody has begun to watch calls; until then nobody wants to know who asks."""
        self._router: ContextVar[ZetaDynamicRouter | None] = ContextVar("zeta_asked_by", default=None)

    @property
    def router(self) -> ZetaDynamicRouter | None:
        """The router whose child works now; None where no `ZetaLLM` asked."""
        return self._router.get()

    def by(self, router: ZetaDynamicRouter, ask: Callable[..., Asked], *arguments: object) -> Asked:
        """Return `ask(*arguments)`: the answer of a child, its stream, or the next part of that.

        Some children ask a further LLM only when the first part is wanted.
        """
        if not self.watched:
            return ask(*arguments)
        before = self._router.set(router)
        try:
            return ask(*arguments)
        finally:
            self._router.reset(before)

    async def aby(self, router: ZetaDynamicRouter, ask: Callable[..., Awaitable[Asked]], *arguments: object) -> Asked:
        """Do the same, awaited."""
        if not self.watched:
            return await ask(*arguments)
        before = self._router.set(router)
        try:
            return await ask(*arguments)
        finally:
            self._router.reset(before)


ASKING = Asking()
