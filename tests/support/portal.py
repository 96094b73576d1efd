"""A real portal for tests: uvicorn on a free port in the test's own event loop, and people who use it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from uuid import UUID

import httpx
import uvicorn
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import text
from starlette.types import ASGIApp

from arena.app import create_app
from arena.config import Settings
from arena.kit.clock import Clock
from arena.kit.jobs.relay import pass_on, sweep
from arena.kit.site import Site
from arena.pipeline import PIPELINE
from arena.votes.box import BallotBox
from workers.control.program import keep_program
from workers.control.work import wake

OPERATOR_TOKEN = "gvt_operator-of-the-tests"
PASSWORD = "a long enough password"


@dataclass
class RecordingWaker:
    """Stands where Celery stands: remembers wake-ups and sends none. A test delivers, doubles or loses them."""

    control_jobs: list[UUID] = field(default_factory=list)
    lab_links: list[str] = field(default_factory=list)

    async def control(self, job_id: UUID) -> None:
        self.control_jobs.append(job_id)

    async def lab(self, queue: str, job_url: str) -> None:
        self.lab_links.append(job_url)


class Caller(httpx.AsyncClient):
    """Somebody with a browser: cookies are kept, and unsafe requests carry our own Origin as browsers do."""

    async def call(self, method: str, path: str, body: Any = None, expect: int | None = None) -> Any:
        answer = await self.request(method, f"/api{path}", json=body)
        if expect is not None:
            assert answer.status_code == expect, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    async def get_ok(self, path: str) -> Any:
        return await self.call("GET", path, expect=200)

    async def post_ok(self, path: str, body: Any = None) -> Any:
        answer = await self.post(f"/api{path}", json=body)
        assert answer.is_success, f"POST {path}: {answer.status_code} {answer.text}"
        return answer.json()

    async def refused(self, method: str, path: str, body: Any = None) -> tuple[int, str]:
        """Status and code of a refusal; fails when it was not refused."""
        answer = await self.request(method, f"/api{path}", json=body)
        assert answer.is_error, f"{method} {path} was not refused: {answer.status_code}"
        return answer.status_code, answer.json()["error"]["code"]


@dataclass
class Portal:
    url: str
    site: Site
    waker: RecordingWaker
    app: FastAPI
    _people: list[Caller] = field(default_factory=list)

    def anybody(self, token: str | None = None, origin: bool = True) -> Caller:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if origin:
            headers["Origin"] = self.url
        # Plain HTTP: reading the system certificates for each caller would take longer than most requests.
        caller = Caller(base_url=self.url, headers=headers, trust_env=False, timeout=30, verify=False)
        self._people.append(caller)
        return caller

    @property
    def operator(self) -> Caller:
        return self.anybody(OPERATOR_TOKEN)

    async def person(self, role: str = "contestant", name: str = "Ada") -> Caller:
        """A newly registered person of this role, signed in."""
        caller = self.anybody()
        invitation = None
        if role != "contestant":
            invitation = (await self.operator.post_ok("/invitations", {"role": role, "hours": 1}))["token"]
        body = {
            "email": f"{name.lower()}-{role}-{len(self._people)}@example.org",
            "password": PASSWORD,
            "display_name": name,
            "invitation": invitation,
        }
        await caller.post_ok("/auth/register", body)
        return caller

    async def phone(self) -> Caller:
        """An anonymous viewer's phone that has joined."""
        caller = self.anybody()
        await caller.post_ok("/device")
        return caller

    @property
    def box(self) -> BallotBox:
        return self.app.state.ballot_box  # type: ignore[no-any-return]

    @property
    def clock(self) -> Clock:
        return self.app.state.clock  # type: ignore[no-any-return]

    @property
    def connections(self) -> int:
        """How many connections to the database the portal has in use."""
        pool = self.site.sessions.kw["bind"].pool
        return int(pool.checkedout())

    async def relay(self) -> None:
        """Pass all recorded facts on; wake-ups are remembered, not run."""
        while await pass_on(self.site, PIPELINE, self.waker):  # type: ignore[arg-type]
            pass

    async def sweep(self) -> None:
        await sweep(self.site, PIPELINE)

    async def work(self) -> None:
        """Run the line until control has nothing left to do: facts, control jobs, the facts these record, and so on."""
        await self.relay()
        while self.waker.control_jobs:
            await wake(self.site, PIPELINE, self.waker.control_jobs.pop(0))
            await self.relay()

    async def drain(self) -> None:
        """`work`, and what has been answered goes on air."""
        await self.work()
        await self.air()

    async def air(self) -> None:
        """As if every hold were over: what moderation passes goes on air."""
        async with self.site.sessions() as session, session.begin():
            await session.execute(
                text("update answer_tokens set recorded_at = recorded_at - interval '1 minute'")
            )
        await keep_program(self.site)

    async def close(self) -> None:
        for caller in self._people:
            await caller.aclose()


def settings(database_url: str, redis_url: str, folder: Path, **changes: Any) -> Settings:
    values: dict[str, Any] = {
        "database_url": database_url,
        "redis_url": redis_url,
        "storage_url": (folder / "files").as_uri(),
        "secret_key": SecretStr("s" * 40),
        "operator_token": SecretStr(OPERATOR_TOKEN),
        "engine_token": SecretStr("engine-token-of-the-tests"),
        "web_dir": folder / "no-web",
    }
    return Settings(**{**values, **changes})


class _Server(uvicorn.Server):
    """Started and stopped by the test, not by signals."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self.up.set()

    def install_signal_handlers(self) -> None:
        pass

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self.serve())
        done = asyncio.create_task(self.up.wait())
        await asyncio.wait([self._task, done], return_when=asyncio.FIRST_COMPLETED)
        assert self.up.is_set(), "the portal did not start; its error is in the log above"
        return self

    async def __aexit__(self, *_: object) -> None:
        self.should_exit = True
        await self._task


_idle: list[FastAPI] = []
"""Apps without pages whose portal has ended. What FastAPI makes of two hundred routes takes longer than most tests."""


@asynccontextmanager
async def running_portal(wanted: Settings, port: int = 0) -> AsyncIterator[Portal]:
    has_pages = wanted.web_dir.exists()
    app = create_app(wanted) if has_pages or not _idle else _idle.pop()
    app.state.settings = wanted
    async with _running(app, port) as portal:
        yield portal
    if not has_pages:
        _idle.append(app)


@asynccontextmanager
async def serving(app: ASGIApp, port: int = 0) -> AsyncIterator[int]:
    """On this port, in the test's own event loop."""
    # On a slow machine callers pause for longer than the five seconds after which a connection would be closed on them.
    config = uvicorn.Config(
        app,
        port=port,
        log_level="error",
        lifespan="on",
        timeout_graceful_shutdown=1,
        timeout_keep_alive=60,
        ws="websockets-sansio",
    )
    async with _Server(config) as server:
        yield server.servers[0].sockets[0].getsockname()[1]


@asynccontextmanager
async def _running(app: FastAPI, port: int) -> AsyncIterator[Portal]:
    async with serving(app, port) as port:
        url = f"http://127.0.0.1:{port}"
        site: Site = app.state.site
        # The port was not known before: links for workers must lead here.
        site.links._base = url
        portal = Portal(url, site, RecordingWaker(), app)
        try:
            yield portal
        finally:
            await portal.close()
