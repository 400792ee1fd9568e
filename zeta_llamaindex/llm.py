"""`ZetaLLM`: a LlamaIndex LLM whose Ollama model is picked per request."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, MutableMapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from llama_index.core.base.llms.types import ChatMessage, ChatResponse, CompletionResponse, LLMMetadata
from llama_index.core.bridge.pydantic import Field, PrivateAttr
from llama_index.core.llms import LLM
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.prompts import PromptTemplate

from zeta_llamaindex.building import INSTEAD, ChildSettings, build
from zeta_llamaindex.chatting import Chatting
from zeta_llamaindex.children import Children, Key
from zeta_llamaindex.delegation import Call
from zeta_llamaindex.describing import card_of, metadata_of, metadata_of_card, together
from zeta_llamaindex.messages import request_of, request_of_prompt
from zeta_llamaindex.options import CallOptions, pop_options, refuse_unknown_options
from zeta_llamaindex.saving import Saving
from zeta_llamaindex.structured import Structured
from zeta_llamaindex.tool_calling import ToolCalling
from zeta_router import Limits, ModelCard, Objective, Policy, Request, ZetaDynamicRouter
from zeta_router.errors import ConfigError
from zeta_router.keywords import fields_of, refuse_unknown
from zeta_router.store import Store

MODEL_NAME = "zeta-router"
"""What LlamaIndex's metadata calls it; the model that answered stands in each answer."""


OWN = {"allow_cloud", "children", "headers", "hosts", "limits", "objective", "policy", "store"}
"""Keywords of a `ZetaLLM` that are no fields of it."""


class Parts(NamedTuple):
    """What every call needs."""

    router: ZetaDynamicRouter
    children: Children
    json_mode: bool
    max_output_tokens: int | None


