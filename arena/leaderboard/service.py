"""What happens to the board: refreshed from ratings and scores, frozen, closed, revealed step by step."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from arena.benchmarks.public import Accuracy, AccuracyOut, accuracies
from arena.kit.db import db_now
from arena.kit.errors import Conflict, NotFound
from arena.kit.jobs.outbox import record
from arena.leaderboard import curtain, overall
from arena.leaderboard.contracts import BoardChanged
from arena.leaderboard.models import ShownBoard
from arena.leaderboard.overall import Axis, Share
from arena.leaderboard.schemas import Board, BoardRow, NextStep, OverallScore, SpeedScore
from arena.ratings import public as ratings
from arena.shows.public import OverallWeights, Season, declared_overall
from arena.speed.public import Speed, speeds
from arena.submissions import public as submissions
from arena.submissions.public import Entry


async def refresh(session: AsyncSession, season_id: UUID) -> None:
    """Show the newest truth, unless the producer has frozen the board or is about to reveal it. Under a closed curtain
    it goes on: what is revealed in the end is the newest."""
    shown = await _held(session, season_id)
    if not shown.frozen and shown.staging is None:
        await _renew(session, shown)


async def _renew(session: AsyncSession, shown: ShownBoard) -> None:
    season = await session.get_one(Season, shown.season_id)
    shown.computed_at = await db_now(session)
    _changed(session, shown)
    board = await _current(session, season, shown)
    shown.body = board.model_dump(mode="json")


def _changed(session: AsyncSession, shown: ShownBoard) -> None:
    shown.version += 1
    record(session, BoardChanged(season_id=shown.season_id))


async def _current(session: AsyncSession, season: Season, shown: ShownBoard) -> Board:
    snapshot = await ratings.newest(session, season.id)
    entries = {str(entry.id): entry for entry in await submissions.entries(session, season.id)}
    rated = {row["entry"]: row for row in snapshot.rows} if snapshot else {}
    # Rated entries in the order of the snapshot, then entries that joined since.
    order = [entry for entry in rated if entry in entries] + [
        entry for entry in entries if entry not in rated
    ]
    versions = {
        str(entry): version.id for entry, version in (await submissions.competing(session, season.id)).items()
    }
    scores = await accuracies(session, season.id, list(versions.values()))
    accuracy = {entry: scores[version] for entry, version in versions.items()}
    speed = against_house(entries, versions, await speeds(session, list(versions.values())))
    weights = declared_overall(season.rules)
    rows = [
        _row(entries[entry], rated.get(entry), accuracy.get(entry), speed.get(entry), weights)
        for entry in order
    ]
    return Board(
        season_id=season.id,
        season=season.name,
        version=shown.version,
        frozen=shown.frozen,
        computed_at=shown.computed_at,
        duels=snapshot.duels if snapshot else 0,
        close_call=snapshot.close_call if snapshot else False,
        rules_digest=season.rules_digest,
        snapshot_id=snapshot.id if snapshot else None,
        weights=weights,
        rows=rows,
    )


def against_house(
    entries: Mapping[str, Entry], versions: Mapping[str, UUID], measured: Mapping[UUID, Speed]
) -> dict[str, SpeedScore]:
    """By entry. The house is as fast as itself, as soon as anybody has been measured against it."""
    found = {
        entry: SpeedScore.model_validate(measured[version])
        for entry, version in versions.items()
        if version in measured
    }
    for entry, row in entries.items():
        if found and row.kind == "house":
            rehearsal = any(one.rehearsal for one in found.values())
            found[entry] = SpeedScore(ratio=1, lo=None, hi=None, run_id=None, rehearsal=rehearsal)
    return found


def _row(
    entry: Entry,
    rating: Mapping[str, Any] | None,
    accuracy: Accuracy | None,
    speed: SpeedScore | None,
    weights: OverallWeights | None,
) -> BoardRow:
    empty: Mapping[str, Any] = {
        "rank": None,
        "rating": None,
        "lo": None,
        "hi": None,
        "duels": 0,
        "reason": "not_enough_duels",
    }
    said = rating or empty
    shares: dict[Axis, Share | None] = {
        "creativity": overall.of_rating(said["rating"], said["lo"], said["hi"])
        if said["rating"] is not None
        else None,
        "accuracy": overall.of_accuracy(accuracy) if accuracy else None,
        "speed": overall.of_speed(speed.ratio, speed.lo, speed.hi) if speed else None,
    }
    whole = overall.overall(shares, weights) if weights else None
    return BoardRow.model_validate(
        {
            **said,
            "entry_id": entry.id,
            "name": entry.name,
            "kind": entry.kind,
            "accuracy": AccuracyOut.model_validate(accuracy) if accuracy else None,
            "speed": speed,
            "overall": OverallScore.model_validate(whole) if whole else None,
            "missing": overall.missing(shares, weights) if weights else [],
        }
    )


async def freeze(session: AsyncSession, season_id: UUID, frozen: bool) -> None:
    """Raises Conflict `board.closed`."""
    shown = await _held(session, season_id)
    if shown.closed_at is not None:
        raise Conflict("board.closed", "The board is closed. Reveal it first.")
    if not shown.version:
        await _renew(session, shown)
    if shown.frozen == frozen:
        return
    shown.frozen = frozen
    if frozen:
        shown.body = {**shown.body, "frozen": True}
        record(session, BoardChanged(season_id=season_id))
    else:
        await _renew(session, shown)


async def close(session: AsyncSession, season_id: UUID) -> None:
    """Show nothing of it any more. Closing twice is closing once; what was kept back while it was frozen stays so.
    Raises Conflict `board.revealing`."""
    shown = await _held(session, season_id)
    if shown.staging is not None:
        raise Conflict("board.revealing", "The board is being revealed. Go on to its end first.")
    if shown.closed_at is None:
        shown.closed_at = shown.horizon or await db_now(session)
        shown.frozen = False
        await _renew(session, shown)


async def reveal(session: AsyncSession, season_id: UUID, step: NextStep) -> None:
    """The next step of opening a closed board. With the first one the newest truth stands still; with the last one the
    board is open, and moves again. Raises Conflict `board.open`, `board.moved_on`, `board.other_staging`."""
    shown = await _held(session, season_id)
    if shown.closed_at is None:
        raise Conflict("board.open", "The board is open: there is nothing to reveal.")
    if step.shown != shown.revealed:
        raise Conflict(
            "board.moved_on",
            f"{shown.revealed} rows are revealed by now, not {step.shown}. Look again before the next step.",
            revealed=shown.revealed,
        )
    if shown.staging is None:
        await _renew(session, shown)
    rows = Board.model_validate(shown.body).rows
    if step.staging == "all":
        shown.revealed = len(rows)
    else:
        if shown.staging not in (None, step.staging):
            raise Conflict(
                "board.other_staging",
                "The reveal has begun in the other way. Go on in that one, or show all the rest.",
                staging=shown.staging,
            )
        shown.revealed = curtain.after_next_step(rows, step.staging, shown.revealed)
        shown.staging = step.staging
    if shown.revealed >= len(rows):
        shown.closed_at, shown.staging, shown.revealed = None, None, 0
    _changed(session, shown)


async def is_frozen(session: AsyncSession, season_id: UUID) -> bool:
    shown = await session.get(ShownBoard, season_id)
    return shown is not None and shown.frozen


async def board(session: AsyncSession, season_id: UUID) -> Board:
    """What is shown; before the first result a board of entries without scores."""
    shown = await session.get(ShownBoard, season_id)
    if shown is not None:
        return curtain.seen(shown)
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
