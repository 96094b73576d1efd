"""the gateway: why a completion can never be answered

Revision: 0014, after: 0013
Written as if the show were on air: short locks, no rewrites, destructive changes in two releases.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("completions", sa.Column("code", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("completions", "code")
