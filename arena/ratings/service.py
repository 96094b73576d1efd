"""Ratings are recomputed from all revealed duels, every time: no state to drift, milliseconds to do."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from arena import __version__
from arena.duels import public as duels
from arena.kit.jobs.outbox import record
from arena.ratings import queries
from arena.ratings.columns import Pair
from arena.ratings.computing import compute
from arena.ratings.contracts import Basis, DuelBasis, Expected, RatingsComputed
from arena.ratings.models import Pairing, RatingSnapshot
from arena.ratings.rules import Method
from arena.ratings.style import side
from arena.shows.public import Season, StyleFeature, season_rules
from arena.submissions import public as submissions
from arena.votes import public as votes


async def rated_duels(session: AsyncSession, season_id: UUID) -> list[DuelBasis]:
    """Every revealed duel with its certified tallies. What is not revealed cannot move the board."""
    found = []
    for duel in await duels.revealed_duels(session, season_id):
        ballot = await votes.ballot_of(session, duel.id)
        if ballot is None or ballot.state not in votes.FINAL:
            continue
        crowd, judges = await votes.tallies(session, ballot)
        answers = await duels.all_answers(session, duel.id)
        left, right = ([row for row in answers if row.side == one] for one in duels.SIDES)
        hidden = any(row.air in duels.OFF_AIR for row in answers)
        found.append(
            DuelBasis(
                duel=str(duel.id),
                ballot=str(ballot.id),
                left=str(left[0].entry_id),
                right=str(right[0].entry_id),
                crowd=crowd.four,
                judges=judges.four,
                style=None if hidden else (_style(left), _style(right)),
            )
        )
    return found


def _style(rows: Sequence[duels.Answer]) -> dict[StyleFeature, int]:
    return side([row.text for row in rows])


def expected(rated: Sequence[DuelBasis], pairings: Mapping[UUID, Pairing]) -> list[Expected]:
    """How often pairs were to meet, where a rule has drawn some of the duels by their doubt.

    A duel that somebody chose, or that stood in the balanced part, where every pair has its turn, counts for its own
    pair. One that was drawn by doubt counts for each pair as much as the chance that this pair had.
    """
    meetings: Counter[Pair] = Counter()
    chances: defaultdict[Pair, float] = defaultdict(float)
    for duel in rated:
        made = pairings.get(UUID(duel.duel))
        if made is not None and made.stage == "shrinkage" and made.place == 1:
            for one in made.chances:
                chances[one["a"], one["b"]] += one["chance"]
        else:
            meetings[min(duel.left, duel.right), max(duel.left, duel.right)] += 1
    return [
        Expected(a=a, b=b, meetings=meetings[a, b] + chance) for (a, b), chance in sorted(chances.items())
    ]


async def basis(session: AsyncSession, season_id: UUID) -> Basis:
    """What the season's ratings follow from now."""
    rules = await season_rules(session, season_id)
    entries = await submissions.entries(session, season_id)
    rated = await rated_duels(session, season_id)
    pairings = await queries.pairings(session, [UUID(duel.duel) for duel in rated])
    return Basis(
        code=__version__,
        constants=asdict(Method()),
        weights=rules.weights,
        style=rules.ratings.style_features if rules.ratings.style_control else (),
        house=next(str(entry.id) for entry in entries if entry.kind == "house"),
        entries=tuple(str(entry.id) for entry in entries),
        duels=tuple(rated),
        expected=tuple(expected(rated, pairings)),
    )


async def recompute(session: AsyncSession, season_id: UUID) -> RatingSnapshot:
    # One at a time: the snapshot written last must be the one that has seen the most duels.
    season = await session.get_one(Season, season_id, with_for_update={"key_share": True})
    said = await basis(session, season_id)
    computed = compute(said).model_dump(mode="json")
    snapshot = RatingSnapshot(
        season_id=season_id,
        rules_digest=season.rules_digest,
        duels=computed.pop("duels"),
        close_call=computed.pop("close_call"),
        rows=computed.pop("rows"),
        findings=computed,
        basis=said.model_dump(mode="json"),
    )
    session.add(snapshot)
    await session.flush()
    record(session, RatingsComputed(season_id=season_id, snapshot_id=snapshot.id))
    return snapshot
