"""What the gateway's job is called, and what starts it."""

from uuid import UUID

from arena.kit.facts import Fact

ANSWER = "gateway.answer"


class CompletionAsked(Fact):
    completion_id: UUID
