"""Drawing sides and releasing tokens evenly. Pure functions."""

from hashlib import sha256
from typing import Any

import rfc8785


def released(left: int, right: int, left_done: bool, right_done: bool) -> tuple[int, int]:
    """How many tokens of each side may be shown: equal pace, so that nobody can see which model is faster.

    While both speak, both show as much as the one with fewer tokens has. When one has finished, the other is shown up
    to the same pace until it has caught up, then runs on alone.
    """
    if left_done and right_done:
        return left, right
    if left_done and right >= left:
        return left, right
    if right_done and left >= right:
        return left, right
    pace = min(left, right)
    return pace, pace


def chain(previous: str | None, record: dict[str, Any]) -> str:
    """Hash of a provenance record that commits to all records before it: sha256(previous ‖ canonical JSON)."""
    return sha256((previous or "").encode() + rfc8785.dumps(record)).hexdigest()
