"""The judges' desk: what a judge may say, to whom it is shown and when, and what follows."""

import asyncio

import pytest

from tests.arena.judging.conftest import Duel
from tests.support.judging import judged_by, published, run
from tests.support.portal import Caller
from tests.support.show import Json, Show
from workers.control.watch import keep_time

GOOD = {"helpful": {"left": 5, "right": 3}, "correct": {"left": 4, "right": 4}}


async def judges(duel: Duel, *names: str) -> list[Caller]:
    return [await duel.show.portal.person("judge", name) for name in names]


async def desk(duel: Duel, judge: Caller) -> Json:
    found: Json = await judge.get_ok(f"/duels/{duel.id}/desk")
    return found


async def submitted(duel: Duel) -> tuple[int, int]:
    ballot = (await duel.show.stage())["ballot"]["judges"]
    return ballot["submitted"], ballot["total"]


async def test_a_verdict_has_scores_beside_the_choice_and_may_be_changed(duel: Duel) -> None:
    [judge] = await judges(duel, "Judy")
    path = f"/ballots/{duel.ballot}/verdicts"
    await asyncio.gather(*(judge.post_ok(path, {"choice": "tie"}) for _ in range(4)))
    await judge.post_ok(path, {"choice": "left", "note": "Braver.", "scores": GOOD})
    mine = {"ballot_id": duel.ballot, "choice": "left", "note": "Braver.", "scores": GOOD, "look": 1}
    assert await judge.get_ok(f"/ballots/{duel.ballot}/my-verdict") == mine
    assert await submitted(duel) == (1, 1)
    seen = await desk(duel, judge)
    assert [one["id"] for one in seen["rubric"]] == ["helpful", "correct", "written"]
    assert all(len(one["anchors_zh"]) == len(one["anchors_en"]) == 5 for one in seen["rubric"])
    assert (seen["judged"], seen["duels"]) == (1, 1)


async def test_scores_that_are_none_are_refused_by_name(duel: Duel, subtests: pytest.Subtests) -> None:
    [judge] = await judges(duel, "Judy")
    path = f"/ballots/{duel.ballot}/verdicts"
    wrong = {
        "beauty": ({"beauty": {"left": 3}}, "verdict.unknown_criterion"),
        "six": ({"correct": {"left": 6}}, "request.invalid"),
        "zero": ({"correct": {"left": 0}}, "request.invalid"),
        "half": ({"correct": {"left": 2.5}}, "request.invalid"),
        "middle": ({"correct": {"middle": 3}}, "request.invalid"),
    }
    for name, (scores, code) in wrong.items():
        with subtests.test(name=name):
            assert await judge.refused("POST", path, {"choice": "left", "scores": scores}) == (422, code)
    await judged_by(duel.show, scores="required")
    refusal = await judge.refused("POST", path, {"choice": "left", "scores": GOOD})
    assert refusal == (422, "verdict.scores_missing")
    await judged_by(duel.show, scores="off")
    assert (await desk(duel, judge))["rubric"] == []
    refusal = await judge.refused("POST", path, {"choice": "left", "scores": GOOD})
    assert refusal == (422, "verdict.unknown_criterion")


async def test_a_rubric_may_be_the_round_s_own(duel: Duel) -> None:
    [judge] = await judges(duel, "Judy")
    words = ["a", "b", "c", "d", "e"]
    own = {"id": "style", "zh": "风格", "en": "Style", "anchors_zh": words, "anchors_en": words}
    await judged_by(duel.show, rubrics={"debate": [own]})
    assert "style" not in str(await desk(duel, judge))
    await judged_by(duel.show, rubrics={"single": [own]})
    assert [one["id"] for one in (await desk(duel, judge))["rubric"]] == ["style"]


async def test_sides_are_the_judge_s_own_and_the_verdict_is_the_duel_s(duel: Duel) -> None:
    """Some see it mirrored, each always the same way; what is kept is about the duel's own sides."""
    everybody = await judges(duel, *(f"J{n}" for n in range(12)))
    ways = [(await desk(duel, judge))["mirrored"] for judge in everybody]
    assert set(ways) == {True, False}
    assert ways == [(await desk(duel, judge))["mirrored"] for judge in everybody]
    for judge in everybody:
        await judge.post_ok(f"/ballots/{duel.ballot}/verdicts", {"choice": "left"})
    await published(duel.show)
    report = await duel.show.producer.get_ok("/judging/report")
    assert {one["left_seen"] for one in report["judges"]} == {0.0, 1.0}
    assert all(one["agrees"] == 1 for one in report["judges"])


