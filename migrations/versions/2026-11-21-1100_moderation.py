"""moderation: word lists and records

Revision: 0004, after: 0003
Written as if the show were on air: short locks, no rewrites, destructive changes in two releases.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

APPEND_ONLY = ("moderation_lists", "moderation_records")


def upgrade() -> None:
    op.create_table(
        "moderation_lists",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("terms", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("imported_by", sa.UUID(), nullable=True),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.CheckConstraint("version > 0", name=op.f("ck_moderation_lists_version")),
        sa.ForeignKeyConstraint(
            ["imported_by"], ["persons.id"], name=op.f("fk_moderation_lists_imported_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_moderation_lists")),
        sa.UniqueConstraint("name", "version", name=op.f("uq_moderation_lists_name_version")),
    )
    op.create_table(
        "moderation_records",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("subject", sa.UUID(), nullable=True),
        sa.Column("author_id", sa.UUID(), nullable=True),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("guard", sa.String(), nullable=True),
        sa.Column("matches", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("engine", sa.String(), nullable=False),
        sa.Column("lists", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("text_sha256", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=True),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.CheckConstraint("action in ('flag','hold','block')", name=op.f("ck_moderation_records_action")),
        sa.CheckConstraint(
            "(action in ('hold','block')) = (text is not null)",
            name=op.f("ck_moderation_records_text_when_refused"),
        ),
        sa.ForeignKeyConstraint(["author_id"], ["persons.id"], name=op.f("fk_moderation_records_author_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_moderation_records")),
    )
    op.create_index(
        op.f("ix_moderation_records_author_id"), "moderation_records", ["author_id"], unique=False
    )
    op.create_index("ix_moderation_records_action_id", "moderation_records", ["action", "id"], unique=False)
    for table in APPEND_ONLY:
        op.execute(
            f"create trigger append_only before update or delete or truncate on {table} "
            "for each statement execute function refuse_change()"
        )


def downgrade() -> None:
    for table in APPEND_ONLY:
        op.execute(f"drop trigger append_only on {table}")
    op.drop_index("ix_moderation_records_action_id", table_name="moderation_records")
    op.drop_index(op.f("ix_moderation_records_author_id"), table_name="moderation_records")
    op.drop_table("moderation_records")
    op.drop_table("moderation_lists")
