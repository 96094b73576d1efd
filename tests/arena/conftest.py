"""A portal with an engine node beside it, for the tests of what happens on stage."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.support import evening
from tests.support.engine import Node, served
from tests.support.evening import Evenings
from tests.support.lab import Lab
from tests.support.portal import Portal, running_portal, settings
from tests.support.services import Services
from tests.support.show import Show, engine_settings, quick_agent
from workers.pool.agent import NodeAgent


@pytest.fixture
def agent(tmp_path: Path) -> NodeAgent:
    return quick_agent(tmp_path / "node")


@pytest.fixture
def node(agent: NodeAgent, tmp_path: Path) -> Iterator[Node]:
    with served(agent, tmp_path / "node") as running:
        yield running


@pytest.fixture
async def show(
    services: Services, database_url: str, tmp_path: Path, node: Node, agent: NodeAgent
) -> AsyncIterator[Show]:
    wanted = settings(database_url, services.redis_url, tmp_path, **engine_settings(node))
    async with running_portal(wanted) as portal:
        yield await Show.begin(portal, node, agent)


@pytest.fixture
async def lab(portal: Portal) -> Lab:
    return Lab(portal)


@pytest.fixture(scope="session")
def evenings(services: Services, tmp_path_factory: pytest.TempPathFactory) -> Evenings:
    return Evenings(services, tmp_path_factory)


@pytest.fixture
async def ready(evenings: Evenings, tmp_path: Path) -> AsyncIterator[Show]:
    """A show on which House and Lantern are ready for the stage."""
    async with evenings.after(evening.admitted, tmp_path) as show:
        yield show


@pytest.fixture
async def answered(evenings: Evenings, tmp_path: Path) -> AsyncIterator[Show]:
    """A show on which House and Lantern have answered the first duel."""
    async with evenings.after(evening.answered, tmp_path) as show:
        yield show


@pytest.fixture
async def probed(evenings: Evenings, tmp_path: Path) -> AsyncIterator[Show]:
    """A show on which House is ready and Ada's Lantern is to be measured next."""
    async with evenings.after(evening.probed, tmp_path) as show:
        yield show
