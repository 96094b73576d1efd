"""The producer's hand: each button once, for the show one was looking at, and a log that tells everything."""

import asyncio
import random
from uuid import UUID, uuid4

import pytest

from arena.duels import service as duels
from arena.rundown.queries import events
from arena.rundown.queries import show as folded
from arena.rundown.rules import ALLOWED
from tests.support.show import Json, Show


def path(show: Show) -> str:
    return f"/episodes/{show.episode_id}/commands"


async def version(show: Show) -> int:
    return int((await show.stage())["version"])


async def test_a_button_pressed_for_an_older_show_does_nothing(show: Show) -> None:
    await show.answered()
    stale = {**show.command_body("open_vote", seconds=60), "expected_version": 0}
    answer = await show.producer.post(f"/api{path(show)}", json=stale)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (409, "rundown.version_conflict")
    assert error["detail"] == {"version": 1, "phase": "duel"}, "the fresh state comes with the refusal"
    assert (await show.stage())["ballot"] is None


async def test_pressing_twice_is_pressing_once(show: Show) -> None:
    await show.answered()
    body = show.command_body("open_vote", seconds=60)
    first = await show.producer.post_ok(path(show), body)
    assert await show.producer.post_ok(path(show), body) == first
    show.version = first["version"]
    await show.agree()
    together = show.command_body("lock_vote")
    answers = await asyncio.gather(*(show.producer.post_ok(path(show), together) for _ in range(5)))
    assert answers == [answers[0]] * 5
    # Locked, and then counted again.
    assert answers[0]["version"] == together["expected_version"] + 2


async def test_a_key_stands_for_one_command(show: Show) -> None:
    """Else a forgotten key would make a button look pressed that was not."""
    await show.answered()
    body = show.command_body("open_vote", seconds=60)
    await show.producer.post_ok(path(show), body)
    for other in ({"type": "finish"}, {"type": "open_vote", "seconds": 61}):
        refusal = await show.producer.refused("POST", path(show), {**body, "command": other})
        assert refusal == (409, "rundown.key_reuse")
    assert (await show.stage())["phase"] == "vote"


