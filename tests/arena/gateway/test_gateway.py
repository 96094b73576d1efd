"""The gateway through the official client: who may call what, streaming, quotas, moderation, the stage before it."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Any, TypeVar
from uuid import UUID

import openai
import pytest
import rfc8785
from sqlalchemy import text

from arena.pipeline import PIPELINE
from arena.shows.base_models import HOUSE_MODEL
from tests.arena.practice.test_practice import speaking
from tests.support.portal import Caller
from tests.support.show import Json, Show, send_files
from workers.control.work import wake
from workers.pool.fake import _Run as FakeRun

T = TypeVar("T")
ASKED: Any = [{"role": "user", "content": "Why does the gavel fall?"}]


@pytest.fixture
async def ada(show: Show) -> Caller:
    """Her entry “Lantern” has a version that is ready."""
    return show.contestants["Lantern"]


@pytest.fixture
async def client(show: Show, ada: Caller) -> AsyncIterator[openai.AsyncOpenAI]:
    async with await client_of(show, ada) as client:
        yield client


async def client_of(show: Show, person: Caller) -> openai.AsyncOpenAI:
    key = (await person.post_ok("/tokens", {"name": "sdk"}))["token"]
    return openai.AsyncOpenAI(api_key=key, base_url=f"{show.portal.url}/v1", max_retries=0, timeout=30)


async def work(show: Show) -> None:
    """A control worker, until it has nothing left to do."""
    while True:
        await show.portal.drain()
        await asyncio.sleep(0)


@contextmanager
def worker(show: Show) -> Iterator[None]:
    task = asyncio.create_task(work(show))
    try:
        yield
    finally:
        task.cancel()


async def answered(show: Show, request: Awaitable[T]) -> T:
    with worker(show):
        return await request


# --- called as any other OpenAI server ----------------------------------------------------------------------------


async def test_the_official_client_lists_what_its_owner_may_call(
    show: Show, client: openai.AsyncOpenAI
) -> None:
    await show.enter("Secret")
    models = [model async for model in client.models.list()]
    assert [(model.id, model.owned_by) for model in models] == [
        ("House", "house"),
        ("Lantern", "you"),
        ("Lantern:v1", "you"),
    ]


async def test_an_answer_is_the_one_that_a_duel_would_have_heard(
    show: Show, client: openai.AsyncOpenAI
) -> None:
    said = await answered(
        show, client.chat.completions.create(model="Lantern", messages=ASKED, seed=7, max_tokens=40)
    )
    (choice,) = said.choices
    assert (choice.message.role, choice.finish_reason) in (("assistant", "stop"), ("assistant", "length"))
    assert choice.message.content
    assert said.usage is not None
    assert said.usage.total_tokens == said.usage.prompt_tokens + said.usage.completion_tokens
    assert 0 < said.usage.completion_tokens <= 40
    again = await answered(
        show, client.chat.completions.create(model="lantern:V1", messages=ASKED, seed=7, max_tokens=40)
    )
    assert again.choices[0].message.content == choice.message.content, "same seed, same answer"
    house = await answered(
        show, client.chat.completions.create(model="House", messages=ASKED, seed=7, max_tokens=40)
    )
    assert house.choices[0].message.content != choice.message.content


async def test_it_streams_as_the_engine_speaks(
    show: Show, client: openai.AsyncOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first words arrive while the engine is still held in the middle of its answer."""
    heard, honest = threading.Event(), FakeRun.steps

    async def steps(self: FakeRun) -> AsyncIterator[Json]:
        words = 0
        async for choice in honest(self):
            yield choice
            words += 1
            if self._request.stream and words > 6:
                await asyncio.to_thread(heard.wait, 20)

    monkeypatch.setattr(FakeRun, "steps", steps)
    pieces, reasons, usage = list[str](), list[str](), None
    with worker(show):
        stream = await client.chat.completions.create(
            model="Lantern", messages=ASKED, stream=True, stream_options={"include_usage": True}
        )
        async for chunk in stream:
            usage = chunk.usage or usage
            for choice in chunk.choices:
                if choice.delta.content:
                    pieces.append(choice.delta.content)
                    heard.set()
                if choice.finish_reason:
                    reasons.append(choice.finish_reason)
    assert len(pieces) > 1, "in more than one piece"
    assert len(reasons) == 1
    assert usage is not None
    assert usage.completion_tokens > 0


async def test_a_conversation_and_a_system_message_reach_the_template_in_order(
    show: Show, client: openai.AsyncOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompts, honest = list[str](), show.agent.engine.complete

    async def listening(request):  # type: ignore[no-untyped-def]
        prompts.append(request.prompt)
        return await honest(request)

    monkeypatch.setattr(show.agent.engine, "complete", listening)
    messages: Any = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "One?"}]},
        {"role": "assistant", "content": "One."},
        {"role": "user", "content": "And {prompt} two?"},
    ]
    await answered(show, client.chat.completions.create(model="House", messages=messages))
    first = HOUSE_MODEL.render("One?", "Be brief.") + "One." + "\n\n"
    assert first + HOUSE_MODEL.render("And {prompt} two?") in prompts


