"""Evenings that have come far already, for tests of what happens after that: walked once per process, then copied.

The way is the real one: people, uploads, the lab, the engine. Copied is what a site restores from a backup: its
database, its files, the folder of its node. People keep their cookies.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree
from uuid import uuid4

import pytest
from httpx import Cookies
from sqlalchemy import text

from tests.support.engine import Node, make_adapter, served
from tests.support.lab import BENCHMARK, PROBE, VERIFY, Lab, LabJob
from tests.support.portal import Caller, Portal, running_portal, settings
from tests.support.services import TEMPLATE, Services
from tests.support.show import Json, Show, engine_settings, quick_agent, send
from workers.control.watch import look_at_nodes
from workers.pool.agent import NodeAgent

Walk = Callable[[Show], Awaitable[None]]


async def admitted(show: Show) -> None:
    """House and Lantern are measured and ready for the stage."""
    await show.enter("Lantern")


async def verified(show: Show) -> None:
    """House is ready, and the lab's next job is to probe Ada's Lantern."""
    await show.lab.work_off()
    ada = show.contestants["Lantern"] = await show.portal.person("contestant", "Ada")
    entry = await ada.post_ok("/entries", {"name": "Lantern"})
    sent = await send(ada, entry["id"], make_adapter(1, rank=1))
    show.entries["Lantern"] = {"entry_id": entry["id"], "submission_id": sent["id"]}
    # What follows from it is not passed on here: each copy does that, with links of its own.
    await (await show.lab.until(VERIFY)).succeed()


async def answered(show: Show) -> None:
    """And House and Lantern have answered the first duel."""
    await admitted(show)
    await show.answered()


async def probed(show: Show) -> None:
    """House is ready, and the lab's next job is to measure Ada's Lantern."""
    await verified(show)
    await (await show.lab.until(PROBE)).succeed()


async def measured(show: Show) -> tuple[Caller, str, LabJob]:
    """Ada, her submission, and its benchmark in the hands of the lab; of an evening that was `probed`."""
    job = await show.lab.until(BENCHMARK)
    return show.contestants["Lantern"], str(show.entries["Lantern"]["submission_id"]), job


@dataclass(frozen=True)
class Evening:
    """Everything of a show that outlives its portal and its node."""

    services: Services
    database: str
    folder: Path
    people: int
    producer: Cookies
    contestants: dict[str, Cookies]
    episode: Json
    version: int
    entries: dict[str, Json]

    @classmethod
    async def walked(cls, services: Services, folder: Path, walk: Walk) -> "Evening":
        """The database stays until the services end."""
        database = f"gavel_{uuid4().hex[:12]}"
        services.forget()
        services.run(f"create database {database} template {TEMPLATE}")
        async with _site(services, services.database_url(database), folder) as (portal, node, agent):
            show = await Show.begin(portal, node, agent)
            await walk(show)
            contestants = {name: caller.cookies for name, caller in show.contestants.items()}
            people, producer = len(portal._people), show.producer.cookies
        return cls(
            services,
            database,
            folder,
            people,
            producer,
            contestants,
            show.episode,
            show.version,
            show.entries,
        )

    @asynccontextmanager
    async def copied(self, folder: Path) -> AsyncIterator[Show]:
        """As it was at the end of the walk, on a portal and a node of its own."""
        copytree(self.folder, folder, dirs_exist_ok=True)
        self.services.forget()
        with self.services.database(self.database) as url:
            async with _site(self.services, url, folder) as (portal, node, agent):
                async with portal.site.sessions() as session, session.begin():
                    await session.execute(text("update nodes set url = :url"), {"url": node.url})
                await look_at_nodes(portal.site)
                # As many as there were: addresses of newcomers are numbered.
                everybody = [portal.anybody() for _ in range(self.people)]
                show = Show(portal, node, agent, Lab(portal), everybody.pop(), self.episode, self.version)
                show.producer.cookies = self.producer
                for name, cookies in self.contestants.items():
                    show.contestants[name] = everybody.pop()
                    show.contestants[name].cookies = cookies
                show.entries = deepcopy(self.entries)
                yield show


@asynccontextmanager
async def _site(
    services: Services, database_url: str, folder: Path
) -> AsyncIterator[tuple[Portal, Node, NodeAgent]]:
    agent = quick_agent(folder / "node")
    with served(agent, folder / "node") as node:
        wanted = settings(database_url, services.redis_url, folder, **engine_settings(node))
        async with running_portal(wanted) as portal:
            yield portal, node, agent


class Evenings:
    """Each walk is walked when the first test asks for its end."""

    def __init__(self, services: Services, folders: pytest.TempPathFactory) -> None:
        self._services, self._folders = services, folders
        self._walked: dict[Walk, Evening] = {}

    @asynccontextmanager
    async def after(self, walk: Walk, folder: Path) -> AsyncIterator[Show]:
        if walk not in self._walked:
            place = self._folders.mktemp(walk.__name__)
            self._walked[walk] = await Evening.walked(self._services, place, walk)
        async with self._walked[walk].copied(folder) as show:
            yield show
