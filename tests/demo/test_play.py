"""The demo as a whole, over a real socket, in a few seconds of simulated time each."""

from __future__ import annotations

import json
from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from zeta_router import ServerUnreachable
from zeta_router.demo.play import play
from zeta_router.demo.records import Phase, Record
from zeta_router.demo.report import Report, report_json, report_picture
from zeta_router.demo.stage import CODER, MODELS, phase_of
from zeta_router.simulator import SimulatedOllama

pytest.importorskip("langchain_ollama", reason="the demo drives ChatZeta")

KEYS = {
    "simulated",
    "requests",
    "slow_calls_before_leaving",
    "seconds_until_return",
    "share_after_return",
    "probe_share",
    "zeta",
    "static",
    "events",
    "seed",
}
SPEED_KEYS = {"p50_s", "p95_s", "total_s", "failed", "code_p50_s", "code_p95_s"}


@pytest.fixture(scope="module")
def report() -> Report:
    """A whole demo of 60 prompts, fast."""
    return play(requests=60, seed=3, time_scale=400)


def drawn(report: Report) -> str:
    """Return the end picture as text."""
    paper = Console(file=StringIO(), width=118)
    paper.print(report_picture(report))
    assert isinstance(paper.file, StringIO)
    return paper.file.getvalue()


def code_models(records: tuple[Record, ...], phase: Phase) -> list[str]:
    """Return which model served each code call of a phase."""
    return [record.model for record in records if record.task == "code" and record.phase is phase]


def test_the_object_has_every_figure_and_is_json(report: Report) -> None:
    """Programs can rely on the keys."""
    found = json.loads(json.dumps(report_json(report)))
    assert set(found) >= KEYS
    assert set(found["zeta"]) == set(found["static"]) == SPEED_KEYS
    assert (found["simulated"], found["requests"], found["seed"]) == (True, 60, 3)
    assert found["zeta"]["failed"] == found["static"]["failed"] == 0


def test_the_coder_loses_the_code_while_it_is_slow(report: Report) -> None:
    """It has the code before, once it is worth loading, and little of it once the slowness was noticed."""
    first, *then = code_models(report.zeta.records, Phase.before)
    assert first in MODELS  # whoever is in memory already may answer the very first
    assert set(then) == {CODER}
    slow = code_models(report.zeta.records, Phase.slow)
    assert slow.count(CODER) < len(slow) / 2


def test_the_slowness_is_noticed_after_it_began_and_the_reason_is_said(report: Report) -> None:
    """What the demo does comes first, what Zeta notices after it."""
    kinds = [notice.kind for notice in report.zeta.notices]
    assert kinds.index("slowed") < kinds.index("drift_found")
    found = next(notice for notice in report.zeta.notices if notice.kind == "drift_found")
    assert found.model == CODER
    assert "slower than expected" in found.text
    moved = [notice for notice in report.zeta.notices if notice.kind == "moved"]
    assert "slower than expected" in moved[0].text
    assert moved[0].model != CODER


def test_the_static_rule_never_leaves(report: Report) -> None:
    """The baseline meets the same prompts and the same slow window, and notices nothing."""
    assert {r.model for r in report.static.records if r.task == "code"} == {CODER}
    assert [notice.kind for notice in report.static.notices] == ["slowed", "recovered"]
    assert [r.task for r in report.static.records] == [r.task for r in report.zeta.records]
    assert [r.phase for r in report.static.records] == [r.phase for r in report.zeta.records]


def test_seconds_are_the_servers_own_however_busy_this_machine_is(report: Report) -> None:
    """Where both policies pick the same model that is warm and healthy, both have the same time, to the rounding."""
    pairs = zip(report.zeta.records[10:], report.static.records[10:], strict=True)
    same = [(z.seconds, s.seconds) for z, s in pairs if z.model == s.model and z.phase is not Phase.slow]
    assert len(same) > 15
    assert sum(abs(zeta - static) > 0.05 for zeta, static in same) <= 3  # prompt caches and reloads may differ


def test_code_is_faster_than_under_the_static_rule_while_the_coder_is_slow(report: Report) -> None:
    """The claim of the demo."""
    found = report_json(report)
    assert found["zeta_while_slow"]["code_p50_s"] < 0.7 * found["static_while_slow"]["code_p50_s"]


def test_the_picture_says_that_it_is_simulated(report: Report) -> None:
    """In its title and below it, with models, seed and the comparison."""
    text = drawn(report)
    assert text.count("SIMULATED") >= 2
    assert all(model in text for model in report.models)
    assert "static rule" in text
    assert "seed 3" in text


def test_a_picture_of_a_real_host_does_not_say_simulated(report: Report) -> None:
    """Nor does it show figures of a slowdown that was never injected."""
    real = replace(report, simulated=False, coder=None, place="Ollama, as it is")
    text = drawn(real)
    assert "SIMULATED" not in text
    assert "recovery" not in text
    assert report_json(real)["slow_calls_before_leaving"] is None


def test_no_prompt_is_in_the_object(report: Report) -> None:
    """The demo's prompts are public, a habit is a habit: results hold figures and no texts."""
    assert "Write a function" not in json.dumps(report_json(report))


def test_a_host_that_is_given_is_left_as_it_is() -> None:
    """Nothing is injected there, all its chat models take part, and what happens is real to the demo."""
    with SimulatedOllama(["llama3.2:3b", "qwen3:8b", "nomic-embed-text"], time_scale=500, chunk_tokens=64) as server:
        report = play(hosts=[server.url], requests=6)
        chats = sum(number for (path, _), number in server.requests.items() if path == "/api/chat")
    assert (report.simulated, report.coder) == (False, None)
    assert set(report.models) == {"llama3.2:3b", "qwen3:8b"}
    assert {record.phase for record in report.zeta.records} == {Phase.before}
    assert chats == 12


def test_a_host_that_is_not_there_is_said_so() -> None:
    """Asking for a real one never falls back to a simulated one."""
    with pytest.raises(ServerUnreachable, match="no Ollama answers"):
        play(hosts=["http://127.0.0.1:1"])


@pytest.mark.parametrize(
    ("index", "phase"), [(0, "before"), (65, "before"), (66, "slow"), (132, "slow"), (133, "after")]
)
def test_the_coder_is_slow_in_the_second_third(index: int, phase: str) -> None:
    """Of 200 requests, the 67th to the 133rd."""
    assert phase_of(index, 200, injected=True).value == phase
    assert phase_of(index, 200, injected=False) is Phase.before


def test_what_is_watched_is_drawn_as_it_happens() -> None:
    """The live view names the tasks, the models and that all is simulated."""
    paper = Console(file=StringIO(), width=118, force_terminal=True)
    play(requests=9, seed=1, time_scale=400, console=paper)
    assert isinstance(paper.file, StringIO)
    seen = paper.file.getvalue()
    assert "SIMULATED" in seen
    assert "9 of 9 requests" in seen
