"""The board as it is shown: a read model that can be frozen while the truth moves on."""

from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from arena.kit.db import Base, Created


class ShownBoard(Base):
    __tablename__ = "boards"

    season_id: Mapped[UUID] = mapped_column(ForeignKey("seasons.id"), primary_key=True)
    version: Mapped[int] = mapped_column(default=0)
    frozen: Mapped[bool] = mapped_column(default=False)
    body: Mapped[dict[str, Any]]
    """A `Board` as JSON."""
    computed_at: Mapped[Created]
