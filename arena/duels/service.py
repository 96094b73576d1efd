"""What happens to duels: staged, answered token by token, revealed."""

import secrets
from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import case, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from arena.duels import queries
from arena.duels.contracts import (
    OTHER,
    SIDES,
    DuelAnswered,
    DuelChanged,
    DuelPlan,
    DuelRevealed,
    DuelStarted,
    SideName,
    SidePlan,
    TextPart,
    Token,
)
from arena.duels.images import check_taken
from arena.duels.images import parts as image_parts
from arena.duels.models import Answer, AnswerToken, Duel
from arena.duels.turns import DuelKind, check_fits
from arena.duels.turns import course as plan_course
from arena.kit.db import db_now
from arena.kit.errors import Conflict, Invalid
from arena.kit.jobs.outbox import record
from arena.kit.site import Site
from arena.moderation.public import require
from arena.nodes.public import LeasedNode
from arena.shows.public import Episode, Track, season_rules
from arena.submissions import public as submissions
from arena.submissions.public import Submission


async def start(
    site: Site,
    session: AsyncSession,
    episode: Episode,
    prompt: str,
    entry_a: UUID,
    entry_b: UUID,
    seed: int | None,
    by: UUID | None,
    kind: DuelKind = "single",
    follow_ups: Sequence[str] = (),
    turns: int | None = None,
    images: Sequence[str] = (),
) -> Duel:
    """Put a duel on its way to the stage; a worker answers it. Sides are drawn here, by the machine.

    Raises Invalid `moderation.…` for a prompt that may not go on air, `duel.turns` or `duel.too_long` for turns that
    cannot be, `prompt.…images` for images that cannot be asked about.
    """
    rules = await season_rules(session, episode.season_id)
    check_taken(rules.track.base, len(images))
    await image_parts(site, images)
    course = plan_course(kind, prompt, follow_ups, turns, (rules.frames.zh, rules.frames.en))
    for number, asked in enumerate(course.prompts):
        check_prompt(asked, rules.max_prompt_chars, f"follow_ups.{number - 1}" if number else "prompt")
    if entry_a == entry_b:
        raise Invalid("duel.same_entry", "A duel needs two different entries.")
    # Held is refused here, like blocked: the prompt goes on air with this very command, and the queue in which a
    # moderator releases it is not there yet. The producer can reword it at once.
    for asked in course.prompts:
        await require(site, session, "duel.prompt", asked, by, episode.id)
    # The episode row serialises numbering and the one-under-way check.
    await session.execute(select(Episode.id).where(Episode.id == episode.id).with_for_update())
    earlier = await queries.duels_of(session, episode.id)
    if any(duel.state in ("queued", "loading", "live") for duel in earlier):
        raise Conflict("duel.under_way", "A duel of this episode is still under way.")
    contenders = [await _contender(session, episode.season_id, entry) for entry in (entry_a, entry_b)]
    secrets.SystemRandom().shuffle(contenders)
    staged = [await submissions.staged(session, submission) for submission in contenders]
    systems = [await system_text(site, one.system_digest) for one in staged]
    check_fits(course, rules.track.base, rules.sampling.max_tokens, systems)
    duel = Duel(
        episode_id=episode.id,
        season_id=episode.season_id,
        number=len(earlier) + 1,
        prompt=prompt,
        kind=kind,
        follow_ups=list(follow_ups),
        turns=course.turns,
        frame=course.frame,
        images=list(images),
        seed=secrets.randbelow(2**31) if seed is None else seed,
        sampling=rules.sampling.model_dump(mode="json") | {"stop": rules.track.base.frame},
        state="queued",
    )
    session.add(duel)
    await session.flush()
    for turn in range(1, course.turns + 1):
        for side, submission, one in zip(SIDES, contenders, staged, strict=True):
            session.add(
                Answer(
                    duel_id=duel.id,
                    turn=turn,
                    side=side,
                    entry_id=submission.entry_id,
                    submission_id=submission.id,
                    digest=one.adapter_digest,
                    system_digest=one.system_digest,
                    text="",
                )
            )
    await session.flush()
    record(session, DuelStarted(duel_id=duel.id, episode_id=episode.id, season_id=episode.season_id))
    return duel


