"""The simulated fleet of one run, in virtual time: hosts, what is installed there, what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from zeta_router.bench.scenarios import Scenario
from zeta_router.bench.truth import Truth
from zeta_router.bench.workload import Call, Workload
from zeta_router.bench.zoo import CONTEXT, GB, BenchModel
from zeta_router.request import Request
from zeta_router.simulator.engine import Engine
from zeta_router.simulator.jobs import Job, JobEvent, JobState, Listener, Work
from zeta_router.simulator.profiles import HostProfile
from zeta_router.simulator.settings import ServerSettings
from zeta_router.simulator.timeline import Timeline

EPOCH = 1_700_000_000.0
"""Where virtual time begins, in seconds since the epoch: policies must bear real clocks."""
CACHED_TOKENS = 65_536
"""Of prompts that a runner keeps beside its slots: the 8 GiB of newer servers, at 128 KiB per token."""
PIECES_MOST = 1_000_000
"""No prompt has more pieces."""
MODEL_COST, SLOT_COST = 0.9, 0.25
"""How much each further busy model, and each further busy slot of a model, lengthens the work of one."""


class World:
    """Hosts whose clock is `timeline`. Knows the truth; a router only meets what its answers show."""

    def __init__(self, scenario: Scenario, work: Workload, seed: int) -> None:
        self.scenario = scenario
        self.work = work
        self.timeline = Timeline(EPOCH)
        self.truth = Truth(scenario, seed)
        self.models: dict[str, BenchModel] = {}
        self.failing: dict[str, float] = {}
        """Model → share of its calls that fail."""
        self.hosts = {f"http://gpu-{i}:11434": i for i in range(scenario.hosts)}
        """Address → number."""
        settings = ServerSettings(
            num_parallel=scenario.slots,
            max_loaded_models=scenario.most_loaded,
            host_prompt_cache=CACHED_TOKENS * scenario.models[0].simulated.kv_bytes_per_token,
        )
        self.engines = {
            address: Engine(
                (),
                profile=_profile(scenario, self.truth.load[i]),
                settings=settings,
                timeline=self.timeline,
                rng=Random(seed),
            )
            for address, i in self.hosts.items()
        }
        self.jobs: dict[str, dict[int, Job]] = {address: {} for address in self.hosts}
        """Address → jobs that have not ended, by number, oldest first."""
        self.loads = 0
        """Models brought into memory so far."""
        self._turns = {(call.request.session, call.request.tokens): call for call in work.calls if call.turn}
        self._runners: dict[tuple[str, str], object] = {}
        self.joined: Callable[[BenchModel], None] = lambda model: None
        """Called for every model that is installed while running."""
        for model in scenario.models:
            self._install(model)

    @property
    def now(self) -> float:
        """Seconds since the epoch."""
        return self.timeline.now

    def _install(self, model: BenchModel) -> None:
        self.models[model.name] = model
        for engine in self.engines.values():
            engine.models.add(model.simulated)

    def join(self, model: BenchModel) -> None:
        """Install a model on every host now."""
        self.truth.add(model)
        self._install(model)
        self.joined(model)

    def slow(self, factor: float, *, model: str | None = None, host: int | None = None) -> None:
        """Make a model, or all of them, `factor` times slower on one host or on all."""
        for address, number in self.hosts.items():
            if host in (None, number):
                self.engines[address].faults.slow(factor, model=model)

    def slowdown(self, model: str, host: str) -> float:
        """Return how many times slower than healthy a model is on a host now."""
        return self.engines[host].faults.slowdown(model)

    def resident(self, host: str) -> list[str]:
        """Return what `/api/ps` of a host shows."""
        return [line.model.name for line in self.engines[host].loaded()]

    def fails(self, call: Call, model: str) -> bool:
        """Return whether a call fails on a model now: when its first token is due."""
        return call.failure_draw < self.failing.get(model, 0.0)

    def serve(self, call: Call, model: str, host: str, listener: Listener) -> Job:
        """Send a request to a model on a host; the listener is told how it ends."""
        number = self.hosts[host]
        jobs = self.jobs[host]

        def hear(job: Job, event: JobEvent) -> None:
            if event is JobEvent.loaded:
                self.loads += self._runners.get((model, host)) is not job.runner
                self._runners[(model, host)] = job.runner
            elif job.done:
                jobs.pop(job.number, None)
            listener(job, event)

        job = self.engines[host].submit(self._work(call, model, number), listener=hear)
        if not job.done:
            jobs[job.number] = job
        return job

    def cached_tokens(self, request: Request, model: str, host: str) -> int:
        """Return how many tokens of a request's prompt a model on a host need not read."""
        call = self._turns.get((request.session, request.tokens))
        return self.engines[host].cached_tokens(self._work(call, model, self.hosts[host])) if call else 0

    def _work(self, call: Call, model: str, number: int) -> Work:
        """Return a request as a host sees it."""
        keys = _keys(call)
        return Work(
            model=self.models[model].simulated,
            prompt_tokens=call.request.tokens,
            output_tokens=1 if self.fails(call, model) else call.output_tokens,
            num_ctx=CONTEXT,
            prompt_key=keys[:-1],
            piece_tokens=call.turn.pieces if call.turn else (),
            output_key=keys[-1] if keys else None,
            prefill_factor=call.prefill_factor * self.truth.prefill[(model, number)],
            decode_factor=call.decode_factor * self.truth.decode[(model, number)],
        )

    def cancel(self, job: Job, host: str) -> None:
        """The client of a job has gone."""
        if job.state is not JobState.cancelled:
            self.engines[host].cancel(job)
        self.jobs[host].pop(job.number, None)


def _keys(call: Call) -> tuple[int, ...]:
    """Return numbers of the pieces of a conversation's prompt and of the answer to come; none for other requests."""
    if call.turn is None:
        return ()
    first = call.turn.talk * PIECES_MOST
    return tuple(range(first, first + len(call.turn.pieces) + 1))


def _profile(scenario: Scenario, load_factor: float) -> HostProfile:
    """Return a consumer card: 216 GB/s, 12,600 prompt tokens/s per billion parameters, 1.6 GB/s from disk."""
    speed = scenario.speed
    return HostProfile(
        name="bench",
        gpu_total_bytes=round(scenario.memory_gb * GB),
        discrete=False,  # the study's hosts free their VRAM at once
        decode_bytes_per_s=216e9 * speed,
        prefill_parameters_per_s=12_600e9 * speed,
        load_bytes_per_s=1.6e9 * speed / load_factor,
        startup_s=0.7 * load_factor,
        discovery_s=0.0,
        request_overhead_s=0.005 / speed,
        slot_cost=SLOT_COST,
        prefill_cost=SLOT_COST,
        prefill_batch=0,
        model_cost=MODEL_COST,
    )
