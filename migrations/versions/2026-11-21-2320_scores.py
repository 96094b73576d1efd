"""decisions about scores, signs of contamination, and calibrations of nodes

Revision: 0020, after: 0019
Written as if the show were on air: short locks, no rewrites, destructive changes in two releases.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0020"
down_revision = "0019"
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


def upgrade() -> None:
    op.create_table(
        "score_decisions",
        sa.Column("season_id", sa.Uuid(), nullable=False),
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=True),
        sa.Column("suite", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("by", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("before", JSONB(none_as_null=True), nullable=True),
        sa.Column("after", JSONB(none_as_null=True), nullable=True),
        *_row(),
        sa.CheckConstraint(
            "action in ('order','cancel','resume','rerun','rescore','rescored','not_rescored','void','override',"
            "'lift')",
            name=op.f("ck_score_decisions_action"),
        ),
        sa.CheckConstraint(
            "(\"by\" is null) = (action in ('rescored','not_rescored'))",
            name=op.f("ck_score_decisions_by_somebody"),
        ),
        sa.CheckConstraint(
            "action not in ('not_rescored','void','override','lift') or reason is not null",
            name=op.f("ck_score_decisions_reason"),
        ),
        sa.ForeignKeyConstraint(["by"], ["persons.id"], name=op.f("fk_score_decisions_by")),
        sa.ForeignKeyConstraint(["run_id"], ["benchmark_runs.id"], name=op.f("fk_score_decisions_run_id")),
        sa.ForeignKeyConstraint(["season_id"], ["seasons.id"], name=op.f("fk_score_decisions_season_id")),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submissions.id"], name=op.f("fk_score_decisions_submission_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_score_decisions")),
    )
    op.create_index(op.f("ix_score_decisions_submission_id"), "score_decisions", ["submission_id"])
    op.create_index(op.f("ix_score_decisions_season_id"), "score_decisions", ["season_id"])
    op.execute(
        "create trigger append_only before update or delete or truncate on score_decisions "
        "for each statement execute function refuse_change()"
    )
    op.create_table(
        "contamination_flags",
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("suite", sa.String(), nullable=False),
        sa.Column("detail", JSONB(none_as_null=True), nullable=False),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reviewed_by", sa.Uuid(), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        *_row(),
        sa.CheckConstraint("kind in ('canary','rephrased')", name=op.f("ck_contamination_flags_kind")),
        sa.CheckConstraint(
            "num_nulls(reviewed_at, reviewed_by, note) in (0, 3)",
            name=op.f("ck_contamination_flags_reviewed_by_somebody_with_a_note"),
        ),
        sa.ForeignKeyConstraint(
            ["reviewed_by"], ["persons.id"], name=op.f("fk_contamination_flags_reviewed_by")
        ),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submissions.id"], name=op.f("fk_contamination_flags_submission_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contamination_flags")),
        sa.UniqueConstraint(
            "submission_id", "kind", "suite", name=op.f("uq_contamination_flags_submission_id_kind_suite")
        ),
    )
    op.add_column("nodes", sa.Column("misfit", JSONB(none_as_null=True), nullable=True))
    op.create_table(
        "calibrations",
        sa.Column("hardware_class", sa.String(), nullable=False),
        sa.Column("base_model", sa.String(), nullable=False),
        sa.Column("rules", JSONB(none_as_null=True), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        *_row(),
        sa.CheckConstraint(
            "state in ('queued','running','done','failed')", name=op.f("ck_calibrations_state")
        ),
        sa.CheckConstraint(
            "(state in ('done','failed')) = (ended_at is not null)", name=op.f("ck_calibrations_ended")
        ),
        sa.CheckConstraint("state <> 'failed' or reason is not null", name=op.f("ck_calibrations_reason")),
        sa.ForeignKeyConstraint(["asked_by"], ["persons.id"], name=op.f("fk_calibrations_asked_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calibrations")),
    )
    op.create_index(
        "uq_calibrations_under_way",
        "calibrations",
        ["hardware_class"],
        unique=True,
        postgresql_where="state in ('queued','running')",
    )
    op.create_table(
        "node_calibrations",
        sa.Column("calibration_id", sa.Uuid(), nullable=False),
        sa.Column("node_id", sa.Uuid(), nullable=False),
        sa.Column("turn", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("engine_build", sa.String(), nullable=True),
        sa.Column("attestation", sa.String(), nullable=True),
        sa.Column("shown", JSONB(none_as_null=True), nullable=True),
        sa.Column("verdict", JSONB(none_as_null=True), nullable=True),
        *_row(),
        sa.CheckConstraint(
            "turn in ('waiting','measured','left_out')", name=op.f("ck_node_calibrations_turn")
        ),
        sa.CheckConstraint(
            "(turn = 'measured') = (shown is not null)", name=op.f("ck_node_calibrations_measured")
        ),
        sa.CheckConstraint(
            "(turn = 'left_out') = (reason is not null)", name=op.f("ck_node_calibrations_left_out")
        ),
        sa.ForeignKeyConstraint(
            ["calibration_id"], ["calibrations.id"], name=op.f("fk_node_calibrations_calibration_id")
        ),
        sa.ForeignKeyConstraint(["node_id"], ["nodes.id"], name=op.f("fk_node_calibrations_node_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_node_calibrations")),
        sa.UniqueConstraint(
            "calibration_id", "node_id", name=op.f("uq_node_calibrations_calibration_id_node_id")
        ),
    )
    op.create_index(op.f("ix_node_calibrations_node_id"), "node_calibrations", ["node_id"])


def downgrade() -> None:
    for table in ("node_calibrations", "calibrations", "contamination_flags", "score_decisions"):
        op.drop_table(table)
    op.drop_column("nodes", "misfit")
