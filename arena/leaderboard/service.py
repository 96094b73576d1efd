"""What happens to the board: refreshed from ratings and scores, frozen, thawed."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from arena.benchmarks.public import Accuracy, AccuracyOut, accuracies
from arena.kit.db import db_now
from arena.kit.errors import NotFound
from arena.kit.jobs.outbox import record
from arena.leaderboard.contracts import BoardChanged
from arena.leaderboard.models import ShownBoard
from arena.leaderboard.schemas import Board, BoardRow
from arena.ratings import public as ratings
from arena.shows.public import Season
from arena.submissions import public as submissions
from arena.submissions.public import Entry


async def refresh(session: AsyncSession, season_id: UUID) -> None:
    """Show the newest truth, unless the producer has frozen the board."""
    season = await session.get_one(Season, season_id)
    shown = await _held(session, season_id)
    if shown.frozen:
        return
    shown.version += 1
    shown.computed_at = await db_now(session)
    board = await _current(session, season, shown)
    shown.body = board.model_dump(mode="json")
    record(session, BoardChanged(season_id=season_id))


async def _current(session: AsyncSession, season: Season, shown: ShownBoard) -> Board:
    snapshot = await ratings.newest(session, season.id)
    entries = {str(entry.id): entry for entry in await submissions.entries(session, season.id)}
    rated = {row["entry"]: row for row in snapshot.rows} if snapshot else {}
    # Rated entries in the order of the snapshot, then entries that joined since.
    order = [entry for entry in rated if entry in entries] + [
        entry for entry in entries if entry not in rated
    ]
    versions = await submissions.competing(session, season.id)
    scores = await accuracies(session, season.id, [version.id for version in versions.values()])
    accuracy = {str(entry): scores[version.id] for entry, version in versions.items()}
    rows = [_row(entries[entry], rated.get(entry), accuracy.get(entry)) for entry in order]
    return Board(
        season_id=season.id,
        season=season.name,
        version=shown.version,
        frozen=shown.frozen,
        computed_at=shown.computed_at,
        duels=snapshot.duels if snapshot else 0,
        close_call=snapshot.close_call if snapshot else False,
        rows=rows,
    )


def _row(entry: Entry, rating: dict[str, object] | None, score: Accuracy | None) -> BoardRow:
    empty = {"rank": None, "rating": None, "lo": None, "hi": None, "duels": 0, "reason": "not_enough_duels"}
    return BoardRow.model_validate(
        {
            **(rating or empty),
            "entry_id": entry.id,
            "name": entry.name,
            "kind": entry.kind,
            "accuracy": AccuracyOut.model_validate(score) if score else None,
        }
    )


async def freeze(session: AsyncSession, season_id: UUID, frozen: bool) -> None:
    shown = await _held(session, season_id)
    if not shown.version:
        await refresh(session, season_id)
    if shown.frozen == frozen:
        return
    shown.frozen = frozen
    if frozen:
        shown.body = {**shown.body, "frozen": True}
        record(session, BoardChanged(season_id=season_id))
    else:
        await refresh(session, season_id)


async def is_frozen(session: AsyncSession, season_id: UUID) -> bool:
    shown = await session.get(ShownBoard, season_id)
    return shown is not None and shown.frozen


async def board(session: AsyncSession, season_id: UUID) -> Board:
    """What is shown; before the first result a board of entries without scores."""
    shown = await session.get(ShownBoard, season_id)
    if shown is not None:
        return Board.model_validate(shown.body)
    season = await session.get(Season, season_id)
    if season is None:
        raise NotFound("season.not_found", "There is no such season.")
    blank = ShownBoard(
        season_id=season_id, version=0, frozen=False, body={}, computed_at=await db_now(session)
    )
    return await _current(session, season, blank)


async def _held(session: AsyncSession, season_id: UUID) -> ShownBoard:
    """The board's row, made if need be, held until the transaction ends: two changes at once go one after the other."""
    first = insert(ShownBoard).values(season_id=season_id, version=0, frozen=False, body={})
    await session.execute(first.on_conflict_do_nothing())
    statement = select(ShownBoard).where(ShownBoard.season_id == season_id).with_for_update()
    held = await session.execute(statement, execution_options={"populate_existing": True})
    return held.scalar_one()
