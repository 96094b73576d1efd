"""somebody whom the provider knows is a voter, too

Revision: 0032, after: 0031
Written as if the show were on air: short locks, no rewrites, destructive changes in two releases.
"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

VALID = sa.text("revoked_at is null")


def _kinds(allowed: str) -> None:
    op.drop_constraint(op.f("ck_vouchers_kind"), "vouchers", type_="check")
    op.create_check_constraint(op.f("ck_vouchers_kind"), "vouchers", f"kind in ({allowed})")


def upgrade() -> None:
    op.add_column("vouchers", sa.Column("level", sa.Integer(), server_default="2", nullable=False))
    _kinds("'seat','mail','oidc'")
    op.drop_index("uq_vouchers_voter", "vouchers")
    op.create_index(
        "uq_vouchers_voter",
        "vouchers",
        ["episode_id", "voter", "level"],
        unique=True,
        postgresql_where=VALID,
    )


def downgrade() -> None:
    op.execute("delete from vouchers where kind = 'oidc'")
    _kinds("'seat','mail'")
    op.drop_index("uq_vouchers_voter", "vouchers")
    op.create_index(
        "uq_vouchers_voter", "vouchers", ["episode_id", "voter"], unique=True, postgresql_where=VALID
    )
    op.drop_column("vouchers", "level")
