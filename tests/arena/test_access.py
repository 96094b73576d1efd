"""Who may do what: every route says it, the portal holds to it, and a cookie alone is not enough."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import APIRouter, Depends
from sqlalchemy import text

import arena.app
from arena.accounts import service as accounts
from arena.accounts.rules import GRANTED, INVITABLE, Permission, Role
from arena.app import ROUTERS, create_app, health
from arena.kit.access import declared_routes, refuse_undeclared, signed_link
from tests.support.clock import time_passes
from tests.support.locks import waiting_for_locks
from tests.support.portal import OPERATOR_TOKEN, PASSWORD, Caller, Portal, running_portal, settings
from tests.support.services import Services

ROUTES = {route.replace(" ", " /api", 1): names for route, names in declared_routes(ROUTERS).items()}
WHO = ("nobody", "device", "contestant", "judge", "moderator", "producer", "operator")


def body_of(name: str = "Ada", **changes: object) -> dict[str, object]:
    return {"email": f"{name}@example.org", "password": PASSWORD, "display_name": name, **changes}


# --- deny by default ---------------------------------------------------------------------------------------


def test_every_route_declares_who_may_call_it() -> None:
    assert [route for route, names in declared_routes((health, *ROUTERS)).items() if not names] == []


def test_a_route_without_a_permission_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    forgetful = APIRouter()

    @forgetful.get("/everything")
    async def everything() -> None:
        """Whoever wrote this forgot to say who may see it."""

    monkeypatch.setattr(arena.app, "ROUTERS", (*ROUTERS, forgetful))
    with pytest.raises(RuntimeError, match="GET /everything"):
        create_app(settings("postgresql+psycopg://x", "redis://x", tmp_path))


def test_a_permission_cannot_be_hidden_a_level_deeper() -> None:
    inner, outer = APIRouter(), APIRouter()

    @inner.get("/deep")
    async def deep() -> None: ...

    outer.include_router(inner)
    with pytest.raises(RuntimeError):
        refuse_undeclared([outer])


def test_a_permission_of_the_whole_router_counts() -> None:
    router = APIRouter(dependencies=[Depends(signed_link)])

    @router.get("/x")
    async def x() -> None: ...

    assert declared_routes([router]) == {"GET /x": ["signed link"]}


async def caller_of(portal: Portal, who: str) -> Caller:
    match who:
        case "nobody":
            return portal.anybody()
        case "device":
            return await portal.phone()
        case "operator":
            return portal.operator
        case _:
            return await portal.person(who)


def expected(names: list[str], who: str) -> str:
    """`open`, or the code of the refusal."""
    asked = [
        Permission(name) for name in names if name not in ("signed link", "per channel", Permission.PUBLIC)
    ]
    if not asked:
        return "open"
    if who in ("nobody", "device"):
        return "auth.required"
    return "open" if all(Role(who) in GRANTED[permission] for permission in asked) else "auth.forbidden"


async def outcome(caller: Caller, route: str) -> str:
    method, path = route.split(" ", 1)
    answer = await caller.request(method, re.sub(r"\{[^}]*\}", str(uuid4()), path), json={})
    if method == "HEAD":  # such an answer has no body to say it in
        code = {401: "auth.required", 403: "auth.forbidden"}.get(answer.status_code, "")
    else:
        code = answer.json().get("error", {}).get("code", "") if answer.is_error else ""
    assert answer.status_code < 500, (route, answer.text)
    assert (answer.status_code == 401) <= code.startswith(("auth.", "vote.no_device")), (route, answer.text)
    return code if code in ("auth.required", "auth.forbidden") else "open"


@pytest.mark.parametrize("who", WHO)
async def test_each_caller_gets_exactly_what_the_table_says(portal: Portal, who: str) -> None:
    caller = await caller_of(portal, who)
    routes = [route for route in ROUTES if not route.startswith("WS ")]
    routes.sort(key=lambda route: route.endswith("/logout"))  # last: after it the caller is nobody
    surprises = {
        route: (found, wanted)
        for route in routes
        if (found := await outcome(caller, route)) != (wanted := expected(ROUTES[route], who))
    }
    assert surprises == {}


def test_the_table_of_rights() -> None:
    """The whole of it, so that a change is a decision and not a slip."""
    assert {permission.value: sorted(roles) for permission, roles in GRANTED.items()} == {
        "signed in": ["auditor", "contestant", "judge", "moderator", "operator", "producer"],
        "submit": ["contestant"],
        "produce": ["producer"],
        "judge": ["judge"],
        "invite": ["operator", "producer"],
        "see nodes": ["operator", "producer"],
        "run nodes": ["operator", "producer"],
        "see metrics": ["operator"],
        "moderate": ["moderator", "producer"],
        "agree": ["moderator", "operator", "producer"],
        "decide scores": ["operator", "producer"],
    }
    assert Role.AUDITOR not in INVITABLE[Role.PRODUCER], "who audits the producers owes them nothing"


# --- cookies and headers ----------------------------------------------------------------------------------


@pytest.mark.parametrize("origin", ["https://evil.example", "http://127.0.0.1:1", "null"])
async def test_another_site_s_page_cannot_use_our_cookies(portal: Portal, origin: str) -> None:
    ada = await portal.person("contestant")
    phone = await portal.phone()
    for victim in (ada, phone):
        answer = await victim.post("/api/entries", json={"name": "Trojan"}, headers={"Origin": origin})
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "auth.cross_origin")
    assert await ada.get_ok("/entries") == []


async def test_a_program_with_a_token_needs_no_origin(portal: Portal) -> None:
    ada = await portal.person("contestant")
    token = (await ada.post_ok("/tokens", {"name": "cli"}))["token"]
    program = portal.anybody(token, origin=False)
    assert (await program.post_ok("/entries", {"name": "Lantern"}))["name"] == "Lantern"


async def test_every_answer_carries_the_security_headers(portal: Portal) -> None:
    nobody = portal.anybody()
    for path in ("/healthz", "/api/version", "/api/me", "/api/nothing-here", "/api/live/nonsense"):
        headers = (await nobody.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        policy = headers["content-security-policy"]
        for part in ("default-src 'self'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'self'"):
            assert part in policy
        assert "'unsafe-eval'" not in policy


async def test_an_unknown_address_is_refused_in_the_same_form(portal: Portal) -> None:
    nobody = portal.anybody()
    assert await nobody.refused("GET", "/nothing-here") == (404, "http.404")
    assert await nobody.refused("DELETE", "/version") == (405, "http.405")


async def test_a_request_without_measure_is_refused_unread(portal: Portal) -> None:
    nobody = portal.anybody()
    assert await nobody.refused("POST", "/auth/login", {"email": "x" * (1 << 20), "password": "y"}) == (
        413,
        "upload.too_large",
    )

    body = b'"' + bytes(1 << 20)
    for link in ("guess", portal.site.links.read("files are not jobs").rpartition("/")[2]):
        answer = await nobody.post(f"/api/lab/jobs/{link}/complete", content=body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (413, "upload.too_large")
    link = portal.site.links.job(str(uuid4()))
    answer = await nobody.post(f"{link}/complete", content=body)
    assert answer.json()["error"]["code"] == "request.invalid", "read, because the link is genuine"

    async def endless() -> AsyncIterator[bytes]:
        yield b"{"

    answer = await nobody.post("/api/auth/login", content=endless())
    assert answer.json()["error"]["code"] == "upload.length_required"


async def test_cookies_over_plain_http_are_as_strict_as_they_can_be(portal: Portal) -> None:
    answer = await portal.anybody().post("/api/auth/register", json=body_of())
    session = flags(answer, "gavel_session")
    assert {"httponly", "samesite=lax", "path=/"} <= session
    assert "secure" not in session
    assert {"httponly", "samesite=lax"} <= flags(await portal.anybody().post("/api/device"), "gavel_device")


async def test_cookies_over_https_are_locked_to_the_host(
    services: Services, database_url: str, tmp_path: Path
) -> None:
    wanted = settings(database_url, services.redis_url, tmp_path, public_url="https://gavel.example")
    strict = {"secure", "httponly", "samesite=lax", "path=/"}
    async with running_portal(wanted) as portal:
        ada = portal.anybody()
        made = await ada.post("/api/auth/register", json=body_of(), headers={"Host": "gavel.example"})
        assert strict <= flags(made, "__Host-gavel_session")
        assert strict <= flags(await portal.anybody().post("/api/device"), "__Host-gavel_device")
        left = flags(await ada.post("/api/auth/logout"), "__Host-gavel_session")
        assert strict | {"max-age=0"} <= left, "a browser ignores a laxer deletion"
        assert not any(flag.startswith("domain") for flag in left)


def flags(answer: httpx.Response, name: str) -> set[str]:
    assert answer.is_success, answer.text
    (cookie,) = [line for line in answer.headers.get_list("set-cookie") if line.startswith(f"{name}=")]
    return {part.strip().lower() for part in cookie.split(";")[1:]}


async def sign_in_as_from(portal: Portal, host: str) -> httpx.Response:
    return await portal.anybody().post("/api/auth/register", json=body_of(), headers={"Host": host})


async def test_a_password_does_not_travel_over_a_network_in_the_clear(
    portal: Portal, subtests: pytest.Subtests
) -> None:
    for host in ("192.168.1.20:8000", "studio.local", "gavel.example", "localhost.evil.example"):
        with subtests.test(host=host):
            answer = await sign_in_as_from(portal, host)
            assert (answer.status_code, answer.json()["error"]["code"]) == (403, "auth.insecure_transport")


@pytest.mark.parametrize("host", ["localhost:8000", "localhost", "127.0.0.1:80", "[::1]:8000", "[::1]"])
async def test_on_this_machine_it_may(portal: Portal, host: str) -> None:
    assert (await sign_in_as_from(portal, host)).status_code == 201


async def test_an_operator_may_trust_the_network_for_a_rehearsal(
    services: Services, database_url: str, tmp_path: Path
) -> None:
    wanted = settings(database_url, services.redis_url, tmp_path, allow_lan_http=True)
    async with running_portal(wanted) as portal:
        assert (await sign_in_as_from(portal, "192.168.1.20:8000")).status_code == 201


# --- passwords, invitations, tokens -----------------------------------------------------------------------


async def test_guessing_is_slowed_down_per_account(portal: Portal) -> None:
    ada = portal.anybody()
    await ada.post_ok("/auth/register", body_of())
    guesser = portal.anybody()
    wrong = {"email": "ADA@example.org", "password": "not the password"}
    refusals = [await guesser.refused("POST", "/auth/login", wrong) for _ in range(11)]
    assert refusals[:10] == [(401, "auth.wrong_credentials")] * 10
    assert refusals[10] == (429, "auth.too_many_attempts")
    right = {"email": "ada@example.org", "password": PASSWORD}
    assert await guesser.refused("POST", "/auth/login", right) == (429, "auth.too_many_attempts")
    grace = portal.anybody()
    await grace.post_ok("/auth/register", body_of("Grace"))
    await portal.anybody().post_ok("/auth/login", {"email": "grace@example.org", "password": PASSWORD})


async def test_guessing_is_slowed_down_per_address_too(portal: Portal) -> None:
    flood = portal.anybody()
    codes = [
        await flood.refused("POST", "/auth/login", {"email": f"{uuid4()}@example.org", "password": "guess"})
        for _ in range(101)
    ]
    assert codes[:100] == [(401, "auth.wrong_credentials")] * 100
    assert codes[100] == (429, "auth.too_many_attempts")


async def test_no_connection_is_held_while_a_password_is_hashed(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hashing takes its time. A crowd that signs in would else hold every connection, the votes' included."""
    real, held = accounts._passwords, list[int]()

    class Watched:
        def hash(self, password: str) -> str:
            held.append(portal.connections)
            return str(real.hash(password))

        def verify_and_update(self, password: str, hashed: str) -> tuple[bool, str | None]:
            held.append(portal.connections)
            return bool(real.verify(password, hashed)), None

    monkeypatch.setattr(accounts, "_passwords", Watched())
    made = await portal.operator.post_ok("/invitations", {"role": "judge", "hours": 1})
    ada = await portal.person("contestant")
    await ada.post_ok("/auth/register", body_of("Grace", invitation=made["token"]))
    await ada.post_ok("/auth/login", {"email": "grace@example.org", "password": PASSWORD})
    assert held == [0, 0, 0]
    assert (await ada.get_ok("/me"))["roles"] == ["judge"]


