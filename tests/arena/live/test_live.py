"""The live channels: what a page has after its patches is what a fresh look would show, and nobody sees too much."""

import asyncio
from uuid import UUID, uuid4

import orjson
import pytest
from sqlalchemy import select
from websockets.exceptions import ConnectionClosed

from arena.kit.jobs.models import OutboxFact
from arena.live import hub as live_hub
from arena.live import routes
from arena.live.hub import BACKLOG, Hub, Subscriber, Watched
from arena.live.routes import AUTH, MAX_CHANNELS, PROTOCOL
from arena.live.states import Channel, read
from arena.pipeline import PIPELINE
from tests.support.engine import make_adapter
from tests.support.lab import BENCHMARK, Lab, LabJob
from tests.support.live import Json, Page, page
from tests.support.portal import Portal
from tests.support.show import Show, send
from workers.control.watch import look_at_nodes


async def fresh(portal: Portal, channel: str) -> Json:
    """What the database says now."""
    async with portal.site.sessions() as session:
        state: Json = (await read(session, Channel.parse(channel))).model_dump(mode="json")
        return state


async def agree(portal: Portal, opened: Page, facts: set[str]) -> None:
    """Pass all facts on; then every channel of the page comes to show what a fresh look shows, by patches alone."""
    async with portal.site.sessions() as session:
        facts |= set((await session.execute(select(OutboxFact.name))).scalars())
    await portal.relay()
    for channel, seen in opened.channels.items():
        wanted = await fresh(portal, channel)
        while seen.state != wanted:
            await opened.receive()
        assert seen.kinds.count("snap") == 1, f"{channel} needed another snapshot"


async def test_a_whole_evening_arrives_in_patches(show: Show) -> None:
    """For every kind of fact: snapshot and patches together are the fresh snapshot."""
    portal, facts = show.portal, set[str]()
    judge, phone = await portal.person("judge"), await portal.phone()
    ada = await portal.person("contestant", "Ada")
    entry = await ada.post_ok("/entries", {"name": "Northstar"})
    submission = (await send(ada, entry["id"], make_adapter(9, rank=1)))["id"]
    stage, desk, board = (
        f"stage:{show.episode_id}",
        f"desk:{show.episode_id}",
        f"board:{show.episode['season_id']}",
    )
    async with page(portal, show.producer) as opened:
        for channel in (stage, desk, board, f"submission:{submission}"):
            await opened.open(channel)
        await agree(portal, opened, facts)

        verify = await show.lab.take()
        await verify.heartbeat(done=1, total=4, note="inspecting")
        await agree(portal, opened, facts)
        await verify.succeed()
        await agree(portal, opened, facts)
        probe = await show.lab.claim(portal.waker.lab_links.pop(0))
        await agree(portal, opened, facts)
        await probe.succeed()
        await agree(portal, opened, facts)
        benchmark = await show.lab.claim(portal.waker.lab_links.pop(0))
        await agree(portal, opened, facts)
        await benchmark.succeed()
        await agree(portal, opened, facts)

        duel = await show.start_duel()
        await agree(portal, opened, facts)
        await portal.drain()
        await agree(portal, opened, facts)
        assert opened[stage].state["duel"]["state"] == "answered"
        ballot = await show.open_vote()
        await agree(portal, opened, facts)
        await phone.post_ok(f"/ballots/{ballot}/votes", {"choice": "left", "n": 1})
        await agree(portal, opened, facts)
        await judge.post_ok(f"/ballots/{ballot}/verdicts", {"choice": "right", "note": "Braver."})
        await agree(portal, opened, facts)
        await show.command("lock_vote")
        await agree(portal, opened, facts)
        await show.command("reveal")
        await agree(portal, opened, facts)
        assert opened[stage].state["result"]["crowd"]["left"] == 1
        shown = opened[board].state["version"]
        await portal.drain()
        await agree(portal, opened, facts)
        assert opened[board].state["version"] > shown
        await show.producer.post_ok("/leaderboard/freeze", {"frozen": True})
        await agree(portal, opened, facts)
        score = {"score": 0.5, "reason": "Counted by hand."}
        await show.producer.post_ok(f"/submissions/{submission}/scores/reasoning/override", score)
        await agree(portal, opened, facts)
        await show.command("finish")
        await agree(portal, opened, facts)
        await look_at_nodes(portal.site)
        await agree(portal, opened, facts)
    known = {air.fact.__name__ for air in PIPELINE.air}
    assert facts <= known | {
        "SubmissionReceived",
        "SubmissionVerified",
        "SubmissionProbed",
        "BenchmarkFinished",
        "RatingsComputed",
    }
    # A node changed before the page was opened; the duel's own changes went by while it was answered. Nobody practised
    # or trained: tests/arena/practice and tests/arena/training do.
    unseen = {"NodeChanged", "NodeFreed", "DuelChanged", "DuelAnswered", "PracticeChanged"}
    # Nor was the hall asked for a surprise: tests/arena/votes does.
    unseen |= {"TrainingChanged", "RaceChanged", "SurpriseTriggered"}
    assert known - facts <= unseen
    assert (await show.duel(duel))["revealed"]