async def test_a_draft_is_on_every_device_and_the_newer_one_stays(duel: Duel) -> None:
    [judge] = await judges(duel, "Judy")
    token = (await judge.post_ok("/tokens", {"name": "tablet"}))["token"]
    tablet, path = duel.show.portal.anybody(token), f"/duels/{duel.id}/draft"
    body = {"version": 0, "choice": "left", "note": "So far", "scores": GOOD}
    kept = {"version": 1, "choice": "left", "note": "So far", "scores": GOOD}
    assert await judge.call("PUT", path, body, expect=200) == kept
    assert (await desk(duel, tablet))["draft"] == kept
    await tablet.call("PUT", path, kept | {"note": "On the tablet"}, expect=200)
    assert await judge.refused("PUT", path, kept) == (409, "draft.newer")
    assert await judge.refused("PUT", path, body) == (409, "draft.newer")
    assert (await desk(duel, judge))["draft"]["note"] == "On the tablet"
    assert await submitted(duel) == (0, 1), "a draft is no verdict"
    await judge.post_ok(f"/ballots/{duel.ballot}/verdicts", {"choice": "right"})
    assert (await desk(duel, tablet))["draft"] is None


async def test_a_skip_is_waited_for_no_longer_and_can_be_taken_back(duel: Duel) -> None:
    judge, other = await judges(duel, "Judy", "Other")
    path = f"/duels/{duel.id}/excusal"
    await judge.post_ok(f"/ballots/{duel.ballot}/verdicts", {"choice": "left"})
    await judge.post_ok(path, {"kind": "skip", "reason": "language"})
    assert await submitted(duel) == (1, 2)
    assert await judge.get_ok(f"/ballots/{duel.ballot}/my-verdict") is None, "it took the verdict's place"
    await judge.call("DELETE", path, expect=200)
    assert await submitted(duel) == (0, 2)
    await judge.post_ok(path, {"kind": "skip", "reason": "other", "text": "The screen was dark"})
    await judge.post_ok(f"/ballots/{duel.ballot}/verdicts", {"choice": "tie"})
    assert await submitted(duel) == (1, 2), "a verdict takes the place of a skip"
    for wrong in (
        {"kind": "skip", "reason": "boring"},
        {"kind": "skip", "reason": "other"},
        {"reason": "other"},
    ):
        assert await other.refused("POST", path, wrong) == (422, "request.invalid")


async def test_who_declares_a_conflict_is_of_no_jury(duel: Duel) -> None:
    at_the_duel, beforehand, fair = await judges(duel, "At", "Before", "Fair")
    path = f"/ballots/{duel.ballot}/verdicts"
    for judge in (at_the_duel, beforehand):
        await judge.post_ok(path, {"choice": "left"})
    assert await submitted(duel) == (2, 3)
    await at_the_duel.post_ok(f"/duels/{duel.id}/excusal", {"kind": "conflict", "reason": "recognised"})
    entry = duel.show.entries["Lantern"]["entry_id"]
    declared = await beforehand.post_ok("/judging/conflicts", {"entry_id": entry, "reason": "My student"})
    again = await beforehand.refused("POST", "/judging/conflicts", {"entry_id": entry, "reason": "Still"})
    assert again == (409, "verdict.conflict_declared")
    assert await submitted(duel) == (0, 1), "their words are gone, and nobody waits for them"
    for judge in (at_the_duel, beforehand):
        assert await judge.refused("POST", path, {"choice": "left"}) == (403, "verdict.conflict")
        assert (await desk(duel, judge))["barred"] == "conflict"
    refusal = await at_the_duel.refused("DELETE", f"/duels/{duel.id}/excusal")
    assert refusal == (403, "verdict.conflict"), "a conflict of interest stays"
    await fair.post_ok(path, {"choice": "left"})
    jurors = (await duel.show.producer.get_ok(f"/duels/{duel.id}/jury"))["jurors"]
    assert [(one["name"], one["state"], one["reason"]) for one in jurors] == [
        ("At", "barred", "recognised"),
        ("Before", "barred", None),
        ("Fair", "given", None),
    ]
    await duel.show.producer.call("DELETE", f"/judging/conflicts/{declared['id']}", expect=200)
    await beforehand.post_ok(path, {"choice": "left"})


