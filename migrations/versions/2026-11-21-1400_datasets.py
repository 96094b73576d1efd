"""reports on data sets, and the licence that is declared

Revision: 0007, after: 0006
Written as if the show were on air: short locks, no rewrites, destructive changes in two releases.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("submissions", sa.Column("licence", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.create_table(
        "dataset_checks",
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("report", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted_by", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "num_nulls(accepted_at, accepted_by) in (0, 2)",
            name=op.f("ck_dataset_checks_accepted_by_somebody"),
        ),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submissions.id"], name=op.f("fk_dataset_checks_submission_id")
        ),
        sa.ForeignKeyConstraint(["accepted_by"], ["persons.id"], name=op.f("fk_dataset_checks_accepted_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dataset_checks")),
        sa.UniqueConstraint("submission_id", name=op.f("uq_dataset_checks_submission_id")),
    )


def downgrade() -> None:
    op.drop_table("dataset_checks")
    op.drop_column("submissions", "licence")
