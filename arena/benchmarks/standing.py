"""Which score of a version stands: the run that counts on each suite, what a producer has set in its place, and what
has changed since. All of it is read off the rows when it is asked for; nothing of it is kept.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from arena.accounts.public import Person
from arena.benchmarks import library
from arena.benchmarks.contracts import Extent
from arena.benchmarks.models import BenchmarkRun, ScoreDecision
from arena.benchmarks.rules import Accuracy, Changed, Made, Present, overall, stale, weighted
from arena.kit.errors import NotFound
from arena.nodes import public as nodes
from arena.shows.public import SeasonRules, season_rules
from arena.submissions import public as submissions


@dataclass(frozen=True)
class Override:
    """A score that somebody has set."""

    score: float
    reason: str
    by: str
    decision: ScoreDecision


@dataclass(frozen=True)
class Standing:
    """Of one version on one suite."""

    suite: str
    run: BenchmarkRun | None
    """The one that counts; None: there is none, or all are void."""
    override: Override | None
    changed: tuple[Changed, ...]
    """Since the run."""

    @property
    def measured(self) -> Accuracy | None:
        return measured(self.run) if self.run is not None else None

    @property
    def accuracy(self) -> Accuracy | None:
        """What is shown and counted. A score that was set has no error of measurement, and does not grow old."""
        if self.override is not None:
            return Accuracy(self.override.score, None, overridden=True)
        found = self.measured
        return Accuracy(found.value, found.stderr, stale=bool(self.changed)) if found else None

    def counts_in(self, extent: Extent) -> bool:
        """Whether it is part of the overall accuracy where these questions count."""
        return self.override is not None or (self.run is not None and self.run.extent == extent)


def was_there(stands: Standing, at: datetime) -> bool:
    """Whether all of it was known at that time."""
    run, override = stands.run, stands.override
    measured = run is None or (run.ended_at is not None and run.ended_at <= at)
    return measured and (override is None or override.decision.created_at <= at)


def measured(run: BenchmarkRun) -> Accuracy | None:
    return overall([(task["score"], task["stderr"]) for task in run.tasks])


async def standings(session: AsyncSession, submission_id: UUID) -> dict[str, Standing]:
    """By suite: of all that the version was asked, or given a score on."""
    found = await submissions.with_entry(session, submission_id)
    return (await of_versions(session, found[0].season_id, [submission_id]))[submission_id] if found else {}


async def of_versions(
    session: AsyncSession, season_id: UUID, versions: Collection[UUID], extent: Extent | None = None
) -> dict[UUID, dict[str, Standing]]:
    """`standings` of several versions of one season; with an extent as if that one counted."""
    rules = await season_rules(session, season_id)
    now = _Now(session, season_id, rules)
    asked: dict[tuple[UUID, str], list[BenchmarkRun]] = {}
    for one in await _runs(session, BenchmarkRun.submission_id.in_(versions), BenchmarkRun.state == "done"):
        if one.tasks:
            asked.setdefault((one.submission_id, one.suite), []).append(one)
    was_set = await overrides(session, versions)
    found: dict[UUID, dict[str, Standing]] = {version: {} for version in versions}
    for version, suite in sorted(asked.keys() | was_set.keys()):
        present = await now.suite(suite)
        run = max(
            asked.get((version, suite), []),
            key=lambda one: counts_more(one, present, extent or rules.extent),
            default=None,
        )
        changed = stale(made(run), await now.present(run)) if run is not None else []
        found[version][suite] = Standing(suite, run, was_set.get((version, suite)), tuple(changed))
    return found


def counts_more(run: BenchmarkRun, present: str | None, extent: Extent) -> tuple[bool, bool, object]:
    """Of the finished runs of a version on a suite the one with the largest counts: over the questions that count in
    the season rather than over others, which are no part of the overall accuracy however new they are; of the suite as
    it is now rather than of an earlier version; the newest."""
    return run.extent == extent, run.suite_digest == present, run.created_at


async def accuracy(session: AsyncSession, submission_id: UUID) -> Accuracy | None:
    """Overall, by the season's weights. None as long as a suite that counts has no score."""
    found = await submissions.with_entry(session, submission_id)
    return (await accuracies(session, found[0].season_id, [submission_id]))[submission_id] if found else None


async def accuracies(
    session: AsyncSession, season_id: UUID, versions: Collection[UUID]
) -> dict[UUID, Accuracy | None]:
    """`accuracy` of several versions of one season."""
    rules = await season_rules(session, season_id)
    return {
        version: weighted(
            {suite: one.accuracy for suite, one in stand.items() if one.counts_in(rules.extent)},
            rules.suite_weights or {rules.suite: 1.0},
        )
        for version, stand in (await of_versions(session, season_id, versions)).items()
    }


