"""What producers do about scores: every act is written down, shown beside the score, and honoured by the board."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from arena.benchmarks import queries, suites
from arena.benchmarks import scores as service
from arena.benchmarks.contracts import RESCORE_KIND, BenchmarkContract, RescoreContract
from arena.benchmarks.rules import REPHRASED
from arena.benchmarks.scores import CODES
from tests.support.engine import make_adapter
from tests.support.lab import BENCHMARK, LabJob, attested, benchmarked, samples_of
from tests.support.portal import Caller
from tests.support.show import Json, Show, send

SUITE = "reasoning"


@pytest.fixture
def show(ready: Show) -> Show:
    """Ada has Lantern on the stage, beside the house."""
    return ready


@pytest.fixture
def ada(show: Show) -> Caller:
    return show.contestants["Lantern"]


def version(show: Show, name: str = "Lantern") -> str:
    return str(show.entries[name]["submission_id"])


async def scores(caller: Caller, submission: str) -> Json:
    found: Json = await caller.get_ok(f"/submissions/{submission}/scores")
    return found


async def score(caller: Caller, submission: str, suite: str = SUITE) -> Json:
    return next(one for one in (await scores(caller, submission))["suites"] if one["suite"] == suite)


async def on_the_board(show: Show, name: str = "Lantern") -> Json | None:
    await show.portal.work()
    board = await show.portal.anybody().get_ok("/leaderboard")
    found: Json | None = next(row for row in board["rows"] if row["name"] == name)["accuracy"]
    return found


async def decisions(show: Show) -> list[Json]:
    found: list[Json] = await show.producer.get_ok("/score-decisions")
    return found


async def asked(show: Show, **fields: Any) -> list[str]:
    """Runs that are ordered, by id."""
    body = {"entries": "all", "suite": SUITE, "extent": "air", "expected": 2} | fields
    found: list[str] = (await show.producer.post_ok("/benchmark-runs", body))["runs"]
    return found


async def right(show: Show, share: float, **changes: Any) -> None:
    """The next run is answered, so much of it rightly."""
    job = await show.lab.take()
    contract = BenchmarkContract.model_validate(job.contract)
    result = benchmarked(contract, share) | {"attestation": await attested(contract)} | changes
    await job.succeed(result)
    await show.portal.drain()


async def sql(show: Show, statement: str, **values: Any) -> None:
    async with show.portal.site.sessions() as session, session.begin():
        await session.execute(text(statement), values)


# --- orders ---


async def test_an_order_asks_everybody_again_and_the_newest_score_counts(show: Show, ada: Caller) -> None:
    before = await score(ada, version(show))
    runs = await asked(show)
    assert len(runs) == 2 == len(set(runs))
    assert (await score(ada, version(show)))["run_id"] == before["run_id"], "until there is a new one"
    await right(show, 1.0)
    await right(show, 1.0)
    after = await score(ada, version(show))
    assert after["run_id"] in runs
    assert after["accuracy"]["value"] == pytest.approx(1.0)
    assert (await on_the_board(show) or {})["value"] == pytest.approx(1.0)
    assert (await ada.get_ok(f"/submissions/{version(show)}"))["state"] == "ready"
    made = [one for one in await decisions(show) if one["act"] == "order"]
    assert {one["run_id"] for one in made} == set(runs)
    assert {(one["by"], one["suite"]) for one in made} == {("Pauline", SUITE)}
    assert {one["entry"]["name"] for one in made} == {"House", "Lantern"}


async def test_a_bulk_order_is_confirmed_by_its_number(show: Show, ada: Caller) -> None:
    body = {"entries": "all", "suite": SUITE, "extent": "air", "expected": 3}
    answer = await show.producer.post("/api/benchmark-runs", json=body)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (409, "run.expected")
    assert (error["detail"]["expected"], error["detail"]["found"]) == (3, 2)
    assert await decisions(show) == [], "nothing was ordered"
    await asked(show, entries=[show.entries["Lantern"]["entry_id"]], expected=1)
    assert len(await asked(show, expected=1)) == 1, "of all, those that are at it are left alone"
    assert await show.producer.refused("POST", "/benchmark-runs", body | {"expected": 1}) == (
        409,
        "run.nothing",
    )


async def test_what_cannot_be_ordered_is_said(show: Show, ada: Caller) -> None:
    bob = await show.portal.person("contestant", "Bob")
    unready = (await bob.post_ok("/entries", {"name": "Northstar"}))["id"]
    lantern = show.entries["Lantern"]["entry_id"]
    one = {"suite": SUITE, "extent": "air", "expected": 1}
    stranger = "00000000-0000-0000-0000-000000000000"
    for body, refusal in (
        ({"entries": [unready], **one}, (409, "run.entry_not_ready")),
        ({"entries": [stranger], **one}, (422, "run.unknown_entry")),
        ({"entries": [lantern], **one, "suite": "unheard_of"}, (404, "suite.unknown")),
        ({"entries": [], **one}, (422, "request.invalid")),
        ({"entries": [lantern], **one, "expected": 0}, (422, "request.invalid")),
        ({"entries": [lantern], **one, "extent": "night"}, (422, "request.invalid")),
    ):
        assert await show.producer.refused("POST", "/benchmark-runs", body) == refusal
    await asked(show, entries=[lantern], expected=1)
    assert await show.producer.refused("POST", "/benchmark-runs", {"entries": [lantern], **one}) == (
        409,
        "run.under_way",
    )


async def test_nobody_else_decides_about_scores(show: Show, ada: Caller) -> None:
    run = (await score(ada, version(show)))["run_id"]
    acts: list[tuple[str, Json | None]] = [
        ("/benchmark-runs", {"entries": "all", "suite": SUITE, "extent": "air", "expected": 2}),
        ("/benchmark-runs/rerun", {"runs": "stale", "expected": 1}),
        ("/benchmark-runs/rescore", {"runs": "stale", "expected": 1}),
        (f"/runs/{run}/rerun", None),
        (f"/runs/{run}/rescore", None),
        (f"/runs/{run}/void", {"reason": "I do not like it."}),
        (f"/submissions/{version(show)}/scores/{SUITE}/override", {"score": 1, "reason": "I am good."}),
    ]
    for path, body in acts:
        assert await ada.refused("POST", path, body) == (403, "auth.forbidden")
    assert await ada.refused("GET", "/score-decisions") == (403, "auth.forbidden")
    bob = await show.portal.person("contestant", "Bob")
    for path in ("scores", "score-decisions"):
        assert await bob.refused("GET", f"/submissions/{version(show)}/{path}") == (
            404,
            "submission.not_found",
        )
    await show.portal.operator.post_ok(acts[3][0])


async def test_the_questions_that_count_are_the_same_for_everybody(show: Show, ada: Caller) -> None:
    lantern = show.entries["Lantern"]["entry_id"]
    before = await score(ada, version(show))
    await asked(show, entries=[lantern], expected=1, extent="full")
    await right(show, 0.25)
    assert await score(ada, version(show)) == before, "the others were not asked all questions"
    await sql(show, """update seasons set rules = jsonb_set(rules, '{extent}', '"full"')""")
    found = await score(ada, version(show))
    assert (found["extent"], found["accuracy"]["value"]) == (
        "full",
        pytest.approx(found["measured"]["value"]),
    )
    assert found["accuracy"]["value"] < 0.5
    await asked(show, expected=2)
    await right(show, 1.0)
    await right(show, 1.0)
    assert await on_the_board(show, "House") is None, "it has answers for the stage only"
    assert (await on_the_board(show) or {})["value"] == pytest.approx(found["accuracy"]["value"])
    rows = (await ada.get_ok(f"/leaderboard/suites/{SUITE}"))["rows"]
    assert [(row["name"], row["extent"]) for row in rows] == [("Lantern", "full"), ("House", "air")], (
        "whoever answered other questions stands behind"
    )


async def test_a_night_under_a_new_seed_takes_nobody_off_the_board(show: Show, ada: Caller) -> None:
    lantern = show.entries["Lantern"]["entry_id"]
    before = await score(ada, version(show))
    await show.producer.post_ok("/seasons/current/seed")
    await asked(show, entries=[lantern], expected=1, extent="full")
    await right(show, 1.0)
    after = await score(ada, version(show))
    assert (after["run_id"], after["changed"]) == (before["run_id"], ["suite"])
    assert await on_the_board(show) is not None


async def test_a_run_that_fails_leaves_the_score_and_the_version_alone(show: Show, ada: Caller) -> None:
    before = await score(ada, version(show))
    await asked(show, entries=[show.entries["Lantern"]["entry_id"]], expected=1)
    job = await show.lab.take()
    await job.fail("The engine went up in smoke.", retry=False)
    assert await score(ada, version(show)) == before
    assert (await ada.get_ok(f"/submissions/{version(show)}"))["state"] == "ready"


# --- rerun, void ---


async def test_a_rerun_keeps_the_old_run_and_says_what_it_was(show: Show, ada: Caller) -> None:
    before = await score(ada, version(show))
    made = (await show.producer.post_ok(f"/runs/{before['run_id']}/rerun"))["runs"]
    (said,) = await decisions(show)
    assert (said["act"], said["run_id"]) == ("rerun", made[0])
    assert said["before"] == pytest.approx(before["accuracy"]["value"])
    await right(show, 1.0)
    assert (await score(ada, version(show)))["run_id"] == made[0]


async def test_a_void_run_counts_nowhere_and_its_reason_is_shown(show: Show, ada: Caller) -> None:
    before = await score(ada, version(show))
    assert await on_the_board(show) is not None
    path = f"/runs/{before['run_id']}/void"
    assert await show.producer.refused("POST", path, {"reason": "  "}) == (422, "request.invalid")
    await show.producer.post_ok(path, {"reason": "The engine was misconfigured."})
    assert (await scores(ada, version(show)))["accuracy"] is None, "a missing score is never a number"
    assert await on_the_board(show) is None
    (said,) = await ada.get_ok(f"/submissions/{version(show)}/score-decisions")
    assert (said["act"], said["reason"], said["by"]) == ("void", "The engine was misconfigured.", "Pauline")
    assert said["before"] == pytest.approx(before["accuracy"]["value"])
    assert await show.producer.refused("POST", path, {"reason": "Again."}) == (409, "run.not_done")
    samples = await samples_of(ada, version(show))
    assert samples, "what was answered stays to be read"


async def test_after_a_void_the_run_before_it_counts_again(show: Show, ada: Caller) -> None:
    first = await score(ada, version(show))
    await asked(show, entries=[show.entries["Lantern"]["entry_id"]], expected=1)
    await right(show, 1.0)
    second = await score(ada, version(show))
    await show.producer.post_ok(f"/runs/{second['run_id']}/void", {"reason": "Too good."})
    assert (await score(ada, version(show)))["run_id"] == first["run_id"]


async def test_no_act_is_about_a_run_that_is_not_there(show: Show) -> None:
    nowhere = "/runs/00000000-0000-0000-0000-000000000000"
    for act, body in (("rerun", None), ("rescore", None), ("void", {"reason": "Why not."})):
        assert await show.producer.refused("POST", f"{nowhere}/{act}", body) == (404, "run.not_found")


# --- override ---


def override(show: Show, suite: str = SUITE) -> str:
    return f"/submissions/{version(show)}/scores/{suite}/override"


async def test_a_score_that_was_set_is_shown_as_such_and_can_be_lifted(show: Show, ada: Caller) -> None:
    measured = (await score(ada, version(show)))["accuracy"]
    await show.producer.post_ok(override(show), {"score": 0.25, "reason": "By order of the jury."})
    found = await score(ada, version(show))
    assert found["accuracy"] == {"value": 0.25, "stderr": None, "overridden": True, "stale": False}
    assert found["measured"]["value"] == pytest.approx(measured["value"])
    said = found["override"]
    assert (said["score"], said["reason"], said["by"]) == (0.25, "By order of the jury.", "Pauline")
    assert await on_the_board(show) == {"value": 0.25, "stderr": None, "overridden": True, "stale": False}
    await show.producer.post_ok(override(show), {"score": None, "reason": "The jury thinks again."})
    assert (await score(ada, version(show)))["override"] is None
    assert (await on_the_board(show) or {})["value"] == pytest.approx(measured["value"])
    lift, set_ = await decisions(show)
    assert (set_["act"], set_["before"], set_["after"]) == (
        "override",
        pytest.approx(measured["value"]),
        0.25,
    )
    assert (lift["act"], lift["before"], lift["after"]) == ("lift", 0.25, pytest.approx(measured["value"]))
    nothing = {"score": None, "reason": "Once more."}
    assert await show.producer.refused("POST", override(show), nothing) == (409, "score.not_set")


async def test_a_score_that_was_set_outlives_the_void_and_can_be_lifted_then(show: Show, ada: Caller) -> None:
    run_id = (await score(ada, version(show)))["run_id"]
    await show.producer.post_ok(override(show), {"score": 0.25, "reason": "By order of the jury."})
    await show.producer.post_ok(f"/runs/{run_id}/void", {"reason": "The engine was misconfigured."})
    run = await show.producer.get_ok(f"/runs/{run_id}")
    assert (run["state"], run["override"]["score"]) == ("void", 0.25), "who voids sees what still counts"
    assert (await on_the_board(show) or {})["value"] == 0.25
    await show.producer.post_ok(override(show), {"score": None, "reason": "The jury thinks again."})
    assert (await show.producer.get_ok(f"/runs/{run_id}"))["override"] is None
    assert await on_the_board(show) is None


async def test_a_score_without_sense_or_reason_is_not_set(show: Show, subtests: pytest.Subtests) -> None:
    because = {"reason": "Because."}
    for body in ({"score": 1.5} | because, {"score": "NaN"} | because, {"score": 0.5, "reason": ""}, {}):
        with subtests.test(body=body):
            assert await show.producer.refused("POST", override(show), body) == (422, "request.invalid")
    assert await decisions(show) == []


async def test_a_score_can_be_set_where_nothing_was_measured(show: Show, ada: Caller) -> None:
    await show.producer.post_ok(override(show, "arithmetic"), {"score": 0.5, "reason": "Done on paper."})
    found = await score(ada, version(show), "arithmetic")
    assert (found["run_id"], found["measured"], found["accuracy"]["value"]) == (None, None, 0.5)
    assert await show.producer.refused(
        "POST", override(show, "unheard_of"), {"score": 0.5, "reason": "Why."}
    ) == (404, "suite.unknown")


async def test_suites_count_by_the_season_s_weights(show: Show, ada: Caller) -> None:
    mine = (await score(ada, version(show)))["accuracy"]["value"]
    weights = "update seasons set rules = jsonb_set(rules, '{suite_weights}', cast(:weights as jsonb))"
    await sql(show, weights, weights='{"reasoning": 3, "arithmetic": 1}')
    assert (await scores(ada, version(show)))["accuracy"] is None, "it was not asked everything that counts"
    await show.producer.post_ok(override(show, "arithmetic"), {"score": 1, "reason": "Done on paper."})
    found = await scores(ada, version(show))
    assert found["weights"] == {"reasoning": 3, "arithmetic": 1}
    assert found["accuracy"]["value"] == pytest.approx(0.75 * mine + 0.25)
    assert found["accuracy"]["overridden"]


async def test_no_decision_is_ever_changed(show: Show, ada: Caller) -> None:
    await show.producer.post_ok(override(show), {"score": 0.25, "reason": "By order of the jury."})
    for statement in ("update score_decisions set reason = 'x'", "delete from score_decisions"):
        with pytest.raises(DBAPIError, match="never changed"):
            await sql(show, statement)


# --- stale, rescore ---


async def test_what_has_changed_since_is_said_and_only_while_it_has(show: Show, ada: Caller) -> None:
    assert (await score(ada, version(show)))["changed"] == []
    kept = "update benchmark_runs set {} where submission_id = :id"
    await sql(show, kept.format("suite_digest = 'x'"), id=version(show))
    assert (await score(ada, version(show)))["changed"] == ["suite"]
    await sql(show, kept.format("suite_digest = :digest"), id=version(show), digest=suite_digest())
    node = "node = jsonb_set(jsonb_set(node, '{engine_build}', '\"fake 0\"'), '{base_digest}', '\"0\"')"
    await sql(show, kept.format(node), id=version(show))
    found = await score(ada, version(show))
    assert found["changed"] == ["base", "engine"]
    assert found["accuracy"]["stale"]
    assert (await on_the_board(show) or {})["stale"] is False, "a board is computed when something happens"


def suite_digest() -> str:
    return suites.load(SUITE).digest


async def older(show: Show, submission: str) -> None:
    """The version was judged by scorers that are not those of today: the house's are newer."""
    statement = """
        update benchmark_runs set scorer_digest = repeat('e', 64), ended_at = ended_at - interval '1 hour'
        where submission_id = :id
    """
    await sql(show, statement, id=submission)


