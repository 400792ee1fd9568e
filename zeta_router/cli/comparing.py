"""What the commands of the bench have in common: progress on stderr, tables, files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from zeta_router import ConfigError
from zeta_router.cli.output import console, table

if TYPE_CHECKING:
    from zeta_router.bench.tables import TextTable

PAPER = 200
"""Columns where the output is no terminal."""


def show(header: str, tables: Sequence[TextTable]) -> None:
    """Print a header and tables."""
    out = console()
    if not out.is_terminal:
        out.width = PAPER
    out.print(header)
    for made in tables:
        grid = table(*made.columns, right=made.columns[1:])
        for column in grid.columns:
            column.no_wrap = True
        for row in made.rows:
            grid.add_row(*row)
        out.print(f"\n[bold]{made.title}[/bold]")
        out.print(grid)


@contextmanager
def progress_of(runs: int, *, quiet: bool) -> Iterator[Callable[[], None]]:
    """Show how many runs are done, on stderr."""
    if quiet:
        yield lambda: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("runs", total=runs)
        yield lambda: progress.advance(bar)


def span(seeds: Sequence[int]) -> str:
    """Return seeds in short: 0-19 where none is missing between."""
    ordered = sorted(seeds)
    whole = ordered == list(range(ordered[0], ordered[-1] + 1))
    return f"{ordered[0]}-{ordered[-1]}" if whole and len(ordered) > 1 else ", ".join(map(str, ordered))


def save(file: Path, text: str) -> None:
    """Write a file.

    Raises:
        ConfigError: It cannot be written.
    """
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot write {file}: {error.strerror}; give another file") from error
