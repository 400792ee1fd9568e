"""Where the demo plays: a simulated Ollama of its own, or one that is there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zeta_router.clock import Clock, steady_clock
from zeta_router.demo.records import Phase
from zeta_router.errors import ConfigError
from zeta_router.model import ModelCard
from zeta_router.policies.base import Policy
from zeta_router.router import ZetaDynamicRouter

if TYPE_CHECKING:
    from zeta_router.simulator import SimulatedOllama

CODER = "qwen2.5-coder:7b"
MODELS = (CODER, "phi4:14b", "llama3.2:3b")
PROFILE = "rtx-4090"
"""24 GB: all three models are in memory together, so that the story is about speed and not about loading."""
SLOWDOWN = 5.0
TIME_SCALE = 30.0
"""Simulated seconds per second of watching."""
ANSWER_SCALE = 0.4
"""Answers are 0.4 times as long as the simulator's own, about 100 tokens for code: an assistant that is asked about
once a second. (The Azure traces of 2023 have medians of 13 tokens for a code assistant and of 129 for chat.) The rate
of calls matters: a suspect may be checked on 2 % of them, so that only many calls let it be taken back within 30 s."""
CHUNK_TOKENS = 32
"""Tokens per streamed piece. One, as Ollama sends, would make the demo spend its minute on parsing JSON."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Servers to route over, and what can be done to them."""

    hosts: tuple[str, ...]
    clock: Clock
    """Seconds in the unit of the server's own clocks."""
    cards: tuple[ModelCard, ...]
    server: SimulatedOllama | None = None
    """The simulated server; None on a real one, to which nothing is done."""

    @property
    def coder(self) -> str | None:
        """The model that is slowed; None where nothing is."""
        return CODER if self.server is not None else None

    def router(self, policy: Policy | None, *, seed: int) -> ZetaDynamicRouter:
        """Return a router over this stage that has learned nothing yet; None is Zeta's own policy."""
        router = ZetaDynamicRouter(self.cards, hosts=self.hosts, policy=policy, clock=self.clock, rng=seed)
        router.observer.signals = ()  # the filler text of simulated models goes round in circles, as no answer should
        return router

    def slow(self) -> None:
        """Make the coder slower from now on."""
        if self.server is not None:
            self.server.slow(CODER, SLOWDOWN)

    def recover(self) -> None:
        """Give the coder its speed back."""
        if self.server is not None:
            self.server.recover(CODER)


def phase_of(index: int, requests: int, *, injected: bool) -> Phase:
    """Return the phase of a request: the coder is slow in the second third of them."""
    if not injected or index < requests // 3:
        return Phase.before
    return Phase.slow if index < requests * 2 // 3 else Phase.after


@contextmanager
def simulated_stage(*, seed: int, time_scale: float = TIME_SCALE) -> Iterator[Stage]:
    """Start a simulated Ollama on a free loopback port, fresh and with nothing loaded, and stop it at the end.

    Raises:
        ConfigError: The packages it needs are not installed.
    """
    try:
        from zeta_router.simulator import SimulatedOllama
        from zeta_router.simulator.responders import DefaultResponder
    except ModuleNotFoundError as error:
        raise ConfigError(f"the demo needs {error.name}; install it: pip install 'zeta-router[demo]'") from error
    server = SimulatedOllama(
        models=MODELS,
        profile=PROFILE,
        time_scale=time_scale,
        seed=seed,
        responder=DefaultResponder(seed=seed, scale=ANSWER_SCALE),
        chunk_tokens=CHUNK_TOKENS,
    )
    with server:
        hosts = (server.url,)
        found = ZetaDynamicRouter.from_ollama(hosts)
        yield Stage(hosts, lambda: server.now, found.cards, server)


@contextmanager
def real_stage(hosts: Sequence[str]) -> Iterator[Stage]:
    """Use Ollama servers that are there, with all their chat models. Nothing is injected.

    Raises:
        ServerUnreachable: None of them answers.
        ConfigError: They have no models that can chat.
    """
    found = ZetaDynamicRouter.from_ollama(tuple(hosts))
    cards = tuple(card for card in found.cards if card.can("completion"))
    if not cards:
        raise ConfigError("none of the models there can chat; pull one: `ollama pull llama3.2:3b`")
    yield Stage(tuple(hosts), steady_clock(), cards)
