"""Duels of several turns: who is given what, what is recorded of it, and what cannot be asked for."""

import asyncio
import copy
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from arena.duels import queries
from arena.duels.contracts import OTHER, SIDES, SideName
from arena.duels.turns import MAX_TURNS, Course, check_fits, course, text_digest
from arena.duels.verify import check_file, field_digests, record_hash
from arena.kit.errors import Invalid
from arena.live.states import Channel, read
from arena.shows.base_models import HOUSE_MODEL
from arena.shows.rules import Frames
from arena.submissions.safetensors import engine_name
from tests.support.live import page
from tests.support.show import Json, Show, send_files
from tests.support.wordlists import lines
from workers.control.program import keep_program
from workers.pool import fake
from workers.pool.fake import FakeEngine
from workers.pool.protocol import CompletionRequest, EngineReply

PROMPTS = ["What is a gavel for?", "Say it shorter.", "Now as a song."]
FOLLOW_UP: Json = {"kind": "follow_up", "prompt": PROMPTS[0], "follow_ups": PROMPTS[1:]}
DEBATE: Json = {"kind": "debate", "prompt": "Is rain good news?", "turns": 3}
FRAMES = (Frames().zh, Frames().en)


def listen(show: Show) -> list[CompletionRequest]:
    """What the engine is asked on stage from now on."""
    asked: list[CompletionRequest] = []
    engine = show.agent.engine
    assert isinstance(engine, FakeEngine)
    complete = engine.complete

    async def heard(request: CompletionRequest) -> EngineReply:
        if request.stream:
            asked.append(request)
        return await complete(request)

    engine.complete = heard  # type: ignore[method-assign]
    return asked


def turns_of(duel: Json) -> list[Json]:
    return [*duel["earlier"], duel]


def said(duel: Json, side: SideName) -> list[str]:
    return [turn[side]["text"] for turn in turns_of(duel)]


async def revealed(show: Show, **fields: Any) -> Json:
    """As everybody sees the duel in the end, nothing redacted."""
    duel = await show.answered(**fields)
    await show.reveal()
    return await show.duel(duel["id"])


def prompts_of(show: Show, duel: Json, side: SideName, asked: list[CompletionRequest]) -> list[object]:
    digest = show.entries[duel[side]["entry"]["name"]]["digest"]
    return [request.prompt for request in asked if request.model == engine_name(digest)]


# --- who is given what -------------------------------------------------------------------------------------------


async def test_with_follow_ups_each_side_goes_on_with_its_own_conversation(show: Show) -> None:
    asked = listen(show)
    duel = await revealed(show, **FOLLOW_UP, seed=7)
    assert (duel["kind"], duel["turns"], duel["turn"], duel["state"]) == ("follow_up", 3, 3, "answered")
    assert [turn.get("asked", turn["prompt"]) for turn in turns_of(duel)] == PROMPTS
    assert duel["prompt"] == PROMPTS[0]
    for side in SIDES:
        own = said(duel, side)
        assert all(own)
        assert prompts_of(show, duel, side, asked) == [
            HOUSE_MODEL.render_turns(list(zip(PROMPTS[:turn], own, strict=False)), PROMPTS[turn])
            for turn in range(3)
        ]
    assert {(one.seed, one.max_tokens, one.temperature, one.top_p) for one in asked} == {(7, 120, 0.7, 0.9)}


async def test_in_a_debate_each_side_is_given_what_the_other_has_said(show: Show) -> None:
    asked = listen(show)
    duel = await revealed(show, **DEBATE)
    assert (duel["kind"], duel["turns"], duel["asked"]) == ("debate", 3, DEBATE["prompt"])
    for side in SIDES:
        own, other = said(duel, side), said(duel, OTHER[side])
        given = [DEBATE["prompt"], *(Frames().en.replace("{answer}", text.strip()) for text in other)]
        assert prompts_of(show, duel, side, asked) == [
            HOUSE_MODEL.render_turns(list(zip(given[:turn], own, strict=False)), given[turn])
            for turn in range(3)
        ]


