"""The database: one declarative base, one transaction per request or task, migrations.

Services flush and never commit. The edge (a request, a job step) owns `transaction()`, which commits and then nudges
the outbox relay, so what was recorded leaves within milliseconds; a lost nudge only costs the relay's poll interval.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import orjson
from fastapi import Depends
from psycopg.errors import UniqueViolation
from sqlalchemy import DateTime, MetaData, String, Uuid, func, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from starlette.requests import HTTPConnection

from arena.kit.bus import Bus
from arena.kit.errors import GavelError
from arena.kit.ids import new_id

if TYPE_CHECKING:
    from alembic.config import Config

Json = dict[str, Any]
Sessions = async_sessionmaker[AsyncSession]


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {
        datetime: DateTime(timezone=True),
        UUID: Uuid(),
        str: String(),
        dict[str, Any]: JSONB(none_as_null=True),  # nothing is NULL, not the JSON word null
        list[dict[str, Any]]: JSONB(),
        list[str]: JSONB(),
    }


Id = Annotated[UUID, mapped_column(primary_key=True, default=new_id)]
Created = Annotated[datetime, mapped_column(server_default=func.clock_timestamp())]


class Row(Base):
    """A table whose rows have an id and a birth time."""

    __abstract__ = True
    id: Mapped[Id]
    created_at: Mapped[Created]


def make_engine(url: str, pool_size: int = 10) -> AsyncEngine:
    return create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=10,
        pool_pre_ping=True,
        json_serializer=lambda value: orjson.dumps(value).decode(),
        json_deserializer=orjson.loads,
    )


def make_sessions(engine: AsyncEngine) -> Sessions:
    return async_sessionmaker(engine, expire_on_commit=False)


@asynccontextmanager
async def transaction(sessions: Sessions, bus: Bus) -> AsyncIterator[AsyncSession]:
    """One unit of work: commits at the end, rolls back on any error, then tells the relay that facts are waiting."""
    async with sessions() as session:
        yield session
        await session.commit()
        if session.info.pop("recorded", False):
            await bus.nudge()


async def request_session(connection: HTTPConnection) -> AsyncIterator[AsyncSession]:
    state = connection.app.state
    async with transaction(state.sessions, state.bus) as session:
        yield session


# `scope="function"`: the commit happens before the response leaves, so nobody is promised what was not saved.
SessionDep = Annotated[AsyncSession, Depends(request_session, scope="function")]


async def flush_unless_taken(session: AsyncSession, refusal: GavelError) -> None:
    """Flush; raises `refusal` when a unique key is taken. Asking first would not do: two may ask at once."""
    try:
        await session.flush()
    except IntegrityError as error:
        if isinstance(error.orig, UniqueViolation):
            raise refusal from error
        raise


async def db_now(session: AsyncSession) -> datetime:
    """The database clock, the only one that decides a deadline (aware, UTC)."""
    now: datetime = (await session.execute(select(func.clock_timestamp()))).scalar_one()
    return now


def migrate(url: str) -> None:
    """Bring the database at `url` to the newest revision. Synchronous; call it before any loop runs."""
    from alembic import command

    command.upgrade(alembic_config(url), "head")


def alembic_config(url: str) -> "Config":
    """For Alembic's commands, without a file beside the code."""
    from alembic.config import Config

    root = Path(__file__).resolve().parents[2]
    config = Config()
    config.set_main_option("script_location", str(root / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["url"] = url
    return config
