"""names that look alike, the version that competes, withdrawn versions

Revision: 0005, after: 0004
Written as if the show were on air: short locks, no rewrites, destructive changes in two releases.
"""

import sqlalchemy as sa
from alembic import op

from arena.moderation.names import skeleton

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

STATES = "'uploading','received','verified','refused','benchmarking','ready','failed','cancelled'"
REACHED = "coalesce(withdrawn_from, state)"


def _swap(name: str, condition: str) -> None:
    op.execute(f"alter table submissions drop constraint ck_submissions_{name}")
    op.execute(f"alter table submissions add constraint ck_submissions_{name} check ({condition}) not valid")
    op.execute(f"alter table submissions validate constraint ck_submissions_{name}")


def upgrade() -> None:
    op.add_column("entries", sa.Column("skeleton", sa.String(), nullable=True))
    _fill_skeletons()
    op.alter_column("entries", "skeleton", nullable=False)
    op.create_index("uq_entries_skeleton", "entries", ["season_id", "skeleton"], unique=True)
    op.drop_index("uq_entries_name", table_name="entries")

    op.add_column("submissions", sa.Column("chosen", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.alter_column("submissions", "chosen", server_default=None)
    op.create_index(
        "uq_submissions_chosen", "submissions", ["entry_id"], unique=True, postgresql_where="chosen"
    )
    op.create_check_constraint("chosen_is_ready", "submissions", "chosen <= (state = 'ready')")

    op.add_column("submissions", sa.Column("withdrawn_from", sa.String(), nullable=True))
    op.create_check_constraint(
        "withdrawn",
        "submissions",
        "(state = 'withdrawn') = (coalesce(withdrawn_from, 'uploading') <> 'uploading')",
    )
    _swap("state", f"{REACHED} in ({STATES})")
    _swap("verified_digest", f"({REACHED} in ('verified','benchmarking','ready')) <= (digest is not null)")
    _swap("refusal", f"({REACHED} in ('refused','failed','cancelled')) = (refusal is not null)")


def _fill_skeletons() -> None:
    """Of older names that look alike the first has the skeleton, and the others one that no name has."""
    connection = op.get_bind()
    rows = connection.execute(sa.text("select id, season_id, name from entries order by created_at")).all()
    seen = set()
    for id, season_id, name in rows:
        form = skeleton(name)
        if (season_id, form) in seen:
            form = f"{form} {id}"
        seen.add((season_id, form))
        connection.execute(
            sa.text("update entries set skeleton = :form where id = :id"), {"form": form, "id": id}
        )


def downgrade() -> None:
    # The older form does not know the wish; what was withdrawn is back.
    op.execute(
        "update submissions set state = withdrawn_from, withdrawn_from = null where state = 'withdrawn'"
    )
    op.drop_constraint("withdrawn", "submissions", type_="check")
    _swap("state", f"state in ({STATES})")
    _swap("verified_digest", "(state in ('verified','benchmarking','ready')) <= (digest is not null)")
    _swap("refusal", "(state in ('refused','failed','cancelled')) = (refusal is not null)")
    op.drop_column("submissions", "withdrawn_from")

    op.drop_constraint("chosen_is_ready", "submissions", type_="check")
    op.drop_index("uq_submissions_chosen", table_name="submissions")
    op.drop_column("submissions", "chosen")

    op.create_index("uq_entries_name", "entries", ["season_id", sa.text("lower(name)")], unique=True)
    op.drop_index("uq_entries_skeleton", table_name="entries")
    op.drop_column("entries", "skeleton")
