"""Runs the built-in prompts on every model, through the router, so that it learns from them as from any other call."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from zeta_router.attempts import Attempt
from zeta_router.errors import ConfigError, OllamaError
from zeta_router.model import ModelCard
from zeta_router.ollama import Connection, Reply, fate_of, num_ctx_for, run_chat, run_embed
from zeta_router.outcome import Fate, Outcome, Timings
from zeta_router.own.checks import Check
from zeta_router.own.probes import EMBEDDING_TEXTS, PROBES, THINKING, Probe
from zeta_router.request import Request
from zeta_router.router import ZetaDynamicRouter

SECONDS = 120.0
"""What the whole run may take."""
LEAST_PER_PROMPT = 15.0
"""Seconds that a call gets at least, however little of its model's share is left: a cold load takes that."""
SOURCE = "bench"
"""Source of the feedback that the checks give."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeResult:
    """One built-in prompt on one model. Contains nothing of the answer."""

    model: str
    host: str
    probe: str
    task: str
    outcome: Outcome
    score: float | None
    """In [0, 1]; None where the answer was not judged: the call failed, or the model was cut off while it thought."""


def measure_own(
    router: ZetaDynamicRouter,
    *,
    seconds: float = SECONDS,
    done: Callable[[ProbeResult], None] | None = None,
) -> list[ProbeResult]:
    """Run the built-in prompts on every model of a router, one call at a time, within a bound on time.

    Every model on every host gets an equal share of the time and as many prompts as fit; a call that still runs when
    the share is up ends within its deadline. Calls go through the router: it learns their times as of any call, and
    their scores as feedback from `bench`. A model that fails gets no second prompt.

    Args:
        router: Its models, hosts and store are used.
        seconds: Bound on the whole run; more models get fewer prompts each.
        done: Called after every prompt.

    Raises:
        ConfigError: `seconds` is not above 0.
    """
    if not seconds > 0:
        raise ConfigError(f"seconds must be above 0, got {seconds!r}")
    found: list[ProbeResult] = []
    cards = sorted(router.cards, key=lambda card: (card.host or "", card.name))  # a host's models one after another
    ends_at = router.clock() + seconds
    for number, card in enumerate(cards):
        now = router.clock()
        share = max(ends_at - now, 0.0) / (len(cards) - number)  # time that others left over is shared
        for result in _measure_model(router, card, until=now + share):
            found.append(result)
            if done is not None:
                done(result)
    return found


def _measure_model(router: ZetaDynamicRouter, card: ModelCard, *, until: float) -> Iterator[ProbeResult]:
    if _can(card, "embedding"):
        request = Request(text="\n".join(EMBEDDING_TEXTS), task="embedding", needs=frozenset({"embedding"}))
        result = _run(router, card, request, _Call("embedding", _embedding, None), until)
        if result is not None:
            yield result
        return
    for number, probe in enumerate(PROBES):
        if not all(_can(card, need) for need in probe.needs) or (number > 0 and router.clock() >= until):
            continue
        request = Request(text=probe.prompt, task=probe.task, needs=probe.needs)
        result = _run(router, card, request, _Call(probe.name, _chat_of(probe), probe.check), until)
        if result is None:
            return
        yield result
        if result.outcome.fate is not Fate.ok:
            return


def _can(card: ModelCard, need: str) -> bool:
    """Return whether a model has a capability; one of which nothing is known can do what every chat model can."""
    return need in (card.capabilities if card.capabilities is not None else {"completion"})


class _Call(NamedTuple):
    """How one prompt is sent, and how its answer is judged."""

    name: str
    send: Callable[[Connection, ModelCard, Mapping[str, Any], Callable[[], None]], Reply]
    check: Check | None


def _run(router: ZetaDynamicRouter, card: ModelCard, request: Request, call: _Call, until: float) -> ProbeResult | None:
    """Run one prompt on one model and one host; None where the router would not have it there."""
    for attempt in router.plan(request, model=card.name, prefer=(card.name, card.host or "")):
        with attempt:
            connection = router.connections.get(attempt.decision.host)
            if connection is None or attempt.decision.host != card.host:
                return None  # an attempt that is left unsettled is cancelled: nothing was sent, nothing is learned
            settings = {
                "deadline": max(until - router.clock(), LEAST_PER_PROMPT),
                "clock": router.clock,
                "options": {"num_ctx": num_ctx_for(card, at_most=router.limits.context)},
            }
            score = None
            try:
                reply = call.send(connection, card, settings, attempt.first_token)
            except OllamaError as error:
                outcome = _failed(attempt, error)
                attempt.settle(outcome)
            else:
                outcome = reply.outcome
                attempt.settle(outcome)
                score = None if call.check is None or _cut_off_thinking(reply) else call.check(reply)
        if score is not None:
            router.feedback(attempt.decision.id, score, source=SOURCE)
        return ProbeResult(
            model=card.name,
            host=attempt.decision.host,
            probe=call.name,
            task=attempt.decision.task,
            outcome=outcome,
            score=score,
        )
    return None


def _chat_of(probe: Probe) -> Callable[[Connection, ModelCard, Mapping[str, Any], Callable[[], None]], Reply]:
    def send(
        connection: Connection, card: ModelCard, settings: Mapping[str, Any], first_token: Callable[[], None]
    ) -> Reply:
        most = probe.most_tokens * (THINKING if _can(card, "thinking") else 1)
        return run_chat(
            connection,
            card.name,
            [{"role": "user", "content": probe.prompt}],
            tools=probe.tools or None,
            format=probe.format,
            on_first_token=first_token,
            **{**settings, "options": {**settings["options"], "num_predict": most, "temperature": 0}},
        )

    return send


def _embedding(
    connection: Connection, card: ModelCard, settings: Mapping[str, Any], first_token: Callable[[], None]
) -> Reply:
    return run_embed(connection, card.name, EMBEDDING_TEXTS, **settings)


def _cut_off_thinking(reply: Reply) -> bool:
    return reply.outcome.done_reason == "length" and bool(reply.thinking) and not reply.content.strip()


def _failed(attempt: Attempt, error: OllamaError) -> Outcome:
    timings = Timings(first_token=attempt.first_token_after, total=attempt.elapsed)
    return Outcome(fate=fate_of(error), timings=timings, error=str(error))
