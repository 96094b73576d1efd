"""Votes: counted once, secret until the lock, provable afterwards, changed by nobody."""

import asyncio
import hmac
from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.support.live import page
from tests.support.portal import Caller, Portal
from tests.support.show import Json, Show
from workers.control.watch import keep_time


def tap(choice: str = "left", n: int = 1) -> Json:
    return {"choice": choice, "n": n}


async def voting(show: Show, seconds: int = 600) -> str:
    """The vote on what has been answered is open; returns the ballot's id."""
    return await show.open_vote(seconds)


async def lock_and_reveal(show: Show, ballot: str) -> Json:
    await show.command("lock_vote")
    await show.command("reveal")
    found: Json = await show.portal.anybody().get_ok(f"/ballots/{ballot}")
    return found


# --- one voter, one vote --------------------------------------------------------------------------------------


async def test_fifty_phones_at_once_are_fifty_votes(answered: Show) -> None:
    ballot = await voting(answered)
    phones = [await answered.portal.phone() for _ in range(50)]
    choices = [("left", "right", "tie", "both_bad")[number % 4] for number in range(50)]

    async def taps(phone: Caller, choice: str) -> list[Json]:
        """An impatient thumb: the same tap arrives three times at once."""
        body = tap(choice)
        return list(
            await asyncio.gather(*(phone.post_ok(f"/ballots/{ballot}/votes", body) for _ in range(3)))
        )

    receipts = await asyncio.gather(*(taps(*pair) for pair in zip(phones, choices, strict=True)))
    for first, *others in receipts:
        assert others == [first, first]
    book = await lock_and_reveal(answered, ballot)
    assert (book["size"], book["voters"]) == (50, 50)
    assert book["count"]["counted"] == {"left": 13, "right": 13, "tie": 12, "both_bad": 12}
    assert (await answered.stage())["result"]["levels"] == {"0": 50}
    places = sorted(one[0]["receipt"]["seq"] for one in receipts)
    assert places == list(range(50))


async def test_two_different_taps_at_once_count_once(answered: Show) -> None:
    ballot, phone = await voting(answered), await answered.portal.phone()
    answers = await asyncio.gather(
        *(phone.post(f"/api/ballots/{ballot}/votes", json=tap(choice)) for choice in ("left", "right") * 4)
    )
    assert sorted(answer.status_code for answer in answers) == [201] * 4 + [409] * 4
    assert len({answer.text for answer in answers if answer.status_code == 201}) == 1, (
        "one of them, four times"
    )
    assert (await answered.stage())["ballot"]["counted"] == 1


async def test_a_person_votes_once_on_all_her_devices(answered: Show) -> None:
    ballot = await voting(answered)
    ada = await answered.portal.person("contestant", "Ada")
    token = (await ada.post_ok("/tokens", {"name": "laptop"}))["token"]
    vote = await ada.post_ok(f"/ballots/{ballot}/votes", tap())
    elsewhere = answered.portal.anybody(token)
    assert await elsewhere.post_ok(f"/ballots/{ballot}/votes", tap()) == vote
    assert await elsewhere.get_ok(f"/ballots/{ballot}/my-vote") == vote


async def test_a_phone_that_has_not_joined_does_not_vote(answered: Show) -> None:
    ballot = await voting(answered)
    stranger = answered.portal.anybody()
    assert await stranger.refused("POST", f"/ballots/{ballot}/votes", tap()) == (401, "vote.no_device")


async def test_a_judge_judges_instead(answered: Show) -> None:
    ballot, judge = await voting(answered), await answered.portal.person("judge")
    assert await judge.refused("POST", f"/ballots/{ballot}/votes", tap()) == (403, "vote.judges_judge")
    phone = await answered.portal.phone()
    refusal = await phone.refused("POST", f"/ballots/{ballot}/verdicts", {"choice": "left"})
    assert refusal == (401, "auth.required")


