"""Measurements of speed, and every request that was made in them."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from arena.kit.db import Row
from arena.speed.contracts import Kind, Void, Who

SpeedState = Literal["queued", "running", "scoring", "done", "void", "failed"]
UNDER_WAY: tuple[SpeedState, ...] = ("queued", "running", "scoring")


class SpeedRun(Row):
    """Two entries and the house, measured one request after the other on a node that nobody else has."""

    __tablename__ = "speed_runs"

    episode_id: Mapped[UUID] = mapped_column(ForeignKey("episodes.id"))
    season_id: Mapped[UUID] = mapped_column(ForeignKey("seasons.id"))
    number: Mapped[int]
    kind: Mapped[Kind] = mapped_column(String)
    state: Mapped[SpeedState] = mapped_column(String, default="queued")
    reason: Mapped[str | None]
    """Why it is void or failed, in a sentence."""
    void: Mapped[Void | None] = mapped_column(String)
    seed: Mapped[int] = mapped_column(BigInteger)
    """Shown once it is over; `commit(id, seed)` is shown from the start."""
    rules: Mapped[dict[str, Any]]
    """The season's, as they were when it was started."""
    rules_digest: Mapped[str]
    suite: Mapped[dict[str, Any] | None]
    """What the quiz asks: ten questions of the track's suite, by the seed."""
    questions: Mapped[list[dict[str, Any]]] = mapped_column(server_default=text("'[]'"), default=list)
    items_digest: Mapped[str | None]
    blocks: Mapped[int]
    blocks_done: Mapped[int] = mapped_column(server_default="0", default=0)
    node: Mapped[dict[str, Any] | None]
    """The leased node, with the digest of what it stated before."""
    attested_after: Mapped[str | None]
    result: Mapped[dict[str, Any] | None]
    """Of a void run too: it is kept, and it counts for nothing."""
    measured_at: Mapped[datetime | None]
    released_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("episode_id", "number"),
        CheckConstraint("kind in ('duel','quiz')", name="kind"),
        CheckConstraint("state in ('queued','running','scoring','done','void','failed')", name="state"),
        CheckConstraint("(state = 'void') = (void is not null)", name="void_has_cause"),
        CheckConstraint("state not in ('void','failed') or reason is not null", name="reason"),
        CheckConstraint("released_at is null or state in ('done','void')", name="released_over"),
        # One at a time in an episode.
        Index(
            "uq_speed_runs_under_way",
            "episode_id",
            unique=True,
            postgresql_where="state in ('queued','running','scoring')",
        ),
    )


class SpeedRacer(Row):
    """Who is measured, in the version that was competing when the run was started."""

    __tablename__ = "speed_racers"

    run_id: Mapped[UUID] = mapped_column(ForeignKey("speed_runs.id"))
    who: Mapped[Who] = mapped_column(String)
    entry_id: Mapped[UUID] = mapped_column(ForeignKey("entries.id"))
    submission_id: Mapped[UUID] = mapped_column(ForeignKey("submissions.id"))
    digest: Mapped[str]
    """Of the adapter that answers."""
    system_digest: Mapped[str | None]

    __table_args__ = (
        UniqueConstraint("run_id", "who"),
        CheckConstraint("who in ('a','b','house')", name="who"),
    )


class SpeedRequest(Row):
    """One request as it was measured. `measured` is a `contracts.Measured`."""

    __tablename__ = "speed_requests"

    run_id: Mapped[UUID] = mapped_column(ForeignKey("speed_runs.id"))
    number: Mapped[int]
    measured: Mapped[dict[str, Any]]

    __table_args__ = (UniqueConstraint("run_id", "number"),)
