"""Runs of a chat model that nobody hears of but the attempt: they take the place of those that tell callbacks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun

from zeta_langchain.deadlines import check
from zeta_router.attempts import Attempt


class Run(CallbackManagerForLLMRun):
    """The run of an attempt, as the model sees it: nobody hears of it but the attempt."""

    def __init__(self, attempt: Attempt, run_id: UUID, told: Mapping[str, Any]) -> None:
        super().__init__(run_id=run_id, handlers=[], inheritable_handlers=[], **told)
        self._attempt = attempt

    def on_llm_new_token(self, token: Any, **kwargs: Any) -> None:
        """Note a token, before the answer is whole."""
        heard(self._attempt)


class AsyncRun(AsyncCallbackManagerForLLMRun):
    """The same, awaited."""

    def __init__(self, attempt: Attempt, run_id: UUID, told: Mapping[str, Any]) -> None:
        super().__init__(run_id=run_id, handlers=[], inheritable_handlers=[], **told)
        self._attempt = attempt
        self._told = told

    def get_sync(self) -> Run:
        """Return the run for a model that can only be asked blocking, in a thread."""
        return Run(self._attempt, self.run_id, self._told)

    async def on_llm_new_token(self, token: Any, **kwargs: Any) -> None:
        """Note a token, before the answer is whole."""
        heard(self._attempt)


def heard(attempt: Attempt) -> None:
    """Note a token of an attempt.

    Raises:
        ServerTimeout: It comes after the deadline.
    """
    attempt.first_token()
    check(attempt)
