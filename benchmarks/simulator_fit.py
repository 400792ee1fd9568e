"""Simulated against recorded: fits a profile on two thirds of the rows of an RTX 4070, predicts the other third.

    ZETA_SHARED=... python benchmarks/simulator_fit.py [--all]

Every row is one Ollama generation, or one conversation of several turns, with the server's own durations. The
profile is fitted on the durations of the training rows; then each test row is run on the simulated host, from a
cold start, and its total time compared. Rows without output (refused, timed out) say nothing of speed and are left
out. With `--all` the profile is fitted on all rows: that is where the numbers of `profiles.RTX_4070` come from.
"""

from __future__ import annotations

import csv
import math
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from statistics import median

from zeta_router.simulator import memory
from zeta_router.simulator.catalog import SimulatedModel
from zeta_router.simulator.engine import Engine, Work
from zeta_router.simulator.options import load_options
from zeta_router.simulator.profiles import MIB, RTX_4070, HostProfile
from zeta_router.simulator.settings import ServerSettings
from zeta_router.simulator.speeds import decode_rate, prefill_rate
from zeta_router.simulator.tags import model_from_tag

NS = 1e9
STEPS = (1.3, 1.1, 1.03, 1.01)  # of the descent


@dataclass(frozen=True, slots=True)
class Row:
    """One recorded run, in seconds and tokens."""

    model: SimulatedModel
    num_ctx: int
    turns: int
    """More than one: a conversation, with sums over its turns and no load time of its own."""
    total: float
    load: float | None
    prompt_tokens: int
    prompt_eval: float
    output_tokens: int
    eval: float


def recorded_rows() -> list[Row]:
    """Return the rows that have output."""
    path = Path(os.environ["ZETA_SHARED"]) / "data" / "timings" / "ollama_rtx4070_tasks.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = [
            Row(
                model=model_from_tag(line["model"]),
                num_ctx=int(line["num_ctx"]),
                turns=int(line["chat_turns"] or 1),
                total=float(line["total_s"]),
                load=float(line["load_s"]) if line["load_s"] else None,
                prompt_tokens=int(line["prompt_tokens"]),
                prompt_eval=float(line["prompt_eval_s"]),
                output_tokens=int(line["output_tokens"]),
                eval=float(line["eval_s"]),
            )
            for line in csv.DictReader(file)
        ]
    return [row for row in rows if row.output_tokens > 1]


def fit(rows: Sequence[Row]) -> HostProfile:
    """Return the profile that brings the simulated rates nearest to the recorded ones, phase by phase."""
    # A start that knows nothing of the rows: the card's data sheet (504 GB/s), and round numbers.
    profile = replace(
        RTX_4070,
        gpu_reserved_bytes=1000 * MIB,
        decode_bytes_per_s=504e9,
        decode_overhead_s=1e-3,
        cpu_decode_bytes_per_s=30e9,
        prefill_parameters_per_s=40e12,
        cpu_prefill_parameters_per_s=1e12,
        load_bytes_per_s=4e9,
        cold_load_bytes_per_s=None,
        startup_s=0.5,
    )
    decode = ["decode_bytes_per_s", "decode_overhead_s", "cpu_decode_bytes_per_s", "gpu_reserved_bytes"]
    profile = descend(profile, decode, lambda p: sum(decode_error(p, row) for row in rows))
    single = [row for row in rows if row.turns == 1 and row.prompt_eval > 0]
    prefill = ["prefill_parameters_per_s", "cpu_prefill_parameters_per_s"]
    profile = descend(profile, prefill, lambda p: sum(prefill_error(p, row) for row in single))
    loads = [(row.model.size_bytes, row.load) for row in rows if row.load is not None]
    load = ["startup_s", "load_bytes_per_s"]
    return descend(profile, load, lambda p: sum(load_error(p, size, seconds) for size, seconds in loads))


def descend(profile: HostProfile, names: Sequence[str], error: Callable[[HostProfile], float]) -> HostProfile:
    """Return the profile with these parameters changed, one at a time, until no step makes the error smaller."""
    best = error(profile)
    for step in STEPS:
        improved = True
        while improved:
            improved = False
            for name in names:
                for factor in (step, 1 / step):
                    value = getattr(profile, name)
                    tried = replace(profile, **{name: type(value)(value * factor)})
                    found = error(tried)
                    if found < best - 1e-9:
                        profile, best, improved = tried, found, True
    return profile


