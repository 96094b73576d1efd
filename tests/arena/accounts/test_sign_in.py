"""Signing in, invitations, and what a wrong attempt gets."""

from tests.support.portal import PASSWORD, Portal


async def test_a_registered_person_signs_in_and_out(portal: Portal) -> None:
    person = portal.anybody()
    body = {"email": "Ada@Example.org", "password": PASSWORD, "display_name": "Ada", "invitation": None}
    await person.post_ok("/auth/register", body)
    assert (await person.get_ok("/me"))["roles"] == ["contestant"]
    await person.post_ok("/auth/logout")
    assert await person.refused("GET", "/me") == (401, "auth.required")
    await person.post_ok("/auth/login", {"email": "ada@example.org", "password": PASSWORD})
    assert (await person.get_ok("/me"))["display_name"] == "Ada"


async def test_wrong_password_and_unknown_address_get_the_same_answer(portal: Portal) -> None:
    await portal.person(name="Grace")
    stranger = portal.anybody()
    wrong = {"email": "grace-contestant-0@example.org", "password": "not the password"}
    unknown = {"email": "nobody@example.org", "password": "not the password"}
    assert await stranger.refused("POST", "/auth/login", wrong) == (401, "auth.wrong_credentials")
    assert await stranger.refused("POST", "/auth/login", unknown) == (401, "auth.wrong_credentials")


async def test_a_password_is_taken_as_it_was_typed(portal: Portal) -> None:
    body = {"email": "s@example.org", "password": f" {PASSWORD} ", "display_name": "S", "invitation": None}
    await portal.anybody().post_ok("/auth/register", body)
    again = portal.anybody()
    await again.post_ok("/auth/login", {"email": " s@example.org ", "password": body["password"]})
    trimmed = {"email": "s@example.org", "password": PASSWORD}
    assert await again.refused("POST", "/auth/login", trimmed) == (401, "auth.wrong_credentials")


async def test_an_invitation_works_once(portal: Portal) -> None:
    made = await portal.operator.post_ok("/invitations", {"role": "judge", "hours": 1})
    body = {"email": "j@example.org", "password": PASSWORD, "display_name": "J", "invitation": made["token"]}
    judge = portal.anybody()
    await judge.post_ok("/auth/register", body)
    assert (await judge.get_ok("/me"))["roles"] == ["judge"]
    again = {**body, "email": "k@example.org"}
    assert await portal.anybody().refused("POST", "/auth/register", again) == (409, "invitation.used")
    assert not (await portal.anybody().get_ok(f"/invitations/{made['token']}"))["valid"]
