"""the program buffer: what of an answer is on air, and who decided

Revision: 0013, after: 0012
Written as if the show were on air: short locks, no rewrites, destructive changes in two releases.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A default that is the clock's would rewrite the table if it came with the column: old tokens have no stamp.
    op.add_column("answer_tokens", sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=True))
    op.alter_column("answer_tokens", "recorded_at", server_default=sa.text("clock_timestamp()"))
    # Whatever was answered before has been on air; only what is under way goes through the buffer.
    op.add_column("answers", sa.Column("air", sa.String(), nullable=False, server_default="aired"))
    op.alter_column("answers", "air", server_default="flowing")
    for name in ("cleared", "aired", "overruled"):
        op.add_column("answers", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
    op.add_column("answers", sa.Column("unjudged", sa.String(), nullable=True))
    op.execute(
        "update answers set air = 'flowing' "
        "where duel_id in (select id from duels where state in ('queued','loading','live'))"
    )
    op.create_check_constraint(
        op.f("ck_answers_air"), "answers", "air in ('flowing','held','aired','replaced','dumped')"
    )
    op.create_check_constraint(
        op.f("ck_answers_cleared_before_aired"), "answers", "0 <= aired and aired <= cleared"
    )
    op.create_index(
        "ix_answers_on_the_way", "answers", ["duel_id"], postgresql_where="air in ('flowing','held')"
    )
    op.create_table(
        "program_decisions",
        sa.Column("duel_id", sa.Uuid(), nullable=False),
        sa.Column("answer_id", sa.Uuid(), nullable=False),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("by", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("category", sa.String(), nullable=True),
        sa.Column("tokens", sa.Integer(), nullable=False),
        sa.Column("aired", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "action in ('hold','release','replace','dump')", name=op.f("ck_program_decisions_action")
        ),
        sa.CheckConstraint("side in ('left','right')", name=op.f("ck_program_decisions_side")),
        sa.ForeignKeyConstraint(["answer_id"], ["answers.id"], name=op.f("fk_program_decisions_answer_id")),
        sa.ForeignKeyConstraint(["by"], ["persons.id"], name=op.f("fk_program_decisions_by")),
        sa.ForeignKeyConstraint(["duel_id"], ["duels.id"], name=op.f("fk_program_decisions_duel_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_program_decisions")),
    )
    op.create_index(op.f("ix_program_decisions_answer_id"), "program_decisions", ["answer_id"])
    op.create_index(op.f("ix_program_decisions_duel_id"), "program_decisions", ["duel_id"])
    op.execute(
        "create trigger append_only before update or delete or truncate on program_decisions "
        "for each statement execute function refuse_change()"
    )


def downgrade() -> None:
    op.drop_table("program_decisions")
    op.drop_index("ix_answers_on_the_way", table_name="answers")
    op.drop_constraint(op.f("ck_answers_cleared_before_aired"), "answers", type_="check")
    op.drop_constraint(op.f("ck_answers_air"), "answers", type_="check")
    for name in ("unjudged", "overruled", "aired", "cleared", "air"):
        op.drop_column("answers", name)
    op.drop_column("answer_tokens", "recorded_at")
