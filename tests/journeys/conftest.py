"""One site per run and engine, shared by the journeys."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.adapters import write_adapter
from tests.support.engine import Node, real_node
from tests.support.stack import Stack, running_stack


@pytest.fixture(scope="session")
def fake_site() -> Iterator[Stack]:
    with running_stack("--fake-engine") as stack:
        yield stack


@pytest.fixture(scope="session")
def engine() -> Node:
    """The one real vLLM of this test run."""
    return real_node()


@pytest.fixture(scope="session")
def real_site(engine: Node) -> Iterator[Stack]:
    # The engine is given by URL: used, and not started a second time.
    given = {"GAVEL_ENGINE_URLS": engine.url, "GAVEL_ENGINE_TOKEN": engine.token}
    with running_stack(environment=given) as stack:
        yield stack


@pytest.fixture(scope="session")
def random_adapters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("adapters")
    for seed, name in enumerate(("alpha", "beta", "gamma")):
        write_adapter(folder / name, seed)
    return folder
