"""Evenings on which something was said that a model could learn from."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import text

from tests.support.portal import Caller
from tests.support.show import Json, Show


@dataclass
class Loop:
    """A show whose node passes for a real engine, three judges, and its producer's preference sets."""

    show: Show
    judges: list[Caller] = field(default_factory=list)

    async def run(self, statement: str, **values: Any) -> None:
        async with self.show.portal.site.sessions() as session, session.begin():
            await session.execute(text(statement), values)

    async def judged(self, *choices: str, reveal: bool = True, card: bool = False, **fields: Any) -> str:
        """A duel is played and each judge in turn says one of these; returns its id. `card`: one stands over an answer
        from the vote on."""
        duel = str((await self.show.answered(**fields))["id"])
        await self.run(
            """update duels set node = jsonb_set(node, '{rehearsal}', 'false') where id = :duel""", duel=duel
        )
        if not reveal:
            return duel
        ballot = await self.show.open_vote()
        if card:
            await self.show.producer.post_ok(f"/duels/{duel}/program", {"action": "replace", "side": "left"})
        for judge, choice in zip(self.judges, choices, strict=False):
            await judge.post_ok(f"/ballots/{ballot}/verdicts", {"choice": choice})
        await self.show.command("lock_vote")
        await self.show.command("reveal")
        return duel

    async def make(self, **asked: Any) -> Json:
        made: Json = await self.show.producer.post_ok("/preference-sets", asked)
        return made

    async def page(self, made: Json) -> Json:
        seen: Json = await self.show.producer.get_ok(f"/preference-sets/{made['id']}")
        return seen

    async def refused(self, **asked: Any) -> Json:
        """The refusal of a set, whole."""
        answer = await self.show.producer.post("/api/preference-sets", json=asked)
        assert answer.is_error, answer.text
        said: Json = answer.json()["error"]
        return said

    async def finish(self) -> None:
        await self.show.command("finish")


@pytest.fixture
async def loop(ready: Show) -> AsyncIterator[Loop]:
    judges = [await ready.portal.person("judge", name) for name in ("One", "Two", "Three")]
    yield Loop(ready, judges)
