"""Ballots in the show: each step stands in its log, under the show's lock, once.

A question, a surprise or a prize runs beside the show's phases. The vote on a duel is moved on by the rundown's own
commands.
"""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from arena.kit.errors import Conflict
from arena.kit.site import Site
from arena.rundown import queries
from arena.rundown.contracts import BallotAction
from arena.rundown.log import hold, write
from arena.rundown.rules import Show
from arena.shows.public import Episode
from arena.votes import public as votes

Step = Callable[[AsyncSession, UUID], Awaitable[votes.Ballot]]

STEPS: dict[BallotAction, Step] = {
    "arm_ballot": votes.arm,
    "open_ballot": votes.open_ballot,
    "publish_ballot": votes.publish,
}


async def prepare(
    site: Site, session: AsyncSession, episode: Episode, asked: votes.NewBallot, by: UUID
) -> votes.Ballot:
    await hold(session, episode.id)
    if episode.state == "finished":
        raise Conflict("rundown.not_now", "The show is over.", phase="finished")
    ballot = await votes.prepare(site, session, episode, asked)
    await _log(session, ballot, "prepare_ballot", by)
    return ballot


async def step(
    site: Site, session: AsyncSession, ballot_id: UUID, action: BallotAction, by: UUID
) -> votes.Ballot:
    """Arm, open or publish. A second press finds it done."""
    ballot = await _held(session, ballot_id)
    if ballot.kind == "duel":
        raise Conflict(
            "ballot.by_rundown", "The vote on a duel is opened, locked and revealed by the show's GO."
        )
    if await queries.done(session, ballot.episode_id, _key(action, ballot_id)):
        return ballot
    if action == "open_ballot" and (await queries.show(session, ballot.episode_id)).phase == "finished":
        raise Conflict("rundown.not_now", "The show is over.", phase="finished")
    if action != "publish_ballot":
        votes.require_provider(site, ballot.configuration)
    ballot = await STEPS[action](session, ballot_id)
    await _log(session, ballot, action, by)
    return ballot


async def agree(session: AsyncSession, ballot_id: UUID, by: UUID) -> votes.Ballot:
    """Somebody agrees that the vote may close before its time; somebody else then closes it."""
    await _held(session, ballot_id)
    ballot = await votes.agree_to_shorten(session, ballot_id, by)
    key = f"{_key('agree_shorten', ballot_id)}-{by}"
    if not await queries.done(session, ballot.episode_id, key):
        await _log(session, ballot, "agree_shorten", by, key=key)
    return ballot


async def close(session: AsyncSession, ballot_id: UUID, by: UUID | None) -> votes.Ballot:
    """Of other votes than a duel's. Closing one that is closed counts it again, as after an alarm."""
    ballot = await _held(session, ballot_id)
    if ballot.kind == "duel" and ballot.state in votes.TAKES_VOTES:
        raise Conflict(
            "ballot.by_rundown", "The vote on a duel is opened, locked and revealed by the show's GO."
        )
    if ballot.state in ("closed", "counting", *votes.FINAL):
        return ballot
    ballot = await votes.close(session, ballot_id, by)
    await _tell_surprise(session, ballot)
    await _log(session, ballot, "close_ballot", by, **shortened(ballot))
    return ballot


def shortened(ballot: votes.Ballot) -> dict[str, Any]:
    """For the log: that it closed before its time, and who agreed."""
    assert ballot.opens_at and ballot.locked_at
    early = ballot.locked_at < votes.promised_end(ballot.configuration, ballot.opens_at)
    return {"agreed_by": str(ballot.shorten_by)} if early else {}


async def void(session: AsyncSession, ballot_id: UUID, reason: str, by: UUID) -> votes.Ballot:
    """Done is what stands in the log: a ballot that a newer release made void has to move the show on, too."""
    ballot = await _held(session, ballot_id)
    if await queries.done(session, ballot.episode_id, _key("void_ballot", ballot_id)):
        return ballot
    if (await queries.show(session, ballot.episode_id)).phase == "finished":
        raise Conflict("rundown.not_now", "The show is over.", phase="finished")
    if ballot.state != "void":
        ballot = await votes.void(session, ballot_id, reason)
    await _log(session, ballot, "void_ballot", by, reason=ballot.reason)
    return ballot


async def certify(site: Site, session: AsyncSession, ballot_id: UUID) -> Show:
    """The second count, in a transaction of its own: what is closed stays closed, whatever the count says.

    Begins with nothing held and commits as it goes, so that everybody sees that it is being counted. The show is not
    held while votes are flagged and lines are read, which may take seconds: none is added or changed any more.
    """
    ballot = await _held(session, ballot_id)
    if ballot.state in ("closed", "counting"):
        await votes.begin_count(session, ballot_id)
        await session.commit()
        flagged = await votes.flag(session, ballot_id)
        await session.commit()
        found = await votes.recount(session, ballot_id) if flagged.alarm is None else None
        ballot = await _held(session, ballot_id)
        # Another one who was told to count it may have done so meanwhile, or somebody may have made it void.
        if found is not None and ballot.state == "counting":
            ballot = await votes.certify(site, session, ballot_id, found)
        if ballot.state == "certified" and not await queries.done(
            session, ballot.episode_id, _key("certify_ballot", ballot_id)
        ):
            await _log(session, ballot, "certify_ballot", None, root=ballot.root, size=ballot.size)
    show = await queries.show(session, ballot.episode_id)
    await session.commit()
    return show


async def watch_surprise(session: AsyncSession, ballot_id: UUID) -> None:
    """Set off, if enough have asked for it; what it starts is the producer's GO. Votes are read with nothing held."""
    at = await votes.wanted_at(session, await votes.ballot(session, ballot_id), lately=True)
    if at is not None:
        await _held(session, ballot_id)
        await _tell_surprise(session, await votes.set_off(session, ballot_id, at))


async def _tell_surprise(session: AsyncSession, ballot: votes.Ballot) -> None:
    """Once per ballot, whoever has found it: the clock, or the closing itself."""
    key = _key("surprise", ballot.id)
    if ballot.triggered_at is not None and not await queries.done(session, ballot.episode_id, key):
        await _log(session, ballot, "surprise", None)


async def _held(session: AsyncSession, ballot_id: UUID) -> votes.Ballot:
    """First the episode, then the ballot, as everywhere."""
    await hold(session, (await votes.ballot(session, ballot_id)).episode_id)
    return await votes.ballot(session, ballot_id)


async def _log(
    session: AsyncSession,
    ballot: votes.Ballot,
    action: BallotAction,
    by: UUID | None,
    key: str = "",
    **more: Any,
) -> None:
    body = {"ballot_id": str(ballot.id), "kind": ballot.kind, "digest": ballot.config_digest, **more}
    show = await queries.show(session, ballot.episode_id)
    key = key or _key(action, ballot.id)
    await write(session, ballot.episode_id, show, action, body, {"type": action}, key, by)


def _key(action: BallotAction, ballot_id: UUID) -> str:
    return f"{action}-{ballot_id}"