async def judged(show: Show, correct: bool) -> LabJob:
    """The lab's next job is a rescore: it finds everything right, or everything wrong."""
    job = await show.lab.take()
    assert job.kind == RESCORE_KIND
    contract = RescoreContract.model_validate(job.contract)
    chance = {family.name: family.chance for family in contract.suite.families}
    share = 1.0 if correct else 0.0
    result = {
        "suite_digest": contract.suite.digest,
        "items_digest": "0" * 64,
        "scorer_digest": "d" * 64,
        "samples": [
            {
                "task": one.task,
                "index": one.index,
                "answer": one.answer,
                "extracted": one.answer,
                "correct": correct,
            }
            for one in contract.answers
        ],
        "tasks": [
            {
                "task": name,
                "n": len(listed),
                "accuracy": share,
                "stderr": 0.1,
                "chance": chance[name],
                "score": (share - chance[name]) / (1 - chance[name]),
            }
            for name, listed in contract.items.items()
        ],
    }
    await job.succeed(result)
    return job


async def test_answers_are_judged_again_without_asking_the_engine(show: Show, ada: Caller) -> None:
    await older(show, version(show))
    before = await score(ada, version(show))
    assert before["changed"] == ["scorer"]
    engine = show.agent.gate.begun
    await show.producer.post_ok(f"/runs/{before['run_id']}/rescore")
    assert await show.producer.refused("POST", f"/runs/{before['run_id']}/rescore") == (409, "run.rescoring")
    await judged(show, True)
    await show.portal.drain()
    assert show.agent.gate.begun == engine
    after = await score(ada, version(show))
    assert (after["run_id"], after["changed"]) == (before["run_id"], [])
    assert after["accuracy"]["value"] == pytest.approx(1.0)
    assert (await on_the_board(show) or {})["value"] == pytest.approx(1.0)
    done, ordered = await decisions(show)
    assert (ordered["act"], ordered["by"], ordered["after"]) == ("rescore", "Pauline", None)
    assert (done["act"], done["by"], done["after"]) == ("rescored", None, pytest.approx(1.0))
    assert done["before"] == ordered["before"] == pytest.approx(before["accuracy"]["value"])
    samples = await samples_of(ada, version(show))
    assert done["flips"] == sum(sample["answer"] == "no" for sample in samples) > 0
    assert all(sample["correct"] for sample in samples)


