"""An evening whose ratings anybody can follow: who was suggested, what was computed from what, and when."""

import json
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from typer.testing import CliRunner

from arena.cli.ratings import ratings
from arena.ratings.models import Pairing
from arena.shows.models import Season
from arena.shows.rules import SeasonRules
from tests.support.show import Json, Show

Pair = frozenset[str]


@pytest.fixture
def show(ready: Show) -> Show:
    return ready


async def suggested(show: Show) -> Json:
    found: Json = await show.producer.get_ok(f"/episodes/{show.episode_id}/pairings")
    return found


async def noted(show: Show) -> list[Pairing]:
    async with show.portal.site.sessions() as session:
        return list((await session.execute(select(Pairing).order_by(Pairing.created_at))).scalars())


def named(show: Show, pair: Json) -> tuple[str, str]:
    names = {row["entry_id"]: name for name, row in show.entries.items()}
    return names[pair["a"]], names[pair["b"]]


async def voted(show: Show, pair: tuple[str, str], voters: int = 3) -> None:
    await show.answered(*pair)
    ballot = await show.open_vote()
    for number in range(voters):
        phone = await show.portal.phone()
        await phone.post_ok(f"/ballots/{ballot}/votes", {"choice": "left" if number else "tie", "n": 1})
    await show.command("lock_vote")
    await show.command("reveal")
    await show.portal.drain()


async def declare(show: Show, **rules: Any) -> None:
    """As if the season had begun with these rules."""
    async with show.portal.site.sessions() as session, session.begin():
        season = (await session.execute(select(Season))).scalar_one()
        declared = SeasonRules.model_validate(season.rules | {"ratings": rules})
        season.rules, season.rules_digest = declared.model_dump(mode="json"), declared.digest


async def test_an_evening_that_follows_the_suggestions(show: Show, tmp_path: Path) -> None:
    await show.enter("Northstar")
    await declare(show, style_control=True, style_features=["characters"])
    anybody = show.portal.anybody()
    met: set[Pair] = set()
    for number in range(3):
        plan = await suggested(show)
        assert (plan["stage"], len(plan["pairs"])) == ("balanced", 3 - number)
        assert all(pair["met"] == 0 and pair["half_width"] is None for pair in plan["pairs"])
        await voted(show, named(show, plan["pairs"][0]))
        met.add(frozenset(named(show, plan["pairs"][0])))
    assert met == {frozenset(pair) for pair in combinations(show.entries, 2)}
    assert [(row.stage, row.place) for row in await noted(show)] == [("balanced", 1)] * 3

    # Everybody has met everybody: from now on doubt decides, and the chances of all pairs are kept.
    plan = await suggested(show)
    assert plan["stage"] == "shrinkage"
    await voted(show, named(show, plan["pairs"][0]))
    last = (await noted(show))[-1]
    assert (last.place, last.seed) == (1, plan["seed"])
    assert last.chance == pytest.approx(plan["pairs"][0]["chance"])
    assert sum(one["chance"] for one in last.chances) == pytest.approx(1)

    lines = await anybody.get_ok("/ratings/snapshots")
    # Three duels cannot carry three entries and an effect of style.
    assert [line["duels"] for line in lines] == [4, 0, 0, 0]
    assert await anybody.get_ok(f"/ratings/snapshots?at={lines[1]['at'].replace('+', '%2B')}") == lines[1:]
    newest = await anybody.get_ok(f"/ratings/snapshots/{lines[0]['id']}")
    assert newest["rules_digest"] == (await anybody.get_ok("/seasons/current"))["rules_digest"]
    assert [effect["feature"] for effect in newest["effects"]] == ["characters"]
    basis = newest["basis"]
    assert [sum(duel["crowd"]) for duel in basis["duels"]] == [3] * 4
    assert all(duel["style"][0]["characters"] > 0 for duel in basis["duels"])
    assert len(basis["expected"]) == 3
    assert sum(one["meetings"] for one in basis["expected"]) == pytest.approx(4)

    # The same out of the season's evidence, on a machine that knows nothing of this site.
    evidence = await anybody.get("/api/seasons/current/evidence")
    (tmp_path / "evidence").write_bytes(evidence.content)
    (tmp_path / "snapshot").write_text(json.dumps(newest))
    done = CliRunner().invoke(
        ratings, ["recompute", str(tmp_path / "evidence"), "--snapshot", str(tmp_path / "snapshot"), "--json"]
    )
    assert (done.exit_code, json.loads(done.stdout)["problems"]) == (0, [])

    # What is revealed while the board is frozen is not told here either.
    await show.producer.post_ok("/leaderboard/freeze", {"frozen": True})
    await voted(show, ("House", "Northstar"))
    assert await anybody.get_ok("/ratings/snapshots") == lines
    async with show.portal.site.sessions() as session:
        hidden = (await session.execute(text("select max(id::text) from rating_snapshots"))).scalar_one()
    pairs = (await suggested(show))["pairs"]
    assert [(one["chance"], one["half_width"], one["gain"]) for one in pairs] == [(None, None, None)] * 3
    refused = await anybody.get(f"/api/ratings/snapshots/{hidden}")
    assert (refused.status_code, refused.json()["error"]["code"]) == (404, "ratings.no_snapshot")
    await show.producer.post_ok("/leaderboard/freeze", {"frozen": False})
    assert len(await anybody.get_ok("/ratings/snapshots")) == 5
    assert (await suggested(show))["pairs"][0]["chance"] is not None


async def test_a_pair_of_the_producers_own_choice_is_noted_as_one(show: Show) -> None:
    """Two entries of one person are never suggested, and may meet all the same."""
    ada = show.contestants["Lantern"]
    plan = await suggested(show)
    assert [set(named(show, pair)) for pair in plan["pairs"]] == [{"House", "Lantern"}]
    await show.answered("House", "Lantern")
    await show.reveal()
    await show.answered("House", "Lantern")
    first, second = await noted(show)
    assert (first.stage, first.place, first.chance) == ("balanced", 1, 1.0)
    assert (second.stage, second.place) == ("shrinkage", 1)
    assert (await ada.get(f"/api/episodes/{show.episode_id}/pairings")).status_code == 403
    with pytest.raises(DBAPIError, match="never changed"):
        async with show.portal.site.sessions() as session, session.begin():
            await session.execute(text("update pairings set chance = 0.5"))
