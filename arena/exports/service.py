"""From an admitted adapter to the files of a model: ordered by people, made and measured by a lab, kept beside it."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from arena.accounts.public import Caller
from arena.benchmarks import library
from arena.exports import queries, rules
from arena.exports.contracts import (
    ALWAYS,
    BESIDE,
    CARD,
    CONFIG,
    JOB_KIND,
    WEIGHTS,
    Asked,
    Data,
    ExportContract,
    ExportOrdered,
    ExportResult,
    Scheme,
)
from arena.exports.models import EXPIRED, REMOVED, UNDER_WAY, Export, ExportState
from arena.exports.rules import AskedOf
from arena.kit.db import Json, flush_unless_taken
from arena.kit.errors import Conflict, TooMany
from arena.kit.jobs import service as jobs
from arena.kit.jobs.models import Job
from arena.kit.jobs.outbox import record
from arena.kit.jobs.service import NotReady
from arena.kit.site import Site
from arena.nodes import public as nodes
from arena.shows.public import season_rules
from arena.submissions import public as submissions
from arena.submissions.artifacts import DATA_JSONL
from arena.submissions.contracts import FileIn, FileOut
from arena.submissions.datasets.contracts import GROWTH
from arena.submissions.public import Entry, Submission
from arena.submissions.sealing import sealed
from arena.training import public as training

LIFE_SECONDS = 2 * 86400
"""Links live for so long: a slow machine is at it for hours."""
SMALL = 4 << 20
"""For a config and a card."""
FORGOTTEN_DAYS = 7


# --- ordered ------------------------------------------------------------------------------------------------------


async def order(
    session: AsyncSession, caller: Caller, entry: Entry, row: Submission, scheme: Scheme
) -> Export:
    """An export that waits for a lab. Raises Conflict `export.not_an_adapter`, `export.not_admitted`,
    `export.under_way`, `export.no_room` and `export.taken`, TooMany `export.quota`."""
    # Of two orders at once, one is first.
    await submissions.lock_holder(session, entry)
    if row.artifact != "adapter" or entry.kind == "house":
        raise Conflict(
            "export.not_an_adapter",
            f"Only a contestant's adapter is merged into its base; this version is {row.artifact}.",
            artifact=row.artifact,
        )
    if row.state not in submissions.SEALED or row.digest is None:
        raise Conflict(
            "export.not_admitted", "Only a version that was admitted can be exported.", state=row.state
        )
    if (running := await queries.under_way(session, entry.holder)) is not None:
        raise Conflict(
            "export.under_way",
            "This contestant has an export under way. One at a time: everybody gets the same share of the machines.",
            export_id=running,
        )
    if await queries.left(session, entry.holder) == 0:
        raise TooMany(
            "export.quota",
            f"This contestant has used the {queries.PER_DAY} exports of the last 24 hours.",
            limit=queries.PER_DAY,
            per="day",
        )
    if await queries.room(session, entry.holder) == 0:
        raise Conflict(
            "export.no_room",
            f"The files of {queries.KEPT} exports of this contestant are kept, and no more. Remove one first; each "
            f"goes by itself after {queries.KEPT_DAYS} days.",
            limit=queries.KEPT,
            days=queries.KEPT_DAYS,
        )
    run = await training.run_of(session, row.id)
    export = Export(
        season_id=entry.season_id,
        submission_id=row.id,
        scheme=scheme,
        base_model=(await season_rules(session, entry.season_id)).track.base_model,
        adapter_digest=row.digest,
        data_digest=run.dataset_digest if run else None,
        data_form=run.form if run else None,
        ordered_by=caller.person_id,
    )
    session.add(export)
    await flush_unless_taken(
        session, Conflict("export.taken", f"This version is there as {scheme} already.", scheme=scheme)
    )
    record(session, ExportOrdered(export_id=export.id))
    return export


async def cancel(session: AsyncSession, export_id: UUID) -> Export:
    """It is not wanted any more. Raises Conflict `export.over`."""
    await jobs.cancel(session, JOB_KIND, export_id, "cancelled")
    export = await _under_way(session, export_id)
    _end(export, "cancelled", "It was cancelled.")
    return export


async def remove(session: AsyncSession, export_id: UUID) -> Export:
    """Raises Conflict `export.not_done`."""
    export = await queries.export(session, export_id, lock=True)
    if export.state != "done":
        raise Conflict("export.not_done", "This export has no files.", state=export.state)
    _drop(export, "Its files were removed.", REMOVED)
    return export


def _drop(export: Export, reason: str, code: str) -> None:
    """The store is tidied by the sweeper, when this is committed."""
    _end(export, "cancelled", reason, code)
    export.files, export.tidy = None, False


async def _under_way(session: AsyncSession, export_id: UUID) -> Export:
    export = await queries.export(session, export_id, lock=True)
    if export.state not in UNDER_WAY:
        raise Conflict("export.over", "This export is over.")
    return export


def _end(export: Export, state: ExportState, reason: str | None = None, code: str | None = None) -> None:
    export.state, export.reason, export.code = state, reason, code
    export.ended_at = func.clock_timestamp()


# --- made ---------------------------------------------------------------------------------------------------------


async def prepare(site: Site, session: AsyncSession, job: Job) -> ExportContract:
    """Raises NotReady while no engine serves the weights: a lab that has none fetches them there."""
    export = await _under_way(session, job.subject)
    season = await season_rules(session, export.season_id)
    node = await nodes.serving_model(site, session, export.base_model)
    if node is None:
        raise NotReady(nodes.ENGINE, f"waiting for an engine with the weights of {export.base_model}")
    suites = [
        await library.of_season(session, export.season_id, name)
        for name in dict.fromkeys((season.suite, *season.suites))
    ]
    asked = [rules.questions(suite) for suite in suites]
    export.asked = [one.model_dump(mode="json") for one in asked]
    export.state, export.base_digest = "running", node.base_digest
    export.attempt += 1
    if export.started_at is None:
        export.started_at = func.clock_timestamp()
    data = None
    if export.data_digest is not None:
        file = FileIn(
            name=DATA_JSONL,
            url=site.links.read(sealed(export.data_digest, DATA_JSONL), LIFE_SECONDS),
            sha256=export.data_digest,
            max_bytes=GROWTH * season.track.max_dataset_bytes,
        )
        data = Data.model_validate({"file": file, "form": export.data_form})
    return ExportContract(
        export_id=str(export.id),
        scheme=export.scheme,
        base_model=export.base_model,
        base_digest=node.base_digest,
        engine_url=node.url,
        engine_token=node.bearer,
        adapter=submissions.adapter_ref(site, export.adapter_digest),
        data=data,
        asked=[
            Asked(suite=suite, items=one.items, files=await library.links(site, suite))
            for suite, one in zip(suites, asked, strict=True)
        ],
        files=[
            FileOut(
                name=name, put_url=site.links.write(_put(export, name), most, LIFE_SECONDS), max_bytes=most
            )
            for name, most in _names(season.track.max_model_bytes).items()
        ],
    )


def _names(weights: int) -> Mapping[str, int]:
    """All that may be part of it, and the most bytes of each."""
    return {CONFIG: SMALL, WEIGHTS: weights, CARD: SMALL, **BESIDE}


def _put(export: Export, name: str, attempt: int | None = None) -> str:
    return f"incoming/exports/{export.id}/{attempt or export.attempt}/{name}"


def kept_file(export: Export, name: str) -> str:
    """Where a file lies for good, out of reach of any link."""
    return f"exports/{export.id}/{name}"


async def finish(site: Site, session: AsyncSession, export_id: UUID, body: Json) -> None:
    """Raises Conflict and ValidationError for a result that cannot be taken; it is then tried again."""
    result = ExportResult.model_validate(body)
    export = await _under_way(session, export_id)
    if result.refusal is not None:
        _end(export, "refused", result.refusal.message, result.refusal.code)
        return
    assert result.record is not None
    # Computed here, from whether each question was answered rightly: a lab does not say what that is worth.
    report = rules.report([AskedOf.model_validate(one) for one in export.asked], result.measured)
    export.files = await _take(site, export, result)
    export.record = result.record.model_dump(mode="json")
    export.report = report.model_dump(mode="json")
    _end(export, "done")


async def _take(site: Site, export: Export, result: ExportResult) -> Json:
    """Copied out of the lab's reach while they are hashed. Raises Conflict when they are not what the lab says."""
    if not set(ALWAYS) <= result.files.keys() <= {*ALWAYS, *BESIDE}:
        raise Conflict("export.other_files", f"A model is made of {', '.join(ALWAYS)} and its tokenizer.")
    files = {}
    for name, (sha256, size) in result.files.items():
        written = await site.storage.copy(_put(export, name), kept_file(export, name))
        if (written.sha256.hex(), written.size) != (sha256, size):
            raise Conflict(
                "store.hash_mismatch", f"{name} does not have the hash that the lab reported.", file=name
            )
        files[name] = {"sha256": sha256, "bytes": size}
    return files


