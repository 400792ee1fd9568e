"""The simulated Ollama as users meet it: a server to start, slow down, break and stop."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from random import Random
from types import TracebackType

from zeta_router.simulator.catalog import SimulatedModel
from zeta_router.simulator.engine import Engine
from zeta_router.simulator.profiles import PROFILES, HostProfile
from zeta_router.simulator.responders import (
    DefaultResponder,
    EchoResponder,
    HashedNgrams,
    SchemaResponder,
    ScriptedResponder,
)
from zeta_router.simulator.responders.base import Embedder, Responder
from zeta_router.simulator.server.app import application
from zeta_router.simulator.server.driver import Driver
from zeta_router.simulator.server.gate import Gate
from zeta_router.simulator.server.host import Host
from zeta_router.simulator.server.listener import Listener
from zeta_router.simulator.server.server_faults import ServerFaults
from zeta_router.simulator.server.timestamps import Calendar
from zeta_router.simulator.settings import ServerSettings
from zeta_router.simulator.tags import model_from_tag

_LOOPBACK = ("127.0.0.1", "localhost")
DEFAULT_MODELS = ("qwen2.5-coder:7b", "llama3.2:3b", "qwen3:8b", "nomic-embed-text")


class SimulatedOllama:
    """An Ollama server that no GPU stands behind: real HTTP, simulated models, time and trouble.

    ```python
    with SimulatedOllama(models=["qwen2.5-coder:7b", "phi4:14b"], time_scale=100) as server:
        client = ollama.Client(server.url)
        client.chat("qwen2.5-coder:7b", [{"role": "user", "content": "Hello"}])
        server.slow("qwen2.5-coder:7b", 5.0)
    ```

    It runs in a daemon thread. Durations in answers are simulated and exact, however busy this machine is; only
    what a client measures itself holds the real overhead, times `time_scale`.

    Args:
        models: Ollama tags, or models of your own making.
        profile: The machine, by name (`zeta_router.simulator.PROFILES`) or as an object.
        time_scale: Simulated seconds per real second; 100 makes a second last 10 ms.
        seed: Decides the lengths of the default answers, ids, and the waits that are a matter of luck.
        responder: `default`, `schema`, `echo`, `script:FILE`, or an object with `answer(prompt)`.
        host: Address to listen on; anything but loopback opens it to the network.
        port: 0 picks a free one.
        settings: The server's environment: slots, queue, default keep_alive.
        embedder: Makes the vectors; hashed n-grams by default.
        chunk_tokens: Tokens of text per streamed chunk. Ollama sends about one; more saves both sides work.
        epoch: Nanoseconds since the Unix epoch at which simulated time starts; now by default.
        cloud_disabled: Answer 403 instead of 401 to cloud models; they never run here.
        tells_cached: Report `prompt_eval_cached_count`, as servers after 0.33.0 do.
        reuse_connections: False closes each connection after its answer; then clients that never close theirs, as
            `ChatOllama` does not, leave no open sockets for Python to warn about.

    Raises:
        ValueError: An argument is not one of its kind; the text says which are.
    """

    def __init__(
        self,
        models: Iterable[str | SimulatedModel] = DEFAULT_MODELS,
        *,
        profile: str | HostProfile = "rtx-4090",
        time_scale: float = 1.0,
        seed: int = 0,
        responder: str | Responder = "default",
        host: str = "127.0.0.1",
        port: int = 0,
        settings: ServerSettings | None = None,
        embedder: Embedder | None = None,
        chunk_tokens: int = 1,
        epoch: int | None = None,
        cloud_disabled: bool = False,
        tells_cached: bool = False,
        reuse_connections: bool = True,
    ) -> None:
        if isinstance(models, str):
            raise ValueError(f"models must be a list of tags, got the string {models!r}; write [{models!r}]")
        if chunk_tokens < 1:
            raise ValueError(f"chunk_tokens must be at least 1, got {chunk_tokens!r}")
        installed = [model_from_tag(model) if isinstance(model, str) else model for model in models]
        rng = Random(seed)
        engine = Engine(installed, profile=_profile(profile), settings=settings, rng=Random(rng.random()))
        self._driver = Driver(engine, time_scale=time_scale)
        self._host = Host(
            engine=engine,
            driver=self._driver,
            responder=make_responder(responder, seed=seed) if isinstance(responder, str) else responder,
            embedder=embedder or HashedNgrams(),
            calendar=Calendar(time.time_ns() if epoch is None else epoch),
            rng=rng,
            chunk_tokens=chunk_tokens,
            cloud_disabled=cloud_disabled,
            tells_cached=tells_cached,
        )
        self.faults = ServerFaults(self._driver)
        """What is wrong with the server; change it at any time, from any thread."""
        app = application(self._host)
        self._listener = Listener(
            Gate(app) if host in _LOOPBACK else app,
            host=host,
            port=port,
            on_start=self._driver.start,
            on_stop=self._driver.stop,
            reuse_connections=reuse_connections,
        )

    @property
    def url(self) -> str:
        """Where it listens, e.g. `http://127.0.0.1:40123`; valid once started."""
        host, port = self._listener.address
        return f"http://{host}:{port}"

    @property
    def now(self) -> float:
        """Simulated seconds since the start."""
        return self._driver.now

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the installed models."""
        return tuple(model.name for model in self._host.engine.models)

    @property
    def loaded(self) -> tuple[str, ...]:
        """Names of the loaded models, as `/api/ps` lists them."""
        return tuple(line.model.name for line in self._driver.call(self._host.engine.loaded))

    @property
    def requests(self) -> Counter[tuple[str, str]]:
        """Requests so far by path and model, e.g. `server.requests["/api/chat", "phi4:14b"]`; no texts."""
        return Counter(self._host.requests)

    def slow(self, model: str | None, factor: float) -> None:
        """Make a model, or with None the host, `factor` times slower from now on, work in progress included."""
        self.faults.slow(factor, model=model)

    def recover(self, model: str | None = None) -> None:
        """Give a model, or with None the host, its speed back."""
        self.faults.resume(model=model)

    def start(self) -> None:
        """Listen, and return when requests are answered.

        Raises:
            OSError: The port is taken.
        """
        self._listener.start()

    def stop(self) -> None:
        """Drop all connections and end; harmless when not started."""
        self._listener.stop()

    def __enter__(self) -> SimulatedOllama:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"<SimulatedOllama {self.url} {', '.join(self.models)}>"


def make_responder(name: str, *, seed: int = 0) -> Responder:
    """Return a responder by name: `default`, `schema`, `echo` or `script:FILE`.

    Raises:
        ValueError: There is none of this name, or the script cannot be read.
    """
    kind, _, path = name.partition(":")
    if kind == "script" and path:
        return ScriptedResponder.from_file(path)
    if name == "default":
        return DefaultResponder(seed=seed)
    if name == "schema":
        return SchemaResponder()
    if name == "echo":
        return EchoResponder()
    raise ValueError(f"responder must be default, schema, echo or script:FILE, got {name!r}")


def _profile(profile: str | HostProfile) -> HostProfile:
    if isinstance(profile, HostProfile):
        return profile
    if profile not in PROFILES:
        raise ValueError(f"profile must be one of {', '.join(PROFILES)}, got {profile!r}")
    return PROFILES[profile]
