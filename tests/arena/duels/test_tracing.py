"""What the audience may see of the words that were never said, through the door."""

import math

import pytest
from sqlalchemy import text

from arena.moderation import service as moderation
from tests.support.guard import MODEL, running_guard
from tests.support.show import Json, Show
from tests.support.wordlists import lines
from workers.pool import fake
from workers.pool.protocol import CompletionRequest, EngineReply

SIDES = ("left", "right")
BAD = "grumblewort"
DOUBTFUL = "mumbleweed"


async def trace(show: Show, duel: str) -> Json:
    found: Json = await show.portal.anybody().get_ok(f"/duels/{duel}/trace")
    return found


async def put(show: Show, duel: str, index: int, *words: str) -> None:
    """These were likely beside the token of both sides."""
    likely = ", ".join(f"['{word}', -2.5]".replace("'", '"') for word in words)
    statement = text(
        "update answer_tokens set likely = jsonb_build_array(likely -> 0) || cast(:likely as jsonb) "
        "where index = :index and answer_id in (select id from answers where duel_id = :duel)"
    )
    async with show.portal.site.sessions() as session, session.begin():
        await session.execute(statement, {"likely": f"[{likely}]", "index": index, "duel": duel})


async def revealed(show: Show) -> str:
    """Everything about what has been answered is out; returns the duel's id."""
    await show.reveal()
    return str((await show.stage())["duel"]["id"])


async def listed(show: Show, *terms: tuple[str, str]) -> None:
    await show.producer.post("/api/moderation/lists/evening/versions", content=lines(*terms))


def is_word(said: str) -> bool:
    return said.startswith(" ") and said.strip().isalpha()


def words(step: Json) -> list[str | None]:
    return [one["text"] for one in step["alternatives"]]


async def test_it_opens_with_the_reveal(answered: Show) -> None:
    duel = (await answered.stage())["duel"]
    path = f"/duels/{duel['id']}/trace"
    for who in (answered.portal.anybody(), answered.producer):
        assert await who.refused("GET", path) == (403, "trace.not_revealed")
    await answered.reveal()
    found = await trace(answered, duel["id"])
    assert [found[side]["entry"]["name"] for side in SIDES]
    unknown = path.replace(duel["id"], answered.episode_id)
    assert await answered.portal.anybody().refused("GET", unknown) == (404, "duel.not_found")


async def test_every_token_with_what_was_likely_beside_it(ready: Show, subtests: pytest.Subtests) -> None:
    for prompt in ("Why does the gavel fall?", "木槌为什么落下？"):
        await ready.answered(prompt=prompt, seed=3)
        with subtests.test(prompt=prompt):
            await each_token_is_told(ready, await revealed(ready))


async def each_token_is_told(show: Show, duel: str) -> None:
    found = await trace(show, duel)
    shown = await show.duel(duel)
    for side in SIDES:
        steps = found[side]["steps"]
        assert "".join(step["text"] for step in steps) == found[side]["text"] == shown[side]["text"]
        assert found[side]["ai_generated"] is True
        for step in steps:
            assert len(step["alternatives"]) == 5
            chances = [one["probability"] for one in step["alternatives"]]
            assert chances == sorted(chances, reverse=True)
            assert 0 < step["probability"] <= 1
            assert step["surprise"] == pytest.approx(-math.log2(step["probability"]))
            assert 0 <= step["entropy"] <= math.log2(6)
            assert 0 <= step["margin"] <= 1
            assert None not in words(step)
            assert step["text"] not in words(step)


async def test_a_listed_word_is_not_read_here_either(answered: Show) -> None:
    duel = await revealed(answered)
    await put(answered, duel, 1, f" {BAD}", f" {DOUBTFUL}", " harbour")
    found = await trace(answered, duel)
    assert words(found["left"]["steps"][1]) == [f" {BAD}", f" {DOUBTFUL}", " harbour"]
    await listed(answered, (BAD, "block"), (DOUBTFUL, "hold"))
    found = await trace(answered, duel)
    for side in SIDES:
        step = found[side]["steps"][1]
        assert words(step)[:2] == [None, None]
        assert [one["probability"] for one in step["alternatives"]] == [pytest.approx(math.exp(-2.5))] * 3


