"""suites that were imported, and the seed that a season draws

Revision: 0018, after: 0017
Written as if the show were on air: short locks, no rewrites, destructive changes in two releases.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def _row() -> list[sa.Column[object]]:
    return [
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
    ]


def upgrade() -> None:
    op.create_table(
        "suites",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("spec", JSONB(none_as_null=True), nullable=False),
        sa.Column("imported_by", sa.Uuid(), nullable=True),
        *_row(),
        sa.CheckConstraint("version > 0", name=op.f("ck_suites_version")),
        sa.ForeignKeyConstraint(["imported_by"], ["persons.id"], name=op.f("fk_suites_imported_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suites")),
        sa.UniqueConstraint("name", "version", name=op.f("uq_suites_name_version")),
    )
    op.create_table(
        "season_seeds",
        sa.Column("season_id", sa.Uuid(), nullable=False),
        sa.Column("seed", sa.String(), nullable=False),
        sa.Column("drawn_by", sa.Uuid(), nullable=True),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        *_row(),
        sa.ForeignKeyConstraint(["season_id"], ["seasons.id"], name=op.f("fk_season_seeds_season_id")),
        sa.ForeignKeyConstraint(["drawn_by"], ["persons.id"], name=op.f("fk_season_seeds_drawn_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_season_seeds")),
        sa.UniqueConstraint("season_id", name=op.f("uq_season_seeds_season_id")),
    )


def downgrade() -> None:
    op.drop_table("season_seeds")
    op.drop_table("suites")
