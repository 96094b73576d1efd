"""What becomes of one vote, over HTTP and over the socket alike; of many at once; and when things break."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from psycopg import OperationalError
from sqlalchemy import select, text
from websockets.exceptions import ConnectionClosed

from arena.kit.bus import LIVE
from arena.kit.errors import GavelError
from arena.kit.pace import Paces
from arena.votes.book import Book
from arena.votes.box import BallotBox
from arena.votes.contracts import Channel
from arena.votes.evidence import CheckpointLine
from arena.votes.models import Ballot, Shard
from arena.votes.shard import Shard as Writer
from arena.votes.signing import ballot_key, join_mark, signed_by
from tests.support.ballots import OPTIONS, assert_whole, newest, open_ballot, rows_of
from tests.support.clock import time_passes
from tests.support.engine import free_port
from tests.support.live import page
from tests.support.locks import waiting_for_locks
from tests.support.portal import Caller, Portal, running_portal, settings
from tests.support.services import Services

Json = dict[str, Any]
Voting = Callable[[object, str, int], Awaitable[Json | str]]
"""Ballot, choice and n; what came back, or the code of the refusal."""


@asynccontextmanager
async def over_http(portal: Portal, phone: Caller) -> AsyncIterator[Voting]:
    async def cast(ballot: object, choice: str, n: int) -> Json | str:
        answer = await phone.post(f"/api/ballots/{ballot}/votes", json={"choice": choice, "n": n})
        said: Json = answer.json()
        return said if answer.status_code == 201 else str(said["error"]["code"])

    yield cast


@asynccontextmanager
async def over_the_socket(portal: Portal, phone: Caller) -> AsyncIterator[Voting]:
    async with page(portal, phone) as opened:

        async def cast(ballot: object, choice: str, n: int) -> Json | str:
            said = await opened.vote(ballot, choice, n)
            d: Json | str = said["d"] if said["t"] == "ok" else said["code"]
            return d

        yield cast


DOORS = pytest.mark.parametrize("door", [over_http, over_the_socket])


async def counted(portal: Portal, ballot: UUID) -> Counter[str]:
    return await newest(portal.site.sessions, ballot)


# --- one voter ------------------------------------------------------------------------------------------------------


@DOORS
async def test_what_a_phone_may_say_and_what_it_hears(portal: Portal, door: Any) -> None:
    sessions = portal.site.sessions
    ballot, other = await open_ballot(sessions), await open_ballot(sessions, max_changes=1)
    slow, sure = await open_ballot(sessions, change_seconds=60), await open_ballot(sessions, level=2)
    phone = await portal.phone()
    async with door(portal, phone) as cast:
        first = await cast(ballot, "one", 1)
        assert (first["ballot_id"], first["choice"], first["n"]) == (str(ballot), "one", 1)
        assert await cast(ballot, "one", 1) == first, "a retry gets the same receipt"
        assert await cast(ballot, "two", 1) == "vote.key_reuse"
        assert (await cast(ballot, "two", 3))["receipt"]["seq"] == 1
        assert await cast(ballot, "one", 2) == "vote.superseded", "a late retry does not overwrite"
        assert await cast(ballot, "four", 4) == "vote.no_such_option"
        assert await cast(uuid4(), "one", 1) == "ballot.not_found"
    # Another one: nobody may say more than ten things at once.
    async with door(portal, await portal.phone()) as cast:
        assert isinstance(await cast(slow, "one", 1), dict)
        assert await cast(slow, "two", 2) == "vote.too_fast"
        assert await cast(sure, "one", 1) == "vote.level"
        assert isinstance(await cast(other, "one", 1), dict)
        assert isinstance(await cast(other, "two", 2), dict)
        assert await cast(other, "one", 3) == "vote.no_more_changes"
    assert await phone.get_ok(f"/ballots/{ballot}/my-vote") == await _receipt(portal, ballot, 1)
    assert [await counted(portal, one) for one in (ballot, slow, sure, other)] == [
        {"two": 1},
        {"one": 1},
        {},
        {"two": 1},
    ]


async def _receipt(portal: Portal, ballot: UUID, seq: int) -> Json:
    from arena.votes.certifying import line_of
    from arena.votes.schemas import VoteOut

    rows = await rows_of(portal.site.sessions, ballot)
    return VoteOut.of(line_of(rows[seq])).model_dump(mode="json")


async def test_nobody_votes_under_another_one_s_name(portal: Portal) -> None:
    """Without a token, with one that somebody made up, and with a word about the time: the server's stamp decides."""
    ballot = await open_ballot(portal.site.sessions)
    path = f"/ballots/{ballot}/votes"
    body = {"choice": "one", "n": 1}
    assert await portal.anybody().refused("POST", path, body) == (401, "vote.no_device")
    phone, thief = await portal.phone(), portal.anybody()
    (cookie,) = phone.cookies.jar
    head, _, signature = str(cookie.value).rpartition(".")
    thief.cookies.set(cookie.name, f"{head}.{'A' * len(signature)}", domain=cookie.domain)
    assert await thief.refused("POST", path, body) == (401, "vote.no_device")
    for wrong in (
        {"at": "2026-01-01T00:00:00Z"},
        {"voter": "d-1"},
        {"n": 0},
        {"n": 2**31},
        {"choice": "a\tb"},
    ):
        assert await phone.refused("POST", path, {**body, **wrong}) == (422, "request.invalid")
    assert await counted(portal, ballot) == {}


