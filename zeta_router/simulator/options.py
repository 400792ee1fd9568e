"""The options that belong to a loaded runner: a request that wants others reloads the model (4.7)."""

from __future__ import annotations

from dataclasses import dataclass

from zeta_router.simulator.catalog import SimulatedModel
from zeta_router.simulator.jobs import Work
from zeta_router.simulator.profiles import GIB, HostProfile
from zeta_router.simulator.settings import ServerSettings

LOAD_TIME_OPTIONS = ("num_batch", "num_gpu", "num_thread", "main_gpu", "use_mmap", "draft_num_predict")
# Automatic context by total VRAM (1.5), largest first; the values are also the steps down after running out of it.
CONTEXT_TIERS = ((47 * GIB, 262144), (23 * GIB, 32768), (0, 4096))
AUTOMATIC = -1  # num_gpu: as many layers as fit


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadOptions:
    """What a runner is, or would be, loaded with. None leaves the choice to the server."""

    num_ctx: int
    """Effective, cut to the trained context."""
    automatic_ctx: bool
    """Nobody named a context: the card decided."""
    shift: bool
    num_batch: int | None = None
    num_gpu: int = AUTOMATIC
    num_thread: int | None = None
    main_gpu: int | None = None
    use_mmap: bool | None = None
    draft_num_predict: int | None = None

    def serves(self, wanted: LoadOptions) -> bool:
        """Whether a runner loaded with these options can take a request that wants those."""
        same_context = self.num_ctx == wanted.num_ctx or (self.automatic_ctx and wanted.automatic_ctx)
        return (
            same_context
            and self.num_batch == wanted.num_batch
            and wanted.num_gpu in (AUTOMATIC, self.num_gpu)
            and self.num_thread == wanted.num_thread
            and self.main_gpu == wanted.main_gpu
            and self.use_mmap == wanted.use_mmap
            and self.draft_num_predict == wanted.draft_num_predict
            and self.shift == wanted.shift
        )


def load_options(work: Work, profile: HostProfile, settings: ServerSettings) -> LoadOptions:
    """Return what a request wants its model loaded with; null and unknown options are ignored.

    Raises:
        TypeError: A load-time option has the wrong type (the server refuses it earlier).
    """
    model = work.model
    asked = next((n for n in (work.num_ctx, model.num_ctx, settings.context_length or None) if n is not None), None)
    num_ctx = automatic_context(profile) if asked is None else asked
    given: dict[str, int | None] = {}
    for key, value in work.load_options:
        if key in LOAD_TIME_OPTIONS and value is not None:
            if not isinstance(value, int):
                raise TypeError(f'option "{key}" must be an integer, got {value!r}')
            given[key] = value
    num_gpu = given.get("num_gpu")
    use_mmap = given.get("use_mmap")
    return LoadOptions(
        num_ctx=fitted_context(model, num_ctx),
        automatic_ctx=asked is None,
        shift=model.family != "deepseek2" if work.shift is None else work.shift,
        num_batch=given.get("num_batch"),
        num_gpu=AUTOMATIC if num_gpu is None else num_gpu,
        num_thread=given.get("num_thread"),
        main_gpu=given.get("main_gpu"),
        use_mmap=None if use_mmap is None else bool(use_mmap),
        draft_num_predict=given.get("draft_num_predict"),
    )


def automatic_context(profile: HostProfile) -> int:
    """Return the context that the card decides on when nobody names one (1.5)."""
    vram = 0 if profile.cpu_only else profile.gpu_total_bytes
    return next(tokens for least, tokens in CONTEXT_TIERS if vram >= least)


def fitted_context(model: SimulatedModel, num_ctx: int) -> int:
    """Return the context cut to the trained one, and not below 4, or 2048 for models that see (1.5)."""
    least = 2048 if "vision" in model.capabilities else 4
    return max(min(num_ctx, model.context_length), least)


def lower_context(model: SimulatedModel, options: LoadOptions) -> int | None:
    """Return the next lower automatic context to try after running out of memory, None if there is none (4.8)."""
    if not options.automatic_ctx:
        return None
    lower = (fitted_context(model, tokens) for _, tokens in CONTEXT_TIERS)
    return next((tokens for tokens in lower if tokens < options.num_ctx), None)
