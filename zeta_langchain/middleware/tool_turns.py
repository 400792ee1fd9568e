"""One call of a tool, handed to one tool after another. Opens and awaits nothing: sync and async share it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import Any

from langchain.agents.middleware.types import ToolCallRequest
from langchain_core.messages import ToolMessage
from langchain_core.tools import BaseTool

from zeta_langchain.interrupts import bubbles_up
from zeta_langchain.metadata import stamp_of, stamped
from zeta_router.attempts import Attempt, Attempts
from zeta_router.errors import InvalidRequest, NoCapableModel
from zeta_router.ollama import fate_of
from zeta_router.outcome import Fate
from zeta_router.runs import run_outcome

Useful = Callable[[ToolMessage], "bool | float"]


class Useless(Exception):
    """A result that came and is of no use; stays inside a turn."""


class ToolTurns:
    """The turns of the tools that can do what a model asked for.

    Args:
        request: As the agent makes it.
        tools: By name.
        attempts: The router's plan.
        useful: Says how useful a result is; None where nobody does.
        rate: Takes a decision's id and a score in [0, 1].
        stopped: Called with the tool call's id and the attempt when the graph was stopped inside the tool.
    """

    def __init__(
        self,
        request: ToolCallRequest,
        tools: Mapping[str, BaseTool],
        attempts: Attempts,
        *,
        useful: Useful | None,
        rate: Callable[[str, float], None],
        stopped: Callable[[str, Attempt], None],
    ) -> None:
        self.request = request
        self.attempts = attempts
        self.useful = useful
        self.rate = rate
        self.stopped = stopped
        self.error: Exception | None = None
        self.leftover: Any = None
        self._tools = tools

    def __iter__(self) -> Iterator[ToolTurn]:
        for attempt in self.attempts:
            yield ToolTurn(self, attempt, self._tools[attempt.decision.model])

    def give_up(self) -> Any:
        """Return the first result that was of no use, now that no turn is left; the model shall see it.

        Raises:
            Exception: There is none: what the first tool raised.
        """
        if self.leftover is not None:
            return self.leftover
        error, self.error = self.error, None
        if error is None:
            raise NoCapableModel(())  # the tools left since the plan was made
        raise error


class ToolTurn:
    """One tool's turn: in flight inside its `with` block, which goes on to the next tool where that may help."""

    def __init__(self, turns: ToolTurns, attempt: Attempt, tool: BaseTool) -> None:
        self._turns = turns
        self._attempt = attempt
        call = turns.request.tool_call
        self.request = turns.request.override(tool=tool, tool_call={**call, "name": tool.name})
        """For the handler."""

    def __enter__(self) -> ToolTurn:
        self._attempt.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        try:
            return isinstance(error, Exception) and self._failed(error)
        finally:
            # What is not settled by now was left by the caller: cancelled, or the graph was stopped.
            self._attempt.__exit__(kind, error, trace)

    def answered(self, result: Any) -> Any:
        """Settle with what the tool returned, and return it under the name that the model knows.

        Raises:
            Useless: It is an error, or of no use.
        """
        if not isinstance(result, ToolMessage):  # a command, or several: it did what it does
            self._settle(Fate.ok)
            return result
        if _is_bad_call(result, self._attempt.decision.model):
            return self._named(result)  # the model's fault; no tool is to blame, and none would do better
        if result.status == "error":
            self._settle(Fate.error, "the tool returned an error")
            self._leave_over(self._named(result))
        score = self._score(result)
        self._settle(Fate.ok if score is None or score > 0 else Fate.invalid)
        if score is not None:
            self._turns.rate(self._attempt.decision.id, score)
        result = self._named(result)
        if score == 0:
            self._leave_over(result)
        return result

    def _score(self, result: ToolMessage) -> float | None:
        if self._turns.useful is None:
            return None
        score = self._turns.useful(result)
        if not isinstance(score, (bool, int, float)) or not 0 <= score <= 1:
            raise InvalidRequest(f"useful must return True, False or a number in [0, 1], got {score!r}")
        return float(score)

    def _settle(self, fate: Fate, error: str | None = None) -> None:
        self._attempt.settle(run_outcome(fate, seconds=self._attempt.elapsed, error=error))

    def _leave_over(self, result: Any) -> None:
        if self._turns.leftover is None:
            self._turns.leftover = result
        raise Useless

    def _named(self, result: ToolMessage) -> ToolMessage:
        named = result.model_copy(update={"name": self._turns.request.tool_call["name"]})
        return stamped(named, stamp_of(self._turns.attempts.made))

    def _failed(self, error: Exception) -> bool:
        """Settle with an error, and return whether the next tool is tried."""
        if self._attempt.outcome is not None:
            return isinstance(error, Useless)
        if bubbles_up(error):
            self._turns.stopped(str(self._turns.request.tool_call["id"]), self._attempt)
            return False
        self._settle(fate_of(error), type(error).__name__)  # the type only: its text may quote the arguments
        if self._turns.error is None:
            self._turns.error = error
        return True


def _is_bad_call(result: ToolMessage, tool: str) -> bool:
    """Return whether LangGraph says that the arguments do not fit the tool's schema."""
    return result.status == "error" and str(result.content).startswith(f"Error invoking tool '{tool}' with kwargs")
