"""preference sets, and entries that are candidates

Revision: 0022, after: 0021
Written as if the show were on air: short locks, no rewrites, destructive changes in two releases.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def _entries_check(name: str, condition: str) -> None:
    """Checked against the rows that are there under a lock that lets writers through."""
    op.drop_constraint(name, "entries", type_="check")
    op.execute(f"alter table entries add constraint ck_entries_{name} check ({condition}) not valid")
    op.execute(f"alter table entries validate constraint ck_entries_{name}")


def upgrade() -> None:
    _entries_check("kind", "kind in ('contestant','house','candidate')")
    _entries_check("house_has_no_team", "kind = 'contestant' or team_id is null")
    op.create_table(
        "preference_sets",
        sa.Column("season_id", sa.Uuid(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("rules_digest", sa.String(), nullable=False),
        sa.Column("asked", JSONB(none_as_null=True), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("pairs", JSONB(), nullable=False),
        sa.Column("left_out", JSONB(), nullable=False),
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.CheckConstraint("rows > 0 and size_bytes > 0", name=op.f("ck_preference_sets_not_empty")),
        sa.ForeignKeyConstraint(["made_by"], ["persons.id"], name=op.f("fk_preference_sets_made_by")),
        sa.ForeignKeyConstraint(["season_id"], ["seasons.id"], name=op.f("fk_preference_sets_season_id")),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submissions.id"], name=op.f("fk_preference_sets_submission_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_preference_sets")),
        sa.UniqueConstraint("season_id", "digest", name=op.f("uq_preference_sets_season_id_digest")),
    )
    op.execute(
        "create trigger append_only before update or delete or truncate on preference_sets "
        "for each statement execute function refuse_change()"
    )


def downgrade() -> None:
    # A candidate was trained and its training decided by somebody, and neither is ever deleted.
    op.execute(
        "do $$ begin if exists (select from entries where kind = 'candidate') then "
        "raise exception 'there are candidates, which producers made of preference sets, and the earlier release has no "
        "place for them'; end if; end $$"
    )
    op.drop_table("preference_sets")
    _entries_check("house_has_no_team", "kind <> 'house' or team_id is null")
    _entries_check("kind", "kind in ('contestant','house')")
