"""What a control worker does by itself: look at the engine nodes, lock ballots and start races whose time is up."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError

from arena.accounts.public import forget_devices
from arena.exports import public as exports
from arena.kit.db import transaction
from arena.kit.errors import GavelError
from arena.kit.site import Site
from arena.nodes.public import NodeHealth, bearer, nodes, recycle, saw
from arena.rundown.public import certify_closed, close_overdue, watch_surprises
from arena.shows.public import on_air
from arena.submissions.public import forget_files, give_up_idle
from arena.training.public import end_pauses, forget_attempts, start_overdue
from arena.vouchers.public import forget_vouchers
from workers.pool.client import EngineClient, EngineError

LOOK_SECONDS = 2.0
CLOCK_SECONDS = 0.5
TIDY_SECONDS = 60.0

log = structlog.get_logger()


async def forever(what: Callable[[Site], Awaitable[None]], site: Site, seconds: float) -> None:
    """Repeat; a fault of the database or a refusal is logged and tried again, a defect ends the process."""
    while True:
        try:
            await what(site)
        except (SQLAlchemyError, GavelError, OSError) as error:
            log.warning("watch_failed", what=what.__name__, error=str(error))
        await asyncio.sleep(seconds)


async def look_at_nodes(site: Site) -> None:
    """Ask every node how it is and write that down: those of the settings, and those that have joined. All at once, so
    that one that is silent does not hide for seconds that another has died."""
    token = site.settings.engine_token.get_secret_value()
    async with site.sessions() as session:
        joined = [(node.url, bearer(site, node)) for node in await nodes(session) if node.salt]
    known = dict.fromkeys(site.settings.engine_urls, token) | dict(joined)
    await asyncio.gather(*(look_at(site, url, token) for url, token in known.items()))


async def look_at(site: Site, url: str, token: str) -> None:
    health = await _ask(url, token)
    async with transaction(site.sessions, site.bus) as session:
        node = await saw(session, url, health)
        worn = health.caps.restart and health.loads >= site.settings.recycle_after_loads
        if worn and not await on_air(session):
            await recycle(session, node.id)


async def _ask(url: str, token: str) -> NodeHealth:
    try:
        async with EngineClient(url, token) as engine:
            said = await engine.health()
        return NodeHealth.model_validate(said.model_dump(mode="json", by_alias=True))
    except EngineError as error:
        return NodeHealth(state="unreachable", detail=str(error))
    except ValidationError as error:
        # Something answers there, but not as a node of this release does.
        return NodeHealth(
            state="unreachable", detail=f"not an engine node: {error.error_count()} fields are wrong"
        )


async def tidy_uploads(site: Site) -> None:
    """Give up what nobody sends or goes on with any more; remove what was sent for versions that have their verdict."""
    async with transaction(site.sessions, site.bus) as session:
        await give_up_idle(session)
        await forget_devices(session)
        await forget_vouchers(session)
        await forget_files(site, session)
        await end_pauses(session)
        await forget_attempts(site, session)
        await exports.forget_attempts(site, session)
    # After what is removed above was committed: its files go with the next look.
    async with transaction(site.sessions, site.bus) as session:
        await exports.expire(session)


async def keep_time(site: Site) -> None:
    """Close what is over, count what is closed, and tell when enough have asked for a surprise."""
    await close_overdue(site)
    await certify_closed(site)
    await watch_surprises(site)


async def start_races(site: Site) -> None:
    async with transaction(site.sessions, site.bus) as session:
        await start_overdue(session)
