"""The program buffer on a running site: moderation, the hold, the hands of moderators, and what everybody else sees."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from arena.duels import program_service, queries
from arena.duels import service as duels
from arena.duels.contracts import SIDES, SideName, Token
from arena.duels.models import ProgramDecision
from arena.moderation import service as moderation
from arena.nodes.public import LeasedNode
from tests.support.guard import MODEL, FakeGuard, running_guard
from tests.support.live import page
from tests.support.portal import Caller
from tests.support.show import Json, Show
from tests.support.wordlists import lines
from workers.control.program import keep_program

HOLD = 7
BAD = "grumblewort"
DOUBTFUL = "mumbleweed"
SOME = "Rain falls on the lamp and the lamp counts every drop until the morning comes. "


NODE = LeasedNode(
    node_id=UUID(int=1),
    url="http://engine",
    engine_build="fake",
    system_fingerprint=None,
    base_digest="b" * 64,
    template_digest="t" * 64,
    hardware_class="test",
)


@dataclass
class Stage:
    """A duel whose models say what the test puts into their mouths."""

    show: Show
    duel: str
    moderator: Caller
    said: dict[tuple[int, str], int] = field(default_factory=lambda: defaultdict(int))

    @classmethod
    async def begin(cls, show: Show, **fields: Any) -> "Stage":
        terms = lines((BAD, "block"), (DOUBTFUL, "hold"))
        await show.producer.post("/api/moderation/lists/evening/versions", content=terms)
        moderator = await show.portal.person("moderator", "Mo")
        duel = await show.start_duel(**fields)
        async with show.portal.site.sessions() as session, session.begin():
            await duels.live(session, UUID(duel), NODE)
        return cls(show, duel, moderator)

    async def say(self, words: str, *sides: SideName, turn: int = 1) -> None:
        """Word by word, as one token each; both sides when none is named."""
        tokens = [Token(token_id=1, text=word, at_us=1) for word in words.split(" ")]
        spaced = [token.model_copy(update={"text": f"{token.text} "}) for token in tokens]
        async with self.show.portal.site.sessions() as session, session.begin():
            rows = await queries.answers(session, self._id, turn)
            for side in sides or ("left", "right"):
                await duels.add_tokens(session, rows[side].id, self.said[turn, side], spaced)
                self.said[turn, side] += len(spaced)

    async def end(self, *sides: SideName, turn: int = 1) -> None:
        async with self.show.portal.site.sessions() as session, session.begin():
            rows = await queries.answers(session, self._id, turn)
            for side in sides or ("left", "right"):
                await duels.finish_side(session, rows[side].id, "stop")
            if not sides:
                await duels.end_turn(session, self._id, turn)
            if not sides and turn == (await queries.duel(session, self._id)).turns:
                await duels.answered(session, self._id, {"left": "f", "right": "f"})

    @property
    def _id(self) -> UUID:
        return UUID(self.duel)

    async def look(self, after: float = 0) -> Json:
        """The program's clock looks after so many seconds; returns what anybody sees then."""
        await self.show.time_passes(after)
        await keep_program(self.show.portal.site)
        return await self.show.duel(self.duel)

    async def steer(
        self, action: str, side: str | None = None, by: Caller | None = None, turn: int | None = None
    ) -> None:
        body = {"action": action, "side": side, "turn": turn}
        await (by or self.moderator).post_ok(f"/duels/{self.duel}/program", body)

    async def refused(self, action: str, side: str | None = None, turn: int | None = None) -> tuple[int, str]:
        body = {"action": action, "side": side, "turn": turn}
        return await self.moderator.refused("POST", f"/duels/{self.duel}/program", body)

    async def preview(self) -> Json:
        state: Json = (await self.moderator.get_ok(f"/live/program:{self.show.episode_id}"))["state"]
        return dict(state["duel"])


@pytest.fixture
async def stage(show: Show) -> Stage:
    return await Stage.begin(show)


def both(seen: Json, name: str) -> list[Any]:
    return [seen[side][name] for side in ("left", "right")]


# --- the hold -------------------------------------------------------------------------------------------------------


