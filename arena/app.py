"""The portal: API, live channels and the built web apps on one port."""

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import structlog
from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from arena import __version__
from arena.accounts import routes as accounts
from arena.accounts.limits import make_limiter
from arena.accounts.public import PublicCaller, SeesMetrics, ensure_operator
from arena.benchmarks import routes as benchmarks
from arena.benchmarks import score_routes as scores
from arena.benchmarks import suite_routes
from arena.config import Settings
from arena.duels import routes as duels
from arena.exports import routes as exports
from arena.gateway import routes as gateway
from arena.judging import routes as judging
from arena.kit import files_routes
from arena.kit.access import refuse_undeclared
from arena.kit.clock import Clock
from arena.kit.db import SessionDep, transaction
from arena.kit.errors import GavelError, Invalid
from arena.kit.jobs import routes as jobs
from arena.kit.logging import configure
from arena.kit.middleware import BodyLimit, SecurityHeaders
from arena.kit.schemas import Done, Out
from arena.kit.site import Site, open_site
from arena.leaderboard import pairings, snapshots
from arena.leaderboard import routes as leaderboard
from arena.live import routes as live
from arena.live.hub import Hub
from arena.moderation import routes as moderation
from arena.moderation.public import ensure_lists
from arena.nodes import routes as nodes
from arena.pipeline import PIPELINE
from arena.practice import routes as practice
from arena.preferences import routes as preferences
from arena.rundown import routes as rundown
from arena.rundown import seat_routes
from arena.rundown.contracts import channels
from arena.shows import routes as shows
from arena.shows.base_models import HOUSE_MODEL
from arena.shows.public import ensure_season
from arena.speed import routes as speed
from arena.submissions import routes as submissions
from arena.submissions.public import ensure_house
from arena.teams import routes as teams
from arena.training import routes as training
from arena.votes import ballot_routes as ballots
from arena.votes import evidence_routes as evidence
from arena.votes import routes as votes
from arena.votes.box import BallotBox
from arena.votes.publishing import Proofs
from arena.vouchers import oidc_routes
from arena.vouchers import routes as vouchers
from arena.vouchers.oidc import provider_of

WEB_APPS = ("contestant", "producer", "judge")

health = APIRouter(include_in_schema=False)
system = APIRouter(tags=["system"])
log = structlog.get_logger()


class Version(Out):
    version: str


@health.get("/healthz")
async def healthz(_: PublicCaller, session: SessionDep) -> Done:
    """Up, and the database answers."""
    await session.execute(text("select 1"))
    return Done()


@health.get("/metrics")
async def metrics(_: SeesMetrics) -> Response:
    """This process in Prometheus' form. A scraper brings the operator's token (`authorization: credentials`)."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


@system.get("/version")
async def read_version(_: PublicCaller) -> Version:
    return Version(version=__version__)


ROUTERS = (
    system,
    accounts.router,
    shows.router,
    nodes.router,
    moderation.router,
    teams.router,
    submissions.router,
    training.router,
    benchmarks.router,
    scores.router,
    suite_routes.router,
    exports.router,
    duels.router,
    speed.router,
    practice.router,
    gateway.router,
    vouchers.router,
    oidc_routes.router,
    ballots.router,
    evidence.router,
    votes.router,
    judging.router,
    votes.peers,
    preferences.router,
    pairings.router,
    snapshots.router,
    leaderboard.router,
    rundown.router,
    seat_routes.router,
    live.router,
    files_routes.router,
    jobs.router,
)


def create_app(settings: Settings | None = None) -> FastAPI:
    settings = settings or Settings()
    configure("portal")
    refuse_undeclared((health, evidence.page, gateway.openai, *ROUTERS))

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_site(app.state.settings) as site:
            await _furnish(site)
            app.state.site = site
            app.state.sessions = site.sessions
            app.state.bus = site.bus
            app.state.pipeline = PIPELINE
            app.state.limiter = make_limiter(site.settings.redis_url)
            app.state.clock = Clock(site.sessions)
            app.state.ballot_box = BallotBox(site, app.state.clock, channels)
            app.state.proofs = Proofs(site)
            app.state.provider = provider_of(site.settings)
            app.state.hub = Hub(site)
            for part in (app.state.clock, app.state.ballot_box, app.state.hub):
                await part.start()
            yield
            for part in (app.state.hub, app.state.ballot_box, app.state.clock):
                await part.stop()

    app = FastAPI(
        title="Gavel",
        version=__version__,
        lifespan=lifespan,
        docs_url="/api/docs",
        redoc_url=None,
        openapi_url="/api/openapi.json",
        generate_unique_id_function=lambda route: route.name,
    )
    # What the lifespan opens the site with: an app may have several, one after another.
    app.state.settings = settings
    app.include_router(health)
    app.include_router(evidence.page)
    app.include_router(gateway.openai)
    for router in ROUTERS:
        app.include_router(router, prefix="/api")
    app.add_exception_handler(GavelError, _refusal)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _plain_refusal)
    app.add_exception_handler(Exception, _broken)
    app.add_middleware(BodyLimit)
    app.add_middleware(SecurityHeaders)
    _serve_web(app, settings.web_dir)
    return app


async def _furnish(site: Site) -> None:
    """What every site has: a season, the house entry, word lists, the operator it was started with."""
    async with transaction(site.sessions, site.bus) as session:
        season = await ensure_season(session, base_model=site.settings.base_model or HOUSE_MODEL.id)
        await ensure_house(site, session, season)
        await ensure_lists(session)
        if site.settings.operator_token is not None:
            await ensure_operator(session, site.settings.operator_token.get_secret_value())


def _serve_web(app: FastAPI, folder: Path) -> None:
    for name in WEB_APPS:
        if (folder / name).is_dir():
            app.frontend(f"/{name}", directory=folder / name, fallback="index.html")
    if (folder / "viewer").is_dir():
        app.frontend("/", directory=folder / "viewer", fallback="index.html")
    else:
        log.warning("web_not_built", folder=str(folder), hint="run `make setup`")


async def _refusal(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, GavelError):
        raise error
    seconds = math.ceil(error.detail.get("retry_ms", 60_000) / 1000)
    headers = {"Retry-After": str(seconds)} if error.status in (429, 503) else None
    return JSONResponse(_plain(error.body()), error.status, headers)


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    """Names every wrong field, without echoing what was sent (it may be a password)."""
    if not isinstance(error, RequestValidationError):
        raise error
    fields = [
        {"field": ".".join(str(part) for part in problem["loc"][1:]), "message": problem["msg"]}
        for problem in error.errors()
    ]
    sentence = "; ".join(f"{item['field']}: {item['message']}" for item in fields)
    return await _refusal(request, Invalid("request.invalid", sentence, fields=fields))


async def _plain_refusal(request: Request, error: Exception) -> JSONResponse:
    """The framework's own refusals (no such address, wrong method, a form that is none), in our form."""
    if not isinstance(error, HTTPException):
        raise error
    said = GavelError(f"http.{error.status_code}", error.detail)
    return JSONResponse(said.body(), error.status_code, error.headers)


async def _broken(request: Request, error: Exception) -> JSONResponse:
    """A defect. The log has the whole story; whoever asked learns nothing of our inside."""
    said = GavelError("internal", "Something broke on our side. It has been logged; try again in a moment.")
    return JSONResponse(said.body(), said.status)


def _plain(body: object) -> object:
    import orjson

    return orjson.loads(orjson.dumps(body, default=str))
