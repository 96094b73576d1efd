"""nobody is granted to change or delete lines of the ledger, the tables' owner neither

Revision: 0033, after: 0032
Written as if the show were on air: short locks, no rewrites, destructive changes in two releases.
"""

from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

LEDGER = "votes, vote_checkpoints, vote_corrections"


def upgrade() -> None:
    op.execute(f"revoke update, delete, truncate on {LEDGER} from public, current_user")


def downgrade() -> None:
    op.execute(f"grant update, delete, truncate on {LEDGER} to current_user")
