"""The judges' desk for tests: a vote that is open, a season that judges its own way, models that judge."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from fastapi import FastAPI
from sqlalchemy import text
from starlette.requests import Request
from starlette.responses import JSONResponse

from arena.kit.db import db_now, transaction
from arena.shows.models import Season
from arena.votes.contracts import BallotConfig, Option
from arena.votes.models import Ballot
from tests.support.show import Json, Show
from tests.support.upstreams import running


async def voting(show: Show, duel_id: str, seconds: int = 60) -> str:
    """The vote on an answered duel is open; returns the ballot's id."""
    config = BallotConfig(
        kind="duel",
        options=tuple(Option(id=one) for one in ("left", "right", "tie", "both_bad")),
        seconds=seconds,
        salt_commitment="0" * 64,
        rules_digest="0" * 64,
    )
    async with transaction(show.portal.site.sessions, show.portal.site.bus) as session:
        now = await db_now(session)
        closes_at = now + timedelta(seconds=seconds)
        ballot = Ballot(
            kind="duel",
            duel_id=UUID(duel_id),
            episode_id=UUID(show.episode_id),
            state="open",
            config=config.model_dump(mode="json"),
            opens_at=now,
            closes_at=closes_at,
            locks_at=closes_at + timedelta(seconds=60),
            salt="00" * 32,
        )
        session.add(ballot)
        await session.flush()
    return str(ballot.id)


async def certified(show: Show, ballot: str) -> None:
    """The ledger is counted and signed."""
    await run(
        show,
        "update ballots set state = 'certified', root = repeat('0', 64), tally = '{}', locked_at = clock_timestamp()"
        " where id = cast(:id as uuid)",
        id=ballot,
    )


async def run(show: Show, sql: str, **values: object) -> None:
    async with transaction(show.portal.site.sessions, show.portal.site.bus) as session:
        await session.execute(text(sql), values)


async def judged_by(show: Show, **rules: Any) -> None:
    """The season's rules of judging, from now on."""
    async with transaction(show.portal.site.sessions, show.portal.site.bus) as session:
        row = (await session.execute(text("select id, rules from seasons"))).one()
        changed = row.rules | {"judging": row.rules["judging"] | rules}
        (await session.get_one(Season, row.id)).rules = changed


Mind = Callable[[str, str, str], str]
"""What a model says to the first and the second answer, and the ballot's word."""


@dataclass
class Panelist:
    """An OpenAI-compatible server with one model, which reads its blocks as a careful model would."""

    mind: Mind
    url: str = ""
    status: int = 200
    asked: list[Json] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)

    def app(self) -> FastAPI:
        app = FastAPI(openapi_url=None)

        @app.post("/v1/chat/completions")
        async def complete(request: Request) -> JSONResponse:
            body = await request.json()
            self.asked.append(body)
            self.keys.append(request.headers.get("authorization"))
            if self.status != 200:
                return JSONResponse({"error": "not today"}, self.status)
            system, user = (message["content"] for message in body["messages"])
            mark = re.search(r"containing the word (\w+)", system)[1]  # type: ignore[index]
            ballot = re.search(r'"ballot": "(\w+)"', system)[1]  # type: ignore[index]
            block = rf"--- {mark} answer \d begins\n(.*?)\n--- {mark} answer \d ends"
            first, second = re.findall(block, user, re.S)
            words = self.mind(first, second, ballot)
            return JSONResponse({"choices": [{"message": {"role": "assistant", "content": words}}]})

        return app


@contextmanager
def panelist(mind: Mind) -> Iterator[Panelist]:
    with running(Panelist(mind)) as server:  # type: ignore[type-var]
        yield server