async def test_who_is_behind_an_entry_does_not_judge_it(duel: Duel) -> None:
    maker = duel.show.contestants["Lantern"]
    made = await duel.show.producer.post_ok("/invitations", {"role": "judge", "hours": 1})
    await maker.post_ok(f"/invitations/{made['token']}/accept")
    assert (await desk(duel, maker))["barred"] == "own_entry"
    for method, path, body in (
        ("POST", f"/ballots/{duel.ballot}/verdicts", {"choice": "left"}),
        ("PUT", f"/duels/{duel.id}/draft", {"version": 0}),
        ("POST", f"/duels/{duel.id}/excusal", {"kind": "skip", "reason": "language"}),
    ):
        assert await maker.refused(method, path, body) == (403, "vote.own_entry")
    assert await submitted(duel) == (0, 0)


async def test_there_is_a_time_for_verdicts(duel: Duel) -> None:
    [judge] = await judges(duel, "Judy")
    path = f"/ballots/{duel.ballot}/verdicts"
    for state, code in (("armed", "verdict.not_open"), ("counting", "verdict.window_closed")):
        await run(duel.show, "update ballots set state = :state", state=state)
        assert await judge.refused("POST", path, {"choice": "left"}) == (403, code)
    refusal = await judge.refused("PUT", f"/duels/{duel.id}/draft", {"version": 0})
    assert refusal == (403, "verdict.window_closed")
    refusal = await judge.refused("POST", f"/duels/{duel.id}/excusal", {"kind": "skip", "reason": "language"})
    assert refusal == (403, "verdict.window_closed")
    await run(duel.show, "update ballots set state = 'closing'")
    await judge.post_ok(path, {"choice": "left"})  # the crowd is done, the judges are not


async def test_nobody_learns_what_judges_say_before_the_reveal(duel: Duel) -> None:
    first, second = await judges(duel, "One", "Two")
    secret = {"choice": "both_bad", "note": "Nobody else's business", "scores": GOOD}
    await first.post_ok(f"/ballots/{duel.ballot}/verdicts", secret)
    await first.post_ok(f"/duels/{duel.id}/excusal", {"kind": "skip", "reason": "language"})
    await first.post_ok(f"/ballots/{duel.ballot}/verdicts", secret)
    producer = duel.show.producer
    said = [
        await second.get_ok(f"/duels/{duel.id}/desk"),
        await second.get_ok(f"/ballots/{duel.ballot}/my-verdict"),
        await producer.get_ok(f"/duels/{duel.id}/jury"),
        await producer.get_ok("/judging/report"),
    ]
    assert "both_bad" not in str(said) and "business" not in str(said)
    assert said[-1]["duels"] == 0 and said[-1]["judges"] == []
    assert await producer.refused("GET", f"/ballots/{duel.ballot}/panel") == (403, "ballot.not_revealed")
    await published(duel.show)
    jurors = (await producer.get_ok(f"/duels/{duel.id}/jury"))["jurors"]
    assert [(one["name"], one["state"]) for one in jurors] == [("One", "given"), ("Two", "missed")]
    [row] = (await producer.get_ok("/judging/report"))["judges"]
    assert (row["name"], row["verdicts"], row["ties"]) == ("One", 1, 1.0)


# --- the second look --------------------------------------------------------------------------------------------


