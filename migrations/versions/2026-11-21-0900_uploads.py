"""files of a submission arrive in parts

Revision: 0002, after: 0001
Written as if the show were on air: short locks, no rewrites, destructive changes in two releases.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STATES = "'received','verified','refused','benchmarking','ready','failed'"


def _swap(name: str, condition: str) -> None:
    op.execute(f"alter table submissions drop constraint ck_submissions_{name}")
    op.execute(f"alter table submissions add constraint ck_submissions_{name} check ({condition}) not valid")
    op.execute(f"alter table submissions validate constraint ck_submissions_{name}")


def upgrade() -> None:
    op.add_column("submissions", sa.Column("artifact", sa.String(), server_default="adapter", nullable=False))
    op.alter_column("submissions", "artifact", server_default=None)
    op.create_check_constraint("artifact", "submissions", "artifact in ('adapter')")
    _swap("state", f"state in ('uploading',{STATES},'cancelled')")
    _swap("refusal", "(state in ('refused','failed','cancelled')) = (refusal is not null)")
    op.drop_column("submissions", "weights_sha256")
    op.create_table(
        "uploads",
        sa.Column("submission_id", sa.UUID(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("writer", sa.Integer(), nullable=False),
        sa.Column(
            "touched_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.CheckConstraint("received between 0 and size", name=op.f("ck_uploads_received")),
        sa.ForeignKeyConstraint(["submission_id"], ["submissions.id"], name=op.f("fk_uploads_submission_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uploads")),
        sa.UniqueConstraint("submission_id", "name", name=op.f("uq_uploads_submission_id_name")),
    )
    op.create_table(
        "upload_parts",
        sa.Column("upload_id", sa.UUID(), nullable=False),
        sa.Column("begin", sa.BigInteger(), nullable=False),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["upload_id"], ["uploads.id"], name=op.f("fk_upload_parts_upload_id")),
        sa.PrimaryKeyConstraint("upload_id", "begin", name=op.f("pk_upload_parts")),
    )


def downgrade() -> None:
    op.drop_table("upload_parts")
    op.drop_table("uploads")
    op.add_column("submissions", sa.Column("weights_sha256", sa.String(), nullable=True))
    # What never arrived has no place in the older form.
    op.execute("delete from submissions where state in ('uploading','cancelled')")
    _swap("state", f"state in ({STATES})")
    _swap("refusal", "(state in ('refused','failed')) = (refusal is not null)")
    op.drop_column("submissions", "artifact")
