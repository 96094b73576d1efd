"""nodes that join, leases that know their adapters, attempts at duels

Revision: 0012, after: 0011
Written as if the show were on air: short locks, no rewrites, destructive changes in two releases.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

JSON = postgresql.JSONB(astext_type=sa.Text())


def upgrade() -> None:
    op.add_column("jobs", sa.Column("asks", JSON, nullable=True))
    op.add_column("nodes", sa.Column("draining", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("nodes", sa.Column("salt", sa.String(), nullable=True))
    op.add_column("nodes", sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("leases", sa.Column("adapters", JSON, server_default=sa.text("'[]'"), nullable=False))
    op.create_unique_constraint(op.f("uq_leases_job_id_fence"), "leases", ["job_id", "fence"])
    op.add_column("duels", sa.Column("forfeit", sa.String(), nullable=True))
    op.create_check_constraint(op.f("ck_duels_forfeit"), "duels", "forfeit in ('left','right')")
    op.create_check_constraint(
        op.f("ck_duels_forfeit_failed"), "duels", "forfeit is null or state = 'failed'"
    )
    op.create_table(
        "node_invitations",
        sa.Column("node_id", sa.Uuid(), nullable=True),
        sa.Column("token_sha256", sa.String(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("used_by", sa.Uuid(), nullable=True),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["created_by"], ["persons.id"], name=op.f("fk_node_invitations_created_by")),
        sa.ForeignKeyConstraint(["node_id"], ["nodes.id"], name=op.f("fk_node_invitations_node_id")),
        sa.ForeignKeyConstraint(["used_by"], ["persons.id"], name=op.f("fk_node_invitations_used_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_node_invitations")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_node_invitations_token_sha256")),
    )
    op.create_table(
        "duel_attempts",
        sa.Column("duel_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("node_id", sa.Uuid(), nullable=False),
        sa.Column(
            "started_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("left", sa.String(), nullable=True),
        sa.Column("right", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            '(ended_at is null) = ("left" is null and "right" is null)', name=op.f("ck_duel_attempts_ended")
        ),
        sa.ForeignKeyConstraint(["duel_id"], ["duels.id"], name=op.f("fk_duel_attempts_duel_id")),
        sa.ForeignKeyConstraint(["node_id"], ["nodes.id"], name=op.f("fk_duel_attempts_node_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duel_attempts")),
        sa.UniqueConstraint("duel_id", "number", name=op.f("uq_duel_attempts_duel_id_number")),
    )


def downgrade() -> None:
    op.drop_table("duel_attempts")
    op.drop_table("node_invitations")
    op.drop_constraint(op.f("ck_duels_forfeit_failed"), "duels")
    op.drop_constraint(op.f("ck_duels_forfeit"), "duels")
    op.drop_column("duels", "forfeit")
    op.drop_constraint(op.f("uq_leases_job_id_fence"), "leases")
    op.drop_column("leases", "adapters")
    op.drop_column("nodes", "removed_at")
    op.drop_column("nodes", "salt")
    op.drop_column("nodes", "draining")
    op.drop_column("jobs", "asks")
