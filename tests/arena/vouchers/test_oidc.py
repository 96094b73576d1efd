"""A vote may ask that somebody else says who a voter is: the provider that the site has."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from joserfc.jwk import ECKey
from pydantic import ValidationError
from sqlalchemy import text

from arena.kit.db import transaction
from arena.votes import box
from arena.vouchers import oidc, oidc_routes
from arena.vouchers.oidc import wrong_claim
from arena.vouchers.public import forget_vouchers
from tests.arena.vouchers.test_vouchers import Evening, vote
from tests.support.clock import time_passes
from tests.support.live import page
from tests.support.portal import Caller, Portal, running_portal, settings
from tests.support.provider import EC, RSA, STRANGER, FakeProvider, oidc_provider, state_of
from tests.support.services import Services


@pytest.fixture(autouse=True)
def looks_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A ballot is read afresh for every vote, and not only once a second."""
    monkeypatch.setattr(box, "FRESH_SECONDS", 0.0)


@asynccontextmanager
async def with_provider(
    services: Services, database_url: str, folder: Path, **changes: Any
) -> AsyncIterator[tuple[Evening, FakeProvider]]:
    async with oidc_provider() as provider:
        wanted = settings(database_url, services.redis_url, folder, **{**provider.settings(), **changes})
        async with running_portal(wanted) as portal:
            yield await Evening.begin(portal), provider


async def begin(evening: Evening, phone: Caller) -> str:
    """Where the phone is sent."""
    return str((await phone.post_ok(f"{evening.path}/vouchers/oidc"))["url"])


async def sign_in(evening: Evening, provider: FakeProvider, phone: Caller, subject: str) -> str:
    """What the page is told when the phone has come back to it."""
    _, back = await provider.signs_in(phone, await begin(evening, phone), subject)
    shown, _, said = back.partition("#signin=")
    assert shown == f"/s/{evening.episode['code']}"
    return said


async def test_who_signs_in_with_the_provider_is_one_voter_in_a_show(
    services: Services, database_url: str, tmp_path: Path
) -> None:
    async with with_provider(services, database_url, tmp_path) as (evening, provider):
        (code,) = await evening.codes(1)
        ballot, tomorrow = await evening.ask(level=3), await Evening.begin(evening.portal, "Tomorrow")
        elsewhere = await tomorrow.ask(level=3)
        phone, other = await evening.portal.phone(), await evening.portal.phone()
        ways = {"seat": True, "mail": False, "oidc": "Example ID"}
        assert await phone.get_ok(f"{evening.path}/vouchers") == ways
        # A seat code is not enough here, and is no hindrance.
        assert await evening.use(phone, code) == (200, "")
        assert await vote(phone, ballot) == (403, 3)

        assert await sign_in(evening, provider, phone, "ada") == "done"
        assert await vote(phone, ballot) == (201, None)
        assert await vote(phone, elsewhere) == (403, 3), "each show asks anew"
        assert await sign_in(tomorrow, provider, phone, "ada") == "done"
        assert await vote(phone, elsewhere) == (201, None)
        # Her second phone is told so, and remains what it was.
        assert await sign_in(evening, provider, other, "ada") == "oidc.used"
        assert await vote(other, ballot) == (403, 3)
        provider.key = RSA
        assert await sign_in(evening, provider, other, "bob") == "done"
        assert await vote(other, ballot) == (201, None)
        # Whoever signs in on a phone that has been signed in on is the voter it was.
        assert await sign_in(evening, provider, phone, "eve") == "done"
        assert await evening.use(phone, code) == (200, "")
        assert await vote(phone, ballot, n=2) == (201, None)
        assert (await evening.result(ballot))["count"]["levels"] == {"3": 2}
        assert provider.asked.count("/.well-known/openid-configuration") == 1
        assert provider.asked.count("/keys") == 1

        async with evening.portal.site.sessions() as session:
            rows = (await session.execute(text("select proof from vouchers where level = 3"))).scalars()
            kept = set(rows)
        assert len(kept) == 3, "the same person has another name in each show"
        assert all(len(proof) == 64 for proof in kept)


