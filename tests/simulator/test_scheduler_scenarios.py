"""The nineteen recorded scenarios: the simulated scheduler does what the real server did, when it did it.

The recordings were made with an imitation runner of fixed speeds, so times must agree to 0.35 s: polling every
250 ms, and GPU discovery of 0.25 to 0.35 s. Waits for VRAM beside other models were drawn by chance there (0.25 or 5 s)
and are replayed here as they came.
"""

from __future__ import annotations

from typing import Any

import pytest
from scenario_player import SHARED, Play, Seen, recorded

from zeta_router.simulator.catalog import canonical
from zeta_router.simulator.profiles import GIB

pytestmark = pytest.mark.skipif(SHARED is None, reason="the recorded scenarios lie where ZETA_SHARED points")

GRAIN_S = 0.35


def play(name: str) -> Play:
    """Return a scenario, played to its end."""
    file = recorded()
    scenario = next(scenario for scenario in file["scenarios"] if scenario["name"] == name)
    return Play(scenario, file).run()


def check(name: str) -> Play:
    """Play a scenario and compare every measure that was recorded for a single request."""
    played = play(name)
    for request, measures in played.scenario["measured"].items():
        if "*" in request:
            continue
        compare(request, played.seen[request], measures)
    return played


def compare(name: str, seen: Seen, measures: dict[str, Any]) -> None:
    """Hold one request against its recording."""
    for measure, value in measures.items():
        if measure == "status":
            assert seen.status == value, name
        elif measure in ("wall_s", "load_s", "slot_wait_s", "prompt_eval_s"):
            grain = GRAIN_S if measure != "prompt_eval_s" else 0.01
            assert seen.seconds(measure) == pytest.approx(value, abs=grain), f"{measure} of {name}"
        elif measure == "prompt_eval_count":
            assert seen.job is not None
            assert seen.job.work.prompt_tokens == value, name
        elif measure == "eval_count":
            assert seen.job is not None
            assert seen.job.tokens_made == value, name
        elif measure == "evicted":
            assert seen.evicted == {canonical(victim) for victim in value}, name
        elif measure == "ps_context_length":
            assert seen.after[0].context_length == value, name
        elif measure in ("ps_gib", "ps_vram_gib"):
            line = next(line for line in seen.after if seen.job is not None and line.model == seen.job.work.model)
            size = line.size if measure == "ps_gib" else line.size_vram
            assert size / GIB == pytest.approx(value, abs=0.05), f"{measure} of {name}"
        else:
            assert measure in ("done_reason", "evicted_order"), f"nothing checks {measure}"


def test_overtaking() -> None:
    """Requests for a loaded model pass a load in progress; both waiters report the whole wait as their load."""
    played = check("overtaking")

    during = [names for at, names in played.loaded_at if 4.9 < at < 13.5]
    assert during
    assert all(names == {"plain:7b"} for names in during), "a model that is loading must not be listed"


def test_queue_full() -> None:
    """Only waiting loads count against MAX_QUEUE; a loaded model takes any number of requests."""
    played = check("queue-full")

    crowd = [seen for name, seen in played.seen.items() if name.startswith("L")]
    waits = [seen.seconds("slot_wait_s") for seen in crowd]
    assert {seen.status for seen in crowd} == {200}
    assert max(seen.seconds("load_s") for seen in crowd) < 0.01
    assert waits == sorted(waits)
    # The recording has 20 requests of 3 tokens within 0.66 s; each takes 40 ms of decoding here.
    assert waits[-1] == pytest.approx(0.8, abs=GRAIN_S)


def test_reload_by_option() -> None:
    """Another num_ctx, num_thread, num_batch or shift reloads; equal, null, unknown or sampling options do not."""
    check("reload-by-option")


def test_num_ctx_over_trained() -> None:
    """num_ctx is cut to the trained context before it is compared."""
    check("num-ctx-over-trained")


def test_busy_victim() -> None:
    """A load waits for a busy victim, which new requests prolong; a small model that would fit waits behind."""
    check("busy-victim")