async def test_an_answer_is_on_air_when_its_hold_is_over_and_not_before(stage: Stage) -> None:
    async with stage.show.portal.site.sessions() as session, session.begin():
        await session.execute(text("update seasons set rules = jsonb_set(rules, '{hold_seconds}', '30')"))
    await stage.say(SOME * 2)
    await stage.end()
    seen = await stage.look()
    assert both(seen, "text") == ["", ""]
    assert both(seen, "tokens") == [0, 0]
    assert seen["state"] == "live", "nobody can see that the models have finished"
    seen = await stage.look(HOLD)
    assert both(seen, "text") == ["", ""]
    seen = await stage.look(30)
    assert seen["state"] == "answered"
    assert [words.strip() for words in both(seen, "text")] == [(SOME * 2).strip()] * 2
    assert both(seen, "finished") == [True, True]
    assert seen["left"]["finish_reason"] == "stop"


async def test_the_season_says_how_long(show: Show) -> None:
    assert (await show.portal.anybody().get_ok("/seasons/current"))["hold_seconds"] == HOLD


async def test_the_faster_side_waits_for_the_slower_one(stage: Stage) -> None:
    await stage.say(SOME * 3, "left")
    await stage.say(SOME, "right")
    seen = await stage.look(HOLD)
    assert seen["left"]["tokens"] == seen["right"]["tokens"]
    await stage.end("left")
    assert both(await stage.look(), "finished") == [False, False], "not even that it has ended"


async def test_the_vote_opens_when_everything_is_on_air(stage: Stage) -> None:
    show = stage.show
    await stage.say(SOME)
    await stage.end()
    body = show.command_body("open_vote", seconds=60)
    path = f"/episodes/{show.episode_id}/commands"
    assert await show.producer.refused("POST", path, body) == (409, "program.not_over")
    await stage.look(HOLD)
    await show.open_vote()


async def test_it_is_over_when_nothing_is_left_on_air_and_on_the_engine(stage: Stage) -> None:
    await stage.say(SOME)
    await stage.steer("replace", "left")
    await stage.end("right")
    await stage.look(HOLD)
    assert not (await stage.preview())["over"], "left is off air, and its model still speaks"
    await stage.end()
    await stage.look(HOLD)
    assert (await stage.preview())["over"]
    await stage.show.open_vote()


# --- moderation -----------------------------------------------------------------------------------------------------


async def test_a_blocked_answer_is_replaced_by_a_card_and_the_other_goes_on(stage: Stage) -> None:
    show = stage.show
    await stage.say(SOME)
    await stage.say(BAD, "left")
    await stage.say(SOME)
    await stage.end()
    seen = await stage.look(HOLD)
    assert (seen["left"]["text"], seen["left"]["off_air"], seen["left"]["finished"]) == ("", "replaced", True)
    assert seen["right"]["text"].count("Rain falls") == 2
    preview = await stage.preview()
    (decision,) = preview["decisions"]
    assert (decision["side"], decision["action"], decision["by"]) == ("left", "replace", None)
    assert decision["category"] == "tests"
    assert BAD in preview["left"]["text"], "who decides can read what it was"
    (record,) = await show.producer.get_ok("/moderation/records?source=duel.answer")
    assert (record["action"], record["subject"]) == ("block", str((await _answers(stage))["left"].id))
    await show.open_vote()
    await show.command("lock_vote")
    await show.command("reveal")
    files = [await show.portal.anybody().get_ok(f"/duels/{stage.duel}/answers/{side}.json") for side in SIDES]
    assert [file["text"] is None for file in files] == [True, False], "not out through the record either"
    assert [file["withheld"] for file in files] == [True, False]
    (decided,) = files[0]["record"]["moderation"]
    assert (decided["by"], decided["category"]) == ("moderation", "tests")
    assert (await show.duel(stage.duel))["left"]["text"] == ""


async def test_a_listed_word_is_never_half_on_air(stage: Stage) -> None:
    """Its first half came early, the rest after a long silence."""
    await stage.say(SOME + "grumble", "left")
    await stage.say(SOME + SOME, "right")
    seen = await stage.look(10 * HOLD)
    assert "grumble" not in seen["left"]["text"]
    await stage.say("wort", "left")
    seen = await stage.look(10 * HOLD)
    assert "grumble" not in seen["left"]["text"]


