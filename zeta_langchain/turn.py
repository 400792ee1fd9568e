"""One child's turn at a call: what it is asked, what of its answer may be shown, and how it went."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Any

from langchain_core.messages import AIMessage
from langchain_core.runnables import Runnable, RunnableConfig

from zeta_langchain.answers import EMPTY, fate_of, outcome_of
from zeta_langchain.children import Child
from zeta_langchain.deadlines import alarm, running
from zeta_langchain.metadata import stamp_of
from zeta_langchain.observing import observe
from zeta_langchain.probe import Probe
from zeta_router.attempts import Attempt
from zeta_router.errors import AnswerTruncated, CapabilityMissing
from zeta_router.ollama import is_retryable, translate
from zeta_router.outcome import Fate, Outcome, Timings

if TYPE_CHECKING:
    from zeta_langchain.call import Call


class Unusable(Exception):
    """An answer that came and cannot be used; stays inside a turn."""


class Turn:
    """One child's turn at a call: in flight inside its `with` block, which goes on to the next where that may help.

    What a child raises stays inside the block while nothing of its answer has been shown and another model may do
    better. Everything else leaves it: cancellations, mistakes of the caller, and errors after the first token.

    Args:
        call: Whose turn it is.
        attempt: The router's record of it.
        child: Who is asked.
        runnable: What is run to ask it.
        probe: Watches the child, and is among the callbacks of the config; None where all can be seen from outside.
        config: For the child.
    """

    __slots__ = (
        "_attempt",
        "_before",
        "_call",
        "_from_ollama",
        "_held",
        "_noted",
        "_probe",
        "_shown",
        "_surfaces",
        "config",
        "kwargs",
        "runnable",
    )

    def __init__(
        self,
        call: Call,
        attempt: Attempt,
        child: Child,
        runnable: Runnable[Any, Any],
        probe: Probe | None,
        config: RunnableConfig,
    ) -> None:
        self.runnable = runnable
        self.config = config
        self.kwargs = call.kwargs
        if child.is_ollama:
            # Without it LangChain's cache has one key for every model: https://github.com/langchain-ai/langchain/issues/14590
            self.kwargs = {**call.kwargs, "model": child.tag}
            if "options" in call.kwargs and child.num_ctx is not None:
                # They replace all that the child has: without its context size Ollama would load the model again.
                self.kwargs["options"] = {"num_ctx": child.num_ctx, **call.kwargs["options"]}
        self._from_ollama = child.is_ollama
        self._call = call
        self._attempt = attempt
        self._probe = probe
        self._shown = False
        self._surfaces = False
        self._held: list[Any] = []
        self._noted: list[Any] = []
        self._before: Any = None

    def __enter__(self) -> Turn:
        self._attempt.__enter__()
        running.set(self._attempt)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        goes_on = False
        try:
            if isinstance(error, Exception):
                goes_on = self._failed(error)
        finally:
            running.set(None)  # not a reset: a stream can be closed in another context than it was opened in
            # What is not settled by now was left by the caller: cancelled, or a stream closed early.
            self._attempt.__exit__(kind, error, trace)
        if self._surfaces and self._call.error is not error:
            raise self._call.taken_error() from error
        if not goes_on:
            self._call.error = None
        return goes_on

    @property
    def has_deadline(self) -> bool:
        """Whether the answer is worth nothing after some time."""
        return self._attempt.deadline_left is not None

    def alarm(self) -> AbstractContextManager[object]:
        """Return a context that ends what is awaited inside at the deadline."""
        return alarm(self._attempt)

    # -- a whole answer ------------------------------------------------------------------------------------------

    def answered(self, answer: Any) -> Any:
        """Settle with a whole answer, and return it stamped.

        Raises:
            Unusable: It is empty, ended early, or does not follow its schema.
        """
        call = self._call
        flaw = self._settle(answer, [answer], whole=True)
        stamped = call.kind.stamped(answer, stamp_of(call.attempts.made))
        if flaw is not None:
            self._leave_over(flaw, [stamped])
        return stamped

    # -- a stream ------------------------------------------------------------------------------------------------

    def parts(self) -> Generator[Any, None, None]:
        """Return the parts of the child's answer."""
        return self._call.kind.stream(self.runnable, self._call.prompt, self.config, **self.kwargs)

    def aparts(self) -> AsyncGenerator[Any, None]:
        """Return the parts of the child's answer, awaited."""
        return self._call.kind.astream(self.runnable, self._call.prompt, self.config, **self.kwargs)

    def passing(self, part: Any) -> Sequence[Any]:
        """Take one part, and return what may be shown now.

        Parts without content wait until one has some: until then another model can still take over. The last one waits
        for the stamp.
        """
        kind = self._call.kind
        noted = kind.notes(part)
        if self._shown and not noted and not self._held:  # text in the middle, as most parts are
            self._before = part
            return (part,)
        if self._probe is None:
            self._attempt.first_token()  # an empty part is a thought that was thrown away, and came from the model, too
        if noted and (kind.is_parsed or self._probe is None):
            self._noted.append(part)
        if noted and kind.is_last(part):
            self._held.append(part)
            return ()
        if not self._shown:
            self._held.append(part)
            if not kind.shows(part):
                return ()
            self._attempt.first_token()
            self._shown = True
            return self._release()
        if self._held:  # something came after a part that claimed to be the last
            self._held.append(part)
            return self._release()
        self._before = part
        return (part,)

    def ended(self) -> Sequence[Any]:
        """Settle with the end of the stream, and return what is left to show, stamped.

        Raises:
            Unusable: Nothing was shown, and what came is empty, of no use, or ended early.
            AnswerTruncated: Something was shown, and the answer ended early.
        """
        kind = self._call.kind
        # What was held back may be all there is: a whole message where streaming is disabled.
        last = self._held[-1] if self._held else self._before
        flaw = self._settle(kind.answer_of(last, self._noted), self._noted)
        stamp = stamp_of(self._call.attempts.made)
        rest = list(self._release())
        if rest and kind.is_last(rest[-1]):
            rest[-1] = kind.stamped(rest[-1], stamp)
        elif self._before is not None:
            rest += kind.closing(self._before, stamp)
        if flaw is not None:
            self._leave_over(flaw, rest)
        return rest

    def _release(self) -> Sequence[Any]:
        released, self._held = self._held, []
        if released:
            self._before = released[-1]
        return released

    # -- how it went ---------------------------------------------------------------------------------------------

    def _settle(self, answer: Any, noted: Sequence[Any], *, whole: bool = False) -> Outcome | None:
        """Settle, and return the outcome if it is a failure."""
        attempt = self._attempt
        try:
            outcome = self._judged(answer, noted)
        except Exception as error:  # nobody checks what a chat model makes; that it is odd must not break the request
            outcome = Outcome(fate=Fate.ok, timings=Timings(total=attempt.elapsed))
            attempt.trouble(
                "answer",
                f"one of {attempt.decision.model} was not understood ({type(error).__name__}); it is passed on",
            )
        attempt.settle(outcome)
        if outcome.fate is Fate.ok:
            self._observe(answer if whole else None)
        return outcome if outcome.fate.is_failure else None

    def _observe(self, answer: Any) -> None:
        """Let the router learn from what a whole message shows; of a stream nobody watches, no text is kept."""
        call = self._call
        message = answer if self._probe is None or self._probe.message is None else self._probe.message
        if isinstance(message, AIMessage):
            observe(self._attempt, message, call.prompt, self.config, call.kind.tools)

    def _judged(self, answer: Any, noted: Sequence[Any]) -> Outcome:
        call, attempt, kind = self._call, self._attempt, self._call.kind
        message = self._probe.message if self._probe is not None else None
        if message is None:
            message = kind.message_of(noted)
        call.message = message
        outcome = outcome_of(
            message, attempt, from_ollama=self._from_ollama, two_pass=call.formatted and _thinks(attempt)
        )
        return kind.judge(outcome, answer, message, shown=self._shown)

    def _leave_over(self, flaw: Outcome, rest: Sequence[Any]) -> None:
        """Say that an answer is of no use. One that is complete is kept, should no model do better.

        Raises:
            Unusable: Nothing was shown.
            AnswerTruncated: Something was shown, and the answer ended early.
        """
        decision = self._attempt.decision
        incomplete = flaw.fate is Fate.truncated and flaw.error != EMPTY
        error = AnswerTruncated(str(flaw.error), host=decision.host, model=decision.model) if incomplete else None
        if self._shown:
            if error is not None:
                raise error
            return
        self._call.error = error
        self._call.leftovers = () if incomplete else rest
        raise Unusable

    def _failed(self, error: Exception) -> bool:
        """Settle with an error, and return whether the next turn may do better."""
        if self._attempt.outcome is not None:
            return isinstance(error, Unusable)
        decision = self._attempt.decision
        known = translate(error, decision.host, decision.model)
        fate = fate_of(known if known is not None else error)
        if fate is None:
            return False
        timings = Timings(first_token=self._attempt.first_token_after, total=self._attempt.elapsed)
        # The text of a parser's error quotes the answer, and that is never kept.
        said = str(known) if known is not None else type(error).__name__
        self._attempt.settle(Outcome(fate=fate, timings=timings, error=said))
        if isinstance(known, CapabilityMissing):
            self._attempt.lacks(known.capability)
        self._call.error = error if known is None else known
        if known is None:
            return not self._shown
        if known is not error:
            known.__cause__ = error
        self._surfaces = self._shown or not is_retryable(known, longer_context=self._has_longer_context())
        return not self._surfaces

    def _has_longer_context(self) -> bool:
        decision = self._attempt.decision
        here = decision.card.context_length if decision.card is not None else None
        lengths = [score.candidate.card.context_length for score in decision.candidates]
        return here is not None and any(length is not None and length > here for length in lengths)


def _thinks(attempt: Attempt) -> bool:
    card = attempt.decision.card
    return card is not None and card.capabilities is not None and "thinking" in card.capabilities