async def test_an_account_has_to_sign_in_with_the_provider_too(
    services: Services, database_url: str, tmp_path: Path
) -> None:
    async with with_provider(services, database_url, tmp_path) as (evening, provider):
        ballot, codes = await evening.ask(level=3), await (await Evening.begin(evening.portal)).ask(level=2)
        person, phone = await evening.portal.person("contestant", "Ada"), await evening.portal.phone()
        await person.post_ok("/device")
        assert await vote(person, codes) == (403, 2)
        assert await vote(person, ballot) == (403, 3), "anybody makes an account"
        async with page(evening.portal, person) as opened:
            assert (await opened.vote(ballot, "q1", n=1))["code"] == "vote.level"
            assert await sign_in(evening, provider, person, "ada") == "done"
            assert (await opened.vote(ballot, "q1", n=1))["t"] == "ok"
        assert await vote(person, ballot, n=2) == (201, None)
        assert await sign_in(evening, provider, phone, "ada") == "oidc.used"
        # It is the account's, not the browser's.
        await person.post_ok("/auth/logout")
        assert await vote(person, ballot) == (403, 3)


async def test_what_does_not_prove_who_somebody_is_is_refused(
    services: Services, database_url: str, tmp_path: Path
) -> None:
    async with with_provider(services, database_url, tmp_path) as (evening, provider):
        ballot, now = await evening.ask(level=3), int(time.time())
        phone = await evening.portal.phone()
        await sign_in(
            evening, provider, await evening.portal.phone(), "the first, so that the keys are known"
        )
        new = ECKey.generate_key("P-256", {"kid": "new"})
        faults: list[dict[str, Any]] = [
            {"claims": {"nonce": "of another sign-in"}},
            {"claims": {"nonce": None}},
            {"claims": {"aud": "another site"}},
            {"claims": {"iss": "https://id.example.net"}},
            {"claims": {"exp": now - 3600}},
            {"claims": {"sub": None}},
            {"forge": "none"},
            {"forge": "HS256", "key": RSA},
            {"forge": "HS256", "key": EC},
            {"key": STRANGER},
            {"key": new},
            {"answers": {"/token": b'{"id_token": "a.b.c"}'}},
            {"answers": {"/token": b'{"id_token": 7}'}},
            {"answers": {"/token": b'{"access_token": "a"}'}},
        ]
        for fault in faults:
            provider.restore()
            for name, value in fault.items():
                setattr(provider, name, value)
            before = provider.asked.count("/keys")
            assert await sign_in(evening, provider, phone, "ada") == "oidc.not_proven", fault
            assert provider.asked.count("/keys") - before == (fault.get("key") is new), fault
        assert await vote(phone, ballot) == (403, 3)
        provider.restore()
        assert await sign_in(evening, provider, phone, "nobody") == "oidc.denied"
        # Keys change: the provider has published the new one meanwhile.
        provider.key, provider.published = new, (RSA, new)
        assert await sign_in(evening, provider, phone, "ada") == "done"
        assert await vote(phone, ballot) == (201, None)


