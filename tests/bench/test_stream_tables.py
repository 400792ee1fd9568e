"""`zeta bench --streams` shows what the streams found."""

from __future__ import annotations

from pathlib import Path

import pytest

from zeta_router import ModelCard, TaskGuess
from zeta_router.bench import stream_tables
from zeta_router.bench.stream_tables import play_streams, stream_tasks
from zeta_router.bench.streams.outcomes import STREAMS, Step, Stream
from zeta_router.bench.streams.players import PLAYERS
from zeta_router.bench.streams.run import PROTOCOLS
from zeta_router.cli.app import main


@pytest.fixture
def invented(monkeypatch: pytest.MonkeyPatch) -> Stream:
    """A stream of sixty prompts, on which the second of two models always scores, instead of the published ones."""
    cards = (ModelCard.from_name("bad:7b"), ModelCard.from_name("good:7b"))
    step = Step(TaskGuess.told("qa"), "qa", (0.0, 1.0))
    made = Stream("invented", cards, (step,) * 60)
    monkeypatch.setattr(stream_tables, "stream", lambda data, name: made)
    monkeypatch.setattr(stream_tables, "_stream", lambda data, name: made)
    return made


def test_every_player_is_shown_for_every_stream_and_protocol(
    invented: Stream, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """As tables, and as Markdown."""
    file = tmp_path / "streams.md"
    told = ["--data", str(tmp_path), "--seeds", "0-1", "--processes", "1", "--markdown", str(file)]
    assert main(["bench", "--streams", *told]) == 0
    shown = capsys.readouterr().out
    assert shown.count("60 prompts, 2 models, the best single one 1.000") == len(STREAMS)
    for player in PLAYERS:
        assert shown.count(player) >= len(STREAMS) * len(PROTOCOLS)
    assert file.read_text(encoding="utf-8").count("| scores are told |") == len(STREAMS)


def test_learning_is_better_than_chance(invented: Stream, tmp_path: Path) -> None:
    """On a stream that anybody can learn."""
    tasks = [task for task in stream_tasks(tmp_path, (0, 1, 2)) if task.stream == "LLMRouter" and task.protocol == 0]
    whole = {played.player: played.whole for played in play_streams(tasks, processes=1)}
    assert whole["Zeta"] > 0.8 > 0.7 > whole["random"]


@pytest.mark.parametrize("arguments", [[], ["--data", "/nowhere"]], ids=["none", "nowhere"])
def test_without_data_it_is_one_sentence(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    """On stderr."""
    assert main(["bench", "--streams", *arguments]) == 2
    assert capsys.readouterr().err.startswith("zeta: ")
