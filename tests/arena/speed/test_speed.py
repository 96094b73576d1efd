"""Speed through the HTTP doors: who may start, see and release it, and what is shown when."""

import statistics
from itertools import pairwise

import pytest
from sqlalchemy import text

from arena.benchmarks import suites
from arena.moderation import service as moderation
from arena.nodes.attestation import Attestation, commit
from arena.speed import quiz, rules
from arena.speed.contracts import WHO, Measured
from tests.support.speed import BLOCKS, TOKENS, Track


async def test_a_run_from_start_to_release(track: Track) -> None:
    run_id = await track.start()
    waiting = await track.seen(run_id)
    assert (waiting["state"], waiting["blocks_done"], waiting["blocks"]) == ("queued", 0, BLOCKS)
    assert waiting["seed"] is None and waiting["result"] is None and waiting["waiting"] is None
    assert (waiting["a"]["name"], waiting["b"]["name"]) == ("Lantern", "Northstar")
    assert waiting["house"]["kind"] == "house"
    await track.show.portal.work()

    done = await track.seen(run_id)
    assert (done["state"], done["void"], done["reason"], done["blocks_done"]) == ("done", None, None, BLOCKS)
    assert commit(run_id, done["seed"]) == done["seed_commitment"] == waiting["seed_commitment"]
    assert done["rehearsal"] and done["measured_at"]
    assert done["attested_before"] != done["attested_after"]
    assert [metric["metric"] for metric in done["result"]["metrics"]] == ["first_token", "decode", "whole"]

    anybody = track.show.portal.anybody()
    seen = await anybody.get_ok(f"/speed/{run_id}")
    assert (seen["state"], seen["result"], seen["released_at"]) == ("done", None, None)
    assert seen["seed_commitment"] == done["seed_commitment"]
    assert await anybody.refused("GET", f"/speed/{run_id}/runs.json") == (409, "speed.not_released")
    await track.show.producer.post_ok(f"/speed/{run_id}/release")
    seen = await anybody.get_ok(f"/speed/{run_id}")
    assert seen["result"] == done["result"]
    assert (await anybody.get_ok(track.path))[0]["result"] == done["result"]
    released = (await track.show.producer.post_ok(f"/speed/{run_id}/release"))["released_at"]
    assert released == seen["released_at"], "a second time changes nothing"


async def test_anybody_can_compute_the_result_from_the_file(track: Track) -> None:
    run = await track.run()
    await track.show.producer.post_ok(f"/speed/{run['id']}/release")
    answer = await track.show.portal.anybody().get(f"/api/speed/{run['id']}/runs.json")
    assert 'filename="speed-1.json"' in answer.headers["content-disposition"]
    file = answer.json()
    assert file["ai_generated"] is True and file["ai_label"]["en"] == "AI-generated"
    requests = [Measured.model_validate(one) for one in file["requests"]]
    assert len(requests) == 3 + 6 * BLOCKS
    assert file["prompts"] == rules.drawn(file["run"]["seed"], BLOCKS)
    shots = rules.shots("duel", file["run"]["seed"], BLOCKS)
    assert [(one.number, one.block, one.who, one.ask) for one in requests] == [
        (shot.number, shot.block, shot.who, shot.ask) for shot in shots
    ]
    for one in requests:
        assert len(one.arrived_us) == TOKENS
        stamps = [0, one.head_us, one.chunk_us, one.arrived_us[0], one.arrived_us[-1], one.end_us]
        assert stamps == sorted(stamps), "all definitions of the first token lie in order"
        assert one.text is None and one.engine is None and one.prompt_tokens > 0
    first = run["result"]["metrics"][0]
    for block, ratio in enumerate(first["a_to_b"]["blocks"]):
        of = {
            who: statistics.geometric_mean(
                one.arrived_us[0] for one in requests if (one.who, one.block) == (who, block)
            )
            for who in WHO
        }
        assert ratio == pytest.approx(of["a"] / of["b"])
    assert first["a_to_b"]["median"] == pytest.approx(statistics.median(first["a_to_b"]["blocks"]))
    before, after = (
        Attestation.model_validate({key: one[key] for key in ("document", "signature", "public_key")})
        for one in file["attestations"]
    )
    assert before.is_signed and after.is_signed
    assert before.digest == file["run"]["attested_before"] and after.digest == file["run"]["attested_after"]
    assert before.read().seed_commitment == file["run"]["seed_commitment"]
    assert before.read().challenge != after.read().challenge
    assert {one.digest for one in after.read().adapters} == {
        track.show.entries[name]["digest"] for name in ("House", "Lantern", "Northstar")
    }


