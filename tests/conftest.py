"""Fixtures for everyone: the real stores, a fresh migrated database per test, a real portal on top."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import hypothesis
import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy.ext.asyncio import AsyncSession

from arena.accounts import service as accounts
from arena.kit.db import Sessions, make_engine, make_sessions
from arena.kit.logging import configure
from tests.support.portal import Portal, running_portal, settings
from tests.support.services import Services, running_services

# Machines differ: how long an example takes is never a reason to fail.
hypothesis.settings.register_profile(
    "gavel", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("gavel")


@pytest.fixture(scope="session")
def services() -> Iterator[Services]:
    with running_services() as running:
        yield running


@pytest.fixture(scope="session", autouse=True)
def plain_log() -> None:
    """As in production; the library's default draws tracebacks with all local variables, which takes seconds."""
    configure("test")


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """The same hash with less work: a test registers half a dozen people."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(accounts, "_passwords", PasswordHash((Argon2Hasher(time_cost=1, memory_cost=64),)))
        yield


@pytest.fixture
def database_url(services: Services) -> Iterator[str]:
    services.forget()
    with services.database() as url:
        yield url


@pytest.fixture
async def sessions(database_url: str) -> AsyncIterator[Sessions]:
    engine = make_engine(database_url)
    yield make_sessions(engine)
    await engine.dispose()


@pytest.fixture
async def session(sessions: Sessions) -> AsyncIterator[AsyncSession]:
    """One open transaction; a test that needs several takes `sessions`."""
    async with sessions() as session, session.begin():
        yield session


@pytest.fixture
async def portal(services: Services, database_url: str, tmp_path: Path) -> AsyncIterator[Portal]:
    async with running_portal(settings(database_url, services.redis_url, tmp_path)) as running:
        yield running
