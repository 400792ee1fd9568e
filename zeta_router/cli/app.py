"""`zeta` itself: which commands there are, and how an error ends them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from zeta_router import ZetaError, __version__
from zeta_router.cli.ask import ask
from zeta_router.cli.bench import bench
from zeta_router.cli.demo import demo
from zeta_router.cli.doctor import doctor
from zeta_router.cli.explain import explain
from zeta_router.cli.export import export
from zeta_router.cli.feedback import feedback
from zeta_router.cli.log import log
from zeta_router.cli.models import models
from zeta_router.cli.options import JsonOption
from zeta_router.cli.output import print_json
from zeta_router.cli.replay import replay
from zeta_router.cli.route import route
from zeta_router.cli.stats import stats
from zeta_router.simulator.cli import simulate

EXIT_ERROR = 2
EXIT_INTERRUPTED = 130
"""What shells give a program that Ctrl-C ended: 128 + SIGINT."""

USAGE_ERRORS: tuple[type[Exception], ...] = typer.BadParameter.__mro__[1:3]
"""`UsageError` and `ClickException`. Typer brings its own click from 0.20 on, so neither can be imported by one name
over all versions; both are the bases of an exception that Typer does export."""
EXPECTED: tuple[type[Exception], ...] = (*USAGE_ERRORS, ZetaError)

app = typer.Typer(
    name="zeta",
    help="Picks, per request, the Ollama model that will serve it best right now, and learns from every answer.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
COMMANDS = (demo, doctor, models, route, ask, stats, log, explain, feedback, export, replay, simulate, bench)
for command in COMMANDS:
    app.command()(command)


@app.callback(invoke_without_command=True)
def zeta(
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Picks, per request, the Ollama model that will serve it best right now, and learns from every answer."""
    if version:
        if as_json:
            print_json({"version": __version__})
        else:
            typer.echo(f"zeta {__version__}")
        raise typer.Exit


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code.

    Args:
        arguments: What follows `zeta`; None takes `sys.argv`.

    Returns:
        0, or 2 after an error, which is one sentence on stderr that says what to do. Bugs are not caught.
    """
    try:
        result = app(args=None if arguments is None else list(arguments), prog_name="zeta", standalone_mode=False)
    except EXPECTED as error:
        typer.echo(f"zeta: {_sentence(error)}", err=True)
        return EXIT_ERROR
    except (KeyboardInterrupt, typer.Abort):
        typer.echo("zeta: interrupted", err=True)
        return EXIT_INTERRUPTED
    except BrokenPipeError:  # the reader, `head` say, has seen enough
        sys.stderr.close()
        return 0
    return result if isinstance(result, int) else 0


def _sentence(error: Exception) -> str:
    """Return an error as one line; a usage error also says where help is."""
    if isinstance(error, USAGE_ERRORS):
        message = str(getattr(error, "format_message", error.__str__)()).strip().rstrip(".")
        if not message:  # bare `zeta`: the help was printed already
            return "name a command, e.g. `zeta demo`; `zeta --help` lists them"
        context = getattr(error, "ctx", None)
        path = getattr(context, "command_path", "zeta")
        return " ".join(f"{message}; `{path} --help` says what is possible".split())
    return " ".join(str(error).split())
