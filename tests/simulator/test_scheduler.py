"""The scheduler's rules, one by one; the recorded scenarios check them together."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from simulated_hosts import CODER, EMBEDDER, HOST, MODELS, PHI, SMALL, THINKER, load, make_engine, names

from zeta_router.simulator.engine import Engine, Job, JobEvent, JobState, Work
from zeta_router.simulator.profiles import CPU, GIB, MAC_MINI
from zeta_router.simulator.settings import ServerSettings
from zeta_router.simulator.timeline import Timeline

SHORT = 10  # tokens: 0.18 s of decoding


def test_a_request_tells_its_story_in_order() -> None:
    """A cold request is loaded, gets a slot, makes its first token, then those asked for, and finishes once."""
    engine = make_engine()
    story: list[tuple[JobEvent, int]] = []
    work = Work(model=SMALL, prompt_tokens=100, output_tokens=SHORT)

    job = engine.submit(work, listener=lambda job, event: story.append((event, job.tokens_made)))
    for token in (10, 1, 4):
        engine.watch_token(job, token)
    engine.run(job)

    assert story == [
        (JobEvent.loaded, 0),
        (JobEvent.started, 0),
        (JobEvent.first_token, 1),
        (JobEvent.token, 1),
        (JobEvent.token, 4),
        (JobEvent.token, 10),
        (JobEvent.finished, 10),
    ]


def test_tokens_come_when_their_turn_is() -> None:
    """Token k of an answer is made k - 1 steps after the first."""
    engine = make_engine()
    load(engine, SMALL)
    times: list[float] = []
    job = engine.submit(
        Work(model=SMALL, prompt_tokens=100, output_tokens=50), listener=lambda _, event: times.append(engine.now)
    )
    engine.watch_token(job, 26)
    engine.run(job)

    loaded, started, first, token, finished = times
    assert loaded == started
    assert token - first == pytest.approx(25 / 50)
    assert finished - first == pytest.approx(49 / 50)


@pytest.mark.parametrize("token", [0, 11])
def test_a_token_that_will_never_be_made_cannot_be_watched(token: int) -> None:
    """Watching token 0, or one past the end, is refused."""
    engine = make_engine()
    job = engine.submit(Work(model=SMALL, output_tokens=10))

    with pytest.raises(ValueError, match="cannot be watched"):
        engine.watch_token(job, token)


def test_a_full_queue_refuses_at_once() -> None:
    """With room for one waiting load, the third is refused with the server's own words; a loaded model never is."""
    engine = make_engine(max_queue=1)
    first, second, third = (engine.submit(Work(model=model, kind="load")) for model in (CODER, SMALL, PHI))

    assert third.state is JobState.failed
    assert third.error is not None
    assert third.error.status == 503
    assert third.error.message == "server busy, please try again.  maximum pending requests exceeded"
    engine.run(second)
    assert first.state is JobState.finished
    crowd = [engine.submit(Work(model=SMALL, output_tokens=2)) for _ in range(600)]
    assert not any(job.done for job in crowd)


def test_without_a_queue_one_load_is_taken_and_no_second() -> None:
    """MAX_QUEUE 0 still lets the loop take a request that need not wait."""
    engine = make_engine(max_queue=0)
    first, second = (engine.submit(Work(model=model, kind="load")) for model in (CODER, SMALL))

    assert second.state is JobState.failed
    assert engine.run(first).state is JobState.finished


