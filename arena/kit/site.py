"""What a trusted process holds: opened once at start, passed in, closed at the end."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from arena.config import Settings
from arena.kit.bus import Bus
from arena.kit.db import Sessions, make_engine, make_sessions
from arena.kit.links import Links
from arena.kit.signing import Signer
from arena.kit.storage import Storage


@dataclass(frozen=True)
class Site:
    settings: Settings
    sessions: Sessions
    bus: Bus
    storage: Storage
    signer: Signer
    links: Links


@asynccontextmanager
async def open_site(settings: Settings) -> AsyncIterator[Site]:
    engine = make_engine(settings.database_url)
    bus = Bus(settings.redis_url)
    signer = Signer(settings.secret_key.get_secret_value())
    try:
        yield Site(
            settings=settings,
            sessions=make_sessions(engine),
            bus=bus,
            storage=Storage(settings.storage_url),
            signer=signer,
            links=Links(signer, settings.worker_url),
        )
    finally:
        await bus.close()
        await engine.dispose()
