"""Who should meet next in an episode, and the record of how a pair came about."""

from collections import Counter
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from arena.ratings import queries
from arena.ratings.computing import fitted
from arena.ratings.models import Pairing
from arena.ratings.pairing import RULE, Contender, Plan, doubts, plan, seed_of
from arena.ratings.rules import METHOD
from arena.shows.public import Episode, Season, season_rules
from arena.submissions import public as submissions


async def suggest(session: AsyncSession, episode: Episode) -> Plan:
    """What the rule draws now. The same until another duel is staged or an entry becomes ready."""
    season = await session.get_one(Season, episode.season_id)
    rules = (await season_rules(session, season.id)).ratings
    staged = await queries.met(session, season.id)
    shown = Counter(entry for one in staged if one.episode_id == episode.id for entry in one.pair)
    ready = {row.entry_id for row in await submissions.roster(session, season.id) if row.ready}
    contenders = [
        Contender(str(entry.id), str(entry.holder) if entry.holder else None, shown[str(entry.id)])
        for entry in await submissions.entries(session, season.id)
        if entry.id in ready
    ]
    known = queries.basis_of(await queries.newest(session, season.id))
    return plan(
        contenders,
        Counter(one.pair for one in staged),
        doubts(fitted(known)) if known is not None and known.method == METHOD else {},
        rules.rounds,
        rules.stage_lead,
        seed_of(season.rules_digest, str(episode.id), [str(one.duel_id) for one in staged]),
    )


def note(session: AsyncSession, drawn: Plan, duel_id: UUID, entry_a: UUID, entry_b: UUID) -> None:
    """Write down how the pair of a duel came about; `drawn` is what was suggested when it was staged."""
    a, b = sorted((str(entry_a), str(entry_b)))
    places = {(one.a, one.b): place for place, one in enumerate(drawn.drawn, start=1)}
    session.add(
        Pairing(
            duel_id=duel_id,
            rule=RULE,
            seed=drawn.seed,
            stage=drawn.stage,
            place=places.get((a, b)),
            chance=drawn.chances().get((a, b), 0.0),
            chances=[{"a": one.a, "b": one.b, "chance": one.chance} for one in drawn.drawn],
        )
    )