def decode_error(profile: HostProfile, row: Row) -> float:
    """Return how far the decode rate is off, as a logarithm."""
    context = (row.prompt_tokens + row.output_tokens / 2) / row.turns
    rate = decode_rate(profile, row.model, gpu_share(profile, row), context)
    return abs(math.log(rate * row.eval / (row.output_tokens - row.turns)))


def prefill_error(profile: HostProfile, row: Row) -> float:
    """Return how far the prefill rate is off, as a logarithm."""
    rate = prefill_rate(profile, row.model, gpu_share(profile, row))
    return abs(math.log(rate * row.prompt_eval / row.prompt_tokens))


def load_error(profile: HostProfile, size: int, seconds: float) -> float:
    """Return how far a load from the page cache is off, as a logarithm."""
    return abs(math.log((profile.discovery_s + profile.startup_s + size / profile.load_bytes_per_s) / seconds))


def gpu_share(profile: HostProfile, row: Row) -> float:
    """Return the share of the row's model on the GPU when it is alone there."""
    options = load_options(Work(model=row.model, num_ctx=row.num_ctx), profile, ServerSettings())
    free = profile.gpu_total_bytes - profile.gpu_reserved_bytes
    return memory.place(row.model, options, 1, free, profile).gpu_share


def predicted_total(profile: HostProfile, row: Row) -> float:
    """Return the simulated seconds of a row: a cold start, then turn after turn, each prompt longer than the last.

    A conversation's prompts are taken to grow evenly, so that n turns whose prompts sum to P end with one of
    2 P / (n + 1) tokens, all but the newest n-th of it in the cache.
    """
    engine = Engine([row.model], profile=profile)
    piece = max(2 * row.prompt_tokens // (row.turns * (row.turns + 1)), 1)
    total = 0
    for turn in range(1, row.turns + 1):
        work = Work(
            model=row.model,
            num_ctx=row.num_ctx,
            prompt_tokens=min(piece * turn, row.num_ctx),
            output_tokens=max(row.output_tokens // row.turns, 1),
            prompt_key=tuple(range(turn)),
            piece_tokens=(piece,) * turn,
        )
        total += engine.run(engine.submit(work)).total
    return total / NS


def report(title: str, errors: Sequence[float]) -> None:
    """Print the middle and the outer quantiles of relative errors."""
    ordered = sorted(errors)
    p80 = ordered[int(0.8 * len(ordered))]
    print(f"{title}: median error {median(ordered):.1%}, 80th percentile {p80:.1%}, {len(ordered)} rows")


def main() -> None:
    """Print the fitted numbers, then the errors."""
    rows = recorded_rows()
    if "--all" in sys.argv[1:]:
        training = testing = rows
    else:
        order = list(rows)
        Random(0).shuffle(order)
        cut = len(order) * 2 // 3
        training, testing = order[:cut], order[cut:]
    profile = fit(training)
    print(
        f"fitted on {len(training)} rows: decode {profile.decode_bytes_per_s / 1e9:.0f} GB/s"
        f" + {profile.decode_overhead_s * 1e3:.2f} ms a step, spilled {profile.cpu_decode_bytes_per_s / 1e9:.1f} GB/s,"
        f" reserved {profile.gpu_reserved_bytes / MIB:.0f} MiB,"
        f" prefill {profile.prefill_parameters_per_s / 1e12:.1f}e12, spilled"
        f" {profile.cpu_prefill_parameters_per_s / 1e12:.2f}e12 parameters/s,"
        f" load {profile.startup_s:.2f} s + {profile.load_bytes_per_s / 1e9:.1f} GB/s"
    )
    errors = [(row, abs(predicted_total(profile, row) / row.total - 1)) for row in testing]
    report("total time, test rows", [error for _, error in errors])
    report("  single requests", [error for row, error in errors if row.turns == 1])
    report("  conversations", [error for row, error in errors if row.turns > 1])


if __name__ == "__main__":
    main()
