"""From a request to the engine's work and the plan of the answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from zeta_router.simulator.catalog import SimulatedModel
from zeta_router.simulator.jobs import Work
from zeta_router.simulator.responders.base import Answer, Prompt
from zeta_router.simulator.server.asking import Ask, checked_format
from zeta_router.simulator.server.host import Host
from zeta_router.simulator.server.plan import Delta, Plan, lay_out
from zeta_router.simulator.server.prompting import PromptTokens, call_text, message_key, prompt_tokens
from zeta_router.simulator.tokens import cut, token_id


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the model: what the engine does, and what goes out meanwhile."""

    work: Work
    plan: Plan


def load_work(ask: Ask, model: SimulatedModel) -> Work:
    """Return the work of loading the model as the request wants it, and no more."""
    return Work(
        model=model,
        kind="load",
        num_ctx=ask.options.num_ctx,
        load_options=ask.options.load,
        shift=ask.shift,
        keep_alive=ask.keep_alive,
    )


def runs(host: Host, ask: Ask, model: SimulatedModel) -> list[Run]:
    """Return the runs that answer a request: one, or two for a rendered model that thinks before it fills a format.

    Raises:
        WireError: What the server finds wrong only after loading the model: format, length of the prompt.
    """
    prompt_format = checked_format(ask.format)
    loading = load_work(ask, model)
    num_ctx = host.engine.context_of(loading)
    prompt = prompt_tokens(ask, model, num_ctx)
    thinks = model.thinks and ask.think is not False
    answer = host.responder.answer(
        Prompt(model=ask.model, messages=ask.messages, tools=ask.tools, format=prompt_format, thinks=thinks)
    )
    if not thinks:
        answer = replace(answer, thinking="")
    limit = ask.options.limit(num_ctx, rendered=model.rendered)
    base = replace(loading, kind=ask.kind, prompt_tokens=prompt.total)

    def run(answer: Answer, prompt: PromptTokens, limit: int) -> Run:
        room = num_ctx - prompt.total if ask.shift is False else limit
        plan = lay_out(
            answer,
            limit=max(min(limit, room), 0),
            stop=ask.options.stop,
            rendered=model.rendered,
            chunk_tokens=host.chunk_tokens,
            gap_chunk=ask.kind == "generate",
        )
        key = message_key("assistant", plan.text, "".join(map(call_text, answer.tool_calls)))
        return Run(_work(base, prompt, plan, key), plan)

    if not (answer.thinking and prompt_format is not None and model.rendered):
        return [run(answer, prompt, limit)]
    # The thinking runs free until the first token of content, and is then given to a second, constrained run.
    first = run(replace(answer, text=("{",), tool_calls=()), prompt, limit)
    thinking = replace(first.plan, chunks=tuple(chunk for chunk in first.plan.chunks if chunk.delta.thinking))
    made = thinking.chunks[-1].token if thinking.chunks else 0
    if first.plan.done_reason == "length":
        return [first]
    first = Run(replace(first.work, output_tokens=max(first.plan.output_tokens - 1, 1)), thinking)
    longer = PromptTokens(prompt.pieces, prompt.total + made)
    return [first, run(replace(answer, thinking=""), longer, limit)]


def context(ask: Ask, deltas: Sequence[Delta]) -> tuple[int, ...]:
    """Return the token numbers of prompt and answer that `/api/generate` gives back; none in raw mode."""
    if ask.raw or ask.kind != "generate":
        return ()
    said = "".join(delta.text for delta in deltas)
    return tuple(token_id(token) for text in (*(m.content for m in ask.messages), said) for token in cut(text))


def _work(base: Work, prompt: PromptTokens, plan: Plan, output_key: int) -> Work:
    pieces = prompt.pieces if sum(piece.tokens for piece in prompt.pieces) <= prompt.total else ()
    return replace(
        base,
        prompt_tokens=prompt.total,
        output_tokens=plan.output_tokens,
        prompt_key=tuple(piece.key for piece in pieces),
        piece_tokens=tuple(piece.tokens for piece in pieces),
        output_key=output_key,
    )