def check_prompt(prompt: str, limit: int, field: str = "prompt") -> None:
    """Raises Invalid `prompt.empty` or `prompt.too_long`."""
    if not prompt:
        raise Invalid("prompt.empty", "The prompt is empty.", field=field)
    if len(prompt) > limit:
        raise Invalid(
            "prompt.too_long",
            f"The prompt has {len(prompt)} characters; {limit} are allowed.",
            field=field,
            length=len(prompt),
            limit=limit,
        )


async def _contender(session: AsyncSession, season_id: UUID, entry_id: UUID) -> Submission:
    entry = await session.get(submissions.Entry, entry_id)
    if entry is None or entry.season_id != season_id:
        raise Invalid("duel.unknown_entry", "There is no such entry in this season.", entry=str(entry_id))
    submission = await submissions.competing_version(session, entry_id)
    if submission is None or submission.digest is None:
        raise Conflict(
            "duel.entry_not_ready", f"“{entry.name}” has no verified version yet.", entry=entry.name
        )
    return submission


async def plan(site: Site, session: AsyncSession, duel_id: UUID, turn: int = 1) -> DuelPlan:
    """What both sides are asked in a turn. All turns before it have ended (`end_turn`)."""
    duel = await queries.duel(session, duel_id)
    rules = await season_rules(session, duel.season_id)
    said = await queries.said(session, duel_id)
    rows = await queries.answers(session, duel_id, turn)
    sides = [
        SidePlan(
            side=side,
            answer_id=rows[side].id,
            adapter=submissions.adapter_ref(site, rows[side].digest),
            rendered=duel.course.rendered(
                rules.track.base,
                turn,
                said[side],
                said[OTHER[side]],
                await system_text(site, rows[side].system_digest),
            ),
        )
        for side in SIDES
    ]
    return DuelPlan(
        duel_id=duel.id,
        episode_id=duel.episode_id,
        turn=turn,
        turns=duel.turns,
        content=(
            *await image_parts(site, duel.images),
            TextPart(type="text", text=duel.course.prompt(turn)),
        ),
        seed=duel.seed,
        max_tokens=duel.sampling["max_tokens"],
        temperature=duel.sampling["temperature"],
        top_p=duel.sampling["top_p"],
        stop=duel.sampling["stop"],
        deadlines=rules.deadlines,
        sides=(sides[0], sides[1]),
    )


async def system_text(site: Site, digest: str | None) -> str | None:
    """The text that an answering entry brought with it. Not to be shown before the reveal."""
    return None if digest is None else await submissions.read_system_prompt(site, digest)


async def track(session: AsyncSession, duel_id: UUID) -> Track:
    """What the duel's season runs on."""
    duel = await queries.duel(session, duel_id)
    return (await season_rules(session, duel.season_id)).track


async def loading(session: AsyncSession, duel_id: UUID, node: LeasedNode) -> None:
    """A node is held. Whatever an earlier attempt left is gone: the first complete answer is the official one."""
    duel = await queries.duel(session, duel_id, lock=True)
    duel.state = "loading"
    duel.node = node.model_dump(mode="json")
    await _wipe(session, duel_id)
    record(session, DuelChanged(duel_id=duel_id, episode_id=duel.episode_id))


async def interrupted(session: AsyncSession, duel_id: UUID) -> None:
    """The engine failed in the middle. The half answers leave the stage; the job says when it is tried again."""
    duel = await queries.duel(session, duel_id, lock=True)
    duel.state = "queued"
    await _wipe(session, duel_id)
    record(session, DuelChanged(duel_id=duel_id, episode_id=duel.episode_id))


