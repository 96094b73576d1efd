"""what cohorts are known by, and flags that two people set or set aside

Revision: 0028, after: 0027
Written as if the show were on air: short locks, no rewrites, destructive changes in two releases.
"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

WHEN = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "devices",
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("minted_at", WHEN, server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("network", sa.String(), nullable=False),
        sa.Column("agent", sa.String(), nullable=False),
        sa.Column("expires_at", WHEN, nullable=False),
        sa.PrimaryKeyConstraint("device", name=op.f("pk_devices")),
    )
    op.create_index(op.f("ix_devices_expires_at"), "devices", ["expires_at"])
    op.create_table(
        "correction_wishes",
        sa.Column("ballot_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("voter", sa.String()),
        sa.Column("rule", sa.String()),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("by", sa.Uuid(), nullable=False),
        sa.Column("agreed_by", sa.Uuid()),
        sa.Column("agreed_at", WHEN),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", WHEN, server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.CheckConstraint("kind in ('flag','clear')", name=op.f("ck_correction_wishes_kind")),
        sa.CheckConstraint("(voter is null) <> (rule is null)", name=op.f("ck_correction_wishes_whom")),
        sa.CheckConstraint("rule is null or kind = 'clear'", name=op.f("ck_correction_wishes_rule_clears")),
        sa.CheckConstraint("agreed_by <> by", name=op.f("ck_correction_wishes_two_people")),
        sa.CheckConstraint(
            "(agreed_by is null) = (agreed_at is null)", name=op.f("ck_correction_wishes_agreed")
        ),
        sa.ForeignKeyConstraint(["ballot_id"], ["ballots.id"], name=op.f("fk_correction_wishes_ballot_id")),
        sa.ForeignKeyConstraint(["by"], ["persons.id"], name=op.f("fk_correction_wishes_by")),
        sa.ForeignKeyConstraint(["agreed_by"], ["persons.id"], name=op.f("fk_correction_wishes_agreed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_correction_wishes")),
    )
    op.create_index(op.f("ix_correction_wishes_ballot_id"), "correction_wishes", ["ballot_id"])


def downgrade() -> None:
    op.drop_table("correction_wishes")
    op.drop_table("devices")
