"""data sets, system prompts and full models can be entered

Revision: 0006, after: 0005
Written as if the show were on air: short locks, no rewrites, destructive changes in two releases.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def _kinds(kinds: str) -> None:
    op.execute("alter table submissions drop constraint ck_submissions_artifact")
    op.execute(
        f"alter table submissions add constraint ck_submissions_artifact check (artifact in ({kinds})) not valid"
    )
    op.execute("alter table submissions validate constraint ck_submissions_artifact")


def upgrade() -> None:
    _kinds("'adapter','dataset','prompt','model'")
    op.add_column("answers", sa.Column("system_digest", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("answers", "system_digest")
    _kinds("'adapter'")
