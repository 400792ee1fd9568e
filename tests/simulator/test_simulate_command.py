"""`zeta simulate` runs until Ctrl-C, and says that nothing of it is real."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

PROGRAM = """
import signal, sys
from zeta_router.cli import main
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell has its jobs in the background ignore Ctrl-C
sys.exit(main())
"""
COMMAND = [sys.executable, "-c", PROGRAM, "simulate"]


@contextmanager
def running(*options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start the command and give it with its first line."""
    process = subprocess.Popen([*COMMAND, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process, process.stdout.readline()
    finally:
        process.kill()
        process.communicate()


def test_it_says_what_it_is_and_serves_until_ctrl_c() -> None:
    """The first line names the URL and the word simulated; Ctrl-C ends it without an error."""
    with running("--models", "phi4:14b", "--time-scale", "100") as (process, line):
        url = line.split()[0]
        assert "is a simulated Ollama" in line
        assert [model["name"] for model in httpx.get(f"{url}/api/tags").json()["models"]] == ["phi4:14b"]

        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0


def test_it_can_speak_json_and_begin_with_trouble() -> None:
    """`--json` prints one object, and a fault given at the start is there."""
    with running("--json", "--fault", "slow@qwen3:8b,factor=5") as (_, line):
        about = json.loads(line)
        assert about["simulated"] is True
        assert httpx.get(f"{about['url']}/zeta/faults").json()["slow"] == {"qwen3:8b": 5}


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (["--fault", "melt"], "kind must be one of slow, stall"),
        (["--profile", "abacus"], "profile must be one of rtx-4090"),
        (["--responder", "script:nowhere.jsonl"], "nowhere.jsonl"),
        (["--time-scale", "-1"], "time_scale must be a positive number"),
    ],
)
def test_a_wrong_option_is_one_sentence_on_stderr(options: list[str], error: str) -> None:
    """Exit code 2, no traceback, and the sentence says what would do."""
    found = subprocess.run([*COMMAND, *options], capture_output=True, text=True, timeout=30, check=False)

    assert found.returncode == 2
    assert found.stdout == ""
    assert found.stderr.count("\n") == 1
    assert error in found.stderr
