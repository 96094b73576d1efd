"""The life of a ballot: what is fixed when, who may end it, and that nothing is shown before both counts are equal."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from arena.rundown.log import hold
from arena.rundown.public import close_overdue, watch_surprises
from arena.votes import certifying, service
from arena.votes.models import Ballot
from arena.votes.rules import set_off
from arena.votes.signing import signed_by
from tests.support.locks import waiting_for_locks
from tests.support.portal import Caller
from tests.support.show import Json, Show
from workers.control.watch import keep_time

QUESTION: Json = {
    "kind": "question",
    "question_zh": "下一题问什么？",
    "question_en": "What is asked next?",
    "options": [{"zh": "月亮", "en": "The moon"}, {"zh": "海", "en": "The sea"}],
    "change_seconds": 0,
    "seconds": 600,
}


async def prepared(show: Show, **changes: Any) -> str:
    path = f"/episodes/{show.episode_id}/ballots"
    return str((await show.producer.post_ok(path, QUESTION | changes))["id"])


async def opened(show: Show, **changes: Any) -> str:
    ballot = await prepared(show, **changes)
    for step in ("arm", "open"):
        await show.producer.post_ok(f"/ballots/{ballot}/{step}")
    return ballot


async def closed(show: Show, ballot: str) -> Json:
    await show.portal.operator.post_ok(f"/ballots/{ballot}/shorten")
    seen: Json = await show.producer.post_ok(f"/ballots/{ballot}/close")
    return seen


async def vote(phone: Caller, ballot: str, choice: str, n: int = 1) -> Json:
    seen: Json = await phone.post_ok(f"/ballots/{ballot}/votes", {"choice": choice, "n": n})
    return seen


async def poll(show: Show) -> Json | None:
    polls = (await show.stage())["polls"]
    assert len(polls) <= 1
    return polls[0] if polls else None


async def tampered(show: Show, *changes: str) -> None:
    """By somebody who has the database, and its triggers off."""
    async with show.portal.site.sessions() as session, session.begin():
        await session.execute(text("set local session_replication_role = replica"))
        for change in changes:
            await session.execute(text(change))


# --- in its order, and never back -----------------------------------------------------------------------------------


async def test_a_question_goes_its_way_beside_the_show(show: Show) -> None:
    ballot = await prepared(show)
    seen = await show.producer.get_ok(f"/ballots/{ballot}")
    assert (seen["state"], seen["digest"]) == ("draft", None)
    phone = await show.portal.phone()
    assert await phone.refused("GET", f"/ballots/{ballot}") == (404, "ballot.not_found"), (
        "it may be a surprise"
    )
    assert await poll(show) is None

    armed = await show.producer.post_ok(f"/ballots/{ballot}/arm")
    assert (armed["state"], len(armed["digest"])) == ("armed", 64)
    assert await phone.refused("POST", f"/ballots/{ballot}/votes", {"choice": "q1", "n": 1}) == (
        403,
        "vote.window_closed",
    )
    await show.producer.post_ok(f"/ballots/{ballot}/open")
    told = await poll(show)
    assert told is not None
    assert (told["state"], told["digest"], told["question_en"]) == (
        "open",
        armed["digest"],
        "What is asked next?",
    )
    assert [option["zh"] for option in told["options"]] == ["月亮", "海"]

    await vote(phone, ballot, "q1")
    await vote(phone, ballot, "q2", n=2)
    await vote(await show.portal.phone(), ballot, "q2")
    told = await poll(show)
    assert told is not None and (told["counted"], told["result"]) == (2, None)

    seen = await closed(show, ballot)
    assert (seen["state"], seen["size"], seen["voters"]) == ("certified", 3, 2)
    assert seen["count"] == {
        "counted": {"q1": 0, "q2": 2},
        "flagged": {"q1": 0, "q2": 0},
        "levels": {"0": 2},
        "seats": {},
    }
    told = await poll(show)
    assert told is not None and (told["state"], told["result"]) == ("certified", None)
    assert told["root"] == seen["root"]
    assert (await phone.get_ok(f"/ballots/{ballot}"))["count"] is None

    await show.producer.post_ok(f"/ballots/{ballot}/publish")
    told = await poll(show)
    assert told is not None and told["result"]["counted"] == {"q1": 0, "q2": 2}
    assert (await phone.get_ok(f"/ballots/{ballot}"))["count"] == seen["count"]
    show.version = (await show.stage())["version"]
    await show.start_duel()
    assert await poll(show) is None, "the show has gone on"
    log = [event["type"] for event in (await show.desk())["log"]]
    assert log == [
        "prepare_ballot",
        "arm_ballot",
        "open_ballot",
        "agree_shorten",
        "close_ballot",
        "certify_ballot",
        "publish_ballot",
        "start_duel",
    ]


async def test_no_step_goes_back_or_skips_one(show: Show) -> None:
    ballot = await prepared(show)
    producer = show.producer
    for step in ("open", "close", "publish", "shorten"):
        who = show.portal.operator if step == "shorten" else producer
        status, code = await who.refused("POST", f"/ballots/{ballot}/{step}")
        assert (status, code in ("ballot.wrong_state", "ballot.not_certified")) == (409, True), step
    await producer.post_ok(f"/ballots/{ballot}/arm")
    await producer.post_ok(f"/ballots/{ballot}/open")
    await closed(show, ballot)
    # Pressed again, each finds itself done; none opens it again.
    for step in ("arm", "open", "close"):
        assert (await producer.post_ok(f"/ballots/{ballot}/{step}"))["state"] == "certified"
    await producer.post_ok(f"/ballots/{ballot}/publish")
    assert await producer.refused("POST", f"/ballots/{ballot}/void", {"reason": "too late"}) == (
        409,
        "ballot.wrong_state",
    )


async def test_one_ballot_of_a_kind_is_open_at_a_time(show: Show) -> None:
    await opened(show)
    second = await prepared(show)
    await show.producer.post_ok(f"/ballots/{second}/arm")
    assert await show.producer.refused("POST", f"/ballots/{second}/open") == (409, "ballot.one_open")
    await opened(show, kind="surprise", options=[], threshold=5, window_seconds=10)
    show.version = (await show.stage())["version"]
    body = show.command_body("finish")
    refusal = await show.producer.refused("POST", f"/episodes/{show.episode_id}/commands", body)
    assert refusal == (409, "rundown.vote_open")


@pytest.mark.parametrize(
    "wrong",
    [
        {"options": []},
        {"options": [{"en": "only one"}]},
        {"kind": "surprise", "options": []},
        {"threshold": 3, "window_seconds": 5},
        {"channels": [{"id": "hall"}, {"id": "hall"}]},
    ],
)
async def test_a_ballot_that_cannot_be_put_is_refused(show: Show, wrong: Json) -> None:
    path = f"/episodes/{show.episode_id}/ballots"
    assert await show.producer.refused("POST", path, QUESTION | wrong) == (422, "ballot.invalid")


async def test_who_does_not_run_the_show_moves_nothing(show: Show) -> None:
    ballot = await prepared(show)
    moderator = await show.portal.person("moderator", "Max")
    for step in ("arm", "open", "close", "publish"):
        assert await moderator.refused("POST", f"/ballots/{ballot}/{step}") == (403, "auth.forbidden")
    contestant = show.contestants["Lantern"]
    assert await contestant.refused("POST", f"/ballots/{ballot}/shorten") == (403, "auth.forbidden")


# --- its seconds ----------------------------------------------------------------------------------------------------


async def test_to_close_before_time_takes_a_second_person(show: Show) -> None:
    ballot = await opened(show)
    path = f"/ballots/{ballot}"
    needs = (409, "vote.needs_second_approval")
    assert await show.producer.refused("POST", f"{path}/close") == needs
    await show.producer.post_ok(f"{path}/shorten")
    assert await show.producer.refused("POST", f"{path}/close") == needs, "nobody is his own second"
    moderator = await show.portal.person("moderator", "Max")
    program = f"/live/program:{show.episode_id}"
    (seen,) = (await moderator.get_ok(program))["state"]["ballots"]
    await moderator.post_ok(f"/ballots/{seen['id']}/shorten")
    assert (await show.desk())["ballots"][0]["agreed"] == "Max"
    assert (await show.producer.post_ok(f"{path}/close"))["state"] == "certified"
    assert (await moderator.get_ok(program))["state"]["ballots"] == [], "a split is nothing for a moderator"
    (event,) = [one for one in (await show.desk())["log"] if one["type"] == "close_ballot"]
    assert event["body"]["agreed_by"]


async def test_after_its_time_nobody_else_is_asked(show: Show) -> None:
    ballot = await opened(show, seconds=30)
    await show.time_passes(31)
    assert (await show.producer.post_ok(f"/ballots/{ballot}/close"))["state"] == "certified"
    (event,) = [one for one in (await show.desk())["log"] if one["type"] == "close_ballot"]
    assert "agreed_by" not in event["body"]


async def test_a_channel_that_sees_the_show_later_has_as_many_seconds(show: Show) -> None:
    channels = [{"id": "hall"}, {"id": "stream", "delay_seconds": 20}]
    ballot = await opened(show, seconds=30, channels=channels)
    hall, stream = await show.portal.phone(), show.portal.anybody()
    links = {
        one["channel"]: one["path"]
        for one in await show.producer.get_ok(f"/episodes/{show.episode_id}/channels")
    }
    path, mark = links["stream"].split("?c=")
    assert (path, list(links)) == (links["hall"].split("?")[0], ["hall", "stream"])
    await stream.post_ok(f"/device?channel={mark}")
    tap = {"choice": "q1", "n": 1}
    closed_to = (403, "vote.window_closed")
    assert await stream.refused("POST", f"/ballots/{ballot}/votes", tap) == closed_to, (
        "it has not seen it yet"
    )
    await show.time_passes(32)
    await keep_time(show.portal.site)
    told = await poll(show)
    assert told is not None and told["state"] == "closing"
    assert await hall.refused("POST", f"/ballots/{ballot}/votes", tap) == closed_to
    await vote(stream, ballot, "q1")
    refusal = await show.producer.refused("POST", f"/ballots/{ballot}/close")
    assert refusal == (409, "vote.needs_second_approval")
    await show.time_passes(20)
    await keep_time(show.portal.site)
    told = await poll(show)
    assert told is not None and (told["state"], told["counted"]) == ("certified", 1)


async def test_the_clock_counts_what_somebody_left_closed(show: Show) -> None:
    """Whoever closed it died before the count."""
    ballot = await opened(show)
    await vote(await show.portal.phone(), ballot, "q1")
    async with show.portal.site.sessions() as session, session.begin():
        await service.agree_to_shorten(session, UUID(ballot), await person(show))
        await service.close(session, UUID(ballot), None)
    assert (await show.producer.get_ok(f"/ballots/{ballot}"))["state"] == "closed"
    await keep_time(show.portal.site)
    assert (await show.producer.get_ok(f"/ballots/{ballot}"))["state"] == "certified"


async def person(show: Show) -> UUID:
    async with show.portal.site.sessions() as session:
        found: UUID = (await session.execute(text("select id from persons limit 1"))).scalar_one()
        return found


# --- the second count -----------------------------------------------------------------------------------------------


async def test_the_certificate_says_what_was_counted_and_is_signed(show: Show) -> None:
    ballot = await opened(show)
    for choice in ("q1", "q2", "q2"):
        await vote(await show.portal.phone(), ballot, choice)
    await closed(show, ballot)
    seen = await show.producer.post_ok(f"/ballots/{ballot}/publish")
    seal = seen["seal"]
    key = (await show.portal.anybody().get_ok("/ballots/key"))["key"]
    assert seal["key"] == key
    assert signed_by(key, seal["certificate"], seal["signature"])
    assert not signed_by(key, seal["certificate"] | {"size": 4}, seal["signature"])
    certificate = seal["certificate"]
    assert certificate["count"] == seen["count"]
    assert certificate["config_digest"] == seen["digest"]
    (shard,) = certificate["shards"]
    assert (shard["size"], shard["root"], certificate["root"]) == (3, seen["root"], seen["root"])


EDITS: dict[str, tuple[str, str]] = {
    "another choice": ("update votes set choice = 'q2' where seq = 1", "head"),
    "one vote less": ("delete from votes where seq = 2", "shard"),
    "a gap": ("delete from votes where seq = 1", "sequence"),
    "the writer's tally": ("update ballot_shards set voters = voters + 1", "voters"),
    "an option that is none": ("update votes set choice = 'q9' where seq = 0", "option"),
    "a checkpoint": ("update vote_checkpoints set root = repeat('0', 64)", "checkpoint"),
}


@pytest.mark.parametrize("edit", EDITS)
async def test_counts_that_differ_raise_an_alarm_and_show_nothing(show: Show, edit: str) -> None:
    ballot = await opened(show)
    for _ in range(3):
        await vote(await show.portal.phone(), ballot, "q1")
    change, named = EDITS[edit]
    if named == "checkpoint":
        await checkpointed(show, ballot)
    await tampered(show, change)
    seen = await closed(show, ballot)
    assert (seen["state"], seen["count"], seen["root"]) == ("counting", None, None)
    (desk,) = (await show.desk())["ballots"]
    assert named in [one["what"] for one in desk["alarm"]["differs"]]
    refusal = await show.producer.refused("POST", f"/ballots/{ballot}/publish")
    assert refusal == (409, "ballot.not_certified")
    await keep_time(show.portal.site)
    assert (await show.producer.get_ok(f"/ballots/{ballot}"))["state"] == "counting", "a person has to look"


async def checkpointed(show: Show, ballot: str) -> None:
    """The writer signs one each second; here is one of them."""
    async with show.portal.site.sessions() as session, session.begin():
        await session.execute(
            text(
                "insert into vote_checkpoints (ballot_id, shard, size, root, head, at, signature) "
                "select :ballot, shard, 1, repeat('1', 64), encode(head, 'hex'), clock_timestamp(), '' "
                "from votes where seq = 0 on conflict do nothing"
            ),
            {"ballot": ballot},
        )


async def test_what_was_mended_is_counted_again_when_somebody_asks(show: Show) -> None:
    ballot = await opened(show)
    await vote(await show.portal.phone(), ballot, "q1")
    await tampered(show, "update ballot_shards set voters = 2")
    assert (await closed(show, ballot))["state"] == "counting"
    await tampered(show, "update ballot_shards set voters = 1")
    assert (await show.producer.post_ok(f"/ballots/{ballot}/close"))["state"] == "certified"
    assert (await show.desk())["ballots"][0]["alarm"] is None


async def test_a_duel_whose_counts_differ_is_not_revealed(answered: Show) -> None:
    ballot = await answered.open_vote()
    await vote(await answered.portal.phone(), ballot, "left")
    await tampered(answered, "update votes set choice = 'right'")
    await answered.command("lock_vote")
    stage = await answered.stage()
    assert (stage["phase"], stage["ballot"]["state"], stage["ballot"]["root"]) == ("locked", "counting", None)
    body = answered.command_body("reveal")
    refusal = await answered.producer.refused("POST", f"/episodes/{answered.episode_id}/commands", body)
    assert refusal == (409, "ballot.not_certified")
    assert (await answered.stage())["result"] is None


async def test_the_show_goes_on_while_votes_are_counted(show: Show, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the show nor the ballot is held meanwhile. A vote that is flagged just then is not lost: the clock counts
    again."""
    ballot = await opened(show)
    await vote(await show.portal.phone(), ballot, "q1")
    real = certifying.recount
    seen: list[certifying.Recount] = []

    async def counted(session: AsyncSession, row: Ballot) -> certifying.Recount:
        found = await real(session, row)
        async with show.portal.site.sessions() as other, other.begin():
            for table in ("episodes", "ballots"):
                await other.execute(text(f"select 1 from {table} for update nowait"))
            if not seen:
                voter = (await other.execute(text("select voter from votes"))).scalar_one()
                await service.correct(other, UUID(ballot), voter, "flag", "cohort", "the same second")
        seen.append(found)
        return found

    monkeypatch.setattr(certifying, "recount", counted)
    assert (await closed(show, ballot))["state"] == "counting"
    await keep_time(show.portal.site)
    told = await show.producer.get_ok(f"/ballots/{ballot}")
    assert (told["state"], told["count"]["flagged"]) == ("certified", {"q1": 1, "q2": 0})
    assert len(seen) == 2


