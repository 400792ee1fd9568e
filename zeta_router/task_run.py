"""`route_task`: one task, run once on the model that was picked, and learned from by that very run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from zeta_router.attempts import Attempt
from zeta_router.decision import Decision
from zeta_router.errors import InvalidRequest, OllamaError
from zeta_router.ollama import Reply, arun_chat, arun_embed, fate_of, is_retryable, num_ctx_for, run_chat, run_embed
from zeta_router.outcome import Outcome, Timings
from zeta_router.request import Request

if TYPE_CHECKING:
    from zeta_router.router import ZetaDynamicRouter


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskResult:
    """What a task brought. Its repr shows how it went and nothing of what was said."""

    content: str = field(repr=False)
    """The text; empty for an embedding."""
    vectors: tuple[tuple[float, ...], ...] = field(repr=False)
    """One per text, for an embedding; empty for a text."""
    decision: Decision
    timings: Timings
    """Seconds, from the run that made this answer."""
    outcome: Outcome

    @property
    def model(self) -> str:
        """Ollama tag of the model that answered."""
        return self.decision.model


def run_task(router: ZetaDynamicRouter, task: str, data: str | Sequence[str], deadline: float | None) -> TaskResult:
    """Run a task on the best model, and on the next best while attempts fail. Raises what `route_task` says."""
    request, texts = task_request(task, data, deadline)
    attempts = router.plan(request)
    for attempt in attempts:
        with attempt:
            try:
                if task == "embedding":
                    reply = run_embed(*_target(router, attempt), texts, **_settings(router, attempt))
                else:
                    reply = run_chat(
                        *_target(router, attempt),
                        _messages(texts),
                        on_first_token=attempt.first_token,
                        **_settings(router, attempt),
                    )
            except OllamaError as error:
                _settle_error(router, attempt, error)
                continue
            return _result(attempt, reply)
    raise attempts.error()


async def arun_task(
    router: ZetaDynamicRouter, task: str, data: str | Sequence[str], deadline: float | None
) -> TaskResult:
    """As `run_task`, awaited."""
    request, texts = task_request(task, data, deadline)
    attempts = router.plan(request)
    for attempt in attempts:
        with attempt:
            try:
                if task == "embedding":
                    reply = await arun_embed(*_target(router, attempt), texts, **_settings(router, attempt))
                else:
                    reply = await arun_chat(
                        *_target(router, attempt),
                        _messages(texts),
                        on_first_token=attempt.first_token,
                        **_settings(router, attempt),
                    )
            except OllamaError as error:
                _settle_error(router, attempt, error)
                continue
            return _result(attempt, reply)
    raise attempts.error()


def task_request(task: str, data: str | Sequence[str], deadline: float | None) -> tuple[Request, list[str]]:
    """Return the request that a task makes, and its texts.

    Raises:
        InvalidRequest: There is nothing to run; nothing was sent.
    """
    if not isinstance(data, (str, list, tuple)):
        raise InvalidRequest(f"data for {task!r} must be a prompt or a list of texts, got {type(data).__name__}")
    texts = [data] if isinstance(data, str) else list(data)
    if not texts or not all(isinstance(text, str) and text.strip() for text in texts):
        raise InvalidRequest(f"data for {task!r} is empty or not text: give a prompt, or a list of texts to embed")
    if task != "embedding" and len(texts) > 1:
        raise InvalidRequest(f"data for {task!r} must be one prompt, got {len(texts)}; only embedding takes several")
    try:
        "".join(texts).encode()
    except UnicodeEncodeError as error:
        raise InvalidRequest(
            f"data for {task!r} has half a character (a lone surrogate) in it, which no server takes; leave such out: "
            "text.encode('utf-8', 'ignore').decode()"
        ) from error
    needs = frozenset({"embedding"}) if task == "embedding" else frozenset[str]()
    return Request(text="\n".join(texts), task=task, needs=needs, deadline=deadline), texts


def _messages(texts: list[str]) -> list[dict[str, Any]]:
    return [{"role": "user", "content": texts[0]}]


def _target(router: ZetaDynamicRouter, attempt: Attempt) -> tuple[Any, str]:
    host, model = attempt.decision.host, attempt.decision.model
    connection = router.connections.get(host)
    if connection is None:
        known = ", ".join(router.connections) or "none"
        raise InvalidRequest(f"{model} is on {host!r}, which is no Ollama server of this router (they are: {known})")
    return connection, model


def _settings(router: ZetaDynamicRouter, attempt: Attempt) -> dict[str, Any]:
    card = attempt.decision.card
    settings: dict[str, Any] = {"deadline": attempt.deadline_left, "clock": router.clock}
    if card is not None:
        settings["options"] = {"num_ctx": num_ctx_for(card, at_most=router.limits.context)}
    return settings


def _settle_error(router: ZetaDynamicRouter, attempt: Attempt, error: OllamaError) -> None:
    """Settle a failed attempt; a refusal that every model would repeat is raised at once, and not held against one."""
    card = attempt.decision.card
    context = (card.context_length if card is not None else None) or 0
    if not is_retryable(error, longer_context=any((c.context_length or 0) > context for c in router.cards)):
        raise error
    attempt.settle(
        Outcome(
            fate=fate_of(error),
            timings=Timings(first_token=attempt.first_token_after, total=attempt.elapsed),
            error=str(error),
        )
    )


def _result(attempt: Attempt, reply: Reply) -> TaskResult:
    attempt.settle(reply.outcome)
    return TaskResult(
        content=reply.content,
        vectors=reply.vectors,
        decision=attempt.decision,
        timings=reply.outcome.timings,
        outcome=reply.outcome,
    )
