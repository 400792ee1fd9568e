"""What the scheduler is asked to do, and the handle that says how it goes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Literal

from zeta_router.simulator.catalog import SimulatedModel

if TYPE_CHECKING:
    from zeta_router.simulator.runner import Runner
    from zeta_router.simulator.slots import Slot

Kind = Literal["chat", "generate", "embed", "load"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One request as the scheduler sees it: no text, only counts, options and hashes."""

    model: SimulatedModel
    kind: Kind = "chat"
    """`load` ends when the model is loaded; `embed` ends with the prompt; the others also decode."""
    prompt_tokens: int = 0
    output_tokens: int = 0
    """Tokens the answer will have, the end token included, `num_predict` and the context already applied."""
    num_ctx: int | None = None
    """As the request gave it; None follows the Modelfile, then the server's setting, then the card."""
    load_options: tuple[tuple[str, object], ...] = ()
    """Other load-time options given: num_gpu, num_batch, num_thread, main_gpu, use_mmap, draft_num_predict."""
    shift: bool | None = None
    """None is the family's default."""
    keep_alive: float | None = None
    """Seconds; None is not given, infinity is for ever, 0 unloads when idle."""
    prompt_key: tuple[int, ...] = ()
    """Hashes of the prompt's pieces (messages, say), oldest first; empty shares no prefix with anything."""
    piece_tokens: tuple[int, ...] = ()
    """Tokens of each piece of `prompt_key`; must be as long."""
    output_key: int | None = None
    """Hash that the answer will have as a piece of a later prompt, so that the next turn finds it cached."""
    prefill_factor: float = 1.0
    """Times slower than usual that this one prompt is read: noise, luck, what the host cannot know beforehand."""
    decode_factor: float = 1.0
    """The same of its answer's tokens."""

    def __post_init__(self) -> None:
        if len(self.prompt_key) != len(self.piece_tokens):
            raise ValueError("prompt_key and piece_tokens must have the same length")
        if self.prompt_tokens < 0 or self.output_tokens < 0:
            raise ValueError("token counts must not be negative")
        if not (self.prefill_factor > 0 and self.decode_factor > 0):
            raise ValueError("prefill_factor and decode_factor must be positive")


class JobState(Enum):
    """Where a job is. The last three are final."""

    queued = "queued"
    """Waiting for a load: behind others, for a victim, or its own."""
    waiting = "waiting"
    """Has a runner, waits for one of its slots."""
    prefill = "prefill"
    decode = "decode"
    finished = "finished"
    failed = "failed"
    cancelled = "cancelled"


FINAL = frozenset({JobState.finished, JobState.failed, JobState.cancelled})


class JobEvent(Enum):
    """What a listener is told. `finished` or `failed` comes last, once; a cancelled job is silent."""

    loaded = "loaded"
    started = "started"
    first_token = "first_token"
    token = "token"
    """A token asked for with `Engine.watch_token` is made; `job.tokens_made` says which."""
    finished = "finished"
    failed = "failed"


ErrorKind = Literal["busy", "out_of_memory", "load_crash", "load_timeout", "crash"]


@dataclass(frozen=True, slots=True)
class JobError:
    """Why a job failed, in the server's own words (`ollama-wire.md` section 2)."""

    kind: ErrorKind
    status: int
    """HTTP status if nothing has been sent yet."""
    message: str


Listener = Callable[["Job", JobEvent], None]


class Job:
    """One request on its way through the host. Times are engine seconds, None until reached."""

    __slots__ = (
        "cached_tokens",
        "crash_at",
        "error",
        "eval",
        "finished_at",
        "first_token_at",
        "listener",
        "load",
        "loaded_at",
        "number",
        "prompt_eval",
        "runner",
        "slot",
        "slot_at",
        "state",
        "submitted_at",
        "tokens_made",
        "total",
        "watched",
        "work",
    )

    def __init__(self, number: int, work: Work, now: float, listener: Listener | None) -> None:
        self.number = number
        self.work = work
        self.state = JobState.queued
        self.submitted_at = now
        self.loaded_at: float | None = None
        """The runner was handed over."""
        self.slot_at: float | None = None
        self.first_token_at: float | None = None
        self.finished_at: float | None = None
        """Finished, failed or cancelled."""
        self.error: JobError | None = None
        self.cached_tokens = 0
        self.tokens_made = 0
        """Exact in events and at the end; between events the last count known."""
        self.total = 0
        """Nanoseconds as the server reports them, with `load`, `prompt_eval` and `eval`; 0 until the job finished."""
        self.load = 0
        self.prompt_eval = 0
        self.eval = 0
        # The engine's own from here on.
        self.listener = listener
        self.runner: Runner | None = None
        self.slot: Slot | None = None
        self.watched: list[int] = []
        self.crash_at: int | None = None

    @property
    def done(self) -> bool:
        """Whether the job has ended, in whatever way."""
        return self.state in FINAL

    def __repr__(self) -> str:
        return f"<Job {self.number} {self.work.kind} {self.work.model.name} {self.state.value}>"
