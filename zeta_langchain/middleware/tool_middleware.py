"""`ZetaToolMiddleware`: which tools a model is shown, and which of several that do the same job runs."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from langchain.agents.middleware.types import AgentMiddleware, ModelRequest, ModelResponse, ToolCallRequest
from langchain_core.messages import AIMessage, ToolMessage
from langchain_core.runnables.config import ensure_config
from langchain_core.tools import BaseTool

from zeta_langchain.messages import session_in
from zeta_langchain.middleware.jobs import Jobs
from zeta_langchain.middleware.shown import HIDDEN, hidden_from, marked, question_in, without
from zeta_langchain.middleware.tool_selection import ToolSelection
from zeta_langchain.middleware.tool_turns import ToolTurns, Useful
from zeta_router.attempts import Attempt
from zeta_router.errors import ConfigError, UnknownDecision
from zeta_router.limits import Limits
from zeta_router.objective import Objective
from zeta_router.policies.phase_times import PhaseTimes
from zeta_router.router import ZetaDynamicRouter
from zeta_router.runs import AlwaysWarm, run_card, run_request
from zeta_router.tasks import classify

KIND = "tool"
STOPPED_MOST = 1_000
"""Tool calls that wait for a person and are remembered, so that the same tool goes on."""

Response = ModelResponse[Any]


class ZetaToolMiddleware(AgentMiddleware[Any, Any, Any]):
    """Middleware for `create_agent`: the best of the tools that do the same job, and only the tools that are of use.

    ```python
    tools = ZetaToolMiddleware(alternatives=[[search, other_search]], limit=8, always=["ask_person"])
    agent = create_agent(llm, my_tools, middleware=[tools])
    ```

    Of tools that do the same job the model sees the first, under its name. The one that runs is picked by what was
    learned: how long each takes, how often it fails, how useful its results are. One that fails is followed by the
    next in the same step. The times and failures of all other tools are learned, too:
    `middleware.router.performance_metrics`.

    With `limit`, only the tools that fit the question are shown, by their words and by what was called for such
    questions before; no model is asked. Inside a tool loop they stay the same. A call of a tool that was not shown is
    refused: LangChain would run it.

    A result's `response_metadata["zeta"]` says which tool made it, with the `decision_id` for `router.feedback`.

    Args:
        alternatives: One list of tools per job; the middleware brings them along, so that `tools` needs none of them.
        limit: Tools that are shown at most; None shows all.
        always: Names of tools that are shown on top of these.
        useful: Takes a result, returns how useful it is: True, False, or a number in [0, 1]. At 0 the next tool is
            tried.
        objective: `balanced`, `fastest`, `best`, or numbers of your own.
        router: One to use, over tools alone; None makes one.
        name: Of this object among an agent's middleware; two of one kind need two names.

    Raises:
        ConfigError: A setting is wrong.
    """

    def __init__(
        self,
        *,
        alternatives: Sequence[Sequence[BaseTool]] = (),
        limit: int | None = None,
        always: Collection[str] = (),
        useful: Useful | None = None,
        objective: str | Objective = "balanced",
        router: ZetaDynamicRouter | None = None,
        name: str = "ZetaToolMiddleware",
    ) -> None:
        super().__init__()
        if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 1):
            raise ConfigError(f"limit must be a whole number above 0, got {limit!r}; None shows all tools")
        if isinstance(always, str):
            raise ConfigError(f"always must be a list of names, got one string; write [{always!r}]")
        self._jobs = Jobs(alternatives)
        self._selection = None if limit is None else ToolSelection(limit, always)
        self._useful = useful
        self._name = name
        self._stopped: OrderedDict[str, tuple[str, str]] = OrderedDict()
        self._lock = threading.Lock()
        self.tools: Sequence[BaseTool] = self._jobs.faces
        wanted = objective if isinstance(objective, Objective) else Objective.named(objective)
        if router is not None and any(card.host != f"{KIND}:{card.name}" for card in router.cards):
            raise ConfigError("the router of a ZetaToolMiddleware has tools only; give it one of its own")
        if router is None:
            limits = Limits(attempts=self._jobs.most)
            router = ZetaDynamicRouter([], objective=wanted, policy=AlwaysWarm(PhaseTimes(wanted)), limits=limits)
        self.router = router

    @property
    def name(self) -> str:
        """Name among an agent's middleware."""
        return self._name

    # -- what the model is shown ---------------------------------------------------------------------------------

    def wrap_model_call(self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], Response]) -> Response:
        """Show the model the tools of use."""
        kind, hidden = self._hidden(request)
        return self._noted(request, kind, hidden, handler(without(request, hidden)))

    async def awrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], Awaitable[Response]]
    ) -> Response:
        """Do what `wrap_model_call` does, awaited."""
        kind, hidden = self._hidden(request)
        return self._noted(request, kind, hidden, await handler(without(request, hidden)))

    def _hidden(self, request: ModelRequest[Any]) -> tuple[str, list[str]]:
        """Return the kind of question, and the names of the tools that are not shown."""
        tools = [tool for tool in request.tools if isinstance(tool, BaseTool)]
        behind = self._jobs.behind
        hidden = [tool.name for tool in tools if tool.name in behind]
        if self._selection is None:
            return "", hidden
        question, loop = question_in(request.messages)
        kind = classify(question).task
        shown_before = next(
            (m.response_metadata[HIDDEN] for m in reversed(loop) if HIDDEN in m.response_metadata), None
        )
        if isinstance(shown_before, list):
            return kind, [tool.name for tool in tools if tool.name in shown_before]
        called = {call["name"] for message in loop for call in message.tool_calls}
        loose = [tool for tool in tools if tool.name not in behind]
        return kind, hidden + self._selection.hidden(loose, question, kind, called=called)

    def _noted(
        self, request: ModelRequest[Any], kind: str, hidden: list[str], response: Response | AIMessage
    ) -> Response:
        """Count what was shown and called, and write into the message what was not shown."""
        if isinstance(response, AIMessage):
            response = ModelResponse(result=[response])
        if self._selection is not None:
            is_new = not question_in(request.messages)[1]
            shown = [tool.name for tool in request.tools if isinstance(tool, BaseTool) and tool.name not in hidden]
            called = {c["name"] for one in response.result if isinstance(one, AIMessage) for c in one.tool_calls}
            self._selection.note(kind, shown=shown if is_new else (), called=called.intersection(shown))
        if not hidden:
            return response
        return replace(response, result=[marked(one, hidden) for one in response.result])

    # -- what runs -----------------------------------------------------------------------------------------------

    def wrap_tool_call(self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Any]) -> Any:
        """Run the best of the tools that do what was asked, and the next best while they fail."""
        turns = self._turns(request)
        if not isinstance(turns, ToolTurns):
            return handler(request) if turns is None else turns
        for turn in turns:
            with turn:
                return turn.answered(handler(turn.request))
        return turns.give_up()

    async def awrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Awaitable[Any]]
    ) -> Any:
        """Do what `wrap_tool_call` does, awaited."""
        turns = self._turns(request)
        if not isinstance(turns, ToolTurns):
            return await handler(request) if turns is None else turns
        for turn in turns:
            with turn:
                return turn.answered(await handler(turn.request))
        return turns.give_up()

    def _turns(self, request: ToolCallRequest) -> ToolTurns | ToolMessage | None:
        """Return the turns that a call makes, its refusal, or None where nobody knows the tool."""
        call = request.tool_call
        if call["name"] in hidden_from(request.state, call["id"]):
            return ToolMessage(
                f"Error: {call['name']} is not available now, try one of the tools that are.",
                name=call["name"],
                tool_call_id=call["id"],
                status="error",
            )
        tools = self._jobs.of(call["name"], request.tool)
        if not tools:
            return None
        known = {card.name for card in self.router.cards}
        for name in tools:
            if name not in known:
                self.router.join(run_card(name, kind=KIND))
        with self._lock:
            prefer = self._stopped.pop(str(call["id"]), None)
        asked = run_request(task=call["name"], session=session_in(ensure_config().get("configurable") or {}))
        return ToolTurns(
            request,
            tools,
            self.router.plan(asked, model=list(tools), prefer=prefer),
            useful=self._useful,
            rate=self._rate,
            stopped=self._note_stopped,
        )

    def _rate(self, decision_id: str, score: float) -> None:
        with suppress(UnknownDecision):  # so many calls since then: this opinion is lost, the result is not
            self.router.feedback(decision_id, score, source="useful")

    def _note_stopped(self, call_id: str, attempt: Attempt) -> None:
        """Remember which tool asked a person: it runs again when the person has answered."""
        with self._lock:
            self._stopped[call_id] = attempt.decision.key
            while len(self._stopped) > STOPPED_MOST:
                self._stopped.popitem(last=False)
