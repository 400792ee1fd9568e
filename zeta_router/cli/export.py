"""`zeta export`: the log as a table for other programs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from zeta_router import ConfigError
from zeta_router.cli.log_options import SinceOption, StoreOption, reading, since_of
from zeta_router.cli.options import JsonOption
from zeta_router.cli.output import note, print_json
from zeta_router.history import logged_attempts
from zeta_router.history.rows import FORMATS, row_of, write_csv, write_jsonl, write_parquet


def export(
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Where to; default: standard output.")
    ] = None,
    form: Annotated[
        str | None, typer.Option("--format", metavar="NAME", help="csv, jsonl or parquet; default: by --out's name.")
    ] = None,
    store: StoreOption = "default",
    since: SinceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a row per attempt: decision, expected and measured times, fate, opinions.

    Prompts and answers are in no log, so in no row.
    """
    kind = form or ("csv" if out is None else out.suffix.removeprefix("."))
    if kind not in FORMATS:
        raise ConfigError(f"--format must be one of {', '.join(FORMATS)}, got {kind!r}")
    if kind == "parquet" and out is None:
        raise ConfigError("Parquet is no text: name a file with --out")
    if as_json and out is None:
        raise ConfigError("--json tells what was written: name a file with --out, or take --format jsonl")
    with reading(store) as opened:
        rows = [row_of(attempt) for attempt in logged_attempts(opened.read(since=since_of(since)))]
    write = write_csv if kind == "csv" else write_jsonl
    if out is None:
        write(rows, sys.stdout)
        return
    try:
        if kind == "parquet":
            write_parquet(rows, out)
        else:
            with out.open("w", encoding="utf-8", newline="") as file:
                write(rows, file)
    except OSError as error:
        raise ConfigError(f"--out {out} cannot be written: {error.strerror or type(error).__name__}") from error
    if as_json:
        print_json({"rows": len(rows), "format": kind, "file": str(out)})
    else:
        note(f"{len(rows)} attempts written to {out}")
