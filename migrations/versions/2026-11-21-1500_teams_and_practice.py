"""teams with their members, invitations and entries; practice

Revision: 0008, after: 0007
Written as if the show were on air: short locks, no rewrites, destructive changes in two releases.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def _row(*columns: sa.Column) -> tuple[sa.Column, ...]:
    born = sa.Column(
        "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
    )
    return (*columns, sa.Column("id", sa.UUID(), nullable=False), born)


def upgrade() -> None:
    op.create_table(
        "teams",
        *_row(
            sa.Column("name", sa.String(), nullable=False),
            sa.Column("skeleton", sa.String(), nullable=False),
            sa.Column("captain_id", sa.UUID(), nullable=False),
            sa.Column("disbanded_at", sa.DateTime(timezone=True), nullable=True),
        ),
        sa.ForeignKeyConstraint(["captain_id"], ["persons.id"], name=op.f("fk_teams_captain_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_teams")),
    )
    op.create_index(
        "uq_teams_skeleton", "teams", ["skeleton"], unique=True, postgresql_where="disbanded_at is null"
    )
    op.create_table(
        "team_members",
        *_row(
            sa.Column("team_id", sa.UUID(), nullable=False),
            sa.Column("person_id", sa.UUID(), nullable=False),
            sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        ),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_team_members_team_id")),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_team_members_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team_members")),
    )
    op.create_index(op.f("ix_team_members_team_id"), "team_members", ["team_id"])
    op.create_index(
        "uq_team_members_person_id",
        "team_members",
        ["person_id"],
        unique=True,
        postgresql_where="left_at is null",
    )
    op.create_table(
        "team_invitations",
        *_row(
            sa.Column("team_id", sa.UUID(), nullable=False),
            sa.Column("token_sha256", sa.String(), nullable=False),
            sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
            sa.Column("created_by", sa.UUID(), nullable=True),
            sa.Column("used_by", sa.UUID(), nullable=True),
            sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        ),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_team_invitations_team_id")),
        sa.ForeignKeyConstraint(["created_by"], ["persons.id"], name=op.f("fk_team_invitations_created_by")),
        sa.ForeignKeyConstraint(["used_by"], ["persons.id"], name=op.f("fk_team_invitations_used_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team_invitations")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_team_invitations_token_sha256")),
    )
    op.create_index(op.f("ix_team_invitations_team_id"), "team_invitations", ["team_id"])

    op.add_column("entries", sa.Column("team_id", sa.UUID(), nullable=True))
    op.create_index(op.f("ix_entries_team_id"), "entries", ["team_id"])
    op.create_foreign_key(op.f("fk_entries_team_id"), "entries", "teams", ["team_id"], ["id"])
    op.create_check_constraint("house_has_no_team", "entries", "kind <> 'house' or team_id is null")
    _practice()


def _practice() -> None:
    op.create_table(
        "practice_exchanges",
        *_row(
            sa.Column("person_id", sa.UUID(), nullable=False),
            sa.Column("entry_id", sa.UUID(), nullable=False),
            sa.Column("submission_id", sa.UUID(), nullable=False),
            sa.Column("prompt", sa.String(), nullable=False),
            sa.Column("seed", sa.BigInteger(), nullable=False),
            sa.Column("sampling", postgresql.JSONB(), nullable=False),
            sa.Column("state", sa.String(), nullable=False),
            sa.Column("reason", sa.String(), nullable=True),
        ),
        sa.CheckConstraint(
            "state in ('queued','answering','answered','failed')", name=op.f("ck_practice_exchanges_state")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_practice_exchanges_person_id")),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"], name=op.f("fk_practice_exchanges_entry_id")),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submissions.id"], name=op.f("fk_practice_exchanges_submission_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_practice_exchanges")),
    )
    op.create_index(op.f("ix_practice_exchanges_person_id"), "practice_exchanges", ["person_id"])
    op.create_index(
        "uq_practice_exchanges_under_way",
        "practice_exchanges",
        ["person_id"],
        unique=True,
        postgresql_where="state in ('queued','answering')",
    )
    op.create_table(
        "practice_answers",
        *_row(
            sa.Column("exchange_id", sa.UUID(), nullable=False),
            sa.Column("voice", sa.String(), nullable=False),
            sa.Column("digest", sa.String(), nullable=False),
            sa.Column("text", sa.String(), nullable=False),
            sa.Column("tokens", sa.Integer(), nullable=False),
            sa.Column("finish_reason", sa.String(), nullable=True),
            sa.Column("refused", sa.String(), nullable=True),
        ),
        sa.CheckConstraint("voice in ('mine','house')", name=op.f("ck_practice_answers_voice")),
        sa.CheckConstraint(
            "refused is null or text = ''", name=op.f("ck_practice_answers_nothing_of_what_is_refused")
        ),
        sa.ForeignKeyConstraint(
            ["exchange_id"],
            ["practice_exchanges.id"],
            name=op.f("fk_practice_answers_exchange_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_practice_answers")),
        sa.UniqueConstraint("exchange_id", "voice", name=op.f("uq_practice_answers_exchange_id_voice")),
    )


def downgrade() -> None:
    op.drop_table("practice_answers")
    op.drop_table("practice_exchanges")
    # Without teams an entry is its maker's alone again.
    op.drop_constraint("house_has_no_team", "entries", type_="check")
    op.drop_constraint(op.f("fk_entries_team_id"), "entries", type_="foreignkey")
    op.drop_index(op.f("ix_entries_team_id"), table_name="entries")
    op.drop_column("entries", "team_id")
    op.drop_table("team_invitations")
    op.drop_table("team_members")
    op.drop_table("teams")