async def test_an_impatient_thumb_is_told_to_wait_over_http_too(portal: Portal) -> None:
    ballot, phone = await open_ballot(portal.site.sessions), await portal.phone()
    portal.box.paces = Paces(per_second=0.001, burst=2)
    taps = (phone.post(f"/api/ballots/{ballot}/votes", json={"choice": "one", "n": 1}) for _ in range(5))
    answers = await asyncio.gather(*taps)
    told = [answer.json()["error"] for answer in answers if answer.status_code == 429]
    assert len(told) == 3
    assert all(one["code"] == "vote.too_fast" and one["detail"]["retry_ms"] > 0 for one in told)
    assert await counted(portal, ballot) == {"one": 1}


async def test_judges_and_staff_do_not_vote_on_the_socket_either(portal: Portal) -> None:
    ballot = await open_ballot(portal.site.sessions)
    said = []
    for role in ("judge", "producer", "contestant"):
        person = await portal.person(role)
        async with over_the_socket(portal, person) as cast:
            said.append(await cast(ballot, "one", 1))
    assert said[:2] == ["vote.judges_judge", "vote.not_for_staff"]
    assert isinstance(said[2], dict)
    assert [row.level for row in await rows_of(portal.site.sessions, ballot)] == [0], (
        "anybody makes an account"
    )


