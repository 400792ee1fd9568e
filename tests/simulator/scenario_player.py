"""Plays a recorded scheduler scenario on the engine."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from zeta_router.simulator.catalog import SimulatedModel, canonical
from zeta_router.simulator.engine import Engine, Job, JobEvent, JobState, LoadedModel, Work
from zeta_router.simulator.profiles import MIB, fixed_speed
from zeta_router.simulator.settings import ServerSettings

SHARED = os.environ.get("ZETA_SHARED")
NS = 1e9
ENVIRONMENT = {
    "OLLAMA_NUM_PARALLEL": "num_parallel",
    "OLLAMA_MAX_LOADED_MODELS": "max_loaded_models",
    "OLLAMA_MAX_QUEUE": "max_queue",
}
# Blobs by which equal keep_alives are told apart, in the order that was recorded.
BLOBS = {"plain:7b": "0" * 64, "llama3.2:3b": "1" * 64, "ctx:2k": "2" * 64}
# Waits for VRAM beside other models, as they were drawn in the recording.
VRAM_WAITS = {
    "victim-by-keep-alive": [0.25, 5.0, 5.0],
    "victim-tie-by-hash": [0.25, 5.0],
    "idle-before-keep-alive": [5.0],
    "too-big-for-the-card": [0.25],
}
FLOOD_S = 16.0
# First loads of 0.5, 1 and 4 s of reading took 0.84, 1.28 and 4.36 to 4.38 s.
DISCOVERY_S = 0.34


def recorded() -> dict[str, Any]:
    """Return the scenario file."""
    assert SHARED is not None
    text = (Path(SHARED) / "ollama-wire-examples" / "scheduler-scenarios.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


@dataclass
class Seen:
    """What became of one request."""

    started_at: float
    job: Job | None = None
    status: int | None = None
    wall: float = math.nan
    before: tuple[LoadedModel, ...] = ()
    after: tuple[LoadedModel, ...] = ()

    def seconds(self, measure: str) -> float:
        """Return a measure of the recording, as the client computes it from the answer."""
        if measure == "wall_s":
            return self.wall
        assert self.job is not None
        job = self.job
        if measure == "slot_wait_s":
            return (job.total - job.load - job.prompt_eval - job.eval) / NS
        return {"load_s": job.load, "prompt_eval_s": job.prompt_eval}[measure] / NS

    @property
    def evicted(self) -> set[str]:
        return {line.model.name for line in self.before} - {line.model.name for line in self.after}


@dataclass
class Play:
    """One scenario on the engine."""

    scenario: dict[str, Any]
    file: dict[str, Any]
    seen: dict[str, Seen] = field(default_factory=dict)
    waiting: dict[str, list[tuple[float, Callable[[], None]]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        host = self.file["host"]
        profile = replace(
            fixed_speed(
                decode_tokens_per_s=host["decode_tokens_per_s"],
                prefill_tokens_per_s=host["prefill_tokens_per_s"],
                load_bytes_per_s=self.scenario["load_mib_per_s"] * MIB,
                gpu_total_bytes=host["gpu_total_mib"] * MIB,
            ),
            discovery_s=DISCOVERY_S,
        )
        settings = ServerSettings(
            host_prompt_cache=0, **{ENVIRONMENT[key]: value for key, value in self.scenario["env"].items()}
        )
        models = [model_of(name, facts) for name, facts in self.file["models"].items()]
        waits = iter(VRAM_WAITS.get(self.scenario["name"], []))
        self.engine = Engine(
            models, profile=profile, settings=settings, vram_wait=lambda before: next(waits) if before > 1 else 0.25
        )
        self.loaded_at: list[tuple[float, set[str]]] = []

    def run(self) -> Play:
        """Play everything to its end, but for expiries, and one second more."""
        engine = self.engine
        for request in self.scenario["requests"]:
            if "alias_of" in request:
                engine.models.add(engine.models[request["alias_of"]].alias(request["model"]))
            if request.get("model_loaded"):
                engine.run(engine.submit(Work(model=engine.models[request["model"]], kind="load")))
        origin = engine.now
        for request in self.scenario["requests"]:
            self.schedule(request, origin)
        while not self.over() and (due := engine.next_event_at()) is not None:
            engine.advance(due)
            self.loaded_at.append((engine.now, {line.model.name for line in engine.loaded()}))
        return self

    def over(self) -> bool:
        started = len(self.seen) >= len(self.scenario["requests"]) and not any(self.waiting.values())
        return started and all(seen.status is not None or math.isfinite(seen.wall) for seen in self.seen.values())

    def schedule(self, request: dict[str, Any], origin: float) -> None:
        start = request["start"]
        if isinstance(start, (int, float)):
            self.engine.call_at(origin + start, lambda: self.start(request))
        elif flood := re.fullmatch(r"after (\w+), every ([\d.]+) s", start):
            gap = float(flood[2])
            for number in range(int(FLOOD_S / gap) + 1):
                copy = {**request, "id": f"{request['id'][:-1]}f{number}"}
                self.after(flood[1], number * gap, copy)
        else:
            match = re.fullmatch(r"after (\w+[-\w]*)(?: \+ ([\d.]+))?", start)
            assert match is not None, start
            self.after(match[1], float(match[2] or 0), request)

    def after(self, earlier: str, delay: float, request: dict[str, Any]) -> None:
        self.waiting.setdefault(earlier, []).append((delay, lambda: self.start(request)))

    def start(self, request: dict[str, Any]) -> None:
        engine = self.engine
        seen = self.seen[request["id"]] = Seen(engine.now, before=engine.loaded())
        model = engine.models[request["model"]]
        if request.get("messages") == [] and request.get("keep_alive") == 0:
            engine.unload(model)
            self.end(request["id"], 200)
            return
        work = work_of(request, model, engine, default_tokens=self.file["host"]["default_answer_tokens"])
        seen.job = engine.submit(work, listener=lambda job, event: self.listen(request["id"], job, event))
        timeout = request.get("client_timeout_s")
        if timeout is not None:
            engine.call_at(engine.now + timeout, lambda: self.leave(request["id"]))

    def leave(self, name: str) -> None:
        job = self.seen[name].job
        assert job is not None
        self.engine.cancel(job)
        if job.state is JobState.cancelled:
            self.end(name, None)

    def listen(self, name: str, job: Job, event: JobEvent) -> None:
        if event is JobEvent.finished:
            self.end(name, 200)
        elif event is JobEvent.failed:
            assert job.error is not None
            self.end(name, job.error.status)

    def end(self, name: str, status: int | None) -> None:
        seen = self.seen[name]
        seen.status = status
        seen.wall = self.engine.now - seen.started_at
        seen.after = self.engine.loaded()
        for delay, start in self.waiting.pop(name, []):
            self.engine.call_at(self.engine.now + delay, start)

    def ps(self, seconds_later: float) -> set[str]:
        """Return the names loaded that long after now."""
        self.engine.advance(self.engine.now + seconds_later)
        return {line.model.name for line in self.engine.loaded()}


def model_of(name: str, facts: dict[str, Any]) -> SimulatedModel:
    """Return a model with the recorded shape."""
    name = canonical(name)
    return SimulatedModel(
        name=name,
        digest=name.encode().hex().ljust(64, "0"),
        blob=BLOBS.get(name, name.encode().hex().ljust(64, "0")),
        size_bytes=facts["weights_mib"] * MIB,
        family="llama",
        families=("llama",),
        parameter_size="7B",
        parameter_count=7_000_000_000,
        quantization="Q4_K_M",
        layers=facts["layers"],
        heads=facts["kv_heads"] * 4,
        kv_heads=facts["kv_heads"],
        head_dim=facts["head_dim"],
        embedding_length=facts["kv_heads"] * 4 * facts["head_dim"],
        context_length=facts["trained_ctx"],
        num_ctx=facts["num_ctx"],
        capabilities=("embedding",) if facts.get("embedding") else ("completion",),
    )


def work_of(request: dict[str, Any], model: SimulatedModel, engine: Engine, *, default_tokens: int) -> Work:
    """Return a recorded request as the engine sees it."""
    options = request.get("options", {})
    embed = request.get("endpoint") == "/api/embed"
    prompt = request.get("prompt_tokens", 5)
    output = 0 if embed else request.get("tokens", default_tokens)
    num_ctx = options.get("num_ctx")
    shift = request.get("shift")
    rest = tuple((key, value) for key, value in options.items() if key != "num_ctx")
    context = engine.context_of(Work(model=model, num_ctx=num_ctx))
    # What the server does before it asks the scheduler: too long a prompt is cut to the newest half (2.3).
    fitted = prompt if prompt <= context else context - (context - 4) // 2
    return Work(
        model=model,
        kind="embed" if embed else "chat",
        prompt_tokens=fitted,
        output_tokens=min(output, options.get("num_predict", output)),
        num_ctx=num_ctx,
        load_options=rest,
        shift=shift,
        keep_alive=keep_alive_of(request.get("keep_alive")),
        prompt_key=(prompt,),
        piece_tokens=(fitted,),
    )


def keep_alive_of(value: str | int | None) -> float | None:
    """Return seconds for the forms that the scenarios use."""
    if value is None:
        return None
    if isinstance(value, str):
        return float(value[:-1]) * {"s": 1, "m": 60}[value[-1]]
    return math.inf if value < 0 else float(value)