async def _wipe(session: AsyncSession, duel_id: UUID) -> None:
    mine = select(Answer.id).where(Answer.duel_id == duel_id)
    await session.execute(delete(AnswerToken).where(AnswerToken.answer_id.in_(mine)))
    nothing = {"text": "", "tokens": 0, "finish_reason": None, "unjudged": None}
    unread = {"cleared": 0, "aired": 0, "overruled": 0}
    # What a person or moderation has decided stays decided; what was on air to its end goes on air anew.
    air = case((Answer.air == "aired", "flowing"), else_=Answer.air)
    values = {**nothing, **unread, "air": air}
    await session.execute(update(Answer).where(Answer.duel_id == duel_id).values(values))


async def live(session: AsyncSession, duel_id: UUID, node: LeasedNode) -> None:
    """`node` with its attestation: what is put on air now."""
    duel = await queries.duel(session, duel_id, lock=True)
    duel.state = "live"
    duel.node = node.model_dump(mode="json")
    duel.live_at = await db_now(session)
    record(session, DuelChanged(duel_id=duel_id, episode_id=duel.episode_id))


async def add_tokens(
    session: AsyncSession, answer_id: UUID, first_index: int, tokens: Sequence[Token]
) -> None:
    await session.execute(
        insert(AnswerToken),
        [
            {
                "answer_id": answer_id,
                "index": first_index + offset,
                "token_id": token.token_id,
                "text": token.text,
                "at_us": token.at_us,
                "likely": [[one.text, one.logprob] for one in token.likely] if token.likely else None,
            }
            for offset, token in enumerate(tokens)
        ],
    )


async def finish_side(session: AsyncSession, answer_id: UUID, finish_reason: str) -> None:
    await session.execute(update(Answer).where(Answer.id == answer_id).values(finish_reason=finish_reason))


async def end_turn(session: AsyncSession, duel_id: UUID, turn: int) -> None:
    """Both sides have said all they say in it. The next turn goes on from these words, whatever is shown of them."""
    # The clock of the program and the hands of people write to the same rows, and hold the duel, too.
    await queries.duel(session, duel_id, lock=True)
    for row in (await queries.answers(session, duel_id, turn)).values():
        tokens = await queries.tokens(session, row.id)
        row.text, row.tokens = "".join(token.text for token in tokens), len(tokens)
    await session.flush()


async def answered(session: AsyncSession, duel_id: UUID, fingerprints: Mapping[SideName, str]) -> None:
    """Both sides are complete. Their records are written when the vote locks: until then people decide about them."""
    duel = await queries.duel(session, duel_id, lock=True)
    await end_turn(session, duel_id, duel.turns)
    for row in await queries.all_answers(session, duel_id):
        row.fingerprint = fingerprints[row.side]
    duel.state, duel.answered_at = "answered", await db_now(session)
    record(session, DuelAnswered(duel_id=duel_id, episode_id=duel.episode_id))


async def failed(session: AsyncSession, duel_id: UUID, reason: str, forfeit: SideName | None = None) -> None:
    """It ends without two complete answers. `forfeit` is the side that has lost by that; otherwise it is void."""
    duel = await queries.duel(session, duel_id, lock=True)
    duel.state = "failed"
    duel.reason = reason
    duel.forfeit = forfeit
    record(session, DuelChanged(duel_id=duel_id, episode_id=duel.episode_id))


async def reveal(session: AsyncSession, duel: Duel) -> None:
    """Lift the blindfold. Only after the vote was locked; the caller (the rundown) has seen to that."""
    if duel.state != "answered":
        raise Conflict("duel.not_answered", "The duel has no complete answers to reveal.")
    if duel.revealed_at is None:
        duel.revealed_at = await db_now(session)
        record(session, DuelRevealed(duel_id=duel.id, episode_id=duel.episode_id, season_id=duel.season_id))