async def test_everything_that_the_new_scorers_would_judge_otherwise_is_judged_in_one_action(
    show: Show, ada: Caller
) -> None:
    await older(show, version(show))
    path = "/benchmark-runs/rescore"
    assert await show.producer.refused("POST", path, {"runs": "stale", "expected": 2}) == (
        409,
        "run.expected",
    )
    made = await show.producer.post_ok(path, {"runs": "stale", "expected": 1})
    assert made["runs"] == [(await score(ada, version(show)))["run_id"]]
    await judged(show, False)
    found = await score(ada, version(show))
    assert found["accuracy"]["value"] < 0


async def test_stale_scores_are_asked_again_in_one_action(show: Show, ada: Caller) -> None:
    await sql(
        show, "update benchmark_runs set suite_digest = 'x' where submission_id = :id", id=version(show)
    )
    run = (await score(ada, version(show)))["run_id"]
    assert await show.producer.refused("POST", f"/runs/{run}/rescore") == (409, "run.suite_changed")
    assert await show.producer.refused(
        "POST", "/benchmark-runs/rescore", {"runs": "stale", "expected": 1}
    ) == (409, "run.nothing")
    stale = {"runs": "stale", "expected": 1}
    made = await show.producer.post_ok("/benchmark-runs/rerun", stale)
    assert await show.producer.refused("POST", "/benchmark-runs/rerun", stale) == (409, "run.nothing"), (
        "under way"
    )
    await right(show, 1.0)
    found = await score(ada, version(show))
    assert ([found["run_id"]], found["changed"]) == (made["runs"], [])


