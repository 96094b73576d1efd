"""Which node answers: of the track's class, and with the key that it was first seen with."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text

from arena.nodes.attestation import digest_of
from tests.support.engine import make_adapter
from tests.support.show import Json, Show, send
from workers.control.watch import look_at_nodes


@pytest.fixture
def show(ready: Show) -> Show:
    return ready


async def the_node(show: Show) -> Json:
    (node,) = await show.producer.get_ok("/nodes")
    found: Json = node
    return found


async def reason(show: Show) -> str:
    return str((await show.desk())["names"]["reason"])


async def run_on(show: Show, hardware_class: str) -> None:
    async with show.portal.site.sessions() as session, session.begin():
        wanted = (
            "update seasons set rules = jsonb_set(rules, '{track,hardware_class}', to_jsonb(:class ::text))"
        )
        await session.execute(text(wanted), {"class": hardware_class})


async def again(show: Show) -> None:
    await show.time_passes(10)
    await show.portal.sweep()
    await show.portal.drain()


async def test_what_a_duel_s_node_stated_is_kept_under_its_digest(show: Show) -> None:
    duel = await show.answered()
    await show.reveal()
    visitor = show.portal.anybody()
    files = [await visitor.get_ok(f"/duels/{duel['id']}/answers/{side}.json") for side in ("left", "right")]
    (digest,) = {file["record"]["node"]["attestation"] for file in files}
    kept = await visitor.get_ok(f"/attestations/{digest}")
    assert kept == files[0]["attestation"]
    assert digest_of(kept["document"]) == digest
    health = show.agent.health()
    assert kept["public_key"] == health.public_key
    assert kept["document"]["challenge"] == duel["id"]


async def test_a_node_with_another_key_gets_no_work_until_a_producer_accepts_it(show: Show) -> None:
    assert not (await the_node(show))["another_key"]
    show.agent._key = Ed25519PrivateKey.generate()
    await look_at_nodes(show.portal.site)
    node = await the_node(show)
    assert (node["state"], node["another_key"]) == ("ready", True)
    duel = await show.start_duel()
    await show.portal.drain()
    assert (await show.duel(duel))["state"] == "queued"
    assert await reason(show) == "waiting for a producer to accept the engine's new key"
    path = f"/nodes/{node['id']}/new-key"
    for who in ("contestant", "judge", "operator"):
        stranger = show.portal.operator if who == "operator" else await show.portal.person(who, "Vera")
        assert (await stranger.refused("POST", path))[0] == 403
    accepted = await show.producer.post_ok(path)
    assert not accepted["another_key"]
    await show.portal.drain()
    assert (await show.duel(duel))["state"] == "answered"
    await look_at_nodes(show.portal.site)
    assert not (await the_node(show))["another_key"], "the new key is pinned"


async def test_who_names_the_old_key_and_signs_with_another_does_not_answer(show: Show) -> None:
    known, health = show.agent._key, show.agent.health
    old = health().public_key
    show.agent._key = Ed25519PrivateKey.generate()
    show.agent.health = lambda: health().model_copy(update={"public_key": old})  # type: ignore[method-assign]
    duel = await show.start_duel()
    await show.portal.drain()
    assert (await show.duel(duel))["state"] == "queued"
    assert "it was first seen with" in await reason(show)
    show.agent._key = known
    await again(show)
    assert (await show.duel(duel))["state"] == "answered"


@pytest.mark.parametrize("field", ["hardware_class", "engine.build", "base_digest"])
async def test_a_node_that_attests_something_else_than_was_leased_does_not_answer(
    show: Show, field: str
) -> None:
    columns = {
        "hardware_class": "{hardware,class}",
        "engine.build": "{engine_build}",
        "base_digest": "{base_digest}",
    }
    async with show.portal.site.sessions() as session, session.begin():
        wrong = "update nodes set health = jsonb_set(health, cast(:at as text[]), '\"another\"')"
        await session.execute(text(wrong), {"at": columns[field]})
    duel = await show.start_duel()
    await show.portal.drain()
    assert (await show.duel(duel))["state"] == "queued"
    assert "The engine attests the" in await reason(show)
    await again(show)
    assert (await show.duel(duel))["state"] == "answered", (
        "the failure was looked at, and the note is right again"
    )


async def test_what_is_ranked_waits_for_a_node_of_the_track_s_class(show: Show) -> None:
    await run_on(show, "nvidia-h200")
    duel = await show.start_duel()
    await show.portal.drain()
    assert (await show.duel(duel))["state"] == "queued"
    wanted = "waiting for an engine of class nvidia-h200; what is up is of class fake"
    assert await reason(show) == wanted
    ada = await show.portal.person("contestant", "Ada")
    entry = await ada.post_ok("/entries", {"name": "Northstar"})
    submission = (await send(ada, entry["id"], make_adapter(9, rank=1)))["id"]
    for _ in range(2):  # verified and probed, which is not ranked
        await (await show.lab.take()).succeed()
    answer = await show.lab.http.post(f"{await show.lab.next_url()}/claim")
    assert answer.status_code == 409
    seen = await ada.get_ok(f"/submissions/{submission}")
    assert seen["waiting"]["reason"] == wanted
    await run_on(show, "fake")
    await again(show)
    assert (await show.duel(duel))["state"] == "answered"
