"""One call of a model, as its callbacks tell it: who was asked, and how it went."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, LLMResult

from zeta_langchain.answers import judged, outcome_of
from zeta_router.attempts import Attempt
from zeta_router.clock import Clock
from zeta_router.errors import ConfigError
from zeta_router.ollama import hosts_from_environment, plain_address
from zeta_router.ollama import outcome_of as outcome_on_the_wire
from zeta_router.outcome import Fate, Outcome, Timings

_BASE_URL = re.compile(r"base_url=['\"]([^'\"]+)['\"]")


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedCall:
    """One call of a model that has ended. It holds no word of prompt or answer."""

    model: str
    host: str
    """Address of its Ollama, else who provides the model, e.g. `openai`."""
    fate: Fate
    timings: Timings
    """Seconds. Rate limiters, slow readers of a stream and other calls of one `generate` are in `total`; Ollama's own
    clocks are free of them."""
    prompt_tokens: int | None
    output_tokens: int | None
    run_id: str
    """Of the run in LangChain's traces."""
    is_zetas: bool
    """A router made this call, and has learned from it by itself."""


@dataclass(slots=True)
class OpenCall:
    """A call that has begun."""

    model: str
    host: str
    run_id: str
    clock: Clock
    began_at: float
    is_zetas: bool = False
    shared_by: int = 1
    """Calls that began and will be told to end at once: `generate` with several prompts."""
    attempt: Attempt | None = None
    """The router's record of it; None where nothing is learned."""
    is_followed: bool = False
    """This handler, and no other one, tells the router of it."""
    first_token_after: float | None = None
    unwatch: Any = None
    """Called when it has ended."""

    @property
    def elapsed(self) -> float:
        """Seconds since it began."""
        return max(0.0, self.clock() - self.began_at)

    def first_token(self) -> None:
        """Note the first token; later ones change nothing."""
        if self.first_token_after is None:
            self.first_token_after = self.elapsed
            if self.attempt is not None:
                self.attempt.first_token()

    def ended(self, outcome: Outcome) -> TimedCall:
        """Return the call as it ended."""
        return TimedCall(
            model=self.model,
            host=self.host,
            fate=outcome.fate,
            timings=outcome.timings,
            prompt_tokens=outcome.prompt_tokens,
            output_tokens=outcome.output_tokens,
            run_id=self.run_id,
            is_zetas=self.is_zetas,
        )

    def outcome_of(self, response: LLMResult) -> Outcome:
        """Return how it went that ended with this."""
        generation = response.generations[0][0] if response.generations and response.generations[0] else None
        if isinstance(generation, ChatGeneration) and isinstance(generation.message, AIMessage):
            message = generation.message
            clocked = _has_clocks(message.response_metadata)
            found = outcome_of(message, self, from_ollama=clocked, two_pass=False)  # type: ignore[arg-type]
            found = judged(found, message, (), shown=False)
        else:
            told = getattr(generation, "generation_info", None) or {}
            clocked = _has_clocks(told)
            timings = Timings(first_token=self.first_token_after, total=self.elapsed)
            found = Outcome(fate=Fate.ok, timings=timings)
            if clocked:
                found = outcome_on_the_wire(told, elapsed=self.elapsed, first_token=self.first_token_after)
        if self.shared_by > 1 and not clocked:  # its time is that of all of them
            found = Outcome(fate=found.fate, prompt_tokens=found.prompt_tokens, output_tokens=found.output_tokens)
        return found

    def cut_short(self, fate: Fate, error: str | None = None) -> Outcome:
        """Return how it went that ended without an answer."""
        timings = Timings(first_token=self.first_token_after, total=self.elapsed)
        return Outcome(fate=fate, timings=timings if self.shared_by == 1 else Timings(), error=error)


def _has_clocks(told: Mapping[str, Any]) -> bool:
    return "total_duration" in told or "done" in told


def model_in(serialized: Any, params: Mapping[str, Any], metadata: Mapping[str, Any]) -> str:
    """Return the name of the model that a run says it asks; a name given to the call wins."""
    for name in (params.get("model"), metadata.get("ls_model_name"), params.get("model_name")):
        if isinstance(name, str) and name.strip():
            return name
    name = serialized.get("name") if isinstance(serialized, Mapping) else None
    return name if isinstance(name, str) and name.strip() else "unknown"


def host_in(serialized: Any, params: Mapping[str, Any], metadata: Mapping[str, Any]) -> str:
    """Return where a model is: the address of its Ollama, else its provider.

    An Ollama model tells its address in its repr only; without one it is where `OLLAMA_HOST` says.
    """
    kind = str(params.get("_type") or "")
    if metadata.get("ls_provider") != "ollama" and "ollama" not in kind:
        return str(metadata.get("ls_provider") or kind or "unknown")
    shown = serialized.get("repr") if isinstance(serialized, Mapping) else None
    found = _BASE_URL.search(shown) if isinstance(shown, str) else None
    try:
        return plain_address(found.group(1) if found else hosts_from_environment()[0])
    except ConfigError:
        return "ollama"
