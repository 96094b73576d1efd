"""The effect probe: what an adapter must show on an engine before it meets anybody."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from arena.submissions.contracts import Refusal
from arena.submissions.probe import (
    AGREEING,
    LIKELIEST,
    MIN_DIFFERENCE,
    NEAR_TIE,
    PROMPTS,
    Ending,
    EngineAnswers,
    FirstToken,
    Likely,
    LongAnswer,
    ReferenceAnswer,
    judge,
)
from tests.support.evening import Evenings, verified
from tests.support.lab import BENCHMARK, PROBE, LabJob, probed
from tests.support.portal import Caller
from tests.support.show import Show

# --- the rules ------------------------------------------------------------------------------------------------------


def reference(*, gap: float = 1.0, difference: float = 2.0) -> list[ReferenceAnswer]:
    """Token 0 is the likeliest, token 1 follows `gap` nats behind, and so on."""
    likeliest = [Likely(token_id=token, logprob=-0.5 - gap * token) for token in range(LIKELIEST)]
    return [ReferenceAnswer(likeliest=likeliest, difference=difference)] * len(PROMPTS)


def answers(*first: int, **changes: Any) -> EngineAnswers:
    tokens = first or (0,) * len(PROMPTS)
    said = EngineAnswers(
        effect=True,
        first=[FirstToken(token_id=token, logprob=-0.5) for token in tokens],
        long=[LongAnswer(length=length, finite=True) for length in (8, 512, 1020)],
        endings=[Ending(tokens=20, stopped=True), Ending(tokens=120, stopped=False)],
    )
    return said.model_copy(update=changes)


def codes(found: tuple[list[Any], Refusal | None]) -> tuple[dict[str, str], str | None]:
    checks, refusal = found
    return {check.code: check.status for check in checks}, refusal.code if refusal else None


def test_an_engine_that_answers_like_peft_passes() -> None:
    found = judge(reference(), answers())
    assert codes(found) == ({"reference": "passed", "engine": "passed"}, None)
    assert found[0][0].detail == {"agreeing": 8, "of": 8, "apart": 0.0, "difference": 2.0}
    assert found[0][1].detail == {"lengths": [8, 512, 1020], "tokens": [20, 120]}


@pytest.mark.parametrize(("others", "refused"), [(0, False), (len(PROMPTS) - AGREEING, False), (2, True)])
def test_one_answer_may_begin_otherwise_and_not_two(others: int, refused: bool) -> None:
    tokens = [1] * others + [0] * (len(PROMPTS) - others)
    _, refusal = codes(judge(reference(), answers(*tokens)))
    assert refusal == ("adapter.probe_failed" if refused else None)


@pytest.mark.parametrize(("gap", "refused"), [(NEAR_TIE * 0.9, False), (NEAR_TIE * 1.1, True)])
def test_what_peft_itself_cannot_tell_apart_counts_as_the_same(gap: float, refused: bool) -> None:
    _, refusal = codes(judge(reference(gap=gap), answers(*[1] * len(PROMPTS))))
    assert (refusal == "adapter.probe_failed") == refused


def test_a_beginning_that_peft_does_not_think_of_is_another_adapter_s() -> None:
    found = judge(reference(), answers(*[LIKELIEST + 5] * len(PROMPTS)))
    assert codes(found) == ({"reference": "refused", "engine": "passed"}, "adapter.probe_failed")
    assert "8 of 8" in found[0][0].detail["problems"][0]["message"]


def test_an_adapter_that_moves_nothing_is_the_base_model() -> None:
    _, refusal = codes(judge(reference(difference=MIN_DIFFERENCE / 2), answers()))
    assert refusal == "adapter.no_effect"
    _, refusal = codes(judge(reference(), answers(effect=False)))
    assert refusal == "adapter.no_effect"


def test_what_is_not_a_number_is_refused_wherever_it_shows() -> None:
    nothing = [ReferenceAnswer(likeliest=[], difference=0.0), *reference()[1:]]
    assert codes(judge(nothing, answers()))[1] == "adapter.probe_failed"
    short = answers(first=[FirstToken(token_id=0, logprob=None), *answers().first[1:]])
    assert codes(judge(reference(), short))[1] == "adapter.probe_failed"
    long = answers(long=[LongAnswer(length=8, finite=True), LongAnswer(length=512, finite=False)])
    found = judge(reference(), long)
    assert codes(found)[1] == "adapter.probe_failed"
    assert "512 tokens" in found[0][1].detail["problems"][0]["message"]


def test_what_peft_cannot_compute_is_not_asked_on_an_engine() -> None:
    nothing = [ReferenceAnswer(likeliest=[], difference=0.0), *reference()[1:]]
    found = judge(nothing, None)
    assert codes(found) == ({"reference": "refused", "engine": "pending"}, "adapter.probe_failed")


def test_an_adapter_that_never_stops_is_admitted_with_a_note() -> None:
    endless = answers(endings=[Ending(tokens=120, stopped=False)] * 4)
    found = judge(reference(), endless)
    assert codes(found) == ({"reference": "passed", "engine": "warning"}, None)
    assert found[0][1].detail["problems"][0]["code"] == "adapter.runaway"


def test_a_rehearsal_engine_is_never_a_pass() -> None:
    found = judge(None, answers())
    assert codes(found) == ({"reference": "warning", "engine": "passed"}, None)
    assert found[0][0].detail["problems"][0]["code"] == "adapter.not_compared"


# --- on the line ----------------------------------------------------------------------------------------------------


@pytest.fixture
async def show(evenings: Evenings, tmp_path: Path) -> AsyncIterator[Show]:
    async with evenings.after(verified, tmp_path) as show:
        yield show


async def probing(show: Show) -> tuple[Caller, str, LabJob]:
    """A contestant, her submission, and its probe in the hands of the lab."""
    job = await show.lab.until(PROBE)
    return show.contestants["Lantern"], show.entries["Lantern"]["submission_id"], job


async def test_a_probe_holds_the_engine_and_a_benchmark_follows(show: Show) -> None:
    ada, submission, job = await probing(show)
    (node,) = await show.producer.get_ok("/nodes")
    assert node["lease"]["mode"] == "probe"
    assert job.contract["rehearsal"], "the engine of this test is a fake one"
    assert job.contract["max_tokens"] == 120
    await job.succeed()
    seen = await ada.get_ok(f"/submissions/{submission}")
    assert [check["code"] for check in seen["checks"]][-3:] == ["similarity", "reference", "engine"]
    (node,) = await show.producer.get_ok("/nodes")
    assert node["lease"] is None
    assert (await show.lab.take()).kind == BENCHMARK
    async with show.portal.site.sessions() as session:
        kept = "select fingerprint from adapter_fingerprints where digest = :digest"
        known = (await session.execute(text(kept), {"digest": seen["digest"]})).scalars().all()
    assert len(known) == 1, "from now on it is recognised by its answer"


@pytest.mark.parametrize("code", ["adapter.probe_failed", "adapter.no_effect"])
async def test_a_refused_probe_ends_the_way_to_the_stage(show: Show, code: str) -> None:
    ada, submission, job = await probing(show)
    await job.succeed(probed(refusal=Refusal(code=code, message="It answers otherwise.")))
    seen = await ada.get_ok(f"/submissions/{submission}")
    assert (seen["state"], seen["refusal"]["code"]) == ("refused", code)
    await show.portal.drain()
    assert show.portal.waker.lab_links == [], "nothing follows"
    (node,) = await show.producer.get_ok("/nodes")
    assert node["lease"] is None
    assert [row["kind"] for row in await show.producer.get_ok("/roster") if row["ready"]] == ["house"]


async def test_a_second_attempt_leaves_one_set_of_checks(show: Show) -> None:
    ada, submission, job = await probing(show)
    await job.fail("The engine went away.", retry=True)
    assert (await ada.get_ok(f"/submissions/{submission}"))["waiting"]["reason"] == "The engine went away."
    await show.time_passes(10)
    await (await show.lab.take()).succeed()
    checks = [check["code"] for check in (await ada.get_ok(f"/submissions/{submission}"))["checks"]]
    assert len(checks) == len(set(checks))


async def test_a_fault_of_ours_is_not_the_contestant_s(show: Show) -> None:
    ada, submission, job = await probing(show)
    await job.fail("The engine died three times.", retry=False)
    seen = await ada.get_ok(f"/submissions/{submission}")
    assert (seen["state"], seen["refusal"]["code"]) == ("failed", "platform.fault")
    (node,) = await show.producer.get_ok("/nodes")
    assert node["lease"] is None


async def test_nothing_is_admitted_that_no_engine_was_asked_about(show: Show) -> None:
    ada, submission, job = await probing(show)
    answer = await job.complete(probed() | {"fingerprint": None})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "job.bad_result")
    assert (await ada.get_ok(f"/submissions/{submission}"))["state"] == "verified"


@pytest.mark.parametrize(
    "spoiled", [{"fingerprint": "yes"}, {"checks": [{"code": "engine", "status": "splendid"}]}]
)
async def test_a_result_of_another_form_is_not_taken(show: Show, spoiled: dict[str, Any]) -> None:
    ada, submission, job = await probing(show)
    answer = await job.complete(probed() | spoiled)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "job.bad_result")
    assert (await ada.get_ok(f"/submissions/{submission}"))["state"] == "verified"


# --- quarantine -----------------------------------------------------------------------------------------------------


async def set_apart(show: Show, **more: Any) -> None:
    """A second node, in quarantine, of the same kind as the first."""
    twin = (
        "insert into nodes (id, url, state, detail, health, seen_at)"
        " select gen_random_uuid(), url || '/apart', :state, '',"
        " jsonb_set(health, '{quarantine}', 'true'), clock_timestamp() - cast(:silent as interval) from nodes"
    )
    values = {"state": "ready", "silent": timedelta()} | more
    async with show.portal.site.sessions() as session, session.begin():
        await session.execute(text(twin), values)


async def modes(show: Show) -> list[str | None]:
    nodes = await show.producer.get_ok("/nodes")
    return [node["lease"] and node["lease"]["mode"] for node in nodes]


async def test_strangers_are_probed_in_quarantine_and_nothing_else_runs_there(show: Show) -> None:
    link = await show.lab.next_url()
    await set_apart(show)
    job = await show.lab.claim(link)
    assert (job.kind, await modes(show)) == (PROBE, [None, "probe"])
    assert job.contract["engine_url"].endswith("/apart")
    await job.succeed(probed())
    await show.lab.take()
    assert await modes(show) == ["benchmark", None]


async def test_while_the_quarantine_is_down_a_probe_waits(show: Show) -> None:
    link = await show.lab.next_url()
    await set_apart(show, state="unreachable")
    assert (await show.lab.http.post(f"{link}/claim")).status_code == 409
    assert await modes(show) == [None, None]


async def test_a_quarantine_that_left_the_site_holds_nobody_up(show: Show) -> None:
    link = await show.lab.next_url()
    await set_apart(show, state="unreachable", silent=timedelta(hours=2))
    await show.lab.claim(link)
    assert await modes(show) == ["probe", None]
