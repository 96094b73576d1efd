"""How sure it is who votes."""

from arena.accounts.public import Caller
from arena.votes.contracts import Level


def level_of(caller: Caller) -> Level:
    """Signed in; or a device with a signed token, which may have shown a proof of work."""
    if caller.person is not None:
        return 3
    return 1 if caller.worked else 0
