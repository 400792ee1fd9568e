"""`ZetaRouterQueryEngine`: each query goes to the engine that answers it best, and to the next one if that fails."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from llama_index.core.base.base_selector import BaseSelector, SelectorResult, SingleSelection
from llama_index.core.base.response.schema import RESPONSE_TYPE
from llama_index.core.callbacks.schema import CBEventType, EventPayload
from llama_index.core.llms import LLM
from llama_index.core.prompts.default_prompt_selectors import DEFAULT_TREE_SUMMARIZE_PROMPT_SEL
from llama_index.core.prompts.mixin import PromptMixinType
from llama_index.core.query_engine.router_query_engine import RouterQueryEngine, acombine_responses, combine_responses
from llama_index.core.response_synthesizers import TreeSummarize
from llama_index.core.schema import QueryBundle
from llama_index.core.settings import Settings
from llama_index.core.tools.query_engine import QueryEngineTool

from zeta_llamaindex.choosing import Plan
from zeta_llamaindex.selectors import ZetaSingleSelector, selector_of
from zeta_llamaindex.together import arun_all, run_all
from zeta_router.attempts import Attempt

logger = logging.getLogger("zeta_llamaindex")


class ZetaRouterQueryEngine(RouterQueryEngine):
    """Asks the query engine that answers best, and the next best if it fails or finds nothing; learns from each answer.

    ```python
    engine = ZetaRouterQueryEngine.from_defaults(query_engine_tools)
    answer = engine.query("What did the author do in 1995?")
    engine.router.feedback(answer.metadata["zeta"]["decision_id"], 1.0)
    ```

    No model is asked to select. An engine is in flight until the end of its answer: a stream that breaks after its
    first part is the caller's, before that another engine takes over. To see that, the first part of a stream is
    awaited inside `query`.

    Args:
        selector: A `ZetaSingleSelector` or `ZetaMultiSelector`; another one is asked first, as its prior.
        query_engine_tools: The engines; their descriptions are what queries are compared with.
        llm: Combines the answers of several engines; None takes `Settings.llm` when it comes to that.
        summarizer: The same, with prompts of yours.
        verbose: Log each selection at level INFO.
    """

    def __init__(
        self,
        selector: BaseSelector | None,
        query_engine_tools: Sequence[QueryEngineTool],
        llm: LLM | None = None,
        summarizer: TreeSummarize | None = None,
        verbose: bool = False,
    ) -> None:
        # LlamaIndex's own constructor would build a model at once, though none may ever be asked.
        self.selector: ZetaSingleSelector = selector_of(selector, select_multi=False)
        self._given_llm = llm
        self._given_summarizer = summarizer
        self._query_engines = [tool.query_engine for tool in query_engine_tools]
        self._metadatas = [tool.metadata for tool in query_engine_tools]
        self._verbose = verbose
        super(RouterQueryEngine, self).__init__(callback_manager=Settings.callback_manager)

    @classmethod
    def from_defaults(
        cls,
        query_engine_tools: Sequence[QueryEngineTool],
        llm: LLM | None = None,
        selector: BaseSelector | None = None,
        summarizer: TreeSummarize | None = None,
        select_multi: bool = False,
        **kwargs: Any,
    ) -> ZetaRouterQueryEngine:
        """Return one over these engines; `select_multi` asks several and combines their answers."""
        ours = selector_of(selector, select_multi=select_multi)
        return cls(ours, query_engine_tools, llm=llm, summarizer=summarizer, **kwargs)

    @property
    def router(self) -> Any:
        """The router over the engines: `feedback`, `snapshot`, `subscribe`."""
        return self.selector.router

    def _get_prompt_modules(self) -> PromptMixinType:
        modules: PromptMixinType = {"selector": self.selector}
        return modules if self._given_summarizer is None else {**modules, "summarizer": self._given_summarizer}

    def _query(self, query_bundle: QueryBundle) -> RESPONSE_TYPE:
        with self._event(query_bundle) as event:
            plan = self.selector.plan(self._metadatas, query_bundle)

            def ask(number: int) -> RESPONSE_TYPE:
                return self._query_engines[number].query(query_bundle)

            answered = run_all(plan, self.selector.several(plan), ask)
            final = answered[0][0]
            if len(answered) > 1:
                final = combine_responses(self._combiner, [answer for answer, _ in answered], query_bundle)
            self._note(final, answered, plan)
            event.on_end(payload={EventPayload.RESPONSE: final})
        return final

    async def _aquery(self, query_bundle: QueryBundle) -> RESPONSE_TYPE:
        with self._event(query_bundle) as event:
            plan = await self.selector.aplan(self._metadatas, query_bundle)

            async def ask(number: int) -> RESPONSE_TYPE:
                return await self._query_engines[number].aquery(query_bundle)

            answered = await arun_all(plan, self.selector.several(plan), ask)
            final = answered[0][0]
            if len(answered) > 1:
                final = await acombine_responses(self._combiner, [answer for answer, _ in answered], query_bundle)
            self._note(final, answered, plan)
            event.on_end(payload={EventPayload.RESPONSE: final})
        return final

    def _event(self, query_bundle: QueryBundle) -> Any:
        return self.callback_manager.event(CBEventType.QUERY, payload={EventPayload.QUERY_STR: query_bundle.query_str})

    @property
    def _combiner(self) -> TreeSummarize:
        if self._given_summarizer is None:
            llm = Settings.llm if self._given_llm is None else self._given_llm
            self._given_summarizer = TreeSummarize(llm=llm, summary_template=DEFAULT_TREE_SUMMARIZE_PROMPT_SEL)
        return self._given_summarizer

    def _note(self, final: RESPONSE_TYPE, answered: Sequence[tuple[Any, Attempt]], plan: Plan) -> None:
        """Write into the response who has answered, where LlamaIndex writes it, and under `zeta`."""
        selections: list[SingleSelection] = []
        for _, attempt in answered:
            selection = self.selector.selection(attempt, plan)
            selections.append(selection)
            if self._verbose:
                logger.info("query engine %d: %s", selection.index, selection.reason)
        decision = answered[0][1].decision
        final.metadata = {
            **(final.metadata or {}),
            "selector_result": SelectorResult(selections=selections),
            "zeta": {
                "decision_id": decision.id,
                "choice": decision.model,
                "reason": decision.reason,
                "attempts": decision.attempt,
            },
        }
