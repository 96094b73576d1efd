"""What happens to ballots: prepared, armed, opened, judged, closed, counted again, published, or void.

Who may do what and in which order the show goes is the rundown's; how a vote is taken is the writer's.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from pydantic import ValidationError
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from arena.duels.public import Duel, require_over
from arena.kit.db import db_now, flush_unless_taken
from arena.kit.errors import Conflict, Invalid
from arena.kit.jobs.outbox import record
from arena.kit.site import Site
from arena.shows.public import Episode, Season, season_rules
from arena.submissions import public as submissions
from arena.votes import certifying, flagging, publishing, queries
from arena.votes.contracts import (
    CHOICES,
    FINAL,
    HALL,
    TAKES_VOTES,
    BallotChanged,
    BallotConfig,
    BallotKind,
    BallotLocked,
    BallotState,
    Channel,
    Level,
    Option,
    SurpriseTriggered,
)
from arena.votes.ledger import stamp
from arena.votes.models import Ballot, Correction
from arena.votes.rules import digest_of, promised_end
from arena.votes.schemas import FlagsOut, NewBallot, WishCorrection

log = structlog.get_logger()


# --- before the votes ---------------------------------------------------------------------------------------------


async def prepare(site: Site, session: AsyncSession, episode: Episode, asked: NewBallot) -> Ballot:
    """A draft of a question, a surprise or a prize. What it says is fixed when it is armed."""
    options: tuple[Option, ...]
    match asked.kind:
        case "surprise":
            options = (Option(id="now"),)
        case "prize":
            options = await _entries(session, episode)
        case "question":
            options = tuple(
                Option(id=f"q{number}", zh=one.zh, en=one.en, subject=one.subject)
                for number, one in enumerate(asked.options, 1)
            )
    said = asked.model_dump(exclude={"kind", "options"})
    return await _draft(site, session, episode, asked.kind, options, None, **said)


async def _entries(session: AsyncSession, episode: Episode) -> tuple[Option, ...]:
    """Everybody whose entry stands in the season. The house wins no prizes."""
    return tuple(
        Option(id=f"e{number}", zh=one.name, en=one.name, subject=str(one.id))
        for number, one in enumerate(
            (
                entry
                for entry in await submissions.entries(session, episode.season_id)
                if entry.kind != "house"
            ),
            1,
        )
    )


async def _draft(
    site: Site,
    session: AsyncSession,
    episode: Episode,
    kind: BallotKind,
    options: Sequence[Option],
    duel_id: UUID | None,
    **said: object,
) -> Ballot:
    season = await session.get_one(Season, episode.season_id)
    salt = secrets.token_hex(32)
    try:
        config = BallotConfig.model_validate(
            {
                "kind": kind,
                "options": options,
                "salt_commitment": queries.commitment(salt),
                "rules_digest": season.rules_digest,
                "shards": site.settings.vote_shards,
                **said,
            }
        )
    except ValidationError as error:
        wrong = "; ".join(problem["msg"].removeprefix("Value error, ") for problem in error.errors())
        raise Invalid("ballot.invalid", f"This ballot cannot be put: {wrong}.") from error
    require_provider(site, config)
    ballot = Ballot(
        kind=kind,
        duel_id=duel_id,
        episode_id=episode.id,
        config=config.model_dump(mode="json"),
        salt=salt,
    )
    session.add(ballot)
    await session.flush()
    return ballot


def require_provider(site: Site, config: BallotConfig) -> None:
    """Asked at each step until it is open: the operator may have taken the provider out since."""
    if config.level == 3 and site.settings.oidc_issuer is None:
        raise Conflict(
            "ballot.no_provider",
            "Level 3 asks that a provider says who a voter is, and this site has none: nobody could vote. Choose "
            "another level, or have the operator set GAVEL_OIDC_ISSUER.",
        )


async def open_duel_ballot(
    site: Site,
    session: AsyncSession,
    episode: Episode,
    duel: Duel,
    seconds: int,
    channels: Sequence[Channel],
    level: Level,
) -> Ballot:
    """All in one for the vote on a duel: what it asks is always the same."""
    if duel.state != "answered":
        raise Conflict("ballot.duel_not_answered", "Both answers must be complete before the vote opens.")
    await require_over(session, duel.id)
    if await queries.ballot_of(session, duel.id) is not None:
        raise Conflict("ballot.exists", "This duel has had its vote. A ballot is never opened twice.")
    options = [Option(id=choice) for choice in CHOICES]
    draft = await _draft(
        site,
        session,
        episode,
        "duel",
        options,
        duel.id,
        seconds=seconds,
        channels=tuple(channels) or (HALL,),
        level=level,
    )
    await arm(session, draft.id)
    return await open_ballot(session, draft.id)


async def arm(session: AsyncSession, ballot_id: UUID) -> Ballot:
    """From here on what is asked, of whom and for how long is fixed, and its hash can be told."""
    ballot = await _in_state(session, ballot_id, "draft")
    # Written out as it is hashed: a draft of an earlier release lacks what has come since.
    ballot.config = ballot.configuration.model_dump(mode="json")
    ballot.config_digest = digest_of(ballot.configuration)
    return _move(session, ballot, "armed")


async def open_ballot(session: AsyncSession, ballot_id: UUID) -> Ballot:
    ballot = await _in_state(session, ballot_id, "armed")
    about = await session.get_one(Episode, ballot.episode_id)
    now = await db_now(session)
    ballot.opens_at = now
    ballot.closes_at = ballot.locks_at = now + timedelta(seconds=ballot.configuration.seconds)
    if ballot.kind == "duel":
        rules = await season_rules(session, about.season_id)
        ballot.locks_at += timedelta(seconds=rules.judge_seconds)
    _move(session, ballot, "open")
    taken = Conflict(
        "ballot.one_open", "Another ballot of this kind is open. Close it first.", kind=ballot.kind
    )
    await flush_unless_taken(session, taken)
    return ballot


# --- while it is open ---------------------------------------------------------------------------------------------


async def set_off(session: AsyncSession, ballot_id: UUID, at: datetime) -> Ballot:
    """Enough have asked for a surprise. Told once; of one that is closed by now the closing has told it."""
    ballot = await queries.ballot(session, ballot_id, lock=True)
    if ballot.triggered_at is None and ballot.state in TAKES_VOTES:
        _set_off(session, ballot, at)
    return ballot


def _set_off(session: AsyncSession, ballot: Ballot, at: datetime) -> None:
    ballot.triggered_at = at
    record(session, SurpriseTriggered(ballot_id=ballot.id, episode_id=ballot.episode_id))
    changed(session, ballot)


async def close_first_channel(session: AsyncSession) -> None:
    """Closed for those without delay; others still have the same seconds, and judges theirs.

    Commit right after: whoever takes an episode next has to come without ballots in hand. Those in other hands come
    with the next look.
    """
    over = select(Ballot.id).where(Ballot.state == "open", Ballot.closes_at < func.clock_timestamp())
    free = over.order_by(Ballot.id).with_for_update(skip_locked=True)
    closing = update(Ballot).where(Ballot.id.in_(free)).values(state="closing").returning(Ballot)
    for ballot in (await session.execute(closing)).scalars().all():
        changed(session, ballot)


async def agree_to_shorten(session: AsyncSession, ballot_id: UUID, by: UUID) -> Ballot:
    ballot = await _in_state(session, ballot_id, *TAKES_VOTES)
    ballot.shorten_by = by
    changed(session, ballot)
    return ballot


# --- after the votes ----------------------------------------------------------------------------------------------


async def close(session: AsyncSession, ballot_id: UUID, by: UUID | None) -> Ballot:
    """Take the ballot's row alone: a batch of votes holds it shared, so none is half in. Nothing is added after.

    The seconds were promised when it was armed. To cut them short takes a second person.
    """
    ballot = await _in_state(session, ballot_id, *TAKES_VOTES)
    assert ballot.opens_at is not None
    now = await db_now(session)
    if now < promised_end(ballot.configuration, ballot.opens_at) and ballot.shorten_by in (None, by):
        raise Conflict(
            "vote.needs_second_approval",
            "The vote was promised to stay open longer. Somebody else, a producer, a moderator or the operator, has to "
            "agree that it closes now.",
        )
    if ballot.triggered_at is None and (at := await queries.wanted_at(session, ballot)) is not None:
        _set_off(session, ballot, at)
    ballot.locked_at = now
    return _move(session, ballot, "closed")


async def begin_count(session: AsyncSession, ballot_id: UUID) -> Ballot:
    """Again, too, after an alarm."""
    ballot = await _in_state(session, ballot_id, "closed", "counting")
    ballot.alarm = None
    return _move(session, ballot, "counting")


async def recount(session: AsyncSession, ballot_id: UUID) -> certifying.Recount | None:
    """Count the ledger a second time; None if it is not to be counted any more.

    The caller holds no row. Of two who count a ballot the second waits for the transaction of the first.
    """
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(str(ballot_id), 0))))
    ballot = await queries.ballot(session, ballot_id)
    return await certifying.recount(session, ballot) if ballot.state == "counting" else None


async def flag(session: AsyncSession, ballot_id: UUID) -> Ballot:
    """By the season's rules, before the ledger is counted again. Where they have just flagged so many that a producer
    has to look, it stays `counting` with an alarm, once."""
    ballot = await queries.ballot(session, ballot_id, lock=True)
    if ballot.state != "counting":
        return ballot
    new = await flagging.flag(session, ballot)
    if await flagging.is_for_review(session, ballot, new):
        ballot.alarm = {"flagged": new}
        log.warning("ballot_held_for_review", ballot=str(ballot.id), flagged=new)
        changed(session, ballot)
    return ballot


async def certify(site: Site, session: AsyncSession, ballot_id: UUID, found: certifying.Recount) -> Ballot:
    """Both counts equal: sign it. Otherwise it stays `counting`, with an alarm; without one, to be counted again, if a
    vote was flagged while it was counted."""
    ballot = await queries.ballot(session, ballot_id, lock=True)
    require_state(ballot, "counting")
    if len(await publishing.correction_rows(session, ballot_id)) != found.corrections:
        return ballot
    if found.differs:
        ballot.alarm = {"differs": found.differs}
        log.error("ballot_counts_differ", ballot=str(ballot.id), differs=found.differs)
        changed(session, ballot)
        return ballot
    seal = await certifying.sealed(session, site, ballot, found, stamp(await db_now(session)))
    ballot.alarm = None
    ballot.size, ballot.root = seal.certificate.size, seal.certificate.root
    ballot.tally = seal.certificate.count.model_dump(mode="json")
    ballot.certificate = seal.model_dump(mode="json")
    _move(session, ballot, "certified")
    record(session, BallotLocked(ballot_id=ballot.id, duel_id=ballot.duel_id, episode_id=ballot.episode_id))
    return ballot


async def publish(session: AsyncSession, ballot_id: UUID) -> Ballot:
    """The result may be shown, and everybody may take the evidence away."""
    ballot = await queries.ballot(session, ballot_id, lock=True)
    if ballot.state not in FINAL:
        raise Conflict(
            "ballot.not_certified",
            "This vote has not been counted a second time yet, so there is nothing to reveal.",
            state=ballot.state,
        )
    return ballot if ballot.state == "published" else _move(session, ballot, "published")


async def void(session: AsyncSession, ballot_id: UUID, reason: str) -> Ballot:
    """It counts for nothing, and says why. Its votes stay in the ledger."""
    ballot = await queries.ballot(session, ballot_id, lock=True)
    if ballot.state in ("published", "void"):
        _refuse_state(ballot)
    if ballot.kind != "duel" and ballot.state in FINAL:
        raise Conflict(
            "ballot.result_known",
            "The producers know how this vote has ended, so it stands. Publish it, and ask again if you have to.",
            state=ballot.state,
        )
    ballot.reason = reason
    return _move(session, ballot, "void")


async def correct(
    session: AsyncSession,
    ballot_id: UUID,
    voter: str,
    kind: str,
    rule: str,
    reason: str,
    by: UUID | None = None,
) -> Correction:
    """A word about a counted vote, chained behind those before. Until the ballot is certified: its count is signed."""
    ballot = await queries.ballot(session, ballot_id, lock=True)
    if ballot.state in (*FINAL, "void"):
        _refuse_state(ballot)
    (row,) = await flagging.add(session, ballot, [(voter, kind, rule, reason)], by)
    return row


async def wish_correction(
    session: AsyncSession, ballot_id: UUID, asked: WishCorrection, by: UUID
) -> FlagsOut:
    ballot = await _in_state(session, ballot_id, "closed", "counting")
    await flagging.wish(session, ballot, asked, by)
    changed(session, ballot)
    return await flagging.seen(session, ballot)


async def agree_to_correction(session: AsyncSession, ballot_id: UUID, wish_id: UUID, by: UUID) -> FlagsOut:
    ballot = await _in_state(session, ballot_id, "closed", "counting")
    await flagging.agree(session, ballot, wish_id, by)
    changed(session, ballot)
    return await flagging.seen(session, ballot)


async def _in_state(session: AsyncSession, ballot_id: UUID, *states: BallotState) -> Ballot:
    ballot = await queries.ballot(session, ballot_id, lock=True)
    require_state(ballot, *states)
    return ballot


def require_state(ballot: Ballot, *states: BallotState) -> None:
    if ballot.state not in states:
        _refuse_state(ballot)


def _refuse_state(ballot: Ballot) -> None:
    raise Conflict(
        "ballot.wrong_state",
        f"This is not possible while the ballot is “{ballot.state}”.",
        state=ballot.state,
    )


def _move(session: AsyncSession, ballot: Ballot, state: BallotState) -> Ballot:
    ballot.state = state
    changed(session, ballot)
    return ballot


def changed(session: AsyncSession, ballot: Ballot) -> None:
    """Told to everybody who looks at it: pages, and whoever waits for a judge."""
    record(session, BallotChanged(ballot_id=ballot.id, duel_id=ballot.duel_id, episode_id=ballot.episode_id))
