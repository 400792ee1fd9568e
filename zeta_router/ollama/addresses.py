"""Where the servers are and what is needed to call them: `Connection`, `Connections`, `hosts_from_environment`."""

from __future__ import annotations

import base64
import ipaddress
import math
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

from zeta_router.errors import ConfigError

DEFAULT_HOST = "http://127.0.0.1:11434"
"""Where `ollama serve` listens unless told otherwise."""

_DEFAULT_PORTS = {"": 11434, "http": 80, "https": 443}
"""As the ollama client has it: a scheme without a port means the scheme's port, and not Ollama's."""

_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""What a server listens on is nothing that a client can call; the same machine is meant."""

_HOST_NAME = re.compile(r"[\w.-]+\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """How long a server may be silent, in seconds.

    There is no timeout before the first byte of an answer: Ollama sends nothing while a model loads, and leaving then
    throws the load away. A caller who cannot wait gives the call a deadline.
    """

    connect: float = 2.0
    """Until the connection stands: a server that is up accepts at once, even while it is busy."""
    between_chunks: float = 60.0
    """Between two pieces of an answer. Tool calls are held back until they are complete, hence a minute."""
    lookup: float = 10.0
    """For the small questions (tags, show, ps), which may pause for some hundred ms while a model is evicted."""

    def __post_init__(self) -> None:
        """Refuse times that cannot be.

        Raises:
            ConfigError: A time is zero, negative or not finite.
        """
        for name in ("connect", "between_chunks", "lookup"):
            value = getattr(self, name)
            if not 0 < value < math.inf:
                raise ConfigError(f"timeout {name} must be seconds above 0, got {value!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """What is needed to call one server. Made by `Connection.of`; nothing secret is in its repr."""

    address: str
    """URL with scheme and port and without user and password, e.g. `http://127.0.0.1:11434`."""
    header_items: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Name and value of each header to send along."""
    timeouts: Timeouts = Timeouts()

    def __post_init__(self) -> None:
        """Refuse an address that is not in its plain form, which might show a password.

        Raises:
            ConfigError: The address is not what `Connection.of` would make of it.
        """
        if _split(self.address)[0] != self.address:
            raise ConfigError(f"{_shown(self.address)!r} is not a plain address; make it with Connection.of(url)")

    @classmethod
    def of(cls, url: str, *, headers: Mapping[str, str] | None = None, timeouts: Timeouts | None = None) -> Connection:
        """Return the connection that a URL or bare host name means, as `OLLAMA_HOST` would be read.

        Args:
            url: E.g. `gpu-box`, `gpu-box:11434`, `https://user:password@gpu-box/ollama`. User and password become a
                Basic `Authorization` header, unless `headers` has one.
            headers: Sent with every request; copied.
            timeouts: None for the usual ones.

        Raises:
            ConfigError: The URL or a header cannot be used.
        """
        address, authorization = _split(url)
        items = tuple((name, value) for name, value in (headers or {}).items())
        for name, value in items:
            if not isinstance(name, str) or not isinstance(value, str):
                raise ConfigError(f"headers must map names to strings; the value of {name!r} is not one")
        if authorization is not None and all(name.lower() != "authorization" for name, _ in items):
            items += (("Authorization", authorization),)
        return cls(address=address, header_items=items, timeouts=timeouts or Timeouts())

    @property
    def headers(self) -> dict[str, str]:
        """The headers to send along: a new dict each time, so that no two servers share one."""
        return dict(self.header_items)

    @property
    def is_loopback(self) -> bool:
        """Whether the server runs on this machine."""
        name = urlsplit(self.address).hostname or ""
        if name == "localhost" or name.endswith(".localhost"):
            return True
        try:
            return ipaddress.ip_address(name).is_loopback
        except ValueError:
            return False


