"""a board that is closed, and opened row by row

Revision: 0029, after: 0028
Written as if the show were on air: short locks, no rewrites, destructive changes in two releases.
"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("boards", sa.Column("closed_at", sa.DateTime(timezone=True)))
    op.add_column("boards", sa.Column("staging", sa.String()))
    op.add_column("boards", sa.Column("revealed", sa.Integer(), server_default="0", nullable=False))
    for name, rule in CHECKS.items():
        op.create_check_constraint(op.f(f"ck_boards_{name}"), "boards", rule)


def downgrade() -> None:
    for name in CHECKS:
        op.drop_constraint(op.f(f"ck_boards_{name}"), "boards", type_="check")
    for column in ("revealed", "staging", "closed_at"):
        op.drop_column("boards", column)


CHECKS = {
    "staging": "staging in ('one_by_one','top_three')",
    "staged_while_closed": "staging is null or closed_at is not null",
    "revealed": "(staging is null) = (revealed = 0)",
    "closed_not_frozen": "closed_at is null or not frozen",
}