async def test_flagged_votes_stand_beside_and_decide_nothing(show: Show) -> None:
    ballot = await opened(show)
    for choice in ("q1", "q2", "q2"):
        await vote(await show.portal.phone(), ballot, choice)
    async with show.portal.site.sessions() as session, session.begin():
        rows = await session.execute(text("select voter from votes where choice = 'q2' order by seq"))
        first, second = rows.scalars().all()
        for voter, kind in ((first, "flag"), (second, "flag"), (first, "clear")):
            await service.correct(
                session, UUID(ballot), voter, kind, "cohort", "the same second, the same choice"
            )
    seen = await closed(show, ballot)
    assert seen["count"] == {
        "counted": {"q1": 1, "q2": 1},
        "flagged": {"q1": 0, "q2": 1},
        "levels": {"0": 2},
        "seats": {},
    }
    assert seen["seal"]["certificate"]["corrections"] == 3


# --- void -----------------------------------------------------------------------------------------------------------


async def test_a_void_vote_counts_for_nothing_and_says_why(show: Show) -> None:
    ballot = await opened(show)
    phone = await show.portal.phone()
    await vote(phone, ballot, "q1")
    path = f"/ballots/{ballot}"
    assert await show.producer.refused("POST", f"{path}/void", {"reason": ""}) == (422, "request.invalid")
    await show.producer.post_ok(f"{path}/void", {"reason": "The question was read out wrongly."})
    seen = await phone.get_ok(path)
    assert (seen["state"], seen["reason"]) == ("void", "The question was read out wrongly.")
    refusal = await phone.refused("POST", f"{path}/votes", {"choice": "q2", "n": 2})
    assert refusal == (403, "vote.window_closed")
    assert await poll(show) is None
    (event,) = [one for one in (await show.desk())["log"] if one["type"] == "void_ballot"]
    assert event["body"]["reason"] == "The question was read out wrongly."
    await opened(show)


