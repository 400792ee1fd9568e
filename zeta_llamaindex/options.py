"""What a caller may say about one call, beside its messages: `CallOptions` and `zeta_options`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, fields
from typing import Any

from zeta_router.errors import InvalidRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOptions:
    """What the router is told of one call. A field that is None was not given."""

    task: str | None = None
    """Declared task, e.g. `code`; it wins over the classifier."""
    session: str | None = None
    """Conversation this belongs to: the model that has its prompt cache is worth seconds."""
    deadline: float | None = None
    """Seconds from now after which the answer is worth nothing."""
    model: str | None = None
    """The only model that may answer."""

    def under(self, inner: CallOptions) -> CallOptions:
        """Return these options with whatever `inner` gives instead."""
        if inner == NOTHING:
            return self
        return CallOptions(**{name: _first(getattr(inner, name), getattr(self, name)) for name in _NAMES})


_NAMES = tuple(field.name for field in fields(CallOptions))
_KEYWORDS = tuple((f"zeta_{name}", name) for name in _NAMES)
NOTHING = CallOptions()

_surrounding: ContextVar[CallOptions] = ContextVar("zeta_options", default=NOTHING)


def _first(given: Any, default: Any) -> Any:
    return default if given is None else given


def pop_options(keywords: MutableMapping[str, Any]) -> CallOptions:
    """Take `zeta_task`, `zeta_session`, `zeta_deadline` and `zeta_model` out of a call's keywords, in place.

    What the call leaves open comes from the `zeta_options` block around it.
    """
    if not keywords:
        return _surrounding.get()
    given = {name: keywords.pop(keyword) for keyword, name in _KEYWORDS if keyword in keywords}
    surrounding = _surrounding.get()
    return surrounding.under(CallOptions(**given)) if given else surrounding


def refuse_unknown_options(keywords: Collection[str]) -> None:
    """Let the keywords pass that are left for a child: an option with a slip in its name would be ignored there.

    Raises:
        InvalidRequest: One of them can only have been meant for the router.
    """
    for keyword in keywords:
        if keyword.startswith("zeta_"):
            known = ", ".join(sorted(name for name, _ in _KEYWORDS))
            raise InvalidRequest(f"{keyword} is no option of a call; there are {known}")


@contextmanager
def zeta_options(
    *, task: str | None = None, session: str | None = None, deadline: float | None = None, model: str | None = None
) -> Iterator[None]:
    """Say it for every call made inside the block, however deep inside LlamaIndex it is made.

    ```python
    with zeta_options(task="code"):
        answer = query_engine.query("Where is the retry logic?")
    ```

    Blocks nest: what an inner one leaves open comes from the outer one. A block belongs to its own task or thread.
    """
    inner = CallOptions(task=task, session=session, deadline=deadline, model=model)
    token = _surrounding.set(_surrounding.get().under(inner))
    try:
        yield
    finally:
        _surrounding.reset(token)
