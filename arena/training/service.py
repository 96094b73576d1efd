"""What happens to a training run in the hands of a lab, and what those who watch it may do about it.

An attempt has places of its own in the store. What it hands in while it goes on is kept at once, so that the next one
goes on from the last checkpoint; its end seals exactly one adapter, which then goes through the gate like any upload.
"""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import and_, delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from arena.kit.db import Json, db_now
from arena.kit.errors import Conflict, Invalid, NotFound
from arena.kit.jobs import service as jobs
from arena.kit.jobs.models import Job
from arena.kit.jobs.service import NotReady
from arena.kit.site import Site
from arena.nodes import public as nodes
from arena.shows.public import Track, season_rules
from arena.shows.training import UNKEPT, Budget, TrainingRules, TrainingSpec
from arena.submissions import public as submissions
from arena.submissions.artifacts import CONFIG, DATA_JSONL, WEIGHTS, asked_files
from arena.submissions.contracts import FileIn, FileOut
from arena.submissions.datasets.contracts import GROWTH
from arena.submissions.public import Entry, StoredFile
from arena.submissions.sealing import sealed
from arena.training import clock, queries
from arena.training.contracts import (
    JOB_KIND,
    AtTheLine,
    CheckpointKept,
    Kept,
    Point,
    Resume,
    TrainContract,
    TrainResult,
)
from arena.training.models import AT_WORK, UNDER_WAY, RunState, TrainingPoint, TrainingRun
from arena.training.ordering import announce
from arena.training.rules import Checkpoint

SLOTS = 2
"""For checkpoints: one that is being written never is the last good one."""
CHECKPOINT = 6
"""A checkpoint is the adapter and its optimiser's two moments in float32: so many times as large as what is sealed in
bfloat16."""
BESIDE = 1 << 20
"""Random numbers, schedule, names."""
SLACK_SECONDS = 6 * 3600
"""Loading, checkpoints and waiting, which are not on the training clock: links live for so much longer."""
FORGOTTEN_DAYS = 7
"""For so long a run that has failed or was cancelled can go on from its checkpoint."""

_kept = TypeAdapter(list[Kept])


# --- begun --------------------------------------------------------------------------------------------------------


async def prepare(site: Site, session: AsyncSession, job: Job) -> TrainContract:
    """Raises NotReady while no engine serves the weights: a lab that has none fetches them there."""
    # Whoever paused and resumed before the first word had left has ordered it twice: one lab is enough.
    await jobs.cancel(session, JOB_KIND, job.subject, "another lab is at it", besides=job.id)
    run = await queries.run(session, job.subject, lock=True)
    if run.state == "pausing":
        raise Conflict("training.lost_while_pausing", "Its lab fell silent before it could hand in more.")
    if run.state not in UNDER_WAY:
        raise _over()
    track = (await season_rules(session, run.season_id)).track
    node = await _weights(site, session, run)
    checkpoint = Checkpoint.model_validate(run.checkpoint) if run.checkpoint else None
    await _go_back_to(session, run, checkpoint)
    run.state, run.at_line, run.base_digest, run.tidy = "running", False, node.base_digest, False
    run.attempt += 1
    if run.started_at is None:
        run.started_at = func.clock_timestamp()
    announce(session, run)
    budget = Budget.model_validate(run.budget)
    life = 2 * budget.seconds + SLACK_SECONDS
    resume = None
    if checkpoint is not None:
        resume = Resume(
            step=checkpoint.step,
            url=site.links.read(checkpoint.key, life),
            sha256=checkpoint.sha256,
            max_bytes=checkpoint.bytes,
            tokens=checkpoint.tokens,
            seconds=checkpoint.seconds,
        )
    return TrainContract(
        run_id=str(run.id),
        spec=TrainingSpec.model_validate(run.spec),
        budget=budget,
        dtype=run.dtype,
        max_rank=track.max_rank,
        base_model=run.base_model,
        base_digest=node.base_digest,
        engine_url=node.url,
        engine_token=node.bearer,
        data=FileIn(
            name=DATA_JSONL,
            url=site.links.read(sealed(run.dataset_digest, DATA_JSONL), life),
            sha256=run.dataset_digest,
            max_bytes=GROWTH * track.max_dataset_bytes,
        ),
        parent=submissions.adapter_ref(site, run.parent_digest) if run.parent_digest else None,
        resume=resume,
        checkpoint_puts=[
            _put(site, f"checkpoint-{slot}", _slot(run, slot), CHECKPOINT * track.max_bytes + BESIDE, life)
            for slot in range(SLOTS)
        ],
        adapter=[_put(site, name, _made(run, name), most, life) for name, most in _files(track).items()],
        race=run.race_id is not None,
    )