async def test_an_engine_that_comes_and_goes_shows_on_the_desk(show: Show) -> None:
    facts = set[str]()
    async with page(show.portal, show.producer) as opened:
        desk = await opened.open(f"desk:{show.episode_id}")
        assert desk.state["nodes"][0]["state"] == "ready"
        show.portal.site.settings.engine_urls.append("http://127.0.0.1:9")
        await look_at_nodes(show.portal.site)
        await agree(show.portal, opened, facts)
        assert [node["state"] for node in desk.state["nodes"]] == ["ready", "unreachable"]
    assert "NodeChanged" in facts


async def test_the_desk_says_what_a_duel_waits_for(show: Show) -> None:
    held = await hold_the_engine(show)
    facts = set[str]()
    async with page(show.portal, show.producer) as opened:
        desk = await opened.open(f"desk:{show.episode_id}")
        await show.start_duel()
        await show.portal.drain()
        await agree(show.portal, opened, facts)
        assert desk.state["duel"]["state"] == "queued"
        assert desk.state["names"]["reason"] == "waiting for a free engine"
        assert desk.state["nodes"][0]["lease"]["mode"] == "benchmark"
        await held.succeed()
        await show.portal.drain()
        await agree(show.portal, opened, facts)
        assert desk.state["duel"]["state"] == "answered"
        assert desk.state["names"]["reason"] is None


async def hold_the_engine(show: Show) -> LabJob:
    """A benchmark that has the only engine; returns the lab's job."""
    ada = await show.portal.person("contestant", "Ada")
    entry = await ada.post_ok("/entries", {"name": "Northstar"})
    await send(ada, entry["id"], make_adapter(9, rank=1))
    return await show.lab.until(BENCHMARK)


# --- the same over plain HTTP ------------------------------------------------------------------------------


async def test_http_shows_the_same_under_the_same_number(show: Show) -> None:
    channels = (f"stage:{show.episode_id}", f"desk:{show.episode_id}", f"board:{show.episode['season_id']}")
    await show.answered()
    async with page(show.portal, show.producer) as opened:
        for channel in channels:
            seen = await opened.open(channel)
            plain = await show.producer.get_ok(f"/live/{channel}")
            while seen.seq < plain["seq"]:
                await opened.receive()
            assert (plain["channel"], plain["epoch"], plain["seq"]) == (channel, seen.epoch, seen.seq)
            assert plain["state"] == seen.state


async def test_any_number_of_signed_in_pages_may_poll_at_once(show: Show) -> None:
    """More than the database has connections: who waits for a read must not hold what the read needs."""
    desk = f"desk:{show.episode_id}"
    answers = await asyncio.gather(*(show.producer.get_ok(f"/live/{desk}") for _ in range(50)))
    assert {answer["epoch"] for answer in answers} == {answers[0]["epoch"]}


