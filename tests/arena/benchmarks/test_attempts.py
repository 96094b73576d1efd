"""Answers are kept as they come, an attempt goes on where the last one ended, and a run can be cancelled."""

import json
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from arena.benchmarks import suites
from arena.benchmarks.contracts import BenchmarkContract, Fault, RunOrdered
from arena.benchmarks.faults import CODES
from arena.benchmarks.models import BenchmarkRun
from arena.kit.jobs.outbox import record
from tests.support.engine import make_adapter
from tests.support.evening import measured
from tests.support.lab import BENCHMARK, ORDERED, VERIFY, LabJob, attested, benchmarked
from tests.support.show import Json, Show, send

SUITE = suites.load("reasoning")
CHOICE = next(family for family in SUITE.families if family.kind == "choice").name
WRITTEN = next(family for family in SUITE.families if family.kind == "generate").name


def likely(index: int, option: int, logprob: float = -1.25) -> Json:
    return {"task": CHOICE, "index": index, "option": option, "logprob": logprob, "greedy": False}


def written(index: int, said: str = "42") -> Json:
    return {"task": WRITTEN, "index": index, "text": said}


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


@pytest.fixture
def show(probed: Show) -> Show:
    return probed


async def ordered(show: Show, submission: str, extent: str = "full") -> str:
    """A run that somebody has ordered for a version; its id."""
    async with show.portal.site.sessions() as session, session.begin():
        season = (
            "select season_id from entries join submissions s on s.entry_id = entries.id where s.id = :id"
        )
        run = BenchmarkRun(
            submission_id=UUID(submission),
            season_id=(await session.execute(text(season), {"id": submission})).scalar_one(),
            suite=SUITE.id,
            suite_digest=SUITE.digest,
            extent=extent,
            state="queued",
            node={},
        )
        session.add(run)
        await session.flush()
        record(session, RunOrdered(run_id=run.id))
        return str(run.id)


async def row(show: Show, run: str) -> dict[str, Any]:
    async with show.portal.site.sessions() as session:
        found = await session.execute(text("select * from benchmark_runs where id = :id"), {"id": run})
        return dict(found.mappings().one())


async def result_of(job: LabJob, **changes: Any) -> Json:
    contract = BenchmarkContract.model_validate(job.contract)
    return benchmarked(contract) | {"attestation": await attested(contract)} | changes


def known(job: LabJob) -> list[Json]:
    answers = BenchmarkContract.model_validate(job.contract).known
    return [answer.model_dump(exclude_none=True) for answer in answers]


async def again(show: Show, job: LabJob, kind: str = BENCHMARK) -> LabJob:
    """The attempt after this one, which was lost."""
    assert (await job.fail("The engine went away.", retry=True)).status_code == 200
    await show.time_passes(30)
    return await show.lab.until(kind)


# --- answers ------------------------------------------------------------------------------------------------------


async def test_the_next_attempt_knows_what_was_answered(show: Show) -> None:
    _, _, job = await measured(show)
    assert known(job) == []
    exact = -0.1 - 0.2  # no short decimal fraction
    sent = [likely(1, 0, exact), likely(1, 1, -3.5), written(0, "{\n\u9524 a gavel")]
    assert (await job.answers(sent)).status_code == 200
    assert (await job.answers([])).status_code == 200
    second = await again(show, job)
    answers = sorted(known(second), key=lambda answer: (answer["task"], answer["index"], answer["option"]))
    wanted = sorted(
        ({"option": 0} | one for one in sent), key=lambda one: (one["task"], one["index"], one["option"])
    )
    assert answers == wanted
    await second.succeed(await result_of(second))


async def test_an_answer_that_comes_twice_is_kept_once(show: Show) -> None:
    _, _, job = await measured(show)
    await job.answers([likely(0, 0, -1.0), likely(0, 1)])
    await job.answers([likely(0, 0, -9.0), likely(0, 2)])
    run = await row(show, job.contract["run_id"])
    assert (run["answered"], run["total"]) == (1, sum(map(len, SUITE.indices("air").values())))
    second = await again(show, job)
    assert [(one["option"], one["logprob"]) for one in known(second)] == [(0, -1.0), (1, -1.25), (2, -1.25)]


