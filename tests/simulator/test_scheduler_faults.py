"""Trouble on demand, as the engine honours it."""

from __future__ import annotations

import pytest
from simulated_hosts import CODER, HOST, PHI, SMALL, load, make_engine, names

from zeta_router.simulator.engine import Engine, JobState, Work
from zeta_router.simulator.faults import Faults
from zeta_router.simulator.settings import ServerSettings

ANSWER = Work(model=SMALL, prompt_tokens=100, output_tokens=101)  # 0.1 s of prompt, 2 s of answer


@pytest.mark.parametrize("model", [None, SMALL.name])
def test_slowness_takes_effect_on_running_work(model: str | None) -> None:
    """A host or model made five times slower in the middle of an answer takes five times as long for the rest."""
    engine = make_engine()
    load(engine, SMALL)
    started = engine.now
    job = engine.submit(ANSWER)
    engine.advance(started + 0.1 + 0.002 + 1.0)
    engine.faults.slow(5.0, model=model)
    engine.run(job)

    assert job.finished_at == pytest.approx(started + 0.102 + 1.0 + 5.0)


def test_slowness_of_another_model_changes_nothing() -> None:
    """A fault of one model is no fault of the others."""
    engine = make_engine()
    load(engine, SMALL)
    engine.faults.slow(50.0, model=CODER.name)

    assert engine.run(engine.submit(ANSWER)).eval / 1e9 == pytest.approx(2.0)


def test_a_stalled_model_goes_on_where_it_stopped() -> None:
    """While stalled nothing is due; after resuming, the answer takes what was left."""
    engine = make_engine()
    load(engine, SMALL)
    job = engine.submit(ANSWER)
    started = engine.now
    engine.advance(started + 1.102)
    engine.faults.stall()
    assert engine.next_event_at() is None
    engine.advance(started + 101.102)
    engine.faults.resume()
    engine.run(job)

    assert job.finished_at == pytest.approx(started + 102.102)


def test_slowness_during_a_load_lengthens_the_rest_of_it() -> None:
    """A load that is half done when the host slows down to a half takes half as long again."""
    engine = make_engine()
    job = engine.submit(Work(model=CODER, kind="load"))
    engine.advance(0.3 + 2.0)
    engine.faults.slow(2.0)
    engine.run(job)

    assert job.loaded_at == pytest.approx(0.3 + 2.0 + 4.75, abs=0.25)


def test_a_stalled_load_times_out() -> None:
    """After OLLAMA_LOAD_TIMEOUT without a sign of life the load fails, and the next one goes on."""
    engine = make_engine(load_timeout=60.0)
    engine.faults.add("load_stall", model=CODER.name)
    stuck = engine.submit(Work(model=CODER, kind="load"))
    behind = load(engine, SMALL)

    assert stuck.error is not None
    assert (stuck.error.status, stuck.error.message) == (500, "timed out waiting for llama-server to start - ")
    assert behind.loaded_at == pytest.approx(0.3 + 60 + 0.3 + 1.25)


def test_out_of_memory_is_tried_again_with_less_context() -> None:
    """With an automatic context, the first failure lowers it a step; the request is served and never knows."""
    engine = make_engine()
    engine.faults.add("out_of_memory")
    job = engine.run(engine.submit(ANSWER))

    assert job.state is JobState.finished
    assert engine.loaded()[0].context_length < engine.context_of(ANSWER)
    again = engine.run(engine.submit(ANSWER))
    assert again.load / 1e9 < 0.01, "a lowered automatic context must not reload"


def test_out_of_memory_empties_the_card_before_it_gives_up() -> None:
    """With an explicit context, everything else is evicted and the load tried once more."""
    engine = make_engine()
    load(engine, CODER)
    load(engine, PHI, num_ctx=2048)
    engine.faults.add("out_of_memory", model=SMALL.name)
    job = load(engine, SMALL, num_ctx=4096)

    assert job.state is JobState.finished
    assert names(engine) == {SMALL.name}


def test_out_of_memory_for_good_is_an_error_of_that_request_alone() -> None:
    """Every try fails: 500 with the runner's last words; nothing is remembered and other models load."""
    engine = make_engine()
    fault = engine.faults.add("out_of_memory", model=SMALL.name, times=None)
    job = engine.run(engine.submit(ANSWER))

    assert job.error is not None
    assert job.error.status == 500
    assert "cudaMalloc failed: out of memory" in job.error.message
    assert load(engine, CODER).state is JobState.finished
    engine.faults.remove(fault)
    assert engine.run(engine.submit(ANSWER)).state is JobState.finished


