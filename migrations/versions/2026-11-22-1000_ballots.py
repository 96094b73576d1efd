"""ballots with a life, the ledger of votes

Revision: 0025, after: 0022
Written as if the show were on air: short locks, no rewrites, destructive changes in two releases. The votes of earlier
releases have another form: they stay as they are, under the name `votes_1`, and their count moves to the ballot.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0025"
down_revision = "0022"
branch_labels = None
depends_on = None

WHEN = sa.DateTime(timezone=True)
APPEND_ONLY = ("votes", "vote_checkpoints", "vote_corrections")
STATES = "'draft','armed','open','closing','closed','counting','certified','published','void'"

# What a ballot of an earlier release would have been armed with: one channel, nobody changes a vote.
EARLIER_CONFIG = """
    update ballots set
        config_digest = repeat('0', 64),
        config = jsonb_build_object(
            'kind', 'duel', 'seconds', greatest(5, least(3600, extract(epoch from closes_at - opens_at)::int)),
            'options', '[{"id":"left"},{"id":"right"},{"id":"tie"},{"id":"both_bad"}]'::jsonb, 'max_changes', 0,
            'salt_commitment', encode(sha256(decode(salt, 'hex')), 'hex'), 'rules_digest', season.rules_digest
        ),
        size = (select count(*) from votes_1 where ballot_id = ballots.id),
        tally = jsonb_build_object(
            'counted', (select coalesce(jsonb_object_agg(choice, voters), '{}') from
                (select choice, count(*) voters from votes_1 where ballot_id = ballots.id group by choice) each),
            'flagged', '{}'::jsonb,
            'levels', jsonb_build_object('0', (select count(*) from votes_1 where ballot_id = ballots.id))
        )
    from episodes episode join seasons season on season.id = episode.season_id
    where episode.id = ballots.episode_id
"""
EARLIER_STATE = """
    update ballots set state = case
        when state = 'open' then 'void'
        when exists (select 1 from duels where duels.id = duel_id and revealed_at is not null) then 'published'
        else 'certified' end,
        reason = case when state = 'open' then 'it was open while the site was brought to a newer release' end,
        tally = case when state = 'open' then null else tally end