def test_keep_alive_freezes_loading() -> None:
    """An explicit keep_alive to a chosen, busy victim holds up every load until it has run out."""
    check("keep-alive-freezes-loading")


def test_starvation() -> None:
    """Requests to the victim that overlap without a gap keep the load waiting until they stop."""
    played = check("starvation")

    flood = [seen for name, seen in played.seen.items() if name.startswith("Af")]
    waits = [seen.seconds("slot_wait_s") for seen in flood]
    assert {seen.status for seen in flood} == {200}
    assert max(seen.seconds("load_s") for seen in flood) < 0.01
    assert waits == sorted(waits)


def test_client_leaves_its_load() -> None:
    """A load dies with the client whose request it is; the next one starts from zero."""
    check("client-leaves-its-load")


def test_queued_client_leaves() -> None:
    """A queued request without a client is skipped: its model is never loaded."""
    played = check("queued-client-leaves")

    assert {name for _, names in played.loaded_at for name in names} == {"plain:7b", "ctx:2k"}


def test_client_leaves_generation() -> None:
    """A slot is free as soon as its client is gone."""
    check("client-leaves-generation")


def test_keep_alive_0_among_others() -> None:
    """keep_alive 0 on the second of two requests unloads when both are done."""
    played = check("keep-alive-0-among-others")

    assert played.ps(1.0) == set()


def test_parallel_4() -> None:
    """Four slots: four run at once, two wait for them, and the cache takes four times the memory."""
    played = play("parallel-4")

    compare("warm", played.seen["warm"], played.scenario["measured"]["warm"])
    crowd = sorted((played.seen[f"p{n}"] for n in range(6)), key=lambda seen: seen.wall)
    for group, measures in (
        (crowd[:4], played.scenario["measured"]["four of p*"]),
        (crowd[4:], played.scenario["measured"]["two of p*"]),
    ):
        for seen in group:
            compare("p", seen, measures)


def test_victim_by_keep_alive() -> None:
    """A fourth model evicts the one with the shortest keep_alive though it was used last; a big one evicts two."""
    check("victim-by-keep-alive")


def test_victim_tie_by_hash() -> None:
    """At equal keep_alive the lower blob goes, whatever was used last."""
    check("victim-tie-by-hash")


def test_idle_before_keep_alive() -> None:
    """An idle model kept for ever is evicted before a busy one with one minute."""
    check("idle-before-keep-alive")


def test_too_big_for_the_card() -> None:
    """A model that can never fit evicts all others and runs partly on the CPU; the next small one evicts it."""
    check("too-big-for-the-card")


def test_prompt_cache() -> None:
    """An equal prompt costs no prefill but is counted in full; another one in between pushes it out of the slot."""
    check("prompt-cache")


def test_overflow_rendered() -> None:
    """A prompt cut to 4098 tokens counts as that, and a request with another shift reloads before it is refused.

    The refusals themselves, with their status, are the server's and tested there.
    """
    played = play("overflow-rendered")

    cut, noshift, again = (played.seen[name] for name in ("cut", "noshift", "notruncate"))
    compare("cut", cut, played.scenario["measured"]["cut"])
    assert cut.seconds("prompt_eval_s") == pytest.approx(4098 / 2000, abs=0.01)
    assert noshift.seconds("load_s") > 0.5
    assert again.seconds("load_s") > 0.5


def test_names() -> None:
    """Names that differ in case, registry or alias share a runner; unload answers at once even when it is busy."""
    played = check("names")

    late = played.seen["late"]
    assert [line.model.name for line in late.before] == ["plain:7b"]
    assert late.before[0].expires_at < late.started_at
    assert played.ps(1.0) == set()


def test_every_scenario_has_its_test() -> None:
    """No scenario of the file is left out here."""
    names = {scenario["name"].replace("-", "_") for scenario in recorded()["scenarios"]}

    assert len(names) == 19
    assert all(f"test_{name}" in globals() for name in names)
