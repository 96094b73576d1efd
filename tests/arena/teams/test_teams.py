"""Teams: founded, joined by a link that works once, led by a captain; and their entries, which no outsider finds."""

import asyncio
from uuid import uuid4

import pytest
from sqlalchemy import text

from arena.teams.rules import MAX_MEMBERS
from tests.support.clock import time_passes
from tests.support.engine import make_adapter
from tests.support.lab import Lab
from tests.support.live import page
from tests.support.locks import waiting_for_locks
from tests.support.portal import Caller, Portal
from tests.support.show import Json, Show, announcement, contents, send

NOBODY = str(uuid4())


async def invite(captain: Caller, hours: int = 1) -> str:
    made = await captain.post_ok("/team/invitations", {"hours": hours})
    assert made["url"].endswith(f"/contestant/team/join/{made['token']}")
    return str(made["token"])


async def join(captain: Caller, person: Caller) -> Json:
    team: Json = await person.post_ok(f"/team-invitations/{await invite(captain)}/accept")
    return team


async def id_of(person: Caller) -> str:
    return str((await person.get_ok("/me"))["id"])


async def remove(who: Caller, person: Caller) -> Json:
    done: Json = await who.call("DELETE", f"/team/members/{await id_of(person)}", expect=200)
    return done


@pytest.fixture
async def ada(portal: Portal) -> Caller:
    """Captain of “Polaris Squad”."""
    ada = await portal.person("contestant", "Ada")
    await ada.post_ok("/team", {"name": "Polaris Squad"})
    return ada


@pytest.fixture
async def bob(portal: Portal, ada: Caller) -> Caller:
    """In Ada's team."""
    bob = await portal.person("contestant", "Bob")
    await join(ada, bob)
    return bob


# --- founded and joined -------------------------------------------------------------------------------------------


async def test_who_founds_a_team_is_its_captain(portal: Portal, ada: Caller) -> None:
    team = await ada.get_ok("/team")
    assert team["name"] == "Polaris Squad"
    assert [(member["name"], member["captain"]) for member in team["members"]] == [("Ada", True)]
    assert team["captain_id"] == await id_of(ada)
    carol = await portal.person("contestant", "Carol")
    assert await carol.get_ok("/team") is None


async def test_a_link_brings_one_person_into_the_team(portal: Portal, ada: Caller) -> None:
    token = await invite(ada)
    (waiting,) = (await ada.get_ok("/team"))["invitations"]
    assert token not in str(waiting), "the link is shown once"
    bob = await portal.person("contestant", "Bob")
    state = await bob.get_ok(f"/team-invitations/{token}")
    assert (state["team"], state["captain"], state["valid"]) == ("Polaris Squad", "Ada", True)
    team = await bob.post_ok(f"/team-invitations/{token}/accept")
    assert [member["name"] for member in team["members"]] == ["Ada", "Bob"]
    assert team["invitations"] == []
    carol = await portal.person("contestant", "Carol")
    assert not (await carol.get_ok(f"/team-invitations/{token}"))["valid"]
    again = await carol.refused("POST", f"/team-invitations/{token}/accept")
    assert again == (409, "invitation.used")


async def test_links_that_do_not_work_say_why(portal: Portal, ada: Caller) -> None:
    bob = await portal.person("contestant", "Bob")
    for verb, path in (("GET", "/team-invitations/guess"), ("POST", "/team-invitations/guess/accept")):
        assert await bob.refused(verb, path) == (404, "invitation.unknown")
    taken_back = await invite(ada)
    (waiting,) = (await ada.get_ok("/team"))["invitations"]
    await ada.call("DELETE", f"/team/invitations/{waiting['id']}", expect=200)
    assert await bob.refused("POST", f"/team-invitations/{taken_back}/accept") == (404, "invitation.unknown")
    again = await ada.refused("DELETE", f"/team/invitations/{waiting['id']}")
    assert again == (404, "team.no_such_invitation")
    expired = await invite(ada, hours=1)
    await time_passes(portal.site.sessions, 3601)
    assert await bob.refused("POST", f"/team-invitations/{expired}/accept") == (409, "invitation.expired")
    assert await bob.get_ok("/team") is None


