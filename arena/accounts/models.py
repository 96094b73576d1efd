"""People and the ways they prove who they are. Secrets are stored as SHA-256 only."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from arena.kit.db import Base, Created, Row


class Person(Row):
    __tablename__ = "persons"

    email: Mapped[str]
    display_name: Mapped[str]
    password_hash: Mapped[str | None]
    """None: this person signs in with API tokens only."""
    roles: Mapped[list[str]]

    __table_args__ = (Index("uq_persons_email", func.lower(text("email")), unique=True),)


class BrowserSession(Base):
    __tablename__ = "sessions"

    token_sha256: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[Created]
    expires_at: Mapped[datetime]


class ApiToken(Row):
    __tablename__ = "api_tokens"

    person_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    token_sha256: Mapped[str] = mapped_column(unique=True)
    last_used_at: Mapped[datetime | None]


class OneTimeLink(Row):
    """An invitation by a link that works once, until it expires."""

    __abstract__ = True

    token_sha256: Mapped[str] = mapped_column(unique=True)
    expires_at: Mapped[datetime]
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    used_by: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    used_at: Mapped[datetime | None]


class Invitation(OneTimeLink):
    """To a role."""

    __tablename__ = "invitations"

    role: Mapped[str]


class Device(Base):
    """A viewer's phone, as coarse as the rules about cohorts need it. Deleted when its token has expired."""

    __tablename__ = "devices"

    device: Mapped[str] = mapped_column(primary_key=True)
    minted_at: Mapped[Created]
    network: Mapped[str]
    """Its address's prefix (/24, /48) under a key of the month: nobody reads the address from it."""
    agent: Mapped[str]
    """Family of browser and system, not its version."""
    expires_at: Mapped[datetime] = mapped_column(index=True)
