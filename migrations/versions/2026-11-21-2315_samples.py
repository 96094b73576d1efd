"""benchmark runs that can be ordered, cancelled and taken up again, and all that was said in them

Revision: 0019, after: 0018
Written as if the show were on air: short locks, no rewrites, destructive changes in two releases.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

RUNS, SAMPLES, ANSWERS = "benchmark_runs", "benchmark_samples", "benchmark_answers"
SEASON = """
    update benchmark_runs run set admission = true, season_id = entry.season_id
    from submissions version join entries entry on entry.id = version.entry_id
    where version.id = run.submission_id
"""
ASKED = """
    update benchmark_runs run set total = asked.questions, answered = asked.questions
    from (select run_id, count(*) as questions from benchmark_samples group by run_id) asked
    where asked.run_id = run.id
"""


def upgrade() -> None:
    op.add_column(RUNS, sa.Column("season_id", sa.Uuid(), nullable=True))
    op.add_column(RUNS, sa.Column("extent", sa.String(), server_default="air", nullable=False))
    op.add_column(RUNS, sa.Column("admission", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column(RUNS, sa.Column("ordered_by", sa.Uuid(), nullable=True))
    op.add_column(RUNS, sa.Column("code", sa.String(), nullable=True))
    op.add_column(RUNS, sa.Column("total", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.add_column(RUNS, sa.Column("answered", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.add_column(RUNS, sa.Column("scorer_digest", sa.String(), nullable=True))
    op.execute(SEASON)
    op.execute(ASKED)
    op.alter_column(RUNS, "season_id", nullable=False)
    op.create_foreign_key(op.f("fk_benchmark_runs_season_id"), RUNS, "seasons", ["season_id"], ["id"])
    op.create_foreign_key(op.f("fk_benchmark_runs_ordered_by"), RUNS, "persons", ["ordered_by"], ["id"])
    op.create_index(op.f("ix_benchmark_runs_season_id"), RUNS, ["season_id"])
    op.drop_constraint(op.f("ck_benchmark_runs_state"), RUNS)
    op.create_check_constraint(
        op.f("ck_benchmark_runs_state"),
        RUNS,
        "state in ('queued','running','done','failed','cancelled','void')",
    )
    op.create_check_constraint(op.f("ck_benchmark_runs_extent"), RUNS, "extent in ('air','full')")
    op.create_check_constraint(
        op.f("ck_benchmark_runs_ended"), RUNS, "(state in ('queued','running')) = (ended_at is null)"
    )
    op.drop_index("uq_benchmark_runs_open", RUNS)
    op.create_index(
        "uq_benchmark_runs_under_way",
        RUNS,
        ["submission_id", "suite", "extent", "admission"],
        unique=True,
        postgresql_where="state in ('queued','running')",
    )
    op.add_column(SAMPLES, sa.Column("options", JSONB(), server_default=sa.text("'[]'"), nullable=False))
    op.add_column(SAMPLES, sa.Column("logprobs", JSONB(), server_default=sa.text("'[]'"), nullable=False))
    op.add_column(SAMPLES, sa.Column("normalised", JSONB(), server_default=sa.text("'[]'"), nullable=False))
    op.add_column(SAMPLES, sa.Column("extracted", sa.String(), server_default="", nullable=False))
    op.add_column(
        SAMPLES,
        sa.Column("detail", JSONB(none_as_null=True), server_default=sa.text("'{}'"), nullable=False),
    )
    op.create_table(
        ANSWERS,
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("task", sa.String(), nullable=False),
        sa.Column("index", sa.BigInteger(), nullable=False),
        sa.Column("option", sa.SmallInteger(), nullable=False),
        sa.Column("logprob", sa.Float(), nullable=True),
        sa.Column("greedy", sa.Boolean(), nullable=True),
        sa.Column("text", sa.String(), nullable=True),
        sa.CheckConstraint(
            "(logprob is null) = (greedy is null)", name=op.f("ck_benchmark_answers_likelihood")
        ),
        sa.CheckConstraint("(logprob is null) <> (text is null)", name=op.f("ck_benchmark_answers_one_kind")),
        sa.ForeignKeyConstraint(
            ["run_id"], ["benchmark_runs.id"], name=op.f("fk_benchmark_answers_run_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", "task", "index", "option", name=op.f("pk_benchmark_answers")),
    )
    op.create_index("ix_leases_taken_at", "leases", ["taken_at"])


def downgrade() -> None:
    op.drop_index("ix_leases_taken_at", "leases")
    op.drop_table(ANSWERS)
    for column in ("detail", "extracted", "normalised", "logprobs", "options"):
        op.drop_column(SAMPLES, column)
    op.drop_index("uq_benchmark_runs_under_way", RUNS)
    op.execute(
        "update benchmark_runs set state = 'failed', ended_at = coalesce(ended_at, clock_timestamp()) "
        # What was ordered is no score of the version to who knows of one suite only.
        "where state in ('queued','cancelled','void') or not admission"
    )
    op.create_index(
        "uq_benchmark_runs_open",
        RUNS,
        ["submission_id", "suite"],
        unique=True,
        postgresql_where="state = 'running'",
    )
    for constraint in ("ended", "extent", "state"):
        op.drop_constraint(op.f(f"ck_benchmark_runs_{constraint}"), RUNS)
    op.create_check_constraint(op.f("ck_benchmark_runs_state"), RUNS, "state in ('running','done','failed')")
    op.drop_index(op.f("ix_benchmark_runs_season_id"), RUNS)
    columns = (
        "scorer_digest", "answered", "total", "code", "ordered_by", "admission", "extent", "season_id"
    )  # fmt: skip
    for column in columns:
        op.drop_column(RUNS, column)
