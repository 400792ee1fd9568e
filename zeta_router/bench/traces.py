"""What arrives when, how long: the Azure traces of 2023, a synthetic stand-in for them, or a log."""

from __future__ import annotations

import csv
import gzip
from functools import lru_cache
from math import exp, log
from pathlib import Path
from random import Random
from typing import NamedTuple

from zeta_router.errors import ConfigError

FILES = ("azure2023_code.csv.gz", "azure2023_conv.csv.gz")
SYNTHETIC_ROWS = 18_861
"""As many as the traces of the developer's data have."""


class Row(NamedTuple):
    """One recorded request."""

    at: float
    """Seconds since the first."""
    prompt_tokens: int
    output_tokens: int
    is_code: bool
    task: str = ""
    """Where it is known, as in a log; else it is told from `is_code` and the length of the answer."""


@lru_cache(maxsize=2)
def trace(data: Path | None) -> tuple[Row, ...]:
    """Return all requests in order of time; of the synthetic trace where `data` is None.

    Args:
        data: A folder that has the Azure traces, or has them in its subfolder `traces`; or the file of a router's log.

    Raises:
        ConfigError: They are not there.
    """
    if data is None:
        return _synthetic()
    if data.is_file():
        from zeta_router.bench.logged import logged  # here, since it makes `Row`s

        return logged(data)
    folder = next((f for f in (data, data / "traces") if (f / FILES[0]).is_file()), None)
    if folder is None:
        raise ConfigError(f"{data} has no {FILES[0]}; give --data the folder with the traces or the file of a log")
    rows: list[Row] = []
    for name in FILES:
        with gzip.open(folder / name, "rt", encoding="ascii") as lines:
            for row in csv.DictReader(lines):
                tokens = int(row["prompt_tokens"]), max(int(row["output_tokens"]), 1)
                rows.append(Row(float(row["arrival_s"]), *tokens, "code" in name))
    return tuple(sorted(rows))


def name_of(data: Path | None) -> str:
    """Return what the trace is called."""
    if data is None:
        return "synthetic trace"
    return f"log {data.name}" if data.is_file() else "Azure traces 2023"


def _synthetic() -> tuple[Row, ...]:
    """Return an invented trace with the medians and the burstiness of the real ones.

    A third of the requests is code, whose bursts (gamma gaps, coefficient of variation 4) interrupt a steady stream of
    conversations. Lengths are log-normal around the medians that the Azure traces' authors give: 1,469 tokens in and 13
    out for code, 1,020 in and 129 out for conversations (Patel et al., Splitwise, ISCA 2024).
    """
    rng = Random(2023)
    rows: list[Row] = []
    for is_code, share, cv, prompt, output, spread in (
        (True, 0.35, 4.0, 1469, 13, 0.9),
        (False, 0.65, 1.1, 1020, 129, 1.0),
    ):
        now, shape = 0.0, cv**-2
        for _ in range(round(SYNTHETIC_ROWS * share)):
            now += rng.gammavariate(shape, 1.0 / (shape * 10.0 * share))
            tokens_in = round(exp(rng.gauss(log(prompt), 0.9)))
            tokens_out = round(exp(rng.gauss(log(output), spread)))
            rows.append(Row(now, min(max(tokens_in, 20), 14_000), min(max(tokens_out, 1), 1_500), is_code))
    return tuple(sorted(rows))
