# ruff: noqa: E402  # the lab's libraries are an optional extra
from collections.abc import Iterator
from pathlib import Path

import pytest

for module in ("torch", "peft", "transformers", "trl"):
    pytest.importorskip(module)

import torch

from tests.support import tiny_training


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_training.save_tiny_base(tmp_path_factory.mktemp("tiny-base"))


@pytest.fixture(autouse=True)
def no_telemetry(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that trains has this in its environment; in this one the libraries may have been imported long ago."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Sums of many threads are added up in another order."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