async def _weights(site: Site, session: AsyncSession, run: TrainingRun) -> nodes.LeasedNode:
    """Every attempt of a run has the same: a checkpoint belongs to the weights that it was made on."""
    if run.base_digest is None:
        node = await nodes.serving_model(site, session, run.base_model)
    else:
        node = await nodes.serving(site, session, run.base_digest)
    if node is None:
        raise NotReady(nodes.ENGINE, f"waiting for an engine with the weights of {run.base_model}")
    return node


async def _go_back_to(session: AsyncSession, run: TrainingRun, checkpoint: Checkpoint | None) -> None:
    """What was seen after it is done again."""
    run.step = checkpoint.step if checkpoint else 0
    run.tokens = checkpoint.tokens if checkpoint else 0
    run.seconds = checkpoint.seconds if checkpoint else 0
    after = delete(TrainingPoint).where(TrainingPoint.run_id == run.id, TrainingPoint.step > run.step)
    await session.execute(after)


def _files(track: Track) -> dict[str, int]:
    """The adapter that a run makes is sent to the gate, so it keeps to the gate's limits."""
    return asked_files("adapter", track)


def _put(site: Site, name: str, key: str, most: int, life: int) -> FileOut:
    return FileOut(name=name, put_url=site.links.write(key, most, life), max_bytes=most)


def _attempt(run: TrainingRun, attempt: int) -> str:
    return f"incoming/training/{run.id}/{attempt}"


def _slot(run: TrainingRun, slot: int) -> str:
    return f"{_attempt(run, run.attempt)}/checkpoint-{slot}"


def _made(run: TrainingRun, name: str) -> str:
    return f"{_attempt(run, run.attempt)}/{name}"


def adapter_file(run: TrainingRun, name: str) -> str:
    """Where a file of the adapter lies for good, as it was trained, out of reach of any link."""
    return f"training/{run.id}/{name}"


def _over() -> Conflict:
    return Conflict("training.over", "This training run is over.")


# --- under way ----------------------------------------------------------------------------------------------------


async def kept(site: Site, session: AsyncSession, run_id: UUID, body: Sequence[Json]) -> None:
    """Steps, checkpoints, and that it is at the line. The same twice is kept once."""
    messages = _kept.validate_python(body)
    run = await _at_work(session, run_id)
    seen = [message for message in messages if isinstance(message, Point)]
    if seen:
        await _keep_points(session, run, seen)
    for message in messages:
        if isinstance(message, CheckpointKept):
            await _keep_checkpoint(site, run, message)
        elif isinstance(message, AtTheLine):
            run.at_line = True
    announce(session, run)
    await _settle(session, run)


async def _at_work(session: AsyncSession, run_id: UUID) -> TrainingRun:
    run = await queries.run(session, run_id, lock=True)
    if run.state not in AT_WORK:
        raise _over()
    return run


async def _keep_points(session: AsyncSession, run: TrainingRun, seen: list[Point]) -> None:
    by_step = {point.step: point for point in seen}
    rows = [{"run_id": run.id, **point.model_dump(exclude={"kind"})} for point in by_step.values()]
    new = insert(TrainingPoint).values(rows)
    fields = {name: new.excluded[name] for name in rows[0] if name not in ("run_id", "step")}
    await session.execute(new.on_conflict_do_update(index_elements=["run_id", "step"], set_=fields))
    last = by_step[max(by_step)]
    if last.step >= run.step:
        run.step, run.tokens, run.seconds = last.step, last.tokens, last.seconds


