"""exports: adapters as models of their own

Revision: 0023, after: 0022
Written as if the show were on air: short locks, no rewrites, destructive changes in two releases.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def _time(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=True)


def _json(name: str) -> sa.Column[object]:
    return sa.Column(name, JSONB(none_as_null=True), nullable=True)


def upgrade() -> None:
    op.create_table(
        "exports",
        sa.Column("season_id", sa.Uuid(), nullable=False),
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("scheme", sa.String(), nullable=False),
        sa.Column("base_model", sa.String(), nullable=False),
        sa.Column("base_digest", sa.String(), nullable=True),
        sa.Column("adapter_digest", sa.String(), nullable=False),
        sa.Column("data_digest", sa.String(), nullable=True),
        sa.Column("data_form", sa.String(), nullable=True),
        sa.Column("asked", JSONB(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("code", sa.String(), nullable=True),
        sa.Column("attempt", sa.Integer(), server_default=sa.text("0"), nullable=False),
        _json("record"),
        _json("report"),
        _json("files"),
        sa.Column("ordered_by", sa.Uuid(), nullable=False),
        sa.Column("tidy", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        _time("started_at"),
        _time("ended_at"),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "scheme in ('bf16','int8','w4a16_gptq','w4a16_awq','fp8')", name=op.f("ck_exports_scheme")
        ),
        sa.CheckConstraint(
            "state in ('queued','running','done','cancelled','failed','refused')",
            name=op.f("ck_exports_state"),
        ),
        sa.CheckConstraint(
            "(state in ('queued','running')) = (ended_at is null)", name=op.f("ck_exports_ended")
        ),
        sa.CheckConstraint(
            "(state = 'done') = (num_nulls(record, report, files) = 0)", name=op.f("ck_exports_done_is_whole")
        ),
        sa.CheckConstraint(
            "state not in ('failed','refused') or reason is not null", name=op.f("ck_exports_reason")
        ),
        sa.CheckConstraint("num_nulls(data_digest, data_form) in (0, 2)", name=op.f("ck_exports_data")),
        sa.ForeignKeyConstraint(["ordered_by"], ["persons.id"], name=op.f("fk_exports_ordered_by")),
        sa.ForeignKeyConstraint(["season_id"], ["seasons.id"], name=op.f("fk_exports_season_id")),
        sa.ForeignKeyConstraint(["submission_id"], ["submissions.id"], name=op.f("fk_exports_submission_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exports")),
    )
    op.create_index(op.f("ix_exports_season_id"), "exports", ["season_id"])
    op.create_index(op.f("ix_exports_submission_id"), "exports", ["submission_id"])
    op.create_index(
        "uq_exports_scheme",
        "exports",
        ["submission_id", "scheme"],
        unique=True,
        postgresql_where=sa.text("state in ('queued','running','done')"),
    )


def downgrade() -> None:
    op.drop_table("exports")
