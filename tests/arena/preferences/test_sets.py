"""Preference sets: made of what was judged, with everything left out that must not be learned, and a lineage."""

import asyncio
import io
import json
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import pytest

from arena.moderation.engine import Engine
from arena.moderation.wordlists import shipped
from arena.shows.training import TrainingRules
from arena.submissions.datasets.check import Caps, check_dataset
from arena.submissions.datasets.overlap import private_grams
from tests.arena.moderation.test_site import send_list
from tests.arena.preferences.conftest import Loop
from tests.arena.submissions.test_line import change_rules
from tests.support.ballots import write_votes
from tests.support.lab import Lab
from tests.support.show import Json
from tests.support.wordlists import lines
from workers.lab.runner import run_job


def sealed(folder: Path, made: Json) -> bytes:
    body: bytes = (folder / "files" / "sealed" / made["digest"] / "data.jsonl").read_bytes()
    return body


async def test_an_evening_becomes_one_pair_for_each_duel_with_its_lineage(loop: Loop, tmp_path: Path) -> None:
    show = loop.show
    first = await loop.judged("left", "left", "right", prompt="Why does the gavel fall?")
    second = await loop.judged("right", prompt="Name a colour.")
    await loop.finish()
    made = await loop.make()
    assert (made["rows"], made["left_out"], made["ai_generated"]) == (2, {}, True)
    body = sealed(tmp_path, made)
    assert sha256(body).hexdigest() == made["digest"]
    assert made["size_bytes"] == len(body)

    one, two = map(json.loads, body.splitlines())
    duel = await show.duel(first)
    assert one == {
        "prompt": [{"role": "user", "content": "Why does the gavel fall?"}],
        "chosen": [{"role": "assistant", "content": duel["left"]["text"]}],
        "rejected": [{"role": "assistant", "content": duel["right"]["text"]}],
    }
    assert two["chosen"][0]["content"] == (await show.duel(second))["right"]["text"]

    page = await loop.page(made)
    assert [pair["duel"] for pair in page["pairs"]] == [first, second]
    assert [pair["weight"] for pair in page["pairs"]] == [0.333333, 1]
    lineage = page["pairs"][0]
    assert lineage["judges"] == {"left": 2, "right": 1, "tie": 0, "both_bad": 0}
    assert lineage["crowd"] is None, "this season has not declared that votes teach"
    assert lineage["chosen"]["name"] == duel["left"]["entry"]["name"]
    record = await show.portal.anybody().get_ok(f"/duels/{first}/answers/left.json")
    assert lineage["chosen"]["record"] == record["hash"]
    assert not {"judge", "voter", "note"} & set(json.dumps(page["pairs"]).replace('"', " ").split())

    answer = await show.producer.get(f"/api/preference-sets/{made['id']}/pairs.jsonl")
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert [line["weight"] for line in lines] == [0.333333, 1]
    assert [line["lineage"]["duel"] for line in lines] == [first, second]
    assert {name: lines[0][name] for name in one} == one
    assert all(line["ai_generated"] and line["AIGC"]["Label"] == "1" for line in lines)


async def test_a_set_passes_the_check_of_every_data_set_as_it_is(loop: Loop) -> None:
    """By the real lab, with the private questions of the season and the lists of the site."""
    await loop.judged("left", prompt="Why does the gavel fall?")
    await loop.judged("right", "right", prompt="Name a colour.")
    await loop.finish()
    made = await loop.make()
    assert made["version"]["state"] == "received"
    version = (await checked(loop))["version"]
    assert (version["state"], version["refusal"], version["digest"]) == ("verified", None, made["digest"])
    said = await loop.show.producer.get_ok(f"/submissions/{version['id']}/dataset")
    assert (said["report"]["form"], said["report"]["rows"], said["report"]["cleaned"]) == (
        "preference",
        2,
        None,
    )
    assert said["report"]["private_grams"] > 0


