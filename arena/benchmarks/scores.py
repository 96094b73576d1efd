"""What producers do about scores: have entries asked again, judge again what was answered, take a score out, set one.

Every act is a row of `score_decisions`, which nobody can change, and is shown beside the score it was about.
"""

from collections.abc import Callable, Sequence
from typing import Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from arena.benchmarks import library, queries, standing
from arena.benchmarks.contracts import Extent, RunOrdered, ScoreChanged, SuiteSpec
from arena.benchmarks.models import UNDER_WAY, BenchmarkRun, ScoreAction, ScoreDecision
from arena.benchmarks.rules import REPHRASED, REPHRASED_GAP, Changed, contaminated
from arena.kit.db import Json, flush_unless_taken
from arena.kit.errors import Conflict, Invalid
from arena.kit.jobs.outbox import record
from arena.submissions import public as submissions
from arena.submissions.public import Entry, Submission

CODES = {
    "run.expected": "the number of runs is another one than was confirmed",
    "run.nothing": "there is no run that this could be done to",
    "run.unknown_entry": "no such entry in the season",
    "run.entry_not_ready": "the entry has no version that is ready",
    "run.nothing_asked": "the suite asks nothing in this extent",
    "run.under_way": "a run of this version on this suite is under way",
    "run.not_done": "the run has no score: only a finished one can be voided or judged again",
    "run.suite_changed": "the questions have changed since: the entry has to be asked again",
    "run.rescoring": "the answers are being judged already",
    "run.wrong_answers": "the lab has judged other answers than were stored",
    "score.not_set": "nobody has set this score: there is nothing to lift",
}
"""Stable: pages explain them in both languages."""

Which = Sequence[UUID] | Literal["stale"]
Cures = Callable[[Sequence[Changed]], bool]
"""Whether an act makes up for what has changed since a score was made."""


# --- runs ----------------------------------------------------------------------------------------------------------


async def order(
    session: AsyncSession,
    season_id: UUID,
    entries: Sequence[UUID] | Literal["all"],
    suite_id: str,
    extent: Extent,
    expected: int,
    by: UUID,
) -> list[BenchmarkRun]:
    """Have the competing versions of entries answer a suite. Of all, those that are at it already are left alone.

    Raises NotFound for the suite, Invalid or Conflict `run.…`.
    """
    suite = await library.of_season(session, season_id, suite_id)
    if not suite.indices(extent):
        raise Invalid(
            "run.nothing_asked", f"Suite {suite_id} asks nothing on air.", suite=suite_id, extent=extent
        )
    versions = await _competing(session, season_id, entries)
    if entries == "all":
        busy = await _busy(session, season_id)
        versions = [version for version in versions if (version.id, suite_id, extent) not in busy]
    _require(expected, len(versions))
    return [await _start(session, season_id, version.id, suite, extent, by) for version in versions]


async def _competing(
    session: AsyncSession, season_id: UUID, wanted: Sequence[UUID] | Literal["all"]
) -> list[Submission]:
    """What of them would go on stage. Raises Invalid or Conflict for a named entry that has nothing to be asked."""
    competing = await submissions.competing(session, season_id)
    if wanted == "all":
        return list(competing.values())
    known: dict[UUID, Entry] = {entry.id: entry for entry in await submissions.entries(session, season_id)}
    versions = []
    for entry_id in dict.fromkeys(wanted):
        if entry_id not in known:
            raise Invalid("run.unknown_entry", "There is no such entry in this season.", entry=str(entry_id))
        if entry_id not in competing:
            name = known[entry_id].name
            raise Conflict("run.entry_not_ready", f"“{name}” has no version that is ready yet.", entry=name)
        versions.append(competing[entry_id])
    return versions


async def _busy(session: AsyncSession, season_id: UUID) -> set[tuple[UUID, str, Extent]]:
    """Which version is at which suite in which extent already, or waits for it."""
    statement = select(BenchmarkRun.submission_id, BenchmarkRun.suite, BenchmarkRun.extent).where(
        BenchmarkRun.season_id == season_id, BenchmarkRun.state.in_(UNDER_WAY)
    )
    return {(version, suite, extent) for version, suite, extent in (await session.execute(statement)).all()}


def _require(expected: int, found: int) -> None:
    """Whoever confirms a number means that number."""
    if found == 0:
        raise Conflict("run.nothing", "There is no run that this could be done to.")
    if expected != found:
        raise Conflict(
            "run.expected",
            f"This is about {found} runs; {expected} were confirmed. Look again and confirm the number.",
            expected=expected,
            found=found,
        )


async def _start(
    session: AsyncSession,
    season_id: UUID,
    submission_id: UUID,
    suite: SuiteSpec,
    extent: Extent,
    by: UUID,
    again: BenchmarkRun | None = None,
) -> BenchmarkRun:
    run = BenchmarkRun(
        submission_id=submission_id,
        season_id=season_id,
        suite=suite.id,
        suite_digest=suite.digest,
        extent=extent,
        ordered_by=by,
        state="queued",
        total=sum(map(len, suite.indices(extent).values())),
        node={},
        tasks=[],
    )
    session.add(run)
    await flush_unless_taken(
        session,
        Conflict(
            "run.under_way", "A run of this version on this suite is under way already.", suite=suite.id
        ),
    )
    before = {"run_id": str(again.id), **of(again)} if again is not None else None
    decide(session, run, "rerun" if again is not None else "order", by, before=before)
    record(session, RunOrdered(run_id=run.id))
    await session.flush()
    await session.refresh(run)
    return run


