"""One simulated Ollama host in virtual time: submit work, advance the clock, be told what happens."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from random import Random

from zeta_router.simulator.catalog import SimulatedModel
from zeta_router.simulator.faults import Faults
from zeta_router.simulator.jobs import Job, JobError, JobEvent, JobState, Listener, Work
from zeta_router.simulator.profiles import DEFAULT_PROFILE, HostProfile
from zeta_router.simulator.settings import ServerSettings

__all__ = ["Engine", "Job", "JobError", "JobEvent", "JobState", "LoadedModel", "ModelLibrary", "Work"]


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A line of `/api/ps` (1.8)."""

    model: SimulatedModel
    """Under the name that loaded it."""
    size: int
    """Bytes the runner allocated."""
    size_vram: int
    expires_at: float
    """Engine seconds; infinity is for ever, and it may lie in the past (1.8)."""
    context_length: int
    """In force, per slot."""
    running: int
    """Requests that run or wait for a slot."""


class ModelLibrary:
    """The installed models by name; lookup ignores case and the default registry (1.2)."""

    def __getitem__(self, name: str) -> SimulatedModel: ...
    def get(self, name: str) -> SimulatedModel | None: ...
    def __contains__(self, name: object) -> bool: ...
    def __iter__(self) -> Iterator[SimulatedModel]: ...
    def __len__(self) -> int: ...
    def add(self, model: SimulatedModel) -> None: ...
    def remove(self, name: str) -> SimulatedModel:
        """Forget a model; a loaded one stays loaded. Raises KeyError."""
        ...

    def pull(self, tag: str) -> SimulatedModel:
        """Return the installed model of this tag, installing a plausible one if there is none."""
        ...


class Engine:
    """One host. Single-threaded; listeners run inside `submit`, `advance` and `cancel`, and may call the engine."""

    now: float
    models: ModelLibrary
    faults: Faults
    profile: HostProfile
    settings: ServerSettings

    def __init__(
        self,
        models: Iterable[SimulatedModel],
        *,
        profile: HostProfile = DEFAULT_PROFILE,
        settings: ServerSettings | None = None,
        faults: Faults | None = None,
        now: float = 0.0,
        rng: Random | None = None,
    ) -> None: ...

    def submit(self, work: Work, *, listener: Listener | None = None) -> Job:
        """Take a request at `now`. The job may already be final (503) when this returns; check `job.done`."""
        ...

    def cancel(self, job: Job) -> None:
        """The client is gone (2.5). Silent: no event follows. Does nothing to a final job."""
        ...

    def unload(self, model: SimulatedModel) -> None:
        """What keep_alive 0 with an empty prompt does: unload when idle; returns at once."""
        ...

    def watch_token(self, job: Job, k: int) -> None:
        """Ask for `JobEvent.token` when token `k` (from 1) is made; at most `output_tokens`. Watch any number."""
        ...

    def call_at(self, when: float, callback: Callable[[], None]) -> None:
        """Run `callback` at that time, after everything else of the same instant (an arrival, say)."""
        ...

    def next_event_at(self) -> float | None: ...
    def advance(self, until: float) -> None: ...
    def run_until_idle(self) -> None: ...
    def run(self, job: Job) -> Job: ...
    def loaded(self) -> tuple[LoadedModel, ...]:
        """What `/api/ps` shows, latest expiry first."""
        ...

    def context_of(self, work: Work) -> int:
        """Return the num_ctx that a request gets: given, Modelfile, server or card, cut to the trained context."""
        ...
