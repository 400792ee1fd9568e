"""What holds for every command: help, `--json`, `--host`, and errors of one sentence."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from typer.main import get_command

from tests.cli.conftest import NOBODY, Result
from zeta_router import __version__
from zeta_router.cli import app

Zeta = Callable[..., Result]
COMMANDS = sorted(get_command(app).commands)  # type: ignore[attr-defined]  # a Typer app with commands is a group


def test_the_commands_are_those_that_work() -> None:
    """Nothing is listed that is not there yet."""
    assert {"ask", "demo", "doctor", "models", "route", "simulate"} <= set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_says_what_it_does(zeta: Zeta, name: str) -> None:
    """`--help` names the command's purpose and the option `--json`, and every option has help."""
    shown = zeta(name, "--help")
    assert shown.code == 0
    assert "--json" in shown.out
    command = get_command(app).commands[name]  # type: ignore[attr-defined]
    assert command.help
    assert len(command.help) > 40
    assert [p.name for p in command.params if not getattr(p, "help", None)] == []


def test_help_lists_every_command(zeta: Zeta) -> None:
    """With its first sentence."""
    shown = zeta("--help")
    assert shown.code == 0
    assert all(name in shown.out for name in COMMANDS)


def test_version(zeta: Zeta) -> None:
    """In words, and as an object."""
    assert zeta("--version").out == f"zeta {__version__}\n"
    assert zeta("--json", "--version").json == {"version": __version__}


@pytest.mark.parametrize(
    "arguments",
    [
        ["models", "--host", NOBODY],
        ["models", "--host", NOBODY, "--json"],
        ["models"],
        ["route", "hello", "--host", NOBODY],
        ["ask", "hello", "--host", NOBODY, "--json"],
        ["demo", "--host", NOBODY],
        ["demo", "--host", NOBODY, "--simulate"],
        ["demo", "--simulate", "--requests", "2"],
        ["models", "--host", "ftp://nowhere"],
        ["models", "--host", ""],
        ["route"],
        ["route", ""],
        ["route", "hello", "--objective", "cheapest"],
        ["ask", "   "],
        ["ask", "hello", "--deadline", "-1"],
        ["ask", "hello", "--deadline", "soon"],
        ["simulate", "--profile", "abacus"],
        ["nonsense"],
        ["models", "--nonsense"],
    ],
    ids=" ".join,
)
def test_an_error_is_one_sentence_on_stderr_and_exit_code_two(zeta: Zeta, arguments: list[str]) -> None:
    """No traceback, nothing on stdout, whatever is wrong."""
    result = zeta(*arguments)
    assert result.is_one_sentence_of_error, result


def test_an_error_never_shows_a_password(zeta: Zeta) -> None:
    """A URL may carry one."""
    result = zeta("models", "--host", "http://ada:lovelace@127.0.0.1:1")
    assert result.is_one_sentence_of_error
    assert "lovelace" not in result.err
