"""What an entry or a person may be called: nothing that hides, breaks a line or passes for somebody else."""

import asyncio
import unicodedata

import pytest
from alembic import command
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from arena.kit.db import alembic_config, migrate
from arena.moderation.names import RESERVED, skeleton
from tests.support.portal import PASSWORD, Caller, Portal


@pytest.fixture
async def ada(portal: Portal) -> Caller:
    return await portal.person("contestant", "Ada")


async def made(caller: Caller, name: str) -> str:
    return str((await caller.post_ok("/entries", {"name": name}))["name"])


HIDING = {
    "a bidi override": ("Team\u202ex", "character"),
    "a zero-width space": ("Lan\u200btern", "character"),
    "a line break": ("Lan\ntern", "character"),
    "a line separator": ("Lan\u2028tern", "character"),
    "private use": ("Lan\ue000tern", "character"),
    "an unassigned character": ("Lan\U0003ffff", "character"),
    "a letter that no font draws": ("Lan\u3164tern", "character"),
    "nothing": ("", "empty"),
    "white space": (" \u3000 ", "empty"),
    "marks without a letter": ("\u0301\u0302", "empty"),
    "Cyrillic in Latin": ("Аlpha", "mixed_scripts"),
    "Greek in Latin": ("Alphα", "mixed_scripts"),
    "Cyrillic in Greek": ("Αlφя", "mixed_scripts"),
    "Cyrillic in fullwidth Latin": ("Ｔеam", "mixed_scripts"),
    "digits between two alphabets": ("R2Д2", "mixed_scripts"),
}


async def test_a_name_shows_all_that_it_is(portal: Portal, ada: Caller, subtests: pytest.Subtests) -> None:
    nobody = portal.anybody()
    for case, (name, why) in HIDING.items():
        register = {"email": "b@example.org", "password": PASSWORD, "display_name": name, "invitation": None}
        for caller, path, body in ((ada, "/entries", {"name": name}), (nobody, "/auth/register", register)):
            with subtests.test(case=case, path=path):
                answer = await caller.post(f"/api{path}", json=body)
                error = answer.json()["error"]
                found = (answer.status_code, error["code"], error["detail"]["why"])
                assert found == (422, "name.invalid", why)


async def test_an_entry_has_at_most_40_characters_and_a_person_80(portal: Portal, ada: Caller) -> None:
    assert await ada.refused("POST", "/entries", {"name": "灯" * 41}) == (422, "name.invalid")
    assert await made(ada, "灯" * 40) == "灯" * 40
    await portal.person("contestant", "x" * 80)
    body = {"email": "b@example.org", "password": PASSWORD, "display_name": "x" * 81, "invitation": None}
    assert await portal.anybody().refused("POST", "/auth/register", body) == (422, "name.invalid")


async def test_a_name_is_kept_composed_and_with_single_spaces(portal: Portal, ada: Caller) -> None:
    assert await made(ada, "  Cafe\u0301 \u3000 du\u00a0Nord ") == "Café du Nord"
    body = {"email": "g@example.org", "password": PASSWORD, "display_name": "Gra\u0308ce  H"}
    grace = portal.anybody()
    await grace.post_ok("/auth/register", body)
    assert (await grace.get_ok("/me"))["display_name"] == unicodedata.normalize("NFC", "Gra\u0308ce H")


@pytest.mark.parametrize("name", ["灯塔 Lantern", "灯塔Lantern", "Ночь Night", "mega Ω", "🔥 Team 7", "C++?"])
async def test_honest_names_pass(ada: Caller, name: str) -> None:
    assert await made(ada, name) == name


@pytest.mark.parametrize(
    ("taken", "wanted"),
    [
        ("Lantern", "Lantem"),
        ("Lantern", "Ｌantern"),
        ("Lantern", "Lan tern"),
        ("Lantern", "Lantérn"),
        ("Alpha", "ΑΙΡΗΑ"),
        ("HOT", "НОТ"),
        ("Team 10", "Team lO"),
        ("Wave", "VVave"),
        ("龙门", "龍門"),
        ("Night-Owl", "Night–Owl"),
    ],
)
async def test_a_name_that_looks_like_another_is_refused_and_told_which(
    portal: Portal, ada: Caller, taken: str, wanted: str
) -> None:
    await made(ada, taken)
    bob = await portal.person("contestant", "Bob")
    answer = await bob.post("/api/entries", json={"name": wanted})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["detail"]) == (
        409,
        "name.confusable",
        {"name": wanted, "other": taken},
    )
    assert await made(bob, "Northstar") == "Northstar"


async def test_of_two_look_alikes_at_once_one_gets_in(portal: Portal, ada: Caller) -> None:
    bob = await portal.person("contestant", "Bob")
    answers = await asyncio.gather(
        *(
            caller.post("/api/entries", json={"name": name})
            for caller, name in ((ada, "Modern"), (bob, "Modem"))
        )
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    (refused,) = [answer.json()["error"] for answer in answers if answer.is_error]
    assert {refused["detail"]["name"], refused["detail"]["other"]} == {"Modern", "Modem"}


async def test_what_the_show_calls_itself_is_nobody_s_name(ada: Caller, subtests: pytest.Subtests) -> None:
    for name in RESERVED:
        with subtests.test(name=name):
            assert await ada.refused("POST", "/entries", {"name": name}) == (409, "entry.name_taken")


async def test_nor_what_looks_like_it(ada: Caller, subtests: pytest.Subtests) -> None:
    for name, own in (("H0use", "House"), ("基準模型", "基准模型"), ("Gave1", "Gavel")):
        with subtests.test(name=name):
            error = (await ada.post("/api/entries", json={"name": name})).json()["error"]
            assert (error["code"], error["detail"]["other"]) == ("name.confusable", own)


def test_older_names_that_look_alike_are_kept(database_url: str) -> None:
    """The index comes to a site that is in use. A third look-alike is refused from then on."""
    command.downgrade(alembic_config(database_url), "0004")
    engine = create_engine(database_url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(
            text(
                "insert into persons (id, email, display_name, roles) values (gen_random_uuid(), 'a@b', 'A', '[]');"
                "insert into seasons (id, name, rules, rules_digest) values (gen_random_uuid(), 'S', '{}', '');"
                "insert into entries (id, season_id, owner_id, name, kind) select gen_random_uuid(), seasons.id,"
                " persons.id, unnest(array['Modern', 'Modem']), 'contestant' from seasons, persons"
            )
        )
    migrate(database_url)
    with engine.connect() as connection:
        rows = connection.execute(text("select name, skeleton from entries order by skeleton")).all()
    assert {row.name for row in rows} == {"Modern", "Modem"}
    assert rows[0].skeleton == skeleton("Modern")
    assert rows[1].skeleton != rows[0].skeleton