async def _keep_checkpoint(site: Site, run: TrainingRun, said: CheckpointKept) -> None:
    """Raises Invalid for one that is not there: the next attempt would have nothing to go on from."""
    if said.slot >= SLOTS:
        raise Invalid("training.no_such_slot", f"There are {SLOTS} places for checkpoints.", slot=said.slot)
    key = _slot(run, said.slot)
    try:
        size = await site.storage.size(key)
    except NotFound:
        size = 0
    if size != said.bytes:
        raise Invalid(
            "training.checkpoint_missing",
            f"The checkpoint of step {said.step} is said to have {said.bytes} bytes; {size} are in the store.",
            step=said.step,
        )
    if run.checkpoint is None or said.step >= run.checkpoint["step"]:
        if run.checkpoint is not None and not run.checkpoint["key"].startswith(
            f"{_attempt(run, run.attempt)}/"
        ):
            run.tidy = False  # that of an earlier attempt may go
        run.checkpoint = Checkpoint.of(said, key).model_dump(mode="json")


# --- ended --------------------------------------------------------------------------------------------------------


async def finish(site: Site, session: AsyncSession, run_id: UUID, body: Json) -> None:
    """Raises Conflict and ValidationError for a result that cannot be taken; the run is then tried again."""
    result = TrainResult.model_validate(body)
    run = await _at_work(session, run_id)
    if result.record is not None:
        run.record = result.record.model_dump(mode="json")
    if result.ended == "paused":
        if run.state != "pausing":
            raise Conflict("training.not_asked", "Nobody has asked this run to pause.")
        await _paused(session, run)
    elif result.refusal is not None:
        run.detail = result.detail
        _end(session, run, "refused", result.refusal.message, result.refusal.code)
    else:
        await _done(site, session, run, result)
    await _settle(session, run)


async def _done(site: Site, session: AsyncSession, run: TrainingRun, result: TrainResult) -> None:
    files = await _take_files(site, session, run, result)
    run.files = {name: {"sha256": file.sha256, "bytes": file.size} for name, file in files.items()}
    run.stopped = result.stopped
    _end(session, run, "done")
    if run.spec["recipe"] == "reward":
        return  # it judges answers and gives none
    entry = await session.get_one(Entry, run.entry_id)
    if not await submissions.is_open(session, entry):
        run.reason = "It ended after the season's deadline, so it is no version of the entry."
        run.code = "training.after_deadline"
        return
    run.result_id = (await submissions.receive(site, session, entry, "adapter", files)).id


async def _take_files(
    site: Site, session: AsyncSession, run: TrainingRun, result: TrainResult
) -> dict[str, StoredFile]:
    """Copied out of the lab's reach while they are hashed. Raises Conflict when they are not what the lab says."""
    track = (await season_rules(session, run.season_id)).track
    if result.files.keys() != _files(track).keys():
        raise Conflict("training.other_files", f"An adapter is made of {CONFIG} and {WEIGHTS}.")
    files = {}
    for name, (sha256, size) in result.files.items():
        written = await site.storage.copy(_made(run, name), adapter_file(run, name))
        if (written.sha256.hex(), written.size) != (sha256, size):
            raise Conflict(
                "store.hash_mismatch", f"{name} does not have the hash that the lab reported.", file=name
            )
        files[name] = StoredFile(adapter_file(run, name), sha256, size)
    return files


async def failed(session: AsyncSession, run_id: UUID, reason: str) -> None:
    """Our fault. Who asked for a pause gets it: from the last checkpoint it goes on as it would have."""
    run = await queries.run(session, run_id, lock=True)
    if run.state == "pausing":
        run.reason, run.code = reason, "training.lost_while_pausing"
        await _paused(session, run)
    elif run.state in UNDER_WAY:
        _end(session, run, "failed", reason)
        await _settle(session, run)


def _end(
    session: AsyncSession,
    run: TrainingRun,
    state: RunState,
    reason: str | None = None,
    code: str | None = None,
) -> None:
    run.state, run.reason, run.code = state, reason, code
    run.ended_at, run.paused_until, run.tidy = func.clock_timestamp(), None, False
    announce(session, run)


async def _paused(session: AsyncSession, run: TrainingRun) -> None:
    """Until somebody goes on with it, and not for ever: its machines are others', and its checkpoint takes room."""
    training = (await season_rules(session, run.season_id)).track.training or TrainingRules()
    until = await db_now(session) + timedelta(seconds=training.paused_seconds)
    run.state, run.paused_until, run.tidy = "paused", until, False
    announce(session, run)


async def _settle(session: AsyncSession, run: TrainingRun) -> None:
    """Last of all: the others of a race wait for its row."""
    if run.race_id is not None:
        await clock.settle(session, run.race_id)


# --- decided ------------------------------------------------------------------------------------------------------