class Connections(Mapping[str, Connection]):
    """What is needed to call each server of a fleet, by address. Its repr shows addresses only."""

    def __init__(self, connections: Sequence[Connection]) -> None:
        self._by_address = {connection.address: connection for connection in connections}

    @classmethod
    def of(
        cls,
        hosts: Sequence[str | Connection],
        *,
        headers: Mapping[str, str] | None = None,
        timeouts: Timeouts | None = None,
    ) -> Connections:
        """Return the connections to some hosts; a host that is a `Connection` already keeps its own settings.

        Raises:
            ConfigError: A host cannot be used, or there is none.
        """
        if isinstance(hosts, str):
            raise ConfigError(f"hosts must be a list of URLs, got one string; write [{_shown(hosts)!r}]")
        if not hosts:
            raise ConfigError(f"hosts is empty: name at least one, e.g. [{DEFAULT_HOST!r}], or None for OLLAMA_HOST")
        return cls(
            [h if isinstance(h, Connection) else Connection.of(h, headers=headers, timeouts=timeouts) for h in hosts]
        )

    def __getitem__(self, address: str) -> Connection:
        return self._by_address[address]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_address)

    def __len__(self) -> int:
        return len(self._by_address)

    def __repr__(self) -> str:
        return f"<Connections {', '.join(self._by_address) or 'none'}>"


def hosts_from_environment(environ: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Return the host that `OLLAMA_HOST` names, or the default one, as `Connections.of` takes it.

    The text may hold a password: hand it on, do not show it.
    """
    named = (os.environ if environ is None else environ).get("OLLAMA_HOST", "").strip().strip("\"'")
    return (named or DEFAULT_HOST,)


def plain_address(url: str) -> str:
    """Return a URL in the form that names a host everywhere: scheme, host, port, path; no user, no password.

    Raises:
        ConfigError: The URL cannot be used.
    """
    return _split(url)[0]


def _split(url: str) -> tuple[str, str | None]:
    """Return the plain address and the value of the Authorization header that a URL asks for."""
    if not isinstance(url, str):
        raise ConfigError(f"a host must be a URL like {DEFAULT_HOST!r}, got {type(url).__name__}")
    text = url.strip()
    if not text:
        raise _unusable(url, "it is empty")
    scheme, separator, rest = text.partition("://")
    if not separator:
        scheme, rest = "", text
    if scheme.lower() not in _DEFAULT_PORTS:
        raise _unusable(url, "its scheme must be http or https")
    try:
        parts = urlsplit(f"{scheme or 'http'}://{rest}")
        name, port = parts.hostname or "", parts.port
    except ValueError as exc:
        # Python's text quotes the piece that it could not read, and that may be a password with a slash in it.
        raise _unusable(url, "its host or port cannot be read") from (None if "@" in url else exc)
    if parts.query or parts.fragment:
        raise _unusable(url, "it must end before any ? or #")
    if "@" in parts.path:
        raise _unusable(url, "a / in a password must be written %2F")
    if port == 0:
        raise _unusable(url, "port 0 cannot be called")
    port = port or _DEFAULT_PORTS[scheme.lower()]
    return f"{parts.scheme}://{_host(url, name)}:{port}{_path(parts)}", _authorization(parts)


def _host(url: str, name: str) -> str:
    name = _EVERYWHERE.get(name, name) or "127.0.0.1"
    if ":" in name:
        return f"[{name}]"
    if not _HOST_NAME.match(name):
        raise _unusable(url, "its host name cannot be read")
    return name


def _path(parts: SplitResult) -> str:
    path = parts.path.strip("/")
    return f"/{path}" if path else ""


def _authorization(parts: SplitResult) -> str | None:
    if parts.username is None:
        return None
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return "Basic " + base64.b64encode(pair.encode()).decode("ascii")


def _unusable(url: str, why: str) -> ConfigError:
    return ConfigError(f"{_shown(url)!r} is no address of a server: {why}; write it like {DEFAULT_HOST!r}")


def _shown(url: str) -> str:
    """Return a URL as an error may show it: what stands before the last @ and after the first ? is hidden."""
    before, separator, after = url.rpartition("@")
    scheme, has_scheme, _ = before.partition("://")
    path, has_query, _ = after.partition("?")
    hidden = f"{scheme}://…@" if has_scheme else separator and "…@"
    return f"{hidden}{path}{has_query and '?…'}"
