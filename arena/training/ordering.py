"""Ordering a run: whose data may be trained into what, and how often."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from arena.accounts.public import Caller, Role
from arena.kit.db import Json
from arena.kit.errors import Conflict, Forbidden, Invalid, NotFound, TooMany
from arena.kit.jobs.outbox import record
from arena.kit.site import Site
from arena.shows.public import SeasonRules, season_rules
from arena.shows.training import FORM, Budget, RecipeId, TrainingRules, TrainingSpec
from arena.submissions import public as submissions
from arena.submissions.datasets.contracts import DatasetReport, Form
from arena.submissions.public import Entry, Submission
from arena.training import queries, rules
from arena.training.contracts import TrainingChanged, TrainingOrdered
from arena.training.models import TrainingAction, TrainingDecision, TrainingRace, TrainingRun
from arena.training.schemas import (
    EstimateOut,
    NewTraining,
    ParentOption,
    PresetOut,
    RecipeOption,
    TrainingOptions,
    UnusableParent,
)


async def order(
    site: Site, session: AsyncSession, caller: Caller, new: NewTraining, race: TrainingRace | None = None
) -> TrainingRun:
    """A run that waits for a lab. Every refusal has its own code and says what is wrong; see `rules.check`.

    `race`: a producer lets it run there. Then the clock is the budget, and it is not counted against the contestant.
    """
    entry = await _entry(session, caller, new.entry_id)
    season = await season_rules(session, entry.season_id)
    training = rules.training_of(season.track)
    await _refuse_after_deadline(session, entry, season)
    data, report = await _dataset(session, caller, entry, new.dataset)
    parent = await _parent(site, session, caller, entry, season, new) if new.parent is not None else None
    rules.check(new.spec, _form(report), season.track)
    await refuse_while_under_way(session, entry)
    if race is None:
        await _refuse_over_quota(session, entry, training)
    budget = training.budget if race is None else _by_the_clock(training.budget, race.seconds)
    run = TrainingRun(
        season_id=entry.season_id,
        entry_id=entry.id,
        dataset_id=data.id,
        dataset_digest=data.digest,
        form=_form(report),
        parent_id=parent.id if parent else None,
        parent_digest=parent.digest if parent else None,
        race_id=race.id if race else None,
        base_model=season.track.base_model,
        dtype=training.dtype,
        spec=new.spec.model_dump(mode="json"),
        budget=budget.model_dump(mode="json"),
        pauses_left=training.pauses,
        ordered_by=caller.person_id,
    )
    session.add(run)
    await session.flush()
    announce(session, run, order=True)
    decide(session, run, "order", caller.person_id)
    return run


def announce(session: AsyncSession, run: TrainingRun, order: bool = False) -> None:
    if order:
        record(session, TrainingOrdered(run_id=run.id))
    record(session, TrainingChanged(run_id=run.id, season_id=run.season_id))


def decide(session: AsyncSession, run: TrainingRun, action: TrainingAction, by: UUID) -> None:
    session.add(TrainingDecision(season_id=run.season_id, run_id=run.id, action=action, by=by))


async def resume(session: AsyncSession, run: TrainingRun) -> TrainingRun:
    """Go on from the last checkpoint. Raises Conflict `training.not_resumable`, `training.under_way`."""
    # Asked before anything is held: a lab that hands in its adapter has the run first and its holder then.
    _require_resumable(run)
    entry = await session.get_one(Entry, run.entry_id)
    await submissions.lock_holder(session, entry)
    run = await queries.run(session, run.id, lock=True)
    _require_resumable(run)
    await _refuse_after_deadline(session, entry, await season_rules(session, entry.season_id))
    await refuse_while_under_way(session, entry)
    if queries.resuming_is_a_pause(run):
        run.pauses_left -= 1
    run.state = "queued"
    run.reason = run.code = run.detail = run.ended_at = run.paused_until = None
    announce(session, run, order=True)
    return run


def _require_resumable(run: TrainingRun) -> None:
    if not queries.resumable(run):
        raise Conflict(
            "training.not_resumable",
            "Only a run that was paused, was cancelled or has failed can go on, and none of a race. A run that was "
            "cancelled counts as paused, and can go on only as often as a run may be paused.",
            state=run.state,
            pauses_left=run.pauses_left,
        )


# --- refused ------------------------------------------------------------------------------------------------------


async def _entry(session: AsyncSession, caller: Caller, entry_id: UUID) -> Entry:
    """Locked by its holder: of two orders at once, one is first, and who is being removed from a team leaves none
    behind."""
    entry = await session.get(Entry, entry_id)
    if entry is not None:
        await submissions.lock_holder(session, entry)
    if entry is None or not await submissions.may_see(session, caller, entry):
        raise NotFound("entry.not_found", "You have no such entry.")
    if entry.kind == "house":
        raise Conflict("training.house", "The house is the untuned base model; nothing is trained for it.")
    return entry


async def _refuse_after_deadline(session: AsyncSession, entry: Entry, season: SeasonRules) -> None:
    if not await submissions.is_open(session, entry):
        raise Forbidden(
            "training.closed",
            "The season no longer takes versions, so nothing more is trained in it.",
            closed_at=season.closes_at,
        )


async def _found(
    session: AsyncSession, caller: Caller, entry: Entry, submission_id: UUID, what: str
) -> tuple[Entry, Submission]:
    """A version of the same contestant; a producer may take anybody's."""
    found = await submissions.with_entry(session, submission_id)
    if found is None or not (caller.has(Role.PRODUCER) or found[0].holder == entry.holder):
        raise NotFound(
            "training.input_not_found", f"The {what} is no version of this contestant.", field=what
        )
    return found