async def test_a_rescore_of_other_questions_changes_nothing(show: Show, ada: Caller) -> None:
    before = await score(ada, version(show))
    await show.producer.post_ok(f"/runs/{before['run_id']}/rescore")
    job = await show.lab.take()
    contract = RescoreContract.model_validate(job.contract)
    result = {
        "suite_digest": contract.suite.digest,
        "items_digest": "f" * 64,
        "scorer_digest": "d" * 64,
        "samples": [],
        "tasks": [],
    }
    answer = await job.complete(result)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "run.suite_changed")
    answer = await (await again(show)).complete(result | {"items_digest": "0" * 64})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "run.wrong_answers")
    await (await again(show)).fail("There are other questions now.", retry=False)
    assert await score(ada, version(show)) == before
    said = (await decisions(show))[0]
    assert (said["act"], said["reason"]) == ("not_rescored", "There are other questions now.")
    await show.producer.post_ok(f"/runs/{before['run_id']}/rescore")


async def again(show: Show) -> LabJob:
    await show.time_passes(30)
    await show.portal.sweep()
    return await show.lab.take()


# --- quota, class, contamination ---


async def test_a_fault_of_ours_at_the_benchmark_costs_no_version(show: Show) -> None:
    await sql(show, 'update seasons set rules = rules || \'{"max_versions": 1, "versions_per_day": 1}\'')
    bob = await show.portal.person("contestant", "Bob")
    entry = await bob.post_ok("/entries", {"name": "Northstar"})
    first = (await send(bob, entry["id"], make_adapter(2, rank=1)))["id"]
    job = await show.lab.until(BENCHMARK)
    await job.fail("The harness broke.", retry=False)
    assert (await bob.get_ok(f"/submissions/{first}"))["refusal"]["code"] == "platform.fault"
    again = await send(bob, entry["id"], make_adapter(2, rank=1))
    assert again["version"] == 2, "the very same files, too"
    await show.lab.work_off()
    body = await bob.request("POST", f"/api/entries/{entry['id']}/submissions", json={"files": []})
    assert body.is_error


