"""`ZetaModelMiddleware`: picks the model of every step of an agent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from langchain.agents.middleware.types import AgentMiddleware, ModelRequest, ModelResponse
from langchain.agents.structured_output import ProviderStrategy
from langchain_core.runnables.config import ensure_config
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool

from zeta_langchain.chat import ChatZeta
from zeta_langchain.founding import Given
from zeta_langchain.kinds import tool_names
from zeta_langchain.messages import request_of
from zeta_langchain.middleware.pool import Key, Pool, model_of_the_loop
from zeta_langchain.middleware.steps import Step
from zeta_router.errors import ConfigError, NoCapableModel
from zeta_router.request import Request

STICKINESS = 0.2
"""Utility that another model must offer more: staying keeps Ollama's prompt cache, which holds the whole conversation,
and the manner in which the loop has begun."""

Response = ModelResponse[Any]


class ZetaModelMiddleware(AgentMiddleware[Any, Any, Any]):
    """Middleware for `create_agent` that picks the model of every step, and learns from how the step went.

    ```python
    llm = ChatZeta(["qwen2.5-coder:7b", "qwen3:14b", "llama3.2:3b"])
    agent = create_agent(llm, tools, middleware=[ZetaModelMiddleware(llm)])
    ```

    Inside a tool loop it stays with the model that began it, unless another one is now worth clearly more. When a
    model fails, or answers with nothing, with a call that cannot be read or off its schema, the next best one is asked
    in the same step. `response_metadata["zeta"]` of the agent's messages says which model answered and why.

    With `ModelFallbackMiddleware` in either order: inside it, a model that the fallback insists on is left in its
    place; outside it, a model that was replaced is not credited for the other one's answer. A model put there by other
    middleware is used as it is, and timed if it is one of the pool.

    Args:
        models: A `ChatZeta`, or what it takes: names, cards, chat models.
        stickiness: Utility that another model must offer more to be switched to inside a tool loop, 0 or more.
        name: Of this object among an agent's middleware; two of one kind need two names.
        fields: For the `ChatZeta` that is made of `models`.

    Raises:
        ConfigError: A setting is wrong.
    """

    def __init__(
        self,
        models: ChatZeta | Given,
        *,
        stickiness: float = STICKINESS,
        name: str = "ZetaModelMiddleware",
        **fields: Any,
    ) -> None:
        super().__init__()
        if isinstance(stickiness, bool) or not isinstance(stickiness, (int, float)) or not stickiness >= 0:
            raise ConfigError(f"stickiness must be 0 or more, got {stickiness!r}")
        if isinstance(models, ChatZeta) and fields:
            raise ConfigError(f"give {', '.join(fields)} to the ChatZeta, or names instead of a ChatZeta")
        self.llm = models if isinstance(models, ChatZeta) else ChatZeta(models, **fields)
        self.tools: Sequence[BaseTool] = []
        self._pool = Pool(self.llm)
        self._stickiness = stickiness
        self._name = name

    @property
    def name(self) -> str:
        """Name among an agent's middleware."""
        return self._name

    def wrap_model_call(self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], Response]) -> Response:
        """Run a step on the best model, and on the next best while they fail."""
        step = self._step(request)
        if step is None:
            return handler(request)
        for turn in step.turns():
            with turn:
                return turn.answered(handler(turn.request))
        return step.give_up()

    async def awrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], Awaitable[Response]]
    ) -> Response:
        """Do what `wrap_model_call` does, awaited."""
        step = self._step(request)
        if step is None:
            return await handler(request)
        for turn in step.turns():
            with turn:
                return turn.answered(await handler(turn.request))
        return step.give_up()

    def _step(self, request: ModelRequest[Any]) -> Step | None:
        """Return the step that a request makes, or None where its model is somebody else's choice."""
        free = self._pool.is_free(request.model)
        key = None if free else self._pool.key_of(request.model)
        if not free and key is None:
            return None
        tools = [tool if isinstance(tool, dict) else convert_to_openai_tool(tool) for tool in request.tools]
        structured = request.response_format is not None
        asked = self._request(request, tools)
        router = self.llm.router
        try:
            if key is not None:
                attempts = router.plan(asked, model=key[0], prefer=key)
            else:
                pin = (ensure_config().get("configurable") or {}).get("zeta_model")
                attempts = router.plan(asked, model=pin, prefer=None if pin else self._stays_with(request, asked))
        except NoCapableModel:
            if isinstance(request.model, ChatZeta):
                raise
            return None  # the agent's own model may be able
        # The tools that stand for a schema are added later, under names that are not known here.
        return Step(request, attempts, self.llm._children_now().get, () if structured else tool_names(tools))

    def _request(self, request: ModelRequest[Any], tools: list[Any]) -> Request:
        system = [request.system_message] if request.system_message is not None else []
        by_tool = request.response_format is not None and not isinstance(request.response_format, ProviderStrategy)
        return request_of(
            [*system, *request.messages],
            tools=tools,
            needs=("tools",) if by_tool else (),
            configurable=ensure_config().get("configurable"),
        )

    def _stays_with(self, request: ModelRequest[Any], asked: Request) -> Key | None:
        """Return the model of the loop, unless another one is worth clearly more now: it slowed down, or failed."""
        key = model_of_the_loop(request.messages)
        if key is None:
            return None
        scores = self.llm.router.explain(asked).candidates
        present = next((score for score in scores if score.candidate.key == key), None)
        if present is None or max(score.utility for score in scores) - present.utility > self._stickiness:
            return None
        return key
