"""races with a deadline at the line, pauses that end, labs that say how many lanes they have, promoted candidates

Revision: 0024, after: 0023
Written as if the show were on air: short locks, no rewrites, destructive changes in two releases.
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

ACTIONS = "action in ('order','pause','resume','cancel','plan','start')"
ACTIONS_NOW = "action in ('order','pause','resume','cancel','plan','start','promote')"


def _check(table: str, name: str, condition: str) -> None:
    """Checked against the rows that are there under a lock that lets writers through."""
    op.execute(f"alter table {table} add constraint ck_{table}_{name} check ({condition}) not valid")
    op.execute(f"alter table {table} validate constraint ck_{table}_{name}")


def upgrade() -> None:
    op.add_column("jobs", sa.Column("lanes", sa.Integer(), nullable=True))
    op.add_column(
        "training_races",
        sa.Column("line_seconds", sa.Integer(), server_default=sa.text("600"), nullable=False),
    )
    op.add_column("training_races", sa.Column("line_until", sa.DateTime(timezone=True), nullable=True))
    _check("training_races", "line_seconds", "line_seconds > 0")
    op.add_column(
        "training_runs", sa.Column("pauses_left", sa.Integer(), server_default=sa.text("20"), nullable=False)
    )
    op.add_column("training_runs", sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True))
    op.execute(
        "update training_runs set paused_until = clock_timestamp() + interval '7 days' where state = 'paused'"
    )
    _check("training_runs", "paused_until", "(state = 'paused') = (paused_until is not null)")
    op.add_column("training_runs", sa.Column("promoted_id", sa.Uuid(), nullable=True))
    op.create_unique_constraint(op.f("uq_training_runs_promoted_id"), "training_runs", ["promoted_id"])
    op.create_foreign_key(
        op.f("fk_training_runs_promoted_id"), "training_runs", "submissions", ["promoted_id"], ["id"]
    )
    op.create_index(op.f("ix_training_runs_dataset_id"), "training_runs", ["dataset_id"])
    op.drop_constraint(op.f("ck_training_decisions_action"), "training_decisions", type_="check")
    _check("training_decisions", "action", ACTIONS_NOW)


def downgrade() -> None:
    # Decisions are never deleted, so one of a new kind cannot be made to fit the earlier form.
    op.execute(
        "do $$ begin if exists (select from training_decisions where action = 'promote') then "
        "raise exception 'there are candidates that were promoted, for which the earlier release has no place'; "
        "end if; end $$"
    )
    op.drop_constraint(op.f("ck_training_decisions_action"), "training_decisions", type_="check")
    _check("training_decisions", "action", ACTIONS)
    op.drop_index(op.f("ix_training_runs_dataset_id"), "training_runs")
    for column in ("promoted_id", "paused_until", "pauses_left"):
        op.drop_column("training_runs", column)
    for column in ("line_until", "line_seconds"):
        op.drop_column("training_races", column)
    op.drop_column("jobs", "lanes")
