"""what nodes attest, and when a duel went live

Revision: 0011, after: 0010
Written as if the show were on air: short locks, no rewrites, destructive changes in two releases.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "node_attestations",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("signature", sa.String(), nullable=False),
        sa.Column("public_key", sa.String(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_node_attestations")),
    )
    op.add_column("nodes", sa.Column("public_key", sa.String(), nullable=True))
    op.add_column("duels", sa.Column("live_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("duels", sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("answers", sa.Column("fingerprint", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("answers", "fingerprint")
    op.drop_column("duels", "answered_at")
    op.drop_column("duels", "live_at")
    op.drop_column("nodes", "public_key")
    op.drop_table("node_attestations")
