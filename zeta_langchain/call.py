"""One call, handed to one child after another until one answers. Opens and awaits nothing: all modes share it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from langchain_core.messages import BaseMessage
from langchain_core.runnables import RunnableConfig

from zeta_langchain.children import Child, ForeignModel, Key
from zeta_langchain.kinds import Kind
from zeta_langchain.probe import Probe
from zeta_langchain.tracing import Trace
from zeta_langchain.turn import Turn, Unusable
from zeta_langchain.unwatched import Unwatched
from zeta_router.attempts import Attempt, Attempts
from zeta_router.errors import NoCapableModel


class Call:
    """A call and its attempts.

    Args:
        plan: Makes the router's plan for it: now, and again where it led to a model that only others can call.
        child_of: Finds the child for a model on a host.
        kind: How to ask, and how to read the answer.
        prompt: Handed to each child: a `PromptValue`, so that it is converted once, or the caller's own input.
        messages: The prompt as messages.
        config: The caller's config, ensured; where somebody watches, callbacks come from the trace.
        kwargs: The caller's keywords.
        formatted: The answer is bound to a format.
    """

    def __init__(
        self,
        plan: Callable[[], Attempts],
        child_of: Callable[[Key], Child],
        kind: Kind,
        prompt: Any,
        messages: Sequence[BaseMessage],
        config: RunnableConfig,
        kwargs: Mapping[str, Any],
        *,
        formatted: bool = False,
    ) -> None:
        self.attempts = plan()
        self.kind = kind
        self.prompt = prompt
        self.messages = messages
        self.formatted = formatted
        self.kwargs = kwargs
        self.message: Any = None
        """The model's own message of the attempt that ended last."""
        self.error: Exception | None = None
        """What the last attempt raised, translated where it came from Ollama."""
        self.leftovers: Sequence[Any] = ()
        """An answer that came and was of no use: better than none, if no model does better."""
        self._plan = plan
        self._child_of = child_of
        self._config: Any = config
        if "run_id" in config or "run_name" in config:  # they name the run above
            self._config = dict(config)
            self._config.pop("run_id", None)
            self._config.pop("run_name", None)

    def turns(self, trace: Trace, *, whole: bool, foreign: frozenset[Key] = frozenset()) -> Iterator[Turn]:
        """Yield a turn per attempt: the pick, then the next best while they fail.

        Args:
            trace: The run that the attempts stand below.
            whole: The answer is asked for whole, not in parts.
            foreign: Models that only others can call, met so far.
        """
        for attempt in self.attempts:
            key = attempt.decision.key
            try:
                child = self._child_of(key)
            except ForeignModel:
                if key in foreign:  # the caller insists on it
                    raise
                self.attempts = self._plan()
                yield from self.turns(trace, whole=whole, foreign=foreign | {key})
                return
            yield self._turn(attempt, child, trace, whole=whole)

    def _turn(self, attempt: Attempt, child: Child, trace: Trace, *, whole: bool) -> Turn:
        """Return the turn of a child.

        Where nobody watches, it is asked below the methods that tell of it. Else, a probe costs as much as a decision:
        there is one only where it sees what cannot be seen from outside.
        """
        runnable: Any = self.kind.runnable(child.model)
        is_seen = trace.is_watched or self.kind.is_parsed
        if not is_seen:
            unwatched: Any = Unwatched.of(runnable, self.kwargs, attempt, self.messages, self._config)
            if unwatched is not None:
                return Turn(self, attempt, child, unwatched, None, self._config)
        first_is_hidden = whole and child.streams_inside
        if not (is_seen or first_is_hidden or attempt.deadline_left is not None):
            return Turn(self, attempt, child, runnable, None, self._config)
        probe = Probe(attempt)
        config: Any = {**self._config, "callbacks": trace.callbacks(probe)}
        return Turn(self, attempt, child, runnable, probe, config)

    def give_up(self) -> Sequence[Any]:
        """Return what there is when no turn is left.

        Raises:
            NoCapableModel: There was nobody to ask.
            EveryAttemptFailed: Several were tried and none answered; its cause is what the last one raised.
            Exception: What the only one raised, translated where it came from Ollama.
        """
        if self.leftovers:
            return self.leftovers
        if not self.attempts.made:
            raise NoCapableModel(())  # the last one left since the plan was made
        if len(self.attempts.failures) == 1 and self.error is not None:
            raise self.taken_error()
        raise self.attempts.error() from self.taken_error()

    def taken_error(self) -> BaseException:
        """Return the error and forget it: kept here, it would keep frames alive that keep it, and connections."""
        error, self.error = self.error, None
        return error if error is not None else Unusable()
