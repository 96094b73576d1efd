"""Writing a fact into the transaction that made it true."""

from sqlalchemy.ext.asyncio import AsyncSession

from arena.kit.facts import Fact
from arena.kit.jobs.models import OutboxFact


def record(session: AsyncSession, fact: Fact) -> None:
    """The fact leaves if and only if the current transaction commits."""
    session.add(OutboxFact(name=type(fact).__name__, body=fact.model_dump(mode="json")))
    session.info["recorded"] = True