async def test_an_invitation_to_a_role_is_none_to_a_team(portal: Portal, ada: Caller) -> None:
    judge = (await portal.operator.post_ok("/invitations", {"role": "judge", "hours": 1}))["token"]
    assert await ada.refused("POST", f"/team-invitations/{judge}/accept") == (404, "invitation.unknown")
    assert await ada.refused("POST", f"/invitations/{await invite(ada)}/accept") == (
        404,
        "invitation.unknown",
    )


async def test_nobody_is_in_two_teams(portal: Portal, ada: Caller, bob: Caller) -> None:
    carol = await portal.person("contestant", "Carol")
    await carol.post_ok("/team", {"name": "Comets"})
    token = await invite(carol)
    assert await bob.refused("POST", f"/team-invitations/{token}/accept") == (409, "team.already")
    assert await bob.refused("POST", "/team", {"name": "Meteors"}) == (409, "team.already")
    assert (await carol.get_ok(f"/team-invitations/{token}"))["valid"], "a refused join costs no invitation"


async def test_a_team_has_an_end(portal: Portal, ada: Caller) -> None:
    token = await invite(ada)
    for number in range(MAX_MEMBERS - 1):
        await join(ada, await portal.person("contestant", f"P{number}"))
    late = await portal.person("contestant", "Late")
    assert await late.refused("POST", f"/team-invitations/{token}/accept") == (409, "team.full")
    assert await ada.refused("POST", "/team/invitations", {"hours": 1}) == (409, "team.full")


@pytest.mark.parametrize("name", ["Polaris Squad", "POLARIS  SQUAD", "Polaris Sqսad", "House"])
async def test_team_names_cannot_be_mistaken(portal: Portal, ada: Caller, name: str) -> None:
    bob = await portal.person("contestant", "Bob")
    status, code = await bob.refused("POST", "/team", {"name": name})
    assert (status, code) in {(409, "team.name_taken"), (422, "name.invalid")}
    await bob.post_ok("/team", {"name": "Comets"})
    assert (await bob.refused("PUT", "/team/name", {"name": name}))[1] == code
    assert (await bob.get_ok("/team"))["name"] == "Comets"


async def test_team_names_are_moderated(portal: Portal, ada: Caller) -> None:
    assert await ada.refused("PUT", "/team/name", {"name": "f.u.c.k squad"}) == (422, "moderation.blocked")
    carol = await portal.person("contestant", "Carol")
    assert await carol.refused("POST", "/team", {"name": "f.u.c.k squad"}) == (422, "moderation.blocked")
    moderator = await portal.person("moderator", "Mo")
    records = await moderator.get_ok("/moderation/records")
    assert [record["source"] for record in records] == ["team.name", "team.name"]


# --- who decides --------------------------------------------------------------------------------------------------


async def test_what_only_the_captain_may(ada: Caller, bob: Caller) -> None:
    captain, me = await id_of(ada), await id_of(bob)
    deeds: list[tuple[str, str, Json | None]] = [
        ("PUT", "/team/name", {"name": "Bobbies"}),
        ("PUT", "/team/captain", {"person_id": me}),
        ("POST", "/team/invitations", {"hours": 1}),
        ("DELETE", f"/team/invitations/{NOBODY}", None),
        ("DELETE", f"/team/members/{captain}", None),
        ("DELETE", "/team", None),
        ("POST", "/entries", {"name": "Lantern"}),
    ]
    for verb, path, body in deeds:
        assert await bob.refused(verb, path, body) == (403, "team.captain_only"), (verb, path)
    assert (await ada.get_ok("/team"))["name"] == "Polaris Squad"


async def test_the_captaincy_is_handed_over(ada: Caller, bob: Caller) -> None:
    await ada.call("PUT", "/team/captain", {"person_id": await id_of(bob)}, expect=200)
    assert await ada.refused("PUT", "/team/name", {"name": "Mine"}) == (403, "team.captain_only")
    assert (await bob.call("PUT", "/team/name", {"name": "Bobbies"}, expect=200))["name"] == "Bobbies"
    await remove(bob, ada)
    assert await ada.get_ok("/team") is None
    stranger = {"person_id": await id_of(ada)}
    assert await bob.refused("PUT", "/team/captain", stranger) == (404, "team.no_such_member")