async def test_what_cannot_be_measured_is_refused_by_name(track: Track) -> None:
    producer = track.show.producer
    same = track.body(b="Lantern")
    assert await producer.refused("POST", track.path, same) == (422, "speed.same_entry")
    unknown = track.body() | {"entry_b": track.show.episode_id}
    assert await producer.refused("POST", track.path, unknown) == (422, "speed.unknown_entry")
    ada = await track.show.portal.person("contestant", "Ada")
    fresh = await ada.post_ok("/entries", {"name": "Fresh"})
    unready = track.body() | {"entry_b": fresh["id"]}
    assert await producer.refused("POST", track.path, unready) == (409, "speed.entry_not_ready")
    assert await producer.refused("POST", track.path, track.body("sprint")) == (422, "request.invalid")
    nowhere = "/speed/00000000-0000-0000-0000-000000000000"
    assert await producer.refused("GET", nowhere) == (404, "speed.not_found")
    assert await producer.get_ok(track.path) == []
    async with track.show.portal.site.sessions() as session, session.begin():
        await session.execute(
            text("update submissions set state = 'received' where entry_id = :house"),
            {"house": track.show.entries["House"]["entry_id"]},
        )
    assert await producer.refused("POST", track.path, track.body()) == (409, "speed.house_not_ready")


async def test_one_at_a_time_and_they_are_numbered(track: Track) -> None:
    run_id = await track.start()
    producer = track.show.producer
    assert await producer.refused("POST", track.path, track.body()) == (409, "speed.under_way")
    assert await producer.refused("POST", f"/speed/{run_id}/release") == (409, "speed.not_over")
    assert await producer.refused("GET", f"/speed/{run_id}/runs.json") == (409, "speed.not_over")
    await track.show.portal.work()
    await track.run()
    assert [run["number"] for run in await producer.get_ok(track.path)] == [2, 1]
    assert await producer.refused("POST", f"/speed/{run_id}/stop") == (409, "speed.over")


async def test_a_producer_stops_what_has_not_begun_and_it_stays_stopped(track: Track) -> None:
    run_id = await track.start()
    stopped = await track.show.producer.post_ok(f"/speed/{run_id}/stop")
    assert (stopped["state"], stopped["void"]) == ("void", "stopped")
    await track.show.portal.work()
    assert track.asked == []
    assert (await track.seen(run_id))["void"] == "stopped"
    assert all(node["lease"] is None for node in await track.show.producer.get_ok("/nodes"))
    assert (await track.run())["state"] == "done"


async def test_the_rules_of_a_run_are_those_of_its_start(track: Track) -> None:
    run_id = await track.start()
    async with track.show.portal.site.sessions() as session, session.begin():
        await session.execute(text("update seasons set rules = rules - 'speed'"))
    await track.show.portal.work()
    seen = await track.seen(run_id)
    assert seen["rules"] == {"blocks": BLOCKS, "tokens": TOKENS, "tie_band": 0.02}
    season = await track.show.portal.anybody().get_ok("/seasons/current")
    assert season["speed"] == {"blocks": 7, "tokens": 64, "tie_band": 0.02}


async def test_a_quiz_is_drawn_asked_and_marked(track: Track) -> None:
    quiz = await track.quiz()
    assert (quiz["state"], quiz["kind"], quiz["blocks_done"]) == ("done", "quiz", 5)
    lines = quiz["result"]["quiz"]
    assert len(lines) == len({line["question"] for line in lines}) == rules.QUESTIONS
    file = await track.file(quiz["id"])
    assert [one["question"] for one in file["questions"]] == [line["question"] for line in lines]
    assert all(one["text"] is None for one in file["requests"])
    counted = [one for one in file["requests"] if one["block"] is not None]
    for line, ask in zip(lines, range(1, 11), strict=True):
        for who in WHO:
            (one,) = [one for one in counted if (one["who"], one["ask"]) == (who, ask)]
            assert line[who]["ms"] == one["arrived_us"][-1] / 1000
            assert line[who]["tokens"] == len(one["arrived_us"])
            assert line[who]["answer"], "nothing in it is on a word list"
    axes = {axis["axis"]: axis for axis in quiz["result"]["axes"]}
    assert set(axes) == {"accuracy", "time_to_answer", "first_token", "decode", "evenness"}
    right = sum(line["a"]["correct"] for line in lines)
    assert axes["accuracy"]["a"] == right / 10
    assert axes["first_token"]["house"] == 1.0


async def test_a_right_answer_is_told_from_a_wrong_one(track: Track) -> None:
    """The fake engine never does sums: the test writes down what the engine would have said."""
    run_id = await track.start("quiz")
    await track.lab()
    await track.show.portal.work()
    async with track.show.portal.site.sessions() as session:
        questions = (await session.execute(text("select questions from speed_runs"))).scalar_one()
    async with track.show.portal.site.sessions() as session, session.begin():
        for ask, question in enumerate(questions, start=1):
            await session.execute(
                text(
                    "update speed_requests set measured = jsonb_set(measured, '{text}', to_jsonb(cast(:said as text)))"
                    " where measured->>'who' = 'a' and measured->>'ask' = :ask"
                ),
                {"said": f" The answer is {question['expected']}", "ask": str(ask)},
            )
    await track.lab()
    lines = (await track.seen(run_id))["result"]["quiz"]
    assert [line["a"]["correct"] for line in lines] == [True] * 10
    assert lines[0]["a"]["answer"] == f"The answer is {questions[0]['expected']}"
    assert not any(line["b"]["correct"] for line in lines)


