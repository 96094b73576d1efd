"""Carrying out commands. Each names the version it is for, so of two producers pressing at once one wins."""

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from arena.duels import public as duels
from arena.judging import public as judging
from arena.kit.errors import Conflict
from arena.kit.site import Site
from arena.ratings import public as ratings
from arena.rundown import ballots, queries
from arena.rundown.contracts import Command, Finish, LockVote, OpenVote, Reveal, StartDuel
from arena.rundown.log import hold, write
from arena.rundown.rules import ALLOWED, Show, fold
from arena.shows.public import Episode
from arena.votes import public as votes


async def carry_out(
    site: Site,
    session: AsyncSession,
    episode: Episode,
    command: Command,
    expected_version: int,
    key: str,
    by: UUID | None,
) -> Show:
    """Do it and log it in one transaction. Raises Conflict with the fresh version when the show has moved on."""
    await hold(session, episode.id)
    events = await queries.events(session, episode.id)
    show = fold((event.type, event.body) for event in events)
    asked = command.model_dump(mode="json")
    for event in events:
        if event.key == key:
            if event.command == asked:
                return show
            raise Conflict("rundown.key_reuse", "This key was given with another command. Press again.")
    if show.version != expected_version:
        raise Conflict(
            "rundown.version_conflict",
            f"The show is at step {show.version}; this button was pressed for step {expected_version}.",
            version=show.version,
            phase=show.phase,
        )
    if show.phase not in ALLOWED[command.type]:
        raise Conflict(
            "rundown.not_now",
            f"“{command.type}” is not possible while the show is in “{show.phase}”.",
            phase=show.phase,
        )
    body = await _do(site, session, episode, show, command, by)
    return await write(session, episode.id, show, command.type, body, asked, key, by)


async def _do(
    site: Site, session: AsyncSession, episode: Episode, show: Show, command: Command, by: UUID | None
) -> dict[str, Any]:
    """The effect of a command, and the body of its event."""
    match command:
        case StartDuel():
            if show.phase == "duel" and await _counts(session, show):
                # The producer sees the names: what has been answered is voted on and revealed, not drawn again.
                raise Conflict(
                    "rundown.duel_answered",
                    "This duel has its answers, and the first complete ones are official. Open the vote.",
                )
            suggested = await ratings.suggest(session, episode)
            duel = await duels.start(
                site,
                session,
                episode,
                command.prompt,
                command.entry_a,
                command.entry_b,
                command.seed,
                by,
                command.kind,
                command.follow_ups,
                command.turns,
                command.images,
            )
            ratings.note(session, suggested, duel.id, command.entry_a, command.entry_b)
            episode.state = "live"
            return {
                "duel_id": str(duel.id),
                "prompt": command.prompt,
                "kind": duel.kind,
                "turns": duel.turns,
            }
        case OpenVote():
            duel = await _duel(session, show)
            ballot = await votes.open_duel_ballot(
                site, session, episode, duel, command.seconds, command.channels, command.level
            )
            await judging.opened(session, ballot, duel)
            assert ballot.closes_at is not None
            return {
                "ballot_id": str(ballot.id),
                "seconds": command.seconds,
                "closes_at": ballot.closes_at.isoformat(),
                "digest": ballot.config_digest,
            }
        case LockVote():
            await judging.require_ready(session, _known(show.ballot_id))
            closed = await votes.close(session, _known(show.ballot_id), by)
            await duels.seal(site, session, await _duel(session, show))
            return {"ballot_id": str(closed.id), **ballots.shortened(closed)}
        case Reveal():
            await votes.publish(session, _known(show.ballot_id))
            await duels.reveal(session, await _duel(session, show))
            return {"duel_id": str(show.duel_id)}
        case Finish():
            if any(one.state in votes.TAKES_VOTES for one in await votes.ballots_of(session, episode.id)):
                raise Conflict("rundown.vote_open", "A vote is still open. Close it first, or void it.")
            episode.state = "finished"
            return {}


async def _counts(session: AsyncSession, show: Show) -> bool:
    """Whether the duel on stage has its answers. One that was taken off air has none that count."""
    duel = await _duel(session, show)
    return duel.state == "answered" and not await duels.dumped(session, duel.id)


async def steer(session: AsyncSession, duel_id: UUID, asked: duels.Steer, by: UUID) -> UUID:
    """A hand on the program: hold, release, replace, dump. Raises Conflict when the show has moved on from the duel.

    Returns the episode.

    A card may stand in for an answer at any time, after the reveal too. Not a dump: votes that were cast count.
    """
    about = await duels.duel(session, duel_id)
    # First the episode, then the duel, as everywhere.
    await hold(session, about.episode_id)
    duel = await duels.duel(session, duel_id, lock=True)
    show = await queries.show(session, duel.episode_id)
    if asked.action != "replace" and (show.duel_id != duel_id or show.phase != "duel"):
        raise Conflict(
            "program.show_moved_on",
            f"“{asked.action}” is possible until the vote on the duel opens. A card can still replace an answer.",
            phase=show.phase,
        )
    await duels.steer(session, duel, asked.action, asked.side, asked.turn, by, asked.reason)
    return duel.episode_id


async def _duel(session: AsyncSession, show: Show) -> duels.Duel:
    return await duels.duel(session, _known(show.duel_id), lock=True)


def _known(value: UUID | None) -> UUID:
    if value is None:
        raise Conflict("rundown.nothing_on_stage", "There is no duel on stage.")
    return value
