"""Drawing sides and releasing tokens evenly. Pure functions."""


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
