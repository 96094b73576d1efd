"""data sets, system prompts and full models can be entered

Revision: 0006, after: 0005
Written as if the show were on air: short locks, no rewrites, destructive changes in two releases.
"""

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


def downgrade() -> None:
    _kinds("'adapter'")
