"""The board as it is shown: a read model that can be frozen or closed while the truth moves on."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from arena.kit.db import Base, Created

Staging = Literal["one_by_one", "top_three"]
"""How a closed board is opened: row by row from the last place, or all but the first three at once, and then these."""


class ShownBoard(Base):
    __tablename__ = "boards"

    season_id: Mapped[UUID] = mapped_column(ForeignKey("seasons.id"), primary_key=True)
    version: Mapped[int] = mapped_column(default=0)
    frozen: Mapped[bool] = mapped_column(default=False)
    closed_at: Mapped[datetime | None]
    """Of a closed board: nothing is shown anywhere that came about later. None: it is open."""
    staging: Mapped[Staging | None] = mapped_column(String)
    """Set while it is being revealed; what is under the curtain then stands still."""
    revealed: Mapped[int] = mapped_column(server_default="0", default=0)
    """Rows, from the last one up, that are shown again."""
    body: Mapped[dict[str, Any]]
    """A `Board` as JSON, with all of its rows."""
    computed_at: Mapped[Created]

    __table_args__ = (
        CheckConstraint("staging in ('one_by_one','top_three')", name="staging"),
        CheckConstraint("staging is null or closed_at is not null", name="staged_while_closed"),
        CheckConstraint("(staging is null) = (revealed = 0)", name="revealed"),
        CheckConstraint("closed_at is null or not frozen", name="closed_not_frozen"),
    )

    @property
    def horizon(self) -> datetime | None:
        """Nothing later may be told by any page: it would give away what the board keeps back."""
        return self.closed_at or (self.computed_at if self.frozen else None)
