"""a line of the ledger is not looked up in `ballots`

Revision: 0030, after: 0029
Written as if the show were on air: short locks, no rewrites, destructive changes in two releases.
"""

from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_constraint(op.f("fk_votes_ballot_id"), "votes", type_="foreignkey")


def downgrade() -> None:
    op.execute(
        "alter table votes add constraint fk_votes_ballot_id foreign key (ballot_id) references ballots (id) not valid"
    )
    op.execute("alter table votes validate constraint fk_votes_ballot_id")