async def test_both_sides_of_a_turn_are_asked_before_anybody_is_asked_the_next(show: Show) -> None:
    asked = listen(show)
    await show.answered(**DEBATE)
    models = [request.model for request in asked]
    assert [len(set(models[turn : turn + 2])) for turn in (0, 2, 4)] == [2, 2, 2]
    assert len(models) == 6


async def test_the_frame_is_in_the_language_of_the_topic(show: Show) -> None:
    asked = listen(show)
    await show.answered(**DEBATE | {"prompt": "下雨是好消息吗？", "turns": 2})
    assert all("对方说：“" in str(request.prompt) for request in asked[2:])


async def test_a_system_prompt_stands_before_the_first_turn_only(show: Show) -> None:
    ada = await show.portal.person("contestant", "Ada")
    entry = await ada.post_ok("/entries", {"name": "Keeper"})
    await send_files(ada, entry["id"], "prompt", {"prompt.txt": b"Answer like a lighthouse keeper."})
    await show.lab.work_off()
    show.entries = {row["name"]: row for row in await show.producer.get_ok("/roster")}
    asked = listen(show)
    await revealed(show, left="Lantern", right="Keeper", **FOLLOW_UP)
    told = [str(request.prompt) for request in asked if "### System:" in str(request.prompt)]
    assert len(told) == 3
    assert all(prompt.count("lighthouse keeper") == 1 and prompt.startswith("### System:") for prompt in told)
    file = await show.portal.anybody().get_ok(f"/episodes/{show.episode_id}/provenance.json")
    assert problems(file) == {}


async def test_a_plain_duel_is_one_turn(show: Show) -> None:
    duel = await show.answered()
    assert (duel["kind"], duel["turns"], duel["turn"], duel["earlier"]) == ("single", 1, 1, [])
    assert duel["asked"] == duel["prompt"]


@given(
    st.sampled_from(["follow_up", "debate"]),
    st.integers(2, MAX_TURNS),
    st.lists(st.text(max_size=20), min_size=MAX_TURNS, max_size=MAX_TURNS),
    st.lists(st.text(max_size=20), min_size=MAX_TURNS, max_size=MAX_TURNS),
)
def test_a_conversation_holds_what_was_said_and_its_record_the_digests(
    kind: Any, turns: int, own: list[str], other: list[str]
) -> None:
    prompts = ["Why {prompt}?", *(f"And {number}?" for number in range(2, turns + 1))]
    plan = Course(kind, prompts[:1] if kind == "debate" else prompts, turns, FRAMES[1])
    rendered = plan.rendered(HOUSE_MODEL, turns, own, other, None)
    for words in own[: turns - 1]:
        assert words in rendered
    messages = list(plan.messages(turns, own, other))
    assert [message.role for message in messages] == (["user", "assistant"] * turns)[:-1]
    digests = [message.answer_sha256 for message in messages]
    assert digests[1::2] == [text_digest(text) for text in own[: turns - 1]]
    if kind == "debate":
        assert digests[2::2] == [text_digest(text) for text in other[: turns - 1]]
        assert all(words.strip() in rendered for words in other[: turns - 1])
    # Nothing follows from what is said later.
    later = [*own[: turns - 1], *["later"] * 6], [*other[: turns - 1], *["later"] * 6]
    assert plan.rendered(HOUSE_MODEL, turns, *later, None) == rendered


# --- what cannot be asked for ------------------------------------------------------------------------------------


IMPOSSIBLE: list[tuple[Json, str, str]] = [
    ({"kind": "follow_up"}, "duel.turns", "turns"),
    ({"kind": "follow_up", "follow_ups": ["And?"] * 6}, "duel.turns", "turns"),
    ({"kind": "follow_up", "follow_ups": ["And?"], "turns": 3}, "duel.turns", "turns"),
    ({"kind": "debate"}, "duel.turns", "turns"),
    ({"kind": "debate", "turns": 1}, "duel.turns", "turns"),
    ({"kind": "debate", "turns": 7}, "duel.turns", "turns"),
    ({"kind": "debate", "turns": 2, "follow_ups": ["And?"]}, "duel.turns", "turns"),
    ({"follow_ups": ["And?"]}, "duel.turns", "turns"),
    ({"turns": 2}, "duel.turns", "turns"),
    ({"kind": "follow_up", "follow_ups": ["And?", ""]}, "prompt.empty", "follow_ups.1"),
    ({"kind": "follow_up", "follow_ups": ["And?" * 200]}, "prompt.too_long", "follow_ups.0"),
    ({"kind": "debate", "turns": 6}, "duel.too_long", "turns"),
    ({"kind": "follow_up", "follow_ups": ["雨" * 500] * 2}, "duel.too_long", "turns"),
]


