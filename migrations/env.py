"""Alembic's door to the database. Every model is imported here, so that autogenerate sees all tables."""

import os

from alembic import context
from sqlalchemy import create_engine, pool, text

import arena.accounts.models
import arena.benchmarks.models
import arena.duels.models
import arena.exports.models
import arena.gateway.models
import arena.kit.jobs.models
import arena.leaderboard.models
import arena.nodes.models
import arena.practice.models
import arena.preferences.models
import arena.ratings.models
import arena.rundown.models
import arena.shows.models
import arena.submissions.models
import arena.teams.models
import arena.training.models
import arena.votes.models
import arena.vouchers.models  # noqa: F401
from arena.kit.db import Base


def run() -> None:
    url = context.config.attributes.get("url") or os.environ["GAVEL_DATABASE_URL"]
    engine = create_engine(url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        # Two portals starting together migrate one after the other; a lock held by live traffic is not waited for.
        connection.execute(text("select pg_advisory_lock(728271)"))
        connection.execute(text("set lock_timeout = '5s'"))
        connection.commit()
        context.configure(connection=connection, target_metadata=Base.metadata, compare_type=True)
        with context.begin_transaction():
            context.run_migrations()
        connection.execute(text("select pg_advisory_unlock(728271)"))
        connection.commit()


run()
