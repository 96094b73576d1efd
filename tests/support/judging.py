"""The judges' desk for tests: a duel that is revealed, a season that judges its own way, models that judge."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI
from sqlalchemy import text
from starlette.requests import Request
from starlette.responses import JSONResponse

from arena.kit.db import transaction
from arena.shows.models import Season
from tests.support.show import Json, Show
from tests.support.upstreams import running
from workers.control.watch import keep_time


async def published(show: Show) -> None:
    """The vote is locked, counted, certified and revealed."""
    await show.command("lock_vote")
    await keep_time(show.portal.site)
    show.version = (await show.stage())["version"]
    await show.command("reveal")


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
