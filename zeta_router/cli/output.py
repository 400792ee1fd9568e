"""How commands print: tables and sentences for people, one object for programs."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

GB = 1e9
LONGEST_ROW = 500
"""Columns of a terminal that is none."""


def console() -> Console:
    """Return a console on standard output as it is now."""
    return Console(file=sys.stdout, highlight=False)


def console_for_tables() -> Console:
    """Return the same, which folds no row in a pipe or a file: there a row is a line, for `grep` and `awk`."""
    folds = sys.stdout.isatty() or "COLUMNS" in os.environ
    return Console(file=sys.stdout, highlight=False, width=None if folds else LONGEST_ROW)


def print_json(found: Mapping[str, Any]) -> None:
    """Print one object. Numbers stay numbers; what is not known is null."""
    typer.echo(json.dumps(found, indent=2, ensure_ascii=False))


def note(text: str) -> None:
    """Say something beside the result, on stderr, so that the result can be piped on."""
    typer.echo(text, err=True)


def table(*columns: str, right: tuple[str, ...] = ()) -> Table:
    """Return an empty table; the columns in `right` hold numbers."""
    grid = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column in columns:
        grid.add_column(column, justify="right" if column in right else "left", overflow="fold")
    return grid


def seconds(value: float | None) -> str:
    """Return seconds for a table: three significant digits where they matter, a dash where nothing is known."""
    if value is None:
        return "–"
    return f"{value:.1f} s" if value >= 10 else f"{value:.2f} s"


def gigabytes(value: int | None) -> str:
    """Return bytes as GB (10^9), or a dash."""
    return "–" if value is None else f"{value / GB:.1f} GB"