async def test_who_sees_the_names_decides_nothing(answered: Show) -> None:
    """Not as a voter, and not as a judge by an invitation of his own making."""
    ballot = await voting(answered)
    path = f"/ballots/{ballot}"
    assert await answered.producer.refused("POST", f"{path}/votes", tap()) == (403, "vote.not_for_staff")
    made = await answered.producer.post_ok("/invitations", {"role": "judge", "hours": 1})
    await answered.producer.post_ok(f"/invitations/{made['token']}/accept")
    refusal = await answered.producer.refused("POST", f"{path}/verdicts", {"choice": "left"})
    assert refusal == (403, "vote.not_for_staff")
    assert (await answered.stage())["ballot"]["judges"] == {"submitted": 0, "total": 0}


async def test_nobody_decides_a_duel_of_his_own(show: Show) -> None:
    await show.enter("Northstar")
    lantern = show.contestants["Lantern"]
    await show.answered("House", "Lantern")
    path = f"/ballots/{await show.open_vote()}"
    assert await lantern.refused("POST", f"{path}/votes", tap()) == (403, "vote.own_entry")
    await show.contestants["Northstar"].post_ok(f"{path}/votes", tap())
    made = await show.producer.post_ok("/invitations", {"role": "judge", "hours": 1})
    await lantern.post_ok(f"/invitations/{made['token']}/accept")
    assert await lantern.refused("POST", f"{path}/verdicts", {"choice": "left"}) == (403, "vote.own_entry")
    assert (await show.stage())["ballot"]["judges"]["total"] == 0, "nobody waits for who may not judge"
    await show.command("lock_vote")
    await show.command("reveal")
    await show.answered("House", "Northstar")
    await lantern.post_ok(f"/ballots/{await show.open_vote()}/verdicts", {"choice": "left"})
    assert (await show.stage())["ballot"]["judges"] == {"submitted": 1, "total": 1}


@pytest.mark.parametrize(
    "body", [{"choice": "UP", "n": 1}, {"choice": "left", "n": 0}, {"choice": "left"}, {"n": 1}, {}]
)
async def test_a_tap_that_is_none_is_refused(portal: Portal, body: Json) -> None:
    phone = await portal.phone()
    assert await phone.refused("POST", f"/ballots/{uuid4()}/votes", body) == (422, "request.invalid")


# --- the window -----------------------------------------------------------------------------------------------


async def test_there_is_no_vote_before_it_opens(show: Show) -> None:
    phone = await show.portal.phone()
    assert await phone.refused("POST", f"/ballots/{uuid4()}/votes", tap()) == (404, "ballot.not_found")
    await show.start_duel()
    body = show.command_body("open_vote", seconds=60)
    path = f"/episodes/{show.episode_id}/commands"
    assert await show.producer.refused("POST", path, body) == (409, "ballot.duel_not_answered")
    await show.portal.drain()
    ballot = await show.open_vote()
    await show.time_passes(-3600)  # as if it opened in an hour
    assert await phone.refused("POST", f"/ballots/{ballot}/votes", tap()) == (403, "vote.window_closed")


async def test_the_server_s_clock_closes_the_window(answered: Show) -> None:
    ballot = await voting(answered, seconds=30)
    early, late = await answered.portal.phone(), await answered.portal.phone()
    body = tap()
    receipt = await early.post_ok(f"/ballots/{ballot}/votes", body)
    await answered.time_passes(31)
    assert await late.refused("POST", f"/ballots/{ballot}/votes", tap()) == (403, "vote.window_closed")
    assert await early.post_ok(f"/ballots/{ballot}/votes", body) == receipt, "a retry still finds its receipt"


async def test_the_lock_closes_the_window(answered: Show) -> None:
    ballot, phone = await voting(answered), await answered.portal.phone()
    await answered.command("lock_vote")
    assert await phone.refused("POST", f"/ballots/{ballot}/votes", tap()) == (403, "vote.window_closed")
    assert await phone.get_ok(f"/ballots/{ballot}/my-vote") is None


