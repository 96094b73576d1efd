"""the judges' desk: scores, second looks, standing aside, calibration, a panel of models

Revision: 0027, after: 0026
Written as if the show were on air: short locks, no rewrites, destructive changes in two releases. An older release goes
on writing verdicts: every new column has a default.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

A_CHOICE = "in ('left','right','tie','both_bad')"


def _row(table: str, *columns: sa.Column, references: dict[str, str], **checks: str) -> None:  # type: ignore[type-arg]
    """A table whose rows have an id and a birth time."""
    op.create_table(
        table,
        *columns,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        *(_foreign(table, column, other) for column, other in references.items()),
        *(sa.CheckConstraint(rule, name=op.f(f"ck_{table}_{name}")) for name, rule in checks.items()),
    )


def _foreign(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}"))


def _id(name: str) -> sa.Column:  # type: ignore[type-arg]
    return sa.Column(name, sa.Uuid(), nullable=False)


def _words(*names: str, null: bool = False) -> list[sa.Column]:  # type: ignore[type-arg]
    return [sa.Column(name, sa.String(), nullable=null) for name in names]


def upgrade() -> None:
    op.add_column(
        "verdicts", sa.Column("scores", JSONB(none_as_null=True), server_default="{}", nullable=False)
    )
    op.add_column("verdicts", sa.Column("mirrored", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("verdicts", sa.Column("look", sa.Integer(), server_default="1", nullable=False))
    op.execute("alter table verdicts add constraint ck_verdicts_look check (look in (1, 2)) not valid")
    op.execute("alter table verdicts validate constraint ck_verdicts_look")

    _row(
        "excusals",
        _id("duel_id"),
        _id("judge_id"),
        *_words("kind", "reason", "text"),
        references={"duel_id": "duels", "judge_id": "persons"},
        kind="kind in ('skip','conflict')",
    )
    op.create_unique_constraint(op.f("uq_excusals_duel_id_judge_id"), "excusals", ["duel_id", "judge_id"])
    _row(
        "conflicts_of_interest",
        _id("judge_id"),
        _id("entry_id"),
        *_words("reason"),
        references={"judge_id": "persons", "entry_id": "entries"},
    )
    op.create_unique_constraint(
        op.f("uq_conflicts_of_interest_judge_id_entry_id"), "conflicts_of_interest", ["judge_id", "entry_id"]
    )
    op.create_table(
        "verdict_drafts",
        _id("duel_id"),
        _id("judge_id"),
        sa.Column("version", sa.Integer(), nullable=False),
        *_words("choice", null=True),
        *_words("note"),
        sa.Column("scores", JSONB(none_as_null=True), nullable=False),
        sa.PrimaryKeyConstraint("duel_id", "judge_id", name=op.f("pk_verdict_drafts")),
        _foreign("verdict_drafts", "duel_id", "duels"),
        _foreign("verdict_drafts", "judge_id", "persons"),
    )
    op.create_table(
        "second_looks",
        _id("ballot_id"),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("first", JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("ballot_id", name=op.f("pk_second_looks")),
        _foreign("second_looks", "ballot_id", "ballots"),
    )
    _row(
        "calibration_items",
        _id("season_id"),
        *_words("prompt", "left", "right"),
        *_words("gold", null=True),
        *_words("why"),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("retired", sa.Boolean(), nullable=False),
        _id("made_by"),
        references={"season_id": "seasons", "made_by": "persons"},
        gold=f"gold {A_CHOICE}",
        times="times in (1, 2)",
        measures="gold is not null or times = 2",
    )
    op.create_index(op.f("ix_calibration_items_season_id"), "calibration_items", ["season_id"])
    _row(
        "calibration_answers",
        _id("item_id"),
        _id("judge_id"),
        sa.Column("time", sa.Integer(), nullable=False),
        *_words("choice"),
        sa.Column("mirrored", sa.Boolean(), nullable=False),
        references={"item_id": "calibration_items", "judge_id": "persons"},
        choice=f"choice {A_CHOICE}",
        time="time in (1, 2)",
    )
    op.create_unique_constraint(
        op.f("uq_calibration_answers_item_id_judge_id_time"),
        "calibration_answers",
        ["item_id", "judge_id", "time"],
    )
    _row(
        "panel_verdicts",
        _id("ballot_id"),
        *_words("judge", "model"),
        sa.Column("weight", sa.Float(), nullable=False),
        *_words("choice", "abstains", null=True),
        sa.Column("said", JSONB(), nullable=False),
        references={"ballot_id": "ballots"},
        choice=f"choice {A_CHOICE}",
        abstains="(choice is null) = (abstains is not null)",
        abstention="abstains in ('flip','malformed','unreachable','unconfigured','off_air')",
    )
    op.create_unique_constraint(
        op.f("uq_panel_verdicts_ballot_id_judge"), "panel_verdicts", ["ballot_id", "judge"]
    )


def downgrade() -> None:
    for table in (
        "panel_verdicts",
        "calibration_answers",
        "calibration_items",
        "second_looks",
        "verdict_drafts",
        "conflicts_of_interest",
        "excusals",
    ):
        op.drop_table(table)
    for column in ("look", "mirrored", "scores"):
        op.drop_column("verdicts", column)
