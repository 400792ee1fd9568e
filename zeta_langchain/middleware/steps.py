"""One model step of an agent, handed to one model after another. Opens and awaits nothing: sync and async share it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from types import TracebackType
from typing import Any

from langchain.agents.middleware.types import ModelRequest, ModelResponse
from langchain.agents.structured_output import StructuredOutputError
from langchain_core.globals import get_llm_cache
from langchain_core.messages import AIMessage

from zeta_langchain.answers import fate_of, judged, outcome_of
from zeta_langchain.children import Child, copied, joined
from zeta_langchain.deadlines import running
from zeta_langchain.interrupts import bubbles_up
from zeta_langchain.metadata import stamp_of, stamped
from zeta_langchain.probe import Probe
from zeta_router.attempts import Attempt, Attempts
from zeta_router.errors import NoCapableModel
from zeta_router.ollama import is_retryable, translate
from zeta_router.outcome import Fate, Outcome, Timings

IN_ITS_PLACE = "it failed, and another model answered in its place"
OFF_SCHEMA = "the answer does not follow its schema"


class Unusable(Exception):
    """An answer that came and cannot be used; stays inside a turn."""


class StepProbe(Probe):
    """Watches one model of an agent's step; inside other middleware may ask another one."""

    def __init__(self, attempt: Attempt) -> None:
        super().__init__(attempt)
        self.began = False

    @property
    def ignore_chat_model(self) -> bool:
        """Whether the model was asked at all is of interest here."""
        return False

    def on_chat_model_start(self, serialized: Any, messages: Any, **kwargs: Any) -> None:
        """Note that the model was asked."""
        self.began = True


class Step:
    """A step and its attempts.

    Args:
        request: The agent's.
        attempts: The router's plan for it.
        child_of: Finds the child for a model on a host.
        tools: Names of the tools that were offered; empty where any will do.
    """

    def __init__(self, request: ModelRequest[Any], attempts: Attempts, child_of: Any, tools: Collection[str]) -> None:
        self.request = request
        self.attempts = attempts
        self.tools = tools
        self.error: Exception | None = None
        self.leftover: ModelResponse[Any] | None = None
        self._child_of = child_of

    def turns(self) -> Iterator[StepTurn]:
        """Yield a turn per attempt: the pick, then the next best while they fail."""
        for attempt in self.attempts:
            yield StepTurn(self, attempt, self._child_of(attempt.decision.key))

    def give_up(self) -> ModelResponse[Any]:
        """Return the answer that there is, though of no use, now that no turn is left.

        Raises:
            NoCapableModel: There was nobody to ask.
            EveryAttemptFailed: Several were tried and none answered; its cause is what the last one raised.
            Exception: What the only one raised, translated where it came from Ollama.
        """
        if self.leftover is not None:
            return self.leftover
        if not self.attempts.made:
            raise NoCapableModel(())  # the last one left since the plan was made
        if len(self.attempts.failures) == 1 and self.error is not None:
            raise self.taken_error()
        raise self.attempts.error() from self.taken_error()

    def taken_error(self) -> Exception:
        """Return the error and forget it: kept here, it would keep frames alive that keep it, and connections."""
        error, self.error = self.error, None
        return error if error is not None else Unusable()


class StepTurn:
    """One model's turn at a step: in flight inside its `with` block, which goes on to the next where that may help."""

    def __init__(self, step: Step, attempt: Attempt, child: Child) -> None:
        self._step = step
        self._attempt = attempt
        self._child = child
        self._probe = StepProbe(attempt)
        self._surfaces = False
        own = child.model.callbacks
        update: dict[str, Any] = {"callbacks": joined(own, [self._probe]) if own else [self._probe]}
        if child.is_ollama and (child.model.cache or get_llm_cache() is not None):
            # LangChain's cache has one key for every ChatOllama: https://github.com/langchain-ai/langchain/issues/14590
            # A name in the request's settings would tell them apart, and reach the models that inner middleware asks.
            update["cache"] = False
        self.request = step.request.override(model=copied(child.model, update))
        """For the handler."""

    def __enter__(self) -> StepTurn:
        self._attempt.__enter__()
        running.set(self._attempt)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        goes_on = False
        try:
            goes_on = isinstance(error, Exception) and self._failed(error)
        finally:
            running.set(None)
            # What is not settled by now was left by the caller: cancelled, or the graph was interrupted.
            self._attempt.__exit__(kind, error, trace)
        if self._surfaces and self._step.error is not error:
            raise self._step.taken_error() from error
        if not goes_on:
            self._step.error = None
        return goes_on

    def answered(self, response: ModelResponse[Any] | AIMessage) -> ModelResponse[Any]:
        """Settle with what the handler returned, and return it stamped.

        Raises:
            Unusable: It is empty, ended early, or does not follow its schema.
        """
        if isinstance(response, AIMessage):
            response = ModelResponse(result=[response])
        message = self._probe.message
        if message is None:
            if self._probe.began:
                self._attempt.settle(self._outcome(Fate.error, IN_ITS_PLACE))
            return response  # else nobody asked a model: nothing is learned
        card = self._attempt.decision.card
        thinks = card is not None and card.capabilities is not None and "thinking" in card.capabilities
        outcome = outcome_of(
            message,
            self._attempt,
            from_ollama=self._child.is_ollama,
            two_pass=thinks and self._step.request.response_format is not None,
        )
        outcome = judged(outcome, message, self._step.tools, shown=False)
        if outcome.fate is Fate.ok and _is_off_schema(response):
            outcome = replace(outcome, fate=Fate.invalid, error=OFF_SCHEMA)
        self._attempt.settle(outcome)
        response = self._stamped(response)
        if outcome.fate.is_failure:
            if self._step.leftover is None:
                self._step.leftover = response
            raise Unusable
        return response

    def _stamped(self, response: ModelResponse[Any]) -> ModelResponse[Any]:
        stamp = stamp_of(self._step.attempts.made)
        result = [stamped(one, stamp) if isinstance(one, AIMessage) else one for one in response.result]
        return replace(response, result=result)

    def _outcome(self, fate: Fate, error: str) -> Outcome:
        timings = Timings(first_token=self._attempt.first_token_after, total=self._attempt.elapsed)
        return Outcome(fate=fate, timings=timings, error=error)

    def _failed(self, error: Exception) -> bool:
        """Settle with an error, and return whether the next model is tried."""
        if self._attempt.outcome is not None:
            return isinstance(error, Unusable)
        if bubbles_up(error):
            return False
        decision = self._attempt.decision
        known = translate(error, decision.host, decision.model)
        fate = Fate.invalid if isinstance(error, StructuredOutputError) else fate_of(known or error)
        if fate is None:
            return False
        # The text of a parser's error quotes the answer, and that is never kept.
        self._attempt.settle(self._outcome(fate, str(known) if known is not None else type(error).__name__))
        self._step.error = error if known is None else known
        if known is not None and known is not error:
            known.__cause__ = error
        self._surfaces = known is not None and not is_retryable(
            known, longer_context=_has_longer_context(self._attempt)
        )
        return not self._surfaces


def _is_off_schema(response: ModelResponse[Any]) -> bool:
    """Return whether the agent has answered the model's own structured answer with an error."""
    return response.structured_response is None and len(response.result) > 1


def _has_longer_context(attempt: Attempt) -> bool:
    here = attempt.decision.card.context_length if attempt.decision.card is not None else None
    lengths = [score.candidate.card.context_length for score in attempt.decision.candidates]
    return here is not None and any(length is not None and length > here for length in lengths)
