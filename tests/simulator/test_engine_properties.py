"""Whatever clients do and whatever breaks, the simulated host keeps its promises."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from zeta_router.simulator.engine import Engine, Job, JobEvent, JobState, Work
from zeta_router.simulator.faults import FaultKind
from zeta_router.simulator.profiles import CPU, MAC_MINI, RTX_4070, RTX_4090
from zeta_router.simulator.settings import ServerSettings
from zeta_router.simulator.tags import model_from_tag

MODELS = [
    model_from_tag(tag)
    for tag in ("llama3.2:1b", "qwen2.5-coder:7b", "phi4:14b", "deepseek-r1:14b", "nomic-embed-text", "llama3.3:70b")
]
ENDINGS = {JobEvent.finished, JobEvent.failed}
FAULTS: list[FaultKind] = ["out_of_memory", "load_crash", "load_stall", "crash"]

model_numbers = st.integers(0, len(MODELS) - 1)
submissions = st.tuples(
    st.just("submit"),
    model_numbers,
    st.sampled_from(["generate", "load"]),
    st.integers(0, 3000),
    st.integers(0, 300),
    st.sampled_from([None, None, 2048, 8192]),
    st.sampled_from([None, None, None, 0.0, 2.0, math.inf]),
)
cancellations = st.tuples(st.just("cancel"), st.integers(0, 40))
unloads = st.tuples(st.just("unload"), model_numbers)
crashes = st.tuples(st.just("crash"), model_numbers)
speeds = st.tuples(st.just("slow"), st.sampled_from([0.5, 1.0, 5.0, math.inf]))
armed = st.tuples(st.just("fault"), st.sampled_from(FAULTS), st.integers(0, 50))
steps = st.lists(
    st.tuples(st.sampled_from([0.0, 0.05, 0.7, 4.0, 60.0]), st.one_of(submissions, submissions, cancellations, unloads))
    | st.tuples(st.sampled_from([0.0, 0.3]), st.one_of(crashes, speeds, armed)),
    min_size=1,
    max_size=40,
)
hosts = st.sampled_from([RTX_4090, RTX_4070, CPU, MAC_MINI])
environments = st.builds(
    ServerSettings,
    num_parallel=st.sampled_from([1, 2, 4]),
    max_loaded_models=st.sampled_from([0, 1, 2]),
    max_queue=st.sampled_from([0, 1, 512]),
    keep_alive=st.sampled_from([0.0, 5.0, 300.0]),
)


@dataclass
class Witness:
    """Drives a host and checks it after every single event."""

    engine: Engine
    jobs: list[Job] = field(default_factory=list)
    heard: Counter[int] = field(default_factory=Counter)
    last: float = 0.0

    def hear(self, job: Job, event: JobEvent) -> None:
        assert not self.heard[job.number], f"{job!r} spoke after its end"
        assert self.engine.now >= self.last, "time ran back"
        self.last = self.engine.now
        self.heard[job.number] += event in ENDINGS

    def advance(self, until: float) -> None:
        engine = self.engine
        while (due := engine.next_event_at()) is not None and due <= until:
            assert due >= engine.now, "an event lies in the past"
            engine.advance(due)
            self.check()
        if math.isfinite(until):
            engine.advance(until)

    def check(self) -> None:
        engine = self.engine
        capacity = engine.profile.gpu_total_bytes - engine.profile.gpu_reserved_bytes
        assert 0 <= engine.free_vram <= capacity or engine.profile.cpu_only
        assert sum(line.size_vram for line in engine.loaded()) <= capacity
        assert all(line.running >= 0 for line in engine.loaded())
        assert len(engine.loaded()) <= (engine.settings.max_loaded_models or 3)

    def act(self, step: tuple[object, ...]) -> None:
        engine = self.engine
        match step:
            case ("submit", int(number), kind, int(prompt), int(output), num_ctx, keep_alive):
                model = MODELS[number]
                work = Work(
                    model=model,
                    kind="embed" if model.embedding else kind,  # type: ignore[arg-type]
                    prompt_tokens=prompt,
                    output_tokens=output,
                    num_ctx=num_ctx,  # type: ignore[arg-type]
                    keep_alive=keep_alive,  # type: ignore[arg-type]
                )
                self.jobs.append(engine.submit(work, listener=self.hear))
            case ("cancel", int(number)) if self.jobs:
                engine.cancel(self.jobs[number % len(self.jobs)])
            case ("unload", int(number)):
                engine.unload(MODELS[number])
            case ("crash", int(number)):
                engine.crash(MODELS[number])
            case ("slow", float(factor)):
                engine.faults.slow(factor)
            case ("fault", kind, int(at)):
                engine.faults.add(kind, at=at)  # type: ignore[arg-type]
        self.check()

    def settle(self) -> None:
        """Heal the host and let it finish; a load may wait for models kept for ever, so those are let go."""
        self.engine.faults.clear()
        for _ in range(len(self.jobs) + 1):
            self.advance(math.inf)
            for line in self.engine.loaded():
                self.engine.unload(line.model)
        self.advance(math.inf)


def witness(host_steps: list[tuple[float, tuple[object, ...]]], engine: Engine) -> Witness:
    """Return the witness of these steps, each a delay in seconds and what is done then, settled at the end."""
    seen = Witness(engine)
    for delay, step in host_steps:
        seen.advance(engine.now + delay)
        seen.act(step)
    seen.settle()
    return seen


@given(steps, hosts, environments, st.integers(0, 3))
@settings(max_examples=150, deadline=None)
def test_every_request_is_answered_once(
    host_steps: list[tuple[float, tuple[object, ...]]], host: object, environment: ServerSettings, seed: int
) -> None:
    """No request is lost or answered twice, time never runs back, memory is never over capacity, nothing stays busy."""
    engine = Engine(MODELS, profile=host, settings=environment, rng=Random(seed))  # type: ignore[arg-type]
    seen = witness(host_steps, engine)

    for job in seen.jobs:
        assert job.done, f"{job!r} was lost"
        assert seen.heard[job.number] == (job.state is not JobState.cancelled)
        assert (job.error is not None) == (job.state is JobState.failed)
    assert engine.loaded() == ()
    assert engine.free_vram == host.gpu_total_bytes - host.gpu_reserved_bytes  # type: ignore[attr-defined]


@given(steps, environments)
@settings(max_examples=50, deadline=None)
def test_durations_add_up(host_steps: list[tuple[float, tuple[object, ...]]], environment: ServerSettings) -> None:
    """The reported parts never exceed the total, and the total is what the client waited."""
    engine = Engine(MODELS, settings=environment)
    seen = witness(host_steps, engine)

    for job in seen.jobs:
        if job.state is JobState.finished and job.work.kind != "load":
            assert job.finished_at is not None
            waited = job.finished_at - job.submitted_at
            assert job.load + job.prompt_eval + job.eval <= job.total + 2_000  # a token alone counts as 1 µs
            assert math.isclose(job.total / 1e9, waited, abs_tol=1e-6)


@given(st.integers(1, 4), st.integers(0, 3), st.floats(0.0, 1.0), st.integers(0, 8))
@settings(max_examples=60, deadline=None)
def test_a_closed_client_frees_its_slot(slots: int, leaver: int, moment: float, waiting: int) -> None:
    """When a client leaves, its slot goes to the first in line in that very instant, whatever it was doing."""
    engine = Engine(MODELS, settings=ServerSettings(num_parallel=slots))
    model = MODELS[0]
    engine.run(engine.submit(Work(model=model, kind="load")))
    work = Work(model=model, prompt_tokens=500, output_tokens=400)
    running = [engine.submit(work) for _ in range(slots)]
    line = [engine.submit(work) for _ in range(waiting)]
    engine.advance(engine.now + moment)

    engine.cancel(running[leaver % slots])

    assert engine.loaded()[0].running == slots + waiting - 1
    assert [job.slot_at for job in line[:1]] == [engine.now][:waiting]
    engine.run_until_idle()
    assert sum(job.state is JobState.finished for job in (*running, *line)) == slots + waiting - 1


@given(steps, st.integers(0, 3))
@settings(max_examples=30, deadline=None)
def test_the_same_seed_gives_the_same_history(host_steps: list[tuple[float, tuple[object, ...]]], seed: int) -> None:
    """Two hosts with the same seed and the same clients do the same at the same times."""
    histories = [
        [
            (job.state, job.submitted_at, job.loaded_at, job.slot_at, job.finished_at, job.total)
            for job in witness(host_steps, Engine(MODELS, rng=Random(seed))).jobs
        ]
        for _ in range(2)
    ]

    assert histories[0] == histories[1]
