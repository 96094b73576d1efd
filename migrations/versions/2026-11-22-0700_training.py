"""training runs with their curves, races, and the decisions about them; versions that were made here

Revision: 0021, after: 0020
Written as if the show were on air: short locks, no rewrites, destructive changes in two releases.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def _row() -> list[sa.Column[object]]:
    return [
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
    ]


def _time(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=True)


def _json(name: str) -> sa.Column[object]:
    return sa.Column(name, JSONB(none_as_null=True), nullable=True)


def _document(name: str) -> sa.Column[object]:
    return sa.Column(name, JSONB(none_as_null=True), nullable=False)


def upgrade() -> None:
    op.add_column(
        "submissions", sa.Column("made_here", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.create_table(
        "training_races",
        sa.Column("season_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        _time("started_at"),
        _time("ends_at"),
        *_row(),
        sa.CheckConstraint(
            "state in ('planned','running','ended','cancelled')", name=op.f("ck_training_races_state")
        ),
        sa.CheckConstraint("seconds > 0", name=op.f("ck_training_races_seconds")),
        sa.CheckConstraint(
            "num_nulls(started_at, ends_at) in (0, 2)", name=op.f("ck_training_races_started")
        ),
        sa.CheckConstraint(
            "(state in ('running','ended')) <= (started_at is not null)",
            name=op.f("ck_training_races_running"),
        ),
        sa.ForeignKeyConstraint(["season_id"], ["seasons.id"], name=op.f("fk_training_races_season_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_training_races")),
    )
    op.create_index(op.f("ix_training_races_season_id"), "training_races", ["season_id"])
    op.create_table(
        "training_runs",
        sa.Column("season_id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("dataset_id", sa.Uuid(), nullable=False),
        sa.Column("dataset_digest", sa.String(), nullable=False),
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("parent_digest", sa.String(), nullable=True),
        sa.Column("race_id", sa.Uuid(), nullable=True),
        sa.Column("at_line", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("base_model", sa.String(), nullable=False),
        sa.Column("base_digest", sa.String(), nullable=True),
        sa.Column("dtype", sa.String(), nullable=False),
        _document("spec"),
        _document("budget"),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("code", sa.String(), nullable=True),
        _json("detail"),
        sa.Column("attempt", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("step", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("tokens", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("seconds", sa.Float(), server_default=sa.text("0"), nullable=False),
        _json("checkpoint"),
        sa.Column("stopped", sa.String(), nullable=True),
        _json("record"),
        _json("files"),
        sa.Column("result_id", sa.Uuid(), nullable=True),
        sa.Column("ordered_by", sa.Uuid(), nullable=False),
        sa.Column("tidy", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        _time("started_at"),
        _time("ended_at"),
        *_row(),
        sa.CheckConstraint(
            "state in ('queued','running','pausing','paused','done','cancelled','failed','refused')",
            name=op.f("ck_training_runs_state"),
        ),
        sa.CheckConstraint("form in ('messages','preference','kto')", name=op.f("ck_training_runs_form")),
        sa.CheckConstraint(
            "(parent_id is null) = (parent_digest is null)", name=op.f("ck_training_runs_parent")
        ),
        sa.CheckConstraint(
            "(state in ('queued','running','pausing','paused')) = (ended_at is null)",
            name=op.f("ck_training_runs_ended"),
        ),
        sa.CheckConstraint(
            "(state = 'done') = (files is not null)", name=op.f("ck_training_runs_done_has_files")
        ),
        sa.CheckConstraint(
            "result_id is null or state = 'done'", name=op.f("ck_training_runs_result_is_done")
        ),
        sa.CheckConstraint(
            "state not in ('failed','refused') or reason is not null", name=op.f("ck_training_runs_reason")
        ),
        sa.ForeignKeyConstraint(["season_id"], ["seasons.id"], name=op.f("fk_training_runs_season_id")),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"], name=op.f("fk_training_runs_entry_id")),
        sa.ForeignKeyConstraint(["dataset_id"], ["submissions.id"], name=op.f("fk_training_runs_dataset_id")),
        sa.ForeignKeyConstraint(["parent_id"], ["submissions.id"], name=op.f("fk_training_runs_parent_id")),
        sa.ForeignKeyConstraint(["race_id"], ["training_races.id"], name=op.f("fk_training_runs_race_id")),
        sa.ForeignKeyConstraint(["result_id"], ["submissions.id"], name=op.f("fk_training_runs_result_id")),
        sa.ForeignKeyConstraint(["ordered_by"], ["persons.id"], name=op.f("fk_training_runs_ordered_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_training_runs")),
        sa.UniqueConstraint("result_id", name=op.f("uq_training_runs_result_id")),
    )
    for column in ("season_id", "entry_id", "race_id"):
        op.create_index(op.f(f"ix_training_runs_{column}"), "training_runs", [column])
    op.create_table(
        "training_points",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("loss", sa.Float(), nullable=False),
        sa.Column("learning_rate", sa.Float(), nullable=False),
        sa.Column("tokens", sa.BigInteger(), nullable=False),
        sa.Column("tokens_per_second", sa.Float(), nullable=False),
        sa.Column("gradient_norm", sa.Float(), nullable=False),
        sa.Column("memory_bytes", sa.BigInteger(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        _document("extra"),
        sa.ForeignKeyConstraint(
            ["run_id"], ["training_runs.id"], name=op.f("fk_training_points_run_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", "step", name=op.f("pk_training_points")),
    )
    op.create_table(
        "training_decisions",
        sa.Column("season_id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=True),
        sa.Column("race_id", sa.Uuid(), nullable=True),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("by", sa.Uuid(), nullable=False),
        *_row(),
        sa.CheckConstraint(
            "action in ('order','pause','resume','cancel','plan','start')",
            name=op.f("ck_training_decisions_action"),
        ),
        sa.CheckConstraint("num_nulls(run_id, race_id) = 1", name=op.f("ck_training_decisions_of_one")),
        sa.ForeignKeyConstraint(["season_id"], ["seasons.id"], name=op.f("fk_training_decisions_season_id")),
        sa.ForeignKeyConstraint(["run_id"], ["training_runs.id"], name=op.f("fk_training_decisions_run_id")),
        sa.ForeignKeyConstraint(
            ["race_id"], ["training_races.id"], name=op.f("fk_training_decisions_race_id")
        ),
        sa.ForeignKeyConstraint(["by"], ["persons.id"], name=op.f("fk_training_decisions_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_training_decisions")),
    )
    for column in ("season_id", "run_id", "race_id"):
        op.create_index(op.f(f"ix_training_decisions_{column}"), "training_decisions", [column])
    op.execute(
        "create trigger append_only before update or delete or truncate on training_decisions "
        "for each statement execute function refuse_change()"
    )


def downgrade() -> None:
    op.drop_table("training_decisions")
    op.drop_table("training_points")
    op.drop_table("training_runs")
    op.drop_table("training_races")
    op.drop_column("submissions", "made_here")
