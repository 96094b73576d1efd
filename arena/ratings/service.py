"""Ratings are recomputed from all revealed duels, every time: no state to drift, milliseconds to do."""

from dataclasses import asdict
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from arena.duels import public as duels
from arena.kit.jobs.outbox import record
from arena.ratings.contracts import RatingsComputed
from arena.ratings.models import RatingSnapshot
from arena.ratings.rules import Counts, Duel, Rating, Weights, close_call, fit, season_board
from arena.shows.public import Season, season_rules
from arena.submissions import public as submissions
from arena.votes import public as votes


async def rated_duels(session: AsyncSession, season_id: UUID) -> list[Duel]:
    """Every revealed duel with its certified tallies. What is not revealed cannot move the board."""
    found = []
    for duel in await duels.revealed_duels(session, season_id):
        ballot = await votes.ballot_of(session, duel.id)
        if ballot is None or ballot.state not in votes.FINAL:
            continue
        crowd, judges = await votes.tallies(session, ballot)
        sides = await duels.answers(session, duel.id)
        found.append(
            Duel(
                left=str(sides["left"].entry_id),
                right=str(sides["right"].entry_id),
                crowd=Counts(**asdict(crowd)),
                judges=Counts(**asdict(judges)),
            )
        )
    return found


async def recompute(session: AsyncSession, season_id: UUID) -> RatingSnapshot:
    # One at a time: the snapshot written last must be the one that has seen the most duels.
    season = await session.get_one(Season, season_id, with_for_update={"key_share": True})
    weights = (await season_rules(session, season_id)).weights
    entries = await submissions.entries(session, season_id)
    house = next(str(entry.id) for entry in entries if entry.kind == "house")
    fitted = fit(
        await rated_duels(session, season_id),
        house,
        [str(entry.id) for entry in entries],
        Weights(judges=weights.judges, crowd=weights.crowd),
    )
    snapshot = RatingSnapshot(
        season_id=season_id,
        rules_digest=season.rules_digest,
        duels=fitted.duels,
        close_call=close_call(fitted),
        rows=[_row(rating) for rating in season_board(fitted)],
    )
    session.add(snapshot)
    await session.flush()
    record(session, RatingsComputed(season_id=season_id, snapshot_id=snapshot.id))
    return snapshot


def _row(rating: Rating) -> dict[str, object]:
    return asdict(rating) | {"reason": str(rating.reason) if rating.reason else None}


async def newest(session: AsyncSession, season_id: UUID) -> RatingSnapshot | None:
    statement = (
        select(RatingSnapshot)
        .where(RatingSnapshot.season_id == season_id)
        .order_by(RatingSnapshot.created_at.desc())
        .limit(1)
    )
    return (await session.execute(statement)).scalar_one_or_none()