def test_more_layers_than_fit_run_out_of_memory() -> None:
    """An explicit num_gpu skips the check, so asking for all of a 70B model on 24 GB fails in the runner."""
    engine = make_engine()
    big = engine.models.pull("llama3.3:70b")
    job = engine.run(engine.submit(Work(model=big, kind="load", num_ctx=4096, load_options=(("num_gpu", 81),))))

    assert job.error is not None
    assert job.error.kind == "out_of_memory"


def test_a_load_that_crashes_is_a_500() -> None:
    """The runner dies while loading: its exit status is in the error, and the next try starts anew."""
    engine = make_engine()
    engine.faults.add("load_crash")
    job = engine.run(engine.submit(ANSWER))

    assert job.error is not None
    assert job.error.message.startswith("llama-server process has terminated: exit status 134")
    assert engine.run(engine.submit(ANSWER)).state is JobState.finished


@pytest.mark.parametrize(
    ("at", "message"),
    [(0, "model runner has unexpectedly stopped"), (7, "an error was encountered while running the model")],
)
def test_a_crash_takes_everything_with_it(at: int, message: str) -> None:
    """A runner that dies at token k fails the running request and those in line; the next one reloads it."""
    engine = make_engine()
    load(engine, SMALL)
    engine.faults.add("crash", model=SMALL.name, at=at)
    running, waiting = engine.submit(ANSWER), engine.submit(ANSWER)
    engine.run(waiting)

    assert running.tokens_made == at
    assert running.error is not None
    assert message in running.error.message
    assert waiting.error is not None
    assert "unexpectedly stopped" in waiting.error.message
    assert waiting.slot_at is None
    assert names(engine) == {SMALL.name}, "a crashed runner stays listed until somebody notices"
    assert engine.run(engine.submit(ANSWER)).load / 1e9 > 1.0


def test_a_runner_can_be_killed_at_any_moment() -> None:
    """`crash` strikes what runs now; of a model that is not loaded it changes nothing."""
    engine = make_engine()
    engine.crash(SMALL)
    load(engine, SMALL)
    job = engine.submit(ANSWER)
    engine.advance(engine.now + 1.0)
    engine.crash(SMALL)

    assert job.state is JobState.failed
    assert 0 < job.tokens_made < 101


def test_clock_skew_is_in_reports_not_in_time() -> None:
    """Skew is added to every reported duration; the answer comes when it comes."""
    plain, skewed = make_engine(), make_engine()
    skewed.faults.clock_skew = 3.0
    honest, lying = (engine.run(engine.submit(ANSWER)) for engine in (plain, skewed))

    assert lying.finished_at == honest.finished_at
    assert lying.total - honest.total == 3_000_000_000
    assert lying.eval - honest.eval == 3_000_000_000


def test_a_fault_strikes_as_often_as_it_was_told() -> None:
    """`take` hands out a fault for its model until its times are used up; other kinds and models are left alone."""
    faults = Faults()
    faults.add("truncate", model="a:1b", at=3, times=2)

    assert faults.take("truncate", "b:1b") is None
    assert faults.take("drop_connection", "a:1b") is None
    struck = [faults.take("truncate", "a:1b") for _ in range(3)]
    assert [fault.at if fault else None for fault in struck] == [3, 3, None]
    assert not faults


@pytest.mark.parametrize("factor", [0.0, -1.0, float("nan")])
def test_a_slowdown_must_be_positive(factor: float) -> None:
    """Nothing runs infinitely fast or backwards."""
    with pytest.raises(ValueError, match="must be positive"):
        Faults().slow(factor)


def test_clearing_heals_everything() -> None:
    """After `clear` a host is as new."""
    faults = Faults()
    engine = Engine([SMALL], profile=HOST, settings=ServerSettings(), faults=faults)
    faults.stall()
    faults.add("load_crash")
    faults.clock_skew = 1.0
    faults.clear()

    assert not faults
    assert engine.run(engine.submit(ANSWER)).state is JobState.finished
