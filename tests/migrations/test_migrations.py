"""Models and migrations say the same, and every step can be taken back."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from arena.kit.db import Base, alembic_config, migrate
from tests.support.services import Services

# Everything that Alembic's own comparison looks at, and what it does not: checks, partial and expression indexes,
# sequences, the hand-written triggers.
COLUMNS = """
    select table_name, column_name, data_type, is_nullable, column_default, is_identity
    from information_schema.columns where table_schema = 'public' order by 1, 2
"""
CONSTRAINTS = """
    select conrelid::regclass::text, conname, pg_get_constraintdef(oid)
    from pg_constraint where connamespace = 'public'::regnamespace order by 1, 2
"""
INDEXES = "select tablename, indexname, indexdef from pg_indexes where schemaname = 'public' order by 1, 2"
SEQUENCES = "select sequencename from pg_sequences where schemaname = 'public' order by 1"
TRIGGERS = "select tgrelid::regclass::text, tgname from pg_trigger where not tgisinternal order by 1, 2"
FUNCTIONS = "select proname from pg_proc where pronamespace = 'public'::regnamespace order by 1"
MODELLED = (COLUMNS, CONSTRAINTS, INDEXES, SEQUENCES)
A_CANDIDATE = (
    "insert into seasons (id, name, rules, rules_digest) values (gen_random_uuid(), 'One', '{}', '')",
    "insert into persons (id, email, display_name, roles) values (gen_random_uuid(), 'a@b.c', 'Ada', '[]')",
    "insert into entries (id, season_id, owner_id, name, skeleton, kind) "
    "select gen_random_uuid(), seasons.id, persons.id, 'Preferences', 'preferences', 'candidate' from seasons, persons",
)
ROOT = Path(__file__).parents[2]
Rows = list[tuple[object, ...]]


def described(url: str, queries: tuple[str, ...]) -> list[Rows]:
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        found = [[tuple(row) for row in connection.execute(text(query))] for query in queries]
    return [[row for row in rows if "alembic_version" not in str(row[0])] for rows in found]


@pytest.fixture
def empty(services: Services) -> Iterator[str]:
    with services.database("template0") as url:
        yield url


def test_alembic_finds_nothing_to_write(database_url: str) -> None:
    command.check(alembic_config(database_url))


def test_the_models_alone_make_the_same_tables(database_url: str, empty: str) -> None:
    engine = create_engine(empty, poolclass=NullPool)
    Base.metadata.create_all(engine)
    for migrated, modelled in zip(described(database_url, MODELLED), described(empty, MODELLED), strict=True):
        assert migrated == modelled


def test_every_step_can_be_taken_back_and_again(database_url: str) -> None:
    everything = (*MODELLED, TRIGGERS, FUNCTIONS)
    before = described(database_url, everything)
    assert all(before)
    command.downgrade(alembic_config(database_url), "base")
    assert not any(described(database_url, everything)), "something was left behind"
    migrate(database_url)
    assert described(database_url, everything) == before


def test_a_release_that_knows_no_candidates_is_not_gone_back_to_once_there_is_one(database_url: str) -> None:
    """It is said before anything is taken away."""
    everything = (*MODELLED, TRIGGERS, FUNCTIONS)
    before = described(database_url, everything)
    engine = create_engine(database_url, poolclass=NullPool)
    with engine.begin() as connection:
        for statement in A_CANDIDATE:
            connection.execute(text(statement))
    with pytest.raises(DBAPIError, match="there are candidates"):
        command.downgrade(alembic_config(database_url), "0021")
    assert described(database_url, everything) == before


def test_two_that_start_together_migrate_one_after_the_other(empty: str) -> None:
    """As two portals of one site do. In processes, because Alembic keeps its state in the module."""
    program = "import sys; from arena.kit.db import migrate; migrate(sys.argv[1])"
    both = [subprocess.Popen([sys.executable, "-c", program, empty], cwd=ROOT) for _ in range(2)]
    assert [one.wait(60) for one in both] == [0, 0]
    kept = (
        "moderation_lists",
        "moderation_records",
        "pairings",
        "preference_sets",
        "program_decisions",
        "rating_snapshots",
        "score_decisions",
        "show_events",
        "training_decisions",
        "vote_checkpoints",
        "vote_corrections",
        "votes",
        "votes_1",
    )
    assert described(empty, (TRIGGERS,)) == [[(table, "append_only") for table in kept]]