"""


def _rename_not_nulls(table: str, old: str, new: str) -> None:
    """From PostgreSQL 18 on they have names, which the next table of the old name would be given a number for."""
    op.execute(
        "do $$ declare one record; begin for one in select conname from pg_constraint "
        f"where conrelid = '{table}'::regclass and contype = 'n' loop "
        f"execute format('alter table {table} rename constraint %I to %I', "
        f"one.conname, regexp_replace(one.conname, '{old}', '{new}')); end loop; end $$"
    )


def upgrade() -> None:
    op.rename_table("votes", "votes_1")
    op.execute("alter sequence votes_number_seq rename to votes_1_number_seq")
    for name in ("pk_votes", "uq_votes_ballot_id_voter", "ck_votes_choice", "fk_votes_ballot_id"):
        op.execute(f"alter table votes_1 rename constraint {name} to {name.replace('votes', 'votes_1', 1)}")
    _rename_not_nulls("votes_1", "^votes_", "votes_1_")

    op.drop_constraint("state", "ballots", type_="check")
    op.drop_constraint("locked_has_root", "ballots", type_="check")
    op.drop_constraint("uq_ballots_duel_id", "ballots", type_="unique")
    op.drop_index("uq_ballots_open", "ballots")
    for column in (
        sa.Column("kind", sa.String(), nullable=False, server_default="duel"),
        sa.Column("config", JSONB(none_as_null=True), nullable=True),
        sa.Column("config_digest", sa.String()),
        sa.Column("size", sa.Integer()),
        sa.Column("tally", JSONB(none_as_null=True)),
        sa.Column("certificate", JSONB(none_as_null=True)),
        sa.Column("reason", sa.String()),
        sa.Column("alarm", JSONB(none_as_null=True)),
        sa.Column("shorten_by", sa.Uuid()),
        sa.Column("triggered_at", WHEN),
    ):
        op.add_column("ballots", column)
    op.create_foreign_key(op.f("fk_ballots_shorten_by"), "ballots", "persons", ["shorten_by"], ["id"])
    op.execute(EARLIER_CONFIG)
    op.execute(EARLIER_STATE)
    for column in ("duel_id", "opens_at", "closes_at", "locks_at"):
        op.alter_column("ballots", column, nullable=True)
    op.alter_column("ballots", "config", nullable=False)
    op.alter_column("ballots", "kind", server_default=None)
    for name, condition in {
        "kind": "kind in ('duel','question','surprise','prize')",
        "duel": "(kind = 'duel') = (duel_id is not null)",
        "state": f"state in ({STATES})",
        "counted": "state not in ('certified','published') or (root is not null and tally is not null)",
        "void": "(state = 'void') = (reason is not null)",
        "opened": "state in ('draft','armed','void') or opens_at is not null",
    }.items():
        op.create_check_constraint(op.f(f"ck_ballots_{name}"), "ballots", condition)
    op.create_index(
        "uq_ballots_duel", "ballots", ["duel_id"], unique=True, postgresql_where="state <> 'void'"
    )
    op.create_index(
        "uq_ballots_open",
        "ballots",
        ["episode_id", "kind"],
        unique=True,
        postgresql_where="state in ('open','closing')",
    )

    def of_ballot(table: str) -> list[sa.schema.SchemaItem]:
        return [
            sa.Column("ballot_id", sa.Uuid(), nullable=False),
            sa.ForeignKeyConstraint(["ballot_id"], ["ballots.id"], name=op.f(f"fk_{table}_ballot_id")),
        ]

    op.create_table(
        "votes",
        *of_ballot("votes"),
        sa.Column("shard", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("voter", sa.String(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("choice", sa.String(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("at", WHEN, nullable=False),
        sa.Column("nonce", sa.LargeBinary(), nullable=False),
        sa.Column("head", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("ballot_id", "shard", "seq", name=op.f("pk_votes")),
        sa.UniqueConstraint("ballot_id", "voter", "n", name=op.f("uq_votes_ballot_id_voter_n")),
    )
    op.create_table(
        "vote_shards",
        sa.Column("shard", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String()),
        sa.Column("address", sa.String()),
        sa.Column("since", WHEN, server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.PrimaryKeyConstraint("shard", name=op.f("pk_vote_shards")),
    )
    op.create_table(
        "ballot_shards",
        *of_ballot("ballot_shards"),
        sa.Column("shard", sa.Integer(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("voters", sa.Integer(), nullable=False),
        sa.Column("head", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("ballot_id", "shard", name=op.f("pk_ballot_shards")),
    )
    op.create_table(
        "vote_checkpoints",
        *of_ballot("vote_checkpoints"),
        sa.Column("shard", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("root", sa.String(), nullable=False),
        sa.Column("head", sa.String(), nullable=False),
        sa.Column("at", WHEN, nullable=False),
        sa.Column("signature", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("ballot_id", "shard", "size", name=op.f("pk_vote_checkpoints")),
    )
    op.create_table(
        "vote_corrections",
        *of_ballot("vote_corrections"),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("voter", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("by", sa.Uuid()),
        sa.Column("head", sa.String(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", WHEN, server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.CheckConstraint("kind in ('flag','clear')", name=op.f("ck_vote_corrections_kind")),
        sa.ForeignKeyConstraint(["by"], ["persons.id"], name=op.f("fk_vote_corrections_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vote_corrections")),
        sa.UniqueConstraint("ballot_id", "number", name=op.f("uq_vote_corrections_ballot_id_number")),
    )
    op.create_index(op.f("ix_vote_corrections_ballot_id"), "vote_corrections", ["ballot_id"])
    for table in APPEND_ONLY:
        op.execute(
            f"create trigger append_only before update or delete or truncate on {table} "
            "for each statement execute function refuse_change()"
        )


def downgrade() -> None:
    """Only while nothing has been voted on in the new form: an older release cannot read those votes."""
    op.execute(
        "do $$ begin if exists (select 1 from votes) or exists (select 1 from ballots where kind <> 'duel') then "
        "raise exception 'votes have been counted in a form that the older release cannot read; restore a backup from "
        "before instead'; end if; end $$"
    )
    for table in ("vote_corrections", "vote_checkpoints", "ballot_shards", "vote_shards", "votes"):
        op.drop_table(table)
    op.drop_index("uq_ballots_open", "ballots")
    op.drop_index("uq_ballots_duel", "ballots")
    for name in ("kind", "duel", "state", "counted", "void", "opened"):
        op.drop_constraint(op.f(f"ck_ballots_{name}"), "ballots", type_="check")
    op.execute(
        "delete from verdicts where ballot_id in (select id from ballots where state in ('draft','armed','void'))"
    )
    op.execute("delete from ballots where state in ('draft','armed','void')")
    op.execute("update ballots set state = case when root is null then 'open' else 'locked' end")
    for column in (
        "kind",
        "config",
        "config_digest",
        "size",
        "tally",
        "certificate",
        "reason",
        "alarm",
        "shorten_by",
        "triggered_at",
    ):
        op.drop_column("ballots", column)
    for column in ("duel_id", "opens_at", "closes_at", "locks_at"):
        op.alter_column("ballots", column, nullable=False)
    op.create_check_constraint(
        op.f("ck_ballots_locked_has_root"), "ballots", "(state = 'locked') = (root is not null)"
    )
    op.create_check_constraint(op.f("ck_ballots_state"), "ballots", "state in ('open','locked')")
    op.create_unique_constraint(op.f("uq_ballots_duel_id"), "ballots", ["duel_id"])
    op.create_index(
        "uq_ballots_open", "ballots", ["episode_id"], unique=True, postgresql_where="state = 'open'"
    )
    for name in ("pk_votes", "uq_votes_ballot_id_voter", "ck_votes_choice", "fk_votes_ballot_id"):
        op.execute(f"alter table votes_1 rename constraint {name.replace('votes', 'votes_1', 1)} to {name}")
    _rename_not_nulls("votes_1", "^votes_1_", "votes_")
    op.execute("alter sequence votes_1_number_seq rename to votes_number_seq")
    op.rename_table("votes_1", "votes")