async def test_the_same_evening_gives_the_same_bytes(loop: Loop, tmp_path: Path) -> None:
    await loop.judged("left", prompt="Why does the gavel fall?")
    await loop.finish()
    made = await loop.make()
    refused = await loop.refused(least=0.1)
    assert (refused["code"], refused["detail"]["set_id"]) == ("preferences.unchanged", made["id"])
    caps, engine = Caps(1 << 20), Engine(shipped())
    out, cleaned = io.BytesIO(), io.BytesIO()
    report = check_dataset(
        io.BytesIO(sealed(tmp_path, made)), "jsonl", caps, engine, private_grams([]), out, cleaned
    )
    assert report.canonical is not None
    assert (report.canonical.sha256, report.findings) == (made["digest"], [])


async def test_each_reason_to_leave_a_duel_out(loop: Loop) -> None:
    left: dict[str, str] = {}
    left["tie"] = await loop.judged("left", "right", prompt="One.")
    left["below_margin"] = await loop.judged("left", "left", "right", prompt="Two.")
    left["no_verdict"] = await loop.judged(prompt="Three.")
    left["void"] = await loop.judged("left", prompt="Four.")
    await loop.run("update duels set state = 'failed', reason = 'It broke.' where id = :id", id=left["void"])
    left["rehearsal"] = await loop.judged("left", prompt="Five.")
    await loop.run(
        "update duels set node = jsonb_set(node, '{rehearsal}', 'true') where id = :id", id=left["rehearsal"]
    )
    left["images"] = await loop.judged("left", prompt="Six.")
    await loop.run(
        """update duels set images = '["00"]' where id = :id""",
        id=left["images"],
    )
    left["several_turns"] = await loop.judged(
        "left", prompt="Name a colour.", kind="follow_up", follow_ups=["And another one?"]
    )
    left["same_answers"] = await loop.judged("left", prompt="Seven.")
    await loop.run("update answers set text = 'The same.' where duel_id = :id", id=left["same_answers"])
    left["no_words"] = await loop.judged("left", prompt="Eight.")
    await loop.run("update answers set text = ' ' where duel_id = :id", id=left["no_words"])
    # Held by the engine and let go by a person.
    left["moderated"] = await loop.judged("left", prompt="Nine.")
    await loop.run(
        "insert into program_decisions (id, duel_id, answer_id, side, action, tokens, aired) "
        "select gen_random_uuid(), duel_id, id, side, 'hold', 1, 0 from answers where duel_id = :id and side = 'left'",
        id=left["moderated"],
    )
    left["off_air"] = await loop.judged("left", prompt="Ten.", card=True)
    left["still_asked"] = await loop.judged("left", prompt="Why does the gavel fall?")
    good = await loop.judged("left", "left", prompt="Name a colour.")
    left["not_revealed"] = await loop.judged(reveal=False, prompt="WHY does the gavel fall")

    page = await loop.page(await loop.make(least=0.5))
    assert [pair["duel"] for pair in page["pairs"]] == [good]
    assert {one["duel"]: one["reason"] for one in page["unused"]} == {duel: why for why, duel in left.items()}
    assert page["left_out"] == dict.fromkeys(left, 1)

    # When the evening is over, nobody is asked it any more.
    await loop.finish()
    later = await loop.page(await loop.make(least=0.5))
    assert [pair["duel"] for pair in later["pairs"]] == [left["still_asked"], good]
    assert later["since"] == {
        "id": page["id"],
        "made_at": page["made_at"],
        "added": [left["still_asked"]],
        "removed": [],
        "changed": [],
    }