async def test_members_leave_and_are_removed_but_the_captain_stays(
    portal: Portal, ada: Caller, bob: Caller
) -> None:
    mine = f"/team/members/{await id_of(ada)}"
    assert await ada.refused("DELETE", mine) == (409, "team.captain_stays")
    await remove(bob, bob)
    assert await bob.get_ok("/team") is None
    assert await bob.refused("DELETE", f"/team/members/{await id_of(bob)}") == (404, "team.none")
    await join(ada, bob)
    await remove(ada, bob)
    assert await ada.refused("DELETE", f"/team/members/{await id_of(bob)}") == (404, "team.no_such_member")
    assert [member["name"] for member in (await ada.get_ok("/team"))["members"]] == ["Ada"]


# --- entries of a team --------------------------------------------------------------------------------------------


async def test_members_see_and_send_and_the_captain_decides(show: Show) -> None:
    portal, lab = show.portal, show.lab
    ada, bob = await portal.person("contestant", "Ada"), await portal.person("contestant", "Bob")
    await ada.post_ok("/team", {"name": "Polaris Squad"})
    await join(ada, bob)
    entry = await ada.post_ok("/entries", {"name": "Lantern"})
    assert (entry["team"], entry["decides"]) == ("Polaris Squad", True)
    (seen,) = await bob.get_ok("/entries")
    assert (seen["id"], seen["decides"]) == (entry["id"], False)
    sent = await send(bob, entry["id"], make_adapter(1, rank=1))
    await lab.work_off()
    path = f"/submissions/{sent['id']}"
    assert (await ada.get_ok(path))["state"] == "ready"
    assert (await bob.get_ok(f"{path}/xray"))["norms"]
    async with page(portal, bob) as opened:
        await opened.open(f"submission:{sent['id']}")

    choice = {"submission_id": sent["id"]}
    for verb, where, body in (
        ("PUT", f"/entries/{entry['id']}/competing", choice),
        ("POST", f"{path}/withdraw", None),
        ("POST", f"{path}/restore", None),
    ):
        assert await bob.refused(verb, where, body) == (403, "team.captain_only")
    await ada.call("PUT", f"/entries/{entry['id']}/competing", choice, expect=200)
    await ada.post_ok(f"{path}/withdraw")
    assert (await bob.get_ok(path))["state"] == "withdrawn"


async def test_who_is_not_in_the_team_finds_nothing(portal: Portal, ada: Caller, bob: Caller) -> None:
    entry = await ada.post_ok("/entries", {"name": "Lantern"})
    announced = announcement(contents(make_adapter(1, rank=1)))
    sent = await bob.post_ok(f"/entries/{entry['id']}/submissions", announced)
    await remove(ada, bob)
    carol = await portal.person("contestant", "Carol")
    for outsider in (bob, carol):
        assert await outsider.get_ok("/entries") == []
        refusal = await outsider.refused("POST", f"/entries/{entry['id']}/submissions", announced)
        assert refusal == (404, "entry.not_found")
        for verb, where in (("GET", ""), ("DELETE", ""), ("POST", "/withdraw"), ("GET", "/xray")):
            refusal = await outsider.refused(verb, f"/submissions/{sent['id']}{where}")
            assert refusal == (404, "submission.not_found"), (verb, where)
        upload = await outsider.head(f"/api/uploads/{sent['uploads'][0]['id']}")
        assert upload.status_code == 404
        async with page(portal, outsider) as opened:
            assert await opened.refused(f"submission:{sent['id']}") == "submission.not_found"