async def _dataset(
    session: AsyncSession, caller: Caller, entry: Entry, submission_id: UUID
) -> tuple[Submission, DatasetReport]:
    _, row = await _found(session, caller, entry, submission_id, "dataset")
    return row, await _report(session, row)


async def _report(session: AsyncSession, row: Submission) -> DatasetReport:
    if row.artifact != "dataset":
        raise Invalid(
            "training.not_a_dataset", f"dataset: this version is a {row.artifact}.", artifact=row.artifact
        )
    if row.state != "verified" or row.digest is None:
        raise Conflict(
            "training.dataset_not_verified",
            "The data set is not verified: wait for its check, or take its cleaned version.",
            state=row.state,
        )
    return DatasetReport.model_validate((await submissions.dataset_check(session, row.id)).report)


def _form(report: DatasetReport) -> Form:
    if report.form is None:
        raise Invalid("training.no_form", "No row of the data set says which form it has.")
    return report.form


async def _parent(
    site: Site, session: AsyncSession, caller: Caller, entry: Entry, season: SeasonRules, new: NewTraining
) -> Submission:
    """Training goes on with its tensors, so the run says of what form they are."""
    assert new.parent is not None
    owner, row = await _found(session, caller, entry, new.parent, "parent")
    base = (await season_rules(session, owner.season_id)).track.base_model
    if row.artifact != "adapter" or row.state not in submissions.SEALED or row.digest is None:
        raise Conflict(
            "training.parent_not_ready",
            "parent: only a verified adapter can be trained further.",
            state=row.state,
        )
    if base != season.track.base_model:
        raise Conflict(
            "training.parent_other_base",
            f"parent: it was made for {base}; this track is built on {season.track.base_model}.",
            base_model=base,
        )
    form = await _form_of_parent(site, session, owner, row.digest)
    if _form_of(new.spec) != form:
        said = ", ".join(f"{name} {value}" for name, value in form.items())
        raise Invalid(
            "training.bad_parent", f"parent: a run that goes on with it has its form: {said}.", **form
        )
    return row


async def _form_of_parent(site: Site, session: AsyncSession, entry: Entry, digest: str) -> Json:
    """What a spec has in common with the adapter that training begins with."""
    config = await submissions.sealed_config(site, session, entry, digest)
    if config is None:
        raise NotFound(
            "training.parent_gone",
            "parent: its config is not in the store any more, or not one that is taken today.",
        )
    return {
        "method": "rslora" if config.use_rslora else "lora",
        "rank": config.rank,
        "alpha": config.alpha,
        "target_modules": sorted(config.targets),
    }


