"""The scenarios: the fleet, how fast requests come, what goes wrong. Source: the Zeta learning study, section 5."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import NamedTuple

from zeta_router.bench.changes import Change, Fail, Join, Slow, Worsen
from zeta_router.bench.zoo import CODE, CODER, NEWCOMER, THREE, TWELVE, TWINS, BenchModel
from zeta_router.errors import ConfigError

THIRD = 1 / 3


class Crowd(NamedTuple):
    """A part of the run in which requests come faster."""

    begin: float
    """Share of the requests that came before."""
    end: float
    factor: float


class Drift(NamedTuple):
    """The change that the measures of leaving and returning look at."""

    model: str
    begin: float
    """Share of the requests that came before."""
    end: float
    """The same; 1 is never."""
    factor: float = 1.0
    """Times slower in between."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scenario:
    """One setting. Everything that a seed does not decide."""

    name: str
    title: str
    models: tuple[BenchModel, ...] = THREE
    hosts: int = 1
    memory_gb: float = 24.0
    """VRAM of each host."""
    slots: int = 1
    """Requests that a model serves at once; the router is not told."""
    most_loaded: int = 3
    """Models in memory at once, as Ollama's default; besides, they must fit."""
    rate: float = 0.06
    """Requests per second at load 1: one host is busy about half of the time."""
    speed: float = 1.0
    """Times faster than the study's host."""
    shorter: float = 1.0
    """Prompts and answers are this many times shorter than the trace's."""
    patience: float = 1.0
    """Factor on the seconds that the user expects."""
    crowd: Crowd | None = None
    steady: bool = False
    """Requests come one by one at random moments and in random order, instead of in the trace's bursts and phases."""
    turns: float = 0.0
    """Mean number of requests of a conversation, in which prompts grow; 0: requests have nothing in common."""
    feedback: float = 0.20
    """Share of the answers that somebody has an opinion on."""
    flipped: float = 0.0
    """Share of these opinions that say the contrary."""
    changes: tuple[Change, ...] = ()
    drift: Drift | None = None
    study_regret: float | None = None
    """Regret of the study's reference policy against the study's oracle, in %; None where it did not look."""

    @property
    def in_mean(self) -> bool:
        """Whether it is one of the ten that the study's mean is taken over."""
        return self.study_regret is not None


def _episodes(factor: float, *spans: tuple[float, float]) -> tuple[Change, ...]:
    return tuple(
        Slow(at, times, model=CODER.name) for begin, end in spans for at, times in ((begin, factor), (end, 1.0))
    )


_FAST = Scenario(
    name="slow-5x",
    title="coder 5x slower then back, 1 request/s on a fast host",
    # All times of the study's setting about 17 times shorter: a 4.5 times faster host (about an RTX 4090), prompts and
    # answers a quarter as long, and users who expect it.
    rate=1.0,
    speed=4.5,
    shorter=4.0,
    patience=0.06,
    changes=_episodes(5.0, (THIRD, 2 * THIRD)),
    drift=Drift(CODER.name, THIRD, 2 * THIRD, 5.0),
)

_ALL = (
    Scenario(name="stationary", study_regret=3.6, title="nothing happens"),
    Scenario(
        name="slow-4x",
        study_regret=4.1,
        title="coder 4x slower in the middle third",
        changes=_episodes(4.0, (THIRD, 2 * THIRD)),
        drift=Drift(CODER.name, THIRD, 2 * THIRD, 4.0),
    ),
    Scenario(
        name="failures",
        study_regret=3.7,
        title="coder fails 30 % in the middle third",
        changes=(Fail(THIRD, CODER.name, 0.3), Fail(2 * THIRD, CODER.name, 0.0)),
    ),
    # 16.5 GB: any two of the three models fit by Ollama's rule (need <= 0.8 of what is free), never all three
    Scenario(name="vram", study_regret=2.9, title="VRAM for two of three", memory_gb=16.5),
    Scenario(
        name="newcomer",
        study_regret=4.9,
        title="a better coder joins after a third",
        memory_gb=32.0,
        most_loaded=4,
        changes=(Join(THIRD, NEWCOMER),),
    ),
    Scenario(
        name="quality-drop",
        study_regret=7.5,
        title="coder's code falls to 0.40, little and noisy feedback",
        feedback=0.10,
        flipped=0.10,
        changes=(Worsen(THIRD, CODER.name, CODE, 0.40),),
        drift=Drift(CODER.name, THIRD, 1.0),
    ),
    Scenario(
        name="two-hosts",
        study_regret=4.1,
        title="two hosts, one 3x slower in the middle third",
        hosts=2,
        rate=0.06 * 1.8,
        changes=(Slow(THIRD, 3.0, host=1), Slow(2 * THIRD, 1.0, host=1)),
    ),
    Scenario(name="flash-crowd", study_regret=2.1, title="4x the requests for a while", crowd=Crowd(0.45, 0.60, 4.0)),
    Scenario(name="twelve", study_regret=5.6, title="twelve models", models=TWELVE),
    Scenario(name="four-slots", study_regret=3.5, title="four slots per model", slots=4, rate=0.06 * 1.5),
    _FAST,
    # the trace brings no code for minutes on end: nobody could come back to the coder within seconds then
    replace(_FAST, name="slow-5x-steady", title=f"{_FAST.title}, no bursts", steady=True),
    Scenario(name="conversations", title="growing conversations, two models alike", models=TWINS, turns=10.0),
    Scenario(
        name="conversations-two-hosts",
        title="growing conversations, one model on two hosts",
        models=TWINS[:1],
        turns=10.0,
        hosts=2,
        rate=0.06 * 1.8,
    ),
    Scenario(
        name="episodes",
        title="coder 5x slower, three short times",
        changes=_episodes(5.0, (0.20, 0.24), (0.45, 0.49), (0.70, 0.74)),
    ),
)
SCENARIOS: Mapping[str, Scenario] = MappingProxyType({scenario.name: scenario for scenario in _ALL})


def scenarios_named(names: str) -> tuple[Scenario, ...]:
    """Return scenarios by their names, separated by commas; `all` are all, `ten` those of the study's mean.

    Raises:
        ConfigError: There is no such scenario.
    """
    if names == "all":
        return _ALL
    if names == "ten":
        return tuple(s for s in _ALL if s.in_mean)
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    unknown = [name for name in wanted if name not in SCENARIOS]
    if unknown or not wanted:
        known = ", ".join(SCENARIOS)
        raise ConfigError(f"no scenario {', '.join(unknown) or 'named'}; there are {known}, ten and all")
    return tuple(SCENARIOS[name] for name in wanted)