async def test_who_is_being_removed_leaves_no_version_behind(
    portal: Portal, ada: Caller, bob: Caller
) -> None:
    entry = await ada.post_ok("/entries", {"name": "Lantern"})
    announced = announcement(contents(make_adapter(1, rank=1)))
    async with portal.site.sessions() as session, session.begin():
        await session.execute(text("select 1 from teams for update"))
        sending = asyncio.create_task(bob.refused("POST", f"/entries/{entry['id']}/submissions", announced))
        while await waiting_for_locks(portal.site.sessions) < 1:
            pass
        left = text("update team_members set left_at = now() where person_id = :bob")
        await session.execute(left, {"bob": await id_of(bob)})
    assert await sending == (404, "entry.not_found")
    (seen,) = await ada.get_ok("/entries")
    assert seen["submissions"] == []


async def test_what_was_made_alone_stays_alone_until_the_captain_gives_it(
    portal: Portal, ada: Caller
) -> None:
    bob = await portal.person("contestant", "Bob")
    alone = await bob.post_ok("/entries", {"name": "Comet"})
    await join(ada, bob)
    assert await ada.get_ok("/entries") == []
    assert await bob.refused("POST", f"/entries/{alone['id']}/team") == (403, "team.captain_only")
    assert await ada.refused("POST", f"/entries/{alone['id']}/team") == (404, "entry.not_found")
    await ada.call("PUT", "/team/captain", {"person_id": await id_of(bob)}, expect=200)
    given = await bob.post_ok(f"/entries/{alone['id']}/team")
    assert (given["team"], given["decides"]) == ("Polaris Squad", True)
    assert [entry["name"] for entry in await ada.get_ok("/entries")] == ["Comet"]
    assert await bob.refused("POST", f"/entries/{alone['id']}/team") == (409, "entry.of_a_team")


async def test_a_person_without_a_team_has_none_to_give_to(portal: Portal) -> None:
    carol = await portal.person("contestant", "Carol")
    entry = await carol.post_ok("/entries", {"name": "Comet"})
    assert await carol.refused("POST", f"/entries/{entry['id']}/team") == (404, "team.none")


async def test_a_team_has_the_entries_of_one_contestant(portal: Portal, ada: Caller) -> None:
    bob = await portal.person("contestant", "Bob")
    await bob.post_ok("/entries", {"name": "Comet"})
    await ada.post_ok("/entries", {"name": "Lantern"})
    await join(ada, bob)
    await ada.post_ok("/entries", {"name": "Meteor"})
    assert await ada.refused("POST", "/entries", {"name": "Nova"}) == (429, "entry.quota")


async def test_disbanding_gives_nobody_more_entries(portal: Portal) -> None:
    ada = await portal.person("contestant", "Ada")
    await ada.post_ok("/team", {"name": "Polaris Squad"})
    for name in ("Lantern", "Meteor", "Comet"):
        await ada.post_ok("/entries", {"name": name})
    assert await ada.refused("POST", "/entries", {"name": "Nova"}) == (429, "entry.quota")
    await ada.call("DELETE", "/team", expect=200)
    assert await ada.refused("POST", "/entries", {"name": "Nova"}) == (429, "entry.quota")


async def test_a_team_sends_one_upload_at_a_time_and_nothing_twice(ada: Caller, bob: Caller) -> None:
    one, other = [await ada.post_ok("/entries", {"name": name}) for name in ("Lantern", "Comet")]
    adapter = make_adapter(1, rank=1)
    announced = announcement(contents(adapter))
    sent = await ada.post_ok(f"/entries/{one['id']}/submissions", announced)
    refusal = await bob.refused("POST", f"/entries/{other['id']}/submissions", announced)
    assert refusal == (409, "upload.in_progress")
    resumed = await bob.post_ok(f"/entries/{one['id']}/submissions", announced)
    assert resumed["id"] == sent["id"], "a teammate goes on with an upload"
    await send(bob, one["id"], adapter)
    refusal = await bob.refused("POST", f"/entries/{other['id']}/submissions", announced)
    assert refusal == (409, "upload.duplicate")


async def verify(portal: Portal, lab: Lab, _: Json) -> None:
    await (await lab.take()).succeed()
    await portal.relay()
    portal.waker.lab_links.clear()  # the benchmark that follows


