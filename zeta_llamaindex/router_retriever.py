"""`ZetaRouterRetriever`: each query goes to the retriever that finds best, and to the next one if that fails."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llama_index.core.base.base_selector import BaseSelector
from llama_index.core.callbacks.schema import CBEventType, EventPayload
from llama_index.core.llms import LLM
from llama_index.core.prompts.mixin import PromptMixinType
from llama_index.core.retrievers import RouterRetriever
from llama_index.core.schema import IndexNode, NodeWithScore, QueryBundle
from llama_index.core.settings import Settings
from llama_index.core.tools.retriever_tool import RetrieverTool

from zeta_llamaindex.selectors import ZetaSingleSelector, selector_of
from zeta_llamaindex.together import Given, arun_all, run_all

Nodes = list[NodeWithScore]


class ZetaRouterRetriever(RouterRetriever):
    """Asks the retriever that finds best, and the next best if it fails or finds nothing; learns from each answer.

    ```python
    retriever = ZetaRouterRetriever.from_defaults(retriever_tools)
    nodes = retriever.retrieve("What did the author do in 1995?")
    ```

    No model is asked to select. With a `ZetaMultiSelector` several are asked, and their nodes joined.

    Args:
        selector: A `ZetaSingleSelector` or `ZetaMultiSelector`; another one is asked first, as its prior.
        retriever_tools: The retrievers; their descriptions are what queries are compared with.
        llm: Not needed; here because LlamaIndex's own has it.
        objects: As in LlamaIndex.
        object_map: As in LlamaIndex.
        verbose: As in LlamaIndex.
    """

    def __init__(
        self,
        selector: BaseSelector | None,
        retriever_tools: Sequence[RetrieverTool],
        llm: LLM | None = None,
        objects: list[IndexNode] | None = None,
        object_map: dict[str, Any] | None = None,
        verbose: bool = False,
    ) -> None:
        # LlamaIndex's own constructor would build a model at once, though none is ever asked.
        self.selector: ZetaSingleSelector = selector_of(selector, select_multi=False)
        self._retrievers = [tool.retriever for tool in retriever_tools]
        self._metadatas = [tool.metadata for tool in retriever_tools]
        super(RouterRetriever, self).__init__(
            callback_manager=Settings.callback_manager, object_map=object_map, objects=objects, verbose=verbose
        )

    @classmethod
    def from_defaults(
        cls,
        retriever_tools: Sequence[RetrieverTool],
        llm: LLM | None = None,
        selector: BaseSelector | None = None,
        select_multi: bool = False,
    ) -> ZetaRouterRetriever:
        """Return one over these retrievers; `select_multi` asks several and joins what they find."""
        return cls(selector_of(selector, select_multi=select_multi), retriever_tools, llm=llm)

    @property
    def router(self) -> Any:
        """The router over the retrievers: `feedback`, `snapshot`, `subscribe`."""
        return self.selector.router

    def _get_prompt_modules(self) -> PromptMixinType:
        return {"selector": self.selector}

    def _retrieve(self, query_bundle: QueryBundle) -> Nodes:
        with self._event(query_bundle) as event:
            plan = self.selector.plan(self._metadatas, query_bundle)

            def ask(number: int) -> Nodes:
                return self._retrievers[number].retrieve(query_bundle)

            nodes = _joined(run_all(plan, self.selector.several(plan), ask))
            event.on_end(payload={EventPayload.NODES: nodes})
        return nodes

    async def _aretrieve(self, query_bundle: QueryBundle) -> Nodes:
        with self._event(query_bundle) as event:
            plan = await self.selector.aplan(self._metadatas, query_bundle)

            async def ask(number: int) -> Nodes:
                return await self._retrievers[number].aretrieve(query_bundle)

            nodes = _joined(await arun_all(plan, self.selector.several(plan), ask))
            event.on_end(payload={EventPayload.NODES: nodes})
        return nodes

    def _event(self, query_bundle: QueryBundle) -> Any:
        payload: dict[str, Any] = {EventPayload.QUERY_STR: query_bundle.query_str}
        return self.callback_manager.event(CBEventType.RETRIEVE, payload=payload)


def _joined(given: Given[Nodes]) -> Nodes:
    """Return the nodes that several retrievers have found, each once."""
    nodes = {node.node.node_id: node for found, _ in given for node in found}
    return list(nodes.values())