async def test_a_doubt_waits_for_a_person_who_releases_it_once_and_for_all(stage: Stage) -> None:
    await stage.say(SOME + DOUBTFUL + " " + SOME, "left")
    await stage.say(SOME * 2, "right")
    await stage.look()
    assert (await stage.preview())["left"]["air"] == "held"
    seen = await stage.look(HOLD)
    assert seen["left"]["text"].strip() == SOME.strip(), "up to the doubt, and no further"
    assert seen["right"]["tokens"] <= seen["left"]["tokens"] + 1, "the other one does not run away"
    await stage.steer("release", "left")
    await stage.say(SOME)
    await stage.end()
    seen = await stage.look(HOLD)
    assert DOUBTFUL in seen["left"]["text"]
    assert seen["state"] == "answered"
    did = [(one["action"], one["by"]) for one in (await stage.preview())["decisions"]]
    assert did == [("hold", None), ("release", "Mo")]


async def test_a_release_is_of_what_was_read_and_not_of_what_comes(stage: Stage) -> None:
    await stage.say(SOME + DOUBTFUL + " " + SOME)
    await stage.look()
    await stage.steer("release")
    await stage.say(f"{DOUBTFUL} {SOME}", "right")
    await stage.end()
    await stage.look(HOLD)
    preview = await stage.preview()
    assert (preview["left"]["air"], preview["right"]["air"]) == ("aired", "held")
    assert preview["right"]["text"][preview["right"]["on_air"] :].startswith(DOUBTFUL), "the second one"


async def test_nothing_goes_on_air_while_moderation_is_down(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_: object) -> None:
        raise RuntimeError("no engine")

    await stage.say(SOME)
    await stage.end()
    with monkeypatch.context() as patch:
        patch.setattr(moderation, "current_engine", broken)
        for _ in range(3):
            seen = await stage.look(HOLD)
            assert (both(seen, "text"), seen["state"]) == (["", ""], "live")
        preview = await stage.preview()
        assert (preview["left"]["unjudged"], preview["left"]["air"]) == ("engine.unavailable", "flowing")
        assert preview["decisions"] == [], "nobody decided anything"
        await stage.steer("hold")
        await stage.steer("release")
        assert both(await stage.look(HOLD), "text") == ["", ""], "a hand cannot air what nobody has judged"
    seen = await stage.look()
    assert seen["state"] == "answered"
    assert (await stage.preview())["left"]["unjudged"] is None


@pytest.fixture
def guard(show: Show) -> Iterator[FakeGuard]:
    with running_guard() as running:
        show.portal.site.settings.guard_url = running.url
        show.portal.site.settings.guard_model = MODEL
        yield running
        show.portal.site.settings.guard_url = None


async def test_where_there_is_a_guard_it_judges_the_whole_answer_first(guard: FakeGuard, show: Show) -> None:
    stage = await Stage.begin(show)
    asked = len(guard.asked)
    await stage.say(SOME * 3)
    assert both(await stage.look(10 * HOLD), "text") == ["", ""]
    assert len(guard.asked) == asked
    await stage.end()
    guard.status = 500
    assert both(await stage.look(HOLD), "text") == ["", ""]
    assert (await stage.preview())["left"]["unjudged"] == "guard.unavailable"
    guard.status, guard.says = 200, "controversial"
    await stage.look()
    assert (await stage.preview())["left"]["air"] == "held"
    await stage.steer("release")
    assert (await stage.look(HOLD))["state"] == "answered", (
        "a person's word stands; the guard is not asked again"
    )


# --- hands ----------------------------------------------------------------------------------------------------------


async def test_a_dump_reaches_every_page_from_the_request_itself(stage: Stage) -> None:
    """No fact is passed on here: the relay of the tests stands still."""
    show = stage.show
    await stage.say(SOME * 2)
    await stage.look(HOLD)
    await stage.say(SOME)
    async with page(show.portal) as opened:
        seen = await opened.open(f"stage:{show.episode_id}")
        assert seen.state["duel"]["left"]["text"]
        await stage.steer("dump")
        await opened.until(lambda: seen.state["duel"]["left"]["off_air"] == "dumped")
        duel = seen.state["duel"]
        assert (both(duel, "text"), both(duel, "off_air")) == (["", ""], ["dumped", "dumped"])
    await stage.end()
    later = await stage.look(10 * HOLD)
    assert both(later, "text") == ["", ""], "what was in the buffer never comes"
    did = (await stage.preview())["decisions"]
    assert [(one["side"], one["action"], one["by"]) for one in did] == [
        ("left", "dump", "Mo"),
        ("right", "dump", "Mo"),
    ]


