"""The scores of a season's entries on one suite, as everybody may see them."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from arena.benchmarks.public import AccuracyOut, Standing, TaskOut, of_versions
from arena.leaderboard.models import ShownBoard
from arena.leaderboard.schemas import SuiteRow, SuiteScores
from arena.shows.public import season_rules
from arena.submissions import public as submissions
from arena.submissions.public import Entry


async def scores(session: AsyncSession, season_id: UUID, suite: str) -> SuiteScores:
    """The best first, then those whose answers are to other questions than those that count in the season, then those
    without a score. While the board is frozen nothing is shown that was measured since:
    this page must not tell what the board keeps back.
    """
    shown = await session.get(ShownBoard, season_id)
    frozen = shown is not None and shown.frozen
    extent = (await season_rules(session, season_id)).extent
    rows, aside = [], set()
    versions = await submissions.competing(session, season_id)
    stand = await of_versions(session, season_id, [version.id for version in versions.values()])
    for entry in await submissions.entries(session, season_id):
        version = versions.get(entry.id)
        stands = stand[version.id].get(suite) if version is not None else None
        if stands is not None and shown is not None and frozen and not _was_there(stands, shown):
            stands = None
        if stands is not None and not stands.counts_in(extent):
            aside.add(entry.id)
        rows.append(_row(entry, version.version if version else None, stands))
    rows.sort(key=lambda row: (row.accuracy is None, row.entry_id in aside, -_value(row), row.name))
    return SuiteScores(suite=suite, frozen=frozen, rows=rows)


def _was_there(stands: Standing, shown: ShownBoard) -> bool:
    """Whether all of it was known when the board was frozen."""
    run, override = stands.run, stands.override
    measured = run is None or (run.ended_at is not None and run.ended_at <= shown.computed_at)
    return measured and (override is None or override.decision.created_at <= shown.computed_at)


def _row(entry: Entry, version: int | None, stands: Standing | None) -> SuiteRow:
    run = stands.run if stands else None
    accuracy = stands.accuracy if stands else None
    return SuiteRow(
        entry_id=entry.id,
        name=entry.name,
        kind=entry.kind,
        version=version,
        accuracy=AccuracyOut.model_validate(accuracy) if accuracy else None,
        override=stands.override.reason if stands and stands.override else None,
        run_id=run.id if run else None,
        extent=run.extent if run else None,
        tasks=[TaskOut.model_validate(task) for task in run.tasks] if run else [],
        hardware_class=run.node.get("hardware_class") if run else None,
        attestation=run.node.get("attestation") if run else None,
    )


def _value(row: SuiteRow) -> float:
    return row.accuracy.value if row.accuracy else 0.0