async def test_a_connection_that_floods_is_closed(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arena.votes.box.PER_SECOND", 0.001)
    ballot = await open_ballot(portal.site.sessions)
    phone = await portal.phone()
    async with page(portal, phone) as opened:
        for number in range(20):
            await opened.send({"t": "vote", "id": number, "b": str(ballot), "c": "one", "n": 1})
        with pytest.raises(ConnectionClosed) as closed:
            await opened.until(lambda: False)
    assert closed.value.rcvd is not None and closed.value.rcvd.code == 4029
    await phone.post_ok(f"/ballots/{ballot}/votes", {"choice": "one", "n": 1})
    assert await counted(portal, ballot) == {"one": 1}


async def test_a_message_of_ten_megabytes_ends_the_connection_and_nothing_else(portal: Portal) -> None:
    phone = await portal.phone()
    ballot = await open_ballot(portal.site.sessions)
    async with page(portal, phone) as opened:
        with pytest.raises(ConnectionClosed) as closed:
            await opened.send({"t": "vote", "id": 1, "b": str(ballot), "c": "x" * 10_000_000, "n": 1})
            await opened.until(lambda: False)
    assert closed.value.rcvd is not None and closed.value.rcvd.code == 1009
    answer = await phone.post(f"/api/ballots/{ballot}/votes", content=b"x" * 10_000_000)
    assert answer.status_code == 413
    async with over_the_socket(portal, phone) as cast:
        assert isinstance(await cast(ballot, "one", 1), dict)


# --- the window -----------------------------------------------------------------------------------------------------


@DOORS
async def test_the_server_s_stamp_opens_and_closes_the_window(portal: Portal, door: Any) -> None:
    sessions = portal.site.sessions
    ballot = await open_ballot(sessions, seconds=30)
    await time_passes(sessions, -3600)  # as if it opened in an hour
    async with door(portal, await portal.phone()) as early, door(portal, await portal.phone()) as late:
        assert await early(ballot, "one", 1) == "vote.window_closed"
        await time_passes(sessions, 3601)
        receipt = await early(ballot, "one", 1)
        assert isinstance(receipt, dict)
        await time_passes(sessions, 31)
        assert await late(ballot, "one", 1) == "vote.window_closed"
        assert await early(ballot, "two", 2) == "vote.window_closed"
        assert await early(ballot, "one", 1) == receipt, "a retry still finds its receipt"
    assert await counted(portal, ballot) == {"one": 1}


async def test_who_sees_the_show_later_votes_later(portal: Portal) -> None:
    sessions = portal.site.sessions
    channels = (Channel(id="stream", delay_seconds=8), Channel(id="hall"))
    ballot = await open_ballot(sessions, seconds=30, channels=channels)
    another = await open_ballot(sessions, seconds=30, channels=channels)
    hall, stream, elsewhere = await portal.phone(), portal.anybody(), portal.anybody()
    mark = await mark_of(portal, ballot, "stream")
    await stream.post_ok(f"/device?channel={mark}")
    await elsewhere.post_ok(f"/device?channel={await mark_of(portal, ballot, 'radio')}")
    liars = [portal.anybody() for _ in range(3)]
    for liar, said in zip(
        liars,
        ("stream." + 16 * "0", await mark_of(portal, another, "stream"), mark.replace("stream", "hall")),
        strict=True,
    ):
        await liar.post_ok(f"/device?channel={said}")
    assert await portal.anybody().refused("POST", "/device?channel=stream") == (422, "request.invalid")
    path, body = f"/ballots/{ballot}/votes", {"choice": "one", "n": 1}
    closed = (403, "vote.window_closed")
    assert await stream.refused("POST", path, body) == closed, "there it has not been asked yet"
    await time_passes(sessions, 31)
    assert await hall.refused("POST", path, body) == closed
    for phone in (elsewhere, *liars):
        assert await phone.refused("POST", path, body) == closed, "it may not say when it sees the show"
    await stream.post_ok(path, body)
    await time_passes(sessions, 8)
    assert await stream.refused("POST", path, {"choice": "two", "n": 2}) == closed
    assert [row.channel for row in await rows_of(sessions, ballot)] == ["stream"]


async def mark_of(portal: Portal, ballot: UUID, channel: str) -> str:
    async with portal.site.sessions() as session:
        return join_mark(portal.site, (await session.get_one(Ballot, ballot)).episode_id, channel)


async def test_nothing_is_counted_after_the_close_and_no_other_ballot_waits_for_it(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("arena.votes.shard.BATCH", 1)  # so that what waits for the close fills one
    sessions = portal.site.sessions
    closing, other = await open_ballot(sessions), await open_ballot(sessions)
    phone = await portal.phone()
    body = {"choice": "one", "n": 1}
    await phone.post_ok(f"/ballots/{closing}/votes", body)
    late = await portal.phone()
    async with sessions() as session, session.begin():
        row = await session.get_one(Ballot, closing, with_for_update=True)
        tap = asyncio.create_task(late.post(f"/api/ballots/{closing}/votes", json=body))
        await phone.post_ok(f"/ballots/{other}/votes", body)
        assert not tap.done()
        row.state = "closed"
    assert (await tap).json()["error"]["code"] == "vote.window_closed"
    assert await counted(portal, closing) == {"one": 1}
    assert await waiting_for_locks(sessions) == 0


# --- many -----------------------------------------------------------------------------------------------------------


async def test_any_order_of_votes_changes_and_retries_ends_as_the_highest_n(portal: Portal) -> None:
    """Against a model of one line: a voter's accepted vote with the highest n counts."""
    ballot = await open_ballot(portal.site.sessions, max_changes=100)
    box, clock = portal.box, portal.clock
    draw = random.Random(7)
    wanted = {f"d-{voter}": [draw.choice(OPTIONS) for _ in range(draw.randint(1, 5))] for voter in range(60)}
    said: dict[tuple[str, int], Any] = {}

    async def deliver(voter: str, n: int) -> None:
        try:
            line = await box.cast(ballot, voter, wanted[voter][n - 1], n, 0, "hall", clock.now())
        except GavelError as refused:
            assert refused.code == "vote.superseded"
        else:
            assert said.setdefault((voter, n), line) == line

    sent = [(voter, n + 1) for voter, choices in wanted.items() for n in range(len(choices))] * 3
    draw.shuffle(sent)
    await asyncio.gather(*(deliver(*one) for one in sent))
    highest = {voter: max(n for who, n in said if who == voter) for voter in wanted}
    model = Counter(wanted[voter][n - 1] for voter, n in highest.items())
    assert await counted(portal, ballot) == model
    assert len(await rows_of(portal.site.sessions, ballot)) == len(said)
    await assert_whole(portal.site.sessions, ballot)


async def test_pages_are_told_a_few_times_and_no_fact_is_kept_for_a_vote(portal: Portal) -> None:
    sessions = portal.site.sessions
    ballot = await open_ballot(sessions)
    async with sessions() as session:
        episode = (await session.get_one(Ballot, ballot)).episode_id
        facts = (await session.execute(text("select count(*) from outbox"))).scalar_one()
    heard = portal.site.bus.listen(LIVE)
    listening = asyncio.ensure_future(anext(heard))
    # The portal itself listens, too.
    while (await portal.site.bus.redis.pubsub_numsub(LIVE))[0][1] < 2:  # noqa: ASYNC110  nothing tells of it
        await asyncio.sleep(0.01)
    for number in range(30):
        await portal.box.cast(ballot, f"d-{number}", "one", 1, 0, "hall", portal.clock.now())
    assert f"stage:{episode}" in orjson.loads(await asyncio.wait_for(listening, 10))
    await heard.aclose()  # type: ignore[attr-defined]
    async with sessions() as session:
        assert (await session.execute(text("select count(*) from outbox"))).scalar_one() == facts


async def test_votes_go_on_while_valkey_is_away(
    services: Services, database_url: str, tmp_path: Path
) -> None:
    async with running_portal(settings(database_url, f"unix://{tmp_path}/nothing.sock", tmp_path)) as portal:
        ballot = await open_ballot(portal.site.sessions)
        phone = await portal.phone()
        await phone.post_ok(f"/ballots/{ballot}/votes", {"choice": "one", "n": 1})
        assert await counted(portal, ballot) == {"one": 1}


async def test_the_writer_forgets_a_ballot_that_is_over(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("arena.votes.shard.TIDY_SECONDS", 0.05)
    sessions = portal.site.sessions
    over, other = await open_ballot(sessions), await open_ballot(sessions)
    for ballot in (over, other):
        await portal.box.cast(ballot, "d-1", "one", 1, 0, "hall", portal.clock.now())

    async def remembered(*ballots: UUID) -> None:
        async with asyncio.timeout(20):
            while {one for shard in portal.box._shards.values() for one in shard._books} != set(ballots):  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    await remembered(over, other)
    async with sessions() as session, session.begin():
        (await session.get_one(Ballot, over)).state = "closed"
    await remembered(other)


# --- checkpoints ----------------------------------------------------------------------------------------------------


async def test_checkpoints_are_signed_while_votes_come(portal: Portal) -> None:
    sessions = portal.site.sessions
    ballot = await open_ballot(sessions)
    anybody = portal.anybody()

    async def signed(size: int) -> list[Json]:
        async with asyncio.timeout(20):
            while True:
                found: list[Json] = await anybody.get_ok(f"/ballots/{ballot}/checkpoints")
                if found and found[-1]["size"] == size:
                    return found
                await asyncio.sleep(0.1)

    for votes in (1, 2):
        await portal.box.cast(ballot, f"d-{votes}", "one", 1, 0, "hall", portal.clock.now())
        found = await signed(votes)
    assert [one["size"] for one in found] == [1, 2]
    key = ballot_key(portal.site).public_key()
    for one in found:
        line = CheckpointLine(ballot=str(ballot), **one).model_dump()
        signature = line.pop("signature")
        assert signed_by(key, line, signature)
        assert not signed_by(key, {**line, "size": 7}, signature)
    await assert_whole(sessions, ballot)


# --- when things break ----------------------------------------------------------------------------------------------


async def test_a_batch_whose_end_nobody_knows_is_read_again(portal: Portal) -> None:
    """The writer's connection is cut again and again while votes come, each told three times: each is counted once."""
    sessions = portal.site.sessions
    ballot = await open_ballot(sessions)
    cut = text(
        "select count(pg_terminate_backend(pid)) from pg_locks where locktype = 'advisory' and database = "
        "(select oid from pg_database where datname = current_database())"
    )

    async def tap(voter: int) -> Any:
        while True:
            try:
                at, choice = portal.clock.now(), OPTIONS[voter % 3]
                thrice = (portal.box.cast(ballot, f"d-{voter}", choice, 1, 0, "hall", at) for _ in range(3))
                first, *again = await asyncio.gather(*thrice)
            except GavelError as refused:
                assert refused.code == "vote.try_again"
                await asyncio.sleep(0.05)
            else:
                assert again == [first, first]
                return first

    cuts = 0
    lines = []
    for part in range(4):
        taps = [asyncio.create_task(tap(voter)) for voter in range(part * 150, (part + 1) * 150)]
        await taps[part]
        async with sessions() as session, session.begin():
            cuts += (await session.execute(cut)).scalar_one()
        lines += await asyncio.gather(*taps)
    assert cuts > 0
    assert {(row.seq, row.voter) for row in await rows_of(sessions, ballot)} == {
        (line.seq, line.voter) for line in lines
    }
    assert await counted(portal, ballot) == {"one": 200, "two": 200, "three": 200}
    await assert_whole(sessions, ballot)


async def test_nobody_waits_for_a_database_that_says_nothing(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("arena.votes.box.PATIENCE", 0.2)
    sessions = portal.site.sessions
    ballot = await open_ballot(sessions)
    async with asyncio.timeout(20):
        async with sessions() as session, session.begin():
            await session.execute(text("lock table ballots in access exclusive mode"))
            said = await asyncio.gather(*(outcome(portal, ballot, voter, "one", 1) for voter in range(30)))
            assert set(said) == {"vote.try_again"}
    monkeypatch.undo()
    await portal.box.cast(ballot, "d-1", "one", 1, 0, "hall", portal.clock.now())
    assert await counted(portal, ballot) == {"one": 1}


async def test_a_ledger_that_somebody_has_damaged_stops_no_other(portal: Portal) -> None:
    """A line taken out of the middle, before another writer begins: its count is held back, everything goes on."""
    sessions = portal.site.sessions
    damaged, other = await open_ballot(sessions), await open_ballot(sessions)
    for voter in range(3):
        await outcome(portal, damaged, voter, "one", 1)
    async with sessions() as session, session.begin():
        middle = (await rows_of(sessions, damaged))[1]
        gone = {"ballot": damaged, "shard": middle.shard, "seq": middle.seq}
        await session.execute(text("set local session_replication_role = replica"))
        await session.execute(
            text("delete from votes where ballot_id = :ballot and shard = :shard and seq = :seq"), gone
        )
        (await session.get_one(Shard, middle.shard)).fence += 1
    said = await asyncio.gather(*(outcome(portal, ballot, 9, "one", 1) for ballot in (damaged, other)))
    assert [line.ballot for line in said] == [str(damaged), str(other)]
    assert [row.seq for row in await rows_of(sessions, damaged)] == [0, 2, 3]
    await assert_whole(sessions, other)


async def test_a_portal_ends_although_a_statement_breaks_off_in_other_words(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = asyncio.Event()

    async def broken_off(*_: object) -> None:
        asked.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise OperationalError("the pipeline was aborted") from None

    monkeypatch.setattr(Writer, "_write", broken_off)
    box = BallotBox(portal.site, portal.app.state.clock, lambda _: [])
    await portal.app.state.ballot_box.stop()
    await box.start()
    await asyncio.wait_for(asked.wait(), 20)
    await asyncio.wait_for(box.stop(), 20)


@pytest.mark.parametrize("table", ["votes", "vote_checkpoints"])
async def test_what_the_database_refuses_of_one_ballot_costs_no_other_its_votes(
    portal: Portal, monkeypatch: pytest.MonkeyPatch, table: str
) -> None:
    monkeypatch.setattr("arena.votes.shard.LINGER", 0.2)  # so that all of them are one batch
    no_rest(monkeypatch)
    sessions = portal.site.sessions
    refused, others = await open_ballot(sessions), [await open_ballot(sessions) for _ in range(2)]
    async with sessions() as session:
        fence = (await session.get_one(Shard, 0)).fence
    await on_insert(portal, table, refused, "raise exception 'no'")
    for n in (1, 2):
        said = await asyncio.gather(
            *(
                outcome(portal, ballot, voter, "one", n)
                for voter in range(3)
                for ballot in (others[0], refused, others[1])
            )
        )
        assert [one if isinstance(one, str) else one.n for one in said] == 3 * [n, "vote.try_again", n]
    async with sessions() as session, session.begin():
        await session.execute(text(f"drop trigger told on {table}"))
        assert (await session.get_one(Shard, 0)).fence == fence, "its writer has kept the shard"
    assert (await outcome(portal, refused, 1, "two", 1)).seq == 0
    for ballot in (refused, *others):
        await assert_whole(sessions, ballot)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[UUID]:
    """Whose ledgers have been read, while what is asked at once becomes one batch."""
    read: list[UUID] = []
    reads = Book.read

    async def noted(connection: Any, ballot: UUID, shard: int) -> Book:
        read.append(ballot)
        return await reads(connection, ballot, shard)

    monkeypatch.setattr(Book, "read", noted)
    monkeypatch.setattr("arena.votes.shard.LINGER", 0.2)
    return read


async def on_each(portal: Portal, voter: int, *ballots: UUID) -> list[Any]:
    return await asyncio.gather(*(outcome(portal, ballot, voter, "one", 1) for ballot in ballots))


async def test_nobody_reads_a_ledger_again_and_again_whose_lines_are_refused(
    portal: Portal, monkeypatch: pytest.MonkeyPatch, read: list[UUID]
) -> None:
    monkeypatch.setattr("arena.votes.shard.REST_SECONDS", 3600)
    ballots = [await open_ballot(portal.site.sessions) for _ in range(2)]
    await on_insert(portal, "votes", ballots[0], "raise exception 'no'")
    assert (await on_each(portal, 1, *ballots))[0] == "vote.try_again"
    read.clear()
    for voter in (2, 3):
        refused, line = await on_each(portal, voter, *ballots)
        assert (refused, line.seq) == ("vote.try_again", voter - 1)
    assert read == []


async def test_a_receipt_does_not_put_a_refused_ballot_back_among_the_others(
    portal: Portal, monkeypatch: pytest.MonkeyPatch, read: list[UUID]
) -> None:
    no_rest(monkeypatch)
    ballots = [await open_ballot(portal.site.sessions) for _ in range(2)]
    receipts = await on_each(portal, 1, *ballots)
    await on_insert(portal, "votes", ballots[0], "raise exception 'no'")
    assert (await on_each(portal, 2, *ballots))[0] == "vote.try_again"
    read.clear()
    assert await on_each(portal, 1, *ballots) == receipts
    refused, line = await on_each(portal, 3, *ballots)
    assert (refused, line.seq) == ("vote.try_again", 2)
    assert ballots[1] not in read


async def test_a_connection_that_writes_nothing_any_more_is_given_up(portal: Portal) -> None:
    """What it refuses is no ballot's fault, and another connection writes it."""
    sessions = portal.site.sessions
    ballot, other = await open_ballot(sessions), await open_ballot(sessions)
    read_only = "perform set_config('default_transaction_read_only', 'on', false)"
    await on_insert(portal, "votes", ballot, read_only)
    await portal.box.cast(ballot, "d-1", "one", 1, 0, "hall", portal.clock.now())
    async with sessions() as session, session.begin():
        await session.execute(text("drop trigger told on votes"))
    said = await asyncio.gather(*(outcome(portal, one, 2, "one", 1) for one in (ballot, other)))
    assert [one if isinstance(one, str) else one.seq for one in said] == [1, 0]


def no_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is refused is tried again with the next vote."""
    monkeypatch.setattr("arena.votes.shard.REST_SECONDS", 0)
    monkeypatch.setattr("arena.votes.shard.REST_SHARE", float("inf"))


async def on_insert(portal: Portal, table: str, ballot: UUID, then: str) -> None:
    """A trigger on the rows of this ballot."""
    async with portal.site.sessions() as session, session.begin():
        for statement in (
            f"create function told() returns trigger language plpgsql as $$ begin {then}; return new; end $$",
            f"create trigger told before insert on {table} for each row "
            f"when (new.ballot_id = '{ballot}') execute function told()",
        ):
            await session.execute(text(statement))


async def test_a_writer_whose_fence_has_moved_on_writes_nothing_more(portal: Portal) -> None:
    sessions = portal.site.sessions
    ballot = await open_ballot(sessions)
    await portal.box.cast(ballot, "d-1", "one", 1, 0, "hall", portal.clock.now())
    async with sessions() as session, session.begin():
        row = await session.get_one(Shard, 0)
        row.fence += 1
        before = row.fence
    await portal.box.cast(ballot, "d-2", "one", 1, 0, "hall", portal.clock.now())
    async with sessions() as session:
        assert (await session.get_one(Shard, 0)).fence == before + 1, "it took the shard anew"
        fences = (await session.execute(text("select fence from ballot_shards"))).scalars().all()
    assert fences == [before + 1]
    await assert_whole(sessions, ballot)


async def test_whoever_takes_over_knows_what_was_said(
    services: Services, database_url: str, tmp_path: Path
) -> None:
    """After a restart, also with another number of shards: the last choice, the count of changes, and the receipts."""
    one, three = (
        settings(database_url, services.redis_url, tmp_path, vote_shards=shards) for shards in (1, 3)
    )
    async with running_portal(one) as portal:
        ballot = await open_ballot(portal.site.sessions, max_changes=1, shards=3)
        said = [await outcome(portal, ballot, voter, "one", 1) for voter in range(12)]
        assert {line.shard for line in said} == {0, 1, 2}, (
            "as the ballot has it, not as the site has it by now"
        )
        said = [await outcome(portal, ballot, voter, "two", 2) for voter in range(12)]
    async with running_portal(three) as portal:
        for voter in range(12):
            assert await outcome(portal, ballot, voter, "two", 2) == said[voter]
            assert await outcome(portal, ballot, voter, "one", 1) == "vote.superseded"
            assert await outcome(portal, ballot, voter, "one", 3) == "vote.no_more_changes"
        await outcome(portal, ballot, 200, "one", 1)
        await assert_whole(portal.site.sessions, ballot)
        async with portal.site.sessions() as session:
            voters = (await session.execute(text("select sum(voters) from ballot_shards"))).scalar_one()
        assert voters == 12 + 1


async def test_a_voter_is_one_although_two_portals_count_shards_differently(
    services: Services, database_url: str, tmp_path: Path
) -> None:
    """One of them was started again with another setting, while a vote is open."""
    ports = [free_port(), free_port()]
    told = [
        settings(
            database_url,
            services.redis_url,
            tmp_path,
            peer_url=f"http://127.0.0.1:{port}",
            vote_shards=shards,
        )
        for port, shards in zip(ports, (1, 4), strict=True)
    ]
    async with running_portal(told[0], ports[0]) as first, running_portal(told[1], ports[1]) as second:
        for shards in (1, 4):
            ballot = await open_ballot(first.site.sessions, max_changes=1, shards=shards)
            for voter in range(8):
                line = await outcome(first, ballot, voter, "one", 1)
                assert await outcome(second, ballot, voter, "one", 1) == line, "a retry through another door"
                assert (await outcome(second, ballot, voter, "two", 2)).n == 2
                assert await outcome(first, ballot, voter, "three", 3) == "vote.no_more_changes"
            await assert_whole(first.site.sessions, ballot)
            voters = text("select sum(voters) from ballot_shards where ballot_id = :ballot")
            async with first.site.sessions() as session:
                assert (await session.execute(voters, {"ballot": ballot})).scalar_one() == 8


async def outcome(portal: Portal, ballot: UUID, voter: int, choice: str, n: int) -> Any:
    """The line, or the code of the refusal."""
    try:
        return await portal.box.cast(ballot, f"d-{voter}", choice, n, 0, "hall", portal.clock.now())
    except GavelError as refused:
        return refused.code


async def test_two_portals_of_a_site_hand_votes_to_the_one_that_writes(
    services: Services, database_url: str, tmp_path: Path
) -> None:
    ports = [free_port(), free_port()]
    told = [
        settings(database_url, services.redis_url, tmp_path, peer_url=f"http://127.0.0.1:{port}")
        for port in ports
    ]
    async with running_portal(told[1], ports[1]) as second:
        async with running_portal(told[0], ports[0]) as first:
            ballot = await open_ballot(first.site.sessions)
            phone = await first.phone()
            path = f"/ballots/{ballot}/votes"
            one = await phone.post_ok(path, {"choice": "one", "n": 1})
            elsewhere = second.anybody()
            elsewhere.cookies = phone.cookies
            assert await elsewhere.post_ok(path, {"choice": "one", "n": 1}) == one
            await elsewhere.post_ok(path, {"choice": "two", "n": 2})
            assert await phone.refused("POST", path, {"choice": "three", "n": 2}) == (409, "vote.key_reuse")
            assert await phone.refused("POST", path, {"choice": "one", "n": 1}) == (409, "vote.superseded")
            forged = first.anybody()
            refusal = await forged.refused("POST", "/peers/made-up/votes", {"shard": 0, "casts": []})
            assert refusal == (404, "link.invalid")
        await phone_votes(second, ballot, elsewhere)
        async with second.site.sessions() as session:
            assert (await session.scalars(select(Shard.address))).all() == [told[1].peer_url]
        assert await counted(second, ballot) == {"three": 1}
        await assert_whole(second.site.sessions, ballot)


async def phone_votes(portal: Portal, ballot: UUID, phone: Caller) -> None:
    async with asyncio.timeout(20):
        while True:
            answer = await phone.post(f"/api/ballots/{ballot}/votes", json={"choice": "three", "n": 3})
            if answer.status_code == 201:
                return
            assert answer.json()["error"]["code"] == "vote.try_again", answer.text


async def test_whoever_waits_too_long_is_told_to_try_again(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the ballot's row is held nobody is promised anything, and nobody waits for ever."""
    monkeypatch.setattr("arena.votes.shard.PATIENCE", 0.2)
    sessions = portal.site.sessions
    ballot, phone = await open_ballot(sessions), await portal.phone()
    path, body = f"/ballots/{ballot}/votes", {"choice": "one", "n": 1}
    async with sessions() as session, session.begin():
        await session.get_one(Ballot, ballot, with_for_update=True)
        answer = await phone.post(f"/api{path}", json=body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "vote.try_again")
        assert answer.json()["error"]["detail"]["retry_ms"] > 0 and int(answer.headers["retry-after"]) <= 1
    await phone.post_ok(path, body)
    assert await counted(portal, ballot) == {"one": 1}


async def test_a_full_queue_says_so_at_once(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arena.votes.shard.QUEUE", 0)
    ballot, phone = await open_ballot(portal.site.sessions), await portal.phone()
    refusal = await phone.refused("POST", f"/ballots/{ballot}/votes", {"choice": "one", "n": 1})
    assert refusal == (429, "vote.busy")


async def test_the_process_clock_is_the_database_s(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine whose time of day is an hour wrong stamps votes as if it were right."""
    monkeypatch.setattr("time.time", lambda: 0.0)
    async with portal.site.sessions() as session:
        before = (await session.execute(text("select clock_timestamp()"))).scalar_one()
        ours = portal.clock.now()
        after = (await session.execute(text("select clock_timestamp()"))).scalar_one()
    assert before - timedelta(seconds=1) < ours < after + timedelta(seconds=1)
