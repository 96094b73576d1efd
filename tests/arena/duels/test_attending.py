"""The attention of an answer: who asks for it, what the lab is told, and what of its word is taken."""

import hashlib
import json
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from arena.duels import attending, queries, service
from arena.duels.attention import ATTEND, WHOLE, AttentionContract
from arena.shows.base_models import HOUSE_MODEL
from tests.support.lab import LabJob
from tests.support.show import Json, Show


async def real(show: Show) -> None:
    """As if a real engine had answered: this one has no weights."""
    async with show.portal.site.sessions() as session, session.begin():
        await session.execute(text("update duels set node = jsonb_set(node, '{rehearsal}', 'false')"))


@pytest.fixture
async def duel(answered: Show) -> str:
    """Answered and revealed."""
    await answered.reveal()
    await answered.portal.drain()
    await real(answered)
    return str((await answered.stage())["duel"]["id"])


def path(duel: str, side: str = "left") -> str:
    return f"/duels/{duel}/answers/{side}/attention"


async def status(show: Show, duel: str) -> Json:
    """As a producer sees it."""
    found: Json = (await show.producer.get_ok(f"/duels/{duel}/trace"))["left"]["attention"]
    return found


async def asked(show: Show, duel: str) -> LabJob:
    """The producer has pressed the button, and a lab has taken the job."""
    await show.producer.post_ok(path(duel))
    job = await show.lab.take()
    assert job.kind == ATTEND
    return job


def made(contract: Json, **changes: Any) -> Json:
    """A map as a lab would make it: one token per character of the prompt behind the mark, each sees itself."""
    rendered, answer = contract["rendered"], len(contract["token_ids"])
    prompt = [(0, 0), *((place, place + 1) for place in range(len(rendered)))]
    count = len(prompt) + answer
    rows = {"sources": [[place] for place in range(count)], "weights": [[WHOLE]] * count}
    kinds = [kind == "sliding_attention" for kind in HOUSE_MODEL.config["layer_types"]]  # type: ignore[attr-defined]
    layers = [
        {"kind": "sliding" if near else "global", "window": 512 if near else None, **rows} for near in kinds
    ]
    rollout = {"kind": "rollout", "window": None, **rows}
    return {"prompt": prompt, "answer": answer, "layers": layers, "rollout": rollout} | changes


async def hand_in(job: LabJob, map: Json) -> int:
    """Returns the status with which the portal takes it."""
    file = json.dumps(map).encode()
    (await job.http.put(job.contract["put_url"], content=file)).raise_for_status()
    return (await job.complete({"sha256": hashlib.sha256(file).hexdigest()})).status_code


# --- who may ask ----------------------------------------------------------------------------------------------------


async def test_the_producer_asks_after_the_reveal(show: Show) -> None:
    duel = (await show.answered())["id"]
    assert await show.producer.refused("POST", path(duel)) == (403, "trace.not_revealed")
    assert await show.portal.anybody().refused("GET", path(duel)) == (403, "trace.not_revealed")
    await show.reveal()
    assert (await show.portal.anybody().refused("POST", path(duel)))[0] == 401
    assert (await show.contestants["Lantern"].refused("POST", path(duel)))[0] == 403
    assert await show.producer.refused("POST", path(duel)) == (409, "attention.rehearsal")
    await real(show)
    assert (await show.producer.post_ok(path(duel)))["state"] == "waiting"


async def test_what_was_taken_off_air_is_not_read_once_more(show: Show) -> None:
    duel = (await show.answered())["id"]
    await show.producer.post_ok(f"/duels/{duel}/program", {"action": "replace", "side": "left"})
    await show.reveal()
    await real(show)
    assert await show.producer.refused("POST", path(duel)) == (409, "attention.off_air")
    assert await show.portal.anybody().refused("GET", path(duel)) == (404, "attention.not_there")


# --- from the button to the page ------------------------------------------------------------------------------------


