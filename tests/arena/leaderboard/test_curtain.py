"""A board that is closed and revealed, whose every figure can be followed to where it came from."""

import csv
import io
from uuid import uuid4

import pytest

from arena.leaderboard.curtain import after_next_step
from arena.leaderboard.schemas import BoardRow
from tests.arena.leaderboard.test_board import FAVOURITES, board, duel_with_votes, played, row
from tests.support.live import page
from tests.support.show import Json, Show
from tests.support.speed import Track


def rows(rated: int, unrated: int) -> list[BoardRow]:
    blank = {
        "kind": "contestant",
        "lo": None,
        "hi": None,
        "duels": 0,
        "reason": None,
        "accuracy": None,
        "rank": None,
    }
    return [
        BoardRow.model_validate(
            {**blank, "entry_id": uuid4(), "name": "x", "rating": 1000 if n < rated else None}
        )
        for n in range(rated + unrated)
    ]


@pytest.mark.parametrize(
    ("rated", "unrated", "one_by_one", "top_three"),
    [
        (5, 0, [1, 2, 3, 4, 5], [2, 3, 4, 5]),
        (5, 2, [3, 4, 5, 6, 7], [4, 5, 6, 7]),
        (2, 4, [5, 6], [5, 6]),
        (3, 0, [1, 2, 3], [1, 2, 3]),
        (0, 4, [4], [4]),
    ],
)
def test_each_step_shows_one_place_more(
    rated: int, unrated: int, one_by_one: list[int], top_three: list[int]
) -> None:
    for staging, steps in (("one_by_one", one_by_one), ("top_three", top_three)):
        shown, seen = 0, []
        while shown < rated + unrated:
            shown = after_next_step(rows(rated, unrated), staging, shown)  # type: ignore[arg-type]
            seen.append(shown)
        assert seen == steps


async def test_a_closed_board_tells_nothing_until_it_is_revealed_from_below(show: Show) -> None:
    await played(show)
    anybody, producer = show.portal.anybody(), show.producer
    before = await anybody.get_ok("/ratings/snapshots")
    assert await anybody.refused("POST", "/leaderboard/close") == (401, "auth.required")
    await producer.post_ok("/leaderboard/close")
    closed = await board(show)
    assert (closed["closed"], closed["rows"], closed["close_call"]) == (True, [], False)
    assert [one["name"] for one in closed["sealed"]] == sorted(FAVOURITES), "by name, not by place"
    assert await producer.post_ok("/leaderboard/close") == closed, "closing twice is closing once"
    assert await producer.refused("POST", "/leaderboard/freeze", {"frozen": True}) == (409, "board.closed")

    await duel_with_votes(show, ("Lantern", "House"))
    await show.portal.drain()
    assert await anybody.get_ok("/ratings/snapshots") == before, "nor does any other page tell"
    assert len((await anybody.get_ok("/leaderboard/history"))["moments"]) == len(before)
    lantern = show.entries["Lantern"]["entry_id"]
    assert await anybody.refused("GET", f"/leaderboard/entries/{lantern}") == (404, "board.no_row")
    assert (await anybody.get_ok("/leaderboard/export.json"))["board"]["rows"] == []

    async with page(show.portal) as opened:
        seen = await opened.open(f"board:{show.episode['season_id']}")
        step = {"staging": "one_by_one", "shown": 0}
        first = await producer.post_ok("/leaderboard/reveal", step)
        assert [one["name"] for one in first["rows"]] == ["House"]
        assert [one["name"] for one in first["sealed"]] == ["Lantern", "Northstar"]
        assert await producer.refused("POST", "/leaderboard/reveal", step) == (409, "board.moved_on")
        other = {"staging": "top_three", "shown": 1}
        assert await producer.refused("POST", "/leaderboard/reveal", other) == (409, "board.other_staging")
        assert await producer.refused("POST", "/leaderboard/close") == (409, "board.revealing")
        second = await producer.post_ok("/leaderboard/reveal", {**step, "shown": 1})
        assert [one["name"] for one in second["rows"]] == ["Lantern", "House"]
        last = await producer.post_ok("/leaderboard/reveal", {"staging": "all", "shown": 2})
        await show.portal.relay()
        await opened.until(lambda: not seen.state["closed"])
    assert (last["closed"], last["sealed"], last["duels"]) == (False, [], 4), "the newest truth is revealed"
    assert seen.state == last == await board(show)
    assert await producer.refused("POST", "/leaderboard/reveal", {"staging": "all", "shown": 0}) == (
        409,
        "board.open",
    )
    assert len(await anybody.get_ok("/ratings/snapshots")) == len(before) + 1


async def test_every_figure_leads_to_where_it_came_from(show: Show) -> None:
    await played(show)
    track = Track.after(show)
    run = await track.run()
    assert row(await board(show), "Lantern")["speed"] is None, "what is not released does not count"
    await show.producer.post_ok(f"/speed/{run['id']}/release")
    await show.portal.drain()
    shown = await board(show)
    lantern = row(shown, "Lantern")
    took = next(one for one in run["result"]["metrics"] if one["metric"] == "whole")["a_to_house"]
    assert lantern["speed"]["run_id"] == run["id"]
    assert lantern["speed"]["ratio"] == pytest.approx(1 / took["median"])
    assert (lantern["speed"]["lo"], lantern["speed"]["hi"]) == pytest.approx((1 / took["hi"], 1 / took["lo"]))
    assert lantern["missing"] == []
    assert lantern["overall"]["lo"] < lantern["overall"]["value"] < lantern["overall"]["hi"]
    assert sum(shown["weights"].values()) == pytest.approx(1)

    anybody = show.portal.anybody()
    origins = await anybody.get_ok(f"/leaderboard/entries/{lantern['entry_id']}")
    assert origins["row"] == lantern
    assert {one["opponent"]["name"] for one in origins["duels"]} == {"Northstar", "House"}
    for duel in origins["duels"]:
        won = duel["opponent"]["name"] == "House"
        assert duel["crowd"] == ([5, 0, 0, 0] if won else [0, 5, 0, 0])
        assert (await anybody.get_ok(f"/ballots/{duel['ballot_id']}"))["state"] in ("certified", "published")
    assert [one["counts"] for one in origins["speed"]] == [True]
    assert origins["suites"][0]["accuracy"] == lantern["accuracy"]

    file = await anybody.get_ok("/leaderboard/export.json")
    assert file["board"] == shown and file["ai_label"]["en"] == "AI-generated"
    answer = await anybody.get("/api/leaderboard/export.csv")
    table = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [line["name"] for line in table] == [one["name"] for one in shown["rows"]]
    assert table[0]["snapshot_id"] == shown["snapshot_id"]
    assert table[0]["rules_digest"] == shown["rules_digest"]

    episode: Json = await anybody.get_ok(f"/leaderboard/episodes/{show.episode_id}")
    assert episode["snapshot_id"] == shown["snapshot_id"]
    assert [one["duels"] for one in episode["rows"]] == [2, 2, 2]
    course = await anybody.get_ok("/leaderboard/history")
    assert course["moments"][-1]["ratings"][lantern["entry_id"]] == lantern["rating"]
