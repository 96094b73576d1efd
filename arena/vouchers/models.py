"""Seat codes, codes under way to a mailbox, and what came of them and of signing in elsewhere: a voter for whom
something vouches."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from arena.kit.db import Base, Row

VoucherKind = Literal["seat", "mail", "oidc"]
LEVELS: dict[VoucherKind, Literal[2, 3]] = {"seat": 2, "mail": 2, "oidc": 3}


class Voucher(Row):
    """One seat code, one address or one person of the provider's, used by one voter, who votes at this level in
    its episode."""

    __tablename__ = "vouchers"

    episode_id: Mapped[UUID] = mapped_column(ForeignKey("episodes.id"))
    voter: Mapped[str]
    """A device, or a person with an account."""
    kind: Mapped[VoucherKind] = mapped_column(String)
    level: Mapped[Literal[2, 3]] = mapped_column(Integer, server_default="2")
    """A phone with a seat code may sign in later, and then has two."""
    proof: Mapped[str]
    """The seat's id; the address, or issuer and subject, under the site's key."""
    revoked_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("kind in ('seat','mail','oidc')", name="kind"),
        UniqueConstraint("episode_id", "kind", "proof"),
        Index(
            "uq_vouchers_voter",
            "episode_id",
            "voter",
            "level",
            unique=True,
            postgresql_where="revoked_at is null",
        ),
        Index("ix_vouchers_revoked", "episode_id", postgresql_where="revoked_at is not null"),
    )


class SeatSheet(Row):
    """What was printed at once. The codes themselves were shown once and are not kept."""

    __tablename__ = "seat_sheets"

    episode_id: Mapped[UUID] = mapped_column(ForeignKey("episodes.id"), index=True)
    created_by: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))


class Seat(Row):
    __tablename__ = "seats"

    sheet_id: Mapped[UUID] = mapped_column(ForeignKey("seat_sheets.id"), index=True)
    episode_id: Mapped[UUID] = mapped_column(ForeignKey("episodes.id"))
    number: Mapped[int]
    """Printed beside the code; from 1 within the episode."""
    code: Mapped[str]
    """Under the site's key."""
    voucher_id: Mapped[UUID | None] = mapped_column(ForeignKey("vouchers.id"))
    """Since it is used."""
    revoked_at: Mapped[datetime | None]

    __table_args__ = (UniqueConstraint("episode_id", "number"), UniqueConstraint("episode_id", "code"))


class Mailing(Base):
    """A code on its way to a mailbox, one per voter; deleted when it has served or expired."""

    __tablename__ = "mailings"

    episode_id: Mapped[UUID] = mapped_column(ForeignKey("episodes.id"), primary_key=True)
    voter: Mapped[str] = mapped_column(primary_key=True)
    address: Mapped[str]
    """Under the site's key, as the code."""
    code: Mapped[str]
    tries: Mapped[int] = mapped_column(server_default="0", default=0)
    sent_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)

    __table_args__ = (Index("ix_mailings_episode_id_address", "episode_id", "address"),)