class ZetaLLM(Chatting, ToolCalling, Structured, Saving):
    """A LlamaIndex LLM that hands every call to the model that will serve it best now, and learns from each answer.

    ```python
    Settings.llm = ZetaLLM(models=["qwen2.5-coder:7b", "phi4:14b", "llama3.2:3b"])
    answer = Settings.llm.complete("def fib(n):", zeta_task="code")
    answer.additional_kwargs["zeta"]  # decision_id, model, host, task, reason, attempts
    ```

    One child answers a call, from its start event to its tool calls, and handlers and counters see the call once. If a
    child fails, or says nothing, before the first token was passed on, the next best one is asked.

    Args:
        models: Ollama tags, `ModelCard`s, or LLM objects of LlamaIndex, in any mixture. Children for tags are built
            when they are first asked; objects are used as they are.
        router: A router of yours, perhaps shared with LangChain, instead of `models` and all that describes a router.
        hosts: Addresses of Ollama servers; None takes `OLLAMA_HOST`, which LlamaIndex's own `Ollama` ignores.
        headers: Sent to every host; shown nowhere.
        task: Task of calls that declare none, e.g. `code`; None finds it from the text.
        objective: `balanced`, `fastest`, `best`, or an `Objective`; None is balanced.
        policy: Who picks; None is the router's own.
        allow_cloud: Names of cloud models that may be used: prompts leave the machine for those.
        limits: Bounds on attempts, and on the context that models are loaded with.
        store: Where what it learns survives, and is shared: a path, a URL, `default`, or a store; None keeps it in
            memory. See `ZetaDynamicRouter`.
        children: Temperature, timeout and the like of the children that Zeta builds.
        kwargs: LlamaIndex's own fields: `callback_manager`, `system_prompt`, `rate_limiter`, `output_parser`, ...

    Raises:
        ConfigError: A setting is wrong; the text says which and what to do.
        CloudModelRefused: A model runs in a cloud and is not in `allow_cloud`.

    Constructing one contacts nobody. Copies, deep ones too, share the router and the children.
    """

    models: list[Any] = Field(default_factory=list, exclude=True, repr=False)
    router: Any = Field(default=None, exclude=True, repr=False)
    task: str | None = Field(default=None, description="Task of calls that declare none.")

    _settings: ChildSettings = PrivateAttr()
    _children: Children = PrivateAttr()
    _metadata: tuple[tuple[ModelCard, ...], LLMMetadata] | None = PrivateAttr(default=None)

    def __init__(
        self,
        models: Iterable[str | ModelCard | LLM] = (),
        *,
        router: ZetaDynamicRouter | None = None,
        hosts: Sequence[str] | None = None,
        headers: Mapping[str, str] | None = None,
        task: str | None = None,
        objective: str | Objective | None = None,
        policy: Policy | None = None,
        allow_cloud: Collection[str] | None = None,
        limits: Limits | None = None,
        store: str | os.PathLike[str] | Store | None = None,
        children: ChildSettings | None = None,
        **kwargs: Any,
    ) -> None:
        refuse_unknown("ZetaLLM", kwargs, fields_of(type(self)) | OWN, hints=INSTEAD)
        if isinstance(models, str | ModelCard | LLM):
            raise ConfigError(f"models must be a list, got one {type(models).__name__}; put it into a list")
        members = list(models)
        described = _given(
            hosts=hosts,
            headers=headers,
            objective=objective,
            policy=policy,
            allow_cloud=allow_cloud,
            limits=limits,
            store=store,
        )
        llms, cards = _sorted_out(members)
        if router is None:
            if not members:
                raise ConfigError("models is empty: name some, or use ZetaLLM.from_ollama() for all that a server has")
            router = ZetaDynamicRouter(cards, **described)
            described["models"] = members
        elif members or described:
            also = ", ".join((["models"] if members else []) + list(described))
            raise ConfigError(f"give router or {also}, not both: the router has its own")
        else:
            described["router"] = router
        super().__init__(**{"models": members, "router": router, "task": task, **kwargs})
        self._settings = children if children is not None else ChildSettings()
        self._children = Children(llms, lambda key: build(router, key, self._settings))
        self._arguments = {**described, "children": self._settings}

    @classmethod
    def from_ollama(
        cls,
        hosts: Sequence[str] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        allow_cloud: Collection[str] = (),
        objective: str | Objective | None = None,
        policy: Policy | None = None,
        limits: Limits | None = None,
        store: str | os.PathLike[str] | Store | None = None,
        **kwargs: Any,
    ) -> ZetaLLM:
        """Return one over every model that the hosts have, which are asked now; arguments as in the constructor.

        Raises:
            ServerUnreachable: No host answers.
            ConfigError: The hosts have no models, or a setting is wrong.
        """
        refuse_unknown("ZetaLLM", kwargs, fields_of(cls) | OWN, hints=INSTEAD)
        described = _given(hosts=hosts, headers=headers, objective=objective, policy=policy, limits=limits, store=store)
        router = ZetaDynamicRouter.from_ollama(allow_cloud=allow_cloud, **described)
        llm = cls(router=router, **kwargs)
        # So that a pickle can be rebuilt without asking the hosts again.
        del llm._arguments["router"]
        llm._arguments |= {**described, "allow_cloud": tuple(allow_cloud), "models": list(router.cards)}
        return llm

    @classmethod
    def class_name(cls) -> str:
        """Return the name that payloads and JSON know it by."""
        return "ZetaLLM"

    def __repr__(self) -> str:
        return f"<ZetaLLM over {self.router!r}>"

    __str__ = __repr__

    @property
    def metadata(self) -> LLMMetadata:
        """What holds whichever model answers. Known without asking a server, kept until the models change."""
        cards = self.router.cards
        if self._metadata is None or self._metadata[0] != cards:
            given = [metadata_of(llm) for llm in self.models if isinstance(llm, LLM)]
            hosts = self.router.connections
            ours = [c for c in cards if c.can("completion") and (c.host is None or c.host in hosts)]
            built = [metadata_of_card(card, self.router.limits) for card in ours]
            self._metadata = (cards, together([*given, *built], model_name=MODEL_NAME))
        return self._metadata[1]

    # -- what the methods of the other classes ask for -------------------------------------------------------------

    @cached_property
    def _parts(self) -> Parts:
        """What every call needs, in one place: to read a private attribute takes pydantic 3 µs."""
        settings = self._settings
        return Parts(self.router, self._children, settings.json_mode, settings.max_output_tokens)

    def _chat_call(self, messages: Sequence[ChatMessage], keywords: MutableMapping[str, Any]) -> Call[ChatResponse]:
        return self._tool_call(keywords.get("tools") or (), messages, keywords)

    def _completion_call(self, prompt: str, keywords: MutableMapping[str, Any]) -> Call[CompletionResponse]:
        options = self._options(keywords)
        request = request_of_prompt(prompt, options, max_output_tokens=self._parts.max_output_tokens)
        return self._call(request, options, keywords)

    def _tool_call(
        self, tools: Sequence[Any], messages: Sequence[ChatMessage], keywords: MutableMapping[str, Any]
    ) -> Call[ChatResponse]:
        options = self._options(keywords)
        bound = self._parts.max_output_tokens
        request = request_of(messages, options, tools=len(tools), max_output_tokens=bound)
        return self._call(request, options, keywords)

    def _structured_call(
        self, prompt: PromptTemplate, llm_kwargs: Mapping[str, Any] | None, prompt_args: MutableMapping[str, Any]
    ) -> tuple[Call[Any], dict[str, Any]]:
        keywords = dict(llm_kwargs or {})
        options = pop_options(prompt_args).under(self._options(keywords))
        messages = prompt.format_messages(llm=self, **prompt_args)
        request = request_of(messages, options, max_output_tokens=self._parts.max_output_tokens)
        return self._call(request, options, keywords, structured=True), keywords

    def _tool_caller(self, key: Key | None) -> FunctionCallingLLM:
        if key is not None:
            child = self._parts.children.get(key).llm
            if isinstance(child, FunctionCallingLLM):
                return child
        for candidate in self.router.snapshot().models:
            if candidate.card.can("tools"):
                child = self._parts.children.get((candidate.card.name, candidate.host)).llm
                if isinstance(child, FunctionCallingLLM):
                    return child
        raise ConfigError("none of the models can call tools; add one that can, e.g. llama3.1:8b")

    def _options(self, keywords: MutableMapping[str, Any]) -> CallOptions:
        options = pop_options(keywords)
        if keywords:
            refuse_unknown_options(keywords)
        return options if self.task is None else CallOptions(task=self.task).under(options)

    def _call(
        self, request: Request, options: CallOptions, keywords: Mapping[str, Any], *, structured: bool = False
    ) -> Call[Any]:
        router, children, json_mode, _ = self._parts
        children.hand_down(self.callback_manager)
        return Call(
            router,
            router.plan(request, model=options.model),
            children,
            thinks=keywords.get("think") is not False,
            formatted=structured or json_mode or keywords.get("format") is not None,
            structured=structured,
            rate_limiter=self.rate_limiter,
        )


def _given(**settings: Any) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if value is not None}


def _sorted_out(members: Sequence[str | ModelCard | LLM]) -> tuple[dict[Key, LLM], list[str | ModelCard]]:
    """Return the LLM objects among the members by the key they go by, and a card or tag for every member."""
    llms: dict[Key, LLM] = {}
    cards: list[str | ModelCard] = []
    for member in members:
        if isinstance(member, ZetaLLM):
            raise ConfigError("models holds a ZetaLLM: put its models into this list, or give router=its.router")
        if isinstance(member, LLM):
            card = card_of(member, llms)
            llms[card.name, card.host or ""] = member
            cards.append(card)
        elif isinstance(member, str | ModelCard):
            cards.append(member)
        else:
            raise ConfigError(f"models must hold tags, ModelCards or LLM objects, got {type(member).__name__}")
    return llms, cards