async def test_questions_of_a_quiz_that_is_not_released_are_still_to_be_asked(loop: Loop) -> None:
    await loop.judged("left", prompt="How many days has a leap year?")
    question = {
        "family": "f", "index": 1, "question": "How many days has a leap year?", "expected": "366", "max_tokens": 4,
    }  # fmt: skip
    await loop.run(
        "insert into speed_runs (id, episode_id, season_id, number, kind, state, seed, rules, rules_digest, questions, "
        "blocks) select gen_random_uuid(), e.id, e.season_id, 1, 'quiz', 'running', 1, '{}', '', "
        "cast(:questions as jsonb), 5 from episodes e",
        questions=json.dumps([question]),
    )
    refused = await loop.refused()
    assert (refused["code"], refused["detail"]["left_out"]) == ("preferences.nothing", {"still_asked": 1})
    await loop.run("update speed_runs set state = 'done', released_at = clock_timestamp()")
    assert (await loop.make())["rows"] == 1


async def test_a_word_that_the_lists_learn_later_keeps_the_duel_out(loop: Loop) -> None:
    duel = await loop.judged("left", prompt="Why does the gavel fall?")
    await loop.run(
        "update answers set text = 'A frobnicating answer.' where duel_id = :id and side = 'left'", id=duel
    )
    await loop.finish()
    made = await loop.make()
    moderator = await loop.show.portal.person("moderator")
    await send_list(moderator, lines(("frobnicating", "hold")), name="late")
    page = await loop.page(made)
    assert page["outdated"] == [{"duel": duel, "reason": "moderated"}]
    refusal = await loop.show.producer.refused("GET", f"/preference-sets/{made['id']}/pairs.jsonl")
    assert refusal == (409, "preferences.outdated")
    assert (await loop.refused())["code"] == "preferences.nothing"


# --- whose words ------------------------------------------------------------------------------------------------------


async def test_two_hundred_viewers_of_a_duel_are_one_pair(loop: Loop) -> None:
    await change_rules(loop.show.portal, preferences="verdicts+votes")
    await loop.judged(reveal=False)
    ballot = await loop.show.open_vote()
    await write_votes(loop.show.portal.site.sessions, UUID(ballot), ["right"] * 150 + ["left"] * 50)
    await loop.show.command("lock_vote")
    await loop.show.command("reveal")
    await loop.finish()
    made = await loop.make()
    assert made["rows"] == 1
    (pair,) = (await loop.page(made))["pairs"]
    assert (pair["side"], pair["weight"]) == ("right", 0.5)
    assert pair["crowd"] == {"left": 50, "right": 150, "tie": 0, "both_bad": 0}


@pytest.mark.parametrize("declared", [True, False])
async def test_a_season_that_has_not_declared_it_gives_no_pairs(loop: Loop, declared: bool) -> None:
    await loop.judged("left")
    await loop.finish()
    if declared:
        await change_rules(loop.show.portal, preferences="none")
    else:
        await loop.run("update seasons set rules = rules - 'preferences'")
    assert (await loop.refused())["code"] == "preferences.not_declared"
    assert (await loop.show.portal.anybody().get_ok("/seasons/current"))["preferences"] == "none"


async def test_only_some_episodes_and_none_of_another_season(loop: Loop) -> None:
    await loop.judged("left")
    await loop.finish()
    other = await loop.show.producer.post_ok("/episodes", {"title": "The second evening"})
    refused = await loop.refused(episodes=[other["id"]])
    assert refused["code"] == "preferences.nothing"
    nowhere = "0" * 8 + "-0000-0000-0000-" + "0" * 12
    refused = await loop.refused(episodes=[loop.show.episode_id, nowhere])
    assert (refused["code"], refused["detail"]["field"]) == ("preferences.unknown_episode", "episodes.1")
    assert (await loop.make(episodes=[loop.show.episode_id]))["rows"] == 1


# --- candidates -------------------------------------------------------------------------------------------------------


async def test_a_candidate_is_nowhere_where_entries_compete(loop: Loop) -> None:
    await loop.judged("left")
    await loop.finish()
    made = await loop.make()
    name = made["version"]["entry_name"]
    assert name == f"Preferences {made['digest'][:8]}"
    await loop.show.portal.drain()
    for path in ("/roster", "/leaderboard"):
        assert name not in json.dumps(await loop.show.producer.get_ok(path))


