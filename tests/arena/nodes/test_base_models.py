"""`GET /base-models`: what a track can be built on, which seasons use it, which nodes serve it with which weights."""

from pathlib import Path

import pytest

from arena.shows.base_models import BASE_MODELS, HOUSE_MODEL, QWEN3_600M
from tests.support.base_models import added, described, write_model
from tests.support.portal import Portal, running_portal, settings
from tests.support.services import Services
from tests.support.show import Json, Show
from workers.pool.fake import BASE_DIGEST
from workers.pool.serve import fake_agent


async def known(portal: Portal) -> dict[str, Json]:
    return {one["id"]: one for one in await portal.anybody().get_ok("/base-models")}


async def test_anybody_sees_what_is_built_on_which_model(show: Show) -> None:
    seen = await known(show.portal)
    house, other = seen[HOUSE_MODEL.id], seen[QWEN3_600M.id]
    assert (house["source"], house["revision"], house["digest"]) == ("package", HOUSE_MODEL.revision, None)
    assert house["licence_url"] == HOUSE_MODEL.licence_url
    assert [season["name"] for season in house["seasons"]] == ["Season 1"]
    (node,) = house["nodes"]
    assert (node["digest"], node["as_pinned"], node["fake"], node["state"]) == (
        BASE_DIGEST,
        None,
        True,
        "ready",
    )
    assert (other["place"], other["digest"]) == ("Qwen/Qwen3-0.6B-Base", QWEN3_600M.digest)
    assert (other["seasons"], other["nodes"]) == ([], [])


@pytest.mark.parametrize("honest", [True, False])
async def test_a_node_with_other_weights_than_pinned_is_seen(
    show: Show, tmp_path: Path, honest: bool
) -> None:
    health = fake_agent(tmp_path / "spare", base=QWEN3_600M).health().model_dump(mode="json", by_alias=True)
    health |= {"fake": False, "base_digest": QWEN3_600M.digest if honest else "0" * 64}
    token = (await show.producer.post_ok("/nodes/tokens"))["token"]
    body = {"token": token, "url": "http://127.0.0.1:9", "health": health}
    await show.portal.anybody().post_ok("/nodes/join", body)
    (node,) = (await known(show.portal))[QWEN3_600M.id]["nodes"]
    assert (node["as_pinned"], node["fake"]) == (honest, False)


async def test_a_fresh_site_can_begin_on_a_model_that_its_operator_added(
    services: Services, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_model(tmp_path / "original")
    base = added(tmp_path / "registry.json", described(folder))
    monkeypatch.setitem(BASE_MODELS, base.id, base)
    wanted = settings(database_url, services.redis_url, tmp_path, base_model=base.id)
    async with running_portal(wanted) as portal:
        season = await portal.anybody().get_ok("/seasons/current")
        assert (season["track"]["base_model"], season["track"]["max_rank"]) == (base.id, 8)
        assert season["licence"] == base.licence
        seen = (await known(portal))[base.id]
        assert [one["name"] for one in seen["seasons"]] == [season["name"]]
        assert seen["place"] is None
        assert str(folder) not in str(seen), "where its folder is, is nobody's business"
