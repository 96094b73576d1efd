"""What a run's folder is made of, brought together: its rows, its suite as it was asked, its template."""

from sqlalchemy.ext.asyncio import AsyncSession

from arena.benchmarks import library, queries
from arena.benchmarks.contracts import SuiteSpec
from arena.benchmarks.models import BenchmarkRun
from arena.benchmarks.policy import SeenRun
from arena.benchmarks.reproduce import Measured
from arena.kit.errors import Conflict
from arena.kit.site import Site
from arena.shows.public import season_rules
from arena.submissions import public as submissions
from arena.submissions.safetensors import engine_name


async def measured(site: Site, session: AsyncSession, seen: SeenRun) -> Measured:
    """Raises Conflict `reproduce.not_done`, `reproduce.changed` or `reproduce.old`."""
    run, entry, submission = seen
    if run.state != "done":
        raise Conflict("reproduce.not_done", "Only a run that has ended with scores can be computed again.")
    suite = await as_asked(session, run)
    rows = await queries.samples(session, run.id)
    kinds = {family.name: family.kind for family in suite.families}
    if any(kinds.get(row.task) == "choice" and not row.options for row in rows):
        raise Conflict(
            "reproduce.old",
            "This run was recorded by an earlier release, without the options of its questions.",
        )
    base = (await season_rules(session, entry.season_id)).track.base
    staged = await submissions.staged(session, submission)
    template = base.template
    if staged.system_digest is not None:
        text = await submissions.read_system_prompt(site, staged.system_digest)
        template = base.render("{prompt}", text)
    return Measured(
        suite=suite,
        base=base,
        template=template,
        model=engine_name(staged.adapter_digest),
        house=entry.kind == "house",
        samples=rows,
        lm_eval=run.lm_eval_version or "",
        engine=str(run.node.get("engine_build", "")),
        hardware=str(run.node.get("hardware_class", "")),
    )


async def as_asked(session: AsyncSession, run: BenchmarkRun) -> SuiteSpec:
    """The suite with the seed of its run. Raises Conflict when it is another one by now."""
    published = await library.find(session, run.suite)
    of_season = await library.of_season(session, run.season_id, run.suite)
    for suite in (of_season, published):
        if suite.digest == run.suite_digest:
            return suite
    raise Conflict(
        "reproduce.changed",
        "The suite has changed since this run. Run it again, and compute the new scores again.",
        suite=run.suite,
    )
