"""Facts: what happened, in the past tense. A step records one and does not know who listens."""

from typing import ClassVar

from sqlalchemy.ext.asyncio import AsyncSession

from arena.kit.jobs.models import OutboxFact
from arena.kit.schemas import Contract


class Fact(Contract):
    """Subclass it in a domain's `contracts.py`; the class name is the fact's name on the wire."""

    registry: ClassVar[dict[str, type["Fact"]]] = {}

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        Fact.registry[cls.__name__] = cls


def record(session: AsyncSession, fact: Fact) -> None:
    """Write the fact into the current transaction. It leaves if and only if the transaction commits."""
    session.add(OutboxFact(name=type(fact).__name__, body=fact.model_dump(mode="json")))
    session.info["recorded"] = True
