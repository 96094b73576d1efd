"""what was likely beside each token of a duel, and views of the attention that an answer paid

Revision: 0016, after: 0015
Written as if the show were on air: short locks, no rewrites, destructive changes in two releases.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Without a default, so that no row is touched.
    op.add_column("answer_tokens", sa.Column("likely", JSONB(), nullable=True))
    op.create_table(
        "attention_views",
        sa.Column("answer_id", sa.Uuid(), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("sha256", sa.String(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.CheckConstraint("state in ('asked','done','failed')", name=op.f("ck_attention_views_state")),
        sa.CheckConstraint("(state = 'done') = (sha256 is not null)", name=op.f("ck_attention_views_done")),
        sa.ForeignKeyConstraint(["answer_id"], ["answers.id"], name=op.f("fk_attention_views_answer_id")),
        sa.ForeignKeyConstraint(["asked_by"], ["persons.id"], name=op.f("fk_attention_views_asked_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attention_views")),
        sa.UniqueConstraint("answer_id", name=op.f("uq_attention_views_answer_id")),
    )


def downgrade() -> None:
    op.drop_table("attention_views")
    op.drop_column("answer_tokens", "likely")
