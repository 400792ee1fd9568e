"""Options of the commands that read a log."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from zeta_router.errors import ConfigError
from zeta_router.history import open_log
from zeta_router.store import Store, StoreTrouble

StoreOption = Annotated[
    str,
    typer.Option(
        "--store",
        metavar="WHERE",
        envvar="ZETA_STORE",
        help="The log, as store= takes it: default, a path, sqlite:///PATH or redis://HOST:PORT/N.",
    ),
]
SinceOption = Annotated[
    str | None, typer.Option("--since", metavar="SPAN", help="How far to look back, e.g. 30m, 12h or 7d; default: all.")
]

UNITS_S = {"s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}


def since_of(span: str | None) -> float:
    """Return the seconds since the epoch at which a span before now begins; 0 for None.

    Raises:
        ConfigError: It is no span.
    """
    if span is None:
        return 0.0
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", span.strip())
    if found is None:
        raise ConfigError(f"--since must be a number and s, m, h or d, e.g. 12h, got {span!r}")
    return time.time() - float(found[1]) * UNITS_S[found[2]]


@contextmanager
def reading(where: str) -> Iterator[Store]:
    """Open a log for a command, and turn its troubles into sentences.

    Raises:
        ConfigError: There is no log, or it cannot be read.
    """
    store = open_log(where)
    try:
        yield store
    except StoreTrouble as trouble:
        raise ConfigError(str(trouble)) from trouble
    finally:
        store.close()
