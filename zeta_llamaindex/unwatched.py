"""Asks an LLM below LlamaIndex's instrumentation, where nobody listens to that.

A method that LlamaIndex decorates does two things: it asks the model, and it tells handlers of it. To get ready for the
second (a span, an event for the start, the end and each part of a stream) takes longer than all that a router does,
also where there is no handler to tell. A call that nobody is told of leaves it out. What is left out is looked at
before: where a method is decorated otherwise than is known here, it is asked the ordinary way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import CodeType, FunctionType, MethodType
from typing import Any, NamedTuple

from llama_index.core.callbacks import CallbackManager
from llama_index.core.instrumentation.event_handlers import NullEventHandler
from llama_index.core.instrumentation.span_handlers import NullSpanHandler
from llama_index.core.llms import LLM
from llama_index.core.llms import callbacks as decorators
from llama_index_instrumentation import get_dispatcher
from llama_index_instrumentation.dispatcher import Dispatcher

_WORDS = """
active_span_id active_instrument_tags span_enter span_exit span_drop SpanDropEvent inspect signature bind uuid uuid4
__name__ __qualname__ type str get set reset old_value Token MISSING copy_context Context run BoundArguments Any
asyncio Future ensure_future add_done_callback exception result partial _logger debug ValueError BaseException
dispatcher event to_payload as_trace on_event_start on_event_end CBEventType LLM EventPayload MESSAGES PROMPT
ADDITIONAL_KWARGS SERIALIZED RESPONSE COMPLETION EXCEPTION LLMChatStartEvent LLMChatInProgressEvent LLMChatEndEvent
LLMCompletionStartEvent LLMCompletionInProgressEvent LLMCompletionEndEvent ExceptionEvent isinstance cast
Generator ChatResponse ChatResponseGen CompletionResponse CompletionResponseGen
AsyncGenerator ChatResponseAsyncGen CompletionResponseAsyncGen
rate_limiter acquire async_acquire
"""
TELLING = frozenset(_WORDS.split())
"""All that LlamaIndex's decorators speak of, as of llama-index-core 0.14.25: what tells, and a rate limiter, which is
asked for here. One that speaks of anything else may do something that must not be left out."""


DEAF = (NullEventHandler, NullSpanHandler)
"""Handlers that LlamaIndex begins with."""


class Below(NamedTuple):
    """A method of a class, as it was looked at."""

    found: object
    """What the class has under its name: a tool for tracing may put something else there, at any time."""
    function: Callable[..., Any] | None
    """What is below LlamaIndex's decorators; None where others are there, too."""
    dispatchers: tuple[Dispatcher, ...]
    """Whose handlers are told of a call."""


_below: dict[tuple[type, str], Below] = {}


def asked(llm: LLM, name: str) -> Callable[..., Any]:
    """Return a method of an LLM, to be called now: below its instrumentation if nobody listens."""
    kind = type(llm)
    found = _found(kind, name)
    below = _below.get((kind, name))
    if below is None or below.found is not found:
        below = _below[kind, name] = _looked_at(found)
    if below.function is None or name in vars(llm) or llm.rate_limiter is not None or _is_told(llm, below.dispatchers):
        method: Callable[..., Any] = getattr(llm, name)
        return method
    return MethodType(below.function, llm)


def _found(kind: type, name: str) -> object:
    """Return what a class has under a name, as it stands there: to read it from the class would bind it."""
    for owner in kind.__mro__:
        if name in owner.__dict__:
            return owner.__dict__[name]
    return None


def _is_told(llm: LLM, dispatchers: Iterable[Dispatcher]) -> bool:
    """Return whether any handler would be told of a call."""
    manager = llm.callback_manager
    if type(manager) is not CallbackManager or manager.handlers:
        return True
    for dispatcher in dispatchers:
        for handler in (*dispatcher.event_handlers, *dispatcher.span_handlers):
            if type(handler) not in DEAF:
                return True
    return False


def _looked_at(found: object) -> Below:
    """Return what is below a span around one of LlamaIndex's callbacks around a function, and nothing else."""
    span, told = getattr(found, "_self_wrapper", None), getattr(found, "__wrapped__", None)
    function = _inside(told, "f", _CALLBACKS)
    dispatcher = _inside(span, "self", _SPANS)
    if not isinstance(function, FunctionType) or not isinstance(dispatcher, Dispatcher):
        return Below(found, None, ())
    chains = (*_chain(dispatcher), *_chain(get_dispatcher(decorators.__name__)))
    return Below(found, function, tuple({id(each): each for each in chains}.values()))


def _chain(dispatcher: Dispatcher) -> list[Dispatcher]:
    """Return a dispatcher and those that it hands events on to, the root first: that is where handlers are put."""
    chain = [dispatcher]
    while chain[0].propagate:
        chain.insert(0, chain[0].parent)
    return chain


def _inside(function: object, name: str, known: frozenset[CodeType]) -> object:
    """Return what a decorator's function holds under a name; None where it is not one of those that are known."""
    if not isinstance(function, FunctionType) or function.__code__ not in known:
        return None
    return dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))[name].cell_contents


def _functions(code: CodeType) -> Iterable[CodeType]:
    """Return the functions inside a function, and those inside of them."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _functions(constant)


def _known(decorator: Callable[..., Any], *names: str) -> frozenset[CodeType]:
    """Return those functions inside a decorator that have one of the names and do nothing but tell."""
    return frozenset(
        code
        for code in _functions(decorator.__code__)
        if code.co_name in names and all(TELLING.issuperset(each.co_names) for each in (code, *_functions(code)))
    )


_SPANS = _known(Dispatcher.span, "wrapper", "async_wrapper")
_CALLBACKS = _known(decorators.llm_chat_callback, "wrapped_llm_chat", "wrapped_async_llm_chat") | _known(
    decorators.llm_completion_callback, "wrapped_llm_predict", "wrapped_async_llm_predict"
)
