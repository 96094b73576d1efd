"""first tables

Revision: 0001, after:
Written as if the show were on air: short locks, no rewrites, destructive changes in two releases.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

APPEND_ONLY = ("votes", "show_events")


def upgrade() -> None:
    op.execute("create sequence vote_numbers")
    op.create_table(
        "adapter_fingerprints",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("engine_build", sa.String(), nullable=False),
        sa.Column("hardware_class", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_adapter_fingerprints")),
        sa.UniqueConstraint(
            "digest",
            "engine_build",
            "hardware_class",
            name=op.f("uq_adapter_fingerprints_digest_engine_build_hardware_class"),
        ),
    )
    op.create_table(
        "jobs",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("queue", sa.String(), nullable=False),
        sa.Column("subject", sa.UUID(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("max_attempts", sa.Integer(), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("waiting_for", sa.String(), nullable=True),
        sa.Column(
            "run_after",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("deadline", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("progress", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(state = 'running') = (lease_until is not null)", name=op.f("ck_jobs_running_has_lease")
        ),
        sa.CheckConstraint(
            "(state = 'running') = (owner is not null)", name=op.f("ck_jobs_running_has_owner")
        ),
        sa.CheckConstraint("state in ('running','done') or reason is not null", name=op.f("ck_jobs_reason")),
        sa.CheckConstraint(
            "state in ('queued','running') or ended_at is not null", name=op.f("ck_jobs_ended")
        ),
        sa.CheckConstraint(
            "state in ('queued','running','done','failed','poisoned')", name=op.f("ck_jobs_state")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
    )
    op.create_index(
        "ix_jobs_open",
        "jobs",
        ["state", "run_after"],
        unique=False,
        postgresql_where="state in ('queued','running')",
    )
    op.create_index(op.f("ix_jobs_subject"), "jobs", ["subject"], unique=False)
    op.create_table(
        "nodes",
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("health", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_nodes")),
        sa.UniqueConstraint("url", name=op.f("uq_nodes_url")),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
    )
    op.create_table(
        "persons",
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("display_name", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=True),
        sa.Column("roles", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_persons")),
    )
    op.create_index("uq_persons_email", "persons", [sa.literal_column("lower(email)")], unique=True)
    op.create_table(
        "seasons",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("rules", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("rules_digest", sa.String(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seasons")),
    )
    op.create_table(
        "api_tokens",
        sa.Column("person_id", sa.UUID(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("token_sha256", sa.String(), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["persons.id"], name=op.f("fk_api_tokens_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_tokens")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_api_tokens_token_sha256")),
    )
    op.create_index(op.f("ix_api_tokens_person_id"), "api_tokens", ["person_id"], unique=False)
    op.create_table(
        "boards",
        sa.Column("season_id", sa.UUID(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("frozen", sa.Boolean(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "computed_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["season_id"], ["seasons.id"], name=op.f("fk_boards_season_id")),
        sa.PrimaryKeyConstraint("season_id", name=op.f("pk_boards")),
    )
    op.create_table(
        "entries",
        sa.Column("season_id", sa.UUID(), nullable=False),
        sa.Column("owner_id", sa.UUID(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(kind = 'house') = (owner_id is null)", name=op.f("ck_entries_house_has_no_owner")
        ),
        sa.CheckConstraint("kind in ('contestant','house')", name=op.f("ck_entries_kind")),
        sa.ForeignKeyConstraint(["owner_id"], ["persons.id"], name=op.f("fk_entries_owner_id")),
        sa.ForeignKeyConstraint(["season_id"], ["seasons.id"], name=op.f("fk_entries_season_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entries")),
    )
    op.create_index(op.f("ix_entries_owner_id"), "entries", ["owner_id"], unique=False)
    op.create_index(op.f("ix_entries_season_id"), "entries", ["season_id"], unique=False)
    op.create_index(
        "uq_entries_name", "entries", ["season_id", sa.literal_column("lower(name)")], unique=True
    )
    op.create_index(
        "uq_entries_house", "entries", ["season_id"], unique=True, postgresql_where="kind = 'house'"
    )
    op.create_table(
        "episodes",
        sa.Column("season_id", sa.UUID(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.CheckConstraint("state in ('planned','live','finished')", name=op.f("ck_episodes_state")),
        sa.ForeignKeyConstraint(["season_id"], ["seasons.id"], name=op.f("fk_episodes_season_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_episodes")),
        sa.UniqueConstraint("code", name=op.f("uq_episodes_code")),
        sa.UniqueConstraint("season_id", "number", name=op.f("uq_episodes_season_id_number")),
    )
    op.create_index(op.f("ix_episodes_season_id"), "episodes", ["season_id"], unique=False)
    op.create_table(
        "invitations",
        sa.Column("token_sha256", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.UUID(), nullable=True),
        sa.Column("used_by", sa.UUID(), nullable=True),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["created_by"], ["persons.id"], name=op.f("fk_invitations_created_by")),
        sa.ForeignKeyConstraint(["used_by"], ["persons.id"], name=op.f("fk_invitations_used_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitations")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_invitations_token_sha256")),
    )
    op.create_table(
        "leases",
        sa.Column("node_id", sa.UUID(), nullable=False),
        sa.Column("job_id", sa.UUID(), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column(
            "taken_at",
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
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_leases_job_id")),
        sa.ForeignKeyConstraint(["node_id"], ["nodes.id"], name=op.f("fk_leases_node_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_leases")),
    )
    op.create_index("ix_leases_node_id_taken_at", "leases", ["node_id", "taken_at"], unique=False)
    op.create_table(
        "rating_snapshots",
        sa.Column("season_id", sa.UUID(), nullable=False),
        sa.Column("rules_digest", sa.String(), nullable=False),
        sa.Column("duels", sa.Integer(), nullable=False),
        sa.Column("close_call", sa.Boolean(), nullable=False),
        sa.Column("rows", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["season_id"], ["seasons.id"], name=op.f("fk_rating_snapshots_season_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rating_snapshots")),
    )
    op.create_index(
        "ix_rating_snapshots_newest", "rating_snapshots", ["season_id", "created_at"], unique=False
    )
    op.create_table(
        "sessions",
        sa.Column("token_sha256", sa.String(), nullable=False),
        sa.Column("person_id", sa.UUID(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["persons.id"], name=op.f("fk_sessions_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_sha256", name=op.f("pk_sessions")),
    )
    op.create_index(op.f("ix_sessions_person_id"), "sessions", ["person_id"], unique=False)
    op.create_table(
        "duels",
        sa.Column("episode_id", sa.UUID(), nullable=False),
        sa.Column("season_id", sa.UUID(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("prompt", sa.String(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("sampling", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("node", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("revealed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "state in ('queued','loading','live','answered','failed')", name=op.f("ck_duels_state")
        ),
        sa.ForeignKeyConstraint(["episode_id"], ["episodes.id"], name=op.f("fk_duels_episode_id")),
        sa.ForeignKeyConstraint(["season_id"], ["seasons.id"], name=op.f("fk_duels_season_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duels")),
        sa.UniqueConstraint("episode_id", "number", name=op.f("uq_duels_episode_id_number")),
    )
    op.create_index(op.f("ix_duels_episode_id"), "duels", ["episode_id"], unique=False)
    op.create_index(op.f("ix_duels_season_id"), "duels", ["season_id"], unique=False)
    op.create_index(
        "uq_duels_under_way",
        "duels",
        ["episode_id"],
        unique=True,
        postgresql_where="state in ('queued','loading','live')",
    )
    op.create_table(
        "show_events",
        sa.Column("episode_id", sa.UUID(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("command", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("by", sa.UUID(), nullable=True),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.ForeignKeyConstraint(["by"], ["persons.id"], name=op.f("fk_show_events_by")),
        sa.ForeignKeyConstraint(["episode_id"], ["episodes.id"], name=op.f("fk_show_events_episode_id")),
        sa.PrimaryKeyConstraint("episode_id", "version", name=op.f("pk_show_events")),
        sa.UniqueConstraint("episode_id", "key", name=op.f("uq_show_events_episode_id_key")),
    )
    op.create_table(
        "submissions",
        sa.Column("entry_id", sa.UUID(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("weights_sha256", sa.String(), nullable=True),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("checks", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("refusal", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("digest", sa.String(), nullable=True),
        sa.Column("rank", sa.Integer(), nullable=True),
        sa.Column("modules", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(state in ('refused','failed')) = (refusal is not null)", name=op.f("ck_submissions_refusal")
        ),
        sa.CheckConstraint(
            "(state in ('verified','benchmarking','ready')) <= (digest is not null)",
            name=op.f("ck_submissions_verified_digest"),
        ),
        sa.CheckConstraint(
            "state in ('received','verified','refused','benchmarking','ready','failed')",
            name=op.f("ck_submissions_state"),
        ),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"], name=op.f("fk_submissions_entry_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_submissions")),
        sa.UniqueConstraint("entry_id", "version", name=op.f("uq_submissions_entry_id_version")),
    )
    op.create_index(op.f("ix_submissions_digest"), "submissions", ["digest"], unique=False)
    op.create_index(op.f("ix_submissions_entry_id"), "submissions", ["entry_id"], unique=False)
    op.create_table(
        "answers",
        sa.Column("duel_id", sa.UUID(), nullable=False),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("entry_id", sa.UUID(), nullable=False),
        sa.Column("submission_id", sa.UUID(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("tokens", sa.Integer(), nullable=False),
        sa.Column("finish_reason", sa.String(), nullable=True),
        sa.Column("provenance", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("provenance_hash", sa.String(), nullable=True),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.CheckConstraint("side in ('left','right')", name=op.f("ck_answers_side")),
        sa.ForeignKeyConstraint(["duel_id"], ["duels.id"], name=op.f("fk_answers_duel_id")),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"], name=op.f("fk_answers_entry_id")),
        sa.ForeignKeyConstraint(["submission_id"], ["submissions.id"], name=op.f("fk_answers_submission_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answers")),
        sa.UniqueConstraint("duel_id", "side", name=op.f("uq_answers_duel_id_side")),
    )
    op.create_table(
        "ballots",
        sa.Column("duel_id", sa.UUID(), nullable=False),
        sa.Column("episode_id", sa.UUID(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("locks_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("locked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("salt", sa.String(), nullable=False),
        sa.Column("root", sa.String(), nullable=True),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(state = 'locked') = (root is not null)", name=op.f("ck_ballots_locked_has_root")
        ),
        sa.CheckConstraint("state in ('open','locked')", name=op.f("ck_ballots_state")),
        sa.CheckConstraint("closes_at > opens_at and locks_at >= closes_at", name=op.f("ck_ballots_window")),
        sa.ForeignKeyConstraint(["duel_id"], ["duels.id"], name=op.f("fk_ballots_duel_id")),
        sa.ForeignKeyConstraint(["episode_id"], ["episodes.id"], name=op.f("fk_ballots_episode_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ballots")),
        sa.UniqueConstraint("duel_id", name=op.f("uq_ballots_duel_id")),
    )
    op.create_index(op.f("ix_ballots_episode_id"), "ballots", ["episode_id"], unique=False)
    op.create_index(
        "uq_ballots_open", "ballots", ["episode_id"], unique=True, postgresql_where="state = 'open'"
    )
    op.create_table(
        "benchmark_runs",
        sa.Column("submission_id", sa.UUID(), nullable=False),
        sa.Column("suite", sa.String(), nullable=False),
        sa.Column("suite_digest", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("node", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("tasks", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("lm_eval_version", sa.String(), nullable=True),
        sa.Column("items_digest", sa.String(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.CheckConstraint("state in ('running','done','failed')", name=op.f("ck_benchmark_runs_state")),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submissions.id"], name=op.f("fk_benchmark_runs_submission_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_benchmark_runs")),
    )
    op.create_index(
        op.f("ix_benchmark_runs_submission_id"), "benchmark_runs", ["submission_id"], unique=False
    )
    op.create_index(
        "uq_benchmark_runs_open",
        "benchmark_runs",
        ["submission_id", "suite"],
        unique=True,
        postgresql_where="state = 'running'",
    )
    op.create_table(
        "answer_tokens",
        sa.Column("answer_id", sa.UUID(), nullable=False),
        sa.Column("index", sa.Integer(), nullable=False),
        sa.Column("token_id", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["answer_id"], ["answers.id"], name=op.f("fk_answer_tokens_answer_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("answer_id", "index", name=op.f("pk_answer_tokens")),
    )
    op.create_table(
        "benchmark_samples",
        sa.Column("run_id", sa.UUID(), nullable=False),
        sa.Column("task", sa.String(), nullable=False),
        sa.Column("index", sa.BigInteger(), nullable=False),
        sa.Column("question", sa.String(), nullable=False),
        sa.Column("expected", sa.String(), nullable=False),
        sa.Column("answer", sa.String(), nullable=False),
        sa.Column("correct", sa.Boolean(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["run_id"], ["benchmark_runs.id"], name=op.f("fk_benchmark_samples_run_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_benchmark_samples")),
        sa.UniqueConstraint("run_id", "task", "index", name=op.f("uq_benchmark_samples_run_id_task_index")),
    )
    op.create_table(
        "verdicts",
        sa.Column("ballot_id", sa.UUID(), nullable=False),
        sa.Column("judge_id", sa.UUID(), nullable=False),
        sa.Column("choice", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.CheckConstraint("choice in ('left','right','tie','both_bad')", name=op.f("ck_verdicts_choice")),
        sa.ForeignKeyConstraint(["ballot_id"], ["ballots.id"], name=op.f("fk_verdicts_ballot_id")),
        sa.ForeignKeyConstraint(["judge_id"], ["persons.id"], name=op.f("fk_verdicts_judge_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verdicts")),
        sa.UniqueConstraint("ballot_id", "judge_id", name=op.f("uq_verdicts_ballot_id_judge_id")),
    )
    op.create_table(
        "votes",
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("ballot_id", sa.UUID(), nullable=False),
        sa.Column("voter", sa.String(), nullable=False),
        sa.Column("choice", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("nonce", sa.String(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("leaf", sa.String(), nullable=False),
        sa.CheckConstraint("choice in ('left','right','tie','both_bad')", name=op.f("ck_votes_choice")),
        sa.ForeignKeyConstraint(["ballot_id"], ["ballots.id"], name=op.f("fk_votes_ballot_id")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_votes")),
        sa.UniqueConstraint("ballot_id", "voter", name=op.f("uq_votes_ballot_id_voter")),
    )
    # A counted vote and a logged command are never changed or deleted, whoever asks.
    op.execute(
        """
        create function refuse_change() returns trigger language plpgsql as $$
        begin
            raise exception 'rows of % are never changed or deleted', tg_table_name using errcode = 'restrict_violation';
        end $$
        """
    )
    for table in APPEND_ONLY:
        op.execute(
            f"create trigger append_only before update or delete or truncate on {table} "
            "for each statement execute function refuse_change()"
        )


def downgrade() -> None:
    for table in APPEND_ONLY:
        op.execute(f"drop trigger append_only on {table}")
    op.execute("drop function refuse_change()")
    op.drop_table("votes")
    op.drop_table("verdicts")
    op.drop_table("benchmark_samples")
    op.drop_table("answer_tokens")
    op.drop_index("uq_benchmark_runs_open", table_name="benchmark_runs", postgresql_where="state = 'running'")
    op.drop_index(op.f("ix_benchmark_runs_submission_id"), table_name="benchmark_runs")
    op.drop_table("benchmark_runs")
    op.drop_index("uq_ballots_open", table_name="ballots", postgresql_where="state = 'open'")
    op.drop_index(op.f("ix_ballots_episode_id"), table_name="ballots")
    op.drop_table("ballots")
    op.drop_table("answers")
    op.drop_index(op.f("ix_submissions_entry_id"), table_name="submissions")
    op.drop_index(op.f("ix_submissions_digest"), table_name="submissions")
    op.drop_table("submissions")
    op.drop_table("show_events")
    op.drop_index(
        "uq_duels_under_way", table_name="duels", postgresql_where="state in ('queued','loading','live')"
    )
    op.drop_index(op.f("ix_duels_season_id"), table_name="duels")
    op.drop_index(op.f("ix_duels_episode_id"), table_name="duels")
    op.drop_table("duels")
    op.drop_index(op.f("ix_sessions_person_id"), table_name="sessions")
    op.drop_table("sessions")
    op.drop_index("ix_rating_snapshots_newest", table_name="rating_snapshots")
    op.drop_table("rating_snapshots")
    op.drop_index("ix_leases_node_id_taken_at", table_name="leases")
    op.drop_table("leases")
    op.drop_table("invitations")
    op.drop_index(op.f("ix_episodes_season_id"), table_name="episodes")
    op.drop_table("episodes")
    op.drop_index("uq_entries_name", table_name="entries")
    op.drop_index("uq_entries_house", table_name="entries", postgresql_where="kind = 'house'")
    op.drop_index(op.f("ix_entries_season_id"), table_name="entries")
    op.drop_index(op.f("ix_entries_owner_id"), table_name="entries")
    op.drop_table("entries")
    op.drop_table("boards")
    op.drop_index(op.f("ix_api_tokens_person_id"), table_name="api_tokens")
    op.drop_table("api_tokens")
    op.drop_table("seasons")
    op.drop_index("uq_persons_email", table_name="persons")
    op.drop_table("persons")
    op.drop_table("outbox")
    op.drop_table("nodes")
    op.drop_index(op.f("ix_jobs_subject"), table_name="jobs")
    op.drop_index("ix_jobs_open", table_name="jobs", postgresql_where="state in ('queued','running')")
    op.drop_table("jobs")
    op.drop_table("adapter_fingerprints")
    op.execute("drop sequence vote_numbers")