async def test_the_clock_locks_what_is_overdue(answered: Show) -> None:
    ballot = await voting(answered, seconds=30)
    await keep_time(answered.portal.site)
    assert (await answered.stage())["phase"] == "vote"
    await answered.time_passes(32)
    await asyncio.gather(*(keep_time(answered.portal.site) for _ in range(3)))
    stage = await answered.stage()
    seen = stage["ballot"]
    assert (stage["phase"], seen["state"], len(seen["root"])) == ("locked", "certified", 64)
    locks = [event for event in (await answered.desk())["log"] if event["type"] == "lock_vote"]
    assert len(locks) == 1
    assert locks[0]["body"]["ballot_id"] == ballot


async def test_votes_and_lock_at_once_agree_about_every_single_vote(answered: Show) -> None:
    """Whoever got a receipt is counted, whoever got a refusal is not, wherever the lock fell."""
    ballot = await voting(answered)
    phones = [await answered.portal.phone() for _ in range(40)]
    await answered.agree()
    casting = [
        asyncio.create_task(phone.post(f"/api/ballots/{ballot}/votes", json=tap())) for phone in phones
    ]
    await asyncio.wait(casting, return_when=asyncio.FIRST_COMPLETED)
    await answered.command("lock_vote")
    answers = await asyncio.gather(*casting)
    await answered.command("reveal")
    book = await answered.portal.anybody().get_ok(f"/ballots/{ballot}")
    counted = [answer for answer in answers if answer.status_code == 201]
    refused = [answer.json()["error"]["code"] for answer in answers if answer.is_error]
    assert len(counted) == book["size"] == book["count"]["counted"]["left"] > 0
    assert set(refused) <= {"vote.window_closed"}


# --- verdicts -------------------------------------------------------------------------------------------------


async def test_a_verdict_may_be_changed_until_the_lock(answered: Show) -> None:
    ballot, judge = await voting(answered), await answered.portal.person("judge")
    path = f"/ballots/{ballot}/verdicts"
    assert await judge.get_ok(f"/ballots/{ballot}/my-verdict") is None
    await judge.post_ok(path, {"choice": "left", "note": "Braver."})
    await judge.post_ok(path, {"choice": "right", "note": "On second thoughts."})
    mine = await judge.get_ok(f"/ballots/{ballot}/my-verdict")
    assert (mine["choice"], mine["note"]) == ("right", "On second thoughts.")
    assert (await answered.stage())["ballot"]["judges"] == {"submitted": 1, "total": 1}
    await answered.command("lock_vote")
    assert await judge.refused("POST", path, {"choice": "left"}) == (403, "verdict.window_closed")
    await answered.command("reveal")
    assert (await answered.stage())["result"]["judges"] == {"left": 0, "right": 1, "tie": 0, "both_bad": 0}


async def test_a_judge_s_double_click_is_one_verdict(answered: Show) -> None:
    ballot, judge = await voting(answered), await answered.portal.person("judge")
    body = {"choice": "tie", "note": ""}
    await asyncio.gather(*(judge.post_ok(f"/ballots/{ballot}/verdicts", body) for _ in range(6)))
    assert (await answered.stage())["ballot"]["judges"]["submitted"] == 1


async def test_judges_may_take_longer_than_the_crowd(answered: Show) -> None:
    ballot = await voting(answered, seconds=30)
    first, second = await answered.portal.person("judge", "One"), await answered.portal.person("judge", "Two")
    await answered.time_passes(32)
    await keep_time(answered.portal.site)
    await first.post_ok(f"/ballots/{ballot}/verdicts", {"choice": "left"})
    await keep_time(answered.portal.site)
    assert (await answered.stage())["phase"] == "vote"
    phone = await answered.portal.phone()
    assert await phone.refused("POST", f"/ballots/{ballot}/votes", tap()) == (403, "vote.window_closed")
    await second.post_ok(f"/ballots/{ballot}/verdicts", {"choice": "left"})
    await keep_time(answered.portal.site)
    assert (await answered.stage())["phase"] == "locked", "all judges are in"


