"""The board: ratings in their order, scores where there are scores, and a producer who can hold it still."""

from itertools import combinations
from uuid import UUID, uuid4

from arena.ratings.public import newest
from tests.support.engine import make_adapter
from tests.support.lab import BENCHMARK
from tests.support.live import page
from tests.support.portal import Portal
from tests.support.show import Json, Show, send

FAVOURITES = ("Northstar", "Lantern", "House")
"""Whom the audience likes, best first."""


async def board(show: Show) -> Json:
    seen: Json = await show.portal.anybody().get_ok("/leaderboard")
    return seen


def row(shown: Json, name: str) -> Json:
    (found,) = [row for row in shown["rows"] if row["name"] == name]
    return dict(found)


async def duel_with_votes(show: Show, pair: tuple[str, str], voters: int = 5) -> None:
    """A duel in which the crowd and one judge prefer the favourite; ends at the reveal, before the ratings."""
    await show.answered(*pair)
    names = (await show.desk())["names"]
    better = min(pair, key=FAVOURITES.index)
    side = "left" if names["left"]["name"] == better else "right"
    ballot = await show.open_vote()
    for _ in range(voters):
        phone = await show.portal.phone()
        await phone.post_ok(f"/ballots/{ballot}/votes", {"choice": side, "n": 1})
    judge = await show.portal.person("judge", uuid4().hex[:8])
    await judge.post_ok(f"/ballots/{ballot}/verdicts", {"choice": side})
    await show.command("lock_vote")
    await show.command("reveal")


async def played(show: Show) -> None:
    """Everybody met everybody, and the board has followed."""
    await show.enter("Northstar")
    for pair in combinations(FAVOURITES, 2):
        await duel_with_votes(show, pair)
    await show.portal.drain()


async def test_before_the_first_result_there_are_names_and_no_numbers(portal: Portal) -> None:
    ada = await portal.person("contestant", "Ada")
    await ada.post_ok("/entries", {"name": "Lantern"})
    shown = await portal.anybody().get_ok("/leaderboard")
    assert {row["name"] for row in shown["rows"]} == {"House", "Lantern"}
    for each in shown["rows"]:
        assert [each[field] for field in ("rank", "rating", "lo", "hi", "accuracy", "speed")] == [None] * 6
        assert (each["duels"], each["reason"]) == (0, "not_enough_duels")
    assert (shown["duels"], shown["frozen"]) == (0, False)


async def test_a_missing_score_is_null_and_never_a_number(show: Show) -> None:
    """One entry measured, one that failed through our fault, one never sent."""
    ada = await show.portal.person("contestant", "Ada")
    failed = await ada.post_ok("/entries", {"name": "Northstar"})
    await ada.post_ok("/entries", {"name": "Tide"})
    await send(ada, failed["id"], make_adapter(7, rank=1))
    await (await show.lab.until(BENCHMARK)).fail("The harness broke.", retry=False)
    await show.portal.drain()
    for frozen in (True, False):  # lifting it shows the newest truth
        shown = await show.producer.post_ok("/leaderboard/freeze", {"frozen": frozen})
    measured = row(shown, "Lantern")["accuracy"]
    assert 0 < measured["value"] < 1
    assert measured["stderr"] > 0
    for name in ("Northstar", "Tide"):
        assert row(shown, name)["accuracy"] is None


async def test_the_order_of_the_board_is_the_order_of_the_ratings(show: Show) -> None:
    await played(show)
    shown = await board(show)
    assert shown["duels"] == 3
    assert [each["name"] for each in shown["rows"]] == list(FAVOURITES)
    ratings = [each["rating"] for each in shown["rows"]]
    assert ratings == sorted(ratings, reverse=True)
    house = row(shown, "House")
    assert (house["rating"], house["lo"], house["hi"]) == (1000.0, None, None)
    for each in shown["rows"][:-1]:
        assert each["lo"] < each["rating"] < each["hi"]
    assert [each["rank"] for each in shown["rows"]] == sorted(each["rank"] for each in shown["rows"])
    async with show.portal.site.sessions() as session:
        snapshot = await newest(session, UUID(show.episode["season_id"]))
    assert snapshot
    assert [each["entry_id"] for each in shown["rows"]] == [each["entry"] for each in snapshot.rows]
    assert [each["rating"] for each in shown["rows"]] == [each["rating"] for each in snapshot.rows]


async def test_what_is_not_revealed_does_not_move_the_board(show: Show) -> None:
    await show.answered()
    ballot = await show.open_vote()
    phone = await show.portal.phone()
    await phone.post_ok(f"/ballots/{ballot}/votes", {"choice": "left", "n": 1})
    before = await board(show)
    await show.command("lock_vote")
    await show.portal.drain()
    assert await board(show) == before
    await show.command("reveal")
    await show.portal.drain()
    assert (await board(show))["version"] > before["version"]


async def test_a_frozen_board_stays_while_the_truth_moves_on(show: Show) -> None:
    await played(show)
    await show.producer.post_ok("/leaderboard/freeze", {"frozen": True})
    frozen = await board(show)
    assert frozen["frozen"] is True
    async with page(show.portal) as opened:
        seen = await opened.open(f"board:{show.episode['season_id']}")
        await duel_with_votes(show, ("Lantern", "House"))
        await show.portal.drain()
        assert await board(show) == frozen
        lifted = await show.producer.post_ok("/leaderboard/freeze", {"frozen": False})
        await show.portal.relay()
        await opened.until(lambda: not seen.state["frozen"])
    assert (lifted["duels"], lifted["frozen"]) == (4, False)
    assert lifted["version"] > frozen["version"]
    assert seen.state == lifted == await board(show)


async def test_freezing_twice_is_freezing_once(show: Show) -> None:
    first = await show.producer.post_ok("/leaderboard/freeze", {"frozen": True})
    assert first["frozen"]
    assert await show.producer.post_ok("/leaderboard/freeze", {"frozen": True}) == first
