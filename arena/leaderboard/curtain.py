"""What of a closed board is seen, step by step. Pure functions.

What is not revealed does not leave the site: pages cannot show what they do not have.
"""

from arena.leaderboard.models import ShownBoard, Staging
from arena.leaderboard.schemas import Board, BoardRow, Sealed


def after_next_step(rows: list[BoardRow], staging: Staging, revealed: int) -> int:
    """How many rows are shown then. Rows without a rating have no place to be called up to: the first step shows them
    all."""
    if revealed:
        return revealed + 1
    unrated = sum(row.rating is None for row in rows)
    ahead = 3 if staging == "top_three" and len(rows) > 3 else len(rows) - unrated - 1
    return len(rows) - max(0, min(ahead, len(rows) - unrated - 1))


def seen(shown: ShownBoard) -> Board:
    """As everybody sees it."""
    board = Board.model_validate({**shown.body, "version": shown.version})
    if shown.closed_at is None:
        return board
    sealed, rows = (
        board.rows[: len(board.rows) - shown.revealed],
        board.rows[len(board.rows) - shown.revealed :],
    )
    return board.model_copy(
        update={
            "closed": True,
            "staging": shown.staging,
            "rows": rows,
            "sealed": sorted(
                map(Sealed.model_validate, sealed), key=lambda one: (one.name, str(one.entry_id))
            ),
            # It speaks about neighbours that are not shown yet.
            "close_call": False,
        }
    )
