"""Benchmark runs: a result becomes scores and samples, a fault never becomes a number."""

import json
from typing import Any

import pytest
from sqlalchemy import text

from arena.benchmarks import suites
from arena.benchmarks.contracts import BenchmarkContract
from arena.nodes.attestation import Statement, commit, sign
from tests.support.evening import measured
from tests.support.lab import BENCHMARK, LabJob, attested, benchmarked, samples_of
from tests.support.portal import Portal
from tests.support.show import Json, Show


@pytest.fixture
def show(probed: Show) -> Show:
    return probed


async def result_of(job: LabJob, right: float = 0.5) -> Json:
    contract = BenchmarkContract.model_validate(job.contract)
    return benchmarked(contract, right) | {"attestation": await attested(contract)}


async def next_attempt(show: Show) -> LabJob:
    """After one whose result was not taken; however many there were, it is not the last."""
    await show.time_passes(10)
    job = await show.lab.until(BENCHMARK)
    async with show.portal.site.sessions() as session, session.begin():
        await session.execute(text("update jobs set attempts = 1 where state = 'running'"))
    return job


async def test_a_result_is_recorded_with_what_was_asked_and_answered(show: Show) -> None:
    ada, submission, job = await measured(show)
    assert (await ada.get_ok(f"/submissions/{submission}"))["state"] == "benchmarking"
    running = await ada.get_ok(f"/submissions/{submission}/benchmark")
    assert (running["state"], running["tasks"], running["accuracy"]) == ("running", [], None)
    await job.succeed(await result_of(job, right=0.75))
    run = await ada.get_ok(f"/submissions/{submission}/benchmark")
    suite = suites.load("reasoning")
    assert (run["state"], run["suite_digest"], run["reason"]) == ("done", suite.digest, None)
    assert run["items_digest"] == "0" * 64, "what was asked is part of the score"
    assert run["engine_build"] == "fake 1"
    assert run["hardware_class"] == "fake"
    assert {task["task"] for task in run["tasks"]} == {family.name for family in suite.families}
    for task in run["tasks"]:
        assert task["score"] == pytest.approx((task["accuracy"] - task["chance"]) / (1 - task["chance"]))
    assert run["accuracy"]["value"] == pytest.approx(
        sum(t["score"] for t in run["tasks"]) / len(run["tasks"])
    )
    samples = await samples_of(ada, submission)
    assert len(samples) == sum(map(len, suite.indices("air").values()))
    assert {"task", "index", "question", "expected", "answer", "correct"} <= set(samples[0])
    assert (await ada.get_ok(f"/submissions/{submission}"))["state"] == "ready"


async def test_a_run_has_the_engine_s_attestation(show: Show) -> None:
    """Signed by the node for this very run, so what the lab hands in instead is not taken."""
    ada, submission, job = await measured(show)
    honest = await result_of(job)
    said = honest["attestation"]
    of_another_run = Statement.model_validate(said["document"] | {"challenge": "another-run"})
    forged = [
        (None, "benchmark.unattested"),
        (said | {"signature": "0" * 128}, "attestation.forged"),
        (said | {"document": said["document"] | {"base_digest": "0" * 64}}, "attestation.forged"),
        (sign(of_another_run, show.agent._key).model_dump(mode="json"), "attestation.differs"),
    ]
    for attestation, code in forged:
        answer = await job.complete(honest | {"attestation": attestation})
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, code)
        job = await next_attempt(show)
        honest["attestation"] = await attested(BenchmarkContract.model_validate(job.contract))
    await job.succeed(honest)
    run = await ada.get_ok(f"/submissions/{submission}/benchmark")
    kept = await show.portal.anybody().get_ok(f"/attestations/{run['attestation']}")
    document = kept["document"]
    assert document["challenge"] == job.contract["run_id"]
    assert document["seed_commitment"] == commit(job.contract["run_id"], suites.load("reasoning").seed)
    assert [adapter["name"] for adapter in document["adapters"]] == [job.contract["model"]]
    assert await show.portal.anybody().refused("GET", f"/attestations/{'0' * 64}") == (
        404,
        "attestation.not_found",
    )


async def test_a_suite_is_public_and_says_what_guessing_scores(portal: Portal) -> None:
    suite = await portal.anybody().get_ok("/suites/reasoning")
    assert suite["digest"] == suites.load("reasoning").digest
    assert all(0 <= family["chance"] < 1 and family["title"]["zh"] for family in suite["families"])
    for unknown in ("unheard_of", "..%2F..%2Fapp", "reasoning.json"):
        answer = await portal.anybody().get(f"/api/suites/{unknown}")
        assert answer.status_code == 404


