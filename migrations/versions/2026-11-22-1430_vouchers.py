"""what vouches for a phone: seat codes and addresses

Revision: 0031, after: 0030
Written as if the show were on air: short locks, no rewrites, destructive changes in two releases.
"""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

WHEN = sa.DateTime(timezone=True)


def _born() -> tuple[sa.Column[object], sa.Column[object]]:
    return (
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", WHEN, server_default=sa.text("clock_timestamp()"), nullable=False),
    )


def upgrade() -> None:
    op.create_table(
        "vouchers",
        sa.Column("episode_id", sa.Uuid(), nullable=False),
        sa.Column("voter", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("proof", sa.String(), nullable=False),
        sa.Column("revoked_at", WHEN),
        *_born(),
        sa.CheckConstraint("kind in ('seat','mail')", name=op.f("ck_vouchers_kind")),
        sa.ForeignKeyConstraint(["episode_id"], ["episodes.id"], name=op.f("fk_vouchers_episode_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vouchers")),
        sa.UniqueConstraint("episode_id", "kind", "proof", name=op.f("uq_vouchers_episode_id_kind_proof")),
    )
    op.create_index(
        "uq_vouchers_voter",
        "vouchers",
        ["episode_id", "voter"],
        unique=True,
        postgresql_where=sa.text("revoked_at is null"),
    )
    op.create_index(
        "ix_vouchers_revoked", "vouchers", ["episode_id"], postgresql_where=sa.text("revoked_at is not null")
    )
    op.create_table(
        "seat_sheets",
        sa.Column("episode_id", sa.Uuid(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        *_born(),
        sa.ForeignKeyConstraint(["episode_id"], ["episodes.id"], name=op.f("fk_seat_sheets_episode_id")),
        sa.ForeignKeyConstraint(["created_by"], ["persons.id"], name=op.f("fk_seat_sheets_created_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seat_sheets")),
    )
    op.create_index(op.f("ix_seat_sheets_episode_id"), "seat_sheets", ["episode_id"])
    op.create_table(
        "seats",
        sa.Column("sheet_id", sa.Uuid(), nullable=False),
        sa.Column("episode_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("voucher_id", sa.Uuid()),
        sa.Column("revoked_at", WHEN),
        *_born(),
        sa.ForeignKeyConstraint(["sheet_id"], ["seat_sheets.id"], name=op.f("fk_seats_sheet_id")),
        sa.ForeignKeyConstraint(["episode_id"], ["episodes.id"], name=op.f("fk_seats_episode_id")),
        sa.ForeignKeyConstraint(["voucher_id"], ["vouchers.id"], name=op.f("fk_seats_voucher_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seats")),
        sa.UniqueConstraint("episode_id", "number", name=op.f("uq_seats_episode_id_number")),
        sa.UniqueConstraint("episode_id", "code", name=op.f("uq_seats_episode_id_code")),
    )
    op.create_index(op.f("ix_seats_sheet_id"), "seats", ["sheet_id"])
    op.create_table(
        "mailings",
        sa.Column("episode_id", sa.Uuid(), nullable=False),
        sa.Column("voter", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("sent_at", WHEN, nullable=False),
        sa.Column("expires_at", WHEN, nullable=False),
        sa.ForeignKeyConstraint(["episode_id"], ["episodes.id"], name=op.f("fk_mailings_episode_id")),
        sa.PrimaryKeyConstraint("episode_id", "voter", name=op.f("pk_mailings")),
    )
    op.create_index(op.f("ix_mailings_expires_at"), "mailings", ["expires_at"])
    op.create_index("ix_mailings_episode_id_address", "mailings", ["episode_id", "address"])


def downgrade() -> None:
    for table in ("mailings", "seats", "seat_sheets", "vouchers"):
        op.drop_table(table)
