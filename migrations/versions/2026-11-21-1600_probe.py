"""where adapters were probed

Revision: 0009, after: 0008
Written as if the show were on air: short locks, no rewrites, destructive changes in two releases.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "adapter_probes",
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("node", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submissions.id"], name=op.f("fk_adapter_probes_submission_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_adapter_probes")),
        sa.UniqueConstraint("submission_id", name=op.f("uq_adapter_probes_submission_id")),
    )


def downgrade() -> None:
    op.drop_table("adapter_probes")
