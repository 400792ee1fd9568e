"""Passwords and headers are in no repr, no error and no trace, and still reach the right server."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, ClassVar

import httpx
import pytest
from langchain_core.load import dumps
from langchain_ollama import ChatOllama

from tests.langchain.world import Recorder
from zeta_langchain import ChatZeta
from zeta_router import ServerBusy, ZetaDynamicRouter

SECRETS = ("hunter2", "s3cr3t", "aHVudGVy", "dXNlcjpodW50ZXIy")


ONE_CALL = httpx.Limits(max_keepalive_connections=0)
"""`ChatOllama` has no way to close its clients, and would leave a connection open."""


class Doorman(BaseHTTPRequestHandler):
    """Notes the headers of each request, and is always busy."""

    seen: ClassVar[list[Any]] = []

    def do_POST(self) -> None:
        self.seen.append({name.lower(): value for name, value in self.headers.items()})
        body = b'{"error": "server busy, please try again."}'
        self.send_response(503)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None: ...


@pytest.fixture
def address() -> Iterator[str]:
    Doorman.seen = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Doorman)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def made(address: str, how: str) -> ChatZeta:
    url, headers = f"http://user:hunter2@{address}", {"X-Key": "s3cr3t"}
    if how == "given":
        return ChatZeta(
            [ChatOllama(model="a:7b", base_url=url, client_kwargs={"headers": headers, "limits": ONE_CALL})]
        )
    if how == "router":
        return ChatZeta(router=ZetaDynamicRouter(["a:7b"], hosts=[url], headers=headers))
    return ChatZeta(["a:7b"], base_url=url, child_kwargs={"client_kwargs": {"headers": headers}})


@pytest.mark.parametrize("how", ["given", "router", "named"])
def test_secrets_reach_the_server_and_nobody_else(address: str, how: str) -> None:
    """The server gets them; reprs, errors, events and what tracers are handed do not contain them."""
    llm, seen = made(address, how), Recorder()

    with pytest.raises(ServerBusy) as caught:
        llm.invoke("hello", {"callbacks": [seen]})

    assert Doorman.seen[0]["authorization"].startswith("Basic ")
    assert Doorman.seen[0]["x-key"] == "s3cr3t"
    shown = [repr(llm), str(llm), dumps(llm), repr(caught.value), str(llm.asdict()), str(seen.serialized)]
    shown += [repr(llm.children), repr(list(llm.children)), repr(llm.router), repr(llm.model_dump())]
    assert [text for text in shown if any(secret in text for secret in SECRETS)] == []