async def test_who_polls_sees_what_was_done_before(show: Show) -> None:
    board = f"board:{show.episode['season_id']}"
    for frozen in (True, False, True):
        await show.producer.post_ok("/leaderboard/freeze", {"frozen": frozen})
        assert (await show.producer.get_ok(f"/live/{board}"))["state"]["frozen"] == frozen


async def test_polls_that_come_together_share_one_read(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub, reads = Hub(portal.site), []

    async def count(name: str) -> Json:
        reads.append(name)
        await asyncio.sleep(0)
        return {"count": len(reads)}

    monkeypatch.setattr(hub, "_read", count)
    await hub.current("board:x")
    await asyncio.gather(*(hub.fresh("board:x") for _ in range(30)))
    assert len(reads) == 2


# --- coming back --------------------------------------------------------------------------------------------


async def voting(show: Show) -> str:
    await show.answered()
    ballot = await show.open_vote()
    await show.portal.relay()
    return ballot


async def one_more_vote(show: Show, ballot: str) -> Json:
    phone = await show.portal.phone()
    await phone.post_ok(f"/ballots/{ballot}/votes", {"choice": "left", "n": 1})
    await show.portal.relay()
    now: Json = await phone.get_ok(f"/live/stage:{show.episode_id}")
    return now


async def test_who_comes_back_gets_exactly_what_was_missed(show: Show) -> None:
    ballot, stage = await voting(show), f"stage:{show.episode_id}"
    async with page(show.portal) as first:
        left = await first.open(stage)
        await first.until(lambda: left.state["phase"] == "vote")
    now = {}
    for _ in range(3):
        now = await one_more_vote(show, ballot)
    assert now["epoch"] == left.epoch
    async with page(show.portal) as second:
        second[stage].state = left.state
        await second.subscribe(stage, left.epoch, left.seq)
        await second.until(lambda: second[stage].seq == now["seq"])
        assert second[stage].kinds == ["patch"] * (now["seq"] - left.seq)
        assert second[stage].state == now["state"]


async def test_who_cannot_be_resumed_gets_a_snapshot(show: Show, subtests: pytest.Subtests) -> None:
    stage = f"stage:{show.episode_id}"
    async with page(show.portal) as opened:
        seen = await opened.open(stage)
    cases = {
        "another epoch": (uuid4().hex[:8], seen.seq),
        "a number from the future": (seen.epoch, seen.seq + 5),
    }
    for case, known in cases.items():
        with subtests.test(case=case):
            async with page(show.portal) as again:
                await again.subscribe(stage, *known)
                await again.until(lambda page=again: bool(page[stage].kinds))  # type: ignore[misc]
                assert again[stage].kinds == ["snap"]


async def test_who_has_everything_gets_nothing(show: Show) -> None:
    stage = f"stage:{show.episode_id}"
    async with page(show.portal) as opened:
        seen = await opened.open(stage)
        await opened.subscribe(stage, seen.epoch, seen.seq)
        await opened.settle()
        assert seen.kinds == ["snap"]


async def test_a_page_that_left_a_channel_hears_no_more_of_it(show: Show) -> None:
    stage, board = f"stage:{show.episode_id}", f"board:{show.episode['season_id']}"
    async with page(show.portal) as opened:
        await opened.open(stage)
        await opened.open(board)
        await opened.send({"t": "unsub", "ch": stage})
        await opened.settle()
        before = len(opened[stage].kinds)
        await show.start_duel()
        await show.producer.post_ok("/leaderboard/freeze", {"frozen": True})
        await show.portal.relay()
        await opened.until(lambda: bool(opened[board].state["frozen"]))
        assert len(opened[stage].kinds) == before


def slow(hub: Hub, channel: str) -> tuple[Watched, Subscriber]:
    watched, subscriber = Watched(channel, "ep", {"count": 0}, 0.0), Subscriber()
    hub.watched[channel] = watched
    subscriber.channels.add(channel)
    return watched, subscriber


async def test_a_page_that_cannot_keep_up_gets_one_snapshot_instead(portal: Portal) -> None:
    hub = Hub(portal.site)
    watched, subscriber = slow(hub, "board:x")
    for count in range(1, BACKLOG + 30):
        watched.seq, watched.state = count, {"count": count}
        subscriber.push("board:x", watched.envelope("patch", {"set": {"count": count}}))
    (only,) = subscriber.take(hub)
    snapshot = orjson.loads(only)
    assert (snapshot["t"], snapshot["seq"], snapshot["d"]) == ("snap", watched.seq, watched.state)
    watched.seq += 1
    subscriber.push("board:x", b"the next patch")
    assert subscriber.take(hub) == [b"the next patch"]
    assert subscriber.take(hub) == []


async def test_a_page_that_keeps_up_gets_every_patch(portal: Portal) -> None:
    hub = Hub(portal.site)
    _, subscriber = slow(hub, "board:x")
    patches = [b"%d" % number for number in range(BACKLOG)]
    for patch in patches:
        subscriber.push("board:x", patch)
    assert subscriber.take(hub) == patches


async def test_a_change_during_the_first_look_is_not_missed(
    show: Show, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fact comes while the channel is read for its first watcher, who is not yet known as one."""
    hub = Hub(show.portal.site)
    looked, go_on = asyncio.Event(), asyncio.Event()
    honest = hub._read

    async def slowly(name: str) -> Json:
        state = await honest(name)
        looked.set()
        await go_on.wait()
        return state

    monkeypatch.setattr(hub, "_read", slowly)
    board, subscriber = f"board:{show.episode['season_id']}", Subscriber()
    watching = asyncio.create_task(hub.watch(board, subscriber, None, None))
    await looked.wait()
    await show.producer.post_ok("/leaderboard/freeze", {"frozen": True})
    hub.touch([board])
    go_on.set()
    await watching
    assert not hub.watched[board].state["frozen"]
    await hub.start()
    try:
        while not hub.watched[board].state["frozen"]:
            await asyncio.wait_for(subscriber.ready.wait(), 20)
            subscriber.take(hub)
    finally:
        await hub.stop()


async def test_a_change_of_which_no_word_came_is_found(show: Show, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hint was lost on the bus; nothing else ever happens on this channel."""
    monkeypatch.setattr(live_hub, "REREAD_SECONDS", 0.2)
    hub, board, subscriber = Hub(show.portal.site), f"board:{show.episode['season_id']}", Subscriber()
    await hub.start()
    try:
        await hub.watch(board, subscriber, None, None)
        await show.producer.post_ok("/leaderboard/freeze", {"frozen": True})
        while not hub.watched[board].state["frozen"]:
            await asyncio.wait_for(subscriber.ready.wait(), 20)
            subscriber.take(hub)
    finally:
        await hub.stop()


# --- who may see what ----------------------------------------------------------------------------------------


async def test_an_unknown_channel_is_refused(show: Show, subtests: pytest.Subtests) -> None:
    id = show.episode_id
    async with page(show.portal) as opened:
        names = [
            "nonsense",
            "stage",
            "stage:",
            "stage:1",
            f"secrets:{id}",
            f"stage:{id.upper()}",
            f"stage:{id} ",
        ]
        for name in names:
            with subtests.test(channel=name):
                assert await opened.refused(name) == "live.unknown_channel"
        assert await opened.refused(f"stage:{uuid4()}") == "episode.not_found"
        assert await opened.refused(f"board:{uuid4()}") == "season.not_found"
        await opened.open(f"stage:{show.episode_id}")  # a refusal costs nothing else


async def test_the_desk_is_for_producers(show: Show, subtests: pytest.Subtests) -> None:
    desk, portal = f"desk:{show.episode_id}", show.portal
    visitors = {
        "nobody": portal.anybody(),
        "device": await portal.phone(),
        "contestant": await portal.person("contestant"),
        "judge": await portal.person("judge"),
        "operator": portal.operator,
    }
    for who, visitor in visitors.items():
        with subtests.test(who=who):
            async with page(portal, visitor) as opened:
                assert await opened.refused(desk) == "live.forbidden"
            assert await visitor.refused("GET", f"/live/{desk}") == (403, "live.forbidden")


async def test_a_submission_is_for_its_owner_and_for_producers(portal: Portal, lab: Lab) -> None:
    ada, bob = await portal.person("contestant", "Ada"), await portal.person("contestant", "Bob")
    producer = await portal.person("producer")
    entry = await ada.post_ok("/entries", {"name": "Lantern"})
    channel = f"submission:{(await send(ada, entry['id'], make_adapter(1, rank=1)))['id']}"
    for visitor in (bob, await portal.person("judge"), None):
        async with page(portal, visitor) as opened:
            assert await opened.refused(channel) == "submission.not_found"
    assert await bob.refused("GET", f"/live/{channel}") == (404, "submission.not_found")
    for visitor in (ada, producer):
        async with page(portal, visitor) as opened:
            assert (await opened.open(channel)).state["entry_name"] == "Lantern"


async def test_who_has_signed_out_gets_no_private_channel_any_more(portal: Portal) -> None:
    ada = await portal.person("contestant", "Ada")
    entry = await ada.post_ok("/entries", {"name": "Lantern"})
    channel = f"submission:{(await send(ada, entry['id'], make_adapter(1, rank=1)))['id']}"
    async with page(portal, ada) as opened:
        await opened.open(channel)
        await ada.post_ok("/auth/logout")
        assert await opened.refused(channel) == "submission.not_found"


async def test_a_private_channel_ends_with_the_session(show: Show, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also for a page that asks for nothing any more; the public channels of the same page go on."""
    monkeypatch.setattr(routes, "HEARTBEAT_SECONDS", 0.1)
    gone = await show.portal.person("producer", "Paul")
    desk, stage = f"desk:{show.episode_id}", f"stage:{show.episode_id}"
    async with page(show.portal, gone) as opened:
        await opened.open(desk)
        await opened.open(stage)
        await opened.settle()
        assert opened.errors == []
        await gone.post_ok("/auth/logout")
        await opened.until(lambda: bool(opened.errors))
        assert opened.errors == [(desk, "live.forbidden")]
        await show.command("finish")
        await show.portal.relay()
        await opened.until(lambda: opened[stage].state["phase"] == "finished")
        await opened.settle()
        assert opened[desk].state["phase"] != "finished"


async def test_another_site_s_page_cannot_connect_with_our_cookies(portal: Portal) -> None:
    ada = await portal.person("contestant", "Ada")
    async with page(portal, ada, Origin="https://evil.example") as opened:
        with pytest.raises(ConnectionClosed) as closed:
            await opened.receive()
    assert closed.value.rcvd
    assert closed.value.rcvd.code == AUTH


async def test_a_message_that_is_none_ends_the_connection(portal: Portal, subtests: pytest.Subtests) -> None:
    for message in ("no json", '{"t": "dance"}', '{"t": "sub"}', "[]", '{"t": "sub", "ch": 5}'):
        with subtests.test(message=message):
            async with page(portal) as opened:
                await opened.socket.send(message)
                with pytest.raises(ConnectionClosed) as closed:
                    await opened.receive()
            assert closed.value.rcvd
            assert closed.value.rcvd.code == PROTOCOL


async def test_one_connection_has_so_many_channels_and_no_more(portal: Portal) -> None:
    producer = await portal.person("producer")
    episodes = [
        (await producer.post_ok("/episodes", {"title": f"Evening {number}"}))["id"]
        for number in range(MAX_CHANNELS + 1)
    ]
    async with page(portal) as opened:
        for episode in episodes[:-1]:
            await opened.open(f"stage:{episode}")
        assert await opened.refused(f"stage:{episodes[-1]}") == "live.too_many_channels"
        await opened.subscribe(f"stage:{episodes[0]}")  # what one has may be asked for again
        await opened.until(lambda: opened[f"stage:{episodes[0]}"].kinds == ["snap", "snap"])


async def test_ids_in_channel_names_are_ids() -> None:
    assert Channel.parse(f"stage:{UUID(int=7)}") == Channel("stage", UUID(int=7))