async def pause(session: AsyncSession, run_id: UUID) -> TrainingRun:
    """A lab that is at it hears so at its next sign of life, and hands in a checkpoint before it ends."""
    run = await queries.run(session, run_id)
    if run.race_id is not None:
        raise Conflict("training.in_race", "A race has one clock: nobody can pause in it.")
    if run.spec["profile"] in UNKEPT:
        raise Conflict(
            "training.keeps_nothing",
            f"A run of the profile {run.spec['profile']} has no checkpoints, so a pause would lose all that it has "
            "learned. Let it run, or cancel it.",
            profile=run.spec["profile"],
        )
    if run.state == "queued":
        # The job first, as the lab that hands something in does.
        await jobs.cancel(session, JOB_KIND, run_id, "paused")
    waits = run.state == "queued"
    run = await queries.run(session, run_id, lock=True)
    if run.state not in ("queued", "running"):
        raise Conflict(
            "training.not_pausable", "Only a run that waits or is under way can be paused.", state=run.state
        )
    if run.pauses_left == 0:
        raise Conflict(
            "training.no_pauses_left",
            "This run has been paused as often as the season allows. Let it run, or cancel it.",
        )
    run.pauses_left -= 1
    if waits:
        await _paused(session, run)
    else:
        run.state = "pausing"
        announce(session, run)
    return run


async def cancel(session: AsyncSession, run_id: UUID) -> TrainingRun:
    """It is not wanted any more. Its curve stays, and for some days its last checkpoint. Raises Conflict."""
    run = await withdraw(session, run_id)
    await _settle(session, run)
    return run


async def withdraw(session: AsyncSession, run_id: UUID) -> TrainingRun:
    """As `cancel`, for whoever settles the race himself."""
    await jobs.cancel(session, JOB_KIND, run_id, "cancelled")
    run = await queries.run(session, run_id, lock=True)
    if not queries.cancellable(run):
        raise _over()
    _end(session, run, "cancelled", "It was cancelled.")
    return run


async def leave_behind(session: AsyncSession, run_id: UUID) -> None:
    """The race starts without it. Its jobs are held, and whoever calls settles the race."""
    await jobs.cancel(session, JOB_KIND, run_id, "the race began without it")
    run = await queries.run(session, run_id, lock=True)
    reason = "It did not reach the line in time: no lab had room for it, or it was still being loaded."
    _end(session, run, "failed", reason, "training.not_at_line")


async def end_pauses(session: AsyncSession) -> None:
    """Nobody has gone on with these. A few at a time."""
    overdue = (
        select(TrainingRun)
        .where(TrainingRun.state == "paused", TrainingRun.paused_until < func.clock_timestamp())
        .limit(10)
        .with_for_update(skip_locked=True)
    )
    for run in (await session.execute(overdue)).scalars():
        reason = "It was paused, and nobody went on with it in time."
        _end(session, run, "cancelled", reason, queries.PAUSE_OVER)


# --- forgotten ----------------------------------------------------------------------------------------------------


async def forget_attempts(site: Site, session: AsyncSession) -> None:
    """Remove what labs have put into the store and nobody needs: all but the newest checkpoint, and that one too once a
    run does not go on. What the attempt under way puts there is its own matter. A few runs at a time."""
    long_ago = func.clock_timestamp() - func.make_interval(0, 0, 0, FORGOTTEN_DAYS)
    over = or_(
        TrainingRun.state.in_(("done", "refused")), func.coalesce(TrainingRun.ended_at < long_ago, False)
    )
    has_one, untidy = TrainingRun.checkpoint.is_not(None), TrainingRun.tidy.is_(False)
    statement = (
        select(TrainingRun, over)
        .where(TrainingRun.attempt > 0, or_(and_(untidy, or_(over, has_one)), and_(over, has_one)))
        .limit(10)
        .with_for_update(skip_locked=True)
    )
    for run, is_over in (await session.execute(statement)).all():
        needed = run.checkpoint["key"] if run.checkpoint and not is_over else None
        for attempt in range(1, run.attempt + (run.state not in AT_WORK)):
            for name in (*(f"checkpoint-{slot}" for slot in range(SLOTS)), CONFIG, WEIGHTS):
                key = f"{_attempt(run, attempt)}/{name}"
                if key != needed:
                    await site.storage.delete(key)
        run.tidy = True
        if is_over:
            run.checkpoint = None