def _form_of(spec: TrainingSpec) -> Json:
    """QLoRA reads the base in four bits, and trains what LoRA trains."""
    return {
        "method": "lora" if spec.method == "qlora" else spec.method,
        "rank": spec.rank,
        "alpha": spec.alpha,
        "target_modules": sorted(spec.target_modules),
    }


async def refuse_while_under_way(session: AsyncSession, entry: Entry) -> None:
    """So the oldest job first means one contestant after the other, and the queue needs no turns of its own."""
    running = await queries.under_way(session, entry.holder)
    if running is not None:
        raise Conflict(
            "training.under_way",
            "This contestant has a run under way. One at a time: everybody gets the same share of the machines.",
            run_id=running,
        )


async def _refuse_over_quota(session: AsyncSession, entry: Entry, training: TrainingRules) -> None:
    if await queries.ordered_today(session, entry.holder) >= training.runs_per_day:
        raise TooMany(
            "training.quota",
            f"This contestant has used the {training.runs_per_day} runs of the last 24 hours.",
            limit=training.runs_per_day,
            per="day",
        )


MOST_STEPS, MOST_TOKENS = 1_000_000, 10**12


def _by_the_clock(budget: Budget, seconds: int) -> Budget:
    """In a race nothing but its clock ends a run."""
    return budget.model_copy(update={"steps": MOST_STEPS, "tokens": MOST_TOKENS, "seconds": seconds})


# --- proposed -----------------------------------------------------------------------------------------------------


async def options(site: Site, session: AsyncSession, entry: Entry, row: Submission) -> TrainingOptions:
    """What can be made of a data set. Raises as `order` does for what is none, or is not verified."""
    season = await season_rules(session, entry.season_id)
    track, training = season.track, rules.training_of(season.track)
    report = await _report(session, row)
    rows, row_tokens = rules.rows_of(report, row.digest or ""), rules.tokens_per_row(report)
    paces = await queries.paces(session, entry.season_id)
    parents, unusable = await _parents(site, session, entry)

    def recipe(name: RecipeId) -> RecipeOption:
        pace = paces.get(name)
        proposed = [
            PresetOut(
                id=preset,
                spec=spec,
                estimate=EstimateOut.model_validate(
                    rules.estimate(spec, training.budget, rows, row_tokens, pace)
                ),
            )
            for preset, spec in rules.presets(name, track).items()
        ]
        return RecipeOption(id=name, presets=proposed, tokens_per_second=pace)

    return TrainingOptions(
        form=_form(report),
        rows=rows,
        tokens_per_row=row_tokens,
        recipes=[recipe(name) for name in training.recipes if FORM[name] == report.form],
        methods=list(training.methods),
        profiles=list(training.profiles),
        modules=rules.modules_of(track.base),
        max_rank=track.max_rank,
        max_length=track.base.context,
        budget=training.budget,
        parents=parents,
        unusable_parents=unusable,
        runs_left=max(0, training.runs_per_day - await queries.ordered_today(session, entry.holder)),
        under_way=await queries.under_way(session, entry.holder),
        closes_at=season.closes_at,
    )


async def _parents(
    site: Site, session: AsyncSession, entry: Entry
) -> tuple[list[ParentOption], list[UnusableParent]]:
    """With which adapters training may begin, and those that only one's own list still has."""
    usable, unusable = [], []
    for owner, row in await queries.adapters_of(session, entry.holder, entry.season_id):
        version = queries.version_ref(owner, row).model_dump()
        try:
            form = await _form_of_parent(site, session, owner, row.digest or "")
        except NotFound as refusal:
            unusable.append(UnusableParent(**version, code=refusal.code, reason=refusal.message))
        else:
            usable.append(ParentOption.model_validate(version | form))
    return usable, unusable
