"""What fits, where it goes, and who must go for it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from simulated_hosts import CODER, EMBEDDER, HOST, MODELS, PHI, SMALL, load, make_engine, names

from zeta_router.simulator import memory
from zeta_router.simulator.catalog import SimulatedModel
from zeta_router.simulator.engine import Engine, Work
from zeta_router.simulator.options import load_options
from zeta_router.simulator.profiles import CPU, GIB
from zeta_router.simulator.settings import ServerSettings
from zeta_router.simulator.tags import model_from_tag
from zeta_router.simulator.victims import pick_victim


@dataclass
class Loaded:
    """A runner, as far as the choice of a victim looks."""

    model: SimulatedModel
    keep_alive: float
    running: int = 0


def blob(model: SimulatedModel, first: str) -> SimulatedModel:
    return replace(model, blob=first * 64)


def test_the_shortest_keep_alive_goes() -> None:
    """Among idle models, keep_alive decides, for ever being the longest."""
    short, long = Loaded(SMALL, 60.0), Loaded(CODER, float("inf"))

    assert pick_victim([long, short]) is short


def test_equal_keep_alive_is_decided_by_the_blob() -> None:
    """The lower hash goes, in whatever order they were loaded."""
    low, high = Loaded(blob(SMALL, "1"), 60.0), Loaded(blob(CODER, "2"), 60.0)

    assert pick_victim([high, low]) is low
    assert pick_victim([low, high]) is low


def test_idle_goes_before_busy() -> None:
    """An idle model kept for ever goes before a busy one; when all are busy, the shortest keep_alive is waited for."""
    busy, idle, later = Loaded(SMALL, 1.0, running=1), Loaded(CODER, float("inf")), Loaded(PHI, 9.0, running=2)

    assert pick_victim([busy, idle]) is idle
    assert pick_victim([later, busy]) is busy


def need(model: SimulatedModel, *, free: float, num_ctx: int, slots: int = 1, **options: int) -> float:
    work = Work(model=model, num_ctx=num_ctx, load_options=tuple(options.items()))
    return memory.predicted_need(model, load_options(work, HOST, ServerSettings()), slots, int(free))


def test_the_cache_is_sixteen_bit_and_full_for_every_slot() -> None:
    """Need is file plus 2 x layers x heads x width x context x slots x 2 bytes, while the batch is small."""
    cache = 2 * 28 * 4 * 128 * 4096 * 2

    assert need(CODER, free=100 * GIB, num_ctx=4096) == CODER.size_bytes + cache
    assert need(CODER, free=100 * GIB, num_ctx=2048, slots=2) == CODER.size_bytes + cache


def test_larger_contexts_pay_for_larger_batches_while_there_is_room() -> None:
    """Above 4096 tokens 0.75 GiB, above 32768 2 GiB; on a fuller card less, and nothing with an explicit num_batch."""
    plain = need(PHI, free=100 * GIB, num_ctx=16384, num_batch=512)

    assert need(PHI, free=100 * GIB, num_ctx=16384) - plain == 0.75 * GIB
    assert need(PHI, free=plain / 0.5, num_ctx=16384) - plain == 0.75 * GIB
    assert need(PHI, free=plain / 0.76, num_ctx=16384) == pytest.approx(plain, abs=1)
    assert need(PHI, free=100 * GIB, num_ctx=16384, slots=4) - need(
        PHI, free=100 * GIB, num_ctx=16384, slots=4, num_batch=512
    ) == (2 * GIB)


@pytest.mark.parametrize(("share", "surcharge"), [(0.74, 0.75 * GIB), (0.76, 0.0)])
def test_a_card_three_quarters_full_gets_the_small_batch(share: float, surcharge: float) -> None:
    """The batch of 1024 goes while the need without it is within 75 % of what is free, room for it or not."""
    huge = model_from_tag("llama3.3:70b")
    plain = need(huge, free=1000 * GIB, num_ctx=16384, num_batch=512)

    assert need(huge, free=plain / share, num_ctx=16384) - plain == pytest.approx(surcharge, abs=1)


@pytest.mark.parametrize(("share", "expected"), [(0.79, True), (0.81, False)])
def test_a_model_fits_in_four_fifths_of_what_is_free(share: float, expected: bool) -> None:
    """The prediction must leave a fifth of the free memory."""
    options = load_options(Work(model=CODER, num_ctx=4096), HOST, ServerSettings())
    needed = CODER.size_bytes + memory.kv_bytes(CODER, 4096, 1)

    assert memory.fits(CODER, options, 1, int(needed / share)) is expected


def test_listed_families_and_embedders_have_one_slot() -> None:
    """Their runners cannot batch, whatever OLLAMA_NUM_PARALLEL says."""
    assert memory.slot_count(SMALL, 4) == 4
    assert memory.slot_count(EMBEDDER, 4) == 1
    assert memory.slot_count(replace(SMALL, family="qwen3next"), 4) == 1


def test_what_does_not_fit_runs_partly_on_the_cpu() -> None:
    """Alone on the card, a 70B model fills it, and the rest is not in VRAM."""
    engine = make_engine()
    load(engine, engine.models.pull("llama3.3:70b"), num_ctx=4096)
    (line,) = engine.loaded()

    assert line.size_vram == HOST.gpu_total_bytes - HOST.gpu_reserved_bytes
    assert line.size > line.size_vram
    assert engine.free_vram == 0


def test_num_gpu_zero_stays_off_the_card() -> None:
    """It needs no VRAM, evicts nobody, and a request without num_gpu can use it."""
    engine = make_engine()
    load(engine, PHI, num_ctx=16384)
    load(engine, CODER, load_options=(("num_gpu", 0),))

    assert names(engine) == {PHI.name, CODER.name}
    assert {line.model.name: line.size_vram for line in engine.loaded()}[CODER.name] == 0
    assert engine.run(engine.submit(Work(model=CODER, output_tokens=2))).load / 1e9 < 0.01


def test_without_a_gpu_nothing_is_in_vram() -> None:
    """Such a host shows a size and no VRAM, and the smallest automatic context."""
    engine = Engine(MODELS, profile=CPU)
    load(engine, SMALL)

    assert [(line.size_vram, line.context_length) for line in engine.loaded()] == [(0, 4096)]


def test_memory_kept_free_by_hand_is_not_used() -> None:
    """OLLAMA_GPU_OVERHEAD shrinks the card."""
    roomy, tight = make_engine(), make_engine(gpu_overhead=14 * GIB)
    for engine in (roomy, tight):
        load(engine, CODER, num_ctx=4096)
        load(engine, SMALL, num_ctx=32768)

    assert len(roomy.loaded()) == 2
    assert len(tight.loaded()) == 2
    load(roomy, PHI, num_ctx=2048)
    load(tight, PHI, num_ctx=2048)
    assert len(roomy.loaded()) == 3
    assert len(tight.loaded()) < 3
