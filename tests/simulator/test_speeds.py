"""How fast simulated models run, alone and beside each other."""

from __future__ import annotations

from dataclasses import replace

import pytest
from simulated_hosts import CODER, HOST, PHI, SMALL, load

from zeta_router.simulator.catalog import SimulatedModel
from zeta_router.simulator.engine import Engine, Work
from zeta_router.simulator.profiles import CPU, MAC_MINI, PROFILES, RTX_4070, RTX_4090, HostProfile
from zeta_router.simulator.settings import ServerSettings
from zeta_router.simulator.speeds import decode_rate, load_seconds, prefill_rate
from zeta_router.simulator.tags import model_from_tag

SHARING = replace(HOST, slot_cost=0.25, prefill_cost=1.0, prefill_batch=500, model_cost=1.0)
ANSWER = Work(model=SMALL, prompt_tokens=1, output_tokens=101)  # 2 s alone at 50 tokens/s


@pytest.mark.parametrize(
    ("profile", "tag", "tokens_per_s", "source"),
    [
        (RTX_4070, "qwen2.5-coder:7b", 88.1, "ollama_rtx4070_tasks, 8192 tokens"),
        (RTX_4070, "llama3.2:latest", 166.0, "ollama_rtx4070_tasks, 8192 tokens"),
        (RTX_4090, "deepseek-r1:14b", 87.9, "ollama_eval_rate_by_system, mean of two"),
        (RTX_4090, "llama3.2:3b", 236.0, "ollama_eval_rate_by_system, median of five"),
        (RTX_4090, "llama3.1:8b", 127.7, "llamacpp_llama3_speeds, 1024 tokens"),
        (CPU, "deepseek-r1:7b", 5.75, "ollama_verbose_runs, aws-t2-xlarge"),
        (MAC_MINI, "deepseek-r1:7b", 43.4, "ollama_verbose_runs, macmini"),
        (MAC_MINI, "gemma3:4b", 65.5, "ollama_verbose_runs, macmini"),
    ],
)
def test_profiles_decode_as_fast_as_recorded(profile: HostProfile, tag: str, tokens_per_s: float, source: str) -> None:
    """A named profile is within 15 % of what was measured on that machine."""
    rate = decode_rate(profile, model_from_tag(tag), 1.0, 1000)

    assert rate == pytest.approx(tokens_per_s, rel=0.15), source


@pytest.mark.parametrize("profile", PROFILES.values(), ids=str)
def test_bigger_models_are_slower_everywhere(profile: HostProfile) -> None:
    """On every host, more weights mean fewer tokens/s, slower prompts and longer loads."""
    sizes = [model_from_tag(tag) for tag in ("llama3.2:1b", "qwen2.5:7b", "phi4:14b", "llama3.3:70b")]

    for rates in (
        [decode_rate(profile, model, 1.0, 500) for model in sizes],
        [prefill_rate(profile, model, 1.0) for model in sizes],
        [-load_seconds(profile, model, cold=True) for model in sizes],
    ):
        assert rates == sorted(rates, reverse=True)


def test_a_long_context_slows_decoding() -> None:
    """The cache is read at every step, too."""
    assert decode_rate(RTX_4090, CODER, 1.0, 30_000) < decode_rate(RTX_4090, CODER, 1.0, 100)


@pytest.mark.parametrize("speed", [decode_rate, prefill_rate])
def test_what_spills_to_the_cpu_slows_everything(speed: object) -> None:
    """A tenth of the model on the CPU costs far more than a tenth of the speed."""

    def rate(share: float) -> float:
        if speed is decode_rate:
            return decode_rate(RTX_4070, PHI, share, 1000)
        return prefill_rate(RTX_4070, PHI, share)

    assert rate(0.9) < 0.7 * rate(1.0)
    assert rate(0.0) < 0.2 * rate(1.0)


def test_a_mixture_of_experts_is_faster_than_its_size() -> None:
    """Only the experts asked are read."""
    mixture = model_from_tag("gpt-oss:20b")

    assert decode_rate(RTX_4090, mixture, 1.0, 500) > decode_rate(RTX_4090, model_from_tag("phi4:14b"), 1.0, 500)


