"""duels of several turns: how a duel goes, and one answer per side and turn

Revision: 0015, after: 0014
Written as if the show were on air: short locks, no rewrites, destructive changes in two releases.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("duels", sa.Column("kind", sa.String(), nullable=False, server_default="single"))
    op.add_column("duels", sa.Column("follow_ups", postgresql.JSONB(), nullable=False, server_default="[]"))
    op.add_column("duels", sa.Column("turns", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("duels", sa.Column("images", postgresql.JSONB(), nullable=False, server_default="[]"))
    op.add_column("duels", sa.Column("frame", sa.String(), nullable=True))
    op.create_check_constraint(op.f("ck_duels_kind"), "duels", "kind in ('single','follow_up','debate')")
    op.create_check_constraint(op.f("ck_duels_turns"), "duels", "turns between 1 and 6")
    op.add_column("answers", sa.Column("turn", sa.Integer(), nullable=False, server_default="1"))
    op.create_check_constraint(op.f("ck_answers_turn"), "answers", "turn between 1 and 6")
    op.drop_constraint(op.f("uq_answers_duel_id_side"), "answers", type_="unique")
    op.create_unique_constraint(op.f("uq_answers_duel_id_turn_side"), "answers", ["duel_id", "turn", "side"])


def downgrade() -> None:
    # What people decided about an answer is never deleted, so such a duel cannot be made to fit the earlier form.
    op.execute(
        "do $$ begin if exists (select from answers where turn > 1) then "
        "raise exception 'there are duels of several turns, for which the earlier release has no place'; "
        "end if; end $$"
    )
    op.drop_constraint(op.f("uq_answers_duel_id_turn_side"), "answers", type_="unique")
    op.create_unique_constraint(op.f("uq_answers_duel_id_side"), "answers", ["duel_id", "side"])
    op.drop_constraint(op.f("ck_answers_turn"), "answers", type_="check")
    op.drop_column("answers", "turn")
    op.drop_constraint(op.f("ck_duels_turns"), "duels", type_="check")
    op.drop_constraint(op.f("ck_duels_kind"), "duels", type_="check")
    for name in ("frame", "images", "turns", "follow_ups", "kind"):
        op.drop_column("duels", name)