async def test_a_dumped_duel_counts_for_nothing_and_is_started_again(stage: Stage) -> None:
    show = stage.show
    await stage.say(SOME)
    await stage.end()
    await stage.steer("dump", by=show.producer)
    body = show.command_body("open_vote", seconds=60)
    path = f"/episodes/{show.episode_id}/commands"
    assert await show.producer.refused("POST", path, body) == (409, "program.dumped")
    assert await stage.refused("release") == (409, "program.too_late")
    again = await show.start_duel()
    assert again != stage.duel
    assert (await show.stage())["duel"]["number"] == 2


async def test_an_answered_duel_that_was_not_dumped_is_not_drawn_again(stage: Stage) -> None:
    show = stage.show
    await stage.say(SOME)
    await stage.end()
    await stage.steer("replace", "left")
    house, lantern = (show.entries[name]["entry_id"] for name in ("House", "Lantern"))
    body = show.command_body("start_duel", prompt="Again?", entry_a=house, entry_b=lantern)
    path = f"/episodes/{show.episode_id}/commands"
    assert await show.producer.refused("POST", path, body) == (409, "rundown.duel_answered")


async def test_a_hold_stops_at_once_and_a_release_goes_on(stage: Stage) -> None:
    await stage.say(SOME * 2)
    before = await stage.look(HOLD)
    assert before["left"]["text"]
    await stage.say(SOME * 2)
    await stage.steer("hold", "left")
    await stage.steer("hold", "left")
    held = await stage.look(10 * HOLD)
    assert held["left"]["text"] == before["left"]["text"]
    await stage.steer("release", "left")
    await stage.end()
    assert (await stage.look(HOLD))["left"]["text"].count("Rain falls") == 4
    did = [one["action"] for one in (await stage.preview())["decisions"]]
    assert did == ["hold", "release"], "pressing twice is pressing once"


async def test_a_card_can_replace_an_answer_after_the_vote_has_begun(stage: Stage) -> None:
    await stage.say(SOME)
    await stage.end()
    await stage.look(HOLD)
    await stage.show.open_vote()
    for action in ("hold", "release", "dump"):
        assert await stage.refused(action) == (409, "program.show_moved_on")
    await stage.steer("replace", "right")
    seen = await stage.show.duel(stage.duel)
    assert (seen["right"]["text"], seen["right"]["off_air"]) == ("", "replaced")
    assert seen["left"]["text"]


async def test_a_dump_is_of_both_sides(stage: Stage) -> None:
    assert await stage.refused("dump", "left") == (422, "program.dump_is_both")
    assert await stage.refused("drop") == (422, "request.invalid")


async def test_a_new_attempt_begins_with_an_empty_buffer_and_what_was_decided_stays(stage: Stage) -> None:
    """The engine died in the middle: the job is tried again."""
    await stage.say(SOME * 2)
    await stage.look(HOLD)
    await stage.steer("replace", "right")
    async with stage.show.portal.site.sessions() as session, session.begin():
        await duels.interrupted(session, stage._id)
    rows = await _answers(stage)
    assert (rows["left"].aired, rows["left"].cleared, rows["left"].air) == (0, 0, "flowing")
    assert rows["right"].air == "replaced"


async def _answers(stage: Stage) -> dict[SideName, Any]:
    async with stage.show.portal.site.sessions() as session:
        return await queries.answers(session, stage._id)


async def test_what_was_judged_before_a_new_attempt_clears_nothing_of_it(stage: Stage) -> None:
    site = stage.show.portal.site
    await stage.say(SOME)
    async with site.sessions() as session:
        judged = await program_service.judge(site, session, stage._id)
    assert judged
    async with site.sessions() as session, session.begin():
        await duels.interrupted(session, stage._id)
        await session.execute(text("update duels set state = 'live'"))
    stage.said.clear()
    await stage.say(f"{BAD} " + SOME)
    async with site.sessions() as session, session.begin():
        await program_service.air(site, session, stage._id, judged)
    assert (await _answers(stage))["left"].cleared == 0


