"""What stands behind the board: how a row came about, how the season moved, how it stood after an episode."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from arena.benchmarks.public import AccuracyOut, of_versions, was_there
from arena.duels.public import Duel, duels_of
from arena.kit.errors import NotFound
from arena.leaderboard.models import ShownBoard
from arena.leaderboard.schemas import (
    Board,
    BoardRow,
    EpisodeBoard,
    EpisodeRow,
    History,
    Moment,
    OriginDuel,
    OriginRun,
    Origins,
    OriginSuite,
    Sealed,
)
from arena.leaderboard.service import against_house, board
from arena.ratings import public as ratings
from arena.shows.public import Episode, season_rules
from arena.speed.public import measurements, speeds
from arena.submissions import public as submissions
from arena.submissions.public import Entry


async def horizon(session: AsyncSession, season_id: UUID) -> datetime | None:
    """Up to when may be told what came about; None: up to now."""
    shown = await session.get(ShownBoard, season_id)
    return shown.horizon if shown is not None else None


# --- a row ----------------------------------------------------------------------------------------------------------


async def origins(session: AsyncSession, season_id: UUID, entry_id: UUID) -> Origins:
    """Raises NotFound `board.no_row`, also for a row that is not revealed yet."""
    seen = await board(session, season_id)
    row = next((one for one in seen.rows if one.entry_id == entry_id), None)
    if row is None:
        raise NotFound("board.no_row", "The board shows no such entry now.")
    entries = {str(entry.id): entry for entry in await submissions.entries(session, season_id)}
    version = (await submissions.competing(session, season_id)).get(entry_id)
    at = seen.computed_at
    return Origins(
        row=row,
        version=version.version if version else None,
        snapshot_id=seen.snapshot_id,
        rules_digest=seen.rules_digest,
        weights=seen.weights,
        duels=await _duels(session, seen, entries, str(entry_id)),
        suites=await _suites(session, season_id, version.id, at) if version else [],
        speed=await _runs(session, version.id, row, at) if version else [],
    )


async def _duels(
    session: AsyncSession, seen: Board, entries: Mapping[str, Entry], entry: str
) -> list[OriginDuel] | None:
    if seen.snapshot_id is None:
        return []
    basis = ratings.basis_of(await ratings.snapshot(session, seen.snapshot_id))
    if basis is None:
        return None
    mine = {UUID(duel.duel): duel for duel in basis.duels if entry in (duel.left, duel.right)}
    statement = (
        select(Duel.id, Duel.number, Episode.id, Episode.number)
        .join(Episode, Episode.id == Duel.episode_id)
        .where(Duel.id.in_(list(mine)))
        .order_by(Episode.number, Duel.number)
    )
    found = []
    for duel_id, number, episode_id, episode in (await session.execute(statement)).all():
        duel = mine[duel_id]
        left = duel.left == entry
        found.append(
            OriginDuel(
                duel_id=duel_id,
                ballot_id=UUID(duel.ballot),
                episode_id=episode_id,
                episode=episode,
                number=number,
                opponent=_named(entries[duel.right if left else duel.left]),
                crowd=_from(duel.crowd, left),
                judges=_from(duel.judges, left),
            )
        )
    return found


def _from(counted: tuple[int, ...], left: bool) -> tuple[int, int, int, int]:
    one, other, tie, both_bad = counted
    return (one, other, tie, both_bad) if left else (other, one, tie, both_bad)


async def _suites(session: AsyncSession, season_id: UUID, version: UUID, at: datetime) -> list[OriginSuite]:
    rules = await season_rules(session, season_id)
    weights = rules.suite_weights or {rules.suite: 1.0}
    stand = (await of_versions(session, season_id, [version]))[version]
    total = sum(weights.values())
    found = []
    for suite in sorted({*weights, *stand}, key=lambda one: (-weights.get(one, 0), one)):
        stands = stand.get(suite)
        if stands is not None and not was_there(stands, at):
            stands = None
        counts = stands is None or stands.counts_in(rules.extent)
        found.append(
            OriginSuite(
                suite=suite,
                weight=weights.get(suite, 0) / total if counts else 0,
                accuracy=AccuracyOut.model_validate(stands.accuracy) if stands and stands.accuracy else None,
                run_id=stands.run.id if stands and stands.run else None,
            )
        )
    return found


async def _runs(session: AsyncSession, version: UUID, row: BoardRow, at: datetime) -> list[OriginRun]:
    return [
        OriginRun(
            run_id=run.id,
            episode_id=run.episode_id,
            number=run.number,
            kind=run.kind,
            void=run.state == "void",
            counts=row.speed is not None and row.speed.run_id == run.id,
        )
        for run, _, _ in await measurements(session, [version])
        if run.released_at is not None and run.released_at <= at
    ]


def _named(entry: Entry) -> Sealed:
    return Sealed(entry_id=entry.id, name=entry.name, kind=entry.kind)


# --- in time --------------------------------------------------------------------------------------------------------


async def history(session: AsyncSession, season_id: UUID) -> History:
    moments = [
        Moment(
            snapshot_id=one.id,
            at=one.at,
            duels=one.duels,
            ratings={UUID(row["entry"]): row["rating"] for row in one.rows if row["rating"] is not None},
        )
        for one in await ratings.course(session, season_id, await horizon(session, season_id))
    ]
    rated = {entry for one in moments for entry in one.ratings}
    entries = [_named(one) for one in await submissions.entries(session, season_id) if one.id in rated]
    return History(entries=entries, moments=moments)


async def after_episode(session: AsyncSession, episode: Episode) -> EpisodeBoard:
    """Its ratings are those before the first reveal of a later episode."""
    ends = select(func.min(Duel.revealed_at)).join(Episode, Episode.id == Duel.episode_id)
    ends = ends.where(Episode.season_id == episode.season_id, Episode.number > episode.number)
    later = (await session.execute(ends)).scalar_one()
    moments = [one for one in (later, await horizon(session, episode.season_id)) if one is not None]
    at = min(moments, default=None)
    found = await ratings.snapshots(session, episode.season_id, at, limit=1)
    snapshot = found[0] if found else None
    basis = ratings.basis_of(snapshot)
    of_episode = {str(duel.id) for duel in await duels_of(session, episode.id)}
    fought = [duel for duel in (basis.duels if basis else ()) if duel.duel in of_episode]
    entries = {str(entry.id): entry for entry in await submissions.entries(session, episode.season_id)}
    versions = {
        str(entry): version.id
        for entry, version in (await submissions.competing(session, episode.season_id)).items()
    }
    speed = against_house(entries, versions, await speeds(session, list(versions.values()), at))
    return EpisodeBoard(
        episode_id=episode.id,
        number=episode.number,
        title=episode.title,
        snapshot_id=snapshot.id if snapshot else None,
        at=snapshot.created_at if snapshot else None,
        duels=len(fought),
        rows=[
            EpisodeRow.model_validate(
                {
                    **row,
                    **_named(entries[row["entry"]]).model_dump(),
                    "rank_to": row.get("rank_to"),
                    "duels": sum(row["entry"] in (duel.left, duel.right) for duel in fought),
                    "speed": speed.get(row["entry"]),
                }
            )
            for row in (snapshot.rows if snapshot else [])
            if row["entry"] in entries
        ],
    )