async def test_two_registrations_with_one_address_make_one_account(portal: Portal) -> None:
    twice = (body_of(email="one@example.org"), body_of(email="ONE@example.org"))
    answers = await asyncio.gather(*(portal.anybody().post("/api/auth/register", json=one) for one in twice))
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    (refused,) = [answer for answer in answers if answer.is_error]
    assert refused.json()["error"]["code"] == "auth.email_taken"


async def test_a_session_ends_by_itself(portal: Portal) -> None:
    ada = await portal.person("contestant")
    await time_passes(portal.site.sessions, 15 * 24 * 3600)
    assert await ada.refused("GET", "/me") == (401, "auth.required")


async def test_an_expired_invitation_says_so(portal: Portal) -> None:
    made = await portal.operator.post_ok("/invitations", {"role": "judge", "hours": 1})
    await time_passes(portal.site.sessions, 3601)
    late = portal.anybody()
    body = body_of(invitation=made["token"])
    assert await late.refused("POST", "/auth/register", body) == (409, "invitation.expired")
    assert not (await late.get_ok(f"/invitations/{made['token']}"))["valid"]
    assert (await late.get("/api/me")).status_code == 401, "no account was made on the way"


async def test_an_invitation_that_nobody_made_is_unknown(portal: Portal) -> None:
    body = body_of(invitation="guess")
    assert await portal.anybody().refused("POST", "/auth/register", body) == (404, "invitation.unknown")


