"""`ZetaEmbedding`: one embedding model for LlamaIndex, on the host that will serve it first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.bridge.pydantic import Field, PrivateAttr
from typing_extensions import Self

from zeta_llamaindex.saving import rebuilt
from zeta_router.embedding import BATCH, aembed, embed
from zeta_router.errors import ConfigError
from zeta_router.keywords import fields_of, refuse_unknown
from zeta_router.ollama import plain_address
from zeta_router.replicas import Replicas
from zeta_router.router import ZetaDynamicRouter

Vector = list[float]


class ZetaEmbedding(BaseEmbedding):
    """LlamaIndex embeddings from one model that several Ollama hosts have.

    Each batch goes to the host that will serve it first, and to the next when that one fails. The model is never
    changed: vectors of two models do not mix. Hosts must have the same version of it, by digest.

    ```python
    Settings.embed_model = ZetaEmbedding("nomic-embed-text", hosts=["http://gpu-1:11434", "http://gpu-2:11434"])
    index = VectorStoreIndex.from_documents(documents)
    saved = Settings.embed_model.identity()  # write it down with the index ...
    Settings.embed_model = ZetaEmbedding(**saved)  # ... and a changed model is refused when you come back
    ```

    Args:
        model_name: Ollama tag.
        hosts: Addresses; None takes `OLLAMA_HOST`.
        headers: Sent to every host; shown nowhere.
        digest: Of the version that the index was made with; None takes the first host's.
        dimension: Numbers per vector of the index; None takes the first answer's.
        embed_batch_size: Texts per request at most.
        query_instruction: Put before each query, as `OllamaEmbedding` does it.
        text_instruction: Put before each text.
        timeout: Seconds for each request; None waits as long as it takes.
        router: One to share, e.g. with a `ZetaLLM`; it knows its hosts. None makes one.
        kwargs: LlamaIndex's own fields: `callback_manager`, `num_workers`, `embeddings_cache`, `rate_limiter`.

    Raises:
        ConfigError: A setting is wrong.

    Constructing one contacts nobody. Calls raise `VectorsDoNotMix` where a host has another version of the model than
    the index, `OllamaError` or `EveryAttemptFailed` where no host answers. A cache of LlamaIndex's knows texts only:
    give each model one of its own.
    """

    query_instruction: str | None = None
    text_instruction: str | None = None
    timeout: float | None = Field(default=None, gt=0)
    router: Any = Field(default=None, exclude=True, repr=False)
    replicas: Any = Field(default=None, exclude=True, repr=False)

    _arguments: dict[str, Any] = PrivateAttr()
    """What its router was made of, as far as it was given."""

    def __init__(
        self,
        model_name: str,
        *,
        hosts: Sequence[str] | None = None,
        headers: Mapping[str, str] | None = None,
        digest: str | None = None,
        dimension: int | None = None,
        embed_batch_size: int = BATCH,
        query_instruction: str | None = None,
        text_instruction: str | None = None,
        timeout: float | None = None,
        router: ZetaDynamicRouter | None = None,
        **kwargs: Any,
    ) -> None:
        refuse_unknown(
            "ZetaEmbedding", kwargs, fields_of(type(self)), hints={"base_url": "hosts=[...]", "host": "hosts=[...]"}
        )
        arguments: dict[str, Any] = {"router": router} if router is not None else {"hosts": hosts, "headers": headers}
        if router is None:
            router = ZetaDynamicRouter([], hosts=hosts, headers=headers)
        elif hosts is not None or headers is not None:
            raise ConfigError("the router knows its hosts: give router=... or hosts=[...], not both")
        if timeout is not None and not timeout > 0:
            raise ConfigError(f"timeout must be seconds above 0, got {timeout!r}; leave it out for none")
        if isinstance(embed_batch_size, bool) or not isinstance(embed_batch_size, int) or embed_batch_size < 1:
            raise ConfigError(f"embed_batch_size must be a whole number above 0, got {embed_batch_size!r}")
        own: dict[str, Any] = {
            "model_name": model_name,
            "embed_batch_size": embed_batch_size,
            "query_instruction": query_instruction,
            "text_instruction": text_instruction,
            "timeout": timeout,
            "router": router,
            "replicas": Replicas(router, model_name, digest=digest, dimension=dimension),
        }
        super().__init__(**own, **kwargs)
        self._arguments = arguments

    @classmethod
    def class_name(cls) -> str:
        """Return the name that payloads and JSON know it by."""
        return "ZetaEmbedding"

    def __repr__(self) -> str:
        return f"<ZetaEmbedding {self.model_name} over {self.router!r}>"

    __str__ = __repr__

    def identity(self) -> dict[str, Any]:
        """Return `model_name`, `digest` and `dimension`: what the vectors so far were made with.

        Raises:
            ConfigError: None was made yet.
        """
        if self.replicas.digest is None or self.replicas.dimension is None:
            raise ConfigError("nothing was embedded yet, so the vectors are not known; call it after the first text")
        return self._known()

    # -- what LlamaIndex's batching, caching and events stand on ---------------------------------------------------

    def _get_query_embedding(self, query: str) -> Vector:
        return self._made([_with(self.query_instruction, query)])[0]

    async def _aget_query_embedding(self, query: str) -> Vector:
        return (await self._amade([_with(self.query_instruction, query)]))[0]

    def _get_text_embedding(self, text: str) -> Vector:
        return self._get_text_embeddings([text])[0]

    async def _aget_text_embedding(self, text: str) -> Vector:
        return (await self._aget_text_embeddings([text]))[0]

    def _get_text_embeddings(self, texts: list[str]) -> list[Vector]:
        return self._made([_with(self.text_instruction, text) for text in texts])

    async def _aget_text_embeddings(self, texts: list[str]) -> list[Vector]:
        return await self._amade([_with(self.text_instruction, text) for text in texts])

    def _made(self, texts: list[str]) -> list[Vector]:
        return embed(self.replicas, texts, batch_size=self.embed_batch_size, deadline=self.timeout)

    async def _amade(self, texts: list[str]) -> list[Vector]:
        return await aembed(self.replicas, texts, batch_size=self.embed_batch_size, deadline=self.timeout)

    # -- how it travels --------------------------------------------------------------------------------------------

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        """Return a copy that shares the router and what is known of its hosts."""
        return self.model_copy()

    def __reduce__(self) -> tuple[Any, ...]:
        if "router" in self._arguments:
            raise TypeError(
                "a ZetaEmbedding over a router of yours cannot be pickled; build both where they are needed"
            )
        return (rebuilt, (type(self), {**self._arguments, **self._settings(), **self._known()}))

    def to_dict(self, **kwargs: Any) -> dict[str, Any]:
        """Return what JSON may hold of it: model, digest, dimension, hosts without passwords; never headers.

        One over a router of yours says nothing of hosts: `from_dict(data, router=...)`.
        """
        hosts = self._arguments.get("hosts")
        described = {} if hosts is None else {"hosts": [plain_address(host) for host in hosts]}
        return {**described, **self._settings(), **self._known(), "class_name": self.class_name()}

    @classmethod
    def from_dict(cls, data: dict[str, Any], **kwargs: Any) -> Self:
        """Return what `to_dict` described; `kwargs` go over it, e.g. `headers`."""
        arguments = {**data, **kwargs}
        arguments.pop("class_name", None)
        return cls(**arguments)

    def _known(self) -> dict[str, Any]:
        return {"model_name": self.model_name, "digest": self.replicas.digest, "dimension": self.replicas.dimension}

    def _settings(self) -> dict[str, Any]:
        names = ("embed_batch_size", "query_instruction", "text_instruction", "timeout", "num_workers")
        return {name: getattr(self, name) for name in names}


def _with(instruction: str | None, text: str) -> str:
    """Return a text as `OllamaEmbedding` sends it, so that an index made with that one can be read."""
    return f"{(instruction or '').strip()} {text.strip()}".strip()
