"""The quiz, as far as the lab has to do with it: it makes the questions and marks the answers."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from arena.benchmarks import library
from arena.benchmarks.contracts import SuiteSpec
from arena.kit.db import Json
from arena.kit.errors import Conflict
from arena.kit.jobs.models import Job
from arena.kit.jobs.outbox import record
from arena.kit.site import Site
from arena.moderation.public import Action, check_all, shows_growing
from arena.speed import comparing, queries, rules
from arena.speed.contracts import (
    WHO,
    AnswerGiven,
    DrawContract,
    DrawResult,
    Measured,
    Question,
    ScoreContract,
    ScoreResult,
    SpeedReady,
    SpeedResult,
)
from arena.speed.models import SpeedRun
from arena.speed.service import rules_of, under_way


async def prepare_draw(site: Site, session: AsyncSession, job: Job) -> DrawContract:
    run = await under_way(session, job.subject)
    return DrawContract(**await _asked(site, run))


async def _asked(site: Site, run: SpeedRun) -> dict[str, Any]:
    suite = SuiteSpec.model_validate(run.suite)
    return {
        "suite": suite,
        "items": rules.quiz_items(suite, run.seed),
        "files": await library.links(site, suite),
    }


async def drawn(_: Site, session: AsyncSession, run_id: UUID, body: Json) -> None:
    result = DrawResult.model_validate(body)
    run = await under_way(session, run_id)
    suite = SuiteSpec.model_validate(run.suite)
    if result.suite_digest != suite.digest or len(result.questions) != rules.QUESTIONS:
        raise Conflict("speed.wrong_questions", "These are not the questions that were to be drawn.")
    run.questions = [question.model_dump(mode="json") for question in result.questions]
    run.items_digest = result.items_digest
    record(session, SpeedReady(run_id=run_id))


async def prepare_score(site: Site, session: AsyncSession, job: Job) -> ScoreContract:
    run = await under_way(session, job.subject)
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
    return ScoreContract(**await _asked(site, run), answers=answers)


async def scored(site: Site, session: AsyncSession, run_id: UUID, body: Json) -> None:
    marks = ScoreResult.model_validate(body)
    run = await under_way(session, run_id)
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
    results = comparing.metric_results(samples, run.seed, rules_of(run).tie_band)
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
