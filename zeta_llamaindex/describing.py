"""What is known of a user's LLM without asking anybody: its card for the router, its metadata for LlamaIndex."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from llama_index.core.llms import LLM, LLMMetadata

from zeta_llamaindex.children import Key
from zeta_router.errors import ConfigError
from zeta_router.limits import Limits
from zeta_router.model import ModelCard, parameters_in
from zeta_router.ollama import num_ctx_for, plain_address

ASKS_THE_SERVER = -1
"""`Ollama.context_window` where the user gave none: its `metadata` then calls `/api/show`, and blocks while it does."""

WITHOUT_TOOLS = frozenset({"completion", "vision", "thinking", "insert", "audio", "image"})
"""Everything that an LLM without function calling might do: what is not known rules nothing out."""


def asks_the_server(llm: LLM) -> bool:
    """Return whether an LLM will look up its context window at its server, blocking, when it is next used."""
    return getattr(llm, "context_window", None) == ASKS_THE_SERVER


def metadata_of(llm: LLM) -> LLMMetadata:
    """Return the metadata of an LLM without a call to its server; an LLM that cannot say has LlamaIndex's defaults."""
    if asks_the_server(llm):
        return LLMMetadata(
            is_chat_model=True,
            is_function_calling_model=bool(getattr(llm, "is_function_calling_model", False)),
            model_name=str(getattr(llm, "model", "unknown")),
        )
    try:
        return llm.metadata
    except Exception:  # somebody else's property; LlamaIndex reads metadata on every call, and none may fail for it
        return LLMMetadata()


def card_of(llm: LLM, taken: Collection[Key]) -> ModelCard:
    """Return the card under which a router knows a user's LLM.

    Args:
        llm: Any LLM. Its host is its server, or where it has none the name of its class.
        taken: What others are known by; a second LLM of the same name on the same host becomes `name#2`.
    """
    metadata = metadata_of(llm)
    name = str(getattr(llm, "model", None) or _known(metadata.model_name) or llm.class_name())
    host = host_of(llm)
    unique, number = name, 1
    while (unique, host) in taken:
        number += 1
        unique = f"{name}#{number}"
    return ModelCard(
        name=unique,
        host=host,
        capabilities=None if metadata.is_function_calling_model else WITHOUT_TOOLS,
        context_length=metadata.context_window if metadata.context_window > 0 and not asks_the_server(llm) else None,
        parameter_count=parameters_in(name),
    )


def metadata_of_card(card: ModelCard, limits: Limits) -> LLMMetadata:
    """Return the metadata of a model that Zeta calls itself."""
    return LLMMetadata(
        context_window=num_ctx_for(card, at_most=limits.context),
        is_chat_model=True,
        is_function_calling_model=card.can("tools"),
        model_name=card.name,
    )


def together(parts: Iterable[LLMMetadata], *, model_name: str) -> LLMMetadata:
    """Return the metadata that holds whoever answers: the shortest context, the shortest answer.

    Function calling is there if one model has it, and not only if all have: requests with tools go to those that do.
    """
    known = list(parts)
    if not known:
        return LLMMetadata(is_chat_model=True, model_name=model_name)
    return LLMMetadata(
        context_window=min(part.context_window for part in known),
        num_output=min(part.num_output for part in known),
        is_chat_model=all(part.is_chat_model for part in known),
        is_function_calling_model=any(part.is_function_calling_model for part in known),
        model_name=model_name,
        system_role=known[0].system_role,
    )


def _known(name: str) -> str | None:
    return None if name == "unknown" else name


def host_of(llm: LLM) -> str:
    """Return where an LLM runs: the address of its server, or where it has none the name of its class."""
    address = getattr(llm, "base_url", None)
    if isinstance(address, str) and address:
        try:
            return plain_address(address)
        except ConfigError:  # not an address as Ollama has it; only a label is wanted
            pass
    return llm.class_name()
