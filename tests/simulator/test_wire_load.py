"""Many clients at once: every request is answered once, or its client has left, and then nothing of it stays."""

from __future__ import annotations

import asyncio
import json
from random import Random

import httpx
import pytest

from zeta_router.simulator import ServerSettings, SimulatedOllama

MODELS = ["qwen2.5-coder:7b", "phi4:14b", "llama3.2:3b", "qwen3:14b"]
CLIENTS = 80


@pytest.mark.simulated_ollama(models=MODELS, time_scale=500, settings=ServerSettings(num_parallel=2))
async def test_no_request_is_lost_and_no_slot_leaks(simulated_ollama: SimulatedOllama) -> None:
    """Patient clients get one whole answer each, over loads and evictions; impatient ones leave nothing running."""
    rng = Random(7)
    done: list[bool] = []
    left: list[int] = []

    async def ask(client: httpx.AsyncClient, number: int) -> None:
        body = {"model": rng.choice(MODELS), "messages": [{"role": "user", "content": f"Explain {number}."}]}
        patience = httpx.Timeout(60.0, read=60.0 if number % 3 else 0.05)
        try:
            response = await client.post("/api/chat", json=body, timeout=patience)
        except httpx.ReadTimeout:
            left.append(number)
        else:
            done.append(json.loads(response.text.splitlines()[-1])["done"])

    limits = httpx.Limits(max_connections=CLIENTS)
    async with httpx.AsyncClient(base_url=simulated_ollama.url, limits=limits) as client:
        await asyncio.gather(*(ask(client, number) for number in range(CLIENTS)))
        for model in MODELS:
            await client.post("/api/generate", json={"model": model, "keep_alive": 0})

        assert all(done)
        assert len(done) + len(left) == CLIENTS
        assert all(number % 3 == 0 for number in left)
        # An unload is done once the model is idle: this request would wait for ever if a slot were still held.
        await client.post("/api/generate", json={"model": MODELS[0]}, timeout=60)
        assert simulated_ollama.loaded == (MODELS[0],)