@pytest.mark.parametrize("why", ["blocked", "guarded", "down"])
async def test_an_answer_that_may_not_be_shown_is_marked_all_the_same(
    track: Track, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = await track.start("quiz")
    await track.lab()
    await track.show.portal.work()
    async with track.show.portal.site.sessions() as session, session.begin():
        await session.execute(
            text("update speed_requests set measured = jsonb_set(measured, '{text}', to_jsonb('fuck'::text))")
        )
    if why == "guarded":
        monkeypatch.setattr(quiz, "shows_growing", lambda _: False)
    if why == "down":

        async def broken(_: object) -> None:
            raise OSError

        monkeypatch.setattr(moderation, "current_engine", broken)
    await track.lab()
    run = await track.seen(run_id)
    assert run["state"] == "done"
    assert {line[who]["answer"] for line in run["result"]["quiz"] for who in WHO} == {None}
    assert "fuck" not in str(await track.file(run_id))


async def test_a_lab_cannot_bring_its_own_questions_or_leave_out_an_answer(track: Track) -> None:
    run_id = await track.start("quiz")
    job = await track.show.lab.take()
    bad = {"suite_digest": "0" * 64, "items_digest": "0" * 64, "questions": []}
    refused = await job.complete(bad)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "speed.wrong_questions")
    assert (await track.seen(run_id))["state"] == "queued"


async def test_the_stage_of_a_quiz_has_no_questions_before_it_is_over(track: Track) -> None:
    run_id = await track.start("quiz")
    await track.lab()
    producer, anybody = track.show.producer, track.show.portal.anybody()
    assert await producer.refused("GET", f"/speed/{run_id}/runs.json") == (409, "speed.not_over")
    assert "question" not in str((await anybody.get_ok(f"/speed/{run_id}"))["result"])


def test_orders_are_not_all_alike() -> None:
    orders = [[shot.who for shot in rules.shots("duel", seed, 5)[3:9]] for seed in range(12)]
    assert any(one != other for one, other in pairwise(orders))


TABLE = "question,answer\n" + "".join(
    f"Say the number {number} in digits.,{number}\n" for number in range(40, 52)
)


async def test_a_quiz_asks_an_imported_bank(track: Track) -> None:
    producer = track.show.producer
    task = {
        "name": "digits",
        "title": {"en": "Digits", "zh": "数字"},
        "form": "csv",
        "scorer": "number",
        "text": TABLE,
    }
    suite = {"id": "ours", "name": {"en": "Ours", "zh": "自家题库"}, "licence": "own", "tasks": [task]}
    await producer.post_ok("/suites", suite)
    done = await track.quiz(suite="ours")
    assert (done["state"], done["suite"], done["surprise"]) == ("done", "ours", None)
    asked = {line["question"]: line["expected"] for line in done["result"]["quiz"]}
    assert len(asked) == 10
    assert all(question == f"Say the number {answer} in digits." for question, answer in asked.items())


async def test_a_choice_is_asked_by_letter(track: Track) -> None:
    done = await track.quiz(suite="chinese")
    assert done["state"] == "done"
    for line in done["result"]["quiz"]:
        assert line["expected"] in line["question"].splitlines()
        assert line["expected"][:3] in ("A. ", "B. ", "C. ", "D. ")


async def test_the_surprise_is_sealed_until_it_is_shown(track: Track) -> None:
    anybody = track.show.portal.anybody()
    run_id = await track.start("quiz", suite="surprise")
    before = await track.seen(run_id)
    assert (before["suite"], before["surprise"], before["seed"]) == ("surprise", None, None)
    await track.lab()
    await track.show.portal.work()
    assert (await track.seen(run_id))["surprise"] is None, "not to a producer either, before it is over"
    await track.lab()
    assert (await anybody.get_ok(f"/speed/{run_id}"))["surprise"] is None
    await track.show.producer.post_ok(f"/speed/{run_id}/release")
    shown = await anybody.get_ok(f"/speed/{run_id}")
    (family,) = rules.quiz_suite(suites.surprise(), shown["seed"]).families
    assert shown["surprise"] == family.title


async def test_a_bank_that_is_not_there_is_refused(track: Track) -> None:
    for suite in ("nothing", "arithmetic2"):
        refused = await track.show.producer.refused("POST", track.path, track.body("quiz", suite=suite))
        assert refused == (404, "suite.unknown")


async def test_a_bank_without_ten_questions_of_one_line_is_refused(track: Track) -> None:
    rows = "".join(
        f'{{"question": "Line {n}?", "answer": "a", "check": {{"lines": 1}}}}\n' for n in range(12)
    )
    task = {
        "name": "long",
        "title": {"en": "Long", "zh": "长"},
        "scorer": "format",
        "until": ["\n\n"],
        "text": rows,
    }
    suite = {"id": "long", "name": {"en": "Long", "zh": "长"}, "licence": "own", "tasks": [task]}
    await track.show.producer.post_ok("/suites", suite)
    refused = await track.show.producer.refused("POST", track.path, track.body("quiz", suite="long"))
    assert refused == (409, "speed.no_questions")