async def test_judges_at_odds_look_once_more_where_the_season_says_so(duel: Duel) -> None:
    first, second, third = await judges(duel, "One", "Two", "Three")
    path, show = f"/ballots/{duel.ballot}/verdicts", duel.show
    await judged_by(show, second_look={"band": 0.34, "seconds": 45})
    for judge, choice in ((first, "left"), (second, "right"), (third, "tie")):
        await judge.post_ok(path, {"choice": choice, "note": "At first sight"})
    assert await refused_to_lock(show) == (409, "verdict.second_look")
    await show.time_passes(62)
    await keep_time(show.portal.site)
    assert (await show.stage())["phase"] == "vote", "all are in and the crowd is done, but they are at odds"
    seen = await desk(duel, first)
    assert seen["second_look"]["first"] == "left" and "At first sight" not in str(seen)
    assert (await desk(duel, second))["second_look"]["first"] == "right"
    await first.post_ok(path, {"choice": "right"})
    await second.post_ok(path, {"choice": "right"})
    assert await refused_to_lock(show) == (409, "verdict.second_look")
    await keep_time(show.portal.site)
    assert (await show.stage())["phase"] == "vote", "one has not looked again"
    await third.post_ok(path, {"choice": "tie"})
    await keep_time(show.portal.site)
    stage = await show.stage()
    assert stage["phase"] == "locked"
    show.version = stage["version"]
    await show.command("reveal")
    assert (await show.stage())["result"]["judges"] == {"left": 0, "right": 2, "tie": 1, "both_bad": 0}
    rows = (await show.producer.get_ok("/judging/report"))["judges"]
    assert [(row["name"], row["second_looks"], row["changed"]) for row in rows] == [
        ("One", 1, 1),
        ("Three", 1, 0),
        ("Two", 1, 0),
    ]


async def test_a_second_look_ends_with_its_clock_and_is_never_repeated(duel: Duel) -> None:
    first, second = await judges(duel, "One", "Two")
    await judged_by(duel.show, second_look={"band": 0.34, "seconds": 45})
    for judge, choice in ((first, "left"), (second, "right")):
        await judge.post_ok(f"/ballots/{duel.ballot}/verdicts", {"choice": choice})
    for seconds, phase in ((62, "vote"), (40, "vote"), (7, "locked")):
        await duel.show.time_passes(seconds)
        await keep_time(duel.show.portal.site)
        assert (await duel.show.stage())["phase"] == phase


async def refused_to_lock(show: Show) -> tuple[int, str]:
    path = f"/episodes/{show.episode_id}/commands"
    return await show.producer.refused("POST", path, show.command_body("lock_vote"))


# --- calibration ------------------------------------------------------------------------------------------------


async def test_judges_are_measured_on_pairs_that_are_known(duel: Duel) -> None:
    [judge], producer = await judges(duel, "Judy"), duel.show.producer
    pair = {"prompt": "2 + 2?", "left": "4", "right": "5"}
    refusal = await producer.refused("POST", "/judging/calibration", pair)
    assert refusal == (422, "request.invalid"), "it would measure nothing"
    await producer.post_ok("/judging/calibration", pair | {"gold": "left", "why": "Count."})
    await producer.post_ok("/judging/calibration", pair | {"prompt": "Which is nicer?", "times": 2})
    assert await judge.refused("GET", "/judging/calibration") == (403, "auth.forbidden")
    ways: dict[str, list[bool]] = {}
    told = []
    for number in range(3):
        task = await judge.get_ok("/judging/calibration/next")
        assert (task["done"], task["total"]) == (number, 3)
        assert "gold" not in task and "why" not in task
        ways.setdefault(task["item_id"], []).append(task["mirrored"])
        said = {"time": task["time"], "choice": "left" if task["time"] == 1 else "right"}
        path = f"/judging/calibration/{task['item_id']}/answers"
        told.append(await judge.post_ok(path, said))
        assert await judge.post_ok(path, said) == told[-1], "a retry is the same answer"
        refusal = await judge.refused("POST", path, said | {"choice": "both_bad"})
        assert refusal == (409, "calibration.answered")
    assert await judge.get_ok("/judging/calibration/next") is None
    assert sorted(map(len, ways.values())) == [1, 2]
    assert [set(way) for way in ways.values() if len(way) == 2] == [{True, False}], "turned round"
    known = [one for one in told if one]
    assert {"gold": "left", "why": "Count.", "agrees": True, "steady": None} in known
    assert {"gold": None, "why": "", "agrees": None, "steady": False} in known
    await judge.post_ok(f"/ballots/{duel.ballot}/verdicts", {"choice": "left"})
    await published(duel.show)
    [row] = (await producer.get_ok("/judging/report"))["judges"]
    assert row["calibration"] == {"gold": 1, "right": 1, "repeats": 1, "steady": 0}
    listed = await producer.get_ok("/judging/calibration")
    assert [one["answered"] for one in listed] == [1, 1]
    await producer.call("DELETE", f"/judging/calibration/{listed[0]['id']}", expect=200)
    assert len(await producer.get_ok("/judging/calibration")) == 1
