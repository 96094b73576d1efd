"""A night on which things go wrong, walked from outside: an answer is taken off in time, the node is killed in the
middle of the next duel, and afterwards every answer can be accounted for.
"""

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import openai
import psutil
import pytest

from arena.cli.site import SiteClient, Watch
from arena.embedded.state import read_state
from tests.support.engine import Node
from tests.support.stack import GAVEL, Stack

Json = dict[str, Any]
PATIENCE = 400
"""A killed engine has to start again, and what was loaded is loaded again."""
CARD = "not for this hour"


async def person(site: Stack, role: str) -> SiteClient:
    operator, client = SiteClient(site.url, site.operator_token), SiteClient(site.url)
    invitation = (await operator.post("/invitations", {"role": role, "hours": 1}))["token"]
    await operator.close()
    who = {"email": f"{uuid4()}@example.org", "password": "a long enough password", "display_name": role}
    await client.post("/auth/register", who | {"invitation": invitation})
    return client


class Night:
    """One episode, with its two ready entries and everybody's view of it."""

    def __init__(self, producer: SiteClient, moderator: SiteClient, watch: Watch, episode: Json) -> None:
        self.producer, self.moderator, self.watch, self.episode = producer, moderator, watch, episode
        self.stage, self.program = f"stage:{episode['id']}", f"program:{episode['id']}"

    async def command(self, type: str, **fields: Any) -> None:
        version = self.watch.states[self.stage]["version"]
        body = {"expected_version": version, "key": str(uuid4()), "command": {"type": type, **fields}}
        await self.producer.post(f"/episodes/{self.episode['id']}/commands", body)
        await self.until(self.stage, lambda state: state["version"] > version, type)

    async def until(self, channel: str, true: Callable[[Json], bool], what: str) -> Json:
        return await self.watch.until(channel, true, PATIENCE, what)

    async def start(self, prompt: str) -> str:
        rows = [row for row in await self.producer.get("/roster") if row["ready"]][:2]
        entries = {"entry_a": rows[0]["entry_id"], "entry_b": rows[1]["entry_id"]}
        await self.command("start_duel", prompt=prompt, seed=7, **entries)
        return str(self.watch.states[self.stage]["duel"]["id"])

    async def to_the_reveal(self, duel_id: str) -> None:
        await self.until(
            self.program,
            lambda state: state["duel"]["duel_id"] == duel_id and state["duel"]["over"],
            "all on air",
        )
        await self.command("open_vote", seconds=60)
        opened = self.watch.states[self.stage]
        await self.moderator.post(f"/ballots/{opened['ballot']['id']}/shorten")
        await self.until(
            self.stage, lambda state: state["version"] > opened["version"], "a second person's word"
        )
        await self.command("lock_vote")
        await self.until(
            self.stage, lambda state: state["ballot"]["state"] == "certified", "the second count"
        )
        await self.command("reveal")


async def walk(site: Stack, kill: Callable[[], None], folder: Path) -> None:
    producer, moderator = await person(site, "producer"), await person(site, "moderator")
    episode = await producer.post("/episodes", {"title": "A night"})
    channels = f"stage:{episode['id']}", f"program:{episode['id']}"
    async with moderator.watch(*channels) as watch:
        night = Night(producer, moderator, watch, episode)
        for channel in channels:
            await night.until(channel, bool, "a first state")
        taken_off = await one_answer_is_taken_off_in_time(night)
        survived = await the_node_is_killed_in_the_middle(night, kill)
    await every_answer_is_accounted_for(producer, [taken_off, survived], folder)
    key = (await producer.post("/tokens", {"name": "sdk"}))["token"]
    await asyncio.to_thread(the_gateway_answers, site, key)


async def one_answer_is_taken_off_in_time(night: Night) -> str:
    duel_id = await night.start("Tell me about the sea at night.")
    state = await night.until(
        night.program,
        lambda state: state["duel"] is not None and state["duel"]["left"]["tokens"] > 0,
        "the first words behind the curtain",
    )
    assert state["duel"]["left"]["aired"] == 0
    await night.moderator.post(
        f"/duels/{duel_id}/program", {"action": "replace", "side": "left", "reason": CARD}
    )
    await night.to_the_reveal(duel_id)
    seen = night.watch.states[night.stage]["duel"]
    assert (seen["left"]["text"], seen["left"]["off_air"]) == ("", "replaced")
    assert seen["right"]["text"].strip()
    return duel_id