async def test_who_lost_the_lease_hands_nothing_in(show: Show) -> None:
    _, _, job = await measured(show)
    second = await again(show, job)
    assert code(await job.answers([written(0)])) == (409, "job.lost_lease")
    assert known(await again(show, second)) == []


async def test_answers_of_another_form_are_refused_and_harm_nothing(
    show: Show, subtests: pytest.Subtests
) -> None:
    _, _, job = await measured(show)
    await job.answers([written(0)])
    forms: list[Json] = [
        {"text": "both", "logprob": -1.0, "greedy": True},
        {"logprob": -1.0},
        {},
        {"text": "x", "index": -1},
        {"text": "x", "task": "../x"},
        {"text": "x", "extra": 1},
    ]
    for place, wrong in enumerate(forms, 1):
        with subtests.test(wrong=wrong):
            # Each comes beside a good one of its own, so that one of them kept is seen at the end.
            sent = [written(10 + place), {"task": WRITTEN, "index": place} | wrong]
            assert code(await job.answers(sent)) == (422, "job.bad_answers")
    assert [one["index"] for one in known(await again(show, job))] == [0]


async def test_a_likelihood_that_is_no_number_is_refused(show: Show) -> None:
    _, _, job = await measured(show)
    body = json.dumps({"fence": job.fence, "answers": [likely(0, 0, float("nan"))]})
    headers = {"Content-Type": "application/json"}
    answer = await show.lab.http.post(f"{job.url}/answers", content=body, headers=headers)
    assert code(answer) == (422, "job.bad_answers")


async def test_work_that_hands_in_nothing_before_its_end_says_so(show: Show) -> None:
    bob = await show.portal.person("contestant", "Bob")
    entry = await bob.post_ok("/entries", {"name": "Beacon"})
    await send(bob, entry["id"], make_adapter(2, rank=1))
    job = await show.lab.until(VERIFY)
    assert code(await job.answers([written(0)])) == (409, "job.takes_no_answers")


async def test_answers_of_another_engine_are_asked_again(show: Show) -> None:
    """Another build may round differently: then a run would be half of the one and half of the other."""
    _, _, job = await measured(show)
    await job.answers([written(0)])
    async with show.portal.site.sessions() as session, session.begin():
        built = """update benchmark_runs set node = node || '{"engine_build": "fake 0"}' where id = :id"""
        await session.execute(text(built), {"id": job.contract["run_id"]})
    second = await again(show, job)
    assert known(second) == []
    assert (await row(show, job.contract["run_id"]))["answered"] == 0


async def test_answers_of_a_result_that_was_not_taken_are_asked_again(show: Show) -> None:
    """Another adapter gave them under this one's name: an attempt on a sound engine must not be scored by them."""
    _, _, job = await measured(show)
    await job.answers([written(0)])
    assert code(await job.complete(await result_of(job, fingerprint="0" * 64))) == (
        409,
        "benchmark.wrong_adapter",
    )
    assert (await row(show, job.contract["run_id"]))["answered"] == 0
    await show.time_passes(30)
    assert known(await show.lab.until(BENCHMARK)) == []


# --- what makes a score -------------------------------------------------------------------------------------------


async def test_no_score_from_fewer_questions_than_were_agreed(show: Show) -> None:
    ada, submission, job = await measured(show)
    result = await result_of(job)
    short = result | {"samples": result["samples"][1:]}
    assert code(await job.complete(short)) == (409, "benchmark.incomplete")
    assert (await ada.get_ok(f"/submissions/{submission}"))["state"] == "benchmarking"
    await show.time_passes(30)
    job = await show.lab.until(BENCHMARK)
    result = await result_of(job)
    twice = result | {"samples": [result["samples"][1], *result["samples"][1:]]}
    assert code(await job.complete(twice)) == (409, "benchmark.incomplete")
    await show.time_passes(30)
    job = await show.lab.until(BENCHMARK)
    await job.succeed(await result_of(job))
    run = await row(show, job.contract["run_id"])
    assert (run["state"], run["answered"], run["scorer_digest"]) == ("done", run["total"], "5" * 64)