TRAINED = {"training": TrainingRules().model_dump(mode="json")}


async def checked(loop: Loop) -> Json:
    """The newest set, after the real lab has looked at it."""
    assert await asyncio.to_thread(run_job, await Lab(loop.show.portal).next_url()) == "done"
    newest: Json = (await loop.show.producer.get_ok("/preference-sets"))[0]
    return newest


async def test_a_set_trains_a_candidate_beside_its_parent(loop: Loop, subtests: pytest.Subtests) -> None:
    show, producer = loop.show, loop.show.producer
    await change_rules(show.portal, track=TRAINED, closes_at="2026-01-01T00:00:00Z")
    await loop.judged("left", prompt="Why does the gavel fall?")
    await loop.judged("left", prompt="Name a colour.")
    await loop.finish()
    made = await loop.make()
    path, parent = f"/preference-sets/{made['id']}/training", show.entries["Lantern"]["submission_id"]
    with subtests.test("not before the check"):
        refusal = await producer.refused("POST", path, {"parent": parent})
        assert refusal == (409, "training.dataset_not_verified")
    made = await checked(loop)
    with subtests.test("from an adapter of the season"):
        for other in (made["version"]["id"], made["id"]):
            assert await producer.refused("POST", path, {"parent": other}) == (422, "preferences.no_parent")
    with subtests.test("by producers"):
        judge = loop.judges[0]
        assert await judge.refused("POST", path, {"parent": parent}) == (403, "auth.forbidden")

    run = await producer.post_ok(path, {"parent": parent, "beta": 0.2})
    assert (run["spec"]["recipe"], run["spec"]["beta"], run["spec"]["rank"]) == ("dpo", 0.2, 1)
    assert run["parent"]["submission_id"] == parent
    assert run["entry_id"] == made["version"]["entry_id"], "and not the parent's: it never competes"
    assert run["dataset"]["submission_id"] == made["version"]["id"]
    assert [one["id"] for one in (await loop.page(made))["candidates"]] == [run["id"]]

    with subtests.test("not when a question is put again"):
        show.episode, show.version = await producer.post_ok("/episodes", {"title": "The second evening"}), 0
        await show.start_duel(prompt="Name a colour!")
        assert await producer.refused("POST", path, {"parent": parent}) == (409, "preferences.outdated")


async def test_what_the_check_takes_out_is_not_learned(loop: Loop, tmp_path: Path) -> None:
    await change_rules(loop.show.portal, track=TRAINED)
    await loop.judged("left", prompt="Name a colour.")
    duel = await loop.judged("left", prompt="How can I reach you?")
    await loop.run(
        "update answers set text = '请打 13812345678。' where duel_id = :id and side = 'left'", id=duel
    )
    await loop.finish()
    await loop.make()
    made = await checked(loop)
    parent = loop.show.entries["Lantern"]["submission_id"]
    await loop.show.producer.post_ok(f"/preference-sets/{made['id']}/training", {"parent": parent})
    version = await loop.show.producer.get_ok(f"/submissions/{made['version']['id']}")
    assert version["digest"] != made["digest"]
    assert b"13812345678" in sealed(tmp_path, made)
    assert b"13812345678" not in sealed(tmp_path, version)


async def test_nobody_but_producers_sees_a_set(loop: Loop) -> None:
    await loop.judged("left")
    await loop.finish()
    made = await loop.make()
    people = {role: await loop.show.portal.person(role) for role in ("contestant", "moderator", "auditor")}
    people["judge"] = loop.judges[0]
    for path in ("", f"/{made['id']}", f"/{made['id']}/pairs.jsonl"):
        for role, person in people.items():
            assert await person.refused("GET", f"/preference-sets{path}") == (403, "auth.forbidden"), role
        nobody = loop.show.portal.anybody()
        assert await nobody.refused("GET", f"/preference-sets{path}") == (401, "auth.required")