async def test_a_known_result_is_not_made_void_and_asked_again(show: Show) -> None:
    ballot = await opened(show)
    await vote(await show.portal.phone(), ballot, "q1")
    assert (await closed(show, ballot))["count"]["counted"] == {"q1": 1, "q2": 0}
    refusal = await show.producer.refused("POST", f"/ballots/{ballot}/void", {"reason": "Not that one."})
    assert refusal == (409, "ballot.result_known")
    assert (await show.producer.post_ok(f"/ballots/{ballot}/publish"))["state"] == "published"


async def test_a_show_that_is_over_stays_over(answered: Show) -> None:
    """Between lock and reveal a vote may be made void; the answers are recorded and stay as they are."""
    first = await answered.open_vote()
    await answered.command("lock_vote")
    await answered.producer.post_ok(f"/ballots/{first}/void", {"reason": "The stream was down."})
    stage = await answered.stage()
    assert stage["phase"] == "duel"
    dump = await answered.producer.refused(
        "POST", f"/duels/{stage['duel']['id']}/program", {"action": "dump"}
    )
    assert dump == (409, "program.too_late")
    answered.version = stage["version"]
    second = await answered.open_vote()
    await answered.command("lock_vote")
    await answered.command("finish")
    refusal = await answered.producer.refused("POST", f"/ballots/{second}/void", {"reason": "Too late."})
    assert refusal == (409, "rundown.not_now")
    assert (await answered.stage())["phase"] == "finished"


