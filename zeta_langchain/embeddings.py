"""`ZetaEmbeddings`: one embedding model, on the host that will serve it first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from langchain_core.embeddings import Embeddings
from pydantic import BaseModel, ConfigDict, Field

from zeta_router.embedding import BATCH, aembed, embed
from zeta_router.errors import ConfigError
from zeta_router.replicas import Replicas
from zeta_router.router import ZetaDynamicRouter


class ZetaEmbeddings(BaseModel, Embeddings):
    """LangChain embeddings from one model that several Ollama hosts have.

    Each batch goes to the host that will serve it first, and to the next when that one fails. The model is never
    changed: vectors of two models do not mix. Hosts must have the same version of it, by digest.

    ```python
    embeddings = ZetaEmbeddings("nomic-embed-text", hosts=["http://gpu-1:11434", "http://gpu-2:11434"])
    store = InMemoryVectorStore(embeddings)
    saved = embeddings.identity()  # write it down with the index ...
    embeddings = ZetaEmbeddings(**saved)  # ... and a changed model is refused when you come back
    ```

    Args:
        model: Ollama tag.
        hosts: Addresses; None takes `OLLAMA_HOST`.
        base_url: One such address.
        headers: Sent to every host; shown nowhere.
        digest: Of the version that the index was made with; None takes the first host's.
        dimension: Numbers per vector of the index; None takes the first answer's.
        batch_size: Texts per request at most.
        timeout: Seconds for each request; None waits as long as it takes.
        router: One to share, e.g. with a `ChatZeta`; it knows its hosts. None makes one.

    Raises:
        ConfigError: A setting is wrong.

    Calls raise `VectorsDoNotMix` where a host has another version of the model than the index, `OllamaError` or
    `EveryAttemptFailed` where no host answers.
    """

    model: str
    hosts: Any = Field(default=None, repr=False, exclude=True)
    base_url: Any = Field(default=None, repr=False, exclude=True)
    headers: Any = Field(default=None, repr=False, exclude=True)
    digest: str | None = None
    dimension: int | None = None
    batch_size: int = BATCH
    timeout: float | None = None
    router: Any = Field(default=None, repr=False, exclude=True)
    replicas: Any = Field(default=None, repr=False, exclude=True)

    model_config = ConfigDict(arbitrary_types_allowed=True, hide_input_in_errors=True, extra="forbid")

    def __init__(
        self,
        model: str,
        *,
        hosts: Sequence[str] | None = None,
        base_url: str | None = None,
        headers: Mapping[str, str] | None = None,
        digest: str | None = None,
        dimension: int | None = None,
        batch_size: int = BATCH,
        timeout: float | None = None,
        router: ZetaDynamicRouter | None = None,
        **fields: Any,
    ) -> None:
        if hosts is not None and base_url is not None:
            raise ConfigError("give hosts=[...] or base_url=..., not both")
        if router is not None and not (hosts is None and base_url is None and headers is None):
            raise ConfigError("the router knows its hosts: give router=... or hosts=[...], not both")
        if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1:
            raise ConfigError(f"batch_size must be a whole number above 0, got {batch_size!r}")
        if timeout is not None and not timeout > 0:
            raise ConfigError(f"timeout must be seconds above 0, got {timeout!r}; leave it out for none")
        if router is None:
            router = ZetaDynamicRouter([], hosts=[base_url] if base_url is not None else hosts, headers=headers)
        fields |= {"model": model, "hosts": hosts, "base_url": base_url, "headers": headers, "router": router}
        fields |= {"digest": digest, "dimension": dimension, "batch_size": batch_size, "timeout": timeout}
        fields["replicas"] = Replicas(router, model, digest=digest, dimension=dimension)
        super().__init__(**fields)

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return one vector per text, in order."""
        return embed(self.replicas, texts, batch_size=self.batch_size, deadline=self.timeout)

    def embed_query(self, text: str) -> list[float]:
        """Return the vector of a text."""
        return self.embed_documents([text])[0]

    async def aembed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return one vector per text, in order, awaited. Cancelling it closes the connections."""
        return await aembed(self.replicas, texts, batch_size=self.batch_size, deadline=self.timeout)

    async def aembed_query(self, text: str) -> list[float]:
        """Return the vector of a text, awaited."""
        return (await self.aembed_documents([text]))[0]

    def identity(self) -> dict[str, Any]:
        """Return `model`, `digest` and `dimension`: what the vectors so far were made with, to be kept with them.

        Raises:
            ConfigError: None was made yet.
        """
        if self.replicas.digest is None or self.replicas.dimension is None:
            raise ConfigError("nothing was embedded yet, so the vectors are not known; call it after the first text")
        return {"model": self.model, "digest": self.replicas.digest, "dimension": self.replicas.dimension}

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> ZetaEmbeddings:
        """Return a copy that shares the router and what is known of its hosts."""
        return self.model_copy()

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError("a ZetaEmbeddings cannot be pickled: make one in each process, from identity() and the hosts")
