"""What happens to speed runs: started, measured block by block, marked, released."""

import secrets
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from arena.benchmarks import suites
from arena.benchmarks.contracts import SuiteSpec
from arena.kit.db import Json, db_now, flush_unless_taken
from arena.kit.errors import Conflict, Invalid
from arena.kit.jobs.models import Job
from arena.kit.jobs.outbox import record
from arena.kit.site import Site
from arena.moderation.public import Action, check_all, shows_growing
from arena.nodes.public import LeasedNode
from arena.shows.public import Episode, Season, SeasonRules, SpeedRules, Track, season_rules
from arena.speed import comparing, queries, rules
from arena.speed.contracts import (
    WHO,
    AnswerGiven,
    DrawContract,
    DrawResult,
    Kind,
    Measured,
    Question,
    QuizAnswered,
    QuizStarted,
    Racer,
    ScoreContract,
    ScoreResult,
    SpeedPlan,
    SpeedReady,
    SpeedResult,
    Void,
)
from arena.speed.models import UNDER_WAY, SpeedRacer, SpeedRequest, SpeedRun
from arena.submissions import public as submissions
from arena.submissions.public import Submission

STOP = "\n"
"""Ends a quiz answer, as in the benchmark that the questions are from."""


async def start(
    session: AsyncSession, episode: Episode, kind: Kind, entry_a: UUID, entry_b: UUID
) -> SpeedRun:
    """Raises Invalid or Conflict `speed.…`."""
    if entry_a == entry_b:
        raise Invalid("speed.same_entry", "A measurement needs two different entries.")
    season = await session.get_one(Season, episode.season_id)
    declared = SeasonRules.model_validate(season.rules)
    versions = [await _racer(session, episode.season_id, entry) for entry in (entry_a, entry_b)]
    house = await queries.house_version(session, episode.season_id)
    if house is None:
        raise Conflict("speed.house_not_ready", "The house model is not ready yet. Try again in a minute.")
    seed = secrets.randbits(rules.SEED_BITS)
    suite = rules.quiz_suite(suites.load(declared.suite), seed) if kind == "quiz" else None
    if kind == "quiz" and suite is None:
        raise Conflict(
            "speed.no_questions", "The season's suite has no questions that are answered in writing."
        )
    # The episode row serialises numbering.
    await session.execute(select(Episode.id).where(Episode.id == episode.id).with_for_update())
    run = SpeedRun(
        episode_id=episode.id,
        season_id=episode.season_id,
        number=1 + len(await queries.runs_of(session, episode.id)),
        kind=kind,
        state="queued",
        seed=seed,
        rules=declared.speed.model_dump(mode="json"),
        rules_digest=season.rules_digest,
        suite=suite.model_dump(mode="json") if suite else None,
        questions=[],
        blocks=declared.speed.blocks if kind == "duel" else rules.QUESTIONS // 2,
    )
    session.add(run)
    await flush_unless_taken(
        session, Conflict("speed.under_way", "A measurement of this episode is still under way.")
    )
    for who, version in zip(WHO, (*versions, house), strict=True):
        staged = await submissions.staged(session, version)
        session.add(
            SpeedRacer(
                run_id=run.id,
                who=who,
                entry_id=version.entry_id,
                submission_id=version.id,
                digest=staged.adapter_digest,
                system_digest=staged.system_digest,
            )
        )
    await session.flush()
    await session.refresh(run)
    record(session, SpeedReady(run_id=run.id) if kind == "duel" else QuizStarted(run_id=run.id))
    return run


async def _racer(session: AsyncSession, season_id: UUID, entry_id: UUID) -> Submission:
    entry = await session.get(submissions.Entry, entry_id)
    if entry is None or entry.season_id != season_id:
        raise Invalid("speed.unknown_entry", "There is no such entry in this season.", entry=str(entry_id))
    submission = await submissions.competing_version(session, entry_id)
    if submission is None or submission.digest is None:
        raise Conflict(
            "speed.entry_not_ready", f"“{entry.name}” has no verified version yet.", entry=entry.name
        )
    return submission


async def stop(session: AsyncSession, run_id: UUID) -> SpeedRun:
    """A producer needs the engine. Raises Conflict `speed.over`."""
    run = await queries.run(session, run_id, lock=True)
    if run.state not in UNDER_WAY:
        raise Conflict("speed.over", "This measurement is over.")
    _void(run, "stopped", "A producer has stopped it.")
    return run


