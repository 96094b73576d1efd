"""The scores of a season's entries on one suite, as everybody may see them."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from arena.benchmarks.public import AccuracyOut, Standing, TaskOut, of_versions, was_there
from arena.leaderboard.schemas import SuiteRow, SuiteScores
from arena.leaderboard.tracing import horizon
from arena.shows.public import season_rules
from arena.submissions import public as submissions
from arena.submissions.public import Entry


async def scores(session: AsyncSession, season_id: UUID, suite: str) -> SuiteScores:
    """The best first, then those whose answers are to other questions than those that count in the season, then those
    without a score. While the board is frozen or closed nothing is shown that was measured since:
    this page must not tell what the board keeps back.
    """
    at = await horizon(session, season_id)
    extent = (await season_rules(session, season_id)).extent
    rows, aside = [], set()
    versions = await submissions.competing(session, season_id)
    stand = await of_versions(session, season_id, [version.id for version in versions.values()])
    for entry in await submissions.entries(session, season_id):
        version = versions.get(entry.id)
        stands = stand[version.id].get(suite) if version is not None else None
        if stands is not None and at is not None and not was_there(stands, at):
            stands = None
        if stands is not None and not stands.counts_in(extent):
            aside.add(entry.id)
        rows.append(_row(entry, version.version if version else None, stands))
    rows.sort(key=lambda row: (row.accuracy is None, row.entry_id in aside, -_value(row), row.name))
    return SuiteScores(suite=suite, frozen=at is not None, rows=rows)


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