async def overrides(session: AsyncSession, versions: Collection[UUID]) -> dict[tuple[UUID, str], Override]:
    """By version and suite: the newest decision to set a score, unless it was lifted."""
    statement = (
        select(ScoreDecision, Person.display_name)
        .join(Person, Person.id == ScoreDecision.by)
        .where(ScoreDecision.submission_id.in_(versions))
        .where(ScoreDecision.action.in_(("override", "lift")))
        .order_by(ScoreDecision.created_at)
    )
    found: dict[tuple[UUID, str], Override] = {}
    for decision, by in (await session.execute(statement)).all():
        about = (decision.submission_id, decision.suite)
        found.pop(about, None)
        if decision.action == "override" and decision.after is not None:
            found[about] = Override(decision.after["score"], decision.reason or "", by, decision)
    return found


# --- with what a score was made, and would be made now --------------------------------------------------------------


def made(run: BenchmarkRun) -> Made:
    return Made(
        suite=run.suite_digest,
        scorer=run.scorer_digest,
        data=run.items_digest or None,
        base=run.node.get("base_digest"),
        engine=run.node.get("engine_build"),
    )


async def changes(
    session: AsyncSession, season_id: UUID, runs: Sequence[BenchmarkRun]
) -> Mapping[UUID, list[Changed]]:
    """What has changed since each of these runs of a season, which are finished."""
    now = _Now(session, season_id, await season_rules(session, season_id))
    return {run.id: stale(made(run), await now.present(run)) for run in runs}


class _Now:
    """What scores of a season would be made with at this moment, each thing asked for once."""

    def __init__(self, session: AsyncSession, season_id: UUID, rules: SeasonRules) -> None:
        self._session, self._season_id, self._rules = session, season_id, rules
        self._suites: dict[str, str | None] = {}
        self._data: dict[tuple[str, str, Extent], str | None] = {}
        self._engines: tuple[frozenset[str], frozenset[str]] | None = None
        self._scorer: tuple[str | None] | None = None

    async def present(self, run: BenchmarkRun) -> Present:
        bases, engines = await self._up()
        return Present(
            suite=await self.suite(run.suite),
            scorer=await self._newest_scorer(),
            data=await self._newest_data(run),
            bases=bases,
            engines=engines,
        )

    async def suite(self, suite: str) -> str | None:
        """Its digest, with the season's seed. None: there is no such suite any more."""
        if suite not in self._suites:
            try:
                found = await library.of_season(self._session, self._season_id, suite)
                self._suites[suite] = found.digest
            except NotFound:
                self._suites[suite] = None
        return self._suites[suite]

    async def _newest_scorer(self) -> str | None:
        """The scorers are in the lab: what has judged last is what judges now, in a run or when answers were judged
        again."""
        if self._scorer is None:
            self._scorer = (await newest_scorer(self._session),)
        return self._scorer[0]

    async def _newest_data(self, run: BenchmarkRun) -> str | None:
        """What the lab has last made of the very same suite."""
        key = (run.suite, run.suite_digest, run.extent)
        if key not in self._data:
            newest = await _runs(
                self._session,
                BenchmarkRun.season_id == self._season_id,
                BenchmarkRun.state == "done",
                BenchmarkRun.suite == run.suite,
                BenchmarkRun.suite_digest == run.suite_digest,
                BenchmarkRun.extent == run.extent,
                limit=1,
            )
            self._data[key] = (newest[0].items_digest or None) if newest else None
        return self._data[key]

    async def _up(self) -> tuple[frozenset[str], frozenset[str]]:
        """(base digests, engine builds) of the nodes that could measure now."""
        if self._engines is None:
            track = self._rules.track
            able = {
                place.id
                for place in await nodes.table(self._session)
                if place.ready and place.trusted and not place.quarantine and not place.misfit
                if place.base_model == track.base_model and "benchmark" in place.uses
                if track.hardware_class in ("any", place.hardware_class)
            }
            up = [node.health for node in await nodes.nodes(self._session) if node.id in able]
            self._engines = (
                frozenset(health["base_digest"] for health in up if health.get("base_digest")),
                frozenset(health["engine_build"] for health in up if health.get("engine_build")),
            )
        return self._engines


async def newest_scorer(session: AsyncSession) -> str | None:
    runs = select(BenchmarkRun.ended_at, BenchmarkRun.scorer_digest).where(
        BenchmarkRun.state == "done", BenchmarkRun.scorer_digest.is_not(None)
    )
    judged = select(ScoreDecision.created_at, ScoreDecision.after["scorer_digest"].astext).where(
        ScoreDecision.action == "rescored"
    )
    found = [
        row
        for statement, at in ((runs, BenchmarkRun.ended_at), (judged, ScoreDecision.created_at))
        if (row := (await session.execute(statement.order_by(at.desc()).limit(1))).one_or_none()) is not None
    ]
    return max(found, key=lambda row: row[0])[1] if found else None


async def _runs(
    session: AsyncSession, *wanted: ColumnElement[bool], limit: int | None = None
) -> Sequence[BenchmarkRun]:
    """The newest first."""
    statement = (
        select(BenchmarkRun)
        .where(*wanted)
        .order_by(BenchmarkRun.created_at.desc())
        .limit(limit)
        .execution_options(populate_existing=True)
    )
    return (await session.execute(statement)).scalars().all()