async def test_from_the_button_to_the_page(answered: Show, duel: str) -> None:
    assert (await status(answered, duel))["state"] == "none"
    assert await answered.portal.anybody().refused("GET", path(duel)) == (404, "attention.not_there")
    job = await asked(answered, duel)
    contract = AttentionContract.model_validate(job.contract)
    assert contract.rendered == HOUSE_MODEL.render("Why does the gavel fall?")
    await job.heartbeat(done=1, total=3, note="loading")
    now = await status(answered, duel)
    assert (now["state"], now["progress"]) == ("running", {"done": 1, "total": 3, "note": "loading"})
    again = await answered.producer.post_ok(path(duel))
    assert again["state"] == "running", "asked twice, done once"
    assert await hand_in(job, made(job.contract)) == 200
    assert (await status(answered, duel))["state"] == "done"
    found = await answered.portal.anybody().get_ok(path(duel))
    shown = (await answered.duel(duel))["left"]
    answer = found["tokens"][found["answer_from"] :]
    assert "".join(token["text"] for token in answer) == shown["text"]
    assert {token["kind"] for token in answer} == {"answer"}
    prompt = found["tokens"][: found["answer_from"]]
    assert prompt[0] == {"kind": "mark", "text": ""}
    said = "".join(token["text"] for token in prompt if token["kind"] == "prompt")
    assert said == "Why does the gavel fall?"
    assert [layer["kind"] for layer in found["layers"]].count("global") == 3
    assert (found["diagnostic"], found["cut"], len(found["layers"])) == (True, False, HOUSE_MODEL.layers)
    await answered.portal.relay()
    assert answered.portal.waker.lab_links == []


async def test_each_answer_has_its_own(answered: Show, duel: str) -> None:
    await asked(answered, duel)
    assert (await answered.portal.anybody().get_ok(f"/duels/{duel}/trace"))["right"]["attention"][
        "state"
    ] == "none"
    assert (await answered.producer.post_ok(path(duel, "right")))["state"] == "waiting"


async def test_a_failure_is_told_and_can_be_tried_again(answered: Show, duel: str) -> None:
    job = await asked(answered, duel)
    await job.fail("The prompt alone has more tokens than are looked at.", retry=False)
    now = await status(answered, duel)
    assert (now["state"], now["reason"]) == (
        "failed",
        "The prompt alone has more tokens than are looked at.",
    )
    job = await asked(answered, duel)
    assert await hand_in(job, made(job.contract)) == 200


async def test_the_stage_goes_first(answered: Show, duel: str) -> None:
    """While a duel is on its way, no lab begins; afterwards it does."""
    await answered.enter("Poet")
    running = await answered.start_duel("House", "Poet")
    await answered.producer.post_ok(path(duel))
    url = await answered.lab.next_url()
    answer = await answered.lab.http.post(f"{url}/claim")
    assert answer.status_code == 409
    assert "duel" in (await status(answered, duel))["reason"]
    await answered.portal.drain()
    assert (await answered.duel(running))["state"] == "answered"
    await answered.portal.sweep()
    assert (await answered.lab.take()).kind == ATTEND


async def test_it_waits_for_a_node_with_the_same_weights(answered: Show, duel: str) -> None:
    async with answered.portal.site.sessions() as session, session.begin():
        other = "update duels set node = jsonb_set(node, '{base_digest}', to_jsonb(repeat('1', 64)))"
        await session.execute(text(other))
    await answered.producer.post_ok(path(duel))
    answer = await answered.lab.http.post(f"{await answered.lab.next_url()}/claim")
    assert answer.status_code == 409
    assert "weights" in (await status(answered, duel))["reason"]


# --- what of the lab's word is taken --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "what", ["no layers", "a layer less", "ahead", "another answer", "out of the prompt"]
)
async def test_a_map_that_is_none_is_not_kept(answered: Show, duel: str, what: str) -> None:
    job = await asked(answered, duel)
    map = made(job.contract)
    if what == "no layers":
        map["layers"] = []
    elif what == "a layer less":
        map["layers"] = map["layers"][1:]
    elif what == "ahead":
        map["rollout"]["sources"] = [[1], *map["rollout"]["sources"][1:]]
    elif what == "another answer":
        map = made(job.contract | {"token_ids": job.contract["token_ids"][1:]})
    else:
        map["prompt"][-1] = (0, 10_000)
    assert await hand_in(job, map) == 422
    assert (await status(answered, duel))["state"] != "done"
    assert await answered.portal.anybody().refused("GET", path(duel)) == (404, "attention.not_there")