async def test_a_vote_that_a_newer_release_made_void_moves_the_show_on(answered: Show) -> None:
    ballot = await answered.open_vote()
    await tampered(answered, "update ballots set state = 'void', reason = 'a newer release came'")
    assert (await answered.stage())["phase"] == "vote"
    for _ in range(2):
        await answered.producer.post_ok(f"/ballots/{ballot}/void", {"reason": "Once more."})
    stage = await answered.stage()
    (event,) = [one for one in (await answered.desk())["log"] if one["type"] == "void_ballot"]
    assert (stage["phase"], event["body"]["reason"]) == ("duel", "a newer release came")
    answered.version = stage["version"]
    assert await answered.open_vote() != ballot


async def test_a_duel_whose_vote_is_void_is_voted_on_again(answered: Show) -> None:
    first = await answered.open_vote()
    await vote(await answered.portal.phone(), first, "left")
    await answered.producer.post_ok(f"/ballots/{first}/void", {"reason": "The stream was down."})
    stage = await answered.stage()
    assert (stage["phase"], stage["ballot"]) == ("duel", None)
    answered.version = stage["version"]
    second = await answered.open_vote()
    assert second != first
    await vote(await answered.portal.phone(), second, "right")
    await answered.command("lock_vote")
    await answered.command("reveal")
    assert (await answered.stage())["result"]["crowd"]["left"] == 0
    assert (await answered.producer.get_ok(f"/ballots/{second}"))["state"] == "published"


