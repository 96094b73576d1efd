"""How sure it is who votes."""

from collections.abc import Container, Mapping
from uuid import UUID

from arena.accounts.public import Caller
from arena.votes.contracts import Level


def level_of(caller: Caller) -> Level:
    """Of any show: signed in; or a device with a signed token, which may have shown a proof of work."""
    if caller.person is not None:
        return 3
    return 1 if caller.worked else 0


def level_in(level: Level, vouched: Mapping[UUID, UUID], episode_id: UUID, revoked: Container[UUID]) -> Level:
    """In one show, where a seat code or an e-mail address may vouch for a device. `revoked`: what no longer does."""
    if level < 2 and (by := vouched.get(episode_id)) is not None and by not in revoked:
        return 2
    return level
