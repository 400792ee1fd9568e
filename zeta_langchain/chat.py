"""`ChatZeta`: a LangChain chat model whose model is picked per request."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NoReturn, cast

from langchain_core.language_models import LangSmithParams, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import ConfigDict, Field

from zeta_langchain.call import Call
from zeta_langchain.children import Prepared
from zeta_langchain.delegation import DelegatingChatModel
from zeta_langchain.founding import Given, found, given
from zeta_langchain.kinds import PLAIN, Kind, Messages, Objects
from zeta_langchain.messages import count_tokens, request_of
from zeta_langchain.parameters import CHILDS_OWN, NAMES, NOTHING, PER_CALL, PER_CALL_ONLY, taken_from, values_of
from zeta_langchain.profiles import meet
from zeta_langchain.structured import ZetaStructured
from zeta_router.attempts import Attempts
from zeta_router.errors import ConfigError
from zeta_router.keywords import fields_of, refuse_unknown
from zeta_router.limits import Limits
from zeta_router.objective import Objective
from zeta_router.policies.base import Policy
from zeta_router.router import ZetaDynamicRouter
from zeta_router.store import Store


class ChatZeta(DelegatingChatModel):
    """A LangChain chat model whose model is picked per request, and learned from with each answer.

    Instantiate:
        ```python
        from zeta_langchain import ChatZeta

        llm = ChatZeta(["qwen2.5-coder:7b", "deepseek-r1:14b", "llama3.2:3b"])  # Ollama tags
        llm = ChatZeta.from_ollama(hosts=["http://gpu-1:11434", "http://gpu-2:11434"])  # all that is there
        llm = ChatZeta([ChatOllama(model="phi4:14b"), any_other_chat_model])
        ```

    Invoke, stream, batch, each also awaited:
        ```python
        llm.invoke("Reverse a list in Python", config={"configurable": {"zeta_task": "code"}})
        ```
        The `configurable` keys are optional: `zeta_task` (else found from the text), `zeta_session` (else
        `thread_id`, else `session_id`), `zeta_deadline` (seconds from now), `zeta_model` (answer with this one).

    Response metadata:
        `message.response_metadata["zeta"]` says which model answered and why; see `metadata.stamp_of`.

    When a model fails before anything of its answer was shown, the next best one is asked, also where the answer is
    empty, ended early, calls a tool that cannot be called or does not follow its schema. After that the error surfaces.
    Where several failed, it is `EveryAttemptFailed`, else the error of the only one; what goes wrong at an Ollama is an
    `OllamaError`.

    Every field of `ChatOllama` may be given. `temperature`, `num_predict`, `seed`, ... may also be given per call.

    `headers`, `policy`, `allow_cloud`, `limits` and `store` describe the router that is made; see `ZetaDynamicRouter`.
    With `store="default"`, a path, a URL or a store, what it learns survives and is shared.
    What was learned belongs to the router. Copies (`model_copy`, `deepcopy`, `configurable_fields`) share it, and the
    children. A `ChatZeta` cannot be pickled.
    """

    models: Any = Field(default=None, repr=False, exclude=True)
    """Names, `ModelCard`s or chat models; or a mapping from your own names to chat models."""
    router: Any = Field(default=None, repr=False, exclude=True)
    """The `ZetaDynamicRouter` that picks; made from `models` unless given."""
    hosts: Sequence[str] | None = Field(default=None, repr=False, exclude=True)
    """Addresses of Ollama servers; None takes `OLLAMA_HOST`. Read when the router is made."""
    base_url: str | None = Field(default=None, repr=False, exclude=True)
    """One host, by the name that `ChatOllama` gives it."""
    objective: str | Objective | None = None
    """`balanced` (None), `fastest`, `best`, or your own numbers. It is the router's: read when that is made."""
    child_kwargs: dict[str, Any] = Field(default_factory=dict, repr=False, exclude=True)
    """Further `ChatOllama` keywords for the children that Zeta builds, e.g. `client_kwargs`; read when one is built.

    They may also be given as keywords of this class, as `ChatOllama` takes them.
    """
    children: Any = Field(default=None, repr=False, exclude=True)
    """The chat models behind this one, shared by its copies."""

    model: str = "zeta-router"
    """The name of the router in traces; the model that answered is in `response_metadata["model_name"]`."""
    temperature: float | None = None
    num_predict: int | None = None
    """Bound on the answer, in tokens."""
    max_tokens: int | None = None
    """The same, by the name that other providers give it."""
    num_ctx: int | None = None
    """Context of every child, in tokens; None takes what the router reckons with. To change it, Ollama reloads."""
    top_k: int | None = None
    top_p: float | None = None
    seed: int | None = None
    repeat_penalty: float | None = None
    stop: list[str] | None = None
    reasoning: bool | str | None = None
    format: str | dict[str, Any] | None = None
    keep_alive: int | str | None = None

    model_config = ConfigDict(arbitrary_types_allowed=True, hide_input_in_errors=True)

    def __init__(
        self,
        models: Given | None = None,
        *,
        router: ZetaDynamicRouter | None = None,
        hosts: Sequence[str] | None = None,
        base_url: str | None = None,
        headers: Mapping[str, str] | None = None,
        objective: str | Objective | None = None,
        policy: Policy | None = None,
        allow_cloud: Collection[str] | None = None,
        limits: Limits | None = None,
        store: str | os.PathLike[str] | Store | None = None,
        child_kwargs: Mapping[str, Any] | None = None,
        **fields: Any,
    ) -> None:
        keywords = {**{name: fields.pop(name) for name in CHILDS_OWN & fields.keys()}, **(child_kwargs or {})}
        refuse_unknown("ChatZeta", fields, fields_of(type(self)) | NAMES, hints=PER_CALL_ONLY)
        if router is None or fields.get("children") is None:
            described = given(
                hosts=hosts,
                base_url=base_url,
                headers=headers,
                policy=policy,
                allow_cloud=allow_cloud,
                limits=limits,
                num_ctx=None if router is not None else fields.get("num_ctx"),
                store=store,
            )
            router, fields["children"] = found(models, router, described, objective, keywords)
        wanted = Objective.named(objective) if isinstance(objective, str) else objective
        if wanted is not None and wanted != router.objective:
            raise ConfigError("the objective is the router's and cannot be changed here; make another ChatZeta")
        fields |= {"models": models, "router": router, "hosts": hosts, "base_url": base_url}
        fields |= {"objective": objective, "child_kwargs": keywords}
        super().__init__(**fields)

    @classmethod
    def from_ollama(
        cls,
        hosts: Sequence[str] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        allow_cloud: Collection[str] = (),
        objective: str | Objective = "balanced",
        policy: Policy | None = None,
        limits: Limits | None = None,
        store: str | os.PathLike[str] | Store | None = None,
        **fields: Any,
    ) -> ChatZeta:
        """Return a chat model over every model that the hosts have; asks them now.

        Args:
            hosts: Addresses; None takes `OLLAMA_HOST`.
            headers: Sent to every host; shown nowhere.
            allow_cloud: Cloud models that may be used: prompts leave the machine for those.
            objective: As in the constructor.
            policy: Who picks; None is the router's own.
            limits: Bounds on attempts, and on the context that models are loaded with.
            store: Where what it learns survives; None keeps it in memory.
            fields: Further fields, e.g. `temperature=0`.

        Raises:
            ServerUnreachable: No host answers.
            ConfigError: The hosts have no models.
        """
        refuse_unknown("ChatZeta", fields, fields_of(cls) | NAMES, hints=PER_CALL_ONLY)
        described = given(policy=policy, limits=limits, num_ctx=fields.get("num_ctx"), store=store)
        router = ZetaDynamicRouter.from_ollama(
            hosts, headers=headers, allow_cloud=allow_cloud, objective=objective, **described
        )
        return cls(router=router, **fields)

    # -- asking --------------------------------------------------------------------------------------------------

    def call(self, asked: Any, config: RunnableConfig, kwargs: dict[str, Any], kind: Kind | None = None) -> Call:
        """Return the call that a caller's input, config and keywords make.

        Raises:
            InvalidRequest: There is nothing to answer, or a value in the config is wrong.
            NoCapableModel: No model can take it.
        """
        prompt = self._convert_input(asked)
        configurable = config.get("configurable") or {}
        pin = configurable.get("zeta_model")
        stop = kwargs.pop("stop", None)
        told: Mapping[str, Any] = NOTHING
        tools: Sequence[Any] = ()
        if kwargs:
            named = kwargs.pop("model", None)
            pin = pin if named is None else named
            told = taken_from(kwargs)
            tools = kwargs.pop("tools", None) or ()
            choice = {"tool_choice": kwargs.pop("tool_choice")} if "tool_choice" in kwargs else {}
            if kind is None and tools:
                kind = Messages(tools, choice)
        if kind is None:
            kind = PLAIN
        stop = self.stop if stop is None else stop
        if stop is not None:  # a child with stop words of its own refuses to be given others, None as well
            kwargs["stop"] = stop
        children = self._children_now(told)
        messages = prompt.to_messages()
        request = request_of(
            messages,
            tools=tools,
            thinks=bool(kwargs.get("reasoning", self.reasoning)),
            needs=kind.needs,
            max_output_tokens=children.parameters.get("num_predict"),
            configurable=configurable,
        )

        def plan() -> Attempts:
            models = self.children.names(lambda: self.router.cards) if pin is None else pin
            attempts: Attempts = self.router.plan(request, model=models)
            return attempts

        return Call(
            plan,
            children.get,
            kind,
            asked if kind.is_parsed else prompt,
            messages,
            config,
            kwargs,
            formatted=isinstance(kind, Objects) or kwargs.get("format", self.format) is not None,
        )

    def _children_now(self, told: Mapping[str, Any] = NOTHING) -> Prepared:
        """Return the children with the parameters that this object, or one call, has."""
        prepared: Prepared = self.children.prepared(values_of(self.__dict__), told)
        return prepared

    # -- binding -------------------------------------------------------------------------------------------------

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Bind tools; the child that is picked binds them by its own method. Models without tools are left out."""
        choice = {} if tool_choice is None else {"tool_choice": tool_choice}
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools], **choice, **kwargs)

    def with_structured_output(
        self, schema: dict[str, Any] | type, *, include_raw: bool = False, **kwargs: Any
    ) -> Runnable[LanguageModelInput, Any]:
        """Bind a schema; the child that is picked follows it by its own best method.

        Args:
            schema: As in `BaseChatModel.with_structured_output`.
            include_raw: Return `raw`, `parsed` and `parsing_error`.
            kwargs: `method` (`json_schema`, `function_calling`, `json_mode`) and `strict`, where the child knows them.
        """
        return ZetaStructured(llm=self, answer_schema=schema, options={"include_raw": include_raw, **kwargs})

    # -- describing ----------------------------------------------------------------------------------------------

    @property
    def _llm_type(self) -> str:
        return "zeta-router"

    @property
    def _identifying_params(self) -> Mapping[str, Any]:
        told = {name: value for name in PER_CALL if (value := getattr(self, name)) is not None}
        return {"model": self.model, "models": sorted({card.name for card in self.router.cards}), **told}

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        params = super()._get_ls_params(stop=stop, **kwargs)
        params["ls_provider"] = "ollama" if self.children.all_ollama else "zeta"
        return params

    def _resolve_model_profile(self) -> Any:
        return cast(Any, meet(self.children.profile_of(card) for card in self.router.cards))

    def get_num_tokens(self, text: str) -> int:
        """Return about how many tokens a text makes; the models' tokenizers differ."""
        return self.get_num_tokens_from_messages([HumanMessage(text)])

    def get_num_tokens_from_messages(self, messages: list[BaseMessage], tools: Sequence[Any] | None = None) -> int:
        """Return about how many tokens messages and tools make."""
        return count_tokens(messages, [convert_to_openai_tool(tool) for tool in tools or ()])

    def __repr__(self) -> str:
        return f"ChatZeta({', '.join(sorted({card.name for card in self.router.cards}))})"

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> ChatZeta:
        """Return a copy that shares the router and the children, with what was learned."""
        return self.model_copy()

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError(
            "a ChatZeta cannot be pickled: it holds open connections and what its router has learned; "
            "make one in each process, and give them one store to share what is learned"
        )
