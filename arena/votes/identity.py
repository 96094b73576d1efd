"""How sure it is who votes."""

from collections.abc import Container, Mapping
from uuid import UUID

from arena.accounts.public import Caller, Shown
from arena.votes.contracts import Level


def level_of(caller: Caller) -> Level:
    """Of any show. An account adds nothing to it: anybody makes one, and nobody checks its address."""
    return 1 if caller.worked else 0


def level_in(
    level: Level, vouched: Mapping[UUID, Shown], episode_id: UUID, revoked: Container[UUID]
) -> Level:
    """In one show, where a seat code, an address or the provider may vouch. `revoked`: what no longer does."""
    shown = vouched.get(episode_id)
    if shown is None or shown.by in revoked or shown.level < level:
        return level
    return shown.level
