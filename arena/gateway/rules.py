"""Quotas of the gateway, and a conversation as a base model reads it."""

from collections.abc import Sequence
from datetime import timedelta

from limits import RateLimitItemPerMinute

from arena.gateway.models import CompletionState
from arena.gateway.schemas import Message
from arena.kit.errors import Invalid
from arena.shows.base_models import BaseModel

PER_PERSON = RateLimitItemPerMinute(60, 10)
DAY = timedelta(days=1)
TOKENS_PER_DAY = 20_000
"""Generated for one person in 24 hours: some minutes of an engine."""
MOST_CHARS_PER_TOKEN = 8
"""Longer than any language needs: what is longer does not fit into the context; what is shorter the engine decides."""
KEPT = 100
"""Completions of a person that are remembered."""
UNDER_WAY: tuple[CompletionState, ...] = ("queued", "answering")
PATIENCE_SECONDS = 120.0
"""How long a request waits for the engine before it is told to come back."""


def render(base: BaseModel, messages: Sequence[Message], own_system: str | None) -> str:
    """The conversation in the base model's frozen template.

    `own_system` is the text of an entry that is a system prompt; it takes no other beside it. Raises Invalid for a
    conversation that the template has no place for.
    """
    system, turns = own_system, list(messages)
    if turns[0].role == "system":
        if own_system is not None:
            raise _messages("This entry is a system prompt itself: it takes no other.")
        system = turns.pop(0).text
    roles = [turn.role for turn in turns]
    if not roles or roles != ["user" if place % 2 == 0 else "assistant" for place in range(len(roles))]:
        raise _messages("After an optional system message, user and assistant must take turns.")
    if roles[-1] != "user":
        raise _messages("The last message must be the user's.")
    *earlier, asked = turns
    pairs = [(earlier[at].text, earlier[at + 1].text) for at in range(0, len(earlier), 2)]
    return base.render_turns(pairs, asked.text, system)


def _messages(sentence: str) -> Invalid:
    return Invalid("gateway.messages", sentence, param="messages")