@pytest.mark.parametrize(
    ("by", "role"), [("producer", "auditor"), ("producer", "operator"), ("operator", "operator")]
)
async def test_nobody_invites_above_himself(portal: Portal, by: str, role: str) -> None:
    inviter = await caller_of(portal, by)
    body = {"role": role, "hours": 1}
    assert await inviter.refused("POST", "/invitations", body) == (403, "invitation.not_allowed")


async def test_an_invitation_gives_a_role_to_who_has_an_account(portal: Portal) -> None:
    ada = await portal.person("contestant")
    made = await portal.operator.post_ok("/invitations", {"role": "judge", "hours": 1})
    assert (await ada.post_ok(f"/invitations/{made['token']}/accept"))["roles"] == ["contestant", "judge"]
    again = f"/invitations/{made['token']}/accept"
    assert await ada.refused("POST", again) == (409, "invitation.used")


async def test_two_invitations_accepted_at_once_give_both_roles(portal: Portal) -> None:
    ada = await portal.person("contestant")
    made = [
        await portal.operator.post_ok("/invitations", {"role": role, "hours": 1})
        for role in ("judge", "moderator")
    ]
    async with portal.site.sessions() as session, session.begin():
        # Both requests know who is asking before either of them may write.
        await session.execute(text("select 1 from invitations for update"))
        accepting = [asyncio.create_task(ada.post_ok(f"/invitations/{one['token']}/accept")) for one in made]
        while await waiting_for_locks(portal.site.sessions) < len(made):
            pass
    await asyncio.gather(*accepting)
    assert (await ada.get_ok("/me"))["roles"] == ["contestant", "judge", "moderator"]