async def the_node_is_killed_in_the_middle(night: Night, kill: Callable[[], None]) -> str:
    """Once more if the models were quicker than the hand that kills."""
    for _ in range(5):
        duel_id = await kill_while_it_answers(night, kill)
        attempts = await night.producer.get(f"/duels/{duel_id}/attempts")
        # One that found the node still down is none by the rules.
        attempts = [one for one in attempts if one["left"] not in ("not_ready", "handed_back")]
        if len(attempts) > 1:
            break
    assert len(attempts) == 2, attempts
    assert attempts[0]["reason"]
    assert (attempts[1]["left"], attempts[1]["right"]) == ("answered", "answered")
    return duel_id


async def kill_while_it_answers(night: Night, kill: Callable[[], None]) -> str:
    duel_id = await night.start("Tell me about the stars.")
    await night.until(
        night.program,
        lambda state: state["duel"]["duel_id"] == duel_id and state["duel"]["left"]["tokens"] > 3,
        "the middle of the answers",
    )
    await asyncio.to_thread(kill)
    await night.until(
        night.program,
        lambda state: state["duel"]["state"] == "answered",
        "the duel answered by the second attempt",
    )
    await night.to_the_reveal(duel_id)
    return duel_id


async def every_answer_is_accounted_for(anybody: SiteClient, duels: list[str], folder: Path) -> None:
    for duel_id in duels:
        for side in ("left", "right"):
            file = await anybody.get(f"/duels/{duel_id}/answers/{side}.json")
            path = folder / f"{duel_id}-{side}.json"
            path.write_text(json.dumps(file, ensure_ascii=False))
            sound = await asyncio.to_thread(verify, path)
            assert sound.returncode == 0, sound.stdout + sound.stderr
    file["record"]["seed"] += 1
    path.write_text(json.dumps(file, ensure_ascii=False))
    edited = await asyncio.to_thread(verify, path)
    assert edited.returncode == 1
    assert "record.seed" in edited.stdout + edited.stderr


def verify(path: Path) -> "subprocess.CompletedProcess[str]":
    """As anybody does it, with nothing but the file."""
    return subprocess.run([*GAVEL, "verify", str(path)], capture_output=True, text=True, check=False)


def the_gateway_answers(site: Stack, key: str) -> None:
    client = openai.OpenAI(base_url=f"{site.url}/v1", api_key=key, max_retries=0, timeout=PATIENCE)
    stream = client.chat.completions.create(
        model="House", messages=[{"role": "user", "content": "Why do stars twinkle?"}], stream=True
    )
    said = "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)
    assert said.strip()


def ready(site: Stack, adapters: Path | None = None) -> None:
    """A night needs two entries: what the other journeys have left here, or a demo."""

    async def entries() -> int:
        producer = await person(site, "producer")
        return sum(row["ready"] for row in await producer.get("/roster"))

    if asyncio.run(entries()) < 2:
        site.demo(adapters)


@pytest.mark.journey
@pytest.mark.timeout(900)
def test_a_night_with_the_fake_engine(fake_site: Stack, random_adapters: Path, tmp_path: Path) -> None:
    ready(fake_site, random_adapters)

    def kill() -> None:
        """The whole node; the stack starts it again."""
        state = read_state(fake_site.data_dir)
        assert state
        process = next(part.process for part in state.parts if part.name == "engine")
        assert process
        os.kill(process.pid, signal.SIGKILL)

    asyncio.run(walk(fake_site, kill, tmp_path))


@pytest.mark.journey
@pytest.mark.engine
@pytest.mark.timeout(1800)
def test_a_night_with_vllm(real_site: Stack, engine: Node, tmp_path: Path) -> None:
    ready(real_site)

    def kill() -> None:
        """vLLM itself; its node starts it again."""
        for child in psutil.Process(engine.pid).children():
            child.kill()

    asyncio.run(walk(real_site, kill, tmp_path))