async def test_turns_that_cannot_be_are_refused_by_name(show: Show, subtests: pytest.Subtests) -> None:
    a, b = (show.entries[name]["entry_id"] for name in ("House", "Lantern"))
    for fields, code, field in IMPOSSIBLE:
        with subtests.test(fields=fields):
            body = show.command_body("start_duel", **{"prompt": "Why?", "entry_a": a, "entry_b": b} | fields)
            answer = await show.producer.post(f"/api/episodes/{show.episode_id}/commands", json=body)
            error = answer.json()["error"]
            assert (answer.status_code, error["code"], error["detail"]["field"]) == (422, code, field)
            if code == "duel.too_long":
                detail = error["detail"]
                assert detail["needed"] > detail["context"] == HOUSE_MODEL.context
                assert str(detail["needed"]) in error["message"]
            assert (await show.stage())["duel"] is None


async def test_each_prompt_is_read_by_moderation(show: Show) -> None:
    await show.producer.post(
        "/api/moderation/lists/evening/versions", content=lines(("grumblewort", "block"))
    )
    a, b = (show.entries[name]["entry_id"] for name in ("House", "Lantern"))
    fields = FOLLOW_UP | {"follow_ups": ["And the grumblewort?"]}
    body = show.command_body("start_duel", **fields, entry_a=a, entry_b=b)
    refusal = await show.producer.refused("POST", f"/episodes/{show.episode_id}/commands", body)
    assert refusal == (422, "moderation.blocked")


def test_what_fits_is_not_refused() -> None:
    """The house reads 1,024 tokens: with answers of 120, a debate of four turns."""
    for turns, fits in ((4, True), (5, False)):
        debate = course("debate", "Is rain good news?", [], turns, FRAMES)
        if fits:
            check_fits(debate, HOUSE_MODEL, 120, [None])
        else:
            with pytest.raises(Invalid, match="reads 1024"):
                check_fits(debate, HOUSE_MODEL, 120, [None])
    six = course("follow_up", PROMPTS[0], PROMPTS[1:] * 2 + ["Once more."], None, FRAMES)
    check_fits(six, HOUSE_MODEL, 120, [None])
    with pytest.raises(Invalid, match="reads 1024"):
        check_fits(six, HOUSE_MODEL, 120, [None, "You are a lighthouse keeper. " * 40])