async def test_decisions_are_kept_for_good(stage: Stage) -> None:
    await stage.steer("hold")
    rows = await _answers(stage)
    async with stage.show.portal.site.sessions() as session:
        made: list[ProgramDecision] = list(await queries.decisions(session, rows["left"].id))
    assert [(one.action, one.side, one.tokens, one.aired) for one in made] == [("hold", "left", 0, 0)]
    for statement in ("delete from program_decisions", "update program_decisions set action = 'dump'"):
        with pytest.raises(DBAPIError, match="never changed or deleted"):
            async with stage.show.portal.site.sessions() as session, session.begin():
                await session.execute(text(statement))


# --- who sees what --------------------------------------------------------------------------------------------------


async def test_only_moderators_and_producers_see_and_steer_the_buffer(
    show: Show, subtests: pytest.Subtests
) -> None:
    duel = await show.start_duel()
    portal = show.portal
    callers = {"nobody": portal.anybody(), "operator": portal.operator}
    callers |= {role: await portal.person(role, "Vera") for role in ("contestant", "judge", "auditor")}
    for who, caller in callers.items():
        with subtests.test(who=who):
            wanted = (401, "auth.required") if who == "nobody" else (403, "auth.forbidden")
            assert await caller.refused("POST", f"/duels/{duel}/program", {"action": "dump"}) == wanted
            assert await caller.refused("GET", f"/live/program:{show.episode_id}") == (403, "live.forbidden")


async def test_whoever_sees_the_buffer_does_not_vote(stage: Stage) -> None:
    await stage.say(SOME)
    await stage.end()
    await stage.look(HOLD)
    ballot = await stage.show.open_vote()
    vote = {"choice": "left", "n": 1}
    refusal = await stage.moderator.refused("POST", f"/ballots/{ballot}/votes", vote)
    assert refusal == (403, "vote.not_for_staff")


async def test_a_name_is_unreadable_until_the_reveal_and_the_record_keeps_it(stage: Stage) -> None:
    """The name comes in two tokens, and the owner's with an invisible mark."""
    show = stage.show
    await stage.say("My name is Lan")
    async with show.portal.site.sessions() as session, session.begin():
        rows = await queries.answers(session, stage._id)
        for side in ("left", "right"):
            token = Token(token_id=1, text="\u200btern. " if side == "left" else "‑", at_us=1)
            await duels.add_tokens(session, rows[side].id, stage.said[1, side], [token])
            stage.said[1, side] += 1
    await stage.say("I am Gemma, I think.")
    await stage.end()
    seen = await stage.look(HOLD)
    assert "Gemma" not in seen["left"]["text"] + seen["right"]["text"]
    assert "▇▇" in seen["right"]["text"]
    preview = await stage.preview()
    assert "Gemma" in preview["left"]["text"]
    await show.open_vote()
    await show.command("lock_vote")
    await show.command("reveal")
    assert "I am Gemma" in (await show.duel(stage.duel))["left"]["text"]


# --- turns -----------------------------------------------------------------------------------------------------------


@pytest.fixture
async def debate(show: Show) -> Stage:
    return await Stage.begin(show, kind="debate", turns=3, prompt="Is rain good news?")


async def test_a_turn_goes_on_air_when_the_one_before_it_is_over_there(debate: Stage) -> None:
    await debate.say(SOME)
    await debate.end()
    await debate.say("Second. " + SOME, turn=2)
    await debate.end(turn=2)
    await debate.steer("hold", "left")
    seen = await debate.look(HOLD)
    assert (seen["turn"], seen["earlier"]) == (1, [])
    assert "Second" not in str(seen), "nothing is told of what comes after a turn that is held"
    (ahead,) = (await debate.preview())["ahead"]
    assert (ahead["turn"], ahead["left"]["text"][:6]) == (2, "Second"), "who decides reads it already"
    await debate.steer("release", "left")
    seen = await debate.look()
    assert (seen["turn"], seen["state"], len(seen["earlier"])) == (3, "live", 2)
    assert [turn["left"]["text"][:4] for turn in seen["earlier"]] == ["Rain", "Seco"]
    assert both(seen, "text") == ["", ""]
    assert seen["earlier"][0]["left"]["finish_reason"] == "stop"
    await debate.say("Third.", turn=3)
    await debate.end(turn=3)
    seen = await debate.look(HOLD)
    assert (seen["state"], seen["left"]["text"].strip()) == ("answered", "Third.")


