"""sketches, X-rays and similarity flags

Revision: 0003, after: 0002
Written as if the show were on air: short locks, no rewrites, destructive changes in two releases.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "adapter_measures",
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("scheme", sa.String(), nullable=False),
        sa.Column("sketch", sa.LargeBinary(), nullable=False),
        sa.Column("xray", postgresql.JSONB(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submissions.id"], name=op.f("fk_adapter_measures_submission_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_adapter_measures")),
        sa.UniqueConstraint("submission_id", name=op.f("uq_adapter_measures_submission_id")),
    )
    op.create_table(
        "similarity_flags",
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("other_id", sa.Uuid(), nullable=False),
        sa.Column("cosine", sa.Float(), nullable=False),
        sa.Column("energy_share", sa.Float(), nullable=False),
        sa.Column("modules", postgresql.JSONB(), nullable=False),
        sa.Column("threshold", sa.Float(), nullable=False),
        sa.Column("calibration", sa.String(), nullable=False),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reviewed_by", sa.Uuid(), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.CheckConstraint("submission_id <> other_id", name=op.f("ck_similarity_flags_two_submissions")),
        sa.CheckConstraint(
            "num_nulls(reviewed_at, reviewed_by, note) in (0, 3)",
            name=op.f("ck_similarity_flags_reviewed_by_somebody_with_a_note"),
        ),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submissions.id"], name=op.f("fk_similarity_flags_submission_id")
        ),
        sa.ForeignKeyConstraint(["other_id"], ["submissions.id"], name=op.f("fk_similarity_flags_other_id")),
        sa.ForeignKeyConstraint(
            ["reviewed_by"], ["persons.id"], name=op.f("fk_similarity_flags_reviewed_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_similarity_flags")),
        sa.UniqueConstraint(
            "submission_id", "other_id", name=op.f("uq_similarity_flags_submission_id_other_id")
        ),
    )
    op.create_index(op.f("ix_similarity_flags_other_id"), "similarity_flags", ["other_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_similarity_flags_other_id"), table_name="similarity_flags")
    op.drop_table("similarity_flags")
    op.drop_table("adapter_measures")