async def failed(session: AsyncSession, export_id: UUID, reason: str) -> None:
    export = await queries.export(session, export_id, lock=True)
    if export.state in UNDER_WAY:
        _end(export, "failed", reason)


async def expire(session: AsyncSession) -> None:
    """Exports that have been kept for long enough. Commit before their files are forgotten."""
    over = func.clock_timestamp() - func.make_interval(0, 0, 0, queries.KEPT_DAYS)
    statement = select(Export).where(Export.state == "done", Export.ended_at < over).limit(10)
    for export in (await session.scalars(statement.with_for_update(skip_locked=True))).all():
        _drop(export, f"Its files were kept for {queries.KEPT_DAYS} days.", EXPIRED)


async def forget_attempts(site: Site, session: AsyncSession) -> None:
    """Remove what labs have put for exports that are over, and the models that are kept no longer. A few at a time."""
    long_ago = func.clock_timestamp() - func.make_interval(0, 0, 0, FORGOTTEN_DAYS)
    statement = (
        select(Export)
        .where(Export.tidy.is_(False), Export.attempt > 0)
        .where(or_(Export.state == "done", Export.ended_at < long_ago, Export.code.in_((REMOVED, EXPIRED))))
        .limit(10)
        .with_for_update(skip_locked=True)
    )
    for export in (await session.execute(statement)).scalars():
        for attempt in range(1, export.attempt + 1):
            for name in _names(0):
                await site.storage.delete(_put(export, name, attempt))
        if export.state != "done":
            for name in _names(0):
                await site.storage.delete(kept_file(export, name))
        export.tidy = True
