"""An evening for tests: a portal, one engine node with the fake engine, the lab played by the test, and people."""

from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from pydantic import SecretStr

from arena.shows.rules import Artifact
from tests.support.clock import time_passes
from tests.support.engine import Adapter, Node, make_adapter
from tests.support.lab import Lab
from tests.support.portal import Caller, Portal
from workers.control.watch import look_at_nodes
from workers.pool.agent import NodeAgent
from workers.pool.fake import Pace
from workers.pool.serve import fake_agent

Json = dict[str, Any]


def engine_settings(node: Node) -> Json:
    """What a portal must be told to use this node."""
    return {"engine_urls": [node.url], "engine_token": SecretStr(node.token)}


def contents(adapter: Adapter) -> dict[str, bytes]:
    return {"adapter_config.json": adapter.config, "adapter_model.safetensors": adapter.weights}


def announcement(files: dict[str, bytes]) -> Json:
    """What a sender says about its files before it sends them."""
    named = files.items()
    return {
        "files": [
            {"name": name, "size": len(body), "sha256": sha256(body).hexdigest()} for name, body in named
        ]
    }


TUS = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream"}


async def append(contestant: Caller, upload_id: str, offset: int, body: Any) -> httpx.Response:
    headers = {**TUS, "Upload-Offset": str(offset)}
    return await contestant.patch(f"/api/uploads/{upload_id}", content=body, headers=headers)


async def send(contestant: Caller, entry_id: str, adapter: Adapter) -> Json:
    return await send_files(contestant, entry_id, "adapter", contents(adapter))


async def send_files(contestant: Caller, entry_id: str, artifact: Artifact, files: dict[str, bytes]) -> Json:
    """Announce the files and send them, each in one go."""
    body = announcement(files) | {"artifact": artifact}
    answer = await contestant.post(f"/api/entries/{entry_id}/submissions", json=body)
    assert answer.status_code == 201, answer.text
    for upload in answer.json()["uploads"]:
        sent = await append(contestant, upload["id"], upload["received"], files[upload["name"]])
        assert sent.status_code == 204, sent.text
    seen: Json = await contestant.get_ok(f"/submissions/{answer.json()['id']}")
    return seen


@dataclass
class Show:
    """`producer` holds the rundown of `episode`; `version` is what he last saw of it."""

    portal: Portal
    node: Node
    agent: NodeAgent
    lab: Lab
    producer: Caller
    episode: Json
    version: int = 0
    entries: dict[str, Json] = field(default_factory=dict)
    """By name, as in the roster."""
    contestants: dict[str, Caller] = field(default_factory=dict)
    """By the name of their entry."""

    @classmethod
    async def begin(cls, portal: Portal, node: Node, agent: NodeAgent) -> "Show":
        producer = await portal.person("producer", "Pauline")
        episode = await producer.post_ok("/episodes", {"title": "The first evening"})
        await look_at_nodes(portal.site)
        return cls(portal, node, agent, Lab(portal), producer, episode)

    @property
    def episode_id(self) -> str:
        return str(self.episode["id"])

    async def enter(self, *names: str) -> None:
        """House and one new entry per name go through the line and are ready for the stage."""
        for seed, name in enumerate(names, start=len(self.entries) + 1):
            contestant = self.contestants[name] = await self.portal.person("contestant", name)
            entry = await contestant.post_ok("/entries", {"name": name})
            await send(contestant, entry["id"], make_adapter(seed, rank=1))
        await self.lab.work_off()
        self.entries = {row["name"]: row for row in await self.producer.get_ok("/roster")}

    def command_body(self, type: str, **fields: Any) -> Json:
        return {
            "expected_version": self.version,
            "key": str(uuid4()),
            "command": {"type": type, **fields},
        }

    async def command(self, type: str, **fields: Any) -> Json:
        """Press a button of the rundown; returns the show after it."""
        path = f"/episodes/{self.episode_id}/commands"
        if type == "lock_vote":
            await self.agree()
        show: Json = await self.producer.post_ok(path, self.command_body(type, **fields))
        self.version = show["version"]
        return show

    async def start_duel(self, left: str = "House", right: str = "Lantern", **fields: Any) -> str:
        """GO; returns the duel's id. Nothing is answered yet: `portal.drain()` does that."""
        a, b = self.entries[left]["entry_id"], self.entries[right]["entry_id"]
        fields.setdefault("prompt", "Why does the gavel fall?")
        show = await self.command("start_duel", entry_a=a, entry_b=b, **fields)
        return str(show["duel_id"])

    async def answered(self, left: str = "House", right: str = "Lantern", **fields: Any) -> Json:
        """A duel, started and answered."""
        duel_id = await self.start_duel(left, right, **fields)
        await self.portal.drain()
        duel = await self.duel(duel_id)
        assert duel["state"] == "answered", duel
        return duel

    async def duel(self, duel_id: str) -> Json:
        """As anybody sees it."""
        seen: Json = await self.portal.anybody().get_ok(f"/duels/{duel_id}")
        return seen

    async def open_vote(self, seconds: int = 60) -> str:
        """Returns the ballot's id."""
        return str((await self.command("open_vote", seconds=seconds))["ballot_id"])

    async def agree(self) -> None:
        """A second person lets the vote close before its time; the log has it."""
        ballot = (await self.stage())["ballot"]
        if ballot is not None and ballot["state"] in ("open", "closing"):
            await self.portal.operator.post_ok(f"/ballots/{ballot['id']}/shorten")
            self.version = (await self.stage())["version"]

    async def reveal(self) -> None:
        """The answered duel is voted on by nobody, and everything about it is out."""
        await self.open_vote()
        await self.command("lock_vote")
        await self.command("reveal")

    async def stage(self) -> Json:
        seen: Json = (await self.portal.anybody().get_ok(f"/live/stage:{self.episode_id}"))["state"]
        return seen

    async def desk(self) -> Json:
        seen: Json = (await self.producer.get_ok(f"/live/desk:{self.episode_id}"))["state"]
        return seen

    async def time_passes(self, seconds: float) -> None:
        await time_passes(self.portal.site.sessions, seconds)


def quick_agent(folder: Path) -> NodeAgent:
    """A node whose fake engine answers at once."""
    return fake_agent(folder, pace=Pace(first_token=0.001, token=0.001))
