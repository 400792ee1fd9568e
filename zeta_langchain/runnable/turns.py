"""One call of a `ZetaRunnable`, handed to one branch after another. Opens and awaits nothing: all modes share it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Any

from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.runnables import Runnable, RunnableConfig

from zeta_langchain.answers import UNREADABLE, says_something
from zeta_langchain.interrupts import bubbles_up
from zeta_langchain.metadata import stamp_of
from zeta_router.attempts import Attempt, Attempts
from zeta_router.errors import NoCapableModel
from zeta_router.ollama import fate_of
from zeta_router.outcome import Fate
from zeta_router.runs import run_outcome

KEY = "zeta_branch"
"""Where a message says which branch made it: `response_metadata["zeta_branch"]`."""

UNWANTED = "the output was not accepted"


class Unwanted(Exception):
    """An output that was not accepted; stays inside a turn."""


class Turns:
    """The turns of a call's branches.

    Args:
        attempts: The router's plan for the call.
        branches: By name.
        config_of: Returns the config that a branch runs with, given its name and decision.
        handles: Errors after which the next branch is tried.
        accept: Says whether an output is of use; None where all are.
    """

    def __init__(
        self,
        attempts: Attempts,
        branches: dict[str, Runnable[Any, Any]],
        config_of: Callable[[Attempt], RunnableConfig],
        *,
        handles: tuple[type[BaseException], ...],
        accept: Callable[[Any], bool] | None,
    ) -> None:
        self.attempts = attempts
        self.handles = handles
        self.accept = accept
        self.errors: list[Exception] = []
        self.leftovers: list[Sequence[Any]] = []
        self._branches = branches
        self._config_of = config_of

    def __iter__(self) -> Iterator[Turn]:
        for attempt in self.attempts:
            yield Turn(self, attempt, self._branches[attempt.decision.model], self._config_of(attempt))

    def give_up(self) -> Sequence[Any]:
        """Return the first output that was not accepted, now that no turn is left.

        Raises:
            Exception: Every branch failed: what the first one raised, as `with_fallbacks` does. What became of the
                others is told by its cause, unless it has one.
        """
        if self.leftovers:
            return self.leftovers[0]
        if not self.errors:
            raise NoCapableModel(())  # the last branch left since the plan was made
        errors, self.errors = self.errors, []
        first = errors[0]
        if len(errors) > 1 and first.__cause__ is None:
            raise first from self.attempts.error()
        raise first


class Turn:
    """One branch's turn: in flight inside its `with` block, which goes on to the next branch where that may help."""

    def __init__(self, turns: Turns, attempt: Attempt, branch: Runnable[Any, Any], config: RunnableConfig) -> None:
        self.branch = branch
        self.config = config
        self.output: Any = None
        """Of a stream: its parts so far, added up."""
        self._turns = turns
        self._attempt = attempt
        self._shown = False
        self._held: list[Any] = []

    def __enter__(self) -> Turn:
        self._attempt.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        try:
            return isinstance(error, Exception) and self._failed(error)
        finally:
            # What is not settled by now was left by the caller: cancelled, a stream closed early, a graph interrupted.
            self._attempt.__exit__(kind, error, trace)

    def answered(self, output: Any) -> Any:
        """Settle with a whole output, and return it; a message is stamped.

        Raises:
            Unwanted: It was not accepted.
        """
        accepted = self._settle(output)
        shown = self._stamped(output)
        if not accepted:
            self._leave_over([shown])
        return shown

    def passing(self, part: Any) -> Sequence[Any]:
        """Take one part of a stream, and return what may be shown now.

        Parts without content wait until one has some: until then another branch can take over. The last chunk of a
        message waits for the stamp.
        """
        self.output = part if self.output is None else _added(self.output, part)
        shows = _shows(part)
        if shows:
            self._attempt.first_token()
        self._held.append(part)
        if _is_last(part) or not (self._shown or shows):
            return ()
        self._shown = True
        return self._release()

    def ended(self) -> Sequence[Any]:
        """Settle with the end of a stream, and return what is left to show.

        Raises:
            Unwanted: It was not accepted, and nothing of it was shown.
        """
        accepted = self._settle(self.output)
        rest = list(self._release())
        if rest:
            rest[-1] = self._stamped(rest[-1])
        if not accepted and not self._shown:
            self._leave_over(rest)
        return rest

    def _release(self) -> Sequence[Any]:
        released, self._held = self._held, []
        return released

    def _settle(self, output: Any) -> bool:
        accept = self._turns.accept
        accepted = accept is None or bool(accept(output))
        self._attempt.settle(
            run_outcome(
                Fate.ok if accepted else Fate.invalid,
                seconds=self._attempt.elapsed,
                first=self._attempt.first_token_after,
                error=None if accepted else UNWANTED,
            )
        )
        return accepted

    def _leave_over(self, parts: Sequence[Any]) -> None:
        self._turns.leftovers.append(parts)
        raise Unwanted

    def _stamped(self, output: Any) -> Any:
        if not isinstance(output, BaseMessage):
            return output
        stamp = stamp_of(self._turns.attempts.made)
        return output.model_copy(update={"response_metadata": {**output.response_metadata, KEY: stamp}})

    def _failed(self, error: Exception) -> bool:
        """Settle with an error, and return whether the next branch is tried."""
        if self._attempt.outcome is not None:
            return isinstance(error, Unwanted)
        if bubbles_up(error):
            return False
        fate = Fate.invalid if isinstance(error, UNREADABLE) else fate_of(error)
        # The type only: the text of a foreign error may quote a prompt.
        self._attempt.settle(
            run_outcome(
                fate,
                seconds=self._attempt.elapsed,
                first=self._attempt.first_token_after,
                error=type(error).__name__,
            )
        )
        if self._shown or not isinstance(error, self._turns.handles):
            return False
        self._turns.errors.append(error)
        return True


def _shows(part: Any) -> bool:
    if isinstance(part, AIMessageChunk):
        return says_something(part)
    return not (isinstance(part, str) and not part)


def _is_last(part: Any) -> bool:
    return isinstance(part, AIMessageChunk) and part.chunk_position == "last"


def _added(total: Any, part: Any) -> Any:
    try:
        return total + part
    except TypeError:  # parts that do not add up replace each other, as in LangChain's own sequences
        return part