async def test_a_word_is_looked_at_in_its_place_in_the_answer(answered: Show) -> None:
    """Neither half is listed; what they make together is, with what was said before or comes behind."""
    duel = await revealed(answered)
    said = [step["text"] for step in (await trace(answered, duel))["left"]["steps"]]
    place = next(at for at in range(1, len(said)) if is_word(said[at - 1]) and is_word(said[at + 1]))
    before, behind = said[place - 1].strip(), said[place + 1].strip()
    await put(answered, duel, place, "wort", " mumble", " harbour")
    assert words((await trace(answered, duel))["left"]["steps"][place]) == ["wort", " mumble", " harbour"]
    await listed(answered, (f"{before}wort", "block"), (f"mumble {behind}", "hold"))
    assert words((await trace(answered, duel))["left"]["steps"][place]) == [None, None, " harbour"]


async def test_what_stood_in_the_answer_before_hides_no_word_beside_it(answered: Show) -> None:
    """A person has let it go on air; the alternatives elsewhere have nothing to do with it."""
    duel = await revealed(answered)
    said = (await trace(answered, duel))["left"]["steps"]
    place = next(at for at, step in enumerate(said) if is_word(step["text"]))
    await listed(answered, (said[place]["text"].strip(), "hold"))
    later = (await trace(answered, duel))["left"]["steps"][place + 3]
    assert words(later) == words(said[place + 3])
    assert None not in words(later)


async def test_marks_and_names_are_redacted_as_in_an_answer(
    answered: Show, subtests: pytest.Subtests
) -> None:
    duel = await revealed(answered)
    for word in ("ti\u200bde", "\u202egnol", " Lantern"):
        with subtests.test(word=word):
            await put(answered, duel, 2, word, " tide")
            assert words((await trace(answered, duel))["left"]["steps"][2]) == [None, " tide"]


async def test_of_what_was_taken_off_air_nothing_is_told(answered: Show) -> None:
    duel = (await answered.stage())["duel"]["id"]
    await answered.producer.post_ok(f"/duels/{duel}/program", {"action": "replace", "side": "left"})
    await answered.reveal()
    found = await trace(answered, duel)
    assert (found["left"]["off_air"], found["left"]["text"], found["left"]["steps"]) == ("replaced", "", [])
    assert found["right"]["steps"]


async def test_without_moderation_no_word_is_shown(answered: Show, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(_: object) -> None:
        raise RuntimeError("no engine")

    duel = await revealed(answered)
    monkeypatch.setattr(moderation, "current_engine", broken)
    for side in SIDES:
        for step in (await trace(answered, duel))[side]["steps"]:
            assert set(words(step)) == {None}
            assert step["entropy"] is not None


async def test_where_a_guard_judges_whole_texts_single_words_stay_unread(answered: Show) -> None:
    duel = await revealed(answered)
    with running_guard() as guard:
        answered.portal.site.settings.guard_url, answered.portal.site.settings.guard_model = guard.url, MODEL
        try:
            found = await trace(answered, duel)
        finally:
            answered.portal.site.settings.guard_url = None
    assert {word for step in found["left"]["steps"] for word in words(step)} == {None}


async def test_an_answer_of_an_earlier_release_has_none(answered: Show) -> None:
    duel = await revealed(answered)
    async with answered.portal.site.sessions() as session, session.begin():
        await session.execute(text("update answer_tokens set likely = null"))
    found = await trace(answered, duel)
    assert (found["left"]["steps"], bool(found["left"]["text"])) == ([], True)


async def test_tokens_that_cannot_be_placed_have_no_words_beside_them(answered: Show) -> None:
    duel = await revealed(answered)
    async with answered.portal.site.sessions() as session, session.begin():
        other = text("update answer_tokens set likely = jsonb_set(likely, '{0,0}', '\"?\"') where index = 2")
        await session.execute(other)
    found = await trace(answered, duel)
    steps = found["left"]["steps"]
    assert "".join(step["text"] for step in steps) == found["left"]["text"]
    assert {word for step in steps for word in words(step)} == {None}


async def test_only_duels_ask_for_alternatives(ready: Show, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int | None] = []
    complete = fake.FakeEngine.complete

    async def note(self: fake.FakeEngine, request: CompletionRequest) -> EngineReply:
        if request.stream:
            asked.append(request.logprobs)
        return await complete(self, request)

    monkeypatch.setattr(fake.FakeEngine, "complete", note)
    await ready.answered()
    assert asked == [5, 5]
    asked.clear()
    contestant = ready.contestants["Lantern"]
    (entry,) = await contestant.get_ok("/entries")
    version = entry["submissions"][0]["id"]
    await contestant.post_ok(f"/submissions/{version}/practice", {"prompt": "Hello?"})
    await ready.portal.drain()
    assert asked == [None, None]