# --- surprises and prizes -------------------------------------------------------------------------------------------


async def test_a_surprise_is_set_off_once_by_different_voters(show: Show) -> None:
    ballot = await opened(show, kind="surprise", options=[], threshold=2, window_seconds=600)
    first = await show.portal.phone()
    await vote(first, ballot, "now")
    await vote(first, ballot, "now", n=2)
    await keep_time(show.portal.site)
    told = await poll(show)
    assert told is not None and (told["triggered"], told["threshold"]) == (False, 2), "one thumb, twice"
    await vote(await show.portal.phone(), ballot, "now")
    for _ in range(2):
        await keep_time(show.portal.site)
    told = await poll(show)
    assert told is not None and told["triggered"]
    desk = await show.desk()
    assert [event["type"] for event in desk["log"]].count("surprise") == 1
    assert desk["ballots"][0]["triggered_at"]


async def test_the_clock_takes_the_show_before_a_ballot(show: Show) -> None:
    """While a producer has the show, the clock that has found a surprise wanted and a vote over waits without a ballot
    in hand: the other way round each waits for the other."""
    surprise = await opened(show, kind="surprise", options=[], threshold=1, window_seconds=600)
    await vote(await show.portal.phone(), surprise, "now")
    question = await opened(show, seconds=10)
    await moved(show, question, 20)
    sessions = show.portal.site.sessions
    async with sessions() as producer, producer.begin():
        await hold(producer, UUID(show.episode_id))
        for step in (close_overdue, watch_surprises):
            clock = asyncio.create_task(step(show.portal.site))
            while not await waiting_for_locks(sessions):
                assert not clock.done(), step.__name__
                await asyncio.sleep(0.01)
            await producer.execute(text("select 1 from ballots for update nowait"))
            clock.cancel()
            await asyncio.gather(clock, return_exceptions=True)
    await keep_time(show.portal.site)
    seen = {one["kind"]: one for one in (await show.desk())["ballots"]}
    assert (seen["question"]["state"], bool(seen["surprise"]["triggered_at"])) == ("certified", True)


