"""Facts about jobs themselves."""

from uuid import UUID

from arena.kit.facts import Fact


class JobProgressed(Fact):
    kind: str
    subject: UUID
