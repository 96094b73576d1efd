"""what rating snapshots follow from, how pairs came about

Revision: 0026, after: 0025
Written as if the show were on air: short locks, no rewrites, destructive changes in two releases.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

APPEND_ONLY = ("pairings", "rating_snapshots")


def upgrade() -> None:
    for column in ("findings", "basis"):
        op.add_column("rating_snapshots", sa.Column(column, JSONB(none_as_null=True)))
    op.create_table(
        "pairings",
        sa.Column("duel_id", sa.Uuid(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("seed", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("place", sa.Integer()),
        sa.Column("chance", sa.Float(), nullable=False),
        sa.Column("chances", JSONB(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.CheckConstraint("stage in ('balanced','shrinkage')", name=op.f("ck_pairings_stage")),
        sa.CheckConstraint("(place is null) = (chance = 0)", name=op.f("ck_pairings_place")),
        sa.ForeignKeyConstraint(["duel_id"], ["duels.id"], name=op.f("fk_pairings_duel_id")),
        sa.PrimaryKeyConstraint("duel_id", name=op.f("pk_pairings")),
    )
    for table in APPEND_ONLY:
        op.execute(
            f"create trigger append_only before update or delete or truncate on {table} "
            "for each statement execute function refuse_change()"
        )


def downgrade() -> None:
    op.execute("drop trigger append_only on rating_snapshots")
    op.drop_table("pairings")
    for column in ("basis", "findings"):
        op.drop_column("rating_snapshots", column)