async def test_of_two_producers_at_once_one_wins(show: Show) -> None:
    await show.answered()
    other = await show.portal.person("producer", "Paul")
    answers = await asyncio.gather(
        *(
            producer.post(f"/api{path(show)}", json=show.command_body("open_vote", seconds=60))
            for producer in (show.producer, other, show.producer, other)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    codes = {answer.json()["error"]["code"] for answer in answers if answer.is_error}
    assert codes == {"rundown.version_conflict"}


async def test_two_duels_pressed_at_once_are_one_duel(show: Show) -> None:
    a, b = (show.entries[name]["entry_id"] for name in ("House", "Lantern"))
    bodies = [show.command_body("start_duel", prompt="Why?", entry_a=a, entry_b=b) for _ in range(4)]
    answers = await asyncio.gather(*(show.producer.post(f"/api{path(show)}", json=body) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert len(await show.producer.get_ok(f"/episodes/{show.episode_id}/duels")) == 1


COMMANDS: dict[str, Json] = {
    "start_duel": {"prompt": "Why?"},
    "open_vote": {"seconds": 60},
    "lock_vote": {},
    "reveal": {},
    "finish": {},
}


async def press(show: Show, type: str) -> tuple[int, str]:
    fields = dict(COMMANDS[type])
    if type == "lock_vote":
        await show.agree()
    if type == "start_duel":
        names = ("House", "Lantern")
        fields |= {
            key: show.entries[name]["entry_id"]
            for key, name in zip(("entry_a", "entry_b"), names, strict=True)
        }
    answer = await show.producer.post(f"/api{path(show)}", json=show.command_body(type, **fields))
    if answer.is_error:
        return answer.status_code, answer.json()["error"]["code"]
    show.version = answer.json()["version"]
    return answer.status_code, answer.json()["phase"]


async def test_each_command_is_possible_in_its_phases_alone(show: Show) -> None:
    async def impossible() -> None:
        phase = (await show.stage())["phase"]
        for type, phases in ALLOWED.items():
            if phase not in phases:
                assert await press(show, type) == (409, "rundown.not_now"), (phase, type)

    await impossible()
    for type in ("start_duel", "open_vote", "lock_vote", "reveal", "finish"):
        status, _ = await press(show, type)
        assert status == 200, type
        if type == "start_duel":
            await show.portal.drain()
        await impossible()
    assert (await show.stage())["episode"]["state"] == "finished"


async def test_the_first_complete_answer_is_the_official_one(show: Show) -> None:
    """The producer sees the names: what has been answered is voted on and revealed, not drawn again."""
    duel = await show.answered()
    assert await press(show, "start_duel") == (409, "rundown.duel_answered")
    await show.open_vote()
    assert await press(show, "start_duel") == (409, "rundown.not_now")
    await show.command("lock_vote")
    assert await press(show, "start_duel") == (409, "rundown.not_now")
    await show.command("reveal")
    assert [seen["id"] for seen in await show.producer.get_ok(f"/episodes/{show.episode_id}/duels")] == [
        duel["id"]
    ]
    assert (await press(show, "start_duel"))[0] == 200


async def test_a_failed_duel_is_started_again(show: Show) -> None:
    duel_id = UUID(await show.start_duel())
    async with show.portal.site.sessions() as session, session.begin():
        await duels.failed(session, duel_id, "The engine died three times.")
    assert (await press(show, "start_duel"))[0] == 200


@pytest.mark.parametrize("seed", range(4))
async def test_the_state_is_the_fold_of_the_log_after_any_walk(show: Show, seed: int) -> None:
    """Buttons in any order, doubled and refused ones among them: what is shown is what the log says."""
    draw = random.Random(seed)
    pressed = 0
    for _ in range(14):
        status, _ = await press(show, draw.choice(sorted(COMMANDS)))
        pressed += status == 200
        if draw.random() < 0.5:
            await show.portal.drain()
    stage, desk = await show.stage(), await show.desk()
    async with show.portal.site.sessions() as session:
        log = await events(session, UUID(show.episode_id))
        state = await folded(session, UUID(show.episode_id))
    assert [event.version for event in log] == list(range(1, len(log) + 1))
    assert len([event for event in log if event.type in COMMANDS]) == pressed
    assert (stage["version"], stage["phase"]) == (state.version, state.phase) == (len(log), state.phase)
    assert (stage["duel"] or {}).get("id") == (str(state.duel_id) if state.duel_id else None)
    assert [event["version"] for event in desk["log"]] == [event.version for event in log]
    assert all(event.by is not None for event in log if event.type in COMMANDS)


async def test_a_command_that_fails_leaves_nothing(show: Show) -> None:
    body = show.command_body("start_duel", prompt="Why?", entry_a=str(uuid4()), entry_b=str(uuid4()))
    assert await show.producer.refused("POST", path(show), body) == (422, "duel.unknown_entry")
    assert (await version(show), (await show.desk())["log"]) == (0, [])
    assert (await show.stage())["episode"]["state"] == "planned"


async def test_an_episode_that_does_not_exist_takes_no_command(show: Show) -> None:
    body = show.command_body("finish")
    refusal = await show.producer.refused("POST", f"/episodes/{uuid4()}/commands", body)
    assert refusal == (404, "episode.not_found")


async def test_a_command_that_is_none_is_refused(show: Show, subtests: pytest.Subtests) -> None:
    commands: list[Json] = [
        {"type": "explode"},
        {"type": "open_vote", "seconds": 4},
        {"type": "open_vote", "seconds": 3601},
        {"type": "finish", "now": True},
        {},
    ]
    for number, command in enumerate(commands):
        with subtests.test(command=command):
            # A key of its own, so that none is refused as what was pressed before.
            body = {"expected_version": 0, "key": f"{number}" * 8, "command": command}
            assert await show.producer.refused("POST", path(show), body) == (422, "request.invalid")


async def test_shows_of_two_episodes_do_not_touch(show: Show) -> None:
    second = await show.producer.post_ok("/episodes", {"title": "The second evening"})
    assert second["number"] == show.episode["number"] + 1
    await show.answered()
    await show.open_vote()
    other = (await show.portal.anybody().get_ok(f"/live/stage:{second['id']}"))["state"]
    assert (other["version"], other["phase"], other["duel"]) == (0, "idle", None)


async def test_viewers_find_the_show_by_its_code(show: Show) -> None:
    code = show.episode["code"]
    typed = f" {code[:3].lower()}-{code[3:].lower()} "
    assert (await show.portal.anybody().get_ok(f"/join/{typed}"))["id"] == show.episode_id
    assert await show.portal.anybody().refused("GET", "/join/000000") == (404, "join.unknown_code")
