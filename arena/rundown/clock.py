"""The clock's hand on ballots: each in a transaction of its own, so that one that cannot be moved on stops no other.

What is due is found without a lock. Then first the episode, then the ballot, as everywhere.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from arena.judging import public as judging
from arena.kit.db import transaction
from arena.kit.site import Site
from arena.rundown import ballots, queries
from arena.rundown.contracts import LockVote
from arena.rundown.log import hold
from arena.rundown.service import carry_out
from arena.shows.public import Episode
from arena.votes import public as votes

GRACE = timedelta(seconds=1)
"""A vote stamped before the deadline may still be on its way through the portal."""

log = structlog.get_logger()


async def close_overdue(site: Site) -> None:
    """Close each ballot whose last deadline has passed."""
    async with transaction(site.sessions, site.bus) as session:
        await votes.close_first_channel(session)
    await _each(site, votes.overdue, _close)


async def certify_closed(site: Site) -> None:
    """Count what is closed, by whomever it was closed."""
    await _each(site, votes.uncounted, _certify)


async def watch_surprises(site: Site) -> None:
    await _each(site, votes.wanted, _watch)


async def _each(
    site: Site,
    due: Callable[[AsyncSession], Awaitable[Sequence[UUID]]],
    do: Callable[[Site, AsyncSession, UUID], Awaitable[None]],
) -> None:
    async with site.sessions() as session:
        found = await due(session)
    for ballot_id in found:
        try:
            async with transaction(site.sessions, site.bus) as session:
                await do(site, session, ballot_id)
        except Exception:
            # A damaged ballot, a refusal, a defect: it is tried again, and other shows have their clock meanwhile.
            log.exception("ballot_not_moved", ballot=str(ballot_id), step=do.__name__)


async def _close(site: Site, session: AsyncSession, ballot_id: UUID) -> None:
    ballot = await votes.ballot(session, ballot_id)
    if not await votes.is_over(session, ballot, GRACE):
        return
    if ballot.kind != "duel":
        await ballots.close(session, ballot_id, None)
        return
    await hold(session, ballot.episode_id)
    show = await queries.show(session, ballot.episode_id)
    if show.ballot_id != ballot_id or show.phase != "vote":
        return
    if await judging.ready_to_count(session, ballot_id):
        episode = await session.get_one(Episode, ballot.episode_id)
        lock = LockVote(type="lock_vote")
        await carry_out(site, session, episode, lock, show.version, f"clock-{ballot_id}", None)


async def _certify(site: Site, session: AsyncSession, ballot_id: UUID) -> None:
    await ballots.certify(site, session, ballot_id)


async def _watch(_: Site, session: AsyncSession, ballot_id: UUID) -> None:
    await ballots.watch_surprise(session, ballot_id)
