"""The `options` object (`ollama-wire.md` 1.5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from zeta_router.simulator.options import LOAD_TIME_OPTIONS
from zeta_router.simulator.server.errors import WireError

_INTEGERS = (
    "num_ctx", "num_batch", "num_gpu", "main_gpu", "num_thread", "draft_num_predict",
    "num_keep", "num_predict", "seed", "top_k", "repeat_last_n",
)  # fmt: skip
_FLOATS = ("temperature", "top_p", "min_p", "typical_p", "repeat_penalty", "presence_penalty", "frequency_penalty")
DEFAULT_NUM_KEEP = 4
_MOST_CONTEXTS = 10  # an answer never has more tokens than ten times the context


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options that change what a simulated model does."""

    num_ctx: int | None = None
    num_predict: int | None = None
    """As given; negative is unlimited, and what 0 means depends on the model."""
    num_keep: int = DEFAULT_NUM_KEEP
    stop: tuple[str, ...] = ()
    load: tuple[tuple[str, object], ...] = ()
    """Other load-time options that were given."""

    def limit(self, num_ctx: int, *, rendered: bool) -> int:
        """Return the largest number of tokens an answer may have."""
        most = _MOST_CONTEXTS * num_ctx
        if self.num_predict is None or self.num_predict < 0 or (self.num_predict == 0 and rendered):
            return most
        return min(self.num_predict, most)


def parse_options(options: Mapping[str, Any]) -> Options:
    """Read options; null and unknown keys are ignored.

    Raises:
        WireError: 500 when a type is wrong.
    """
    given = {key: value for key, value in options.items() if value is not None}
    for key, value in given.items():
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if key in _INTEGERS and not is_number:
            raise WireError(500, f'option "{key}" must be of type integer')
        if key in _FLOATS and not is_number:
            raise WireError(500, f'option "{key}" must be of type float32')
        if key == "use_mmap" and not isinstance(value, bool):
            raise WireError(500, f'option "{key}" must be of type boolean')
        if key == "stop":
            _check_strings(key, value)
    integers = {key: int(given[key]) for key in _INTEGERS if key in given}
    return Options(
        num_ctx=integers.get("num_ctx"),
        num_predict=integers.get("num_predict"),
        num_keep=integers.get("num_keep", DEFAULT_NUM_KEEP),
        stop=tuple(stop for stop in given.get("stop", ()) if stop),
        load=tuple((key, integers.get(key, given[key])) for key in LOAD_TIME_OPTIONS if key in given),
    )


def _check_strings(key: str, value: Any) -> None:
    if not isinstance(value, list):
        raise WireError(500, f'option "{key}" must be of type array')
    if not all(isinstance(item, str) for item in value):
        raise WireError(500, f'option "{key}" must be of an array of strings')