async def rerun(session: AsyncSession, run: BenchmarkRun, by: UUID) -> BenchmarkRun:
    """Ask everything anew. The score so far stands until there is a new one. Raises Conflict `run.under_way`."""
    suite = await library.of_season(session, run.season_id, run.suite)
    return await _start(session, run.season_id, run.submission_id, suite, run.extent, by, again=run)


async def chosen(
    session: AsyncSession, season_id: UUID, which: Which, expected: int, cures: Cures = bool
) -> list[BenchmarkRun]:
    """Of a season: the runs named, or all that count and are stale in a way that the act cures. Held.

    Raises NotFound, Conflict `run.…`.
    """
    ids = list(dict.fromkeys(which)) if which != "stale" else await _stale(session, season_id, cures)
    _require(expected, len(ids))
    return [await queries.run(session, run_id, lock=True) for run_id in sorted(ids)]


async def _stale(session: AsyncSession, season_id: UUID, cures: Cures) -> list[UUID]:
    """Of competing versions. What is being asked again already is left alone."""
    busy, found = await _busy(session, season_id), []
    versions = [version.id for version in (await submissions.competing(session, season_id)).values()]
    for stands in (await standing.of_versions(session, season_id, versions)).values():
        runs = [one.run for one in stands.values() if one.run is not None and cures(one.changed)]
        found += [run.id for run in runs if (run.submission_id, run.suite, run.extent) not in busy]
    return found


async def void(session: AsyncSession, run: BenchmarkRun, reason: str, by: UUID) -> None:
    """It counts nowhere any more; its answers stay to be read. Raises Conflict `run.not_done`."""
    require_done(run)
    decide(session, run, "void", by, reason=reason, before=of(run))
    run.state, run.reason = "void", reason
    changed(session, run.submission_id, run.season_id)
    await session.flush()


def require_done(run: BenchmarkRun) -> None:
    if run.state != "done":
        raise Conflict("run.not_done", f"This run has no score: it is {run.state}.", state=run.state)


# --- scores ---------------------------------------------------------------------------------------------------------


async def override(
    session: AsyncSession,
    entry: Entry,
    submission: Submission,
    suite_id: str,
    score: float | None,
    reason: str,
    by: UUID,
) -> None:
    """Set the score of a version on a suite, also one that it was never asked; None lifts that again.

    Raises NotFound for the suite, Conflict `score.not_set`.
    """
    await library.find(session, suite_id)
    # The row serialises those who decide about one version.
    await session.refresh(submission, with_for_update={"key_share": True})
    now = (await standing.standings(session, submission.id)).get(suite_id)
    if score is None and (now is None or now.override is None):
        raise Conflict("score.not_set", "Nobody has set this score.", suite=suite_id)
    accuracy = now.accuracy if now is not None else None
    before = {"score": accuracy.value, "stderr": accuracy.stderr} if accuracy is not None else None
    measured = now.measured if now is not None else None
    lifted = {"score": measured.value, "stderr": measured.stderr} if measured is not None else None
    session.add(
        ScoreDecision(
            season_id=entry.season_id,
            submission_id=submission.id,
            run_id=now.run.id if now is not None and now.run is not None else None,
            suite=suite_id,
            action="override" if score is not None else "lift",
            by=by,
            reason=reason,
            before=before,
            after={"score": score, "stderr": None} if score is not None else lifted,
        )
    )
    changed(session, submission.id, entry.season_id)
    await session.flush()


# --- written down ---------------------------------------------------------------------------------------------------


async def settled(session: AsyncSession, run: BenchmarkRun) -> None:
    """A run has its marks: look whether public questions were answered far better than the same in other words."""
    tasks = {task["task"]: task for task in run.tasks}
    pairs = [name for name in tasks if name + REPHRASED in tasks]
    if not pairs:
        return
    found = await submissions.with_entry(session, run.submission_id)
    marks: dict[str, dict[int, bool]] = {}
    for sample in await queries.samples(session, run.id):
        marks.setdefault(sample.task, {})[sample.index] = sample.correct
    for name in pairs:
        gap = contaminated(marks.get(name, {}), marks.get(name + REPHRASED, {}))
        if gap is not None and found is not None:
            evidence = {
                "run_id": str(run.id),
                "task": name,
                "gap": gap.value,
                "stderr": gap.stderr,
                "threshold": REPHRASED_GAP,
                "items": gap.items,
            }
            await submissions.flag_rephrased(session, found[1], run.suite, evidence)


def of(run: BenchmarkRun) -> Json:
    """What stands in a run, for the record of who has changed it."""
    accuracy = standing.measured(run)
    return {
        "score": accuracy.value if accuracy is not None else None,
        "stderr": accuracy.stderr if accuracy is not None else None,
        "suite_digest": run.suite_digest,
        "scorer_digest": run.scorer_digest,
        "tasks": run.tasks,
    }


def decide(
    session: AsyncSession,
    run: BenchmarkRun,
    action: ScoreAction,
    by: UUID | None,
    *,
    reason: str | None = None,
    before: Json | None = None,
    after: Json | None = None,
) -> None:
    session.add(
        ScoreDecision(
            season_id=run.season_id,
            submission_id=run.submission_id,
            run_id=run.id,
            suite=run.suite,
            action=action,
            by=by,
            reason=reason,
            before=before,
            after=after,
        )
    )


def changed(session: AsyncSession, submission_id: UUID, season_id: UUID) -> None:
    record(session, ScoreChanged(submission_id=submission_id, season_id=season_id))