async def test_a_surprise_that_the_closing_sets_off_is_in_the_log(show: Show) -> None:
    ballot = await opened(show, kind="surprise", options=[], threshold=1, window_seconds=600)
    await vote(await show.portal.phone(), ballot, "now")
    assert (await closed(show, ballot))["state"] == "certified"
    desk = await show.desk()
    log = [event["type"] for event in desk["log"]]
    assert (log.count("surprise"), log.index("surprise") < log.index("close_ballot")) == (1, True)
    assert desk["ballots"][0]["triggered_at"]


async def moved(show: Show, ballot: str, seconds: int) -> None:
    """As if one ballot had been opened so long ago, and no other."""
    columns = ("opens_at", "closes_at", "locks_at")
    earlier = ", ".join(f"{one} = {one} - make_interval(secs => :by)" for one in columns)
    async with show.portal.site.sessions() as session, session.begin():
        said = {"by": seconds, "id": UUID(ballot)}
        await session.execute(text(f"update ballots set {earlier} where id = :id"), said)


async def test_a_ballot_that_cannot_be_closed_stops_no_other(show: Show) -> None:
    damaged = await opened(show, seconds=10)
    await tampered(show, "update ballots set config = '{}'")
    sound = await opened(show, kind="surprise", options=[], threshold=5, window_seconds=5, seconds=10)
    assert damaged < sound, "it comes first"
    await moved(show, damaged, 20)
    await moved(show, sound, 20)
    await keep_time(show.portal.site)
    assert (await show.producer.get_ok(f"/ballots/{sound}"))["state"] == "certified"


