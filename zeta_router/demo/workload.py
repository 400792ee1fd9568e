"""The demo's prompts: real ones, out of the package, in an order that the seed decides."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from importlib.resources import files
from random import Random

from zeta_router.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Prompt:
    """One prompt. Where it is from stands in `PROMPTS.md`."""

    id: str
    label: str
    """What its origin calls it: code, math, qa, chat or reasoning. For statistics only, the router never sees it."""
    text: str = field(repr=False)


def all_prompts() -> tuple[Prompt, ...]:
    """Return every prompt of the package, as the file has them."""
    lines = files("zeta_router.demo").joinpath("prompts.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    return tuple(Prompt(row["id"], row["label"], row["text"]) for row in rows)


def workload(requests: int, *, seed: int) -> tuple[Prompt, ...]:
    """Return so many different prompts, in an order that `seed` decides.

    Raises:
        ConfigError: There are not so many, or the number makes no thirds.
    """
    prompts = list(all_prompts())
    if not 3 <= requests <= len(prompts):
        raise ConfigError(f"requests must be between 3 and {len(prompts)}, got {requests}")
    Random(seed).shuffle(prompts)
    return tuple(prompts[:requests])
