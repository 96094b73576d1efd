"""How sure it is who votes."""

from collections.abc import Container, Mapping
from uuid import UUID

from arena.accounts.public import Caller, Shown
from arena.votes.contracts import Level


def level_of(caller: Caller, by_provider: bool) -> Level:
    """Of any show: signed in; or a device with a signed token, which may have shown a proof of work. `by_provider`: the
    site has one that says who people are. An account, which anybody makes who has an address, is less than that."""
    if caller.person is not None:
        return 2 if by_provider else 3
    return 1 if caller.worked else 0


def level_in(
    level: Level, vouched: Mapping[UUID, Shown], episode_id: UUID, revoked: Container[UUID]
) -> Level:
    """In one show, where a seat code, an address or the provider may vouch. `revoked`: what no longer does."""
    shown = vouched.get(episode_id)
    if shown is None or shown.by in revoked or shown.level < level:
        return level
    return shown.level