async def release(session: AsyncSession, run_id: UUID) -> SpeedRun:
    """Show it to everybody, void runs too. Raises Conflict `speed.not_over`."""
    run = await queries.run(session, run_id, lock=True)
    if run.state not in ("done", "void"):
        raise Conflict("speed.not_over", "There is nothing to release yet.")
    if run.released_at is None:
        run.released_at = await db_now(session)
    return run


# --- for the lab that makes the questions and marks the answers ---------------------------------------------------


async def prepare_draw(_: Site, session: AsyncSession, job: Job) -> DrawContract:
    run = await _under_way(session, job.subject)
    return DrawContract(suite=SuiteSpec.model_validate(run.suite))


async def drawn(_: Site, session: AsyncSession, run_id: UUID, body: Json) -> None:
    result = DrawResult.model_validate(body)
    run = await _under_way(session, run_id)
    suite = SuiteSpec.model_validate(run.suite)
    if result.suite_digest != suite.digest or len(result.questions) != rules.QUESTIONS:
        raise Conflict("speed.wrong_questions", "These are not the questions that were to be drawn.")
    run.questions = [question.model_dump(mode="json") for question in result.questions]
    run.items_digest = result.items_digest
    record(session, SpeedReady(run_id=run_id))


async def prepare_score(_: Site, session: AsyncSession, job: Job) -> ScoreContract:
    run = await _under_way(session, job.subject)
    asked = [Question.model_validate(one) for one in run.questions]
    answers = [
        AnswerGiven(
            who=one.who,
            family=asked[one.ask - 1].family,
            index=asked[one.ask - 1].index,
            text=one.text or "",
        )
        for one in await queries.measured(session, run.id)
        if one.block is not None
    ]
    return ScoreContract(suite=SuiteSpec.model_validate(run.suite), answers=answers)


async def scored(site: Site, session: AsyncSession, run_id: UUID, body: Json) -> None:
    marks = ScoreResult.model_validate(body)
    run = await _under_way(session, run_id)
    asked = [Question.model_validate(one) for one in run.questions]
    correct = {(one.who, one.family, one.index): one.correct for one in marks.scores}
    wanted = {(who, one.family, one.index) for who in WHO for one in asked}
    if marks.items_digest != run.items_digest or correct.keys() != wanted:
        raise Conflict("speed.wrong_scores", "Other answers were marked than were given.")
    samples = await queries.measured(session, run_id)
    counted = [one for one in samples if one.block is not None]
    marked = [
        comparing.Marked(one, correct[one.who, asked[one.ask - 1].family, asked[one.ask - 1].index], shown)
        for one, shown in zip(counted, await _may_be_read(site, session, counted), strict=True)
    ]
    results = comparing.metric_results(samples, run.seed, _rules(run).tie_band)
    found = SpeedResult(
        metrics=results,
        quiz=comparing.quiz_lines([(one.question, one.expected) for one in asked], marked),
        axes=comparing.axes(marked, results),
    )
    run.result = found.model_dump(mode="json")
    run.state = "done"


async def _may_be_read(site: Site, session: AsyncSession, answers: Sequence[Measured]) -> list[bool]:
    """By the word lists. Where the site has a guard, which reads one text after the other, no answer is shown: the lab
    is waiting for this."""
    if not shows_growing(site):
        return [False] * len(answers)
    verdicts = await check_all(session, [one.text or "" for one in answers])
    return [verdict.action is Action.PASS for verdict in verdicts]


async def _under_way(session: AsyncSession, run_id: UUID) -> SpeedRun:
    """Raises Conflict once a producer has stopped it: the job ends, and the run stays as it is."""
    run = await queries.run(session, run_id, lock=True)
    if run.state not in UNDER_WAY:
        raise Conflict("speed.over", "This measurement is over.")
    return run


# --- for the worker that measures ---------------------------------------------------------------------------------