async def test_the_way_back_is_one_phones_once_and_for_ten_minutes(
    services: Services, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with with_provider(services, database_url, tmp_path) as (evening, provider):
        phone, other = await evening.portal.phone(), await evening.portal.phone()
        told = f"/s/{evening.episode['code']}#signin="
        # On another's way back this phone would vote for him.
        way, said = await provider.signs_in(other, await begin(evening, phone), "ada")
        assert said == told + "oidc.wrong_device"
        assert await provider.comes_back(evening.portal.anybody(), way) == told + "oidc.wrong_device"
        assert await provider.comes_back(phone, way) == told + "done", "whose it is can still use it"
        assert await provider.comes_back(phone, way) == told + "oidc.expired"
        # The same state with a fresh code, and a code with a fresh state.
        begun = await begin(evening, other)
        assert (await provider.signs_in(other, begun, "nobody"))[1] == told + "oidc.denied"
        assert (await provider.signs_in(other, begun, "bob"))[1] == told + "oidc.expired"
        begun, fresh = await begin(evening, other), state_of(await begin(evening, other))
        way, _ = await provider.signs_in(phone, begun, "bob")
        assert (
            await provider.comes_back(other, way.replace(state_of(begun), fresh)) == told + "oidc.not_proven"
        )

        begun = await begin(evening, other)
        late = time.time() + oidc_routes.LIFE_SECONDS + 1
        with monkeypatch.context() as later:
            later.setattr(oidc_routes, "time", lambda: late)
            assert (await provider.signs_in(other, begun, "bob"))[1] == told + "oidc.expired"
        forged = evening.portal.site.signer.sign("another purpose", {"show": evening.episode["id"]}, 60)
        for state in ("x", forged):
            refused = await other.refused("GET", f"/oidc/callback?code=1&state={state}")
            assert refused == (404, "link.invalid")


async def test_a_provider_that_is_slow_endless_or_sends_elsewhere_says_nothing(
    services: Services, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with with_provider(services, database_url, tmp_path) as (evening, provider):
        phone, path = await evening.portal.phone(), f"{evening.path}/vouchers/oidc"
        about, true = "/.well-known/openid-configuration", provider.about()
        endless = b" " * 10_000_000 + b"{}"
        wrong = [
            b" " * 10_000_000 + orjson.dumps(true),
            b"[]",
            b"no JSON",
            b"{}",
            orjson.dumps({**true, "issuer": provider.url + "/"}),
            orjson.dumps({**true, "authorization_endpoint": "javascript:alert(1)"}),
            orjson.dumps({**true, "token_endpoint": "http://id.example.net/token"}),
        ]
        for said in wrong:
            provider.answers = {about: said}
            assert await phone.refused("POST", path) == (503, "oidc.unreachable"), said[:80]
        provider.restore()
        provider.away = about
        assert await phone.refused("POST", path) == (503, "oidc.unreachable")
        # A failure is not kept; and then the other two doors.
        for door in ("/keys", "/token"):
            for fault in ({"answers": {door: endless}}, {"answers": {door: b"{"}}, {"away": door}):
                provider.restore()
                for name, value in fault.items():
                    setattr(provider, name, value)
                assert await sign_in(evening, provider, phone, "ada") == "oidc.unreachable", fault
            provider.restore()
            assert await sign_in(evening, provider, await evening.portal.phone(), door) == "done"
        begun = await begin(evening, phone)
        provider.silent = "/token"
        with monkeypatch.context() as hasty:
            hasty.setattr(oidc, "PATIENCE", 0.2)
            assert (await provider.signs_in(phone, begun, "ada"))[1].endswith("#signin=oidc.unreachable")
        provider.restore()
        assert await sign_in(evening, provider, phone, "ada") == "done"


async def test_people_of_a_show_that_is_over_are_forgotten(
    services: Services, database_url: str, tmp_path: Path
) -> None:
    async with with_provider(services, database_url, tmp_path) as (evening, provider):
        # It takes the secret in the form only.
        provider.methods = ["client_secret_post"]
        phone, site = await evening.portal.phone(), evening.portal.site
        assert await sign_in(evening, provider, phone, "ada") == "done"
        body = {"expected_version": 0, "key": "the-very-end", "command": {"type": "finish"}}
        await evening.producer.post_ok(f"{evening.path}/commands", body)
        assert await phone.refused("POST", f"{evening.path}/vouchers/oidc") == (409, "rundown.not_now")
        for days, left in ((29, 1), (2, 0)):
            await time_passes(site.sessions, days * 24 * 3600)
            async with transaction(site.sessions, site.bus) as session:
                await forget_vouchers(session)
                kept = await session.execute(text("select count(*) from vouchers"))
                assert kept.scalar_one() == left


async def test_a_provider_that_is_down_and_none_are_told_apart(
    services: Services, database_url: str, tmp_path: Path
) -> None:
    down = {"oidc_issuer": "http://127.0.0.1:9", "oidc_name": ""}
    async with with_provider(services, database_url, tmp_path, **down) as (evening, _):
        phone = await evening.portal.phone()
        assert (await phone.get_ok(f"{evening.path}/vouchers"))["oidc"] == "127.0.0.1"
        refused = await phone.refused("POST", f"{evening.path}/vouchers/oidc")
        assert refused == (503, "oidc.unreachable")


async def test_a_vote_that_was_prepared_with_a_provider_is_not_opened_without_it(
    services: Services, database_url: str, tmp_path: Path
) -> None:
    async with with_provider(services, database_url, tmp_path) as (evening, _):
        options = [{"zh": "月", "en": "moon"}, {"zh": "海", "en": "sea"}]
        body = {"kind": "question", "options": options, "level": 3}
        draft = await evening.producer.post_ok(f"{evening.path}/ballots", body)
        path, about = f"/ballots/{draft['id']}", evening.portal.site.settings
        with pytest.MonkeyPatch.context() as without:
            without.setattr(about, "oidc_issuer", None)
            refused = await evening.producer.refused("POST", f"{path}/arm")
            assert refused == (409, "ballot.no_provider")
        await evening.producer.post_ok(f"{path}/arm")
        with pytest.MonkeyPatch.context() as without:
            without.setattr(about, "oidc_issuer", None)
            refused = await evening.producer.refused("POST", f"{path}/open")
            assert refused == (409, "ballot.no_provider")
        await evening.producer.post_ok(f"{path}/open")


async def test_without_a_provider_nobody_is_asked_for_one(portal: Portal) -> None:
    evening = await Evening.begin(portal)
    phone = await portal.phone()
    asked = {
        "kind": "surprise",
        "question_en": "Now?",
        "threshold": 2,
        "window_seconds": 5,
        "seconds": 60,
        "level": 3,
    }
    refused = await evening.producer.refused("POST", f"{evening.path}/ballots", asked)
    assert refused == (409, "ballot.no_provider")
    assert (await phone.get_ok(f"{evening.path}/vouchers"))["oidc"] is None
    refused = await phone.refused("POST", f"{evening.path}/vouchers/oidc")
    assert refused == (409, "oidc.not_configured")


@pytest.mark.parametrize(
    ("issuer", "client", "wrong"),
    [
        ("http://id.example.org", "gavel", "https://"),
        ("https://id.example.org?tenant=1", "gavel", "https://"),
        ("https://[", "gavel", "https://"),
        ("https://id.example.org", "", "GAVEL_OIDC_CLIENT_ID"),
    ],
)
def test_a_setting_that_cannot_work_is_named_at_the_start(issuer: str, client: str, wrong: str) -> None:
    with pytest.raises(ValidationError, match=wrong):
        settings("postgresql+psycopg://", "redis://", Path("/"), oidc_issuer=issuer, oidc_client_id=client)


NOW = 1_800_000_000.0
TRUE = {"iss": "i", "aud": "c", "exp": NOW + 300, "iat": NOW, "nonce": "n", "sub": "ada"}


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({}, ""),
        ({"aud": ["c"]}, ""),
        ({"aud": ["c", "d"], "azp": "c"}, ""),
        ({"aud": ["c", "d"]}, "given to somebody else"),
        ({"azp": "d"}, "given to somebody else"),
        ({"aud": ["d"]}, "for somebody else"),
        ({"aud": None}, "for somebody else"),
        ({"iss": "i/"}, "of another issuer"),
        ({"exp": NOW - 59}, ""),
        ({"exp": NOW - 60}, "expired"),
        ({"exp": "2099"}, "expired"),
        ({"exp": float("nan")}, "expired"),
        ({"exp": True}, "expired"),
        ({"iat": NOW + 61}, "not made just now"),
        ({"iat": NOW - 601}, "not made just now"),
        ({"iat": None}, "not made just now"),
        ({"nonce": 1}, "made for another sign-in"),
        ({"nonce": "ñ"}, "made for another sign-in"),
        ({"sub": ""}, "about nobody"),
        ({"sub": 7}, "about nobody"),
        ({"sub": "a" * 256}, "about nobody"),
    ],
)
def test_what_an_id_token_has_to_say(change: dict[str, Any], wrong: str) -> None:
    assert wrong_claim({**TRUE, **change}, "i", "c", "n", NOW) == wrong