async def test_an_api_token_lives_until_it_is_revoked(portal: Portal) -> None:
    ada = await portal.person("contestant")
    made = await ada.post_ok("/tokens", {"name": "laptop"})
    program = portal.anybody(made["token"], origin=False)
    assert (await program.get_ok("/me"))["roles"] == ["contestant"]
    (listed,) = await ada.get_ok("/tokens")
    assert listed["name"] == "laptop"
    assert listed["last_used_at"]
    assert made["token"] not in str(listed), "it is shown once"
    stranger = await portal.person("contestant", "Bob")
    assert await stranger.refused("DELETE", f"/tokens/{made['id']}") == (404, "token.not_found")
    await ada.call("DELETE", f"/tokens/{made['id']}", expect=200)
    assert await program.refused("GET", "/me") == (401, "auth.bad_token")


async def test_no_secret_is_kept_in_the_clear(portal: Portal) -> None:
    ada = await portal.person("contestant")
    secrets = [
        (await ada.post_ok("/tokens", {"name": "laptop"}))["token"],
        (await portal.operator.post_ok("/invitations", {"role": "judge", "hours": 1}))["token"],
        ada.cookies["gavel_session"],
        PASSWORD,
        OPERATOR_TOKEN,
    ]
    async with portal.site.sessions() as session:
        for table in ("persons", "sessions", "api_tokens", "invitations"):
            rows = str((await session.execute(text(f"select * from {table}"))).all())
            assert [secret for secret in secrets if secret in rows] == []


async def test_a_forged_device_is_nobody(portal: Portal) -> None:
    phone = await portal.phone()
    genuine = phone.cookies["gavel_device"]
    forger = portal.anybody()
    forger.cookies.set("gavel_device", genuine[:-3] + "AAA")
    refusal = await forger.refused("POST", f"/ballots/{uuid4()}/votes", {"choice": "left", "n": 1})
    assert refusal == (401, "vote.no_device")
    assert (await forger.post_ok("/device"))["device"] != (await phone.post_ok("/device"))["device"]


@pytest.mark.parametrize("name", ["A\x00B", "\ud800"])
async def test_text_that_no_database_keeps_is_refused_as_input(portal: Portal, name: str) -> None:
    raw = json.dumps(body_of(display_name=name))
    answer = await portal.anybody().post(
        "/api/auth/register", content=raw, headers={"Content-Type": "application/json"}
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "request.invalid")


async def test_a_refused_form_does_not_repeat_the_password(portal: Portal) -> None:
    answer = await portal.anybody().post("/api/auth/register", json=body_of(password="tiny&secret"[:9]))
    assert answer.status_code == 422
    assert "tiny&secr" not in answer.text
    assert "password" in answer.json()["error"]["message"]


async def test_an_id_that_is_none_is_a_wrong_request(portal: Portal) -> None:
    assert (await portal.anybody().get("/api/duels/nonsense")).status_code == 422
    assert (await portal.anybody().get(f"/api/duels/{UUID(int=0)}")).status_code == 404
    assert await portal.anybody().refused("GET", "/join/%00%00") == (404, "join.unknown_code")
