"""Where servers are, as `OLLAMA_HOST` writes it; passwords become headers and are shown nowhere."""

from __future__ import annotations

import pickle

import pytest

from zeta_router.errors import ConfigError
from zeta_router.ollama import Connection, Connections, Timeouts, hosts_from_environment, plain_address


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("gpu-box", "http://gpu-box:11434"),
        ("gpu_box:1234", "http://gpu_box:1234"),
        (":1234", "http://127.0.0.1:1234"),
        ("http://gpu-box", "http://gpu-box:80"),
        ("https://gpu-box", "https://gpu-box:443"),
        ("HTTP://GPU-Box:11434/", "http://gpu-box:11434"),
        ("https://gpu-box/ollama/", "https://gpu-box:443/ollama"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("[::]:11434", "http://[::1]:11434"),
        ("[fe80::1]", "http://[fe80::1]:11434"),
        (" 10.0.0.7 ", "http://10.0.0.7:11434"),
        ("https://ada:s3cret@gpu-box", "https://gpu-box:443"),
    ],
)
def test_addresses_are_read_as_ollama_host_is(written: str, address: str) -> None:
    """A scheme without a port means the scheme's port; without a scheme it is Ollama's."""
    assert plain_address(written) == address
    assert plain_address(address) == address


@pytest.mark.parametrize(
    "written",
    [
        "",
        "ftp://gpu-box",
        "gpu box",
        "http://gpu-box:port",
        "http://gpu-box:70000",
        "http://gpu-box:0",
        "http://gpu-box/?key=s3cret",
        "http://gpu-box/#x",
        "http://[::1",
        "http://ada:s3cret/x@gpu-box",
        "http://ada:5/s3cret@gpu-box",
    ],
)
def test_a_wrong_address_is_refused_with_the_way_out(written: str) -> None:
    """The text says how an address is written, and hides what may be secret in this one."""
    with pytest.raises(ConfigError, match=r"http://127\.0\.0\.1:11434") as caught:
        Connection.of(written)
    assert "s3cret" not in str(caught.value)
    assert "s3cret" not in repr(caught.value.__cause__)


def test_the_environment_names_the_host() -> None:
    """`OLLAMA_HOST` counts if it says anything."""
    assert hosts_from_environment({"OLLAMA_HOST": '"gpu-box:1234"'}) == ("gpu-box:1234",)
    assert hosts_from_environment({"OLLAMA_HOST": " "}) == ("http://127.0.0.1:11434",)
    assert hosts_from_environment({}) == ("http://127.0.0.1:11434",)


def test_user_and_password_become_a_header() -> None:
    """Percent signs are decoded, as browsers do."""
    assert Connection.of("http://ada:a%40b@gpu").headers == {"Authorization": "Basic YWRhOmFAYg=="}


def test_a_header_that_was_given_wins_over_the_url() -> None:
    """There is one Authorization header, and it is the explicit one."""
    connection = Connection.of("http://ada:pw@gpu", headers={"authorization": "Bearer t0ken"})

    assert connection.headers == {"authorization": "Bearer t0ken"}


def test_nothing_secret_is_in_a_repr() -> None:
    """Neither passwords nor headers, of one connection or of all."""
    connections = Connections.of(["http://ada:s3cret@gpu"], headers={"X-Key": "s3cret"})

    assert repr(connections) == "<Connections http://gpu:80>"
    assert "s3cret" not in repr(connections["http://gpu:80"])


def test_servers_never_share_headers() -> None:
    """The caller's dict is copied, and what is handed out is a copy: one server's password stays with it."""
    given = {"X-Key": "1"}
    connections = Connections.of(["one", "http://ada:pw@two"], headers=given)
    given["X-Key"] = "2"
    connections["http://one:11434"].headers["X-Other"] = "3"

    assert connections["http://one:11434"].headers == {"X-Key": "1"}
    assert connections["http://two:80"].headers == {"X-Key": "1", "Authorization": "Basic YWRhOnB3"}


def test_a_ready_connection_keeps_its_own_settings() -> None:
    """One server of many may have other headers and time limits."""
    own = Connection.of("one", headers={"X-Key": "own"}, timeouts=Timeouts(connect=9))

    connections = Connections.of([own, "two"], headers={"X-Key": "all"})

    assert connections["http://one:11434"] is own
    assert list(connections) == ["http://one:11434", "http://two:11434"]


def test_a_connection_can_be_sent_to_another_process() -> None:
    """Frozen, equal by value, hashable, and whole after pickling."""
    connection = Connection.of("http://ada:pw@gpu")

    assert pickle.loads(pickle.dumps(connection)) == connection
    assert len({connection, Connection.of("http://ada:pw@gpu")}) == 1


def test_a_list_is_asked_for() -> None:
    """One string is a host for each of its letters; an empty list has no server."""
    with pytest.raises(ConfigError, match=r"\['gpu'\]"):
        Connections.of("gpu")
    with pytest.raises(ConfigError, match="at least one"):
        Connections.of([])


def test_wrong_settings_are_refused() -> None:
    """Time limits are above 0, headers are text, an address is plain."""
    with pytest.raises(ConfigError, match="connect"):
        Timeouts(connect=0)
    with pytest.raises(ConfigError, match="X-Key") as caught:
        Connection.of("gpu", headers={"X-Key": 5})  # type: ignore[dict-item]
    assert "5" not in str(caught.value)
    with pytest.raises(ConfigError, match=r"Connection\.of") as caught:
        Connection(address="http://ada:s3cret@gpu:80")
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("written", "here"),
    [("localhost", True), ("127.0.0.9", True), ("[::1]", True), ("gpu", False), ("10.0.0.1", False)],
)
def test_this_machine_is_known(written: str, here: bool) -> None:
    """Calls to this machine never go through a proxy."""
    assert Connection.of(written).is_loopback is here
