"""Images beside a prompt: refused by name where the base model reads text only; elsewhere asked, and recorded."""

from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from arena.shows.base_models import BASE_MODELS, HOUSE_MODEL
from tests.support.show import Json, Show
from workers.pool.drivers.vllm import VllmEngine
from workers.pool.fake import FakeEngine
from workers.pool.protocol import CompletionRequest, EngineReply, ImageData

PNG = b"\x89PNG\r\n\x1a\n" + b"one picture"
JPEG = b"\xff\xd8\xff\xe0" + b"another picture"


@pytest.fixture
def seeing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The house model as if it took images."""
    monkeypatch.setitem(BASE_MODELS, HOUSE_MODEL.id, replace(HOUSE_MODEL, takes_images=True))


async def put(show: Show, body: bytes) -> tuple[int, Json]:
    answer = await show.producer.post(f"/api/episodes/{show.episode_id}/images", content=body)
    return answer.status_code, answer.json()


async def kept(show: Show, body: bytes) -> str:
    status, answer = await put(show, body)
    assert (status, answer) == (201, {"digest": sha256(body).hexdigest()})
    return str(answer["digest"])


async def refused(show: Show, images: list[str]) -> tuple[int, str]:
    a, b = (show.entries[name]["entry_id"] for name in ("House", "Lantern"))
    body = show.command_body("start_duel", prompt="What is this?", entry_a=a, entry_b=b, images=images)
    return await show.producer.refused("POST", f"/episodes/{show.episode_id}/commands", body)


async def test_a_base_model_that_reads_text_only_takes_no_images(show: Show) -> None:
    status, answer = await put(show, PNG)
    assert (status, answer["error"]["code"]) == (422, "prompt.images")
    assert HOUSE_MODEL.id in answer["error"]["message"]
    assert answer["error"]["detail"] == {"field": "images", "base_model": HOUSE_MODEL.id}
    assert await refused(show, ["a" * 64]) == (422, "prompt.images")
    assert (await show.stage())["duel"] is None


@pytest.mark.usefixtures("seeing")
async def test_what_is_no_image_or_too_many_is_refused(show: Show) -> None:
    for body, status, code in (
        (b"GIF89a", 422, "prompt.image_type"),
        (b"", 422, "prompt.image_type"),
        (PNG + bytes(1_000_000), 413, "prompt.image_size"),
        (PNG + bytes(1_100_000), 413, "upload.too_large"),
    ):
        found, answer = await put(show, body)
        assert (found, answer["error"]["code"]) == (status, code)
    digest = await kept(show, PNG)
    assert await refused(show, [digest] * 5) == (422, "prompt.too_many_images")
    assert await refused(show, ["0" * 64]) == (422, "prompt.unknown_image")
    assert await refused(show, ["../../x"]) == (422, "request.invalid")
    visitor = show.portal.anybody()
    path = f"/episodes/{show.episode_id}/images"
    assert (await visitor.refused("POST", path, {})) == (401, "auth.required")


@pytest.mark.usefixtures("seeing")
async def test_both_sides_are_shown_the_same_images_in_every_turn_and_the_record_names_them(
    show: Show,
) -> None:
    engine = show.agent.engine
    assert isinstance(engine, FakeEngine)
    complete, asked = engine.complete, list[CompletionRequest]()

    async def heard(request: CompletionRequest) -> EngineReply:
        if request.stream:
            asked.append(request)
        return await complete(request)

    engine.complete = heard  # type: ignore[method-assign]
    digests = [await kept(show, PNG), await kept(show, JPEG)]
    assert digests[0] == await kept(show, PNG), "kept once"
    fields: dict[str, Any] = {"seed": 7, "kind": "follow_up", "follow_ups": ["And why?"]}
    duel = await show.answered(images=digests, **fields)
    shown = [[(image.media_type, image.body) for image in request.images] for request in asked]
    assert shown == [[("image/png", PNG), ("image/jpeg", JPEG)]] * 4
    await show.reveal()
    file = await show.portal.anybody().get_ok(f"/duels/{duel['id']}/answers/left.json")
    assert file["record"]["images"] == digests
    with_images = await show.duel(duel["id"])
    other = await show.answered(images=digests[:1], **fields)
    await show.reveal()
    assert by_name(with_images) != by_name(await show.duel(other["id"])), "the answer depends on what is seen"


def by_name(duel: Json) -> dict[str, str]:
    return {duel[side]["entry"]["name"]: duel[side]["text"] for side in ("left", "right")}


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeEngine]:
    engine = FakeEngine(tmp_path, 8)
    engine._voices["a"] = "voice"
    yield engine


async def test_the_fake_engine_answers_by_the_bytes_of_an_image(fake: FakeEngine) -> None:
    async def say(*bodies: bytes) -> bytes:
        images = [ImageData(media_type="image/png", body=body) for body in bodies]
        request = CompletionRequest(
            model="a", prompt="What is this?", temperature=0, max_tokens=40, images=images
        )
        # As it travels to a node.
        travelled = CompletionRequest.model_validate_json(
            CompletionRequest.model_validate(request).model_dump_json()
        )
        assert travelled.images == images
        reply = await fake.complete(travelled)
        body = b"".join([chunk async for chunk in reply.chunks])
        return body.split(b'"text": ')[1].split(b'"finish_reason"')[0]

    assert await say(PNG) == await say(PNG)
    assert len({await say(), await say(PNG), await say(PNG + b"!"), await say(PNG, JPEG)}) == 4


async def test_vllm_is_not_asked_about_images(tmp_path: Path) -> None:
    """There is no way yet that keeps the frozen template; without images the request is as it was."""
    request = CompletionRequest(model="a", prompt="?", images=[ImageData(media_type="image/png", body=PNG)])
    assert request.needs() == {"images": "images"}
    assert not VllmEngine.caps.images
    assert "images" not in CompletionRequest(model="a", prompt="?", images=[]).body()
