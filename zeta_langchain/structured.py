"""What `ChatZeta.with_structured_output` returns."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

from langchain_core.language_models import LanguageModelInput
from langchain_core.runnables import RunnableConfig, RunnableSerializable
from pydantic import ConfigDict, Field

from zeta_langchain import modes
from zeta_langchain.delegation import DelegatingChatModel
from zeta_langchain.kinds import Objects


class ZetaStructured(RunnableSerializable[LanguageModelInput, Any]):
    """Picks a model per request, and has it answer with an object that follows a schema.

    An answer that does not follow it counts against the model, and the next one is asked.
    """

    llm: DelegatingChatModel
    answer_schema: Any
    """As `with_structured_output` takes it."""
    options: dict[str, Any] = Field(default_factory=dict)
    """Keywords for the child's `with_structured_output`."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    def invoke(self, input: LanguageModelInput, config: RunnableConfig | None = None, **kwargs: Any) -> Any:
        """Return the object."""
        return modes.answer(self.llm, input, config, kwargs, self._kind())

    async def ainvoke(self, input: LanguageModelInput, config: RunnableConfig | None = None, **kwargs: Any) -> Any:
        """Return the object, awaited."""
        return await modes.aanswer(self.llm, input, config, kwargs, self._kind())

    def stream(
        self, input: LanguageModelInput, config: RunnableConfig | None = None, **kwargs: Any | None
    ) -> Iterator[Any]:
        """Yield the object as it grows."""
        return modes.parts(self.llm, input, config, kwargs, self._kind())

    def astream(
        self, input: LanguageModelInput, config: RunnableConfig | None = None, **kwargs: Any | None
    ) -> AsyncIterator[Any]:
        """Yield the object as it grows, awaited."""
        return modes.aparts(self.llm, input, config, kwargs, self._kind())

    def _kind(self) -> Objects:
        return Objects(self.answer_schema, self.options)