async def test_judges_do_not_take_for_ever(answered: Show) -> None:
    ballot, judge = await voting(answered, seconds=30), await answered.portal.person("judge")
    seconds = (await answered.portal.anybody().get_ok("/seasons/current"))["judge_seconds"]
    await answered.time_passes(30 + seconds + 2)
    await keep_time(answered.portal.site)
    assert (await answered.stage())["phase"] == "locked"
    refusal = await judge.refused("POST", f"/ballots/{ballot}/verdicts", {"choice": "left"})
    assert refusal == (403, "verdict.window_closed")


async def test_judges_who_are_in_do_not_close_the_vote_for_the_crowd(answered: Show) -> None:
    ballot, judge = await voting(answered, seconds=30), await answered.portal.person("judge")
    await judge.post_ok(f"/ballots/{ballot}/verdicts", {"choice": "left"})
    await keep_time(answered.portal.site)
    assert (await answered.stage())["phase"] == "vote"


async def test_a_judge_sees_no_other_judge_s_verdict(answered: Show) -> None:
    ballot = await voting(answered)
    first, second = await answered.portal.person("judge", "One"), await answered.portal.person("judge", "Two")
    await first.post_ok(f"/ballots/{ballot}/verdicts", {"choice": "left", "note": "Nobody else's business"})
    for path in (f"/ballots/{ballot}/my-verdict", f"/live/stage:{answered.episode_id}"):
        assert "Nobody else's business" not in (await second.get(f"/api{path}")).text


# --- nobody sees the split before the lock ----------------------------------------------------------------------


def splits(said: object) -> list[object]:
    """Every object in a JSON document that counts by choice."""
    if isinstance(said, list):
        return [found for item in said for found in splits(item)]
    if not isinstance(said, dict):
        return []
    here = [said] if {"tie", "both_bad"} & said.keys() else []
    return here + [found for value in said.values() for found in splits(value)]


WATCHERS: dict[str, Callable[[Show], Awaitable[Caller]]] = {
    "producer": lambda show: asyncio.sleep(0, show.producer),
    "judge": lambda show: show.portal.person("judge", "Other"),
    "auditor": lambda show: show.portal.person("auditor"),
    "moderator": lambda show: show.portal.person("moderator"),
    "operator": lambda show: asyncio.sleep(0, show.portal.operator),
    "viewer": lambda show: show.portal.phone(),
}


async def test_nobody_sees_which_way_it_goes_before_the_lock(
    answered: Show, subtests: pytest.Subtests
) -> None:
    """How many, yes; which way, no: over HTTP and over the socket, for the producer as for everybody."""
    ballot = await voting(answered)
    for number, (who, watcher) in enumerate(WATCHERS.items()):
        with subtests.test(who=who):
            await sees_no_way(answered, ballot, await watcher(answered), votes=3 * number)


async def sees_no_way(show: Show, ballot: str, watcher: Caller, votes: int) -> None:
    """Who watches while three more vote, after so many, and another judge gives a verdict."""
    paths = [
        f"/live/stage:{show.episode_id}",
        f"/live/desk:{show.episode_id}",
        f"/ballots/{ballot}",
        f"/ballots/{ballot}/my-vote",
        f"/ballots/{ballot}/my-verdict",
        f"/episodes/{show.episode_id}/duels",
        "/leaderboard",
    ]
    async with page(show.portal, watcher, **authorization(watcher)) as opened:
        await opened.subscribe(f"stage:{show.episode_id}")
        await opened.subscribe(f"desk:{show.episode_id}")
        for _ in range(3):
            phone = await show.portal.phone()
            await phone.post_ok(f"/ballots/{ballot}/votes", tap("right"))
        judge = await show.portal.person("judge", "First")
        await judge.post_ok(f"/ballots/{ballot}/verdicts", {"choice": "right", "note": "clear"})
        await show.portal.relay()
        stage = opened[f"stage:{show.episode_id}"]
        await opened.until(lambda: bool(stage.state) and stage.state["ballot"]["counted"] == votes + 3)
        said: list[Any] = [(await watcher.get(f"/api{path}")).json() for path in paths]
        said += [seen.state for seen in opened.channels.values()]
    assert splits(said) == []
    assert "choice" not in str(said)