def test_a_surprise_takes_enough_voters_within_its_window() -> None:
    start = datetime(2026, 11, 22, 20, tzinfo=UTC)

    def taps(*said: tuple[float, str]) -> list[tuple[datetime, str]]:
        return [(start + timedelta(seconds=at), who) for at, who in said]

    assert set_off([], 1, 5) is None
    assert set_off(taps((0, "a"), (1, "a"), (2, "a")), 2, 5) is None
    assert set_off(taps((0, "a"), (4.9, "b")), 2, 5) == start + timedelta(seconds=4.9)
    assert set_off(taps((0, "a"), (5, "b")), 2, 5) is None
    assert set_off(taps((0, "a"), (3, "a"), (7, "b")), 2, 5) == start + timedelta(seconds=7)


async def test_the_prize_is_among_the_season_s_entries_and_none_decides_his_own(show: Show) -> None:
    await show.enter("Northstar")
    ballot = await opened(show, kind="prize", options=[])
    told = await poll(show)
    assert told is not None
    assert [option["en"] for option in told["options"]] == ["Lantern", "Northstar"], (
        "the house wins no prizes"
    )
    path = f"/ballots/{ballot}/votes"
    lantern = show.contestants["Lantern"]
    assert await lantern.refused("POST", path, {"choice": "e1", "n": 1}) == (403, "vote.own_entry")
    phone = await show.portal.phone()
    assert await phone.refused("POST", path, {"choice": "e3", "n": 1}) == (422, "vote.no_such_option")
    await vote(phone, ballot, "e2")
    judge = await show.portal.person("judge")
    refusal = await judge.refused("POST", f"/ballots/{ballot}/verdicts", {"choice": "left"})
    assert refusal == (403, "verdict.not_asked")
    assert (await closed(show, ballot))["count"]["counted"] == {"e1": 0, "e2": 1}


async def test_nobody_is_granted_to_change_the_ledger(show: Show) -> None:
    """Who sets rights aside, as a superuser does, meets the triggers, and whoever recounts."""
    rights = text(
        "select distinct privilege_type from pg_class, aclexplode(relacl) "
        "where relname in ('votes', 'vote_checkpoints', 'vote_corrections')"
    )
    async with show.portal.site.sessions() as session:
        granted = set((await session.scalars(rights)).all())
    assert {"INSERT", "SELECT"} <= granted
    assert granted.isdisjoint({"UPDATE", "DELETE", "TRUNCATE"})
