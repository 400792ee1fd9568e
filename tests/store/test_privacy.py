"""Prompts and answers reach no store, nor does a password: searched for in every file and key that was written."""

from __future__ import annotations

from contextlib import closing, nullcontext
from pathlib import Path

import pytest

from tests.store.conftest import RedisServer
from tests.store.world import CODER
from zeta_router import EveryAttemptFailed, Request, ZetaDynamicRouter, ZetaError
from zeta_router.simulator import SimulatedOllama
from zeta_router.store import AttemptEnded, Feedback, open_store

CANARY = "xyzzy-canary-4711"
PASSWORD = "hunter2"


def use(server: SimulatedOllama, where: str) -> int:
    """Use a router in every way that sees prompts or answers; return how many attempts it logged."""
    host = server.url.replace("http://", f"http://user:{PASSWORD}@")
    with ZetaDynamicRouter([CODER, "llama3.2:3b", "nomic-embed-text"], hosts=[host], store=where) as router:
        result = router.route_task("code", f"def {CANARY}(): ...")
        router.route_task("embedding", [f"about {CANARY}"])
        router.explain(Request(text=f"translate {CANARY} into French", session="s"))
        router.feedback(result.decision.id, 0.5)
        server.stop()
        with pytest.raises((EveryAttemptFailed, ZetaError)):
            router.route_task("chat", f"say {CANARY}")
        assert router.sync()
        assert router.store is not None
        with closing(open_store(where)) if "://" not in where else nullcontext(router.store) as store:
            entries = list(store.read())
        assert any(isinstance(entry.record, Feedback) for entry in entries)
        return sum(isinstance(entry.record, AttemptEnded) for entry in entries)


def written(folder: Path) -> bytes:
    """Return everything that lies in the files of a folder."""
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


@pytest.mark.simulated_ollama(models=[CODER, "llama3.2:3b", "nomic-embed-text"], responder="echo")
def test_no_prompt_and_no_password_is_in_a_file(simulated_ollama: SimulatedOllama, tmp_path: Path) -> None:
    """The database, its write-ahead log, the snapshot."""
    assert use(simulated_ollama, str(tmp_path / "log.db")) >= 3
    found = written(tmp_path)
    assert CODER.encode() in found  # something was written, and it can be found
    for secret in (CANARY, PASSWORD):
        assert secret.encode() not in found


@pytest.mark.simulated_ollama(models=[CODER, "llama3.2:3b", "nomic-embed-text"], responder="echo")
def test_no_prompt_and_no_password_is_in_a_key(
    simulated_ollama: SimulatedOllama, own_redis_server: RedisServer
) -> None:
    """Redis writes every command to its append-only file: whatever was sent is in there."""
    assert use(simulated_ollama, own_redis_server.url) >= 3
    own_redis_server.stop()
    found = written(own_redis_server.folder)
    assert CODER.encode() in found
    for secret in (CANARY, PASSWORD):
        assert secret.encode() not in found