async def test_a_fault_found_before_the_first_question_is_told_at_once(show: Show) -> None:
    ada, submission, job = await measured(show)
    fault = Fault(code="engine.no_echo", message="The engine does not say how likely a text is.")
    nothing = {"fault": fault.model_dump(), "tasks": [], "samples": [], "items_digest": ""}
    await job.succeed(await result_of(job) | nothing)
    run = await row(show, job.contract["run_id"])
    assert (run["state"], run["code"], run["reason"]) == ("failed", "engine.no_echo", fault.message)
    assert fault.code in CODES
    seen = await ada.get_ok(f"/submissions/{submission}")
    assert (seen["state"], seen["refusal"]["code"]) == ("failed", "platform.fault")
    assert fault.message in seen["refusal"]["message"]
    (node,) = await show.producer.get_ok("/nodes")
    assert node["lease"] is None


async def test_a_fault_that_nobody_explains_is_not_taken(show: Show) -> None:
    _, _, job = await measured(show)
    nothing = {
        "fault": {"code": "engine.sulks", "message": "It does not want to."},
        "tasks": [],
        "samples": [],
    }
    assert code(await job.complete(await result_of(job) | nothing)) == (422, "job.bad_result")


async def test_an_adapter_without_effect_is_refused_before_it_is_asked(show: Show) -> None:
    ada, submission, job = await measured(show)
    assert job.contract["must_differ"] is True
    fault = Fault(code="adapter.no_effect", message="It answers like the base model.")
    nothing = {"fault": fault.model_dump(), "tasks": [], "samples": [], "items_digest": "", "effect": False}
    await job.succeed(await result_of(job) | nothing)
    assert (await row(show, job.contract["run_id"]))["code"] == "adapter.no_effect"
    seen = await ada.get_ok(f"/submissions/{submission}")
    assert (seen["state"], seen["refusal"]["code"]) == ("refused", "adapter.no_effect")


# --- ordered runs -------------------------------------------------------------------------------------------------


async def test_an_ordered_run_asks_what_was_ordered_and_admits_nobody(show: Show) -> None:
    ada, submission, job = await measured(show)
    await job.succeed(await result_of(job))
    run = await ordered(show, submission, "full")
    job = await show.lab.until(ORDERED)
    assert job.contract["run_id"] == run
    assert job.contract["items"] == SUITE.indices("full")
    assert (await row(show, run))["state"] == "running"
    assert (await ada.get_ok(f"/submissions/{submission}"))["state"] == "ready"
    await job.answers([written(0)])
    await job.succeed(await result_of(job))
    done = await row(show, run)
    assert (done["state"], done["answered"], done["extent"]) == ("done", done["total"], "full")
    (node,) = await show.producer.get_ok("/nodes")
    assert node["lease"] is None


async def test_a_run_that_waits_is_cancelled(show: Show) -> None:
    _, submission, job = await measured(show)
    await job.succeed(await result_of(job))
    run = await ordered(show, submission)
    assert (await show.producer.post_ok(f"/runs/{run}/cancel"))["state"] == "cancelled"
    await show.portal.relay()
    for link in show.portal.waker.lab_links:
        assert code(await show.lab.http.post(f"{link}/claim")) == (409, "job.not_available")
    seen = await row(show, run)
    assert (seen["state"], seen["reason"]) == ("cancelled", "It was cancelled.")


