from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.support.engine import Files, Node, engine_node, served
from workers.pool.agent import NodeAgent
from workers.pool.client import EngineClient
from workers.pool.fake import Pace
from workers.pool.serve import fake_agent

__all__ = ["engine_node"]


@pytest.fixture
def files(tmp_path: Path) -> Iterator[Files]:
    folder = tmp_path / "links"
    folder.mkdir()
    server = Files(folder)
    yield server
    server.close()


@pytest.fixture
def agent(tmp_path: Path) -> NodeAgent:
    return fake_agent(tmp_path / "node", pace=Pace(first_token=0.001, token=0.001))


@pytest.fixture
def node(agent: NodeAgent, tmp_path: Path) -> Iterator[Node]:
    with served(agent, tmp_path / "node") as running:
        yield running


@pytest.fixture
async def client(node: Node) -> AsyncIterator[EngineClient]:
    async with EngineClient(node.url, node.token) as opened:
        yield opened
