from collections.abc import Iterator

import pytest

from tests.support.engine import Files, Node, served
from tests.support.lab_portal import LabPortal, serve_lab_portal
from workers.pool import fake
from workers.pool.serve import fake_agent


@pytest.fixture
def portal() -> Iterator[LabPortal]:
    with serve_lab_portal() as serving:
        yield serving


@pytest.fixture(scope="module")
def fake_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    data_dir = tmp_path_factory.mktemp("node")
    with served(fake_agent(data_dir, pace=fake.Pace(first_token=0.0, token=0.0)), data_dir) as node:
        yield node


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Files]:
    serving = Files(tmp_path_factory.mktemp("files"))
    yield serving
    serving.close()