async def test_a_ranked_run_is_leased_on_the_track_s_class_alone_and_the_score_shows_the_attestation(
    show: Show, ada: Caller
) -> None:
    track = "update seasons set rules = jsonb_set(rules, '{track,hardware_class}', '\"h200\"')"
    await sql(show, track)
    (run,) = await asked(show, entries=[show.entries["Lantern"]["entry_id"]], expected=1)
    link = await show.lab.next_url()
    answer = await show.lab.http.post(f"{link}/claim")
    assert answer.status_code == 409
    assert answer.json()["error"]["message"] == (
        "waiting for an engine of class h200; what is up is of class fake"
    )
    await sql(show, track.replace("h200", "fake"))
    await show.portal.sweep()
    await right(show, 1.0)
    found = await score(ada, version(show))
    assert (found["run_id"], found["hardware_class"]) == (run, "fake")
    kept = await show.portal.anybody().get_ok(f"/attestations/{found['attestation']}")
    assert kept["document"]["challenge"] == run
    assert kept["document"]["machine"]["hardware_class"] == "fake"


async def test_public_questions_answered_far_better_than_rephrased_ones_are_flagged_on_both_desks(
    show: Show, ada: Caller
) -> None:
    before = await score(ada, version(show))
    first = suites.load(SUITE).families[0].name
    twin = f"""
        update benchmark_runs set tasks = tasks || jsonb_build_array(
            jsonb_set(tasks->0, '{{task}}', to_jsonb('{first}{REPHRASED}'::text))
        ) where id = :id
    """
    await sql(show, twin, id=before["run_id"])
    await sql(show, "delete from benchmark_samples where run_id = :id", id=before["run_id"])
    items = """
        insert into benchmark_samples (id, run_id, task, index, question, expected, answer, correct)
        select gen_random_uuid(), :id, :task, number, 'Question?', 'yes', 'yes', number < :right
        from generate_series(0, 99) number
    """
    await sql(show, items, id=before["run_id"], task=first, right=90)
    await sql(show, items, id=before["run_id"], task=first + REPHRASED, right=40)
    async with show.portal.site.sessions() as session, session.begin():
        await service.settled(session, await queries.run(session, before["run_id"]))
        await service.settled(session, await queries.run(session, before["run_id"]))
    (flag,) = await show.producer.get_ok("/contamination-flags")
    assert (flag["kind"], flag["suite"], flag["task"]) == ("rephrased", SUITE, first)
    assert (flag["gap"], flag["items"], flag["threshold"]) == (pytest.approx(0.5), 100, 0.1)
    assert flag["run_id"] == before["run_id"]
    seen = await ada.get_ok(f"/submissions/{version(show)}")
    (line,) = [check for check in seen["checks"] if check["code"] == "contamination"]
    assert (line["status"], seen["state"]) == ("warning", "ready"), "a flag refuses nothing by itself"
    assert line["detail"]["problems"][0]["code"] == "score.rephrased_gap"
    reviewed = await show.producer.post_ok(
        f"/contamination-flags/{flag['id']}/review", {"note": "They say so themselves."}
    )
    assert reviewed["review"]["by"] == "Pauline"
    assert await show.producer.get_ok("/contamination-flags") == []
    assert len(await show.producer.get_ok("/contamination-flags?reviewed=true")) == 1
    again = {"note": "Again."}
    assert await show.producer.refused("POST", f"/contamination-flags/{flag['id']}/review", again) == (
        409,
        "contamination.reviewed",
    )
    assert await ada.refused("GET", "/contamination-flags") == (403, "auth.forbidden")


def test_every_refusal_is_in_the_list() -> None:
    """Of those that a page may have to explain."""
    root = Path(__file__).parents[3] / "arena" / "benchmarks"
    source = "".join((root / name).read_text() for name in ("scores.py", "rescoring.py"))
    said = {word.split('"')[1] for word in source.split("(") if word.strip().startswith(('"run.', '"score.'))}
    assert said and said <= CODES.keys()
