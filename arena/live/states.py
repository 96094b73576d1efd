"""What each channel shows, read afresh from the database. A channel's name is its kind and the id it is about."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from arena.accounts.public import Caller, Permission, Person, Role
from arena.duels import public as duels
from arena.duels.schemas import EntryName
from arena.kit.errors import Forbidden, NotFound
from arena.kit.jobs import service as jobs
from arena.kit.jobs.models import JobState
from arena.leaderboard.public import board
from arena.live.schemas import (
    Desk,
    DeskBallot,
    DeskEvent,
    DeskSides,
    JudgesIn,
    Program,
    Stage,
    StageBallot,
    StageDuel,
    StagePoll,
    StageResult,
    StageSide,
    StageTurn,
)
from arena.nodes.public import NodeOut, live_leases, nodes
from arena.practice import public as practising
from arena.ratings.public import Counts, RatedDuel, Weights, votes_to_flip, winner
from arena.rundown import public as rundown
from arena.shows.public import EpisodeOut, Season, declared_preferences, episode, season_rules
from arena.submissions import public as submissions
from arena.training import public as training
from arena.votes import public as votes


@dataclass(frozen=True)
class Channel:
    kind: str
    id: UUID

    @classmethod
    def parse(cls, name: str) -> "Channel":
        kind, _, rest = name.partition(":")
        try:
            channel = cls(kind, UUID(rest))
        except ValueError:
            channel = None
        # One spelling only: facts are told by this name, and another one would never hear of them.
        if channel is None or kind not in STATES or name != f"{kind}:{channel.id}":
            raise NotFound("live.unknown_channel", "There is no such channel.", channel=name)
        return channel


PRIVATE = ("desk", "program", "submission", "practice", "training")
"""Channels that not everybody may see."""


async def admit(session: AsyncSession, caller: Caller, channel: Channel) -> None:
    """Raises when the caller may not see the channel."""
    if channel.kind == "desk" and not caller.has(Role.PRODUCER):
        raise Forbidden("live.forbidden", "This channel is for producers.")
    if channel.kind == "program" and not caller.may(Permission.MODERATE):
        raise Forbidden("live.forbidden", "This channel is for moderators and producers.")
    if channel.kind == "submission":
        found = await submissions.with_entry(session, channel.id)
        if found is None or not await submissions.may_see(session, caller, found[0]):
            raise NotFound("submission.not_found", "You have no such submission.")
    if channel.kind == "training":
        await training.admit(session, caller, channel.id)
    if channel.kind == "race":
        await training.admit_to_race(session, caller, channel.id)
    if channel.kind == "practice":
        await practising.admit(session, caller, channel.id)


async def read(session: AsyncSession, channel: Channel) -> BaseModel:
    return await STATES[channel.kind](session, channel.id)


Sides = dict[duels.SideName, duels.SideView]
Contest = tuple[duels.Duel, duels.Turns]


async def stage(session: AsyncSession, episode_id: UUID) -> Stage:
    return (await _on_stage(session, episode_id))[0]


async def _on_stage(
    session: AsyncSession, episode_id: UUID
) -> tuple[Stage, Contest | None, Sequence[rundown.ShowEvent], Sequence[votes.Ballot]]:
    """What everyone sees, and what it was made from: the duel with its turns, if there is one, log and ballots."""
    about = await episode(session, episode_id)
    events = await rundown.events(session, episode_id)
    show = rundown.fold((event.type, event.body) for event in events)
    duel = await duels.duel(session, show.duel_id) if show.duel_id else None
    turns = await duels.turns(session, duel) if duel else None
    ballot = await votes.ballot_of(session, duel.id) if duel else None
    ballots = await votes.ballots_of(session, episode_id)
    seen = Stage(
        episode=EpisodeOut.model_validate(about),
        version=show.version,
        phase=show.phase,
        duel=_duel(duel, turns) if duel and turns else None,
        ballot=await _ballot(session, ballot, about.season_id) if ballot else None,
        result=await _result(session, duel, turns[-1].sides, ballot)
        if duel and turns and ballot and duel.revealed_at
        else None,
        polls=[await _poll(session, one) for one in ballots if _is_shown(one, events)],
    )
    return seen, (duel, turns) if duel and turns else None, events, ballots


async def desk(session: AsyncSession, episode_id: UUID) -> Desk:
    seen, contest, events, ballots = await _on_stage(session, episode_id)
    names = None
    if contest is not None:
        duel, turns = contest
        left, right = (EntryName.model_validate(turns[-1].sides[side].entry) for side in duels.SIDES)
        reason = duel.reason or await _waits_for(session, duel)
        names = DeskSides(
            left=left, right=right, reason=reason, follow_ups=duel.follow_ups, images=duel.images
        )
    held = await live_leases(session)
    return Desk(
        **{name: getattr(seen, name) for name in Stage.model_fields},
        ballots=[await _desk_ballot(session, one) for one in ballots],
        names=names,
        roster=await submissions.roster(session, seen.episode.season_id),
        nodes=[NodeOut.of(node, held.get(node.id)) for node in await nodes(session)],
        log=[DeskEvent.model_validate(event, from_attributes=True) for event in events[-50:]],
    )


async def program(session: AsyncSession, episode_id: UUID) -> Program:
    about = await episode(session, episode_id)
    show = rundown.fold((event.type, event.body) for event in await rundown.events(session, episode_id))
    duel = await duels.duel(session, show.duel_id) if show.duel_id else None
    return Program(
        episode=EpisodeOut.model_validate(about),
        phase=show.phase,
        duel=await duels.preview(session, duel) if duel else None,
        ballots=[
            await _desk_ballot(session, one)
            for one in await votes.ballots_of(session, episode_id)
            if one.state in (*votes.TAKES_VOTES, "closed", "counting")
        ],
    )


async def _waits_for(session: AsyncSession, duel: duels.Duel) -> str | None:
    """Why nothing happens: an engine is awaited, or a fault is about to be tried again."""
    job = await jobs.latest(session, duel.id)
    return job.reason if job is not None and job.state == JobState.QUEUED else None


async def submission(session: AsyncSession, submission_id: UUID) -> submissions.SubmissionOut:
    found = await submissions.with_entry(session, submission_id)
    if found is None:
        raise NotFound("submission.not_found", "There is no such submission.")
    return await submissions.describe(session, *found)


async def practice(session: AsyncSession, exchange_id: UUID) -> practising.PracticeOut:
    return await practising.describe(session, await practising.exchange(session, exchange_id))


def _duel(duel: duels.Duel, turns: duels.Turns) -> StageDuel:
    *earlier, now = (
        StageTurn(
            turn=one.number,
            prompt=one.prompt,
            left=_side(one.sides["left"]),
            right=_side(one.sides["right"]),
        )
        for one in turns
    )
    return StageDuel(
        id=duel.id,
        number=duel.number,
        prompt=duel.prompt,
        kind=duel.kind,
        turns=duel.turns,
        turn=now.turn,
        asked=now.prompt,
        state=duels.seen_state(duel, turns[-1].sides),
        forfeit=duel.forfeit,
        left=now.left,
        right=now.right,
        earlier=earlier,
    )


def _side(view: duels.SideView) -> StageSide:
    return StageSide(
        text=view.text, tokens=view.tokens, finished=view.finished, off_air=duels.off_air(view.off_air)
    )


async def _ballot(session: AsyncSession, ballot: votes.Ballot, season_id: UUID) -> StageBallot:
    season = await session.get_one(Season, season_id)
    submitted = await votes.submitted_verdicts(session, ballot)
    assert ballot.duel_id and ballot.opens_at and ballot.closes_at and ballot.locks_at
    return StageBallot(
        id=ballot.id,
        state=ballot.state,
        digest=ballot.config_digest or "",
        opens_at=ballot.opens_at,
        closes_at=ballot.closes_at,
        delays=_delays(ballot.configuration),
        locks_at=ballot.locks_at,
        counted=await votes.counted(session, ballot),
        judges=JudgesIn(submitted=submitted, total=len(await votes.jury(session, ballot.duel_id))),
        root=ballot.root,
        teaches=declared_preferences(season.rules),
    )


def _delays(config: votes.BallotConfig) -> dict[str, int]:
    return {channel.id: channel.delay_seconds for channel in config.channels}


def _is_shown(ballot: votes.Ballot, events: Sequence[rundown.ShowEvent]) -> bool:
    """From when it opens until it is void, or published and the show has gone on."""
    if ballot.kind == "duel" or ballot.opens_at is None or ballot.state == "void":
        return False
    return ballot.state != "published" or rundown.stays(
        [(event.type, event.key) for event in events], f"publish_ballot-{ballot.id}"
    )


async def _poll(session: AsyncSession, ballot: votes.Ballot) -> StagePoll:
    config = ballot.configuration
    assert ballot.opens_at and ballot.closes_at and ballot.config_digest
    return StagePoll(
        id=ballot.id,
        kind=ballot.kind,
        state=ballot.state,
        digest=ballot.config_digest,
        question_zh=config.question_zh,
        question_en=config.question_en,
        options=list(config.options),
        opens_at=ballot.opens_at,
        closes_at=ballot.closes_at,
        delays=_delays(config),
        counted=await votes.counted(session, ballot),
        threshold=config.threshold,
        triggered=ballot.triggered_at is not None,
        root=ballot.root,
        result=votes.count(ballot) if ballot.state == "published" else None,
    )


async def _desk_ballot(session: AsyncSession, ballot: votes.Ballot) -> DeskBallot:
    seen = votes.BallotOut.of(ballot, await votes.counted(session, ballot), votes.is_for_producers(ballot))
    agreed = await session.get(Person, ballot.shorten_by) if ballot.shorten_by else None
    fields = {name: getattr(seen, name) for name in votes.BallotOut.model_fields}
    return DeskBallot(**fields, alarm=ballot.alarm, agreed=agreed.display_name if agreed else None)


async def _result(session: AsyncSession, duel: duels.Duel, sides: Sides, ballot: votes.Ballot) -> StageResult:
    left, right = sides["left"].entry, sides["right"].entry
    crowd, judged = await votes.tallies(session, ballot)
    declared = (await season_rules(session, duel.season_id)).weights
    weights = Weights(judges=declared.judges, crowd=declared.crowd)
    rated = RatedDuel(str(left.id), str(right.id), Counts(**asdict(crowd)), Counts(**asdict(judged)))
    return StageResult(
        winner=winner(rated, weights),
        left=EntryName.model_validate(left),
        right=EntryName.model_validate(right),
        crowd=votes.TallyOut.model_validate(crowd),
        judges=votes.TallyOut.model_validate(judged),
        levels=votes.count(ballot).levels,
        seats=votes.count(ballot).seats,
        too_close=votes.too_close(crowd),
        votes_to_flip=votes_to_flip(rated, weights),
    )


STATES: dict[str, Callable[[AsyncSession, UUID], Awaitable[BaseModel]]] = {
    "stage": stage,
    "desk": desk,
    "program": program,
    "board": board,
    "submission": submission,
    "practice": practice,
    "training": training.one,
    "race": training.race_out,
}