def authorization(caller: Caller) -> dict[str, str]:
    token = caller.headers.get("Authorization")
    return {"Authorization": token} if token else {}


async def test_between_lock_and_reveal_there_is_the_root_alone(answered: Show) -> None:
    ballot = await voting(answered)
    phone = await answered.portal.phone()
    await phone.post_ok(f"/ballots/{ballot}/votes", tap("right"))
    await answered.command("lock_vote")
    for said in (await answered.stage(), await answered.desk()):
        assert len(said["ballot"]["root"]) == 64
        assert said["result"] is None
        assert splits(said) == []
    seen = await answered.producer.get_ok(f"/ballots/{ballot}")
    assert (seen["state"], seen["count"], seen["seal"]) == ("certified", None, None)


# --- the ledger -----------------------------------------------------------------------------------------------


async def test_a_voter_has_another_name_on_every_ballot(answered: Show) -> None:
    """The device itself is nowhere in the ledger, and the salt that makes the name is told to nobody."""
    ballot, phone = await voting(answered), await answered.portal.phone()
    device = (await phone.post_ok("/device"))["device"]
    await phone.post_ok(f"/ballots/{ballot}/votes", tap())
    book = await lock_and_reveal(answered, ballot)
    async with answered.portal.site.sessions() as session:
        salt = (await session.execute(text("select salt from ballots"))).scalar_one()
        voter = (await session.execute(text("select voter from votes"))).scalar_one()
    assert salt not in str(book)
    assert book["config"]["salt_commitment"] == sha256(bytes.fromhex(salt)).hexdigest()
    assert voter == hmac.new(bytes.fromhex(salt), device.encode(), sha256).hexdigest()[:32]


async def test_an_empty_ballot_has_a_root_too(answered: Show) -> None:
    book = await lock_and_reveal(answered, await voting(answered))
    assert (book["size"], book["root"]) == (0, sha256().hexdigest())


async def test_the_database_itself_refuses_to_change_what_was_counted(
    answered: Show, subtests: pytest.Subtests
) -> None:
    """Not even its superuser, which the tests are. Each attempt would be kept if it were not refused."""
    ballot, phone = await voting(answered), await answered.portal.phone()
    await phone.post_ok(f"/ballots/{ballot}/votes", tap("right"))
    for attempt in (
        "update votes set choice = 'left'",
        "update votes set choice = choice where false",
        "delete from votes",
        "truncate votes",
        "delete from vote_checkpoints",
        "update vote_corrections set kind = 'clear'",
        "update show_events set body = '{}'",
        "delete from show_events",
        "truncate show_events",
    ):
        with subtests.test(attempt=attempt), pytest.raises(DBAPIError, match="never changed or deleted"):
            async with answered.portal.site.sessions() as session, session.begin():
                await session.execute(text(attempt))
    assert (await lock_and_reveal(answered, ballot))["count"]["counted"]["right"] == 1


async def test_the_table_itself_keeps_one_vote_per_voter_and_count(answered: Show) -> None:
    ballot, phone = await voting(answered), await answered.portal.phone()
    await phone.post_ok(f"/ballots/{ballot}/votes", tap())
    again = (
        "insert into votes (ballot_id, shard, seq, voter, n, choice, level, channel, at, nonce, head) "
        "select ballot_id, shard, seq + 1, voter, n, 'right', level, channel, at, nonce, head from votes"
    )
    async with answered.portal.site.sessions() as session:
        with pytest.raises(DBAPIError, match="uq_votes_ballot_id_voter_n"):
            await session.execute(text(again))