async def test_the_file_must_be_the_one_that_is_named(answered: Show, duel: str) -> None:
    job = await asked(answered, duel)
    (await job.http.put(job.contract["put_url"], content=b"{}")).raise_for_status()
    assert (await job.complete({"sha256": "0" * 64})).json()["error"]["code"] == "attention.other_file"


# --- the system prompt ----------------------------------------------------------------------------------------------


def test_a_system_prompt_s_tokens_are_labelled_and_not_shown() -> None:
    parts = attending.parts_of(HOUSE_MODEL, [], "Why {system}?", "Talk like {prompt} a cat.")
    rendered = "".join(words for _, words in parts)
    assert rendered == HOUSE_MODEL.render("Why {system}?", "Talk like {prompt} a cat.")
    start = rendered.index("Talk")
    shown = [
        attending._prompt_token(parts, *place)
        for place in ((0, 0), (0, 4), (start - 1, start + 2), (start, start + 4), (start + 22, start + 26))
    ]
    assert [one["kind"] for one in shown] == ["mark", "template", "system", "system", "system"]
    assert [one["text"] for one in shown[2:]] == ["", "", ""], (
        "nor one that begins before it or ends behind it"
    )
    asked = rendered.rindex("Why")
    assert attending._prompt_token(parts, asked, asked + 3) == {"kind": "prompt", "text": "Why"}


async def test_without_a_system_prompt_there_is_none(answered: Show, duel: str) -> None:
    async with answered.portal.site.sessions() as session:
        rows = await queries.answers(session, UUID(duel))
        found = await queries.duel(session, UUID(duel))
        base, parts = await attending._rendered(answered.portal.site, session, found, rows["left"])
    assert {kind for kind, _ in parts} == {"template", "prompt"}
    assert "".join(words for _, words in parts) == base.render("Why does the gavel fall?")


# --- of a conversation -------------------------------------------------------------------------------------------


async def debated(show: Show) -> str:
    await show.answered(kind="debate", turns=3)
    answered = (await show.producer.get_ok(f"/episodes/{show.episode_id}/duels"))[0]
    return str(answered["id"])


async def test_a_later_turn_is_read_as_the_engine_was_given_it(show: Show) -> None:
    duel_id = await debated(show)
    await show.reveal()
    await show.portal.drain()
    await real(show)
    site = show.portal.site
    for turn in (1, 2, 3):
        for side in ("left", "right"):
            await show.producer.post_ok(f"{path(duel_id, side)}?turn={turn}")
            job = await show.lab.take()
            async with site.sessions() as session:
                plan = await service.plan(site, session, UUID(duel_id), turn)
            assert job.contract["rendered"] == next(one.rendered for one in plan.sides if one.side == side)
    assert await show.producer.refused("POST", f"{path(duel_id)}?turn=4") == (404, "answer.no_turn")
    assert await show.portal.anybody().refused("GET", f"/duels/{duel_id}/trace?turn=4") == (
        404,
        "answer.no_turn",
    )


async def test_after_an_answer_behind_a_card_no_word_is_shown_that_comes_of_it(show: Show) -> None:
    """What goes on from withheld words is likely to hold them again."""
    duel_id = await debated(show)
    await show.producer.post_ok(f"/duels/{duel_id}/program", {"action": "replace", "side": "left", "turn": 1})
    await show.reveal()
    await show.portal.drain()
    await real(show)
    for side in ("left", "right"):
        refused = await show.producer.refused("POST", f"{path(duel_id, side)}?turn=2")
        assert refused == (409, "attention.off_air")
    trace = await show.portal.anybody().get_ok(f"/duels/{duel_id}/trace?turn=2")
    for side in ("left", "right"):
        steps = trace[side]["steps"]
        assert any(step["alternatives"] for step in steps)
        assert all(one["text"] is None for step in steps for one in step["alternatives"])
    assert (trace["turn"], trace["turns"]) == (2, 3)


async def test_why_a_lab_failed_is_for_producers(answered: Show, duel: str) -> None:
    job = await asked(answered, duel)
    await job.fail("Something of the lab's own.", retry=False)
    assert (await status(answered, duel))["reason"] == "Something of the lab's own."
    seen = (await answered.portal.anybody().get_ok(f"/duels/{duel}/trace"))["left"]["attention"]
    assert (seen["state"], seen["reason"]) == ("failed", None)
