"""A candidate beside its parent: whoever holds the parent makes it compete, and nobody else."""

import pytest

from tests.arena.preferences.conftest import Loop
from tests.arena.preferences.test_sets import TRAINED, checked
from tests.arena.submissions.test_line import change_rules
from tests.support.show import Json
from tests.support.training import Trainer

PAST = "2026-01-01T00:00:00Z"


async def trained(loop: Loop, prompt: str = "Name a colour.") -> Json:
    """A set of one pair, and Lantern's adapter trained further on it, which is ready; returns the run."""
    show = loop.show
    await change_rules(show.portal, track=TRAINED)
    await loop.judged("left", prompt=prompt)
    await loop.finish()
    await loop.make()
    made = await checked(loop)
    body = {"parent": show.entries["Lantern"]["submission_id"]}
    run: Json = await show.producer.post_ok(f"/preference-sets/{made['id']}/training", body)
    await (await Trainer.take(show)).end()
    return run


async def test_a_candidate_becomes_the_version_that_competes_by_its_parents_holder_alone(
    loop: Loop, subtests: pytest.Subtests
) -> None:
    show, ada = loop.show, loop.show.contestants["Lantern"]
    run = await trained(loop)
    promote, lantern = f"/candidates/{run['id']}/promote", show.entries["Lantern"]

    async def seen() -> Json:
        (candidate,) = await ada.get_ok("/candidates")
        found: Json = candidate
        return found

    async def obstacle() -> str | None:
        refused = await ada.refused("POST", promote)
        standing = (await seen())["obstacle"]
        assert refused == (409, f"candidate.{standing}")
        return str(standing)

    with subtests.test("not before it has passed the gate"):
        assert await obstacle() == "not_ready"
    await show.lab.work_off()
    candidate = await seen()
    assert candidate["parent"]["submission_id"] == lantern["submission_id"]
    assert (candidate["state"], candidate["pairs"], candidate["promoted"]) == ("ready", 1, None)
    with subtests.test("nobody else's"):
        grace = await show.portal.person("contestant", "Grace")
        assert await grace.get_ok("/candidates") == []
        assert await grace.refused("POST", promote) == (404, "candidate.not_found")
        assert await show.producer.refused("POST", promote) == (403, "auth.forbidden")
    with subtests.test("not after the deadline"):
        await change_rules(show.portal, closes_at=PAST)
        assert await obstacle() == "closed"
        await change_rules(show.portal, closes_at=None)
    with subtests.test("not against what its holder has chosen"):
        where = f"/entries/{lantern['entry_id']}/competing"
        await ada.call("PUT", where, {"submission_id": lantern["submission_id"]}, expect=200)
        assert await obstacle() == "chosen"
        await ada.call("PUT", where, {"submission_id": None}, expect=200)

    before = (await seen())["obstacle"]
    assert before is None
    version = await ada.post_ok(promote)
    assert (version["version"], version["entry_name"]) == (2, "Lantern")
    await show.lab.work_off()
    roster = {row["name"]: row["submission_id"] for row in await show.producer.get_ok("/roster")}
    assert roster["Lantern"] == version["id"]
    assert await obstacle() == "promoted"
    assert (await seen())["promoted"]["version"] == 2
    decided = (await show.producer.get_ok(f"/training/runs/{run['id']}"))["decisions"]
    assert [(one["action"], one["by"]) for one in decided][-1] == ("promote", "Lantern")
    flagged = {flag["submission_id"] for flag in await show.producer.get_ok("/similarity-flags")}
    assert version["id"] not in flagged, "it is no copy of what nobody but producers sees"


async def test_a_candidate_that_knows_a_question_which_is_put_again_does_not_compete(loop: Loop) -> None:
    show, ada = loop.show, loop.show.contestants["Lantern"]
    run = await trained(loop)
    await show.lab.work_off()
    show.episode, show.version = await show.producer.post_ok("/episodes", {"title": "The second evening"}), 0
    await show.start_duel(prompt="Name a colour!")
    refused = await ada.refused("POST", f"/candidates/{run['id']}/promote")
    assert refused == (409, "preferences.outdated")