async def test_each_answer_has_its_record(show: Show, ada: Caller, client: openai.AsyncOpenAI) -> None:
    raw = await answered(
        show, client.chat.completions.with_raw_response.create(model="Lantern", messages=ASKED, seed=3)
    )
    said = raw.parse()
    assert raw.headers["X-AI-Generated"] == "true"
    number = raw.headers["X-Gavel-Provenance"]
    assert said.id == f"chatcmpl-{number}"
    found = await ada.get_ok(f"/completions/{number}")
    document = found["record"]
    assert found["hash"] == sha256(rfc8785.dumps(document)).hexdigest()
    content = said.choices[0].message.content or ""
    assert document["text_sha256"] == sha256(content.encode()).hexdigest()
    assert (document["ai_generated"], document["seed"], document["version"]) == (True, 3, 1)
    assert len(document["adapter_digest"]) == 64
    assert "url" not in document["node"]
    bob = await show.portal.person("contestant", "Bob")
    assert await bob.refused("GET", f"/completions/{number}") == (404, "gateway.completion_not_found")


async def test_a_system_prompt_is_called_like_any_entry_and_takes_no_other(show: Show) -> None:
    ada = await show.portal.person("contestant", "Ada")
    entry = await ada.post_ok("/entries", {"name": "Keeper"})
    await send_files(ada, entry["id"], "prompt", {"prompt.txt": b"Answer like a lighthouse keeper."})
    await show.lab.work_off()
    async with await client_of(show, ada) as client:
        keeper = await answered(show, client.chat.completions.create(model="Keeper", messages=ASKED, seed=1))
        house = await answered(show, client.chat.completions.create(model="House", messages=ASKED, seed=1))
        assert keeper.choices[0].message.content != house.choices[0].message.content
        with pytest.raises(openai.UnprocessableEntityError) as refused:
            await client.chat.completions.create(
                model="Keeper", messages=[{"role": "system", "content": "Be loud."}, *ASKED]
            )
    assert refused.value.code == "gateway.messages"


# --- what is refused ----------------------------------------------------------------------------------------------


async def test_without_a_key_nothing_is_answered(show: Show) -> None:
    async with openai.AsyncOpenAI(
        api_key="gvt_wrong", base_url=f"{show.portal.url}/v1", max_retries=0
    ) as client:
        with pytest.raises(openai.AuthenticationError):
            await client.models.list()
        with pytest.raises(openai.AuthenticationError):
            await client.chat.completions.create(model="House", messages=ASKED)


async def test_another_s_entry_is_not_there(show: Show, client: openai.AsyncOpenAI) -> None:
    await show.enter("Secret")
    for name in ("Secret", "Lantern:v2", "base-internal", "gpt-4o", ""):
        with pytest.raises(openai.NotFoundError) as refused:
            await client.chat.completions.create(model=name, messages=ASKED)
        assert refused.value.code == "gateway.model_not_found"


REFUSED: dict[str, tuple[Json, str]] = {
    "engine-only field": ({"ignore_eos": True}, "request.invalid"),
    "grammar": ({"guided_regex": "a+"}, "request.invalid"),
    "logit bias": ({"logit_bias": {"1": 100}}, "request.invalid"),
    "several answers": ({"n": 3}, "request.invalid"),
    "cache salt": ({"cache_salt": "x"}, "request.invalid"),
    "tools": ({"tools": []}, "request.invalid"),
    "too hot": ({"temperature": 9}, "request.invalid"),
    "no messages": ({"messages": []}, "request.invalid"),
    "more stops than OpenAI takes": ({"stop": ["a", "b", "c", "d", "e"]}, "request.invalid"),
    "an empty stop": ({"stop": ""}, "request.invalid"),
    "unknown role": ({"messages": [{"role": "tool", "content": "x"}]}, "request.invalid"),
    "too many tokens": ({"max_tokens": 10_000}, "gateway.max_tokens"),
    "two in a row": ({"messages": [*ASKED, *ASKED]}, "gateway.messages"),
    "assistant last": ({"messages": [*ASKED, {"role": "assistant", "content": "x"}]}, "gateway.messages"),
    "only a system": ({"messages": [{"role": "system", "content": "x"}]}, "gateway.messages"),
    "an image": (
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]},
        "prompt.images",
    ),
    "a book": ({"messages": [{"role": "user", "content": "x" * 60_000}]}, "gateway.too_long"),
    "blocked": ({"messages": [{"role": "user", "content": "Say f u c k"}]}, "moderation.blocked"),
}