async def test_a_run_under_way_is_cancelled_and_goes_on_later(show: Show) -> None:
    _, submission, job = await measured(show)
    await job.succeed(await result_of(job))
    run = await ordered(show, submission)
    job = await show.lab.until(ORDERED)
    await job.answers([likely(0, 0), likely(0, 1), written(3)])
    cancelled = await show.producer.post_ok(f"/runs/{run}/cancel")
    assert (cancelled["state"], cancelled["reason"]) == ("cancelled", "It was cancelled.")
    (node,) = await show.producer.get_ok("/nodes")
    assert node["lease"] is None, "the engine is free at once"
    for answer in (await job.heartbeat(), await job.answers([written(4)]), await job.complete({})):
        assert code(answer) == (409, "job.lost_lease")
    assert await show.producer.refused("POST", f"/runs/{run}/cancel") == (409, "run.over")

    assert (await show.producer.post_ok(f"/runs/{run}/resume"))["state"] == "queued"
    assert await show.producer.refused("POST", f"/runs/{run}/resume") == (409, "run.not_resumable")
    job = await show.lab.until(ORDERED)
    assert len(known(job)) == 3
    assert (await row(show, run))["answered"] == 2
    await job.succeed(await result_of(job))
    assert (await row(show, run))["state"] == "done"


async def test_a_run_that_failed_goes_on_later(show: Show) -> None:
    _, submission, job = await measured(show)
    await job.succeed(await result_of(job))
    run = await ordered(show, submission)
    job = await show.lab.until(ORDERED)
    await job.answers([written(3)])
    await job.fail("There is no such harness.", retry=False)
    failed = await row(show, run)
    assert (failed["state"], failed["reason"]) == ("failed", "There is no such harness.")
    await show.producer.post_ok(f"/runs/{run}/resume")
    assert [one["index"] for one in known(await show.lab.until(ORDERED))] == [3]


async def test_who_may_end_a_run(show: Show) -> None:
    """Not whoever sees that it goes badly; and the one that admits a version ends with it."""
    ada, submission, job = await measured(show)
    admission = job.contract["run_id"]
    assert await show.producer.refused("POST", f"/runs/{admission}/cancel") == (409, "run.admission")
    await job.succeed(await result_of(job))
    run = await ordered(show, submission)
    for act in ("cancel", "resume"):
        assert await ada.refused("POST", f"/runs/{run}/{act}") == (403, "auth.forbidden")
    assert (await row(show, run))["state"] == "queued"
    operator = show.portal.operator
    assert (await operator.post_ok(f"/runs/{run}/cancel"))["state"] == "cancelled"
    assert (await operator.post_ok(f"/runs/{run}/resume"))["state"] == "queued"
    decided = await show.producer.get_ok("/score-decisions")
    assert [one["act"] for one in decided if one["run_id"] == run] == ["resume", "cancel"]


# --- turns --------------------------------------------------------------------------------------------------------


async def test_who_has_had_less_is_next(show: Show) -> None:
    """A lab that is woken for one job is handed another; the first one is announced anew and lost to nobody."""
    _, first, job = await measured(show)
    await job.succeed(await result_of(job))
    await ordered(show, first, "air")
    await (await show.lab.until(ORDERED)).succeed()
    many = [await ordered(show, first, extent) for extent in ("air", "full")]
    bob = await show.portal.person("contestant", "Bob")
    entry = await bob.post_ok("/entries", {"name": "Beacon"})
    await show.portal.relay()
    waiting = list(show.portal.waker.lab_links)
    show.portal.waker.lab_links.clear()
    submission = (await send(bob, entry["id"], make_adapter(2, rank=1)))["id"]
    await (await show.lab.take()).succeed()  # his verification, which has a queue of its own
    await show.portal.relay()
    show.portal.waker.lab_links[:] = [*waiting, *show.portal.waker.lab_links]
    probe = await show.lab.take()
    assert probe.contract["adapter"]["digest"] == make_adapter(2, rank=1).digest
    await probe.succeed()
    second = await show.lab.take()
    assert second.kind == BENCHMARK, "he has had one, and Ada more"
    await second.succeed(await result_of(second))
    runs = []
    for _ in many:
        job = await show.lab.take()
        runs.append(job.contract["run_id"])
        await job.succeed(await result_of(job))
    assert runs == many, "among her own the older comes first"
    assert (await bob.get_ok(f"/submissions/{submission}"))["state"] == "ready"
