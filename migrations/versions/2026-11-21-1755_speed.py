"""speed runs: two entries and the house, measured one request after the other

Revision: 0017, after: 0016
Written as if the show were on air: short locks, no rewrites, destructive changes in two releases.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0017"
down_revision = "0016"
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
        "speed_runs",
        sa.Column("episode_id", sa.Uuid(), nullable=False),
        sa.Column("season_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("void", sa.String(), nullable=True),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("rules", JSONB(none_as_null=True), nullable=False),
        sa.Column("rules_digest", sa.String(), nullable=False),
        sa.Column("suite", JSONB(none_as_null=True), nullable=True),
        sa.Column("questions", JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("items_digest", sa.String(), nullable=True),
        sa.Column("blocks", sa.Integer(), nullable=False),
        sa.Column("blocks_done", sa.Integer(), server_default="0", nullable=False),
        sa.Column("node", JSONB(none_as_null=True), nullable=True),
        sa.Column("attested_after", sa.String(), nullable=True),
        sa.Column("result", JSONB(none_as_null=True), nullable=True),
        sa.Column("measured_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        *_row(),
        sa.CheckConstraint("kind in ('duel','quiz')", name=op.f("ck_speed_runs_kind")),
        sa.CheckConstraint(
            "state in ('queued','running','scoring','done','void','failed')", name=op.f("ck_speed_runs_state")
        ),
        sa.CheckConstraint(
            "(state = 'void') = (void is not null)", name=op.f("ck_speed_runs_void_has_cause")
        ),
        sa.CheckConstraint(
            "state not in ('void','failed') or reason is not null", name=op.f("ck_speed_runs_reason")
        ),
        sa.CheckConstraint(
            "released_at is null or state in ('done','void')", name=op.f("ck_speed_runs_released_over")
        ),
        sa.ForeignKeyConstraint(["episode_id"], ["episodes.id"], name=op.f("fk_speed_runs_episode_id")),
        sa.ForeignKeyConstraint(["season_id"], ["seasons.id"], name=op.f("fk_speed_runs_season_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_speed_runs")),
        sa.UniqueConstraint("episode_id", "number", name=op.f("uq_speed_runs_episode_id_number")),
    )
    op.create_index(
        "uq_speed_runs_under_way",
        "speed_runs",
        ["episode_id"],
        unique=True,
        postgresql_where="state in ('queued','running','scoring')",
    )
    op.create_table(
        "speed_racers",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("system_digest", sa.String(), nullable=True),
        *_row(),
        sa.CheckConstraint("who in ('a','b','house')", name=op.f("ck_speed_racers_who")),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"], name=op.f("fk_speed_racers_entry_id")),
        sa.ForeignKeyConstraint(["run_id"], ["speed_runs.id"], name=op.f("fk_speed_racers_run_id")),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submissions.id"], name=op.f("fk_speed_racers_submission_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_speed_racers")),
        sa.UniqueConstraint("run_id", "who", name=op.f("uq_speed_racers_run_id_who")),
    )
    op.create_table(
        "speed_requests",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("measured", JSONB(none_as_null=True), nullable=False),
        *_row(),
        sa.ForeignKeyConstraint(["run_id"], ["speed_runs.id"], name=op.f("fk_speed_requests_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_speed_requests")),
        sa.UniqueConstraint("run_id", "number", name=op.f("uq_speed_requests_run_id_number")),
    )


def downgrade() -> None:
    op.drop_table("speed_requests")
    op.drop_table("speed_racers")
    op.drop_index("uq_speed_runs_under_way", table_name="speed_runs")
    op.drop_table("speed_runs")