async def test_what_it_does_not_do_it_refuses_by_name(
    show: Show, ada: Caller, subtests: pytest.Subtests
) -> None:
    for case, (changes, code) in REFUSED.items():
        with subtests.test(case=case):
            body = {"model": "Lantern", "messages": ASKED, **changes}
            answer = await ada.post("/v1/chat/completions", json=body)
            assert (answer.status_code, answer.json()["error"]["code"]) == (422, code)
            async with show.portal.site.sessions() as session:
                assert (await session.execute(text("select count(*) from completions"))).scalar_one() == 0


async def test_a_megabyte_is_refused_before_it_is_read(ada: Caller) -> None:
    body = {"model": "Lantern", "messages": [{"role": "user", "content": "x" * (1 << 20)}]}
    answer = await ada.post("/v1/chat/completions", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "upload.too_large")


async def test_the_engine_s_no_to_a_text_that_is_too_long_is_told(
    show: Show, client: openai.AsyncOpenAI
) -> None:
    """Few characters may be many tokens: only the engine's tokenizer knows."""
    long: Any = [{"role": "user", "content": "字𠀀" * 1200}]
    with pytest.raises(openai.UnprocessableEntityError) as refused:
        await answered(show, client.chat.completions.create(model="House", messages=long))
    assert refused.value.code == "prompt.context"
    assert "context" in str(refused.value)


async def test_a_word_that_must_not_be_shown_ends_the_answer(
    show: Show, client: openai.AsyncOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    speaking(monkeypatch, "The gavel says f u c k and goes on and on.")
    said = await answered(show, client.chat.completions.create(model="Lantern", messages=ASKED))
    assert said.choices[0].finish_reason == "content_filter"
    assert "f u c k" not in (said.choices[0].message.content or "")


async def test_the_day_s_tokens_are_limited(
    show: Show, client: openai.AsyncOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("arena.gateway.service.TOKENS_PER_DAY", 1)
    await answered(show, client.chat.completions.create(model="Lantern", messages=ASKED))
    with pytest.raises(openai.RateLimitError) as refused:
        await client.chat.completions.create(model="Lantern", messages=ASKED)
    assert refused.value.code == "gateway.quota"


# --- never in the way of a duel -----------------------------------------------------------------------------------


async def test_one_at_a_time_and_whoever_hangs_up_frees_the_place(
    show: Show, ada: Caller, client: openai.AsyncOpenAI
) -> None:
    waiting = asyncio.create_task(client.chat.completions.create(model="Lantern", messages=ASKED))
    await until(show, "state = 'queued'")
    second = await ada.post("/v1/chat/completions", json={"model": "House", "messages": ASKED})
    assert (second.status_code, second.json()["error"]["code"]) == (409, "gateway.under_way")
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await until(show, "state = 'failed'")
    async with client.chat.completions.with_streaming_response.create(
        model="Lantern", messages=ASKED, stream=True
    ) as stream:
        assert stream.status_code == 200
        await until(show, "state = 'queued'")
    await until(show, "state = 'queued'", 0)


async def test_the_stage_goes_before(show: Show, client: openai.AsyncOpenAI) -> None:
    duel = await show.start_duel()
    waiting = asyncio.create_task(client.chat.completions.create(model="Lantern", messages=ASKED))
    await until(show, "state = 'queued'")
    await show.portal.relay()
    async with show.portal.site.sessions() as session:
        queued = await session.execute(text("select kind, id from jobs where state = 'queued'"))
        jobs: dict[str, UUID] = dict(queued.tuples().all())
    await wake(show.portal.site, PIPELINE, jobs["gateway.answer"])
    await until(show, "state = 'queued'")
    await wake(show.portal.site, PIPELINE, jobs["duels.run"])
    await show.portal.drain()
    assert (await show.duel(duel))["state"] == "answered"
    said = await answered(show, waiting)
    assert said.choices[0].message.content


async def test_a_busy_engine_is_said_with_the_time_to_come_back(
    show: Show, client: openai.AsyncOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("arena.gateway.routes.PATIENCE_SECONDS", 0.0)
    with pytest.raises(openai.InternalServerError) as refused:
        await client.chat.completions.create(model="Lantern", messages=ASKED)
    assert (refused.value.status_code, refused.value.code) == (503, "gateway.busy")
    assert refused.value.response.headers["Retry-After"] == "60"
    await until(show, "state = 'failed'")


async def until(show: Show, condition: str, count: int = 1) -> None:
    """Wait until so many completions are like this."""
    found = text(f"select count(*) from completions where {condition}")
    async with asyncio.timeout(20):
        while True:
            async with show.portal.site.sessions() as session:
                if (await session.execute(found)).scalar_one() == count:
                    return