async def test_teammates_are_no_rivals(portal: Portal, lab: Lab, ada: Caller, bob: Caller) -> None:
    """Versions of one team may be alike; another's copy of them is flagged."""
    await portal.relay()
    portal.waker.lab_links.clear()
    producer = await portal.person("producer", "Pauline")
    first = await ada.post_ok("/entries", {"name": "Lantern"})
    await ada.call("PUT", "/team/captain", {"person_id": await id_of(bob)}, expect=200)
    second = await bob.post_ok("/entries", {"name": "Comet"})
    original = make_adapter(1, scale=0.02, rank=2)
    copy = make_adapter(1, scale=0.03, rank=2)  # the same directions
    for who, entry, adapter in ((ada, first, original), (bob, second, copy)):
        await verify(portal, lab, await send(who, entry["id"], adapter))
    assert await producer.get_ok("/similarity-flags") == []
    carol = await portal.person("contestant", "Carol")
    rival = await carol.post_ok("/entries", {"name": "Copycat"})
    await verify(portal, lab, await send(carol, rival["id"], original))
    flags = await producer.get_ok("/similarity-flags")
    assert [(flag["submission"]["team"], flag["other"]["team"]) for flag in flags] == [
        (None, "Polaris Squad")
    ] * 2


async def test_a_team_ends_when_nothing_of_it_competes(portal: Portal, ada: Caller, bob: Caller) -> None:
    entry = await ada.post_ok("/entries", {"name": "Lantern"})
    sent = await send(bob, entry["id"], make_adapter(1, rank=1))
    token = await invite(ada)
    answer = await ada.delete("/api/team")
    refusal = answer.json()["error"]
    assert (answer.status_code, refusal["code"]) == (409, "team.competes")
    assert refusal["detail"]["entries"] == "“Lantern”"
    await ada.post_ok(f"/submissions/{sent['id']}/withdraw")
    await ada.call("DELETE", "/team", expect=200)
    for former in (ada, bob):
        assert await former.get_ok("/team") is None
        assert await former.get_ok("/entries") == []
        assert await former.refused("GET", f"/submissions/{sent['id']}") == (404, "submission.not_found")
    carol = await portal.person("contestant", "Carol")
    assert await carol.refused("POST", f"/team-invitations/{token}/accept") == (404, "invitation.unknown")
    assert (await carol.post_ok("/team", {"name": "Polaris Squad"}))["name"] == "Polaris Squad"


# --- votes --------------------------------------------------------------------------------------------------------


async def test_nobody_of_a_team_decides_its_duels(show: Show) -> None:
    """Neither who is in it, nor who was, nor who joins afterwards; and nobody waits for their verdicts."""
    await show.enter("Lantern")
    ada = show.contestants["Lantern"]
    await ada.post_ok("/team", {"name": "Polaris Squad"})
    (entry,) = await ada.get_ok("/entries")
    await ada.post_ok(f"/entries/{entry['id']}/team")
    stays, left, joins, judge = [
        await show.portal.person("contestant", name) for name in ("S", "L", "J", "G")
    ]
    for person in (stays, left, judge):
        await join(ada, person)
    await remove(ada, left)
    role = (await show.portal.operator.post_ok("/invitations", {"role": "judge", "hours": 1}))["token"]
    await judge.post_ok(f"/invitations/{role}/accept")

    duel = await show.answered("House", "Lantern")
    ballot = await show.open_vote()
    vote = {"choice": "right", "n": 1}
    for person in (ada, stays, left):
        assert await person.refused("POST", f"/ballots/{ballot}/votes", vote) == (403, "vote.own_entry")
    refusal = await judge.refused("POST", f"/ballots/{ballot}/verdicts", {"choice": "right"})
    assert refusal == (403, "vote.own_entry")
    assert (await show.stage())["ballot"]["judges"]["total"] == 0

    await joins.post_ok(f"/ballots/{ballot}/votes", vote)
    await join(ada, joins)
    again = {"choice": "left", "n": 2}
    assert await joins.refused("POST", f"/ballots/{ballot}/votes", again) == (403, "vote.own_entry")
    assert (await show.stage())["ballot"]["counted"] == 1
    assert duel["state"] == "answered"