async def test_a_conversation_that_the_engine_finds_too_long_is_nobodys_fault(
    show: Show, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the engine can count tokens: the duel is void at once, as another engine would say the same."""
    monkeypatch.setattr(fake, "CONTEXT", 400)
    duel_id = await show.start_duel(**DEBATE)
    await show.portal.drain()
    duel = await show.producer.get_ok(f"/duels/{duel_id}")
    (attempt,) = await show.producer.get_ok(f"/duels/{duel_id}/attempts")
    assert (duel["state"], duel["forfeit"]) == ("failed", None)
    assert "too_long" in (attempt["left"], attempt["right"])
    assert "turn 2: " in attempt["reason"]
    assert "context of 400 tokens" in duel["reason"]


async def test_a_fault_in_a_later_turn_fails_the_attempt_and_all_of_it_is_tried_again(show: Show) -> None:
    engine = show.agent.engine
    assert isinstance(engine, FakeEngine)
    complete, asked = engine.complete, listen(show)
    heard = engine.complete

    async def breaking(request: CompletionRequest) -> EngineReply:
        engine.faults = {request.model: "error"} if request.stream and len(asked) == 2 else {}
        return await heard(request)

    engine.complete = breaking  # type: ignore[method-assign]
    duel_id = await show.start_duel(**DEBATE, seed=7)
    await show.portal.drain()
    seen = await show.stage()
    assert seen["duel"]["state"] == "queued"
    assert (seen["duel"]["turn"], seen["duel"]["left"]["text"]) == (1, "")
    await show.time_passes(60)
    await show.portal.sweep()
    await show.portal.drain()
    first, second = await show.producer.get_ok(f"/duels/{duel_id}/attempts")
    assert "turn 2: " in first["reason"]
    assert "engine_error" in (first["left"], first["right"])
    assert (second["left"], second["right"]) == ("answered", "answered")
    engine.complete = complete  # type: ignore[method-assign]
    assert (await show.duel(duel_id))["state"] == "answered"
    again = {(request.model, str(request.prompt)) for request in asked[4:6]}
    assert again == {(request.model, str(request.prompt)) for request in asked[:2]}, "from the first turn on"


# --- the record --------------------------------------------------------------------------------------------------


def problems(file: Json, expected: str | None = None) -> dict[str, str]:
    return {check.name: check.problem for check in check_file(file, expected) if check.problem is not None}


async def chain(show: Show) -> Json:
    found: Json = await show.portal.anybody().get_ok(f"/episodes/{show.episode_id}/provenance.json")
    return found


async def test_every_answer_has_its_record_by_turn_and_side(show: Show) -> None:
    duel = await revealed(show, **DEBATE)
    file = await chain(show)
    assert problems(file) == {}
    records = [entry["record"] for entry in file["answers"]]
    order = [(turn, side) for turn in (1, 2, 3) for side in SIDES]
    assert [(record["turn"], record["side"]) for record in records] == order
    texts = {(one["record"]["turn"], one["record"]["side"]): one["text"] for one in file["answers"]}
    for record in records:
        turn, side = record["turn"], record["side"]
        digests = [message["answer_sha256"] for message in record["messages"]]
        assert digests[1::2] == [text_digest(texts[n, side]) for n in range(1, turn)]
        assert digests[2::2] == [text_digest(texts[n, OTHER[side]]) for n in range(1, turn)]
        assert all(words not in str(record) for words in texts.values()), (
            "no words of an answer are in a record"
        )
    visitor = show.portal.anybody()
    one = await visitor.get(f"/api/duels/{duel['id']}/answers/left.json?turn=2")
    assert one.headers["content-disposition"] == 'attachment; filename="duel-1-turn-2-left.json"'
    assert one.json() == file["answers"][2]
    assert problems(one.json()) == {}
    path = f"/duels/{duel['id']}/answers/left.json?turn="
    assert await visitor.refused("GET", f"{path}4") == (404, "answer.no_turn")
    for nonsense in ("0", "7", "99999999999999"):
        assert await visitor.refused("GET", path + nonsense) == (422, "request.invalid")


async def test_whoever_says_that_a_side_was_given_other_words_is_found_out(show: Show) -> None:
    """Even with all hashes made anew."""
    duel = await revealed(show, **DEBATE, seed=7)
    assert len(set(said(duel, "left"))) == 3, (
        "with this seed the fake engine says something else in each turn"
    )
    file = await chain(show)

    def mended(place: int, change: Json) -> Json:
        other: Json = copy.deepcopy(file)
        for number, entry in enumerate(other["answers"]):
            if number == place:
                entry["record"] |= change
            if number > 0:
                entry["previous"] = entry["record"]["previous"] = other["answers"][number - 1]["hash"]
            entry["digests"] = field_digests(entry["record"])
            entry["hash"] = record_hash(entry["record"])
        return other

    assert problems(mended(0, {})) == {}
    last = file["answers"][5]["record"]
    quoting = copy.deepcopy(last["messages"])
    quoting[4]["answer_sha256"] = last["messages"][2]["answer_sha256"]
    told = problems(mended(5, {"messages": quoting}))
    assert told == {"conversations": "answer 6: record.messages.4 is not what the left side said in turn 2"}
    told = problems(mended(5, {"rendered_sha256": "0" * 64}))
    assert told == {"conversations": "answer 6: record.messages: not what record.rendered_sha256 says"}
    framed = copy.deepcopy(last["messages"])
    framed[2]["text"] = "Your opponent is a fool and said: “{answer}”"
    assert "rendered_sha256" in problems(mended(5, {"messages": framed}))["conversations"]
    unquoted = copy.deepcopy(last["messages"])
    unquoted[2] = {"role": "user", "text": "Go on.", "answer_sha256": None}
    assert "record.messages.2" in problems(mended(5, {"messages": unquoted}))["messages"]
    assert "messages" in problems(mended(5, {"turn": 2}))
    assert "messages" in problems(mended(5, {"turns": 2}))


async def test_a_dumped_duel_is_not_asked_on(show: Show) -> None:
    """The producer can start another one as soon as the turn under way has ended."""
    asked = listen(show)
    duel_id = await show.start_duel(**DEBATE)
    answering = asyncio.create_task(show.portal.drain())
    while len(asked) < 2:  # noqa: ASYNC110 - the engine has no bell for tests
        await asyncio.sleep(0)
    await show.producer.post_ok(f"/duels/{duel_id}/program", {"action": "dump"})
    await answering
    assert len(asked) == 2, "both sides of the first turn"
    assert (await show.duel(duel_id))["state"] == "answered"
    await show.start_duel(**DEBATE)


async def test_a_withheld_answer_is_quoted_by_its_digest_alone(show: Show) -> None:
    duel_id = await show.start_duel(
        seed=7, **DEBATE
    )  # with another seed, another answer may say the same by chance
    await show.portal.drain()
    raw = said(await show.duel(duel_id), "left")[0]
    body = {"action": "replace", "side": "left", "turn": 1}
    await show.producer.post_ok(f"/duels/{duel_id}/program", body)
    await show.reveal()
    file = await chain(show)
    assert problems(file) == {}
    assert file["answers"][0]["withheld"]
    assert not any(entry["withheld"] for entry in file["answers"][1:])
    assert raw not in str(file)
    assert file["answers"][3]["record"]["messages"][2]["answer_sha256"] == text_digest(
        await _text(show, duel_id)
    )


async def _text(show: Show, duel_id: str) -> str:
    async with show.portal.site.sessions() as session:
        return (await queries.answers(session, UUID(duel_id)))["left"].text


# --- the pages ---------------------------------------------------------------------------------------------------


async def test_a_debate_arrives_in_patches_and_votes_are_on_all_of_it(show: Show) -> None:
    await show.answered()
    await show.reveal()
    portal = show.portal
    async with page(portal, show.producer) as opened:
        channels = [f"{kind}:{show.episode_id}" for kind in ("stage", "desk", "program")]
        for channel in channels:
            await opened.open(channel)

        async def agree() -> None:
            await portal.relay()
            for channel, seen in opened.channels.items():
                async with portal.site.sessions() as session:
                    wanted = (await read(session, Channel.parse(channel))).model_dump(mode="json")
                while seen.state != wanted:
                    await opened.receive()
                assert seen.kinds.count("snap") == 1, f"{channel} needed another snapshot"

        await show.start_duel(**DEBATE)
        await agree()
        await portal.work()
        await agree()
        # The longest answer ends before the next turn begins, so that each turn is on air by itself.
        spread = """update answer_tokens set recorded_at = recorded_at
                    + make_interval(secs => answers.turn * 5 + answer_tokens.index * 0.02)
                    from answers where answers.id = answer_tokens.answer_id"""
        async with portal.site.sessions() as session, session.begin():
            await session.execute(text(spread))
        turns = set()
        for _ in range(12):
            await show.time_passes(2)
            await keep_program(portal.site)
            # Time that is moved by hand tells nobody, and the next look without a word is seconds away.
            await portal.site.bus.touch(channels)
            await agree()
            turns.add(opened[channels[0]].state["duel"]["turn"])
        await portal.air()
        await portal.site.bus.touch(channels)
        await agree()
        stage = opened[channels[0]].state["duel"]
        assert (stage["state"], stage["turn"], len(stage["earlier"])) == ("answered", 3, 2)
        ballot = await show.open_vote()
        await agree()
        phone = await portal.phone()
        await phone.post_ok(f"/ballots/{ballot}/votes", {"choice": "left", "n": 1})
        await show.command("lock_vote")
        await show.command("reveal")
        await agree()
        assert opened[channels[0]].state["result"]["crowd"]["left"] == 1
    assert turns == {1, 2, 3}