async def plan(site: Site, session: AsyncSession, run: SpeedRun) -> SpeedPlan:
    declared = await season_rules(session, run.season_id)
    rows = await queries.racers(session, run.id)
    asked = asks(run)
    racers = []
    for who in WHO:
        digest = rows[who].system_digest
        system = await submissions.read_system_prompt(site, digest) if digest else None
        racers.append(
            Racer(
                who=who,
                adapter=submissions.adapter_ref(site, rows[who].digest),
                rendered=[declared.track.base.render(text, system) for text, _ in asked],
            )
        )
    quiz = run.kind == "quiz"
    return SpeedPlan(
        run_id=run.id,
        kind=run.kind,
        seed=run.seed,
        blocks=run.blocks,
        # A quiz is asked as the benchmark asks, a duel of speed as the show does.
        temperature=0 if quiz else declared.sampling.temperature,
        top_p=1 if quiz else declared.sampling.top_p,
        stop=[STOP] if quiz else [],
        max_tokens=[length for _, length in asked],
        racers=racers,
    )


def asks(run: SpeedRun) -> list[tuple[str, int]]:
    """What everybody is asked, and how long an answer may be: first for the warm-up, then from block to block."""
    length = _rules(run).tokens
    if run.kind == "duel":
        return [(text, length) for text in rules.drawn(run.seed, run.blocks)]
    questions = [Question.model_validate(one) for one in run.questions]
    return [
        *((text, length) for text in rules.drawn(run.seed, 0)),
        *((one.question, one.max_tokens) for one in questions),
    ]


async def track(session: AsyncSession, run: SpeedRun) -> Track:
    return (await season_rules(session, run.season_id)).track


async def running(session: AsyncSession, run: SpeedRun, node: LeasedNode) -> None:
    """A node is held. What an attempt before this one left is gone: a run is measured in one go."""
    await session.execute(delete(SpeedRequest).where(SpeedRequest.run_id == run.id))
    run.state, run.blocks_done, run.result = "running", 0, None
    run.node = node.model_dump(mode="json")


async def attested(session: AsyncSession, run_id: UUID, node: LeasedNode) -> None:
    run = await queries.run(session, run_id, lock=True)
    run.node = node.model_dump(mode="json")


async def add(session: AsyncSession, run_id: UUID, samples: Sequence[Measured], blocks_done: int) -> bool:
    """Keep what was measured; False when the run was stopped meanwhile."""
    run = await queries.run(session, run_id, lock=True)
    if run.state != "running":
        return False
    session.add_all(
        SpeedRequest(run_id=run_id, number=one.number, measured=one.model_dump(mode="json"))
        for one in samples
    )
    run.blocks_done = blocks_done
    return True


async def interrupted(session: AsyncSession, run_id: UUID) -> None:
    """The engine failed, or the worker was told to go; the job says when it is tried again."""
    run = await queries.run(session, run_id, lock=True)
    if run.state == "running":
        run.state, run.blocks_done = "queued", 0
        await session.execute(delete(SpeedRequest).where(SpeedRequest.run_id == run_id))


async def measured(session: AsyncSession, run_id: UUID, after: str | None) -> None:
    """All of it, alone and undisturbed. A quiz is now marked."""
    run = await queries.run(session, run_id, lock=True)
    if run.state != "running":
        return
    run.attested_after, run.measured_at = after, await db_now(session)
    if run.kind == "quiz":
        run.state = "scoring"
        record(session, QuizAnswered(run_id=run_id))
        return
    await _compare(session, run, scored=True)
    run.state = "done"


async def voided(
    session: AsyncSession, run_id: UUID, cause: Void, reason: str, after: str | None = None
) -> None:
    """Its numbers stay, and count for nothing."""
    run = await queries.run(session, run_id, lock=True)
    if run.state in UNDER_WAY:
        run.attested_after, run.measured_at = after, await db_now(session)
        await _compare(session, run, scored=False)
        _void(run, cause, reason)


async def _compare(session: AsyncSession, run: SpeedRun, scored: bool) -> None:
    results = comparing.metric_results(
        await queries.measured(session, run.id), run.seed, _rules(run).tie_band
    )
    if not scored:
        results = [one.model_copy(update={"outcome": None}) for one in results]
    run.result = SpeedResult(metrics=results, quiz=[], axes=[]).model_dump(mode="json")


async def failed(session: AsyncSession, run_id: UUID, reason: str) -> None:
    run = await queries.run(session, run_id, lock=True)
    if run.state in UNDER_WAY:
        run.state, run.reason = "failed", reason


def _void(run: SpeedRun, cause: Void, reason: str) -> None:
    run.state, run.void, run.reason = "void", cause, reason


def _rules(run: SpeedRun) -> SpeedRules:
    return SpeedRules.model_validate(run.rules)