async def test_a_later_turn_is_judged_on_its_own_when_it_quotes_what_was_taken_off(debate: Stage) -> None:
    """The words were said, so the other side was given them; whether it says them on air is asked anew."""
    await debate.say(f"{SOME}{BAD}", "left")
    await debate.say(SOME, "right")
    await debate.end()
    async with debate.show.portal.site.sessions() as session:
        plan = await duels.plan(debate.show.portal.site, session, UUID(debate.duel), 2)
    assert BAD in plan.sides[1].rendered, "its model is given the words as they were said"
    await debate.say("I can only agree. " + SOME, "left", turn=2)
    await debate.say(f"You said {BAD} and I repeat it. ", "right", turn=2)
    await debate.end(turn=2)
    await debate.say("In the end it rains. ", turn=3)
    await debate.end(turn=3)
    seen = await debate.look(HOLD)
    cards = [[turn[side]["off_air"] for side in SIDES] for turn in (*seen["earlier"], seen)]
    assert cards == [["replaced", None], [None, "replaced"], [None, None]]
    assert BAD not in str(seen)
    assert (seen["state"], seen["left"]["text"].strip()) == ("answered", "In the end it rains.")
    decisions = (await debate.preview())["decisions"]
    assert sorted((one["turn"], one["side"], one["action"]) for one in decisions) == [
        (1, "left", "replace"),
        (2, "right", "replace"),
    ]


async def test_a_hand_on_one_turn_leaves_the_others(debate: Stage) -> None:
    await debate.say(SOME)
    await debate.end()
    await debate.say("Second. " + SOME, turn=2)
    await debate.end(turn=2)
    await debate.look(HOLD)
    await debate.steer("replace", "left", turn=1)
    seen = await debate.look()
    first, second = seen["earlier"]
    assert (first["left"]["off_air"], first["left"]["text"]) == ("replaced", "")
    assert (first["right"]["off_air"], second["left"]["off_air"]) == (None, None)
    assert await debate.refused("replace", "left", turn=4) == (422, "program.no_turn")
    assert await debate.refused("hold", "left", turn=2) == (409, "program.too_late")


async def test_a_dump_takes_every_turn_off(debate: Stage) -> None:
    await debate.say(SOME)
    await debate.end()
    await debate.say("Second. ", turn=2)
    await debate.look(HOLD)
    assert await debate.refused("dump", turn=2) == (422, "program.dump_is_both")
    await debate.steer("dump")
    seen = await debate.show.duel(debate.duel)
    assert [[turn[side]["off_air"] for side in SIDES] for turn in (*seen["earlier"], seen)] == [
        ["dumped"] * 2
    ] * 3
    assert "Rain" not in str(seen["earlier"])
    await debate.end(turn=2)
    await debate.say("Third. ", turn=3)
    await debate.end(turn=3)
    seen = await debate.look(HOLD)
    assert both(seen, "text") == ["", ""]
    status, code = await debate.show.producer.refused(
        "POST",
        f"/episodes/{debate.show.episode_id}/commands",
        debate.show.command_body("open_vote", seconds=60),
    )
    assert (status, code) == (409, "program.dumped")


async def test_what_was_on_air_whole_goes_through_the_buffer_again_when_it_is_tried_again(
    debate: Stage,
) -> None:
    await debate.say(SOME)
    await debate.end()
    await debate.look(HOLD)
    async with debate.show.portal.site.sessions() as session, session.begin():
        await duels.interrupted(session, UUID(debate.duel))
        await duels.live(session, UUID(debate.duel), NODE)
    debate.said.clear()
    await debate.say(f"{SOME}{BAD}")
    seen = await debate.show.duel(debate.duel)
    assert (seen["turn"], both(seen, "text")) == (1, ["", ""]), "it is not on air before it was judged"
    seen = await debate.look(HOLD)
    assert BAD not in str(seen)
