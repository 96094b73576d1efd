"""A model that an operator has added comes up as an engine: `gavel engine` as people start it, in front of a server."""

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from arena.submissions.safetensors import adapter_digest, identity_adapter
from tests.support.base_models import added, described, write_model, write_registry
from tests.support.engine import ROOT, free_port, wait_ready
from tests.support.upstreams import Vllm, running
from workers.pool.model_store import ModelInUse, evict


def test_an_engine_comes_up_with_it(tmp_path: Path) -> None:
    entry = described(write_model(tmp_path / "original"))
    path = write_registry(tmp_path / "registry.json", entry)
    base = added(tmp_path / "again.json", entry)
    with running(Vllm(loads=True)) as server:
        port, adapters = free_port(), tmp_path / "adapters"
        adapters.mkdir()
        command = [
            *(sys.executable, "-m", "arena.cli.main", "engine", "--base-model", "tiny", "--port", str(port)),
            *("--data-dir", str(tmp_path / "node"), "--driver", "openai", "--upstream", server.url),
            *("--lora-path", str(adapters)),
        ]
        environment = os.environ | {"GAVEL_BASE_MODELS": str(path), "GAVEL_ENGINE_TOKEN": "t"}
        with (tmp_path / "node.log").open("w") as log:
            node = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            health = wait_ready(f"http://127.0.0.1:{port}", 60)
            kept = tmp_path / "node" / "models" / "tiny"
            given = httpx.get(
                f"http://127.0.0.1:{port}/model/config.json",
                headers={"Authorization": "Bearer t"},
                trust_env=False,
            )
            with pytest.raises(ModelInUse):
                evict(kept)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{(tmp_path / 'node.log').read_text()[-2000:]}") from error
        finally:
            node.terminate()
            node.wait(30)
    assert (health["base_model"], health["base_digest"]) == ("tiny", base.digest)
    assert health["template_digest"] == base.template_digest
    assert health["max_rank"] == 8
    identity = health["identity"]
    assert isinstance(identity, dict)
    assert identity["digest"] == adapter_digest(*identity_adapter(base))
    assert given.content == (tmp_path / "original" / "config.json").read_bytes()
    assert base.licence_url in (tmp_path / "node.log").read_text(), "its licence is shown"
    assert evict(kept) > base.bytes
    assert not kept.exists()