@pytest.mark.parametrize("now", [0.0, 0.3, 1.4, 1e9 + 0.123])
def test_a_load_is_noticed_by_the_poll_at_its_end(now: float) -> None:
    """A load of exactly two polls takes two, not three, whatever the clock's rounding: 0.6 + 0.5 - 0.6 > 0.5."""
    two_polls = replace(SMALL, size_bytes=GIB // 2)
    engine = Engine([two_polls], profile=HOST, now=now)
    job = load(engine, two_polls)

    assert job.loaded_at == pytest.approx(now + 0.3 + 0.5)


def test_who_leaves_the_line_gets_no_slot() -> None:
    """A client that leaves while it waits for a slot is passed over, and stays cancelled."""
    engine = make_engine()
    load(engine, SMALL)
    running, leaving, last = (engine.submit(Work(model=SMALL, output_tokens=SHORT)) for _ in range(3))
    engine.cancel(leaving)
    engine.run(last)

    assert leaving.state is JobState.cancelled
    assert leaving.slot_at is None
    assert last.slot_at == running.finished_at


def test_an_idle_model_goes_when_its_keep_alive_has_run_out() -> None:
    """The clock starts when the model goes idle, anew each time, and the last keep_alive given stays in force."""
    engine = make_engine()
    load(engine, SMALL, keep_alive=10.0)
    idle_at = engine.now
    assert engine.loaded()[0].expires_at == pytest.approx(idle_at + 10)
    engine.advance(idle_at + 9)
    job = engine.run(engine.submit(Work(model=SMALL, output_tokens=SHORT)))

    assert job.finished_at is not None
    engine.advance(job.finished_at + 9.9)
    assert names(engine) == {SMALL.name}
    engine.advance(job.finished_at + 10)
    assert names(engine) == set()


def test_a_model_kept_for_ever_never_expires() -> None:
    """keep_alive infinity sets no timer."""
    engine = make_engine()
    load(engine, SMALL, keep_alive=math.inf)
    engine.run_until_idle()

    assert [line.expires_at for line in engine.loaded()] == [math.inf]


def test_unloading_waits_for_running_requests() -> None:
    """Unload returns at once; the model serves until it is idle, and is listed with an expiry in the past."""
    engine = make_engine()
    load(engine, SMALL)
    job = engine.submit(Work(model=SMALL, output_tokens=100))
    engine.unload(SMALL)
    engine.advance(engine.now + 1)

    assert engine.loaded()[0].expires_at < engine.now
    engine.run(job)
    assert names(engine) == set()


def test_an_expiry_behind_a_vram_wait_cannot_be_called_back() -> None:
    """A model that expires while the janitor waits for VRAM goes when it is idle, whatever keep_alive comes later."""
    engine = make_engine(vram_wait=5.0)
    load(engine, CODER)
    load(engine, SMALL, keep_alive=1.0)
    engine.unload(CODER)
    assert names(engine) == {SMALL.name}
    engine.advance(engine.now + 2)  # SMALL expires, but the janitor waits for the memory of CODER
    engine.submit(Work(model=SMALL, output_tokens=500, keep_alive=math.inf))
    engine.run_until_idle()

    assert names(engine) == set()


def test_ended_requests_are_counted_only_after_a_vram_wait() -> None:
    """While memory is waited for, a finished request still counts as running, so its model looks busy."""
    engine = make_engine(vram_wait=5.0)
    load(engine, SMALL)
    load(engine, CODER)
    job = engine.submit(Work(model=SMALL, output_tokens=SHORT))
    engine.unload(CODER)
    engine.run(job)

    assert [line.running for line in engine.loaded()] == [1]
    engine.advance(engine.now + 5)
    assert [line.running for line in engine.loaded()] == [0]


def test_loads_come_one_at_a_time_in_order() -> None:
    """A small model behind a big one waits for all of it, and reports the wait as load time."""
    engine = make_engine()
    big = engine.submit(Work(model=CODER, prompt_tokens=10, output_tokens=SHORT))
    small = engine.submit(Work(model=SMALL, prompt_tokens=10, output_tokens=SHORT))
    engine.run(small)

    assert big.loaded_at == pytest.approx(0.3 + 4.5)
    assert small.loaded_at == pytest.approx(0.3 + 4.5 + 1.25)
    assert small.load / 1e9 == pytest.approx(small.loaded_at, abs=0.01)


def test_a_fourth_model_takes_the_place_of_another() -> None:
    """Three models per GPU, embedders included, however much memory is free."""
    engine = make_engine()
    for model in (SMALL, CODER, EMBEDDER):
        load(engine, model)
    load(engine, model=model_for_fourth(engine))

    assert len(engine.loaded()) == 3


def model_for_fourth(engine: Engine) -> object:
    """Install and return another small model."""
    return engine.models.pull("gemma3:1b")


def test_a_model_that_fits_leaves_the_others_alone() -> None:
    """Two models whose predicted need is within 80 % of what is free stay side by side."""
    engine = make_engine()
    for model in (SMALL, CODER):
        load(engine, model)

    assert names(engine) == {SMALL.name, CODER.name}


def test_a_model_that_does_not_fit_evicts_and_waits_for_memory() -> None:
    """Two 14B models of 32768 tokens do not share 24 GB; alone on the card, the wait for memory is one poll."""
    engine = make_engine(vram_wait=0.25)
    load(engine, PHI, num_ctx=16384)
    started = engine.now
    job = load(engine, THINKER)

    assert names(engine) == {THINKER.name}
    assert job.loaded_at == pytest.approx(started + 0.25 + 0.3 + 8.5)


@pytest.mark.parametrize("profile", [MAC_MINI, CPU])
def test_without_a_discrete_card_nobody_waits_for_memory(profile: object) -> None:
    """On unified memory, or without a GPU, an evicted model is gone at once."""
    engine = Engine(MODELS, profile=profile, settings=ServerSettings(max_loaded_models=1), vram_wait=lambda _: 1000.0)  # type: ignore[arg-type]
    load(engine, SMALL, num_ctx=4096)
    started = engine.now
    job = load(engine, EMBEDDER)

    assert job.loaded_at is not None
    assert job.loaded_at - started < 10


def test_a_discarded_client_never_loads_anything() -> None:
    """A head whose client left during GPU discovery is dropped before its load begins."""
    engine = make_engine()
    gone = engine.submit(Work(model=CODER, kind="load"))
    engine.advance(0.1)
    engine.cancel(gone)
    engine.run_until_idle()

    assert names(engine) == set()
    assert engine.now == pytest.approx(0.3)


def test_cancelling_what_has_ended_changes_nothing() -> None:
    """The client of a finished request may close as often as it likes."""
    engine = make_engine()
    job = load(engine, SMALL)
    engine.cancel(job)

    assert job.state is JobState.finished
    assert engine.loaded()[0].running == 0


def test_a_listener_may_ask_for_more() -> None:
    """A listener that submits the next request from inside an event is served in turn."""
    engine = make_engine()
    done: list[Job] = []

    def again(job: Job, event: JobEvent) -> None:
        if event is JobEvent.finished:
            done.append(job)
            if len(done) < 5:
                engine.submit(Work(model=SMALL, output_tokens=SHORT), listener=again)

    engine.submit(Work(model=SMALL, output_tokens=SHORT), listener=again)
    engine.run_until_idle()

    assert [job.number for job in done] == [1, 2, 3, 4, 5]


def test_time_does_not_run_back() -> None:
    """Advancing to the past is an error, not a rewind."""
    engine = make_engine()
    engine.advance(5.0)

    with pytest.raises(ValueError, match="does not run back"):
        engine.advance(4.0)


def test_a_load_that_waits_for_ever_is_said_to() -> None:
    """A victim that is given keep_alive for ever freezes loading for good, and `run` says so instead of hanging."""
    engine = make_engine()
    load(engine, PHI, num_ctx=16384)
    engine.submit(Work(model=PHI, num_ctx=16384, output_tokens=100))
    frozen = engine.submit(Work(model=THINKER, kind="load"))
    engine.submit(Work(model=PHI, num_ctx=16384, output_tokens=2, keep_alive=math.inf))

    with pytest.raises(RuntimeError, match="will never end"):
        engine.run(frozen)
    engine.unload(PHI)
    assert engine.run(frozen).state is JobState.finished


def test_an_embedder_has_one_slot_whatever_the_setting() -> None:
    """Two embedding requests at once run one after the other even with four slots; its answer has no tokens."""
    engine = make_engine(num_parallel=4)
    load(engine, EMBEDDER)
    first, second = (engine.submit(Work(model=EMBEDDER, kind="embed", prompt_tokens=500)) for _ in range(2))
    engine.run(second)

    assert second.slot_at == first.finished_at
    assert second.eval == 0
    assert second.tokens_made == 0


def test_a_conversation_finds_its_prompt_in_the_slot() -> None:
    """The next turn computes only what is new: the earlier prompt and answer are still there."""
    engine = make_engine()
    first = Work(
        model=SMALL, prompt_tokens=1000, output_tokens=50, prompt_key=(1,), piece_tokens=(1000,), output_key=77
    )
    second = Work(model=SMALL, prompt_tokens=1100, output_tokens=50, prompt_key=(1, 77, 2), piece_tokens=(1000, 50, 50))
    engine.run(engine.submit(first))
    job = engine.run(engine.submit(second))

    assert job.cached_tokens == 1050
    assert job.prompt_eval / 1e9 == pytest.approx(50 / 1000, abs=0.001)


@pytest.mark.parametrize(("memory", "cached"), [(GIB, 999), (0, 0)])
def test_a_prompt_pushed_out_of_its_slot_is_kept_in_host_memory(memory: int, cached: int) -> None:
    """Another prompt in between costs nothing while the host's cache has room, and all of it when it has none."""
    engine = make_engine(host_prompt_cache=memory)
    mine = Work(model=SMALL, prompt_tokens=1000, output_tokens=5, prompt_key=(1,), piece_tokens=(1000,))
    other = Work(model=SMALL, prompt_tokens=1000, output_tokens=5, prompt_key=(2,), piece_tokens=(1000,))
    for work in (mine, other):
        engine.run(engine.submit(work))

    assert engine.run(engine.submit(mine)).cached_tokens == cached


def test_a_full_host_cache_forgets_the_oldest_prompt() -> None:
    """With room for one prompt of 1000 tokens, the one pushed out before the last is gone."""
    engine = make_engine(host_prompt_cache=1500 * SMALL.kv_bytes_per_token)
    oldest, newer, newest = (
        Work(model=SMALL, prompt_tokens=1000, output_tokens=5, prompt_key=(key,), piece_tokens=(1000,))
        for key in range(3)
    )
    for work in (oldest, newer, newest):
        engine.run(engine.submit(work))

    assert engine.run(engine.submit(oldest)).cached_tokens == 0
    assert engine.run(engine.submit(newest)).cached_tokens == 999


def test_a_request_takes_the_slot_that_knows_its_prompt() -> None:
    """Of two free slots, the one with the longer common prefix serves, though the other was used less recently."""
    engine = make_engine(num_parallel=2, host_prompt_cache=0)
    load(engine, SMALL)
    works = [
        Work(model=SMALL, prompt_tokens=500, output_tokens=5, prompt_key=(key,), piece_tokens=(500,)) for key in (1, 2)
    ]
    jobs = [engine.submit(work) for work in works]
    for job in jobs:
        engine.run(job)

    assert [engine.run(engine.submit(work)).cached_tokens for work in reversed(works)] == [499, 499]


def test_an_unknown_prompt_takes_the_slot_unused_for_longest() -> None:
    """Of two free slots with other prompts, the older one is given up, so the newer prompt stays cached."""
    engine = make_engine(num_parallel=2, host_prompt_cache=0)
    load(engine, SMALL)
    older, newer, unknown = (
        Work(model=SMALL, prompt_tokens=500, output_tokens=tokens, prompt_key=(tokens,), piece_tokens=(500,))
        for tokens in (5, 50, 6)
    )
    jobs = [engine.submit(work) for work in (older, newer)]
    for job in jobs:
        engine.run(job)
    engine.run(engine.submit(unknown))

    assert engine.run(engine.submit(newer)).cached_tokens == 499


def test_layers_on_the_card_are_part_of_a_runner() -> None:
    """Another explicit num_gpu reloads; -1 and null take what is there."""
    engine = make_engine()
    load(engine, SMALL)

    def load_seconds(num_gpu: int | None) -> float:
        work = Work(model=SMALL, output_tokens=2, load_options=(("num_gpu", num_gpu),))
        return engine.run(engine.submit(work)).load / 1e9

    assert load_seconds(5) > 1.0
    assert load_seconds(-1) < 0.01
    assert load_seconds(None) < 0.01
    assert load_seconds(6) > 1.0


def test_the_context_follows_request_then_modelfile_then_server_then_card() -> None:
    """The first that names a num_ctx wins; it is cut to the trained context; without any the card decides."""
    modest = make_engine(context_length=8192)

    assert make_engine().context_of(Work(model=CODER)) == 32768
    assert modest.context_of(Work(model=CODER)) == 8192
    assert modest.context_of(Work(model=CODER, num_ctx=2048)) == 2048
    assert modest.context_of(Work(model=CODER, num_ctx=10**6)) == 32768
    assert Engine(MODELS, profile=CPU).context_of(Work(model=CODER)) == 4096


def test_two_hosts_can_live_in_one_time() -> None:
    """On a shared timeline, advancing one host advances both, and a listener may pass work from one to the other."""
    timeline = Timeline()
    near, far = (Engine(MODELS, profile=HOST, timeline=timeline) for _ in range(2))
    passed_on: list[Job] = []

    def pass_on(job: Job, event: JobEvent) -> None:
        if event is JobEvent.finished:
            passed_on.append(far.submit(Work(model=SMALL, output_tokens=SHORT)))

    first = near.submit(Work(model=SMALL, output_tokens=SHORT), listener=pass_on)
    near.run_until_idle()

    assert [job.submitted_at for job in passed_on] == [first.finished_at]
    assert passed_on[0].state is JobState.finished
    assert near.now == far.now
