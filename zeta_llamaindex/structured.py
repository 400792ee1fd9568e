"""Predictions that follow a schema, made the way of the child that answers: `Ollama` has a format of its own for it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Mapping, MutableMapping
from typing import Any

from llama_index.core.program.utils import FlexibleModel
from llama_index.core.prompts import PromptTemplate
from llama_index.core.types import Model

from zeta_llamaindex.delegation import Call
from zeta_llamaindex.waiting import arun, astream, run, stream


class Structured:
    """Predict objects. See `Chatting` for why this is a class of its own.

    The inherited way would turn the schema into a tool, whatever the child can do better. An answer that does not
    follow the schema costs an attempt (`Fate.invalid`), and the next model is asked.
    """

    def _structured_call(
        self, prompt: PromptTemplate, llm_kwargs: Mapping[str, Any] | None, prompt_args: MutableMapping[str, Any]
    ) -> tuple[Call[Any], dict[str, Any]]:
        """Plan a prediction; return what is left of `llm_kwargs` for the child."""
        raise NotImplementedError

    def structured_predict(
        self,
        output_cls: type[Model],
        prompt: PromptTemplate,
        llm_kwargs: dict[str, Any] | None = None,
        **prompt_args: Any,
    ) -> Model:
        """Return an object of `output_cls`.

        Args:
            output_cls: A pydantic class.
            prompt: The question.
            llm_kwargs: For the child; `zeta_task` and its like may stand here, or among `prompt_args`.
            prompt_args: What the prompt's variables stand for.

        Raises:
            EveryAttemptFailed: Models were tried, and no answer followed the schema.
        """
        call, kwargs = self._structured_call(prompt, llm_kwargs, prompt_args)
        found: Model = run(call, lambda llm: llm.structured_predict(output_cls, prompt, dict(kwargs), **prompt_args))
        return found

    async def astructured_predict(
        self,
        output_cls: type[Model],
        prompt: PromptTemplate,
        llm_kwargs: dict[str, Any] | None = None,
        **prompt_args: Any,
    ) -> Model:
        """Do what `structured_predict` does, awaited."""
        call, kwargs = self._structured_call(prompt, llm_kwargs, prompt_args)
        found: Model = await arun(
            call, lambda llm: llm.astructured_predict(output_cls, prompt, dict(kwargs), **prompt_args)
        )
        return found

    def stream_structured_predict(
        self,
        output_cls: type[Model],
        prompt: PromptTemplate,
        llm_kwargs: dict[str, Any] | None = None,
        **prompt_args: Any,
    ) -> Generator[Model | FlexibleModel, None, None]:
        """Yield the object as it grows. Another model can take over until the first one is there."""
        call, kwargs = self._structured_call(prompt, llm_kwargs, prompt_args)
        return stream(call, lambda llm: llm.stream_structured_predict(output_cls, prompt, dict(kwargs), **prompt_args))

    async def astream_structured_predict(
        self,
        output_cls: type[Model],
        prompt: PromptTemplate,
        llm_kwargs: dict[str, Any] | None = None,
        **prompt_args: Any,
    ) -> AsyncGenerator[Model | FlexibleModel, None]:
        """Do what `stream_structured_predict` does; awaited, it returns an async generator."""
        call, kwargs = self._structured_call(prompt, llm_kwargs, prompt_args)
        return await astream(
            call, lambda llm: llm.astream_structured_predict(output_cls, prompt, dict(kwargs), **prompt_args)
        )