async def test_the_engine_is_free_again_afterwards(show: Show) -> None:
    _, _, job = await measured(show)
    (node,) = await show.producer.get_ok("/nodes")
    assert node["lease"]["mode"] == "benchmark"
    await job.succeed()
    (node,) = await show.producer.get_ok("/nodes")
    assert node["lease"] is None


async def test_a_second_attempt_makes_one_run(show: Show) -> None:
    ada, submission, job = await measured(show)
    assert (await job.fail("The engine went away.", retry=True)).status_code == 200
    seen = await ada.get_ok(f"/submissions/{submission}")
    assert seen["waiting"]["reason"] == "The engine went away."
    await show.time_passes(10)
    again = await show.lab.take()
    assert again.contract["run_id"] == job.contract["run_id"]
    await again.succeed()
    async with show.portal.site.sessions() as session:
        runs = "select count(*) from benchmark_runs where submission_id = :id"
        assert (await session.execute(text(runs), {"id": submission})).scalar_one() == 1
    count = len(await samples_of(ada, submission))
    assert count == sum(map(len, suites.load("reasoning").indices("air").values()))


async def test_a_fault_is_no_score(show: Show) -> None:
    ada, submission, job = await measured(show)
    await job.fail("The harness does not know this model.", retry=False)
    run = await ada.get_ok(f"/submissions/{submission}/benchmark")
    assert (run["state"], run["tasks"], run["accuracy"]) == ("failed", [], None)
    assert run["reason"] == "The harness does not know this model."
    assert (await ada.get_ok(f"/submissions/{submission}"))["refusal"]["code"] == "platform.fault"
    (node,) = await show.producer.get_ok("/nodes")
    assert node["lease"] is None


async def test_another_adapter_under_this_name_is_not_measured(show: Show) -> None:
    """The probe has written down how it answers; what answers otherwise is a fault of the engine."""
    ada, submission, job = await measured(show)
    answer = await job.complete(await result_of(job) | {"fingerprint": "0" * 64})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "benchmark.wrong_adapter")
    seen = await ada.get_ok(f"/submissions/{submission}")
    assert (seen["state"], seen["refusal"]) == ("benchmarking", None)
    assert "does not answer as it did" in seen["waiting"]["reason"]


async def test_an_adapter_without_effect_on_the_show_s_engine_does_not_compete(show: Show) -> None:
    """It had one where it was probed; that may be an engine of another build."""
    ada, submission, job = await measured(show)
    await job.succeed(await result_of(job) | {"effect": False})
    seen = await ada.get_ok(f"/submissions/{submission}")
    assert (seen["state"], seen["refusal"]["code"]) == ("refused", "adapter.no_effect")
    # The scores stay to be read; only the entry stays off the roster.
    assert (await ada.get_ok(f"/submissions/{submission}/benchmark"))["state"] == "done"
    assert [row["kind"] for row in await show.producer.get_ok("/roster") if row["ready"]] == ["house"]


def spoiled(result: Json, **changes: Any) -> Json:
    first, *others = result["tasks"]
    return {**result, "tasks": [{**first, **changes}, *others]}


async def test_what_is_no_number_is_no_score(show: Show, subtests: pytest.Subtests) -> None:
    """JSON from the lab is outside input: a NaN would make every mean that it enters a NaN."""
    ada, submission, job = await measured(show)
    for changes in (
        {"score": "NaN"},
        {"score": 1.5},
        {"accuracy": -0.1},
        {"stderr": "Infinity"},
        {"n": 0},
        {"chance": 1},
    ):
        with subtests.test(**changes):
            body = json.dumps({"fence": job.fence, "result": spoiled(await result_of(job), **changes)})
            for word in ("NaN", "Infinity"):
                body = body.replace(f'"{word}"', word)
            headers = {"Content-Type": "application/json"}
            answer = await show.lab.http.post(f"{job.url}/complete", content=body, headers=headers)
            assert (answer.status_code, answer.json()["error"]["code"]) == (422, "job.bad_result")
            assert (await ada.get_ok(f"/submissions/{submission}/benchmark"))["accuracy"] is None
        job = await next_attempt(show)


async def test_scores_of_another_suite_are_not_taken(show: Show) -> None:
    _, _, job = await measured(show)
    answer = await job.complete({**await result_of(job), "suite_digest": "0" * 64})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "benchmark.stale")


async def test_an_answer_with_a_character_that_no_database_keeps_is_kept_as_unknown(show: Show) -> None:
    ada, submission, job = await measured(show)
    result = await result_of(job)
    result["samples"][0]["answer"] = "A\x00B"
    await job.succeed(result)
    answers = [item["answer"] for item in await samples_of(ada, submission)]
    assert "A\ufffdB" in answers
