"""Which chat models can be asked one level below their `invoke` and `stream`, and what LangChain does to answers there.

Private names of LangChain are looked up here, once. Where one is missing, and in versions of LangChain that nobody has
compared, no model can.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from functools import lru_cache
from operator import attrgetter, is_
from typing import Any
from uuid import UUID

from langchain_core.globals import get_llm_cache
from langchain_core.language_models import BaseChatModel, chat_models
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatResult
from langchain_core.runnables.base import RunnableBindingBase
from langchain_core.version import VERSION

from zeta_langchain.untouched import functions_of

FIRST, LAST = (1, 2), (1, 7)
"""Versions of langchain-core that this module and `unwatched` were compared with."""

RUN = "lc_run--"
"""What the ids of messages begin with that LangChain names after their run."""

normalized: Any = getattr(chat_models, "_normalize_messages", None)
"""Makes the content blocks of messages what models expect."""
metadata_of: Any = getattr(chat_models, "_gen_info_and_msg_metadata", None)
"""Returns the `response_metadata` that a generation makes."""

_ASKED = ("invoke", "ainvoke", "stream", "astream")
_PUBLIC = (*_ASKED, "generate_prompt", "generate", "agenerate_prompt", "agenerate", "_convert_input")
_CACHING = ("_generate_with_cache", "_agenerate_with_cache")
_methods_of, _METHODS = attrgetter(*_PUBLIC), functions_of(BaseChatModel, *_PUBLIC)
_caching_of, _METHODS_CACHING = attrgetter(*_CACHING), functions_of(BaseChatModel, *_CACHING)
_methods_of_binding, _METHODS_OF_BINDING = attrgetter(*_ASKED), functions_of(RunnableBindingBase, *_ASKED)
_TRACED = frozenset({"ls_structured_output_format", "structured_output_format"})
"""Keywords that are taken out for the trace and are none of the model's."""


def _is_known(version: str) -> bool:
    """Return whether models can be asked below their public methods in this version of langchain-core."""
    found = normalized is not None and metadata_of is not None
    found = found and all(hasattr(BaseChatModel, name) for name in (*_PUBLIC, *_CACHING, "_should_stream"))
    numbers = version.split(".")[:2]
    return found and all(map(str.isdecimal, numbers)) and FIRST <= tuple(map(int, numbers)) <= LAST


IS_KNOWN = _is_known(VERSION)


def can_be_asked_below(model: Any, kwargs: Mapping[str, Any]) -> bool:
    """Return whether a call that nobody watches may go past the public methods of a chat model.

    Not where they are not LangChain's: the model overrides one, or a tool for tracing has replaced one. Nor where the
    model brings its own callbacks, which watch.
    """
    return (
        IS_KNOWN
        and _is_a(model.__class__, BaseChatModel)
        and all(map(is_, _methods_of(type(model)), _METHODS))
        and vars(model).keys().isdisjoint(_PUBLIC)
        and not model.callbacks
        and not model.verbose
        and model.output_version != "v1"  # numbers its blocks across the chunks of a stream, which is left to LangChain
        and _TRACED.isdisjoint(kwargs)
    )


def binds_only_keywords(runnable: Any) -> bool:
    """Return whether a runnable hands on to another one with keywords, e.g. tools, and does nothing else."""
    return (
        _is_a(runnable.__class__, RunnableBindingBase)
        and all(map(is_, _methods_of_binding(type(runnable)), _METHODS_OF_BINDING))
        and not runnable.config
        and not runnable.config_factories
    )


def is_asked_at_once(model: BaseChatModel, generate: Any, run: Any, asked: Mapping[str, Any], *, awaited: bool) -> bool:
    """Return whether nothing stands between a model's own `_generate` and its answer: no cache, rate limiter or stream.

    Args:
        model: `can_be_asked_below`.
        generate: Its `_generate` or `_agenerate`.
        run: Of the call.
        asked: Keywords of the call, without stop words.
        awaited: Whether the call is.
    """
    return (
        model.rate_limiter is None
        and (model.cache is False or (model.cache is None and get_llm_cache() is None))
        and all(map(is_, _caching_of(type(model)), _METHODS_CACHING))
        and _takes_run(getattr(generate, "__func__", None))
        and not model._should_stream(async_api=awaited, run_manager=run, **asked)
    )


@lru_cache
def _is_a(kind: Any, base: Any) -> bool:
    """Return whether a class is below another; these are abstract, and take five times as long to ask."""
    return issubclass(kind, base)


@lru_cache
def _takes_run(generate: Any) -> bool:
    """Return whether a method has a place for its run. LangChain asks on every call, and leaves it out where not."""
    try:
        return "run_manager" in inspect.signature(generate).parameters
    except (TypeError, ValueError, NameError):  # no function, one without a signature, one with names for types only
        return False


def message_of(result: ChatResult, run_id: UUID) -> BaseMessage:
    """Return the message of a whole answer, with its id and metadata."""
    generation = result.generations[0]
    message: BaseMessage = generation.message
    if message.id is None:
        message.id = f"{RUN}{run_id}-0"
    if generation.generation_info:
        message.response_metadata = metadata_of(generation)
    if len(result.generations) == 1 and result.llm_output is not None:
        message.response_metadata = {**result.llm_output, **message.response_metadata}
    return message
