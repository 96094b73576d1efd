"""What happens to speed runs: started, measured block by block, released."""

import secrets
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from arena.benchmarks import library, suites
from arena.benchmarks.contracts import SuiteSpec
from arena.kit.db import db_now, flush_unless_taken
from arena.kit.errors import Conflict, Invalid
from arena.kit.jobs.outbox import record
from arena.kit.site import Site
from arena.nodes.public import LeasedNode
from arena.shows.public import Episode, Season, SeasonRules, SpeedRules, Track, season_rules
from arena.speed import comparing, queries, rules
from arena.speed.contracts import (
    WHO,
    Measured,
    Question,
    QuizAnswered,
    QuizStarted,
    Racer,
    SpeedPlan,
    SpeedReady,
    SpeedReleased,
    SpeedResult,
    Void,
)
from arena.speed.models import UNDER_WAY, SpeedRacer, SpeedRequest, SpeedRun
from arena.speed.schemas import NewSpeedRun
from arena.submissions import public as submissions
from arena.submissions.public import Submission


async def start(session: AsyncSession, episode: Episode, asked: NewSpeedRun) -> SpeedRun:
    """Raises Invalid or Conflict `speed.…`."""
    kind, entry_a, entry_b = asked.kind, asked.entry_a, asked.entry_b
    if entry_a == entry_b:
        raise Invalid("speed.same_entry", "A measurement needs two different entries.")
    season = await session.get_one(Season, episode.season_id)
    declared = SeasonRules.model_validate(season.rules)
    versions = [await _racer(session, episode.season_id, entry) for entry in (entry_a, entry_b)]
    house = await queries.house_version(session, episode.season_id)
    if house is None:
        raise Conflict("speed.house_not_ready", "The house model is not ready yet. Try again in a minute.")
    seed = secrets.randbits(rules.SEED_BITS)
    suite = await _quiz_suite(session, asked.suite or declared.suite, seed) if kind == "quiz" else None
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


async def _quiz_suite(session: AsyncSession, suite_id: str, seed: int) -> SuiteSpec:
    """Raises NotFound `suite.unknown`, Conflict `speed.no_questions`."""
    known = suites.surprise() if suite_id == suites.SURPRISE else await library.find(session, suite_id)
    suite = rules.quiz_suite(known, seed)
    there = sum(map(len, rules.quiz_items(suite, seed).values()))
    if there < rules.QUESTIONS:
        raise Conflict(
            "speed.no_questions",
            f"A quiz needs {rules.QUESTIONS} questions whose answer is one line; “{suite_id}” has {there}.",
            suite=suite_id,
        )
    return suite


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
        record(session, SpeedReleased(season_id=run.season_id))
    return run


async def under_way(session: AsyncSession, run_id: UUID) -> SpeedRun:
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
        stop=[rules.LINE] if quiz else [],
        max_tokens=[length for _, length in asked],
        racers=racers,
    )


def asks(run: SpeedRun) -> list[tuple[str, int]]:
    """What everybody is asked, and how long an answer may be: first for the warm-up, then from block to block."""
    length = rules_of(run).tokens
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
        await queries.measured(session, run.id), run.seed, rules_of(run).tie_band
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


def rules_of(run: SpeedRun) -> SpeedRules:
    return SpeedRules.model_validate(run.rules)
