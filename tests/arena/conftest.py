"""A portal with an engine node beside it, for the tests of what happens on stage."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.engine import Node, served
from tests.support.evening import Evenings, admitted, probed
from tests.support.lab import Lab
from tests.support.portal import Portal, running_portal, settings
from tests.support.services import Services
from tests.support.show import Opening, Show, engine_settings, quick_agent
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


def made(services: Services, folder: Path, answered: bool) -> Iterator[Opening]:
    """Once, in a loop and a thread of its own: the tests that use it run in theirs."""
    with ThreadPoolExecutor(1) as alone:
        opening = alone.submit(asyncio.run, Opening.make(services, folder, answered)).result()
    yield opening
    opening.port.close()


@pytest.fixture(scope="session")
def ready_opening(services: Services, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opening]:
    yield from made(services, tmp_path_factory.mktemp("ready"), answered=False)


@pytest.fixture(scope="session")
def answered_opening(services: Services, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opening]:
    yield from made(services, tmp_path_factory.mktemp("answered"), answered=True)


@pytest.fixture
async def ready(ready_opening: Opening, tmp_path: Path) -> AsyncIterator[Show]:
    """A show at which House and “Lantern” are ready, for tests that are about what comes after."""
    async with ready_opening.copy(tmp_path) as show:
        yield show


@pytest.fixture
async def answered(answered_opening: Opening, tmp_path: Path) -> AsyncIterator[Show]:
    """A show at which the two have answered, for tests that are about what comes after that."""
    async with answered_opening.copy(tmp_path) as show:
        yield show


@pytest.fixture
async def lab(portal: Portal) -> Lab:
    return Lab(portal)


@pytest.fixture(scope="session")
def evenings(services: Services, tmp_path_factory: pytest.TempPathFactory) -> Evenings:
    return Evenings(services, tmp_path_factory.mktemp("evenings"))


@pytest.fixture
async def lantern(evenings: Evenings, tmp_path: Path) -> AsyncIterator[Show]:
    """A show on which House and Lantern are ready for the stage."""
    async with evenings.after(admitted, tmp_path) as show:
        yield show


@pytest.fixture
async def lantern_probed(evenings: Evenings, tmp_path: Path) -> AsyncIterator[Show]:
    """A show on which House is ready and Ada's Lantern is to be measured next."""
    async with evenings.after(probed, tmp_path) as show:
        yield show
