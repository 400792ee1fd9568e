"""Query engines, retrievers and selectors that do what a test wrote down."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.base.base_selector import BaseSelector, SelectorResult, SingleSelection
from llama_index.core.base.response.schema import AsyncStreamingResponse, Response, StreamingResponse
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode
from llama_index.core.tools import QueryEngineTool, RetrieverTool, ToolMetadata

from zeta_router import Fate, OutcomeSeen, ZetaDynamicRouter
from zeta_router.testing import ManualClock

SALES = "Figures of the sales department: revenue, prices, customers."
STAFF = "People who work here: vacations, salaries, birthdays."


class Engine(BaseQueryEngine):
    """Says its line, or raises it; a list is streamed, and an exception in it breaks the stream."""

    def __init__(self, *lines: Any, clock: ManualClock | None = None, seconds: float = 0.0) -> None:
        super().__init__(callback_manager=None)
        self.lines = list(lines)
        self.asked: list[str] = []
        self._clock = clock
        self._seconds = seconds

    def _line(self, query: QueryBundle) -> Any:
        self.asked.append(query.query_str)
        if self._clock is not None:
            self._clock.advance(self._seconds)
        line = self.lines[0] if len(self.lines) == 1 else self.lines.pop(0)
        if isinstance(line, BaseException):
            raise line
        return line

    def _query(self, query_bundle: QueryBundle) -> Any:
        line = self._line(query_bundle)
        return StreamingResponse(response_gen=_parts(line)) if isinstance(line, list) else Response(line)

    async def _aquery(self, query_bundle: QueryBundle) -> Any:
        line = self._line(query_bundle)
        return AsyncStreamingResponse(response_gen=_aparts(line)) if isinstance(line, list) else Response(line)

    def _get_prompt_modules(self) -> Any:
        return {}


def _parts(line: list[Any]) -> Any:
    for part in line:
        if isinstance(part, BaseException):
            raise part
        yield part


async def _aparts(line: list[Any]) -> Any:
    for part in _parts(line):
        yield part


class Retriever(BaseRetriever):
    """Finds the texts that it was given, or raises."""

    def __init__(self, found: Any) -> None:
        super().__init__()
        self.found = found

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        if isinstance(self.found, Exception):
            raise self.found
        return [NodeWithScore(node=TextNode(id_=text, text=text), score=1.0) for text in self.found]


class Naming(BaseSelector):
    """A selector that names these indices, or raises."""

    def __init__(self, *answer: Any) -> None:
        self.answer = answer

    def _select(self, choices: Sequence[ToolMetadata], query: QueryBundle) -> SelectorResult:
        if self.answer and isinstance(self.answer[0], Exception):
            raise self.answer[0]
        return SelectorResult(selections=[SingleSelection(index=index, reason="named") for index in self.answer])

    async def _aselect(self, choices: Sequence[ToolMetadata], query: QueryBundle) -> SelectorResult:
        return self._select(choices, query)

    def _get_prompts(self) -> dict[str, Any]:
        return {}

    def _update_prompts(self, prompts: Any) -> None: ...


def engine_tools(**engines: Engine) -> list[QueryEngineTool]:
    """Return the engines as tools; `sales` and `staff` have descriptions."""
    described = {"sales": SALES, "staff": STAFF}
    return [
        QueryEngineTool.from_defaults(engine, name=name, description=described.get(name, name))
        for name, engine in engines.items()
    ]


def retriever_tools(**retrievers: Retriever) -> list[RetrieverTool]:
    """Return the retrievers as tools, in the same way."""
    described = {"sales": SALES, "staff": STAFF}
    return [
        RetrieverTool.from_defaults(retriever, name=name, description=described.get(name, name))
        for name, retriever in retrievers.items()
    ]


def outcomes(router: ZetaDynamicRouter) -> list[tuple[str, Fate]]:
    """Return a list that grows by choice and fate of each attempt from now on."""
    seen: list[tuple[str, Fate]] = []

    def hear(event: Any) -> None:
        if isinstance(event, OutcomeSeen):
            seen.append((event.decision.model, event.outcome.fate))

    router.subscribe(hear)
    return seen
