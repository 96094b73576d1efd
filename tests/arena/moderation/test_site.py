"""Moderation on a running site: lists and their versions, tries, records, and the two doors that ask it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from typer.testing import CliRunner

from arena.accounts.public import Person
from arena.cli.main import app
from arena.config import Settings
from arena.kit.db import Sessions
from arena.moderation import service
from arena.moderation.engine import Engine
from arena.moderation.public import add_record, check_all, require
from arena.moderation.rules import Action
from tests.support.guard import MODEL, FakeGuard, running_guard
from tests.support.portal import Caller, Portal, running_portal, settings
from tests.support.services import Services
from tests.support.show import Show
from tests.support.wordlists import lines

Json = dict[str, Any]


@pytest.fixture
async def moderator(portal: Portal) -> Caller:
    return await portal.person("moderator", "Mo")


async def send_list(caller: Caller, body: bytes, name: str = "house", note: str = "") -> Json:
    path = f"/api/moderation/lists/{name}/versions"
    answer = await caller.post(path, content=body, params={"note": note})
    assert answer.status_code == 201, answer.text
    made: Json = answer.json()
    return made


async def judged(caller: Caller, words: str) -> Json:
    verdict: Json = await caller.post_ok("/moderation/check", {"text": words})
    return verdict


async def records(caller: Caller, query: str = "") -> list[Json]:
    found: list[Json] = await caller.get_ok(f"/moderation/records{query}")
    return found


async def entry_refused(caller: Caller, name: str) -> Json:
    answer = await caller.post("/api/entries", json={"name": name})
    assert answer.status_code == 422, answer.text
    error: Json = answer.json()["error"]
    return error


# --- word lists -----------------------------------------------------------------------------------------------


async def test_a_fresh_site_begins_with_the_starter_lists(moderator: Caller) -> None:
    rows = await moderator.get_ok("/moderation/lists")
    assert [(row["name"], row["version"], row["active"]) for row in rows] == [
        ("starter-en", 1, True),
        ("starter-zh", 1, True),
    ]
    assert all(row["terms"] > 100 and row["imported_by"] is None for row in rows)


async def test_a_restart_keeps_the_site_s_own_version(
    services: Services, database_url: str, tmp_path: Path
) -> None:
    wanted = settings(database_url, services.redis_url, tmp_path)
    async with running_portal(wanted) as portal:
        await send_list(await portal.person("moderator"), lines(("heck", "block")), "starter-en")
    async with running_portal(wanted) as portal:
        rows = await (await portal.person("moderator", "Nell")).get_ok("/moderation/lists")
    assert [(row["name"], row["version"]) for row in rows] == [("starter-en", 2), ("starter-zh", 1)]


async def test_an_import_counts_from_the_next_check_on(moderator: Caller) -> None:
    before = await judged(moderator, "heck")
    made = await send_list(moderator, lines(("heck", "block")), note="after the rehearsal")
    after = await judged(moderator, "oh Ｈ.e.c.k!")
    assert before["action"] == "pass"
    assert (after["action"], after["engine"] != before["engine"]) == ("block", True)
    (match,) = after["matches"]
    assert (match["list"], match["start"], match["end"]) == ("house", 3, 10)
    assert (made["version"], made["terms"], made["note"]) == (1, 1, "after the rehearsal")


async def test_every_version_is_kept_and_the_newest_counts(moderator: Caller) -> None:
    first, second = lines(("heck", "block")), lines(("darn", "hold"))
    await send_list(moderator, first)
    await send_list(moderator, second)
    assert (await judged(moderator, "heck"))["action"] == "pass"
    await send_list(moderator, first)
    assert (await judged(moderator, "heck"))["action"] == "block"
    rows = await moderator.get_ok("/moderation/lists/house/versions")
    assert [(row["version"], row["active"]) for row in rows] == [(3, True), (2, False), (1, False)]
    assert rows[0]["digest"] == rows[2]["digest"]
    old = await moderator.get_ok("/moderation/lists/house/versions/2")
    assert [term["term"] for term in old["terms"]] == ["darn"]


async def test_the_same_terms_again_make_no_new_version(moderator: Caller) -> None:
    twice = [await send_list(moderator, lines(("heck", "block"))) for _ in range(2)]
    assert twice[0] == twice[1]


async def test_imports_at_once_get_different_versions(moderator: Caller) -> None:
    made = await asyncio.gather(
        *(send_list(moderator, lines((f"heck{number}", "block"))) for number in range(5))
    )
    assert sorted(row["version"] for row in made) == [1, 2, 3, 4, 5]


async def test_a_list_with_wrong_lines_changes_nothing(moderator: Caller) -> None:
    body = lines(("heck", "block")) + b"nonsense\n" + lines(("darn", "ban"))
    answer = await moderator.post("/api/moderation/lists/house/versions", content=body)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (422, "moderation.bad_list")
    assert [problem["line"] for problem in error["detail"]["problems"]] == [2, 3]
    assert "heck" not in answer.text
    assert "darn" not in answer.text
    assert (await judged(moderator, "heck"))["action"] == "pass"
    refusal = await moderator.refused("GET", "/moderation/lists/house/versions")
    assert refusal == (404, "moderation.no_such_list")


async def test_a_list_has_a_plain_name(moderator: Caller, subtests: pytest.Subtests) -> None:
    body = lines(("heck", "block"))
    for name in ("House", "a_b", "-a", "a" * 41, "名单"):
        with subtests.test(name=name):
            answer = await moderator.post(f"/api/moderation/lists/{name}/versions", content=body)
            assert (answer.status_code, answer.json()["error"]["code"]) == (422, "moderation.bad_list_name")


async def test_a_long_list_is_taken_and_one_without_measure_is_not(moderator: Caller) -> None:
    long = b"".join(lines((f"word {number} of many", "flag")) for number in range(13_000))
    assert len(long) > 1 << 20
    assert (await send_list(moderator, long))["terms"] == 13_000
    answer = await moderator.post("/api/moderation/lists/x/versions", content=b" " * ((8 << 20) + 1))
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "upload.too_large")


@pytest.mark.parametrize("table", ["moderation_lists", "moderation_records"])
@pytest.mark.parametrize("change", ["delete from {}", "update {} set id = id", "truncate {}"])
async def test_the_database_keeps_both_tables_as_they_are(
    portal: Portal, sessions: Sessions, table: str, change: str
) -> None:
    async with sessions() as session:
        with pytest.raises(DBAPIError, match="never changed or deleted"):
            await session.execute(text(change.format(table)))


# --- checks and records ---------------------------------------------------------------------------------------


async def test_a_try_is_not_recorded(moderator: Caller) -> None:
    assert (await judged(moderator, "  fuck"))["matches"][0]["start"] == 2, "white space is part of it"
    assert await records(moderator) == []


async def test_a_blocked_name_makes_no_entry_and_a_record(portal: Portal, moderator: Caller) -> None:
    ada = await portal.person("contestant")
    error = await entry_refused(ada, "F.u.c.k the House")
    assert (error["code"], error["detail"]) == ("moderation.blocked", {"category": "profanity"})
    assert "fuck" not in str(error).lower()
    assert await ada.get_ok("/entries") == []
    (row,) = await records(moderator)
    assert (row["source"], row["action"], row["category"]) == ("entry.name", "block", "profanity")
    assert row["text"] == "F.u.c.k the House"
    assert row["author_id"] == (await ada.get_ok("/me"))["id"]
    assert [(one["name"], one["version"]) for one in row["lists"]] == [("starter-en", 1), ("starter-zh", 1)]
    assert row["engine"] == (await judged(moderator, "x"))["engine"]


async def test_a_name_that_must_be_looked_at_is_refused_for_now(portal: Portal, moderator: Caller) -> None:
    ada = await portal.person("contestant")
    error = await entry_refused(ada, "赌 博")
    assert (error["code"], error["detail"]) == ("moderation.held", {"category": "gambling"})
    assert [row["action"] for row in await records(moderator, "?action=hold")] == ["hold"]
    assert await records(moderator, "?action=block") == []


async def test_a_flagged_name_is_let_in_and_recorded_without_its_text(
    portal: Portal, moderator: Caller
) -> None:
    ada = await portal.person("contestant")
    made = await ada.post_ok("/entries", {"name": "Casino Royale"})
    assert [entry["id"] for entry in await ada.get_ok("/entries")] == [made["id"]]
    (row,) = await records(moderator)
    assert (row["action"], row["text"]) == ("flag", None)
    assert len(row["text_sha256"]) == 64


async def test_an_innocent_name_leaves_no_trace(portal: Portal, moderator: Caller) -> None:
    await (await portal.person("contestant")).post_ok("/entries", {"name": "Scunthorpe Essex 性能"})
    assert await records(moderator) == []


async def test_records_come_in_pages(portal: Portal, moderator: Caller) -> None:
    ada = await portal.person("contestant")
    for number in range(5):
        await entry_refused(ada, f"fuck {number}")
    seen: list[str] = []
    page = await records(moderator, "?limit=2")
    while page:
        seen += [row["text"] for row in page]
        page = await records(moderator, f"?limit=2&before={page[-1]['id']}")
    assert seen == [f"fuck {number}" for number in (4, 3, 2, 1, 0)]
    assert await records(moderator, "?source=duel.prompt") == []


async def test_many_refusals_at_once_are_all_recorded(portal: Portal, moderator: Caller) -> None:
    """More than the pool has connections: a record needs none of its own."""
    ada = await portal.person("contestant")
    refused = await asyncio.gather(*(entry_refused(ada, f"fuck {number}") for number in range(40)))
    assert {error["code"] for error in refused} == {"moderation.blocked"}
    assert len(await records(moderator, "?limit=200")) == 40


async def test_a_blocked_prompt_starts_no_duel(ready: Show) -> None:
    show = ready
    producer = show.producer
    for prompt, code in (("Write f u c k", "moderation.blocked"), ("谈谈毒品", "moderation.held")):
        command = show.command_body(
            "start_duel",
            prompt=prompt,
            entry_a=show.entries["House"]["entry_id"],
            entry_b=show.entries["Lantern"]["entry_id"],
        )
        path = f"/episodes/{show.episode_id}/commands"
        assert await producer.refused("POST", path, command) == (422, code)
    assert await show.portal.anybody().get_ok(f"/episodes/{show.episode_id}/duels") == []
    rows = await records(producer)
    assert [(row["source"], row["subject"]) for row in rows] == [("duel.prompt", show.episode_id)] * 2
    await show.start_duel()
    assert len(await records(producer)) == 2


async def test_what_a_model_says_can_be_recorded(portal: Portal, moderator: Caller) -> None:
    """NUL and half characters cannot be stored; the record has them replaced, one for one."""
    said = "\x00\ud800 fuck"
    async with portal.site.sessions() as session:
        (verdict,) = await check_all(session, [said])
        await add_record(session, "answer", said, verdict, None)
        await session.commit()
    (row,) = await records(moderator)
    (match,) = row["matches"]
    assert row["text"] == "\ufffd\ufffd fuck"
    assert row["text"][match["start"] : match["end"]] == "fuck"


# --- failing closed -------------------------------------------------------------------------------------------


@pytest.fixture
def no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> Engine:
        raise MemoryError("the automaton does not fit")

    monkeypatch.setattr(service, "_engine", None)
    monkeypatch.setattr(service, "Engine", broken)


async def test_without_an_engine_everything_is_held(
    portal: Portal, moderator: Caller, no_engine: None
) -> None:
    verdict = await judged(moderator, "a fine day")
    assert (verdict["action"], verdict["reason"]) == ("hold", "engine.unavailable")
    error = await entry_refused(await portal.person("contestant"), "Lantern")
    assert (error["code"], error["detail"]) == ("moderation.held", {"category": "unchecked"})
    (row,) = await records(moderator)
    assert (row["reason"], row["lists"], row["text"]) == ("engine.unavailable", [], "Lantern")
    async with portal.site.sessions() as session:
        assert [one.action for one in await check_all(session, ["a", "b"])] == [Action.HOLD] * 2


async def test_a_database_without_lists_holds_everything(sessions: Sessions) -> None:
    async with sessions() as session:
        assert [one.action for one in await check_all(session, ["a fine day"])] == [Action.HOLD]


async def test_terms_that_are_not_those_imported_are_not_used(sessions: Sessions) -> None:
    async with sessions() as session:
        await service.ensure_lists(session)
        await session.execute(text("alter table moderation_lists disable trigger append_only"))
        await session.execute(text("update moderation_lists set terms = '[]', digest = 'x' || digest"))
        assert [one.action for one in await check_all(session, ["a fine day"])] == [Action.HOLD]


# --- the guard ------------------------------------------------------------------------------------------------


@pytest.fixture
def guard() -> Iterator[FakeGuard]:
    with running_guard() as running:
        yield running


@pytest.fixture
async def guarded(
    services: Services, database_url: str, tmp_path: Path, guard: FakeGuard
) -> AsyncIterator[Portal]:
    wanted = settings(
        database_url,
        services.redis_url,
        tmp_path,
        guard_url=guard.url + "/",
        guard_model=MODEL,
        guard_token=SecretStr("of the guard"),
        guard_seconds=20,
    )
    async with running_portal(wanted) as portal:
        yield portal


async def test_a_guard_makes_it_stricter_and_never_milder(guarded: Portal, guard: FakeGuard) -> None:
    moderator = await guarded.person("moderator")
    assert (await judged(moderator, "a fine day"))["action"] == "pass"
    assert (await judged(moderator, "a casino"))["action"] == "flag"
    guard.says = "Safety: Controversial\nCategories: None"
    held = await judged(moderator, "a fine day")
    assert (held["action"], held["reason"]) == ("hold", "guard.controversial")
    guard.says = "unsafe\nS9"
    blocked = await judged(moderator, "a casino")
    assert (blocked["action"], blocked["reason"], blocked["guard"]) == ("block", "guard.unsafe", "unsafe\nS9")
    guard.says = "safe"
    assert (await judged(moderator, "cocaine"))["action"] == "hold"


async def test_what_the_lists_block_the_guard_need_not_see(guarded: Portal, guard: FakeGuard) -> None:
    assert (await judged(await guarded.person("moderator"), "fuck"))["action"] == "block"
    assert guard.asked == []


async def test_a_guard_that_does_not_answer_holds_the_name(guarded: Portal, guard: FakeGuard) -> None:
    guard.status = 503
    error = await entry_refused(await guarded.person("contestant"), "Lantern")
    assert (error["code"], error["detail"]) == ("moderation.held", {"category": "unchecked"})
    (row,) = await records(await guarded.person("moderator"))
    assert (row["action"], row["reason"]) == ("hold", "guard.unavailable")


async def test_a_guard_without_a_model_is_a_mistake_of_the_settings(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="GAVEL_GUARD_MODEL"):
        settings("postgresql+psycopg://x", "redis://x", tmp_path, guard_url="http://guard")
    empty: Settings = settings("postgresql+psycopg://x", "redis://x", tmp_path, guard_url="")
    assert empty.guard_url is None


# --- the command line -----------------------------------------------------------------------------------------


async def token_of(caller: Caller) -> str:
    return str((await caller.post_ok("/tokens", {"name": "cli"}))["token"])


async def command(*arguments: str) -> tuple[int, str, str]:
    result = await asyncio.to_thread(CliRunner().invoke, app, ["moderation", *arguments])
    return result.exit_code, result.stdout, result.stderr


async def test_a_list_is_imported_from_the_command_line(
    portal: Portal, moderator: Caller, tmp_path: Path
) -> None:
    file = tmp_path / "mine.jsonl"
    file.write_bytes(lines(("heck", "block")))
    site = ("--url", portal.url, "--token", await token_of(moderator))
    code, out, _ = await command("import", "house", str(file), "--note", "first & only", *site)
    assert (code, out.startswith("house version 1: 1 terms")) == (0, True)
    (row,) = await moderator.get_ok("/moderation/lists/house/versions")
    assert row["note"] == "first & only"
    file.write_bytes(b"nonsense\n")
    code, _, err = await command("import", "house", str(file), *site)
    assert (code, "line 1: is not JSON" in err) == (1, True)


async def test_only_moderators_import(portal: Portal, tmp_path: Path) -> None:
    file = tmp_path / "mine.jsonl"
    file.write_bytes(lines(("heck", "block")))
    ada = await portal.person("contestant")
    code, _, err = await command(
        "import", "house", str(file), "--url", portal.url, "--token", await token_of(ada)
    )
    assert (code, "auth.forbidden" in err) == (1, True)


async def test_a_site_s_own_lists_can_be_evaluated(portal: Portal, moderator: Caller, tmp_path: Path) -> None:
    await send_list(moderator, lines(("heck", "block")))
    file = tmp_path / "cases.jsonl"
    file.write_bytes(b'{"text": "heck", "expect": "pass"}\n')
    code, out, _ = await command("eval", str(file), "--url", portal.url, "--token", await token_of(moderator))
    assert code == 0
    assert "line 1: block instead of pass: heck" in out


async def test_a_refusal_takes_back_what_came_before_it(portal: Portal) -> None:
    site = portal.site
    async with site.sessions() as session:
        session.add(Person(email="half@example.org", display_name="Half", password_hash=None, roles=[]))
        await session.flush()
        with pytest.raises(Exception, match="breaks the rules"):
            await require(site, session, "tests", "fuck", None)
    async with site.sessions() as session:
        half = "select count(*) from persons where email = 'half@example.org'"
        assert (await session.execute(text(half))).scalar_one() == 0
        kept = "select text from moderation_records"
        assert (await session.execute(text(kept))).scalars().all() == ["fuck"]