def test_the_second_load_of_a_file_is_faster() -> None:
    """The first reads the disk, the second the page cache."""
    engine = Engine([CODER], profile=RTX_4090)
    cold = load(engine, CODER)
    engine.unload(CODER)
    engine.advance(engine.now + 10)
    started = engine.now
    warm = load(engine, CODER)

    assert cold.loaded_at is not None
    assert warm.loaded_at is not None
    assert warm.loaded_at - started < 0.6 * cold.loaded_at


def host(model: SimulatedModel, *others: SimulatedModel, slots: int) -> Engine:
    """Return a sharing host with these models loaded."""
    engine = Engine([model, *others], profile=SHARING, settings=ServerSettings(num_parallel=slots))
    for each in (model, *others):
        load(engine, each, num_ctx=2048)
    return engine


def work(model: SimulatedModel, *, prompt_tokens: int = 1, output_tokens: int = 101) -> Work:
    return replace(ANSWER, model=model, num_ctx=2048, prompt_tokens=prompt_tokens, output_tokens=output_tokens)


def test_slots_share_the_speed_of_their_model() -> None:
    """With a slot cost of a quarter, two answers at once take a quarter longer than one, not twice as long."""
    engine = host(SMALL, slots=2)
    first, second = (engine.submit(work(SMALL)) for _ in range(2))
    engine.run_until_idle()

    assert first.eval / 1e9 == pytest.approx(2.5, abs=0.01)
    assert second.eval / 1e9 == pytest.approx(2.5, abs=0.01)


def test_speed_comes_back_when_a_neighbour_ends() -> None:
    """A short answer in the next slot slows a long one only while it runs."""
    engine = host(SMALL, slots=2)
    long, short = engine.submit(work(SMALL)), engine.submit(work(SMALL, output_tokens=41))
    engine.run_until_idle()

    assert short.eval / 1e9 == pytest.approx(40 * 1.25 / 50, abs=0.01)
    assert long.eval / 1e9 == pytest.approx(1.0 + 60 / 50, abs=0.02)


def test_models_share_the_card() -> None:
    """Two models that answer at once take twice as long each."""
    engine = host(SMALL, CODER, slots=1)
    first, second = engine.submit(work(SMALL)), engine.submit(work(CODER))
    engine.run_until_idle()

    assert first.eval / 1e9 == pytest.approx(4.0, abs=0.02)
    assert second.eval / 1e9 == pytest.approx(4.0, abs=0.02)


def test_a_model_gets_the_card_back_when_the_other_ends() -> None:
    """A second model that comes in the middle and ends earlier slows the first only while it works."""
    engine = host(SMALL, CODER, slots=1)
    long = engine.submit(work(SMALL))
    engine.advance(engine.now + 0.5)
    short = engine.submit(work(CODER, output_tokens=26))
    engine.run_until_idle()

    assert short.eval / 1e9 == pytest.approx(1.0, abs=0.02)
    # Half a second was spent alone, 1 s with half the speed, the rest alone.
    assert long.eval / 1e9 == pytest.approx(2.0 + 0.5, abs=0.02)


def test_a_long_prompt_holds_up_its_neighbour() -> None:
    """While one slot reads 1000 tokens in batches of 500, the other makes one token per batch, two in that second."""
    engine = host(SMALL, slots=2)
    answer = engine.submit(work(SMALL))
    engine.advance(engine.now + 0.5)
    engine.submit(work(SMALL, prompt_tokens=1000, output_tokens=1))
    engine.run(answer)

    # Without the neighbour 2 s; one second of it passed with two tokens instead of fifty.
    assert answer.eval / 1e9 == pytest.approx(2.0 + 1.0 - 2 / 50, abs=0.02)


def test_a_request_may_have_luck_of_its_own() -> None:
    """Its prompt and its answer take so many times longer than usual, and the server's clocks say so."""
    engine = Engine([model_from_tag("llama3.2:3b")])
    model = engine.models["llama3.2:3b"]
    engine.run(engine.submit(Work(model=model, prompt_tokens=1)))
    usual = engine.run(engine.submit(Work(model=model, prompt_tokens=500, output_tokens=100)))
    unlucky = engine.run(
        engine.submit(Work(model=model, prompt_tokens=500, output_tokens=100, prefill_factor=3.0, decode_factor=2.0))
    )
    assert unlucky.prompt_eval == pytest.approx(3 * usual.prompt_eval, rel=1e-3)
    assert unlucky.eval == pytest.approx(2 * usual.eval, rel=1e-3)
    with pytest.raises(ValueError, match="must be positive"):
        Work(model=model, decode_factor=0.0)
