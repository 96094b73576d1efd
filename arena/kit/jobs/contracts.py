"""Facts about jobs themselves."""

from uuid import UUID

from arena.kit.facts import Fact


class JobProgressed(Fact):
    """Something that the person waiting may see: taken, further on, waiting for something, given back."""

    kind: str
    subject: UUID
